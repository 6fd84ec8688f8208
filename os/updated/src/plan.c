#include <string.h>

#include "os/updated/updated.h"
#include "proto/cbor.h"

static bool is_installed(const uint8_t image[16], const struct tatu_smc_app *installed,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(image, installed[i].image, 16) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_nothing(const struct tatu_deployment *deployment)
{
    static const uint8_t zero[sizeof(deployment->deployment)];
    return memcmp(deployment->deployment, zero, sizeof(zero)) == 0;
}

void tatu_updated_make_plan(const struct tatu_deployment *deployment,
                            const struct tatu_smc_app *installed, size_t installed_count,
                            struct tatu_update_plan *out)
{
    *out = (struct tatu_update_plan){.missing_count = 0};
    if (is_nothing(deployment)) {
        return;
    }
    for (size_t i = 0; i < deployment->image_count; i++) {
        if (!is_installed(deployment->images[i].image, installed, installed_count)) {
            out->missing[out->missing_count++] = i;
        }
    }
    out->differs = out->missing_count != 0 || deployment->image_count != installed_count;
}

enum tatu_err tatu_updated_check_deployment(const struct tatu_deployment *deployment,
                                            const uint8_t device_id[64], uint64_t last_sequence,
                                            uint64_t now_s)
{
    if (memcmp(deployment->device_id, device_id, 64) != 0) {
        return TATU_ERR_FOREIGN;
    }
    const bool old = now_s > deployment->issued_s &&
                     now_s - deployment->issued_s > TATU_UPDATED_DEPLOYMENT_LIFE_S;
    return deployment->sequence < last_sequence || old ? TATU_ERR_REPLAY : TATU_OK;
}

#define SECOND_MS UINT64_C(1000)

uint64_t tatu_updated_ticket_wait(enum tatu_err err, uint32_t grace_s)
{
    if (err != TATU_OK) {
        return 30 * SECOND_MS;
    }
    return grace_s == 0 ? 600 * SECOND_MS : grace_s * SECOND_MS / 4;
}

uint64_t tatu_updated_confirm_wait(enum tatu_err err)
{
    if (err == TATU_OK) {
        return 24 * 3600 * SECOND_MS;
    }
    return err == TATU_ERR_NOT_FOUND ? 3600 * SECOND_MS : 60 * SECOND_MS;
}

enum tatu_err tatu_updated_encode_wish(const uint8_t nonce[TATU_NONCE_SIZE], struct tatu_buf *out)
{
    struct tatu_cbor_writer w;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, 1);
    tatu_cbor_put_uint(&w, 1);
    tatu_cbor_put_bytes(&w, (struct tatu_span){nonce, TATU_NONCE_SIZE});
    return tatu_cbor_done(&w);
}

enum tatu_err tatu_updated_name_status(uint32_t status)
{
    if (status / 100 == 2) {
        return TATU_OK;
    }
    if (status == 404) {
        return TATU_ERR_NOT_FOUND;
    }
    return status == 400 || status == 413 || status == 422 ? TATU_ERR_REJECTED
                                                           : TATU_ERR_UNREACHABLE;
}

enum tatu_err tatu_updated_encode_report(uint16_t kind, uint32_t id, uint64_t boot_count,
                                         struct tatu_span payload, struct tatu_buf *out)
{
    struct tatu_cbor_writer w;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, 4);
    tatu_cbor_put_uint(&w, 1);
    tatu_cbor_put_uint(&w, kind);
    tatu_cbor_put_uint(&w, 2);
    tatu_cbor_put_uint(&w, id);
    tatu_cbor_put_uint(&w, 3);
    tatu_cbor_put_uint(&w, boot_count);
    tatu_cbor_put_uint(&w, 4);
    tatu_cbor_put_bytes(&w, payload);
    return tatu_cbor_done(&w);
}
