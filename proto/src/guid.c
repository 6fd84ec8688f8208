#include "proto/image.h"

#include "bytes.h"

#define TEXT_LEN (TATU_GUID_TEXT_SIZE - 1)

/* Which stored byte each pair of digits shows: the first three groups are little-endian. */
static const uint8_t stored_at[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

static bool dash_before(size_t pair)
{
    return pair == 4 || pair == 6 || pair == 8 || pair == 10;
}

void tatu_proto_format_guid(const uint8_t guid[16], char out_text[TATU_GUID_TEXT_SIZE])
{
    char *p = out_text;
    for (size_t pair = 0; pair < 16; pair++) {
        if (dash_before(pair)) {
            *p++ = '-';
        }
        /* writes a NUL after the pair, which the next one overwrites */
        tatu_base_encode_hex((struct tatu_span){&guid[stored_at[pair]], 1}, p);
        p += 2;
    }
}

enum tatu_err tatu_proto_parse_guid(const char *text, size_t text_len, uint8_t out_guid[16])
{
    uint8_t guid[16];
    if (text_len != TEXT_LEN) {
        return TATU_ERR_FORMAT;
    }
    for (size_t pair = 0; pair < 16; pair++) {
        if (dash_before(pair) && *text++ != '-') {
            return TATU_ERR_FORMAT;
        }
        TATU_TRY(tatu_base_decode_hex(text, 2, &guid[stored_at[pair]], 1));
        text += 2;
    }
    copy_bytes(out_guid, guid, sizeof(guid));
    return TATU_OK;
}
