#include "names.h"
#include "service/fleet/fleet.h"

#define COLUMNS                                                                                    \
    "g.id, g.name, p.name, g.description, g.feed, g.policy, g.dumps, g.region, g.created_s,"       \
    " g.created_by, EXISTS(SELECT 1 FROM deployment d WHERE d.device_group=g.id),"                 \
    " g.renewal_grace_s"                                                                           \
    " FROM device_group g JOIN product p ON p.id=g.product "

static const struct tatu_group_settings defaults = {
    .description = "",
    .feed = "Retail",
    .policy = "UpdateAll",
    .dumps = "Enabled", /* the owner runs this service; he may forbid it per group */
    .region = "None",
};

/* What a new product starts with. */
static const struct {
    const char *name;
    const char *description;
    const char *feed;
    const char *policy;
} default_groups[] = {
    {"Development", "Default development device group", "Retail", "No3rdPartyAppUpdates"},
    {"Field Test", "Default test device group", "Retail", "UpdateAll"},
    {"Production", "Default production device group", "Retail", "UpdateAll"},
    {"Field Test OS Evaluation", "Default Field Test OS Evaluation device group", "RetailEval",
     "UpdateAll"},
    {"Production OS Evaluation", "Default Production OS Evaluation device group", "RetailEval",
     "UpdateAll"},
};

static void read_group(const struct tatu_call *call, const struct tatu_rows *rows,
                       struct tatu_group *out)
{
    *out = (struct tatu_group){
        .id = tatu_store_rows_int(rows, 0),
        .name = tatu_store_rows_text(rows, 1, call->arena),
        .product = tatu_store_rows_text(rows, 2, call->arena),
        .settings = {.description = tatu_store_rows_text(rows, 3, call->arena),
                     .feed = tatu_store_rows_text(rows, 4, call->arena),
                     .policy = tatu_store_rows_text(rows, 5, call->arena),
                     .dumps = tatu_store_rows_text(rows, 6, call->arena),
                     .region = tatu_store_rows_text(rows, 7, call->arena)},
        .created_s = tatu_store_rows_int(rows, 8),
        .created_by = tatu_store_rows_text(rows, 9, call->arena),
        .has_deployment = tatu_store_rows_int(rows, 10) != 0,
        .renewal_grace_s = tatu_store_rows_int(rows, 11),
    };
}

static enum tatu_err find_group(const struct tatu_call *call, int64_t product, const char *name,
                                struct tatu_group *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, "SELECT " COLUMNS "WHERE g.product=? AND g.folded=?", &rows,
                        TATU_INT(product), TATU_TEXT(tatu_fleet_fold_name(call->arena, name))));
    TATU_TRY(tatu_store_rows_next(rows));
    read_group(call, rows, out);
    return TATU_OK;
}

enum tatu_err tatu_fleet_get_group(const struct tatu_call *call, int64_t catalog,
                                   const char *product, const char *name, struct tatu_group *out)
{
    if (tatu_fleet_is_unassigned(product) && tatu_fleet_is_unassigned(name)) {
        *out = (struct tatu_group){
            .name = name, .product = product, .settings = defaults, .created_by = ""};
        return TATU_OK;
    }
    struct tatu_product found;
    TATU_TRY(tatu_fleet_get_product(call, catalog, product, &found));
    return find_group(call, found.id, name, out);
}

static const char *or_else(const char *value, const char *otherwise)
{
    return value != NULL ? value : otherwise;
}

static enum tatu_err insert_group(const struct tatu_call *call, int64_t product, const char *name,
                                  const struct tatu_group_settings *s)
{
    TATU_TRY(TATU_RUN(
        call->store,
        "INSERT INTO device_group(product, name, folded, description, feed, policy, dumps, region,"
        " created_s, created_by) VALUES(?,?,?,?,?,?,?,?,?,?)",
        TATU_INT(product), TATU_TEXT(name), TATU_TEXT(tatu_fleet_fold_name(call->arena, name)),
        TATU_TEXT(or_else(s->description, defaults.description)),
        TATU_TEXT(or_else(s->feed, defaults.feed)), TATU_TEXT(or_else(s->policy, defaults.policy)),
        TATU_TEXT(or_else(s->dumps, defaults.dumps)),
        TATU_TEXT(or_else(s->region, defaults.region)), TATU_INT(call->now_s),
        TATU_TEXT(call->who)));
    return tatu_store_audit(call, "make device group", name);
}

