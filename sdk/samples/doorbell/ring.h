/* Reports rings to the owner's receiver. */
#ifndef DOORBELL_RING_H
#define DOORBELL_RING_H

#include <stdbool.h>

/** Sends one ring over TLS with the device's daily certificate. Whether the receiver took it. */
bool ring_report(const char *url, int count, const char *chime);

#endif
