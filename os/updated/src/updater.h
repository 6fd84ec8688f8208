/* The flow of an update, and of reports. */
#ifndef TATU_UPDATED_UPDATER_H
#define TATU_UPDATED_UPDATER_H

#include "backup.h"
#include "deploy.h"
#include "os/lib/log.h"
#include "os/lib/sm.h"
#include "os/tls/tls.h"
#include "os/updated/updated.h"
#include "proto/image.h"
#include "proto/mailbox.h"

/** When ticket and confirmation are asked for again, on the boot clock. */
struct tatu_renewal {
    uint64_t ticket_due_ms;
    uint64_t confirm_due_ms;
    uint32_t grace_s;         /* of the last ticket */
    enum tatu_err ticket_err; /* of the last try, told when it changes */
    bool told;
};

struct tatu_updater {
    const struct tatu_os_monitor *monitor;
    const struct tatu_os_log *log;
    struct tatu_keystore keystore;
    struct tatu_vault_info info;
    bool ready; /* keystore and info were read */
    struct tatu_kept kept;
    uint64_t last_sequence;
    uint32_t last_record; /* sent and acknowledged */
    uint32_t failures;    /* in a row */
    uint32_t put_off_s;   /* 0, or applications have put the update off: ask again then */
    uint32_t poll_s;
    struct tatu_renewal renewal;
    struct tatu_backup backup;
    struct tatu_deploy deploy;
};

void tatu_updater_init(struct tatu_updater *updater, const struct tatu_os_monitor *monitor,
                       const struct tatu_os_log *log, struct tatu_hold *hold);

/** One round: send records, ask for a deployment, act on it. How long to wait before the next, ms.
 */
uint64_t tatu_updater_advance(struct tatu_updater *updater);

/** One request to the update listener. Errors: tatu_tls_request's; those of the status. */
enum tatu_err tatu_updater_ask(const struct tatu_updater *updater, struct tatu_tls_request *request,
                               struct tatu_buf *out);
/** Keeps an event for the owner. */
void tatu_updater_add_event(const struct tatu_updater *updater, enum tatu_event_kind kind,
                            const struct tatu_deployment_image *image, uint32_t code);
/** Other applications are installed: to appman (waiting 3 s at most) and attestd. */
void tatu_updater_tell_changed(const struct tatu_updater *updater, bool manual);

#endif
