#include "service/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "schema.h"

#define PATH_MAX_BYTES 4096
#define STATEMENT_CACHE 128
#define BUSY_TIMEOUT_MS 2000 /* somebody looks into the database by hand */

struct tatu_store {
    sqlite3 *db;
    char *dir;
    int lock_fd;
    struct {
        const char *sql; /* a literal of the rooms; compared by address, then text */
        sqlite3_stmt *statement;
        bool in_use;
    } cache[STATEMENT_CACHE];
    size_t cached;
};

struct tatu_rows {
    struct tatu_store *store;
    sqlite3_stmt *statement;
    size_t slot;
};

static enum tatu_err map_error(sqlite3 *db, int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return TATU_OK;
    case SQLITE_FULL:
        return TATU_ERR_FULL;
    case SQLITE_CONSTRAINT:
        return TATU_ERR_EXISTS;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TATU_ERR_BUSY;
    case SQLITE_NOMEM:
        return TATU_ERR_MEMORY;
    default:
        break;
    }
    /* the library keeps the cause of some failures only; a failed commit leaves it in errno */
    int cause = db == NULL ? 0 : sqlite3_system_errno(db);
    cause = cause == 0 ? errno : cause;
    bool full = cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
    return full ? TATU_ERR_FULL : TATU_ERR_IO;
}

static enum tatu_err run_script(struct tatu_store *store, const char *sql)
{
    errno = 0;
    return map_error(store->db, sqlite3_exec(store->db, sql, NULL, NULL, NULL));
}

static enum tatu_err read_version(struct tatu_store *store, int *out)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    if (code == SQLITE_ROW) {
        *out = sqlite3_column_int(statement, 0);
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_ROW ? TATU_OK : map_error(store->db, code);
}

static enum tatu_err migrate(struct tatu_store *store)
{
    int version = 0;
    TATU_TRY(read_version(store, &version));
    if (version < 0 || (size_t)version > tatu_store_schema_step_count) {
        return TATU_ERR_VERSION;
    }
    for (size_t i = (size_t)version; i < tatu_store_schema_step_count; i++) {
        char *sql = sqlite3_mprintf("BEGIN IMMEDIATE;%s;PRAGMA user_version=%d;COMMIT",
                                    tatu_store_schema_steps[i], (int)i + 1);
        if (sql == NULL) {
            return TATU_ERR_MEMORY;
        }
        enum tatu_err err = run_script(store, sql);
        sqlite3_free(sql);
        if (err != TATU_OK) {
            (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
            return err;
        }
    }
    return TATU_OK;
}

static enum tatu_err open_database(struct tatu_store *store)
{
    char path[PATH_MAX_BYTES];
    TATU_TRY(tatu_store_make_path(store->dir, "tatu.db", path, sizeof(path)));
    int code = sqlite3_open_v2(
        path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, NULL);
    TATU_TRY(map_error(store->db, code));
    (void)sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
    /* FULL: an answer goes out only after the write-ahead log is on the disk */
    TATU_TRY(run_script(store, "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
                               "PRAGMA foreign_keys=ON;PRAGMA trusted_schema=OFF;"
                               "PRAGMA cell_size_check=ON"));
    return migrate(store);
}

static enum tatu_err take_folder(struct tatu_store *store)
{
    if (mkdir(store->dir, 0700) != 0 && errno != EEXIST) {
        return errno == ENOSPC ? TATU_ERR_FULL : TATU_ERR_IO;
    }
    struct stat st;
    if (stat(store->dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return TATU_ERR_IO;
    }
    if ((st.st_mode & 077) != 0 || st.st_uid != geteuid()) {
        return TATU_ERR_DENIED;
    }
    char path[PATH_MAX_BYTES];
    TATU_TRY(tatu_store_make_path(store->dir, "lock", path, sizeof(path)));
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store->lock_fd < 0) {
        return errno == ENOSPC ? TATU_ERR_FULL : TATU_ERR_IO;
    }
    return flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0 ? TATU_OK : TATU_ERR_BUSY;
}

static enum tatu_err open_all(struct tatu_store *store)
{
    TATU_TRY(take_folder(store));
    static const char *const folders[] = {"keys", "images", "symbols"};
    for (size_t i = 0; i < TATU_COUNT_OF(folders); i++) {
        TATU_TRY(tatu_store_make_folder(store->dir, folders[i]));
    }
    return open_database(store);
}

enum tatu_err tatu_store_open(const char *dir, struct tatu_store **out)
{
    (void)umask(077); /* the database library makes its files by itself */
    struct tatu_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return TATU_ERR_MEMORY;
    }
    store->lock_fd = -1;
    store->dir = strdup(dir);
    enum tatu_err err = store->dir == NULL ? TATU_ERR_MEMORY : open_all(store);
    if (err != TATU_OK) {
        tatu_store_close(store);
        return err;
    }
    *out = store;
    return TATU_OK;
}

void tatu_store_close(struct tatu_store *store)
{
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < store->cached; i++) {
        (void)sqlite3_finalize(store->cache[i].statement);
    }
    (void)sqlite3_close(store->db);
    if (store->lock_fd >= 0) {
        (void)close(store->lock_fd);
    }
    free(store->dir);
    free(store);
}

const char *tatu_store_dir(const struct tatu_store *store)
{
    return store->dir;
}

