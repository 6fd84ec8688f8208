#include "updater.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "download.h"
#include "os/lib/loop.h"
#include "os/lib/request.h"
#include "os/lib/store.h"
#include "os/lib/vault.h"
#include "proto/cose.h"
#include "proto/network.h"
#include "renewal.h"

#define IDENTITY_FOLDER "/run/deviceauth/update"
#define POLL_FILE IDENTITY_FOLDER "/poll"
#define POLL_DEFAULT_S 60u
#define WAIT_FOR_CERTIFICATE_MS 200u
#define RETRY_FIRST_MS 1000u
#define RETRY_MAX_MS 60000u

/* ---- the service ---- */

struct identity {
    struct tatu_tls_identity *of;
};

static void close_identity(struct identity *identity)
{
    tatu_tls_close_identity(identity->of);
}

static void wipe_proxy(struct tatu_net_proxy *proxy)
{
    tatu_base_wipe(proxy, sizeof(*proxy));
}

/* The certificate is replaced when it is renewed, and the proxy when it is set: both are asked for
 * each time. */
enum tatu_err tatu_updater_ask(const struct tatu_updater *updater, struct tatu_tls_request *request,
                               struct tatu_buf *out)
{
    uint32_t status = 0;
    struct identity identity __attribute__((cleanup(close_identity))) = {NULL};
    struct tatu_net_proxy proxy __attribute__((cleanup(wipe_proxy))) = {.enabled = 0};
    TATU_TRY(tatu_os_get_proxy(TATU_NETD_SOCKET, &proxy));
    TATU_TRY(tatu_tls_open_identity(IDENTITY_FOLDER, &identity.of));
    request->host = updater->keystore.host;
    request->port = updater->keystore.update_port;
    request->service_root = updater->keystore.service_root;
    request->identity = identity.of;
    request->proxy = &proxy;
    const enum tatu_err err = tatu_tls_request(request, out, &status);
    request->proxy = NULL; /* it ends here */
    if (err != TATU_OK && proxy.enabled == 1) {
        tatu_os_log(updater->log, TATU_OS_LOG_WARNING, "by the proxy %s: %s", proxy.address,
                    tatu_err_name(err));
    }
    TATU_TRY(err);
    return tatu_updated_name_status(status);
}

/* The last sequence outlives a reset; that of another owner means nothing. */
static void load_sequence(struct tatu_updater *updater)
{
    const enum tatu_err err =
        tatu_kept_load_sequence(&updater->kept, updater->info.tenant, &updater->last_sequence);
    if (err != TATU_OK && err != TATU_ERR_NOT_FOUND) {
        tatu_os_log(updater->log, TATU_OS_LOG_WARNING, "the last sequence is not known: %s",
                    tatu_err_name(err));
    }
}

static void keep_sequence(struct tatu_updater *updater, uint64_t sequence)
{
    if (sequence == updater->last_sequence) {
        return;
    }
    const enum tatu_err err =
        tatu_kept_save_sequence(&updater->kept, updater->info.tenant, sequence);
    if (err != TATU_OK) {
        tatu_os_log(updater->log, TATU_OS_LOG_WARNING, "the sequence was not kept: %s",
                    tatu_err_name(err));
    }
    updater->last_sequence = sequence;
}

static enum tatu_err get_ready(struct tatu_updater *updater)
{
    uint8_t bytes[TATU_KEYSTORE_MAX];
    struct tatu_buf body = TATU_BUF_OF(bytes);
    if (updater->ready) {
        return TATU_OK;
    }
    TATU_TRY(tatu_os_read_keystore(updater->monitor, &body));
    TATU_TRY(
        tatu_proto_decode_keystore((struct tatu_span){body.data, body.len}, &updater->keystore));
    TATU_TRY(tatu_os_get_vault_info(updater->monitor, &updater->info));
    load_sequence(updater);
    updater->ready = true;
    return TATU_OK;
}

