#include "proto/mailbox.h"

#include "bytes.h"

enum tatu_err tatu_proto_decode_mailbox(struct tatu_span in, struct tatu_mailbox_header *out)
{
    if (in.len < TATU_MAILBOX_HEADER_SIZE) {
        return TATU_ERR_SHORT;
    }
    const uint8_t *p = in.data;
    struct tatu_mailbox_header header = {.sequence = take_u32(&p)};
    header.command = take_u16(&p);
    header.status = take_u16(&p);
    header.len = take_u32(&p);
    if (header.len > TATU_MAILBOX_PAYLOAD_MAX) {
        return TATU_ERR_LONG;
    }
    *out = header;
    return TATU_OK;
}

enum tatu_err tatu_proto_encode_mailbox(const struct tatu_mailbox_header *header,
                                        struct tatu_buf *out)
{
    if (header->len > TATU_MAILBOX_PAYLOAD_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    uint8_t *p = give_room(out, TATU_MAILBOX_HEADER_SIZE);
    if (p == NULL) {
        return TATU_ERR_FULL;
    }
    give_u32(&p, header->sequence);
    give_u16(&p, header->command);
    give_u16(&p, header->status);
    give_u32(&p, header->len);
    return TATU_OK;
}
