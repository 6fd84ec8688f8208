#include <string.h>

#include "device_bodies.h"
#include "handlers.h"
#include "proto/cbor.h"
#include "service/attest/attest.h"
#include "service/failures/failures.h"
#include "service/update/update.h"

#define POLL_S 2       /* until the service can nudge; docs/protocol/device-service.md §4 */
#define NOTE_SEEN_S 30 /* not every poll is worth a write */
#define ANSWER_MAX (2048u + TATU_EVIDENCE_TENANT_MAX * (2u * TATU_CERTIFICATE_MAX + 64u))

static void answer_cbor(struct work *work, const struct tatu_buf *body)
{
    tatu_api_answer_bytes(work, "application/cbor", (struct tatu_span){body->data, body->len});
}

HANDLER(tatu_api_device_get_time)
{
    (void)answer;
    struct work *work = context;
    struct tatu_signed_time signed_time = {.unix_s = (uint64_t)work->call.now_s};
    TATU_TRY(tatu_api_decode_device_wish(request->body, signed_time.nonce));
    struct tatu_buf payload = tatu_arena_buf(work->call.arena, 64);
    struct tatu_buf object = tatu_arena_buf(work->call.arena, 256);
    TATU_TRY(tatu_proto_encode_time(&signed_time, &payload));
    TATU_TRY(tatu_crypto_sign_cose(tatu_identity_time_key(work->api->identity), TATU_COSE_AAD_TIME,
                                   (struct tatu_span){payload.data, payload.len}, &object));
    answer_cbor(work, &object);
    return TATU_OK;
}

HANDLER(tatu_api_device_get_nonce)
{
    (void)answer;
    struct work *work = context;
    uint8_t nonce[32];
    TATU_TRY(tatu_api_decode_device_nonce(request->body));
    tatu_identity_nonces_make(work->api->attest_nonces, TATU_NONCE_SCOPE_ATTEST, work->call.now_s,
                              TATU_NONCE_ATTEST_S, nonce);
    struct tatu_buf body = tatu_arena_buf(work->call.arena, 64);
    struct tatu_cbor_writer w;
    tatu_cbor_init(&w, &body);
    tatu_cbor_put_map(&w, 1);
    tatu_cbor_put_uint(&w, 1);
    tatu_cbor_put_bytes(&w, TATU_SPAN_OF(nonce));
    TATU_TRY(tatu_cbor_done(&w));
    answer_cbor(work, &body);
    return TATU_OK;
}

static enum tatu_err encode_result(const struct tatu_attest_result *result, struct tatu_buf *out)
{
    struct tatu_cbor_writer w;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, 4);
    tatu_cbor_put_uint(&w, 1);
    tatu_cbor_put_uint(&w, result->verdict);
    tatu_cbor_put_uint(&w, 2);
    tatu_cbor_put_bytes(&w, result->update_certificate);
    tatu_cbor_put_uint(&w, 3);
    tatu_cbor_put_array(&w, result->customer_count);
    for (size_t i = 0; i < result->customer_count; i++) {
        const struct tatu_attest_customer *customer = &result->customers[i];
        tatu_cbor_put_map(&w, 4);
        tatu_cbor_put_uint(&w, 1);
        tatu_cbor_put_bytes(&w, TATU_SPAN_OF(customer->tenant));
        tatu_cbor_put_uint(&w, 2);
        tatu_cbor_put_bytes(&w, customer->certificate);
        tatu_cbor_put_uint(&w, 3);
        tatu_cbor_put_bytes(&w, customer->authority);
        tatu_cbor_put_uint(&w, 4);
        tatu_cbor_put_bytes(&w, TATU_SPAN_OF(customer->component));
    }
    tatu_cbor_put_uint(&w, 4);
    tatu_cbor_put_uint(&w, POLL_S);
    return tatu_cbor_done(&w);
}

/* What the owner should hear of: a verdict that changed, a boot from the backup set. */
static enum tatu_err note_changes(struct work *work, const struct tatu_attest_result *result)
{
    if (result->verdict != result->previous_verdict) {
        TATU_TRY(tatu_failures_note(
            &work->call, result->device_id, TATU_SERVICE_EVENT_VERDICT_CHANGED, result->verdict,
            result->verdict == TATU_OK ? "genuine and current again"
                                       : tatu_err_text((enum tatu_err)result->verdict)));
    }
    bool new_boot = !result->was_known || !result->previous_fallback ||
                    result->boot_count != result->previous_boot_count;
    if (result->fallback && new_boot) {
        TATU_TRY(tatu_failures_note(&work->call, result->device_id,
                                    TATU_SERVICE_EVENT_BOOTED_BACKUP_SET, TATU_OK,
                                    "the preferred boot set was refused; the backup set runs"));
    }
    return TATU_OK;
}

