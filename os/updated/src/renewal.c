#include "renewal.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "os/lib/loop.h"
#include "os/lib/request.h"
#include "os/lib/vault.h"
#include "proto/report.h"

#define HEALTHY_FILE "/run/healthy" /* appman makes it when it told the monitor */
#define OBJECT_MAX 1024u

/* ---- ticket ---- */

static enum tatu_err fetch_ticket(const struct tatu_updater *updater, uint32_t *out_grace_s)
{
    uint8_t nonce[TATU_NONCE_SIZE], wish[64], object[OBJECT_MAX];
    struct tatu_buf body = TATU_BUF_OF(wish), answer = TATU_BUF_OF(object);
    TATU_TRY(tatu_os_make_ticket_nonce(updater->monitor, nonce));
    TATU_TRY(tatu_updated_encode_wish(nonce, &body));
    struct tatu_tls_request request = {
        .path = "/device/v1/ticket", .post = true, .body = {body.data, body.len}};
    TATU_TRY(tatu_updater_ask(updater, &request, &answer));
    /* the vault checks who signed it and for what */
    return tatu_os_set_ticket(updater->monitor, (struct tatu_span){answer.data, answer.len},
                              out_grace_s);
}

/* In a boot for renewal alone a ticket says that this software is good after all. */
static void leave_renewal(const struct tatu_updater *updater)
{
    struct tatu_smc_boot boot;
    if (tatu_os_get_boot(updater->monitor, &boot) == TATU_OK && boot.mode == TATU_BOOT_RENEW) {
        tatu_os_log(updater->log, TATU_OS_LOG_NOTICE, "a ticket came: back to a normal boot");
        const struct tatu_ask ask = {.op = TATU_APPMAN_RESTART};
        if (tatu_os_tell(TATU_APPMAN_SOCKET, &ask) != TATU_OK) {
            tatu_os_log(updater->log, TATU_OS_LOG_WARNING, "appman does not answer");
        }
    }
}

static void renew_ticket(struct tatu_updater *updater, uint64_t now_ms)
{
    struct tatu_renewal *renewal = &updater->renewal;
    uint32_t grace_s = 0;
    const enum tatu_err err = fetch_ticket(updater, &grace_s);
    renewal->ticket_due_ms = now_ms + tatu_updated_ticket_wait(err, grace_s);
    const bool is_news =
        err != renewal->ticket_err || (err == TATU_OK && grace_s != renewal->grace_s);
    if (!renewal->told || is_news) {
        tatu_os_log(updater->log, err == TATU_OK ? TATU_OS_LOG_NOTICE : TATU_OS_LOG_WARNING,
                    "ticket: %s, grace %u s", tatu_err_name(err), (unsigned)grace_s);
    }
    renewal->told = true;
    renewal->ticket_err = err;
    if (err == TATU_OK) {
        renewal->grace_s = grace_s;
        leave_renewal(updater);
    }
}

/* ---- confirmation ---- */

static void tell_floors(const struct tatu_updater *updater, const uint32_t floors[4])
{
    static const struct tatu_deployment_image none;
    uint32_t code = 0;
    for (size_t i = 0; i < 4; i++) {
        code |= (floors[i] & 0xff) << (8 * i);
    }
    tatu_updater_add_event(updater, TATU_EVENT_FLOORS_RAISED, &none, code);
    tatu_os_log(updater->log, TATU_OS_LOG_NOTICE,
                "rollback floors: vault %u, monitor %u, OS %u, keystore %u", (unsigned)floors[0],
                (unsigned)floors[1], (unsigned)floors[2], (unsigned)floors[3]);
}

static enum tatu_err confirm(struct tatu_updater *updater)
{
    uint8_t object[OBJECT_MAX];
    struct tatu_buf answer = TATU_BUF_OF(object);
    struct tatu_tls_request request = {.path = "/device/v1/confirmation"};
    uint32_t floors[4];
    TATU_TRY(tatu_updater_ask(updater, &request, &answer));
    TATU_TRY(
        tatu_os_confirm(updater->monitor, (struct tatu_span){answer.data, answer.len}, floors));
    if (memcmp(floors, updater->info.floors, sizeof(floors)) != 0) {
        tell_floors(updater, floors);
        memcpy(updater->info.floors, floors, sizeof(floors));
    }
    return TATU_OK;
}

/* ---- backup set ---- */

static void look_after_backup(struct tatu_updater *updater)
{
    static const struct tatu_deployment_image none;
    const bool was_mending = updater->backup.is_mending;
    bool mended = false;
    const enum tatu_err err = tatu_backup_step(&updater->backup, updater->monitor, &mended);
    if (err != TATU_OK && err != TATU_ERR_STATE) {
        tatu_os_log(updater->log, TATU_OS_LOG_WARNING, "backup set: %s: %s", tatu_err_name(err),
                    tatu_err_text(err));
    }
    if (updater->backup.is_mending && !was_mending) {
        tatu_os_log(updater->log, TATU_OS_LOG_WARNING, "the backup set is damaged");
    }
    if (mended) {
        tatu_updater_add_event(updater, TATU_EVENT_BACKUP_REPAIRED, &none, 0);
        tatu_os_log(updater->log, TATU_OS_LOG_NOTICE, "the backup set is whole again");
    }
}

void tatu_updater_renew(struct tatu_updater *updater)
{
    struct tatu_renewal *renewal = &updater->renewal;
    const uint64_t now_ms = tatu_os_now_ms();
    const bool healthy = access(HEALTHY_FILE, F_OK) == 0;
    if (now_ms >= renewal->ticket_due_ms) {
        renew_ticket(updater, now_ms);
    }
    if (healthy) {
        look_after_backup(updater);
    }
    if (healthy && now_ms >= renewal->confirm_due_ms) {
        const enum tatu_err err = confirm(updater);
        renewal->confirm_due_ms = now_ms + tatu_updated_confirm_wait(err);
        if (err != TATU_OK && err != TATU_ERR_NOT_FOUND) {
            tatu_os_log(updater->log, TATU_OS_LOG_WARNING, "confirmation: %s: %s",
                        tatu_err_name(err), tatu_err_text(err));
        }
    }
}
