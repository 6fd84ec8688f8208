#include "names.h"
#include "service/fleet/fleet.h"

#define COLUMNS "id, name, description, created_s, created_by FROM product "

static void read_product(const struct tatu_call *call, const struct tatu_rows *rows,
                         struct tatu_product *out)
{
    *out = (struct tatu_product){
        .id = tatu_store_rows_int(rows, 0),
        .name = tatu_store_rows_text(rows, 1, call->arena),
        .description = tatu_store_rows_text(rows, 2, call->arena),
        .created_s = tatu_store_rows_int(rows, 3),
        .created_by = tatu_store_rows_text(rows, 4, call->arena),
    };
}

enum tatu_err tatu_fleet_get_product(const struct tatu_call *call, int64_t catalog,
                                     const char *name, struct tatu_product *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, "SELECT " COLUMNS "WHERE catalog=? AND folded=?", &rows,
                        TATU_INT(catalog), TATU_TEXT(tatu_fleet_fold_name(call->arena, name))));
    TATU_TRY(tatu_store_rows_next(rows));
    read_product(call, rows, out);
    return TATU_OK;
}

static enum tatu_err insert_product(const struct tatu_call *call, int64_t catalog, const char *name,
                                    const char *description)
{
    TATU_TRY(TATU_RUN(call->store,
                      "INSERT INTO product(catalog, name, folded, description, created_s,"
                      " created_by) VALUES(?,?,?,?,?,?)",
                      TATU_INT(catalog), TATU_TEXT(name),
                      TATU_TEXT(tatu_fleet_fold_name(call->arena, name)),
                      TATU_TEXT(description == NULL ? "" : description), TATU_INT(call->now_s),
                      TATU_TEXT(call->who)));
    int64_t product = tatu_store_last_row(call->store);
    TATU_TRY(tatu_store_audit(call, "make product", name));
    return tatu_fleet_make_default_groups(call, product);
}

enum tatu_err tatu_fleet_put_product(const struct tatu_call *call, int64_t catalog,
                                     const char *name, const char *description,
                                     struct tatu_product *out, bool *out_made)
{
    struct tatu_product product;
    enum tatu_err err = tatu_fleet_get_product(call, catalog, name, &product);
    bool made = err == TATU_ERR_NOT_FOUND;
    if (made) {
        err = insert_product(call, catalog, name, description);
    } else if (err == TATU_OK && description != NULL) {
        err = TATU_RUN(call->store, "UPDATE product SET description=? WHERE id=?",
                       TATU_TEXT(description), TATU_INT(product.id));
        if (err == TATU_OK) {
            err = tatu_store_audit(call, "set product", name);
        }
    }
    TATU_TRY(err);
    TATU_TRY(tatu_fleet_get_product(call, catalog, name, out));
    *out_made = made;
    return TATU_OK;
}

enum tatu_err tatu_fleet_list_products(const struct tatu_call *call, int64_t catalog,
                                       const struct tatu_page *page, struct tatu_product_list *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store,
                        "SELECT " COLUMNS "WHERE catalog=? ORDER BY id LIMIT ? OFFSET ?", &rows,
                        TATU_INT(catalog), NAMES_PAGE(page)));
    struct tatu_product_list list = {
        TATU_ARENA_MANY(call->arena, struct tatu_product, (size_t)page->top + 1), 0, false};
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        read_product(call, rows, &list.items[list.count++]);
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    list.more = list.count > (size_t)page->top;
    list.count -= list.more;
    *out = list;
    return TATU_OK;
}