HANDLER(tatu_api_device_attest)
{
    (void)answer;
    struct work *work = context;
    struct tatu_attest_request attest;
    struct tatu_attest_result *result = TATU_ARENA_ONE(work->call.arena, struct tatu_attest_result);
    TATU_TRY(tatu_api_decode_device_attest(request->body, &attest));
    TATU_TRY(tatu_attest_appraise(&work->call, work->api->identity, work->api->attest_nonces,
                                  &attest, result));
    TATU_TRY(note_changes(work, result));
    struct tatu_buf body = tatu_arena_buf(work->call.arena, ANSWER_MAX);
    TATU_TRY(encode_result(result, &body));
    answer_cbor(work, &body);
    return TATU_OK;
}

/* Best effort, outside of any promise: a full disk must not keep a device from its update. */
static void note_seen(struct work *work, const uint8_t device_id[64])
{
    (void)TATU_RUN(work->call.store,
                   "UPDATE device SET seen_s=?, deployment_s=? WHERE id=? AND deployment_s<=?",
                   TATU_INT(work->call.now_s), TATU_INT(work->call.now_s), TATU_AT(device_id, 64),
                   TATU_INT(work->call.now_s - NOTE_SEEN_S));
}

HANDLER(tatu_api_device_get_deployment)
{
    (void)answer;
    struct work *work = context;
    struct tatu_span object;
    TATU_TRY(tatu_update_for_device(&work->call, work->api->identity, request->device_id, &object));
    note_seen(work, request->device_id);
    tatu_api_answer_bytes(work, "application/cbor", object);
    return TATU_OK;
}

static enum tatu_err answer_range(struct work *work, struct tatu_span package, size_t from,
                                  size_t len)
{
    tatu_api_answer_bytes(work, "application/octet-stream",
                          (struct tatu_span){package.data + from, len});
    work->answer->status = 206;
    tatu_http_add_header(work->answer, "Content-Range",
                         tatu_arena_format(work->call.arena, "bytes %zu-%zu/%zu", from,
                                           from + len - 1, package.len));
    return TATU_OK;
}

HANDLER(tatu_api_device_get_image)
{
    (void)answer;
    struct work *work = context;
    struct tatu_span package;
    uint8_t image[16];
    size_t from = 0;
    size_t len = 0;
    const char *id = tatu_api_param(work, "hex32");
    TATU_TRY(tatu_base_decode_hex(id, strlen(id), image, sizeof(image)));
    TATU_TRY(tatu_update_image(&work->call, request->device_id, image, &package));
    enum tatu_err err = request->range == NULL
                            ? TATU_ERR_FORMAT
                            : tatu_http_decode_range(request->range, package.len, &from, &len);
    if (err == TATU_OK) {
        return answer_range(work, package, from, len);
    }
    if (err == TATU_ERR_ARGUMENT) {
        tatu_api_error_device(work, err);
        work->answer->status = 416;
        return TATU_OK;
    }
    tatu_api_answer_bytes(work, "application/octet-stream", package); /* RFC 9110 §14.2: ignored */
    tatu_http_add_header(work->answer, "Accept-Ranges", "bytes");
    return TATU_OK;
}

HANDLER(tatu_api_device_get_ticket)
{
    (void)answer;
    struct work *work = context;
    struct tatu_span object;
    uint8_t nonce[32];
    TATU_TRY(tatu_api_decode_device_wish(request->body, nonce));
    TATU_TRY(tatu_attest_make_ticket(&work->call, work->api->identity, request->device_id, nonce,
                                     &object));
    tatu_api_answer_bytes(work, "application/cbor", object);
    return TATU_OK;
}

HANDLER(tatu_api_device_get_confirmation)
{
    (void)answer;
    struct work *work = context;
    struct tatu_span object;
    TATU_TRY(tatu_attest_get_confirmation(&work->call, request->device_id, &object));
    tatu_api_answer_bytes(work, "application/cbor", object);
    return TATU_OK;
}

HANDLER(tatu_api_device_put_report)
{
    (void)answer;
    struct work *work = context;
    struct tatu_report report;
    bool new_report = false;
    TATU_TRY(tatu_api_decode_device_report(request->body, &report));
    TATU_TRY(tatu_failures_put(&work->call, request->device_id, &report, &new_report));
    tatu_api_answer_empty(work);
    return TATU_OK;
}
