#include "service/failures/failures.h"

#define INSIGHT_S (14 * 86400)

#define FILTER "WHERE (?=0 OR catalog=?) AND (? IS NULL OR device=?) "
#define FILTER_ARGS(filter)                                                                        \
    TATU_INT((filter)->catalog), TATU_INT((filter)->catalog),                                      \
        TATU_AT((filter)->device, (filter)->device == NULL ? 0 : 64),                              \
        TATU_AT((filter)->device, (filter)->device == NULL ? 0 : 64)
#define PAGE_ARGS(page) TATU_INT((page)->top + 1), TATU_INT((page)->skip)

static void read_event(const struct tatu_call *call, const struct tatu_rows *rows,
                       struct tatu_stored_event *out)
{
    struct tatu_stored_event event = {
        .id = tatu_store_rows_int(rows, 0),
        .kind = tatu_store_rows_text(rows, 2, call->arena),
        .has_component = !tatu_store_rows_is_null(rows, 3),
        .code = tatu_store_rows_int(rows, 5),
        .text = tatu_store_rows_text(rows, 6, call->arena),
        .at_s = tatu_store_rows_int(rows, 7),
        .received_s = tatu_store_rows_int(rows, 8),
    };
    tatu_store_rows_fixed(rows, 1, event.device_id, sizeof(event.device_id));
    tatu_store_rows_fixed(rows, 3, event.component, sizeof(event.component));
    tatu_store_rows_fixed(rows, 4, event.image, sizeof(event.image));
    *out = event;
}

enum tatu_err tatu_failures_list_events(const struct tatu_call *call,
                                        const struct tatu_failure_filter *filter,
                                        const struct tatu_page *page, struct tatu_event_list *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store,
                        "SELECT id, device, kind, component, image, code, text, at_s, received_s"
                        " FROM event " FILTER "ORDER BY id DESC LIMIT ? OFFSET ?",
                        &rows, FILTER_ARGS(filter), PAGE_ARGS(page)));
    struct tatu_event_list list = {
        TATU_ARENA_MANY(call->arena, struct tatu_stored_event, (size_t)page->top + 1), 0, false};
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        read_event(call, rows, &list.items[list.count++]);
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    list.more = list.count > (size_t)page->top;
    list.count -= list.more;
    *out = list;
    return TATU_OK;
}

#define CRASH_COLUMNS                                                                              \
    "SELECT id, device, component, image, signal_number, signal_code, fault, module, build_id,"    \
    " crash_group, payload, at_s, received_s, (SELECT COUNT(*) FROM crash o"                       \
    " WHERE o.crash_group=crash.crash_group AND COALESCE(o.catalog,0)=COALESCE(crash.catalog,0))"  \
    " FROM crash "

static void read_crash(const struct tatu_call *call, const struct tatu_rows *rows,
                       struct tatu_stored_crash *out)
{
    struct tatu_stored_crash crash = {
        .id = tatu_store_rows_int(rows, 0),
        .signal = (uint32_t)tatu_store_rows_int(rows, 4),
        .signal_code = (uint32_t)tatu_store_rows_int(rows, 5),
        .fault_address = (uint32_t)tatu_store_rows_int(rows, 6),
        .module = tatu_store_rows_text(rows, 7, call->arena),
        .build_id = tatu_store_rows_bytes(rows, 8, call->arena),
        .group = tatu_store_rows_bytes(rows, 9, call->arena),
        .payload = tatu_store_rows_bytes(rows, 10, call->arena),
        .at_s = tatu_store_rows_int(rows, 11),
        .received_s = tatu_store_rows_int(rows, 12),
        .group_count = tatu_store_rows_int(rows, 13),
    };
    tatu_store_rows_fixed(rows, 1, crash.device_id, sizeof(crash.device_id));
    tatu_store_rows_fixed(rows, 2, crash.component, sizeof(crash.component));
    tatu_store_rows_fixed(rows, 3, crash.image, sizeof(crash.image));
    *out = crash;
}

enum tatu_err tatu_failures_list_crashes(const struct tatu_call *call,
                                         const struct tatu_failure_filter *filter,
                                         const struct tatu_page *page, struct tatu_crash_list *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, CRASH_COLUMNS FILTER "ORDER BY id DESC LIMIT ? OFFSET ?",
                        &rows, FILTER_ARGS(filter), PAGE_ARGS(page)));
    struct tatu_crash_list list = {
        TATU_ARENA_MANY(call->arena, struct tatu_stored_crash, (size_t)page->top + 1), 0, false};
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        read_crash(call, rows, &list.items[list.count++]);
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    list.more = list.count > (size_t)page->top;
    list.count -= list.more;
    *out = list;
    return TATU_OK;
}

enum tatu_err tatu_failures_get_crash(const struct tatu_call *call, int64_t id,
                                      struct tatu_stored_crash *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, CRASH_COLUMNS "WHERE id=?", &rows, TATU_INT(id)));
    TATU_TRY(tatu_store_rows_next(rows));
    read_crash(call, rows, out);
    return TATU_OK;
}

enum tatu_err tatu_failures_list_insights(const struct tatu_call *call, int64_t catalog,
                                          const struct tatu_page *page,
                                          struct tatu_insight_list *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    int64_t since_s = call->now_s - INSIGHT_S;
    TATU_TRY(TATU_QUERY(
        call->store,
        "SELECT device, 'Crash', module, component, COUNT(*), MIN(at_s), MAX(at_s) FROM crash"
        " WHERE catalog=? AND received_s>=? GROUP BY device, module, component"
        " UNION ALL SELECT device, 'Event', kind, component, COUNT(*), MIN(at_s), MAX(at_s)"
        " FROM event WHERE catalog=? AND received_s>=? GROUP BY device, kind, component"
        " ORDER BY 7 DESC, 1, 3 LIMIT ? OFFSET ?",
        &rows, TATU_INT(catalog), TATU_INT(since_s), TATU_INT(catalog), TATU_INT(since_s),
        PAGE_ARGS(page)));
    struct tatu_insight_list list = {
        TATU_ARENA_MANY(call->arena, struct tatu_insight, (size_t)page->top + 1), 0, false};
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        struct tatu_insight *insight = &list.items[list.count++];
        tatu_store_rows_fixed(rows, 0, insight->device_id, sizeof(insight->device_id));
        insight->category = tatu_store_rows_text(rows, 1, call->arena);
        insight->type = tatu_store_rows_text(rows, 2, call->arena);
        tatu_store_rows_fixed(rows, 3, insight->component, sizeof(insight->component));
        insight->count = tatu_store_rows_int(rows, 4);
        insight->first_s = tatu_store_rows_int(rows, 5);
        insight->last_s = tatu_store_rows_int(rows, 6);
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    list.more = list.count > (size_t)page->top;
    list.count -= list.more;
    *out = list;
    return TATU_OK;
}
