#include "proto/evidence.h"

#include "evidence_claims.h"
#include "evidence_find.h"
#include "proto/image.h"
#include "statement.h"

/* "0", or digits that do not start with 0; at most UINT32_MAX. */
static uint32_t get_decimal(struct tatu_cbor_reader *r)
{
    struct tatu_span text = tatu_cbor_get_text(r);
    uint64_t value = 0;
    bool good = text.len != 0 && text.len <= 10 && (text.data[0] != '0' || text.len == 1);
    for (size_t i = 0; good && i < text.len; i++) {
        good = text.data[i] >= '0' && text.data[i] <= '9';
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (!good || value > UINT32_MAX) {
        fail_reader(r, TATU_ERR_FORMAT);
        return 0;
    }
    return (uint32_t)value;
}

static uint16_t get_image_type(struct tatu_cbor_reader *r)
{
    uint16_t type = 0;
    if (tatu_proto_parse_image_type(tatu_cbor_get_text(r), &type) != TATU_OK) {
        fail_reader(r, TATU_ERR_FORMAT);
    }
    return type;
}

static void get_cnf(struct tatu_cbor_reader *r, uint8_t key[64])
{
    expect_key(r, CLAIM_CNF);
    expect_map(r, 1);
    expect_key(r, CNF_COSE_KEY);
    expect_map(r, COSE_KEY_PARTS);
    bool p256 = get_uint_claim(r, COSE_KEY_KTY, UINT64_MAX) == COSE_KEY_KTY_EC2;
    p256 = get_uint_claim(r, COSE_KEY_CRV, UINT64_MAX) == COSE_KEY_CRV_P256 && p256;
    if (!p256) {
        fail_reader(r, TATU_ERR_FORMAT);
    }
    get_fixed_claim(r, COSE_KEY_X, key, 32);
    get_fixed_claim(r, COSE_KEY_Y, key + 32, 32);
}

static void get_registered(struct tatu_cbor_reader *r, const uint8_t *ueid_digest,
                           struct tatu_evidence *evidence)
{
    uint8_t ueid[UEID_SIZE] = {0};
    get_cnf(r, evidence->update_key);
    get_fixed_claim(r, CLAIM_NONCE, evidence->nonce, sizeof(evidence->nonce));
    get_fixed_claim(r, CLAIM_UEID, ueid, sizeof(ueid));
    if (ueid[0] != UEID_RAND || !same_bytes(ueid + 1, ueid_digest, UEID_SIZE - 1)) {
        fail_reader(r, TATU_ERR_FORMAT);
    }
    evidence->debug_open = get_uint_claim(r, CLAIM_DBGSTAT, DBGSTAT_DISABLED) == DBGSTAT_ENABLED;
    expect_key(r, CLAIM_PROFILE);
    (void)tatu_cbor_get_text(r); /* the caller has compared it */
    uint32_t lifecycle = (uint32_t)get_uint_claim(r, CLAIM_LIFECYCLE, UINT16_MAX);
    evidence->lifecycle = lifecycle & LIFECYCLE_WORD_MAX;
    if (tatu_evidence_psa_lifecycle(evidence->lifecycle) != lifecycle) {
        fail_reader(r, TATU_ERR_FORMAT);
    }
    get_fixed_claim(r, CLAIM_IMPLEMENTATION, evidence->implementation,
                    sizeof(evidence->implementation));
}

static void get_components(struct tatu_cbor_reader *r, struct tatu_evidence *evidence)
{
    expect_key(r, CLAIM_COMPONENTS);
    evidence->measurement_count = get_count(r, TATU_MEASUREMENT_MAX);
    for (size_t i = 0; i < evidence->measurement_count; i++) {
        struct tatu_measurement *measurement = &evidence->measurements[i];
        expect_map(r, COMPONENT_PARTS);
        expect_key(r, COMPONENT_TYPE);
        measurement->image_type = get_image_type(r);
        get_fixed_claim(r, COMPONENT_DIGEST, measurement->digest, sizeof(measurement->digest));
        expect_key(r, COMPONENT_VERSION);
        measurement->security_version = get_decimal(r);
    }
}

static void get_apps(struct tatu_cbor_reader *r, struct tatu_evidence *evidence)
{
    expect_key(r, CLAIM_APPS);
    evidence->app_count = get_count(r, TATU_EVIDENCE_APP_MAX);
    for (size_t i = 0; i < evidence->app_count; i++) {
        struct tatu_evidence_app *app = &evidence->apps[i];
        expect_array(r, 3);
        tatu_cbor_get_fixed(r, app->component, sizeof(app->component));
        tatu_cbor_get_fixed(r, app->image, sizeof(app->image));
        tatu_cbor_get_fixed(r, app->digest, sizeof(app->digest));
    }
}

static void get_tenants(struct tatu_cbor_reader *r, struct tatu_evidence *evidence)
{
    expect_key(r, CLAIM_TENANTS);
    evidence->tenant_count = get_count(r, TATU_EVIDENCE_TENANT_MAX);
    for (size_t i = 0; i < evidence->tenant_count; i++) {
        struct tatu_evidence_tenant *tenant = &evidence->tenants[i];
        expect_array(r, 3);
        tatu_cbor_get_fixed(r, tenant->tenant, sizeof(tenant->tenant));
        tatu_cbor_get_fixed(r, tenant->component, sizeof(tenant->component));
        tatu_cbor_get_fixed(r, tenant->key, sizeof(tenant->key));
    }
}

static void get_own(struct tatu_cbor_reader *r, struct tatu_evidence *evidence)
{
    get_fixed_claim(r, CLAIM_DEVICE_ID, evidence->device_id, sizeof(evidence->device_id));
    evidence->board_class = (uint32_t)get_uint_claim(r, CLAIM_CLASS, UINT32_MAX);
    evidence->boot_count = get_uint_claim(r, CLAIM_BOOT_COUNT, UINT64_MAX);
    evidence->uptime_ms = get_uint_claim(r, CLAIM_UPTIME_MS, UINT64_MAX);
    get_apps(r, evidence);
    expect_key(r, CLAIM_BOOT);
    expect_array(r, 2);
    evidence->boot_set = (uint8_t)get_limited(r, UINT8_MAX);
    evidence->fallback = tatu_cbor_get_bool(r);
    get_tenants(r, evidence);
    evidence->capabilities = (uint32_t)get_uint_claim(r, CLAIM_CAPABILITIES, UINT32_MAX);
    evidence->mode = (uint8_t)get_uint_claim(r, CLAIM_MODE, UINT8_MAX);
}

enum tatu_err tatu_proto_decode_evidence(struct tatu_span in, const uint8_t ueid_digest[32],
                                         struct tatu_evidence *out)
{
    struct tatu_evidence evidence = {0};
    struct tatu_cbor_reader r;
    TATU_TRY(tatu_evidence_check_profile(in));
    tatu_cbor_open(&r, in);
    expect_map(&r, CLAIM_COUNT);
    get_registered(&r, ueid_digest, &evidence);
    get_components(&r, &evidence);
    get_own(&r, &evidence);
    TATU_TRY(tatu_cbor_close(&r));
    if (!tatu_evidence_is_sound(&evidence)) {
        return TATU_ERR_FORMAT;
    }
    *out = evidence;
    return TATU_OK;
}
