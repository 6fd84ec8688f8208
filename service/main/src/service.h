/* The whole service: opens the rooms in order, serves, closes them. */
#ifndef SERVICE_H
#define SERVICE_H

#include "options.h"

/** Runs until SIGTERM or SIGINT. Says on stderr what is wrong, in one line. Returns the exit
 * status. */
int service_run(const struct options *options, const char *program);

#endif
