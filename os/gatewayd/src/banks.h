/* The kernel's log as banks of the device log. */
#ifndef TATU_GATEWAYD_BANKS_H
#define TATU_GATEWAYD_BANKS_H

#include "reply.h"

/** Text of lines "<priority>[seconds.micros] text"; what is not one belongs to the line before. */
void tatu_banks_put(struct tatu_span text, struct tatu_reply *reply);

#endif
