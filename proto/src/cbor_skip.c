#include "proto/cbor.h"

#include "cbor_head.h"

/* One container that is being passed over. */
struct level {
    uint64_t left;  /* items to come */
    bool is_map;    /* then an even number left means that a key is next */
    size_t item_at; /* where the item in work starts */
    struct tatu_span previous_key;
};

/* Bytewise order of encodings. */
static bool is_before(struct tatu_span a, struct tatu_span b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        if (a.data[i] != b.data[i]) {
            return a.data[i] < b.data[i];
        }
    }
    return a.len < b.len;
}

/* The item in work of this level has ended at r->at. */
static void end_item(struct tatu_cbor_reader *r, struct level *level)
{
    bool was_key = level->is_map && level->left % 2 == 0;
    level->left--;
    if (!was_key) {
        return;
    }
    struct tatu_span key = {r->in.data + level->item_at, r->at - level->item_at};
    if (level->previous_key.len != 0 && !is_before(level->previous_key, key)) {
        cbor_fail(r, TATU_ERR_FORMAT);
    }
    level->previous_key = key;
}

/* Takes head and content of the next item; how many items are inside it. */
static uint64_t take_item(struct tatu_cbor_reader *r, bool *out_is_map)
{
    struct tatu_cbor_head head;
    *out_is_map = false;
    if (!tatu_cbor_take_head(r, &head)) {
        return 0;
    }
    switch (head.kind) {
    case TATU_CBOR_UINT:
    case TATU_CBOR_NINT:
    case TATU_CBOR_SIMPLE:
        return 0;
    case TATU_CBOR_BYTES:
        (void)tatu_cbor_take_content(r, head.value);
        return 0;
    case TATU_CBOR_TEXT:
        if (!tatu_cbor_is_utf8(tatu_cbor_take_content(r, head.value))) {
            cbor_fail(r, TATU_ERR_FORMAT);
        }
        return 0;
    case TATU_CBOR_TAG:
        return 1;
    case TATU_CBOR_ARRAY:
    case TATU_CBOR_MAP:
        break;
    }
    *out_is_map = head.kind == TATU_CBOR_MAP;
    size_t items_each = *out_is_map ? 2 : 1;
    if (head.value > cbor_left(r) / items_each) {
        cbor_fail(r, TATU_ERR_SHORT);
        return 0;
    }
    return head.value * items_each;
}

void tatu_cbor_skip(struct tatu_cbor_reader *r)
{
    /* level 0 stands for the one item to pass over; containers come above it */
    struct level levels[TATU_CBOR_DEPTH_MAX + 1] = {{.left = 1}};
    size_t depth = 0;
    while (r->err == TATU_OK) {
        bool is_map = false;
        levels[depth].item_at = r->at;
        uint64_t inside = take_item(r, &is_map);
        if (inside != 0 && depth == TATU_CBOR_DEPTH_MAX) {
            cbor_fail(r, TATU_ERR_LONG);
        } else if (inside != 0) {
            levels[++depth] = (struct level){.left = inside, .is_map = is_map};
            continue;
        }
        end_item(r, &levels[depth]);
        while (depth > 0 && levels[depth].left == 0) {
            end_item(r, &levels[--depth]);
        }
        if (depth == 0 && levels[0].left == 0) {
            return;
        }
    }
}