/* A prepared statement from the cache; slot STATEMENT_CACHE is one of its own. */
static enum tatu_err prepare(struct tatu_store *store, const char *sql, sqlite3_stmt **out,
                             size_t *out_slot)
{
    for (size_t i = 0; i < store->cached; i++) {
        if (!store->cache[i].in_use && strcmp(store->cache[i].sql, sql) == 0) {
            store->cache[i].in_use = true;
            *out = store->cache[i].statement;
            *out_slot = i;
            return TATU_OK;
        }
    }
    sqlite3_stmt *statement = NULL;
    TATU_TRY(map_error(store->db, sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                                     &statement, NULL)));
    *out_slot = store->cached;
    if (store->cached < STATEMENT_CACHE) {
        store->cache[store->cached].sql = sqlite3_sql(statement);
        store->cache[store->cached].statement = statement;
        store->cache[store->cached].in_use = true;
        store->cached++;
    }
    *out = statement;
    return TATU_OK;
}

static void release(struct tatu_store *store, sqlite3_stmt *statement, size_t slot)
{
    if (slot >= STATEMENT_CACHE) {
        (void)sqlite3_finalize(statement);
        return;
    }
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    store->cache[slot].in_use = false;
}

static int bind_one(sqlite3_stmt *statement, int place, const struct tatu_arg *arg)
{
    switch (arg->kind) {
    case TATU_ARG_INT:
        return sqlite3_bind_int64(statement, place, arg->number);
    case TATU_ARG_TEXT:
        return sqlite3_bind_text(statement, place, arg->text, -1, SQLITE_TRANSIENT);
    case TATU_ARG_BYTES:
        return sqlite3_bind_blob64(statement, place, arg->bytes.data, arg->bytes.len,
                                   SQLITE_TRANSIENT);
    }
    return SQLITE_MISUSE;
}

static enum tatu_err bind_all(struct tatu_store *store, sqlite3_stmt *statement,
                              const struct tatu_arg *args, size_t count)
{
    if ((size_t)sqlite3_bind_parameter_count(statement) != count) {
        return TATU_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < count; i++) {
        TATU_TRY(map_error(store->db, bind_one(statement, (int)i + 1, &args[i])));
    }
    return TATU_OK;
}

enum tatu_err tatu_store_query(struct tatu_store *store, const char *sql,
                               const struct tatu_arg *args, size_t count, struct tatu_rows **out)
{
    sqlite3_stmt *statement = NULL;
    size_t slot = 0;
    TATU_TRY(prepare(store, sql, &statement, &slot));
    enum tatu_err err = bind_all(store, statement, args, count);
    struct tatu_rows *rows = err == TATU_OK ? calloc(1, sizeof(*rows)) : NULL;
    if (rows == NULL) {
        release(store, statement, slot);
        return err == TATU_OK ? TATU_ERR_MEMORY : err;
    }
    *rows = (struct tatu_rows){store, statement, slot};
    *out = rows;
    return TATU_OK;
}

enum tatu_err tatu_store_rows_next(struct tatu_rows *rows)
{
    errno = 0;
    int code = sqlite3_step(rows->statement);
    if (code == SQLITE_DONE) {
        return TATU_ERR_NOT_FOUND;
    }
    return map_error(rows->store->db, code);
}

void tatu_store_rows_close(struct tatu_rows *rows)
{
    if (rows != NULL) {
        release(rows->store, rows->statement, rows->slot);
        free(rows);
    }
}

enum tatu_err tatu_store_run(struct tatu_store *store, const char *sql, const struct tatu_arg *args,
                             size_t count, int64_t *out_changed)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(tatu_store_query(store, sql, args, count, &rows));
    enum tatu_err err = tatu_store_rows_next(rows);
    if (err != TATU_OK && err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    if (out_changed != NULL) {
        *out_changed = sqlite3_changes64(store->db);
    }
    return TATU_OK;
}

int64_t tatu_store_last_row(const struct tatu_store *store)
{
    return sqlite3_last_insert_rowid(store->db);
}

int64_t tatu_store_rows_int(const struct tatu_rows *rows, int column)
{
    return sqlite3_column_int64(rows->statement, column);
}

bool tatu_store_rows_is_null(const struct tatu_rows *rows, int column)
{
    return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

const char *tatu_store_rows_text(const struct tatu_rows *rows, int column, struct tatu_arena *arena)
{
    const char *text = (const char *)sqlite3_column_text(rows->statement, column);
    return text == NULL ? NULL : tatu_arena_copy_text(arena, text, strlen(text));
}

struct tatu_span tatu_store_rows_bytes(const struct tatu_rows *rows, int column,
                                       struct tatu_arena *arena)
{
    const uint8_t *data = sqlite3_column_blob(rows->statement, column);
    size_t len = (size_t)sqlite3_column_bytes(rows->statement, column);
    return tatu_arena_copy(arena, (struct tatu_span){data, data == NULL ? 0 : len});
}

void tatu_store_rows_fixed(const struct tatu_rows *rows, int column, uint8_t *out, size_t len)
{
    const uint8_t *data = sqlite3_column_blob(rows->statement, column);
    bool fits = data != NULL && (size_t)sqlite3_column_bytes(rows->statement, column) == len;
    if (fits) {
        memcpy(out, data, len);
    } else {
        memset(out, 0, len);
    }
}

enum tatu_err tatu_store_begin(struct tatu_store *store)
{
    return run_script(store, "BEGIN IMMEDIATE");
}

enum tatu_err tatu_store_commit(struct tatu_store *store)
{
    enum tatu_err err = run_script(store, "COMMIT");
    if (err != TATU_OK) {
        tatu_store_rollback(store);
    }
    return err;
}

void tatu_store_rollback(struct tatu_store *store)
{
    if (sqlite3_get_autocommit(store->db) == 0) { /* a full disk may have rolled back already */
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
}
