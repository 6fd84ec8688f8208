#include "proto/image.h"

#include "fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_image_info info;
    struct tatu_span in = {data, size};
    if (tatu_proto_decode_image(in, (uint32_t)size, &info) == TATU_OK) {
        promise(info.body_len < info.signed_len && info.signed_len + 64 == size);
        promise(!info.has_verity || info.verity_data_len <= info.body_len);
        uint8_t room[TATU_IMAGE_METADATA_MAX];
        struct tatu_buf buf = TATU_BUF_OF(room);
        promise(tatu_proto_encode_metadata(&info, &buf) == TATU_OK);
    }
    /* the same bytes as the end of a larger package */
    if (size >= TATU_IMAGE_TRAILER_MAX &&
        tatu_proto_decode_image(in, TATU_IMAGE_PACKAGE_MAX, &info) == TATU_OK) {
        promise(info.signed_len + 64 == TATU_IMAGE_PACKAGE_MAX);
    }
    return 0;
}
