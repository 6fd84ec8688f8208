/* The ticket that keeps the authenticated watchdog quiet, and the confirmation that raises the
 * rollback floors. Neither holds up an update. */
#ifndef TATU_UPDATED_RENEWAL_H
#define TATU_UPDATED_RENEWAL_H

#include "updater.h"

/** Asks for what is due; logs what fails, and tries again later. */
void tatu_updater_renew(struct tatu_updater *updater);

#endif
