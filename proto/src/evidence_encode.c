#include "proto/evidence.h"

#include "evidence_claims.h"
#include "proto/image.h"
#include "statement.h"

#define DECIMAL_MAX 10u /* digits of UINT32_MAX */

static void put_decimal(struct tatu_cbor_writer *w, uint32_t value)
{
    uint8_t digits[DECIMAL_MAX];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    tatu_cbor_put_text_span(w, (struct tatu_span){digits + at, sizeof(digits) - at});
}

static void put_cnf(struct tatu_cbor_writer *w, const uint8_t key[64])
{
    tatu_cbor_put_int(w, CLAIM_CNF);
    tatu_cbor_put_map(w, 1);
    tatu_cbor_put_int(w, CNF_COSE_KEY);
    tatu_cbor_put_map(w, COSE_KEY_PARTS);
    put_uint_claim(w, COSE_KEY_KTY, COSE_KEY_KTY_EC2);
    put_uint_claim(w, COSE_KEY_CRV, COSE_KEY_CRV_P256);
    put_fixed_claim(w, COSE_KEY_X, key, 32);
    put_fixed_claim(w, COSE_KEY_Y, key + 32, 32);
}

static void put_registered(struct tatu_cbor_writer *w, const struct tatu_evidence *evidence,
                           const uint8_t *ueid_digest)
{
    uint8_t ueid[UEID_SIZE] = {UEID_RAND};
    copy_bytes(ueid + 1, ueid_digest, UEID_SIZE - 1);
    put_cnf(w, evidence->update_key);
    put_fixed_claim(w, CLAIM_NONCE, evidence->nonce, sizeof(evidence->nonce));
    put_fixed_claim(w, CLAIM_UEID, ueid, sizeof(ueid));
    put_uint_claim(w, CLAIM_DBGSTAT, evidence->debug_open ? DBGSTAT_ENABLED : DBGSTAT_DISABLED);
    tatu_cbor_put_int(w, CLAIM_PROFILE);
    tatu_cbor_put_text(w, TATU_EVIDENCE_PROFILE);
    put_uint_claim(w, CLAIM_LIFECYCLE, tatu_evidence_psa_lifecycle(evidence->lifecycle));
    put_fixed_claim(w, CLAIM_IMPLEMENTATION, evidence->implementation,
                    sizeof(evidence->implementation));
}

static void put_components(struct tatu_cbor_writer *w, const struct tatu_evidence *evidence)
{
    tatu_cbor_put_int(w, CLAIM_COMPONENTS);
    tatu_cbor_put_array(w, evidence->measurement_count);
    for (size_t i = 0; i < evidence->measurement_count; i++) {
        const struct tatu_measurement *measurement = &evidence->measurements[i];
        tatu_cbor_put_map(w, COMPONENT_PARTS);
        tatu_cbor_put_int(w, COMPONENT_TYPE);
        tatu_cbor_put_text(w, tatu_proto_image_type_name(measurement->image_type));
        put_fixed_claim(w, COMPONENT_DIGEST, measurement->digest, sizeof(measurement->digest));
        tatu_cbor_put_int(w, COMPONENT_VERSION);
        put_decimal(w, measurement->security_version);
    }
}

static void put_apps(struct tatu_cbor_writer *w, const struct tatu_evidence *evidence)
{
    tatu_cbor_put_int(w, CLAIM_APPS);
    tatu_cbor_put_array(w, evidence->app_count);
    for (size_t i = 0; i < evidence->app_count; i++) {
        const struct tatu_evidence_app *app = &evidence->apps[i];
        tatu_cbor_put_array(w, 3);
        put_fixed(w, app->component, sizeof(app->component));
        put_fixed(w, app->image, sizeof(app->image));
        put_fixed(w, app->digest, sizeof(app->digest));
    }
}

static void put_tenants(struct tatu_cbor_writer *w, const struct tatu_evidence *evidence)
{
    tatu_cbor_put_int(w, CLAIM_TENANTS);
    tatu_cbor_put_array(w, evidence->tenant_count);
    for (size_t i = 0; i < evidence->tenant_count; i++) {
        const struct tatu_evidence_tenant *tenant = &evidence->tenants[i];
        tatu_cbor_put_array(w, 3);
        put_fixed(w, tenant->tenant, sizeof(tenant->tenant));
        put_fixed(w, tenant->component, sizeof(tenant->component));
        put_fixed(w, tenant->key, sizeof(tenant->key));
    }
}

static void put_own(struct tatu_cbor_writer *w, const struct tatu_evidence *evidence)
{
    put_fixed_claim(w, CLAIM_DEVICE_ID, evidence->device_id, sizeof(evidence->device_id));
    put_uint_claim(w, CLAIM_CLASS, evidence->board_class);
    put_uint_claim(w, CLAIM_BOOT_COUNT, evidence->boot_count);
    put_uint_claim(w, CLAIM_UPTIME_MS, evidence->uptime_ms);
    put_apps(w, evidence);
    tatu_cbor_put_int(w, CLAIM_BOOT);
    tatu_cbor_put_array(w, 2);
    tatu_cbor_put_uint(w, evidence->boot_set);
    tatu_cbor_put_bool(w, evidence->fallback);
    put_tenants(w, evidence);
    put_uint_claim(w, CLAIM_CAPABILITIES, evidence->capabilities);
    put_uint_claim(w, CLAIM_MODE, evidence->mode);
}

enum tatu_err tatu_proto_encode_evidence(const struct tatu_evidence *evidence,
                                         const uint8_t ueid_digest[32], struct tatu_buf *out)
{
    bool counts_fit = evidence->measurement_count <= TATU_MEASUREMENT_MAX &&
                      evidence->app_count <= TATU_EVIDENCE_APP_MAX &&
                      evidence->tenant_count <= TATU_EVIDENCE_TENANT_MAX;
    if (!counts_fit || !tatu_evidence_is_sound(evidence)) {
        return TATU_ERR_ARGUMENT;
    }
    struct tatu_cbor_writer w;
    size_t len_before = out->len;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, CLAIM_COUNT);
    put_registered(&w, evidence, ueid_digest);
    put_components(&w, evidence);
    put_own(&w, evidence);
    return finish_statement(&w, len_before);
}