static enum tatu_err update_group(const struct tatu_call *call, const struct tatu_group *group,
                                  const struct tatu_group_settings *s)
{
    const struct tatu_group_settings *old = &group->settings;
    TATU_TRY(TATU_RUN(call->store,
                      "UPDATE device_group SET description=?, feed=?, policy=?, dumps=?, region=?"
                      " WHERE id=?",
                      TATU_TEXT(or_else(s->description, old->description)),
                      TATU_TEXT(or_else(s->feed, old->feed)),
                      TATU_TEXT(or_else(s->policy, old->policy)),
                      TATU_TEXT(or_else(s->dumps, old->dumps)),
                      TATU_TEXT(or_else(s->region, old->region)), TATU_INT(group->id)));
    return tatu_store_audit(call, "set device group", group->name);
}

enum tatu_err tatu_fleet_put_group(const struct tatu_call *call, const struct tatu_product *product,
                                   const char *name, const struct tatu_group_settings *settings,
                                   struct tatu_group *out, bool *out_made)
{
    struct tatu_group group;
    enum tatu_err err = find_group(call, product->id, name, &group);
    bool made = err == TATU_ERR_NOT_FOUND;
    if (made) {
        err = insert_group(call, product->id, name, settings);
    } else if (err == TATU_OK) {
        err = update_group(call, &group, settings);
    }
    TATU_TRY(err);
    TATU_TRY(find_group(call, product->id, name, out));
    *out_made = made;
    return TATU_OK;
}

enum tatu_err tatu_fleet_set_renewal_grace(const struct tatu_call *call,
                                           const struct tatu_group *group, int64_t grace_s)
{
    if (grace_s != 0 && (grace_s < (int64_t)TATU_TICKET_GRACE_MIN_S ||
                         grace_s > (int64_t)TATU_TICKET_GRACE_MAX_S)) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(TATU_RUN(call->store, "UPDATE device_group SET renewal_grace_s=? WHERE id=?",
                      TATU_INT(grace_s), TATU_INT(group->id)));
    return tatu_store_audit(call, "set renewal grace",
                            tatu_arena_format(call->arena, "%s/%s %lld s", group->product,
                                              group->name, (long long)grace_s));
}

enum tatu_err tatu_fleet_make_default_groups(const struct tatu_call *call, int64_t product)
{
    for (size_t i = 0; i < TATU_COUNT_OF(default_groups); i++) {
        struct tatu_group group;
        enum tatu_err err = find_group(call, product, default_groups[i].name, &group);
        if (err == TATU_ERR_NOT_FOUND) {
            const struct tatu_group_settings settings = {
                .description = default_groups[i].description,
                .feed = default_groups[i].feed,
                .policy = default_groups[i].policy,
            };
            err = insert_group(call, product, default_groups[i].name, &settings);
        }
        TATU_TRY(err);
    }
    return TATU_OK;
}

enum tatu_err tatu_fleet_list_groups(const struct tatu_call *call,
                                     const struct tatu_product *product,
                                     const struct tatu_page *page, struct tatu_group_list *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store,
                        "SELECT " COLUMNS "WHERE g.product=? ORDER BY g.id LIMIT ? OFFSET ?", &rows,
                        TATU_INT(product->id), NAMES_PAGE(page)));
    struct tatu_group_list list = {
        TATU_ARENA_MANY(call->arena, struct tatu_group, (size_t)page->top + 1), 0, false};
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        read_group(call, rows, &list.items[list.count++]);
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    list.more = list.count > (size_t)page->top;
    list.count -= list.more;
    *out = list;
    return TATU_OK;
}
