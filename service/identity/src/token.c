#include "service/identity/identity.h"

#include <string.h>

#define TOKEN_SIZE 32

static enum tatu_err has_token(struct tatu_store *store, bool *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(tatu_store_query(store, "SELECT 1 FROM token LIMIT 1", NULL, 0, &rows));
    enum tatu_err err = tatu_store_rows_next(rows);
    if (err != TATU_OK && err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    *out = err == TATU_OK;
    return TATU_OK;
}

static enum tatu_err keep_token(const struct tatu_call *call, const char *token)
{
    uint8_t hash[32];
    tatu_crypto_sha256((struct tatu_span){(const uint8_t *)token, strlen(token)}, hash);
    TATU_TRY(tatu_store_begin(call->store));
    enum tatu_err err = TATU_RUN(
        call->store, "INSERT INTO token(hash, subject, created_s) VALUES(?, 'operator', ?)",
        TATU_FIXED(hash), TATU_INT(call->now_s));
    if (err == TATU_OK) {
        err = tatu_store_audit(call, "make token", "operator");
    }
    if (err != TATU_OK) {
        tatu_store_rollback(call->store);
        return err;
    }
    return tatu_store_commit(call->store);
}

enum tatu_err tatu_identity_first_token(const struct tatu_call *call,
                                        char out_token[TATU_TOKEN_TEXT_SIZE], bool *out_made)
{
    bool there = false;
    TATU_TRY(has_token(call->store, &there));
    if (there) {
        *out_made = false;
        return TATU_OK;
    }
    uint8_t bytes[TOKEN_SIZE];
    char text[TATU_TOKEN_TEXT_SIZE];
    tatu_crypto_random(bytes, sizeof(bytes));
    tatu_base_encode_hex(TATU_SPAN_OF(bytes), text);
    tatu_base_wipe(bytes, sizeof(bytes));
    /* file first: a crash in between leaves a copy that opens nothing and is replaced */
    TATU_TRY(tatu_store_replace_file(call->store, "operator.token",
                                     (struct tatu_span){(const uint8_t *)text, strlen(text)}));
    TATU_TRY(keep_token(call, text));
    memcpy(out_token, text, sizeof(text));
    *out_made = true;
    return TATU_OK;
}

enum tatu_err tatu_identity_check_token(struct tatu_store *store, struct tatu_arena *arena,
                                        const char *token, const char **out_subject)
{
    if (strlen(token) != TATU_TOKEN_TEXT_SIZE - 1) {
        return TATU_ERR_DENIED;
    }
    uint8_t hash[32];
    tatu_crypto_sha256((struct tatu_span){(const uint8_t *)token, strlen(token)}, hash);
    /* looked up by hash: time tells nothing about the token */
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(store, "SELECT subject FROM token WHERE hash=?", &rows, TATU_FIXED(hash)));
    enum tatu_err err = tatu_store_rows_next(rows);
    if (err != TATU_OK) {
        return err == TATU_ERR_NOT_FOUND ? TATU_ERR_DENIED : err;
    }
    *out_subject = tatu_store_rows_text(rows, 0, arena);
    return TATU_OK;
}
