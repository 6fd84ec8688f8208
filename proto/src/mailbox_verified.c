#include "proto/mailbox.h"

#include "bytes.h"

enum tatu_err tatu_proto_decode_verified(struct tatu_span in, struct tatu_verified_image *out)
{
    if (in.len != TATU_VERIFIED_IMAGE_SIZE) {
        return in.len < TATU_VERIFIED_IMAGE_SIZE ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    const uint8_t *p = in.data;
    struct tatu_verified_image image;
    take_bytes(&p, image.component, sizeof(image.component));
    take_bytes(&p, image.image, sizeof(image.image));
    take_bytes(&p, image.digest, sizeof(image.digest));
    take_bytes(&p, image.verity_root, sizeof(image.verity_root));
    take_bytes(&p, image.name, sizeof(image.name));
    image.body_len = take_u32(&p);
    image.verity_data_len = take_u32(&p);
    image.security_version = take_u32(&p);
    image.image_type = take_u16(&p);
    image.flags = take_u16(&p);
    if (image.flags != 0) {
        return TATU_ERR_FORMAT;
    }
    *out = image;
    return TATU_OK;
}

enum tatu_err tatu_proto_encode_verified(const struct tatu_verified_image *image,
                                         struct tatu_buf *out)
{
    if (image->flags != 0) {
        return TATU_ERR_ARGUMENT;
    }
    uint8_t *p = give_room(out, TATU_VERIFIED_IMAGE_SIZE);
    if (p == NULL) {
        return TATU_ERR_FULL;
    }
    give_bytes(&p, image->component, sizeof(image->component));
    give_bytes(&p, image->image, sizeof(image->image));
    give_bytes(&p, image->digest, sizeof(image->digest));
    give_bytes(&p, image->verity_root, sizeof(image->verity_root));
    give_bytes(&p, image->name, sizeof(image->name));
    give_u32(&p, image->body_len);
    give_u32(&p, image->verity_data_len);
    give_u32(&p, image->security_version);
    give_u16(&p, image->image_type);
    give_u16(&p, image->flags);
    return TATU_OK;
}
