/* How often an application may have the system write flash for it: so much at once, then one in a
 * while. Flash bears 100,000 erasures; what this leaves wears it out in no less than years. */
#ifndef TATU_APPS_WEAR_H
#define TATU_APPS_WEAR_H

#include "base/base.h"

#define TATU_APPS_WEAR_AT_ONCE 32u
#define TATU_APPS_WEAR_EVERY_MS 30000u

struct tatu_apps_wear {
    uint32_t spent;
    uint64_t since_ms; /* up to when time was turned into what may be spent */
};

/** Whether a request of an application makes the system write flash when it is granted. */
bool tatu_apps_wears(uint32_t op);
/** Spends one. False: nothing is left at now_ms. */
bool tatu_apps_spend_wear(struct tatu_apps_wear *wear, uint64_t now_ms);

#endif