static void read_poll(struct tatu_updater *updater)
{
    char text[16] = {0};
    int fd = open(POLL_FILE, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, text, sizeof(text) - 1) < 0) {
            text[0] = '\0';
        }
        (void)close(fd);
    }
    const unsigned long poll_s = strtoul(text, NULL, 10);
    updater->poll_s = poll_s > 0 && poll_s <= 86400 ? (uint32_t)poll_s : POLL_DEFAULT_S;
}

/* ---- records ---- */

static enum tatu_err send_record(const struct tatu_updater *updater,
                                 const struct tatu_os_record *record)
{
    uint8_t body_bytes[TATU_RECORD_MAX + 64], answer_bytes[256];
    struct tatu_buf body = TATU_BUF_OF(body_bytes), answer = TATU_BUF_OF(answer_bytes);
    TATU_TRY(tatu_updated_encode_report(record->kind, record->id, updater->info.boot_count,
                                        (struct tatu_span){record->bytes, record->len}, &body));
    struct tatu_tls_request request = {
        .path = "/device/v1/reports", .post = true, .body = {body.data, body.len}};
    return tatu_updater_ask(updater, &request, &answer);
}

/* All that are there; each is acknowledged to the monitor when the service has it, or will never
 * take it: what an application made its crash look like must not stop the others. */
static enum tatu_err send_records(struct tatu_updater *updater)
{
    static struct tatu_os_record record;
    for (;;) {
        enum tatu_err err = tatu_os_read_record(updater->monitor, updater->last_record, &record);
        if (err == TATU_ERR_NOT_FOUND) {
            return TATU_OK;
        }
        TATU_TRY(err);
        err = send_record(updater, &record);
        if (err != TATU_ERR_REJECTED) {
            TATU_TRY(err);
        }
        TATU_TRY(tatu_os_ack_record(updater->monitor, record.id));
        updater->last_record = record.id;
        tatu_os_log(updater->log, TATU_OS_LOG_NOTICE, "record %u %s", (unsigned)record.id,
                    err == TATU_OK ? "sent" : "refused by the service");
    }
}

void tatu_updater_add_event(const struct tatu_updater *updater, enum tatu_event_kind kind,
                            const struct tatu_deployment_image *image, uint32_t code)
{
    uint8_t bytes[128];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    struct tatu_event event = {
        .kind = (uint32_t)kind, .code = code, .unix_s = (uint64_t)time(NULL)};
    uint32_t id;
    memcpy(event.component, image->component, sizeof(event.component));
    memcpy(event.image, image->image, sizeof(event.image));
    if (tatu_proto_encode_event(&event, &buf) != TATU_OK ||
        tatu_os_append_record(updater->monitor, TATU_RECORD_EVENT,
                              (struct tatu_span){buf.data, buf.len}, &id) != TATU_OK) {
        tatu_os_log(updater->log, TATU_OS_LOG_WARNING, "an event was not kept");
    }
}

/* ---- deployment ---- */

static enum tatu_err fetch_deployment(struct tatu_updater *updater, struct tatu_deployment *out)
{
    static uint8_t answer_bytes[TATU_DEPLOYMENT_MAX + 256];
    uint8_t head_bytes[128], digest[32];
    struct tatu_buf answer = TATU_BUF_OF(answer_bytes), head = TATU_BUF_OF(head_bytes);
    struct tatu_tls_request request = {.path = "/device/v1/deployment"};
    struct tatu_cose_sign1 signed_object;
    TATU_TRY(tatu_updater_ask(updater, &request, &answer));
    TATU_TRY(tatu_proto_decode_sign1((struct tatu_span){answer.data, answer.len}, &signed_object));
    TATU_TRY(tatu_proto_put_sig_head(signed_object.protected_header, TATU_COSE_AAD_DEPLOYMENT,
                                     signed_object.payload.len, &head));
    const struct tatu_span pieces[] = {{head.data, head.len}, signed_object.payload};
    tatu_tls_hash(pieces, TATU_COUNT_OF(pieces), digest);
    TATU_TRY(
        tatu_tls_verify_digest(updater->keystore.director_key, digest, signed_object.signature));
    TATU_TRY(tatu_proto_decode_deployment(signed_object.payload, out));
    return tatu_updated_check_deployment(out, updater->info.device_id, updater->last_sequence,
                                         (uint64_t)time(NULL));
}

