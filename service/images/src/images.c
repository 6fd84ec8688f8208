#include "service/images/images.h"

#include "proto/capability.h"
#include "proto/image.h"

#include <string.h>

#define COLUMNS                                                                                    \
    "SELECT image, component, name, description, region, size_bytes, digest, created_s,"           \
    " created_by, content FROM image "

static void read_image(const struct tatu_call *call, const struct tatu_rows *rows,
                       struct tatu_stored_image *out)
{
    struct tatu_stored_image image = {
        .name = tatu_store_rows_text(rows, 2, call->arena),
        .description = tatu_store_rows_text(rows, 3, call->arena),
        .region = tatu_store_rows_text(rows, 4, call->arena),
        .size_bytes = (uint32_t)tatu_store_rows_int(rows, 5),
        .created_s = tatu_store_rows_int(rows, 7),
        .created_by = tatu_store_rows_text(rows, 8, call->arena),
    };
    tatu_store_rows_fixed(rows, 0, image.image, sizeof(image.image));
    tatu_store_rows_fixed(rows, 1, image.component, sizeof(image.component));
    tatu_store_rows_fixed(rows, 6, image.digest, sizeof(image.digest));
    *out = image;
}

/* With the digest of what was uploaded, to tell the same upload from another one. */
static enum tatu_err find_image(const struct tatu_call *call, int64_t catalog, const uint8_t id[16],
                                struct tatu_stored_image *out, uint8_t out_content[32])
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, COLUMNS "WHERE catalog=? AND image=?", &rows,
                        TATU_INT(catalog), TATU_AT(id, 16)));
    TATU_TRY(tatu_store_rows_next(rows));
    read_image(call, rows, out);
    tatu_store_rows_fixed(rows, 9, out_content, 32);
    return TATU_OK;
}

static const char *file_name(const struct tatu_call *call, const uint8_t digest[32])
{
    return tatu_arena_format(call->arena, "images/%s",
                             tatu_arena_hex(call->arena, (struct tatu_span){digest, 32}));
}

/* Body as it came, metadata rebuilt for the catalog's key, that key's signature. */
static enum tatu_err sign_package(const struct tatu_call *call, int64_t catalog,
                                  struct tatu_span package, const struct tatu_image_info *uploaded,
                                  struct tatu_span *out)
{
    struct tatu_key *key __attribute__((cleanup(tatu_crypto_drop_key))) = NULL;
    TATU_TRY(tatu_fleet_get_catalog_key(call, catalog, TATU_CATALOG_IMAGE_KEY, &key));
    uint8_t public_key[TATU_PUBLIC_SIZE], digest[32], signature[64];
    struct tatu_image_info info = *uploaded;
    tatu_crypto_get_public(key, public_key);
    tatu_crypto_thumbprint(public_key, info.thumbprint);
    struct tatu_buf buf = tatu_arena_buf(call->arena, info.body_len + TATU_IMAGE_TRAILER_MAX);
    TATU_TRY(tatu_base_put_bytes(&buf, (struct tatu_span){package.data, info.body_len}));
    TATU_TRY(tatu_proto_encode_metadata(&info, &buf));
    tatu_crypto_sha256((struct tatu_span){buf.data, buf.len}, digest);
    TATU_TRY(tatu_crypto_sign_digest(key, digest, signature));
    TATU_TRY(tatu_base_put_bytes(&buf, TATU_SPAN_OF(signature)));
    *out = (struct tatu_span){buf.data, buf.len};
    return TATU_OK;
}

