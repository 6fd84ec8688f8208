#include "prover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "os/lib/loop.h"
#include "os/lib/request.h"
#include "os/lib/vault.h"
#include "os/tls/tls.h"
#include "proto/network.h"

#define FOLDER "/run/deviceauth"
#define UPDATE_FOLDER FOLDER "/update"
#define UPDATE_GROUP 20u
#define RENEW_MS (12u * 3600u * 1000u)
#define RESOLVER_FILE "/run/resolv.conf"
#define NETWORK_WAIT_MS 50u
#define RETRY_FIRST_MS 1000u
#define RETRY_MAX_MS 60000u

static const struct tatu_signer_key update_key = {.purpose = TATU_KEY_UPDATE};

static enum tatu_err read_keystore(struct tatu_prover *prover)
{
    uint8_t bytes[TATU_KEYSTORE_MAX];
    struct tatu_buf body = TATU_BUF_OF(bytes);
    TATU_TRY(tatu_os_read_keystore(prover->monitor, &body));
    TATU_TRY(
        tatu_proto_decode_keystore((struct tatu_span){body.data, body.len}, &prover->keystore));
    /* gatewayd may see that there is a certificate; the socket beside it has its own mode */
    if (mkdir(UPDATE_FOLDER, 0751) != 0 && errno != EEXIST) {
        return TATU_ERR_IO;
    }
    if (chown(UPDATE_FOLDER, (uid_t)-1, UPDATE_GROUP) != 0) {
        return TATU_ERR_IO;
    }
    prover->keys.monitor = prover->monitor;
    prover->keys.log = prover->log;
    return tatu_signer_add(prover->signer, &update_key, UPDATE_FOLDER "/sign", 0660, UPDATE_GROUP);
}

static void wipe_proxy(struct tatu_net_proxy *proxy)
{
    tatu_base_wipe(proxy, sizeof(*proxy));
}

/* One POST to the front listener; a refusal becomes the error it names. */
static enum tatu_err post(struct tatu_prover *prover, const char *path, struct tatu_span body,
                          struct tatu_buf *out)
{
    uint32_t status = 0;
    struct tatu_net_proxy proxy __attribute__((cleanup(wipe_proxy))) = {.enabled = 0};
    TATU_TRY(tatu_os_get_proxy(TATU_NETD_SOCKET, &proxy));
    prover->by_proxy = proxy.enabled == 1;
    const struct tatu_tls_request request = {
        .host = prover->keystore.host,
        .port = prover->keystore.front_port,
        .path = path,
        .service_root = prover->keystore.service_root,
        .proxy = &proxy,
        .ignore_dates = !prover->has_time,
        .post = true,
        .body = body,
    };
    TATU_TRY(tatu_tls_request(&request, out, &status));
    return status / 100 == 2 ? TATU_OK
                             : tatu_attestd_decode_refusal((struct tatu_span){out->data, out->len});
}

static enum tatu_err fetch_time(struct tatu_prover *prover)
{
    uint8_t nonce[TATU_NONCE_SIZE], request[64], bytes[512];
    struct tatu_buf body = TATU_BUF_OF(request), answer = TATU_BUF_OF(bytes);
    uint64_t unix_s;
    TATU_TRY(tatu_os_make_time_nonce(prover->monitor, nonce));
    TATU_TRY(tatu_attestd_encode_nonce(nonce, &body));
    TATU_TRY(post(prover, "/device/v1/time", (struct tatu_span){body.data, body.len}, &answer));
    /* the vault checks the signature; what it takes is the time */
    TATU_TRY(
        tatu_os_set_time(prover->monitor, (struct tatu_span){answer.data, answer.len}, &unix_s));
    const struct timespec now = {.tv_sec = (time_t)unix_s};
    if (clock_settime(CLOCK_REALTIME, &now) != 0) {
        return TATU_ERR_CLOCK;
    }
    prover->has_time = true;
    tatu_os_log(prover->log, TATU_OS_LOG_NOTICE, "signed time %llu", (unsigned long long)unix_s);
    return TATU_OK;
}