/* ---- download ---- */

struct fetch {
    const struct tatu_updater *updater;
    struct tatu_download *download;
    const char *path;
};

static enum tatu_err ask_from(void *context, uint32_t from)
{
    const struct fetch *fetch = context;
    uint8_t answer_bytes[256];
    struct tatu_buf answer = TATU_BUF_OF(answer_bytes);
    struct tatu_tls_request request = {.path = fetch->path,
                                       .range_start = from,
                                       .take = tatu_download_take,
                                       .context = fetch->download};
    return tatu_updater_ask(fetch->updater, &request, &answer);
}

static void wait_for_network(void *context, uint32_t tries)
{
    const struct fetch *fetch = context;
    const uint64_t wait_ms = tatu_os_get_backoff(tries, RETRY_FIRST_MS, RETRY_MAX_MS);
    const struct timespec wait = {(time_t)(wait_ms / 1000), (long)(wait_ms % 1000) * 1000000};
    tatu_os_log(fetch->updater->log, TATU_OS_LOG_NOTICE, "the download broke at %u of %u bytes",
                (unsigned)tatu_download_len(fetch->download), (unsigned)fetch->download->size);
    (void)nanosleep(&wait, NULL);
}

static enum tatu_err fetch_image(void *context, const struct tatu_deployment_image *image,
                                 uint32_t handle)
{
    static struct tatu_download download;
    const struct tatu_updater *updater = context;
    char path[64] = "/device/v1/images/";
    tatu_base_encode_hex(TATU_SPAN_OF(image->image), path + strlen(path));
    download = (struct tatu_download){
        .monitor = updater->monitor, .handle = handle, .size = image->size_bytes};
    struct fetch fetch = {updater, &download, path};
    return tatu_download_run(&download, ask_from, wait_for_network, &fetch);
}

/* ---- telling the others ---- */

#define APPMAN_PATIENCE_MS 3000u
#define STATE_AT 32u /* of an application in the answer of TATU_APPMAN_LIST */
#define STOP_LOOK_MS 200u
#define STOP_PATIENCE_MS 10000u /* more than SIGTERM, the grace and SIGKILL take */

static void tell_appman(const struct tatu_updater *updater, bool manual)
{
    const struct tatu_ask ask = {.op = TATU_APPMAN_RELOAD, .a = manual ? 1 : 0};
    if (tatu_os_ask(TATU_APPMAN_SOCKET, &ask, APPMAN_PATIENCE_MS, NULL, NULL, NULL) != TATU_OK) {
        tatu_os_log(updater->log, TATU_OS_LOG_WARNING, "appman does not answer");
    }
}

void tatu_updater_tell_changed(const struct tatu_updater *updater, bool manual)
{
    tell_appman(updater, manual);
    if (!tatu_os_tell_attestd()) {
        tatu_os_log(updater->log, TATU_OS_LOG_WARNING, "attestd does not answer");
    }
}

/* Tells appman of an update of applications. True: it may go on; also when nobody answers, since
 * an update may be what mends that. */
static bool tell_event(uint32_t event, uint32_t status, uint32_t *out_wait_s)
{
    const struct tatu_ask ask = {
        .op = TATU_APPMAN_UPDATE_EVENT, .a = event, .b = status, .c = TATU_SYSTEM_EVENT_APP};
    uint8_t bytes[8];
    struct tatu_buf answer = TATU_BUF_OF(bytes);
    if (tatu_os_ask(TATU_APPMAN_SOCKET, &ask, APPMAN_PATIENCE_MS, NULL, &answer, NULL) != TATU_OK ||
        answer.len != sizeof(bytes) || tatu_get_le32(bytes) != 0) {
        return true;
    }
    *out_wait_s = tatu_get_le32(bytes + 4);
    return false;
}

static bool ask_to_go(void *context, uint32_t *out_wait_s)
{
    (void)context;
    return tell_event(TATU_SYSTEM_EVENT_READY, TATU_SYSTEM_EVENT_NO_STATUS, out_wait_s);
}