/* The owner keeps the key: what he uploads he has signed himself. */
static enum tatu_err check_owner(const struct tatu_call *call, int64_t catalog,
                                 struct tatu_span package, const struct tatu_image_info *info)
{
    uint8_t owner[TATU_PUBLIC_SIZE], digest[32], thumbprint[TATU_THUMBPRINT_SIZE];
    TATU_TRY(tatu_fleet_get_owner_key(call, catalog, owner));
    tatu_crypto_thumbprint(owner, thumbprint);
    if (memcmp(thumbprint, info->thumbprint, sizeof(thumbprint)) != 0) {
        return TATU_ERR_KEY_UNKNOWN;
    }
    tatu_crypto_sha256((struct tatu_span){package.data, info->signed_len}, digest);
    return tatu_crypto_verify_digest(owner, digest, info->signature);
}

static enum tatu_err make_trusted(const struct tatu_call *call, int64_t catalog,
                                  struct tatu_span package, const struct tatu_image_info *info,
                                  struct tatu_span *out)
{
    enum tatu_err err = sign_package(call, catalog, package, info, out);
    if (err != TATU_ERR_STATE) {
        return err;
    }
    TATU_TRY(check_owner(call, catalog, package, info));
    *out = package;
    return TATU_OK;
}

static enum tatu_err insert_image(const struct tatu_call *call, int64_t catalog,
                                  const struct tatu_upload *upload,
                                  const struct tatu_image_info *info, const uint8_t content[32])
{
    struct tatu_span package;
    uint8_t digest[32];
    TATU_TRY(make_trusted(call, catalog, upload->package, info, &package));
    tatu_crypto_sha256(package, digest);
    /* file first: without its row it is swept up at the next start */
    enum tatu_err err = tatu_store_create_file(call->store, file_name(call, digest), package);
    if (err != TATU_OK && err != TATU_ERR_EXISTS) {
        return err;
    }
    const char *name = tatu_arena_copy_text(call->arena, (const char *)info->name,
                                            strnlen((const char *)info->name, sizeof(info->name)));
    TATU_TRY(TATU_RUN(call->store,
                      "INSERT INTO image(catalog, image, component, name, description, region,"
                      " size_bytes, digest, content, created_s, created_by)"
                      " VALUES(?,?,?,?,?,?,?,?,?,?,?)",
                      TATU_INT(catalog), TATU_FIXED(info->image), TATU_FIXED(info->component),
                      TATU_TEXT(name), TATU_TEXT(upload->description), TATU_TEXT(upload->region),
                      TATU_INT(package.len), TATU_FIXED(digest), TATU_AT(content, 32),
                      TATU_INT(call->now_s), TATU_TEXT(call->who)));
    return tatu_store_audit(call, "upload image",
                            tatu_arena_hex(call->arena, TATU_SPAN_OF(info->image)));
}

static bool is_zero(const uint8_t id[16])
{
    static const uint8_t zero[16];
    return memcmp(id, zero, sizeof(zero)) == 0;
}

static enum tatu_err check_upload(const struct tatu_upload *upload, struct tatu_image_info *out)
{
    if (upload->package.len > TATU_UPLOAD_MAX) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(tatu_proto_decode_image(upload->package, (uint32_t)upload->package.len, out));
    if (out->type != TATU_IMAGE_APPLICATION) {
        return TATU_ERR_TYPE;
    }
    if (is_zero(out->image) || is_zero(out->component)) {
        return TATU_ERR_FORMAT; /* zero means "none" in deployments */
    }
    bool other = upload->image_id != NULL && memcmp(upload->image_id, out->image, 16) != 0;
    return other ? TATU_ERR_ARGUMENT : TATU_OK;
}

