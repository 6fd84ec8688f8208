/* The application's own socket to the application manager (docs/protocol/os.md). */
#ifndef TATU_APPLIBS_CONTROL_H
#define TATU_APPLIBS_CONTROL_H

#include <stdint.h>

enum tatu_control_op {
    TATU_CONTROL_GPIO_INPUT = 1,
    TATU_CONTROL_GPIO_OUTPUT = 2,
};

/** Asks for a peripheral. Returns its descriptor, or -1 and errno as the application manager gave
 * it (EIO when it cannot be reached). */
int tatu_applibs_ask_descriptor(enum tatu_control_op op, uint32_t a, uint32_t b, uint32_t c);

/** Where the socket is; tests put theirs there. */
extern const char *tatu_applibs_control_path;

#endif