/* How many applications are on their way to stop; none when nobody answers. */
static size_t count_stopping(void)
{
    static uint8_t bytes[TATU_ANSWER_PAYLOAD_MAX];
    const struct tatu_ask ask = {.op = TATU_APPMAN_LIST};
    struct tatu_buf answer = TATU_BUF_OF(bytes);
    size_t count = 0;
    if (tatu_os_ask(TATU_APPMAN_SOCKET, &ask, APPMAN_PATIENCE_MS, NULL, &answer, NULL) != TATU_OK) {
        return 0;
    }
    for (size_t at = 0; at + TATU_APPMAN_APP_SIZE <= answer.len; at += TATU_APPMAN_APP_SIZE) {
        count += tatu_get_le32(bytes + at + STATE_AT) == TATU_APPMAN_APP_STOPPING;
    }
    return count;
}

/* The next round writes where what was replaced lies, and it may still run. */
static void wait_for_stops(void)
{
    const struct timespec wait = {0, STOP_LOOK_MS * 1000000L};
    for (uint32_t waited_ms = 0; waited_ms < STOP_PATIENCE_MS && count_stopping() != 0;
         waited_ms += STOP_LOOK_MS) {
        (void)nanosleep(&wait, NULL);
    }
}

static void after_commit(void *context, bool is_last)
{
    uint32_t wait_s = 0;
    if (!is_last) {
        tell_appman(context, false);
        wait_for_stops();
        return;
    }
    tatu_updater_tell_changed(context, false);
    (void)tell_event(TATU_SYSTEM_EVENT_READY, TATU_SYSTEM_EVENT_COMPLETE, &wait_s);
}

static void note(void *context, enum tatu_event_kind kind,
                 const struct tatu_deployment_image *image, uint32_t code)
{
    tatu_updater_add_event(context, kind, image, code);
}

void tatu_updater_init(struct tatu_updater *updater, const struct tatu_os_monitor *monitor,
                       const struct tatu_os_log *log, struct tatu_hold *hold)
{
    *updater = (struct tatu_updater){.monitor = monitor,
                                     .log = log,
                                     .kept = {monitor, TATU_OS_STORE "/update"},
                                     .deploy = {.monitor = monitor,
                                                .hold = hold,
                                                .kept = &updater->kept,
                                                .fetch = fetch_image,
                                                .note = note,
                                                .may_go = ask_to_go,
                                                .changed = after_commit,
                                                .context = updater}};
}

static enum tatu_err act_on_deployment(struct tatu_updater *updater)
{
    static struct tatu_deployment deployment;
    TATU_TRY(fetch_deployment(updater, &deployment));
    TATU_TRY(tatu_deploy_run(&updater->deploy, &deployment, &updater->put_off_s));
    keep_sequence(updater, deployment.sequence);
    return TATU_OK;
}

uint64_t tatu_updater_advance(struct tatu_updater *updater)
{
    if (access(IDENTITY_FOLDER "/cert.pem", R_OK) != 0) {
        return WAIT_FOR_CERTIFICATE_MS;
    }
    read_poll(updater);
    enum tatu_err err = get_ready(updater);
    if (err == TATU_OK) {
        /* a record that cannot be sent must not hold up the deployment that mends its cause */
        const enum tatu_err sent = send_records(updater);
        err = act_on_deployment(updater);
        err = err == TATU_OK ? sent : err;
        tatu_updater_renew(updater);
    }
    if (err == TATU_OK) {
        updater->failures = 0;
        const uint32_t wait_s = updater->put_off_s;
        return (uint64_t)(wait_s > 0 && wait_s < updater->poll_s ? wait_s : updater->poll_s) * 1000;
    }
    updater->failures++;
    tatu_os_log(updater->log, TATU_OS_LOG_WARNING, "%s: %s", tatu_err_name(err),
                tatu_err_text(err));
    return tatu_os_get_backoff(updater->failures, RETRY_FIRST_MS, RETRY_MAX_MS);
}
