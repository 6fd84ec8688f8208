#include "os/appman/appman.h"

#include "os/lib/request.h"
#include "table.h"

#define UPDATED (1u << (TATU_APPMAN_UID_UPDATED - TATU_APPMAN_UID_FIRST))
#define GATEWAYD (1u << (TATU_APPMAN_UID_GATEWAYD - TATU_APPMAN_UID_FIRST))

/* Who of the services may ask what. */
static const struct {
    uint32_t op;
    uint32_t who;
} rows[] = {
    {TATU_APPMAN_RELOAD, UPDATED},
    {TATU_APPMAN_RESTART, UPDATED | GATEWAYD},
    {TATU_APPMAN_LIST, UPDATED | GATEWAYD},
    {TATU_APPMAN_APP_STATE, GATEWAYD},
    {TATU_APPMAN_APP_TRIGGER, GATEWAYD},
    {TATU_APPMAN_QUOTA, GATEWAYD},
    {TATU_APPMAN_MEMORY, GATEWAYD},
    {TATU_APPMAN_APP_LOG, GATEWAYD},
    {TATU_APPMAN_UPDATE_EVENT, UPDATED},
    {TATU_APPMAN_SERVICES, GATEWAYD},
    {TATU_APPMAN_OS_VERSION, UPDATED | GATEWAYD},
    {TATU_APPMAN_POWER_PROFILE, GATEWAYD},
};

bool tatu_appman_may_ask(uid_t uid, uint32_t op)
{
    const uint32_t who = uid >= TATU_APPMAN_UID_FIRST && uid <= TATU_APPMAN_UID_LAST
                             ? 1u << (uid - TATU_APPMAN_UID_FIRST)
                             : 0;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        if (rows[i].op == op) {
            return (rows[i].who & who) != 0;
        }
    }
    return false;
}
