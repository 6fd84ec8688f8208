#include "service/failures/failures.h"

#include <string.h>

#include "service/crypto/crypto.h"

enum tatu_err tatu_failures_put_symbols(const struct tatu_call *call, struct tatu_span elf,
                                        struct tatu_symbol *out)
{
    struct tatu_span build_id;
    uint8_t digest[32];
    if (elf.len > TATU_SYMBOL_MAX) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(tatu_failures_find_build_id(elf, &build_id));
    const char *hex = tatu_arena_hex(call->arena, build_id);
    tatu_crypto_sha256(elf, digest);
    TATU_TRY(tatu_store_replace_file(call->store, tatu_arena_format(call->arena, "symbols/%s", hex),
                                     elf));
    TATU_TRY(TATU_RUN(call->store,
                      "INSERT INTO symbol(build_id, size_bytes, digest, created_s)"
                      " VALUES(?,?,?,?) ON CONFLICT(build_id) DO UPDATE SET"
                      " size_bytes=excluded.size_bytes, digest=excluded.digest,"
                      " created_s=excluded.created_s",
                      TATU_BYTES(build_id), TATU_INT(elf.len), TATU_FIXED(digest),
                      TATU_INT(call->now_s)));
    TATU_TRY(tatu_store_audit(call, "upload symbols", hex));
    *out = (struct tatu_symbol){
        .build_id_len = build_id.len, .size_bytes = (int64_t)elf.len, .created_s = call->now_s};
    memcpy(out->build_id, build_id.data, build_id.len);
    return TATU_OK;
}

enum tatu_err tatu_failures_list_symbols(const struct tatu_call *call, const struct tatu_page *page,
                                         struct tatu_symbol_list *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store,
                        "SELECT build_id, size_bytes, created_s FROM symbol"
                        " ORDER BY created_s DESC, build_id LIMIT ? OFFSET ?",
                        &rows, TATU_INT(page->top + 1), TATU_INT(page->skip)));
    struct tatu_symbol_list list = {
        TATU_ARENA_MANY(call->arena, struct tatu_symbol, (size_t)page->top + 1), 0, false};
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        struct tatu_symbol *symbol = &list.items[list.count++];
        struct tatu_span build_id = tatu_store_rows_bytes(rows, 0, call->arena);
        symbol->build_id_len = build_id.len < TATU_BUILD_ID_MAX ? build_id.len : TATU_BUILD_ID_MAX;
        memcpy(symbol->build_id, build_id.data, symbol->build_id_len);
        symbol->size_bytes = tatu_store_rows_int(rows, 1);
        symbol->created_s = tatu_store_rows_int(rows, 2);
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    list.more = list.count > (size_t)page->top;
    list.count -= list.more;
    *out = list;
    return TATU_OK;
}
