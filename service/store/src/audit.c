#include "service/crypto/crypto.h"
#include "service/store/store.h"

#include <string.h>

/* hash = SHA-256(previous hash, sequence, time, and each text with its NUL) */
static void hash_line(const uint8_t previous[32], int64_t sequence, int64_t at_s,
                      const char *const texts[3], uint8_t out[32])
{
    uint8_t numbers[16];
    tatu_put_le64(numbers, (uint64_t)sequence);
    tatu_put_le64(numbers + 8, (uint64_t)at_s);
    struct tatu_span parts[5] = {{previous, 32}, TATU_SPAN_OF(numbers)};
    for (size_t i = 0; i < 3; i++) {
        parts[2 + i] = (struct tatu_span){(const uint8_t *)texts[i], strlen(texts[i]) + 1};
    }
    tatu_crypto_sha256_parts(parts, TATU_COUNT_OF(parts), out);
}

static enum tatu_err read_last(struct tatu_store *store, int64_t *out_sequence, uint8_t out[32])
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(tatu_store_query(store, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", NULL,
                              0, &rows));
    enum tatu_err err = tatu_store_rows_next(rows);
    if (err == TATU_ERR_NOT_FOUND) {
        return TATU_OK;
    }
    TATU_TRY(err);
    *out_sequence = tatu_store_rows_int(rows, 0);
    tatu_store_rows_fixed(rows, 1, out, 32);
    return TATU_OK;
}

enum tatu_err tatu_store_audit(const struct tatu_call *call, const char *action, const char *target)
{
    uint8_t previous[32] = {0};
    uint8_t hash[32];
    int64_t sequence = 0;
    TATU_TRY(read_last(call->store, &sequence, previous));
    sequence++;
    const char *const texts[3] = {call->who, action, target};
    hash_line(previous, sequence, call->now_s, texts, hash);
    return TATU_RUN(call->store,
                    "INSERT INTO audit(seq, at_s, who, action, target, hash) VALUES(?,?,?,?,?,?)",
                    TATU_INT(sequence), TATU_INT(call->now_s), TATU_TEXT(call->who),
                    TATU_TEXT(action), TATU_TEXT(target), TATU_FIXED(hash));
}

static bool line_fits(const struct tatu_rows *rows, struct tatu_arena *arena, uint8_t previous[32])
{
    const char *texts[3];
    for (int i = 0; i < 3; i++) {
        texts[i] = tatu_store_rows_text(rows, 2 + i, arena);
    }
    uint8_t want[32];
    uint8_t have[32];
    hash_line(previous, tatu_store_rows_int(rows, 0), tatu_store_rows_int(rows, 1), texts, want);
    tatu_store_rows_fixed(rows, 5, have, sizeof(have));
    memcpy(previous, have, sizeof(have));
    return memcmp(want, have, sizeof(have)) == 0;
}

enum tatu_err tatu_store_check_audit(struct tatu_store *store, int64_t *out_bad_sequence)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(tatu_store_query(store,
                              "SELECT seq, at_s, who, action, target, hash FROM audit ORDER BY seq",
                              NULL, 0, &rows));
    uint8_t previous[32] = {0};
    int64_t expected = 1;
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows), expected++) {
        struct tatu_arena arena __attribute__((cleanup(tatu_arena_done)));
        tatu_arena_init(&arena);
        if (tatu_store_rows_int(rows, 0) != expected || !line_fits(rows, &arena, previous)) {
            *out_bad_sequence = expected;
            return TATU_ERR_DIGEST;
        }
    }
    return err == TATU_ERR_NOT_FOUND ? TATU_OK : err;
}
