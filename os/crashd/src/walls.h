#ifndef TATU_CRASHD_WALLS_H
#define TATU_CRASHD_WALLS_H

#include "base/base.h"

/** From root to a user of its own without a capability, a file to open or a process to speak to;
 *  what is open stays. Before the first byte of a dump: it is an application's memory. Errors:
 *  DENIED. */
enum tatu_err tatu_crashd_drop_rights(void);

#endif
