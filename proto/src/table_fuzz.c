#include "proto/table.h"

#include "fuzzing.h"

/* The checksum is made right, or no input would get past it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t table_bytes[TATU_TABLE_SIZE];
    uint8_t room[TATU_TABLE_SIZE];
    struct tatu_table table;
    struct tatu_span in = {data, size};
    (void)tatu_proto_choose_table(in, in, &table);
    if (size < TATU_TABLE_SIZE) {
        return 0;
    }
    memcpy(table_bytes, data, TATU_TABLE_SIZE);
    tatu_put_le32(table_bytes + TATU_TABLE_SIZE - 4,
                  tatu_base_crc32((struct tatu_span){table_bytes, TATU_TABLE_SIZE - 4}));
    in = TATU_SPAN_OF(table_bytes);
    if (tatu_proto_decode_table(in, &table) == TATU_OK) {
        struct tatu_buf again = TATU_BUF_OF(room);
        promise_same(in, tatu_proto_encode_table(&table, &again), &again);
        promise(tatu_proto_choose_table((struct tatu_span){NULL, 0}, in, &table) == 1);
    }
    return 0;
}
