#include "service/store/store.h"

#define KEEP_EVERY_S 60

static enum tatu_err read_latest(struct tatu_store *store, int64_t *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(tatu_store_query(store, "SELECT latest_s FROM clock WHERE id=1", NULL, 0, &rows));
    TATU_TRY(tatu_store_rows_next(rows));
    *out = tatu_store_rows_int(rows, 0);
    return TATU_OK;
}

enum tatu_err tatu_store_accept_clock(struct tatu_store *store, int64_t now_s)
{
    return TATU_RUN(store, "UPDATE clock SET latest_s=? WHERE id=1", TATU_INT(now_s));
}

enum tatu_err tatu_store_check_clock(struct tatu_store *store, int64_t now_s)
{
    int64_t latest_s = 0;
    TATU_TRY(read_latest(store, &latest_s));
    if (now_s < latest_s - TATU_CLOCK_BACK_S) {
        return TATU_ERR_CLOCK;
    }
    return now_s >= latest_s + KEEP_EVERY_S ? tatu_store_accept_clock(store, now_s) : TATU_OK;
}
