#include "proto/table.h"

int tatu_proto_choose_table(struct tatu_span copy0, struct tatu_span copy1, struct tatu_table *out)
{
    struct tatu_table table;
    int chosen = -1;
    if (tatu_proto_decode_table(copy0, &table) == TATU_OK) {
        *out = table;
        chosen = 0;
    }
    if (tatu_proto_decode_table(copy1, &table) == TATU_OK &&
        (chosen < 0 || table.sequence > out->sequence)) {
        *out = table;
        chosen = 1;
    }
    return chosen;
}
