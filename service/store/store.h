/*
 * The data folder: lock, files, database, audit. Rooms above write portable SQL with ? places; the
 * database library shows in src/ only. One connection, one thread.
 */
#ifndef TATU_SERVICE_STORE_STORE_H
#define TATU_SERVICE_STORE_STORE_H

#include "base/base.h"
#include "service/arena/arena.h"

struct tatu_store;

/**
 * Opens the folder (made 0700 when missing), takes its lock, opens the database and brings its
 * tables up to date.
 *
 * Errors   BUSY     another service holds the lock
 *          DENIED   the folder is open to others than its owner
 *          VERSION  the database was written by a newer service
 *          FULL, IO
 */
enum tatu_err tatu_store_open(const char *dir, struct tatu_store **out);
void tatu_store_close(struct tatu_store *store);
const char *tatu_store_dir(const struct tatu_store *store);

/* ---- database ---- */
enum tatu_arg_kind { TATU_ARG_INT, TATU_ARG_TEXT, TATU_ARG_BYTES };
struct tatu_arg {
    enum tatu_arg_kind kind;
    int64_t number;
    const char *text;       /* NULL: SQL's NULL */
    struct tatu_span bytes; /* data NULL: SQL's NULL */
};
#define TATU_INT(value)                                                                            \
    {                                                                                              \
        .kind = TATU_ARG_INT, .number = (int64_t)(value)                                           \
    }
#define TATU_TEXT(value)                                                                           \
    {                                                                                              \
        .kind = TATU_ARG_TEXT, .text = (value)                                                     \
    }
#define TATU_BYTES(value)                                                                          \
    {                                                                                              \
        .kind = TATU_ARG_BYTES, .bytes = (value)                                                   \
    }
#define TATU_FIXED(array)                                                                          \
    {                                                                                              \
        .kind = TATU_ARG_BYTES, .bytes = TATU_SPAN_OF(array)                                       \
    }
#define TATU_AT(pointer, size)                                                                     \
    {                                                                                              \
        .kind = TATU_ARG_BYTES, .bytes = {(pointer), (size) }                                      \
    }

/**
 * Runs one statement that gives no rows.
 * out_changed  rows it changed; may be NULL
 * Errors       EXISTS (a constraint), FULL, BUSY, IO
 */
enum tatu_err tatu_store_run(struct tatu_store *store, const char *sql, const struct tatu_arg *args,
                             size_t count, int64_t *out_changed);
#define TATU_RUN(store, sql, ...)                                                                  \
    tatu_store_run((store), (sql), (const struct tatu_arg[]){__VA_ARGS__},                         \
                   sizeof((const struct tatu_arg[]){__VA_ARGS__}) / sizeof(struct tatu_arg), NULL)
int64_t tatu_store_last_row(const struct tatu_store *store);

/** Rows of a query; close them before the transaction ends. */
struct tatu_rows;
enum tatu_err tatu_store_query(struct tatu_store *store, const char *sql,
                               const struct tatu_arg *args, size_t count, struct tatu_rows **out);
#define TATU_QUERY(store, sql, out, ...)                                                           \
    tatu_store_query((store), (sql), (const struct tatu_arg[]){__VA_ARGS__},                       \
                     sizeof((const struct tatu_arg[]){__VA_ARGS__}) / sizeof(struct tatu_arg),     \
                     (out))
/** Errors: NOT_FOUND behind the last row; IO. */
enum tatu_err tatu_store_rows_next(struct tatu_rows *rows);
int64_t tatu_store_rows_int(const struct tatu_rows *rows, int column);
bool tatu_store_rows_is_null(const struct tatu_rows *rows, int column);
/** Copies; NULL for SQL's NULL. */
const char *tatu_store_rows_text(const struct tatu_rows *rows, int column,
                                 struct tatu_arena *arena);
struct tatu_span tatu_store_rows_bytes(const struct tatu_rows *rows, int column,
                                       struct tatu_arena *arena);
/** Exactly len bytes; zeros when the column holds another length. */
void tatu_store_rows_fixed(const struct tatu_rows *rows, int column, uint8_t *out, size_t len);
void tatu_store_rows_close(struct tatu_rows *rows);
static inline void tatu_store_rows_drop(struct tatu_rows **rows)
{
    tatu_store_rows_close(*rows);
}
#define TATU_ROWS_SCOPED struct tatu_rows *__attribute__((cleanup(tatu_store_rows_drop)))

/** A write in hand. Errors of commit: FULL, IO; then nothing of it was kept. */
enum tatu_err tatu_store_begin(struct tatu_store *store);
enum tatu_err tatu_store_commit(struct tatu_store *store);
void tatu_store_rollback(struct tatu_store *store);

/* ---- one unit of work: what every room's functions get ---- */
struct tatu_call {
    struct tatu_store *store;
    struct tatu_arena *arena;
    const char *who; /* for the audit: "operator", "device 0123456789abcdef", "service" */
    int64_t now_s;
};

/** Part of a list. Limits: TATU_PAGE_MAX rows. */
#define TATU_PAGE_MAX 500
struct tatu_page {
    int64_t skip;
    int64_t top;
};

/** Appends to the audit, whose lines are chained by SHA-256; part of the transaction in hand. */
enum tatu_err tatu_store_audit(const struct tatu_call *call, const char *action,
                               const char *target);
/** Walks the chain. Errors: DIGEST with the first line that does not fit. */
enum tatu_err tatu_store_check_audit(struct tatu_store *store, int64_t *out_bad_sequence);

/* ---- the clock ---- */
#define TATU_CLOCK_BACK_S 300 /* how far the time may step back without being refused */
/**
 * Whether this time may be true: not before the latest that this folder knew. Keeps it, once a
 * minute.
 * Errors   CLOCK  it is more than TATU_CLOCK_BACK_S before; FULL, IO
 */
enum tatu_err tatu_store_check_clock(struct tatu_store *store, int64_t now_s);
/** Forgets the latest time: somebody says that this one is true. Errors: FULL, IO. */
enum tatu_err tatu_store_accept_clock(struct tatu_store *store, int64_t now_s);

/* ---- files below the folder, all 0600, names relative ---- */
/** Makes a file that must not exist; complete or absent after a crash. Errors: EXISTS, FULL, IO. */
enum tatu_err tatu_store_create_file(const struct tatu_store *store, const char *name,
                                     struct tatu_span bytes);
/** The same, but takes the place of an older one in one step. */
enum tatu_err tatu_store_replace_file(const struct tatu_store *store, const char *name,
                                      struct tatu_span bytes);
/** Errors: NOT_FOUND, LONG over `max`, IO. */
enum tatu_err tatu_store_read_file(const struct tatu_store *store, const char *name, size_t max,
                                   struct tatu_arena *arena, struct tatu_span *out);
void tatu_store_remove_file(const struct tatu_store *store, const char *name);
/** Calls for each file of a sub-folder. */
void tatu_store_each_file(const struct tatu_store *store, const char *folder,
                          void (*visit)(void *context, const char *name), void *context);

#endif
