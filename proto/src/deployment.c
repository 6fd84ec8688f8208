#include "proto/evidence.h"

#include "proto/image.h"
#include "statement.h"

enum { DEVICE_ID = 1, DEPLOYMENT, ISSUED, SEQUENCE, IMAGES, CLAIM_COUNT = IMAGES };
#define IMAGE_PARTS 4u

/* Two images of one component could not both run; a deployment that is none lists nothing. */
static bool is_deployment_sound(const struct tatu_deployment *d)
{
    for (size_t i = 0; i < d->image_count; i++) {
        if (d->images[i].size_bytes == 0 || d->images[i].size_bytes > TATU_IMAGE_PACKAGE_MAX) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (same_bytes(d->images[i].component, d->images[j].component, 16)) {
                return false;
            }
        }
    }
    return d->image_count == 0 || !all_zero(d->deployment, sizeof(d->deployment));
}

enum tatu_err tatu_proto_encode_deployment(const struct tatu_deployment *d, struct tatu_buf *out)
{
    if (d->image_count > TATU_EVIDENCE_APP_MAX || !is_deployment_sound(d)) {
        return TATU_ERR_ARGUMENT;
    }
    struct tatu_cbor_writer w;
    size_t len_before = out->len;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, CLAIM_COUNT);
    put_fixed_claim(&w, DEVICE_ID, d->device_id, sizeof(d->device_id));
    put_fixed_claim(&w, DEPLOYMENT, d->deployment, sizeof(d->deployment));
    put_uint_claim(&w, ISSUED, d->issued_s);
    put_uint_claim(&w, SEQUENCE, d->sequence);
    tatu_cbor_put_int(&w, IMAGES);
    tatu_cbor_put_array(&w, d->image_count);
    for (size_t i = 0; i < d->image_count; i++) {
        tatu_cbor_put_array(&w, IMAGE_PARTS);
        put_fixed(&w, d->images[i].image, sizeof(d->images[i].image));
        put_fixed(&w, d->images[i].component, sizeof(d->images[i].component));
        tatu_cbor_put_uint(&w, d->images[i].size_bytes);
        put_fixed(&w, d->images[i].digest, sizeof(d->images[i].digest));
    }
    return finish_statement(&w, len_before);
}

static void get_image(struct tatu_cbor_reader *r, struct tatu_deployment_image *image)
{
    expect_array(r, IMAGE_PARTS);
    tatu_cbor_get_fixed(r, image->image, sizeof(image->image));
    tatu_cbor_get_fixed(r, image->component, sizeof(image->component));
    image->size_bytes = (uint32_t)get_limited(r, UINT32_MAX);
    tatu_cbor_get_fixed(r, image->digest, sizeof(image->digest));
}

enum tatu_err tatu_proto_decode_deployment(struct tatu_span in, struct tatu_deployment *out)
{
    struct tatu_deployment d = {0};
    struct tatu_cbor_reader r;
    if (in.len > TATU_DEPLOYMENT_MAX) {
        return TATU_ERR_LONG;
    }
    tatu_cbor_open(&r, in);
    expect_map(&r, CLAIM_COUNT);
    get_fixed_claim(&r, DEVICE_ID, d.device_id, sizeof(d.device_id));
    get_fixed_claim(&r, DEPLOYMENT, d.deployment, sizeof(d.deployment));
    d.issued_s = get_uint_claim(&r, ISSUED, UINT64_MAX);
    d.sequence = get_uint_claim(&r, SEQUENCE, UINT64_MAX);
    expect_key(&r, IMAGES);
    d.image_count = get_count(&r, TATU_EVIDENCE_APP_MAX);
    for (size_t i = 0; i < d.image_count; i++) {
        get_image(&r, &d.images[i]);
    }
    TATU_TRY(tatu_cbor_close(&r));
    if (!is_deployment_sound(&d)) {
        return TATU_ERR_FORMAT;
    }
    *out = d;
    return TATU_OK;
}
