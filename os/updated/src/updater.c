#include "updater.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "download.h"
#include "os/lib/loop.h"
#include "os/lib/vault.h"
#include "proto/cose.h"
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

/* The certificate is replaced when it is renewed, therefore it is opened for each round. */
enum tatu_err tatu_updater_ask(const struct tatu_updater *updater, struct tatu_tls_request *request,
                               struct tatu_buf *out)
{
    uint32_t status = 0;
    struct identity identity __attribute__((cleanup(close_identity))) = {NULL};
    TATU_TRY(tatu_tls_open_identity(IDENTITY_FOLDER, &identity.of));
    request->host = updater->keystore.host;
    request->port = updater->keystore.update_port;
    request->service_root = updater->keystore.service_root;
    request->identity = identity.of;
    TATU_TRY(tatu_tls_request(request, out, &status));
    return tatu_updated_name_status(status);
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
    tatu_os_log(fetch->updater->log, TATU_OS_LOG_NOTICE, "the network broke after %u of %u bytes",
                (unsigned)tatu_download_len(fetch->download), (unsigned)fetch->download->size);
    (void)nanosleep(&wait, NULL);
}

static enum tatu_err fetch_image(const struct tatu_updater *updater,
                                 const struct tatu_deployment_image *image,
                                 struct tatu_download *download)
{
    char path[64] = "/device/v1/images/";
    tatu_base_encode_hex(TATU_SPAN_OF(image->image), path + strlen(path));
    struct fetch fetch = {updater, download, path};
    return tatu_download_run(download, ask_from, wait_for_network, &fetch);
}

/* Stages one image: downloaded, and verified in flash by the vault. */
static enum tatu_err stage(const struct tatu_updater *updater,
                           const struct tatu_deployment_image *image)
{
    static struct tatu_download download;
    struct tatu_verified_image verified;
    download = (struct tatu_download){.monitor = updater->monitor, .size = image->size_bytes};
    TATU_TRY(tatu_os_begin_stage(updater->monitor, TATU_IMAGE_APPLICATION, image->size_bytes,
                                 &download.handle));
    enum tatu_err err = fetch_image(updater, image, &download);
    if (err == TATU_OK) {
        err = tatu_os_finish_stage(updater->monitor, download.handle, &verified);
    }
    if (err == TATU_OK && (memcmp(verified.digest, image->digest, sizeof(image->digest)) != 0 ||
                           memcmp(verified.image, image->image, sizeof(image->image)) != 0)) {
        err = TATU_ERR_DIGEST;
    }
    if (err != TATU_OK) {
        (void)tatu_os_abort_stage(updater->monitor, download.handle);
    }
    return err;
}

/* ---- telling the others ---- */

void tatu_updater_tell(const struct tatu_updater *updater, const char *path, const char *word,
                       bool waits)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {3, 0};
    char answer[64];
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
        send(fd, word, strlen(word), MSG_NOSIGNAL) < 0 ||
        (waits && recv(fd, answer, sizeof(answer), 0) < 0)) {
        tatu_os_log(updater->log, TATU_OS_LOG_WARNING, "%s does not answer", path);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static enum tatu_err install(struct tatu_updater *updater, const struct tatu_deployment *deployment,
                             const struct tatu_update_plan *plan)
{
    uint8_t images[TATU_EVIDENCE_APP_MAX][16];
    for (size_t i = 0; i < plan->missing_count; i++) {
        const struct tatu_deployment_image *image = &deployment->images[plan->missing[i]];
        const enum tatu_err err = stage(updater, image);
        if (err != TATU_OK) {
            if (memcmp(updater->refused_image, image->image, 16) != 0) {
                memcpy(updater->refused_image, image->image, 16);
                tatu_updater_add_event(updater, TATU_EVENT_INSTALL_FAILED, image, (uint32_t)err);
            }
            return err;
        }
    }
    for (size_t i = 0; i < deployment->image_count; i++) {
        memcpy(images[i], deployment->images[i].image, 16);
    }
    TATU_TRY(tatu_os_commit_apps(updater->monitor, images, deployment->image_count));
    for (size_t i = 0; i < plan->missing_count; i++) {
        tatu_updater_add_event(updater, TATU_EVENT_INSTALLED, &deployment->images[plan->missing[i]],
                               0);
    }
    tatu_os_log(updater->log, TATU_OS_LOG_NOTICE, "deployment %llu committed: %u images, %u new",
                (unsigned long long)deployment->sequence, (unsigned)deployment->image_count,
                (unsigned)plan->missing_count);
    tatu_updater_tell(updater, "/run/appman.sock", "reload", true);
    /* it may be proving already: it finds the word when it is done */
    tatu_updater_tell(updater, "/run/attestd.sock", "renew", false);
    return TATU_OK;
}

static enum tatu_err act_on_deployment(struct tatu_updater *updater)
{
    static struct tatu_deployment deployment;
    struct tatu_smc_app installed[TATU_SMC_APPS_MAX];
    struct tatu_update_plan plan;
    size_t count = 0;
    TATU_TRY(fetch_deployment(updater, &deployment));
    TATU_TRY(tatu_os_list_apps(updater->monitor, installed, &count));
    tatu_updated_make_plan(&deployment, installed, count, &plan);
    if (plan.differs) {
        TATU_TRY(install(updater, &deployment, &plan));
    }
    updater->last_sequence = deployment.sequence;
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
        return (uint64_t)updater->poll_s * 1000;
    }
    updater->failures++;
    tatu_os_log(updater->log, TATU_OS_LOG_WARNING, "%s: %s", tatu_err_name(err),
                tatu_err_text(err));
    return tatu_os_get_backoff(updater->failures, RETRY_FIRST_MS, RETRY_MAX_MS);
}
