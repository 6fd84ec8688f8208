#include "evidence_claims.h"
#include "proto/capability.h"
#include "proto/mailbox.h"
#include "proto/map.h"
#include "statement.h"

#define LIFECYCLE_MODULE_COMPLETE 1u
#define LIFECYCLE_DEVICE_COMPLETE 2u

uint32_t tatu_evidence_psa_lifecycle(uint32_t fuse_word)
{
    if ((fuse_word & LIFECYCLE_DEVICE_COMPLETE) != 0) {
        return PSA_LIFECYCLE_SECURED | fuse_word;
    }
    if ((fuse_word & LIFECYCLE_MODULE_COMPLETE) != 0) {
        return PSA_LIFECYCLE_PROVISIONING | fuse_word;
    }
    return PSA_LIFECYCLE_ASSEMBLY | fuse_word;
}

static bool are_measurements_sound(const struct tatu_evidence *evidence)
{
    return evidence->measurement_count != 0 &&
           tatu_measurements_are_sound(evidence->measurements, evidence->measurement_count);
}

static bool are_apps_sound(const struct tatu_evidence *evidence)
{
    for (size_t i = 0; i < evidence->app_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (same_bytes(evidence->apps[i].component, evidence->apps[j].component, 16)) {
                return false;
            }
        }
    }
    return true;
}

static bool are_tenants_sound(const struct tatu_evidence *evidence)
{
    for (size_t i = 0; i < evidence->tenant_count; i++) {
        for (size_t j = 0; j < i; j++) {
            /* tenant and component lie side by side */
            if (same_bytes(evidence->tenants[i].tenant, evidence->tenants[j].tenant, 32)) {
                return false;
            }
        }
    }
    return true;
}

bool tatu_evidence_is_sound(const struct tatu_evidence *evidence)
{
    return is_class(evidence->board_class) && evidence->boot_set < TATU_FLASH_SET_COUNT &&
           evidence->mode <= TATU_BOOT_RECOVERY &&
           (evidence->capabilities & ~TATU_CAPABILITY_ALL) == 0 &&
           evidence->lifecycle <= LIFECYCLE_WORD_MAX && are_measurements_sound(evidence) &&
           are_apps_sound(evidence) && are_tenants_sound(evidence);
}
