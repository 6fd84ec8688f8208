/* Command line of tatu-service. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "service/identity/identity.h"

struct options {
    const char *data;
    const char *operator_address;
    const char *front_address;
    const char *update_address;
    const char *hosts[TATU_HOST_MAX];
    size_t host_count;
    bool accept_clock;     /* the time is true although it is before the latest */
    const char *symbolise; /* a folder: be the symboliser of a running service */
    bool help;
};

/** Errors: ARGUMENT with the wrong word in *why. */
enum tatu_err options_decode(int argc, const char *const *argv, struct options *out,
                             const char **why);

#endif
