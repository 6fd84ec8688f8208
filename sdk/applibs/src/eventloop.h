/* What system events add to the event loop. */
#ifndef TATU_APPLIBS_EVENTLOOP_H
#define TATU_APPLIBS_EVENTLOOP_H

#include "applibs/eventloop.h"

#pragma GCC visibility push(hidden)

/** Calls `ended` when the registration ends, with its loop or by itself; its descriptor has been
 * given up then. */
void tatu_applibs_on_end(EventRegistration *reg, void (*ended)(const EventRegistration *reg));

#pragma GCC visibility pop

#endif