static enum tatu_err fetch_nonce(struct tatu_prover *prover)
{
    static const uint8_t empty_map[] = {0xa0};
    uint8_t bytes[64];
    struct tatu_buf answer = TATU_BUF_OF(bytes);
    TATU_TRY(post(prover, "/device/v1/nonce", TATU_SPAN_OF(empty_map), &answer));
    return tatu_attestd_decode_nonce((struct tatu_span){answer.data, answer.len}, prover->nonce);
}

/*
 * The daily keys in the vault: one for updates, one for each application of the owner that its
 * manifest lets authenticate. A new one only takes the place of the old one when its certificate
 * is here, so that without a service both key and certificate of yesterday go on.
 */
static enum tatu_err make_keys(struct tatu_prover *prover)
{
    static const uint8_t nobody[16];
    uint8_t components[TATU_EVIDENCE_TENANT_MAX][16];
    struct tatu_signer_key ids[TATU_SIGNER_SLOT_MAX];
    struct tatu_vault_info info;
    TATU_TRY(tatu_os_get_vault_info(prover->monitor, &info));
    const bool owned = memcmp(info.tenant, nobody, sizeof(nobody)) != 0;
    const size_t count = owned ? tatu_keys_find_wanted(FOLDER, info.tenant, components) : 0;
    TATU_TRY(tatu_keys_make(&prover->keys, info.tenant, (const uint8_t(*)[16])components, count,
                            tatu_os_now_ms()));
    for (size_t i = 0; i < prover->keys.count; i++) {
        ids[i] = prover->keys.keys[i].id;
    }
    tatu_signer_keep(prover->signer, ids, prover->keys.count);
    return TATU_OK;
}

/* A certificate for an application: its socket first, so that who sees the certificate can sign.
 * One that was removed meanwhile has no folder any more, and that is no failure. */
static enum tatu_err keep_tenant(struct tatu_prover *prover,
                                 const struct tatu_attest_tenant *tenant)
{
    char name[TATU_GUID_TEXT_SIZE], path[112];
    const struct tatu_span chain[] = {tenant->certificate, tenant->authority};
    struct tatu_signer_key id = {.purpose = TATU_KEY_TENANT};
    memcpy(id.tenant, tenant->tenant, sizeof(id.tenant));
    memcpy(id.component, tenant->component, sizeof(id.component));
    tatu_proto_format_guid(tenant->component, name);
    (void)snprintf(path, sizeof(path), FOLDER "/%s", name);
    if (access(path, F_OK) != 0) {
        return TATU_OK;
    }
    (void)snprintf(path, sizeof(path), FOLDER "/%s/sign", name);
    TATU_TRY(tatu_signer_add(prover->signer, &id, path, 0666, 0));
    (void)snprintf(path, sizeof(path), FOLDER "/%s/cert.pem", name);
    TATU_TRY(tatu_tls_write_pem(path, chain, TATU_COUNT_OF(chain)));
    return tatu_keys_commit(&prover->keys, &id);
}