enum tatu_err tatu_images_put(const struct tatu_call *call, int64_t catalog,
                              const struct tatu_upload *upload, struct tatu_stored_image *out,
                              bool *out_made)
{
    struct tatu_image_info info;
    struct tatu_stored_image image;
    uint8_t content[32], stored[32];
    TATU_TRY(check_upload(upload, &info));
    /* without its signature, which differs each time the same thing is signed */
    tatu_crypto_sha256((struct tatu_span){upload->package.data, info.signed_len}, content);
    enum tatu_err err = find_image(call, catalog, info.image, &image, stored);
    if (err == TATU_OK) {
        if (memcmp(stored, content, sizeof(content)) != 0) {
            return TATU_ERR_EXISTS;
        }
        *out = image;
        *out_made = false;
        return TATU_OK;
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    TATU_TRY(insert_image(call, catalog, upload, &info, content));
    TATU_TRY(find_image(call, catalog, info.image, out, stored));
    *out_made = true;
    return TATU_OK;
}

enum tatu_err tatu_images_make_capability(const struct tatu_call *call, int64_t catalog,
                                          const uint8_t device[64], uint32_t set,
                                          struct tatu_span *out)
{
    struct tatu_image_info info = {
        .type = TATU_IMAGE_CAPABILITY,
        .built_s = (uint64_t)call->now_s,
        .name = "capability",
        .body_len = TATU_CAPABILITY_SIZE,
    };
    struct tatu_buf body = tatu_arena_buf(call->arena, TATU_CAPABILITY_SIZE);
    TATU_TRY(tatu_proto_encode_capability(set, device, &body));
    tatu_crypto_random(info.component, sizeof(info.component));
    tatu_crypto_random(info.image, sizeof(info.image));
    TATU_TRY(sign_package(call, catalog, (struct tatu_span){body.data, body.len}, &info, out));
    return tatu_store_audit(call, "give capability",
                            tatu_arena_hex(call->arena, (struct tatu_span){device, 64}));
}

enum tatu_err tatu_images_get(const struct tatu_call *call, int64_t catalog,
                              const uint8_t image[16], struct tatu_stored_image *out)
{
    uint8_t content[32];
    return find_image(call, catalog, image, out, content);
}

enum tatu_err tatu_images_list(const struct tatu_call *call, int64_t catalog,
                               const struct tatu_page *page, struct tatu_stored_image_list *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store,
                        COLUMNS "WHERE catalog=? ORDER BY created_s, image LIMIT ? OFFSET ?", &rows,
                        TATU_INT(catalog), TATU_INT(page->top + 1), TATU_INT(page->skip)));
    struct tatu_stored_image_list list = {
        TATU_ARENA_MANY(call->arena, struct tatu_stored_image, (size_t)page->top + 1), 0, false};
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        read_image(call, rows, &list.items[list.count++]);
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    list.more = list.count > (size_t)page->top;
    list.count -= list.more;
    *out = list;
    return TATU_OK;
}

enum tatu_err tatu_images_read(const struct tatu_call *call, const struct tatu_stored_image *image,
                               struct tatu_span *out)
{
    struct tatu_span package;
    uint8_t digest[32];
    TATU_TRY(tatu_store_read_file(call->store, file_name(call, image->digest),
                                  TATU_UPLOAD_MAX + TATU_IMAGE_TRAILER_MAX, call->arena, &package));
    tatu_crypto_sha256(package, digest);
    if (memcmp(digest, image->digest, sizeof(digest)) != 0) {
        return TATU_ERR_DIGEST;
    }
    *out = package;
    return TATU_OK;
}

static void clean_one(void *context, const char *name)
{
    const struct tatu_call *call = context;
    uint8_t digest[32];
    TATU_ROWS_SCOPED rows = NULL;
    enum tatu_err err = TATU_ERR_NOT_FOUND;
    if (tatu_base_decode_hex(name, strlen(name), digest, sizeof(digest)) == TATU_OK) {
        err = TATU_QUERY(call->store, "SELECT 1 FROM image WHERE digest=?", &rows,
                         TATU_FIXED(digest));
        err = err == TATU_OK ? tatu_store_rows_next(rows) : err;
    }
    if (err == TATU_ERR_NOT_FOUND) {
        tatu_store_remove_file(call->store, tatu_arena_format(call->arena, "images/%s", name));
    }
}

void tatu_images_clean(const struct tatu_call *call)
{
    struct tatu_call mutable_call = *call;
    tatu_store_each_file(call->store, "images", clean_one, &mutable_call);
}
