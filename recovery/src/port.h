/* The recovery port, and the time that passes at it. port_a7.c is the registers; tests bring their
 * own. */
#ifndef TATU_RECOVERY_PORT_H
#define TATU_RECOVERY_PORT_H

#include "base/base.h"

struct tatu_recovery_port; /* the implementation's own */

/** The next byte that came, -1 when there is none. */
int tatu_recovery_get_byte(struct tatu_recovery_port *port);
/** Returns when the line has taken all bytes. */
void tatu_recovery_put_bytes(struct tatu_recovery_port *port, struct tatu_span bytes);
/** Milliseconds of a clock that wraps. */
uint32_t tatu_recovery_now_ms(struct tatu_recovery_port *port);

#endif