static enum tatu_err keep_poll(uint32_t poll_s)
{
    char text[16];
    const int len = snprintf(text, sizeof(text), "%u", (unsigned)poll_s);
    int fd = open(UPDATE_FOLDER "/poll", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    const bool ok = fd >= 0 && write(fd, text, (size_t)len) == len;
    if (fd >= 0) {
        (void)close(fd);
    }
    return ok ? TATU_OK : TATU_ERR_IO;
}

static enum tatu_err keep_answer(struct tatu_prover *prover,
                                 const struct tatu_attest_answer *answer)
{
    for (size_t i = 0; i < answer->tenant_count; i++) {
        TATU_TRY(keep_tenant(prover, &answer->tenants[i]));
    }
    TATU_TRY(keep_poll(answer->poll_s));
    TATU_TRY(tatu_tls_write_pem(UPDATE_FOLDER "/cert.pem", &answer->update_certificate, 1));
    return tatu_keys_commit(&prover->keys, &update_key);
}

static enum tatu_err prove(struct tatu_prover *prover)
{
    static uint8_t evidence_bytes[TATU_EVIDENCE_MAX], endorsement_bytes[2048], body_bytes[8192],
        answer_bytes[16384];
    struct tatu_buf evidence = TATU_BUF_OF(evidence_bytes),
                    endorsement = TATU_BUF_OF(endorsement_bytes), body = TATU_BUF_OF(body_bytes),
                    answer_buf = TATU_BUF_OF(answer_bytes);
    struct tatu_attest_answer answer;
    TATU_TRY(make_keys(prover));
    TATU_TRY(tatu_os_make_evidence(prover->monitor, prover->nonce, &evidence));
    TATU_TRY(tatu_os_read_factory(prover->monitor, &endorsement));
    TATU_TRY(tatu_attestd_encode_proof((struct tatu_span){evidence.data, evidence.len},
                                       (struct tatu_span){endorsement.data, endorsement.len},
                                       &body));
    TATU_TRY(
        post(prover, "/device/v1/attest", (struct tatu_span){body.data, body.len}, &answer_buf));
    TATU_TRY(
        tatu_attestd_decode_answer((struct tatu_span){answer_buf.data, answer_buf.len}, &answer));
    TATU_TRY(keep_answer(prover, &answer));
    tatu_os_log(prover->log, TATU_OS_LOG_NOTICE,
                "proven: verdict %s, update certificate, %u customer certificates",
                tatu_err_name((enum tatu_err)answer.verdict), (unsigned)answer.tenant_count);
    return TATU_OK;
}

/* step -> what it does, and the step after it when it held; a failure is repeated from `again`. */
static const struct {
    const char *name;
    enum tatu_err (*act)(struct tatu_prover *prover);
    enum tatu_prover_step next;
    enum tatu_prover_step again;
} flow[] = {
    [TATU_PROVER_KEYSTORE] = {"keystore", read_keystore, TATU_PROVER_TIME, TATU_PROVER_KEYSTORE},
    [TATU_PROVER_TIME] = {"signed time", fetch_time, TATU_PROVER_NONCE, TATU_PROVER_TIME},
    [TATU_PROVER_NONCE] = {"nonce", fetch_nonce, TATU_PROVER_PROVE, TATU_PROVER_NONCE},
    [TATU_PROVER_PROVE] = {"evidence", prove, TATU_PROVER_IDLE, TATU_PROVER_NONCE},
};

/* netd writes the resolver's file with each lease; before the first there is nothing to try. */
static bool network_is_up(void)
{
    struct stat st;
    return stat(RESOLVER_FILE, &st) == 0 && st.st_size > 0;
}

uint64_t tatu_prover_advance(struct tatu_prover *prover)
{
    if (prover->step != TATU_PROVER_KEYSTORE && !network_is_up()) {
        return NETWORK_WAIT_MS;
    }
    if (prover->step == TATU_PROVER_IDLE) {
        prover->step = TATU_PROVER_TIME; /* the clock is set anew with each half-daily proof */
    }
    const enum tatu_prover_step step = prover->step;
    const enum tatu_err err = flow[step].act(prover);
    if (err != TATU_OK) {
        prover->failures++;
        prover->step = flow[step].again;
        tatu_os_log(prover->log, TATU_OS_LOG_WARNING, "%s%s: %s: %s", flow[step].name,
                    prover->by_proxy ? " by the proxy" : "", tatu_err_name(err),
                    tatu_err_text(err));
        return tatu_os_get_backoff(prover->failures, RETRY_FIRST_MS, RETRY_MAX_MS);
    }
    prover->failures = 0;
    prover->step = flow[step].next;
    return prover->step == TATU_PROVER_IDLE ? RENEW_MS : 0;
}

void tatu_prover_renew(struct tatu_prover *prover)
{
    if (prover->step == TATU_PROVER_IDLE) {
        prover->step = TATU_PROVER_NONCE;
    }
    prover->failures = 0;
}
