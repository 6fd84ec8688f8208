#include "proto/evidence.h"

#include "statement.h"

enum { RELEASE = 1, IMPLEMENTATION, MEASUREMENTS, CURRENT, CLAIM_COUNT = CURRENT };
#define MEASUREMENT_PARTS 3u

static size_t release_len(const struct tatu_reference *reference)
{
    size_t len = 0;
    while (len < sizeof(reference->release) && reference->release[len] != '\0') {
        len++;
    }
    return len;
}

static bool is_reference_sound(const struct tatu_reference *reference)
{
    size_t len = release_len(reference);
    for (size_t i = 0; i < len; i++) {
        if (reference->release[i] <= ' ' || reference->release[i] > '~') {
            return false;
        }
    }
    return len != 0 && len < sizeof(reference->release) && reference->measurement_count != 0 &&
           tatu_measurements_are_sound(reference->measurements, reference->measurement_count);
}

enum tatu_err tatu_proto_encode_reference(const struct tatu_reference *r, struct tatu_buf *out)
{
    if (r->measurement_count > TATU_MEASUREMENT_MAX || !is_reference_sound(r)) {
        return TATU_ERR_ARGUMENT;
    }
    struct tatu_cbor_writer w;
    size_t len_before = out->len;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, CLAIM_COUNT);
    tatu_cbor_put_int(&w, RELEASE);
    tatu_cbor_put_text(&w, r->release);
    put_fixed_claim(&w, IMPLEMENTATION, r->implementation, sizeof(r->implementation));
    tatu_cbor_put_int(&w, MEASUREMENTS);
    tatu_cbor_put_array(&w, r->measurement_count);
    for (size_t i = 0; i < r->measurement_count; i++) {
        tatu_cbor_put_array(&w, MEASUREMENT_PARTS);
        tatu_cbor_put_uint(&w, r->measurements[i].image_type);
        tatu_cbor_put_uint(&w, r->measurements[i].security_version);
        put_fixed(&w, r->measurements[i].digest, sizeof(r->measurements[i].digest));
    }
    tatu_cbor_put_int(&w, CURRENT);
    tatu_cbor_put_bool(&w, r->current);
    return finish_statement(&w, len_before);
}

static void get_release(struct tatu_cbor_reader *r, struct tatu_reference *reference)
{
    expect_key(r, RELEASE);
    struct tatu_span release = tatu_cbor_get_text(r);
    if (release.len >= sizeof(reference->release)) {
        fail_reader(r, TATU_ERR_LONG);
        return;
    }
    copy_bytes((uint8_t *)reference->release, release.data, release.len);
    if (release_len(reference) != release.len) {
        fail_reader(r, TATU_ERR_FORMAT); /* a NUL inside */
    }
}

static void get_measurement(struct tatu_cbor_reader *r, struct tatu_measurement *measurement)
{
    expect_array(r, MEASUREMENT_PARTS);
    measurement->image_type = (uint16_t)get_limited(r, UINT16_MAX);
    measurement->security_version = (uint32_t)get_limited(r, UINT32_MAX);
    tatu_cbor_get_fixed(r, measurement->digest, sizeof(measurement->digest));
}

enum tatu_err tatu_proto_decode_reference(struct tatu_span in, struct tatu_reference *out)
{
    struct tatu_reference reference = {0};
    struct tatu_cbor_reader r;
    tatu_cbor_open(&r, in);
    expect_map(&r, CLAIM_COUNT);
    get_release(&r, &reference);
    get_fixed_claim(&r, IMPLEMENTATION, reference.implementation, sizeof(reference.implementation));
    expect_key(&r, MEASUREMENTS);
    reference.measurement_count = get_count(&r, TATU_MEASUREMENT_MAX);
    for (size_t i = 0; i < reference.measurement_count; i++) {
        get_measurement(&r, &reference.measurements[i]);
    }
    expect_key(&r, CURRENT);
    reference.current = tatu_cbor_get_bool(&r);
    TATU_TRY(tatu_cbor_close(&r));
    if (!is_reference_sound(&reference)) {
        return TATU_ERR_FORMAT;
    }
    *out = reference;
    return TATU_OK;
}
