/* The flow of an update, and of reports. */
#ifndef TATU_UPDATED_UPDATER_H
#define TATU_UPDATED_UPDATER_H

#include "os/lib/log.h"
#include "os/lib/sm.h"
#include "os/tls/tls.h"
#include "os/updated/updated.h"
#include "proto/image.h"
#include "proto/mailbox.h"

struct tatu_updater {
    const struct tatu_os_monitor *monitor;
    const struct tatu_os_log *log;
    struct tatu_keystore keystore;
    struct tatu_vault_info info;
    bool ready; /* keystore and info were read */
    uint64_t last_sequence;
    uint32_t last_record;      /* sent and acknowledged */
    uint8_t refused_image[16]; /* the last image that could not be installed; told once */
    uint32_t failures;         /* in a row */
    uint32_t poll_s;
};

/** One round: send records, ask for a deployment, act on it. How long to wait before the next, ms.
 */
uint64_t tatu_updater_advance(struct tatu_updater *updater);

#endif
