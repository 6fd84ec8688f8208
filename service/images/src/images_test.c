#include "service/images/images.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/capability.h"
#include "proto/image.h"
#include "world.h"

static enum tatu_err put(struct world *world, struct tatu_span package, const uint8_t *id,
                         struct tatu_stored_image *out, bool *made)
{
    const struct tatu_upload upload = {package, id, "", "None"};
    return tatu_images_put(&world->call, world->catalog.id, &upload, out, made);
}

static void upload_is_signed_by_the_catalogs_key_and_keeps_body_and_ids(void **state)
{
    struct world *world = *state;
    struct tatu_span package = world_package(world, TATU_IMAGE_APPLICATION, 1, 2, 5000);
    struct tatu_stored_image image;
    struct tatu_image_info info;
    struct tatu_span served;
    bool made = false;
    assert_int_equal(put(world, package, NULL, &image, &made), TATU_OK);
    assert_true(made);
    assert_int_equal(tatu_images_read(&world->call, &image, &served), TATU_OK);
    assert_int_equal(served.len, image.size_bytes);
    assert_int_equal(tatu_proto_decode_image(served, (uint32_t)served.len, &info), TATU_OK);
    assert_memory_equal(served.data, package.data, 5000);
    assert_int_equal(info.body_len, 5000);
    assert_memory_equal(info.image, image.image, 16);
    assert_memory_equal(info.component, image.component, 16);
    assert_string_equal(image.name, "bell");
    uint8_t thumbprint[20], digest[32];
    tatu_crypto_thumbprint(world->catalog.owner_key, thumbprint);
    assert_memory_equal(info.thumbprint, thumbprint, 20);
    tatu_crypto_sha256((struct tatu_span){served.data, info.signed_len}, digest);
    assert_int_equal(tatu_crypto_verify_digest(world->catalog.owner_key, digest, info.signature),
                     TATU_OK);
}

static void same_upload_again_changes_nothing_and_other_content_conflicts(void **state)
{
    struct world *world = *state;
    struct tatu_stored_image first, again;
    bool made = false;
    assert_int_equal(
        put(world, world_package(world, TATU_IMAGE_APPLICATION, 1, 2, 5000), NULL, &first, &made),
        TATU_OK);
    assert_int_equal(
        put(world, world_package(world, TATU_IMAGE_APPLICATION, 1, 2, 5000), NULL, &again, &made),
        TATU_OK);
    assert_false(made);
    assert_memory_equal(first.digest, again.digest, 32);
    assert_int_equal(
        put(world, world_package(world, TATU_IMAGE_APPLICATION, 1, 2, 5001), NULL, &again, &made),
        TATU_ERR_EXISTS);
}

static void what_is_no_application_package_is_refused(void **state)
{
    struct world *world = *state;
    struct tatu_stored_image image;
    bool made = false;
    struct tatu_span good = world_package(world, TATU_IMAGE_APPLICATION, 1, 2, 5000);
    uint8_t other_id[16] = {9};
    const struct {
        struct tatu_span package;
        const uint8_t *id;
        enum tatu_err err;
    } rows[] = {
        {world_package(world, TATU_IMAGE_KERNEL, 1, 2, 100), NULL, TATU_ERR_TYPE},
        {world_package(world, TATU_IMAGE_APPLICATION, 0, 2, 100), NULL, TATU_ERR_FORMAT},
        {world_package(world, TATU_IMAGE_APPLICATION, 1, 0, 100), NULL, TATU_ERR_FORMAT},
        {world_package(world, TATU_IMAGE_APPLICATION, 1, 2, TATU_UPLOAD_MAX), NULL, TATU_ERR_LONG},
        {good, other_id, TATU_ERR_ARGUMENT},
        {{good.data, 40}, NULL, TATU_ERR_SHORT},
        {{good.data, good.len - 1}, NULL, TATU_ERR_LONG}, /* the length word is read askew */
        {{good.data, 0}, NULL, TATU_ERR_SHORT},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        enum tatu_err err = put(world, rows[i].package, rows[i].id, &image, &made);
        if (err != rows[i].err) {
            fail_msg("row %zu: %s", i, tatu_err_name(err));
        }
    }
    const struct tatu_page page = {0, 10};
    struct tatu_stored_image_list list;
    assert_int_equal(tatu_images_list(&world->call, world->catalog.id, &page, &list), TATU_OK);
    assert_int_equal(list.count, 0);
}

static void damaged_file_is_never_served(void **state)
{
    struct world *world = *state;
    struct tatu_stored_image image;
    struct tatu_span served;
    bool made = false;
    assert_int_equal(
        put(world, world_package(world, TATU_IMAGE_APPLICATION, 1, 2, 5000), NULL, &image, &made),
        TATU_OK);
    char name[80] = "images/";
    tatu_base_encode_hex(TATU_SPAN_OF(image.digest), name + strlen(name));
    assert_int_equal(tatu_store_replace_file(world->store, name, TATU_SPAN_OF("other")), TATU_OK);
    assert_int_equal(tatu_images_read(&world->call, &image, &served), TATU_ERR_DIGEST);
    tatu_store_remove_file(world->store, name);
    assert_int_equal(tatu_images_read(&world->call, &image, &served), TATU_ERR_NOT_FOUND);
}

static void clean_removes_only_what_no_image_names(void **state)
{
    struct world *world = *state;
    struct tatu_stored_image image;
    struct tatu_span served;
    bool made = false;
    assert_int_equal(
        put(world, world_package(world, TATU_IMAGE_APPLICATION, 1, 2, 5000), NULL, &image, &made),
        TATU_OK);
    char orphan[80] = "images/";
    memset(orphan + 7, 'a', 64);
    assert_int_equal(tatu_store_create_file(world->store, orphan, TATU_SPAN_OF("x")), TATU_OK);
    tatu_images_clean(&world->call);
    assert_int_equal(tatu_images_read(&world->call, &image, &served), TATU_OK);
    assert_int_equal(tatu_store_read_file(world->store, orphan, 10, &world->arena, &served),
                     TATU_ERR_NOT_FOUND);
}

static const uint8_t device_id[64] = {9, 8, 7};

/* A catalog whose owner keeps the key, and a package by a key. */
static int64_t make_owned_catalog(struct world *world, const struct tatu_key *owner)
{
    const struct tatu_catalog_key key = {"sub", "rg", "owned"};
    struct tatu_catalog catalog;
    uint8_t public_key[TATU_PUBLIC_SIZE], stored[TATU_PUBLIC_SIZE];
    bool made = false;
    tatu_crypto_get_public(owner, public_key);
    assert_int_equal(tatu_fleet_put_catalog(&world->call, world->identity, &key, "{}",
                                            TATU_SPAN_OF(public_key), &catalog, &made),
                     TATU_OK);
    assert_int_equal(tatu_fleet_get_owner_key(&world->call, catalog.id, stored), TATU_OK);
    assert_memory_equal(stored, public_key, sizeof(stored));
    return catalog.id;
}

static struct tatu_span sign_as(struct world *world, const struct tatu_key *key)
{
    struct tatu_span package = world_package(world, TATU_IMAGE_APPLICATION, 1, 2, 5000);
    struct tatu_image_info info;
    uint8_t public_key[TATU_PUBLIC_SIZE], digest[32], signature[64];
    assert_int_equal(tatu_proto_decode_image(package, (uint32_t)package.len, &info), TATU_OK);
    tatu_crypto_get_public(key, public_key);
    tatu_crypto_thumbprint(public_key, info.thumbprint);
    struct tatu_buf buf = tatu_arena_buf(&world->arena, package.len);
    assert_int_equal(tatu_base_put_bytes(&buf, (struct tatu_span){package.data, info.body_len}),
                     TATU_OK);
    assert_int_equal(tatu_proto_encode_metadata(&info, &buf), TATU_OK);
    tatu_crypto_sha256((struct tatu_span){buf.data, buf.len}, digest);
    assert_int_equal(tatu_crypto_sign_digest(key, digest, signature), TATU_OK);
    assert_int_equal(tatu_base_put_bytes(&buf, TATU_SPAN_OF(signature)), TATU_OK);
    return (struct tatu_span){buf.data, buf.len};
}

static void owner_who_keeps_the_key_uploads_what_he_signed_and_nothing_else(void **state)
{
    struct world *world = *state;
    struct tatu_key *owner __attribute__((cleanup(tatu_crypto_drop_key))) = NULL;
    struct tatu_key *other __attribute__((cleanup(tatu_crypto_drop_key))) = NULL;
    struct tatu_stored_image image;
    struct tatu_span served, file;
    bool made = false;
    assert_int_equal(tatu_crypto_make_key(&owner), TATU_OK);
    assert_int_equal(tatu_crypto_make_key(&other), TATU_OK);
    const int64_t catalog = make_owned_catalog(world, owner);
    struct tatu_span mine = sign_as(world, owner), foreign = sign_as(world, other);
    struct tatu_span damaged = tatu_arena_copy(&world->arena, mine);
    ((uint8_t *)(uintptr_t)damaged.data)[10] ^= 1;
    const struct tatu_upload uploads[] = {
        {foreign, NULL, "", "None"}, {damaged, NULL, "", "None"}, {mine, NULL, "", "None"}};
    assert_int_equal(tatu_images_put(&world->call, catalog, &uploads[0], &image, &made),
                     TATU_ERR_KEY_UNKNOWN);
    assert_int_equal(tatu_images_put(&world->call, catalog, &uploads[1], &image, &made),
                     TATU_ERR_SIGNATURE);
    assert_int_equal(tatu_images_put(&world->call, catalog, &uploads[2], &image, &made), TATU_OK);
    assert_int_equal(tatu_images_read(&world->call, &image, &served), TATU_OK);
    assert_int_equal(served.len, mine.len);
    assert_memory_equal(served.data, mine.data, mine.len);
    assert_int_equal(tatu_images_make_capability(&world->call, catalog, device_id, 1u << 11, &file),
                     TATU_ERR_STATE);
}

static void capability_file_is_for_one_device_and_by_the_catalogs_key(void **state)
{
    struct world *world = *state;
    struct tatu_image_info info;
    struct tatu_span file, body;
    uint32_t set = 0;
    assert_int_equal(tatu_images_make_capability(&world->call, world->catalog.id, device_id,
                                                 1u << 1 | 1u << 11, &file),
                     TATU_OK);
    assert_int_equal(tatu_proto_decode_image(file, (uint32_t)file.len, &info), TATU_OK);
    assert_int_equal(info.type, TATU_IMAGE_CAPABILITY);
    assert_int_equal(tatu_base_take_span(file, 0, info.body_len, &body), TATU_OK);
    assert_int_equal(tatu_proto_decode_capability(body, device_id, &set), TATU_OK);
    assert_int_equal(set, 1u << 1 | 1u << 11);
    uint8_t digest[32];
    tatu_crypto_sha256((struct tatu_span){file.data, info.signed_len}, digest);
    assert_int_equal(tatu_crypto_verify_digest(world->catalog.owner_key, digest, info.signature),
                     TATU_OK);
    assert_int_equal(
        tatu_images_make_capability(&world->call, world->catalog.id, device_id, 0, &file),
        TATU_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(upload_is_signed_by_the_catalogs_key_and_keeps_body_and_ids),
        WORLD_TEST(same_upload_again_changes_nothing_and_other_content_conflicts),
        WORLD_TEST(what_is_no_application_package_is_refused),
        WORLD_TEST(damaged_file_is_never_served),
        WORLD_TEST(owner_who_keeps_the_key_uploads_what_he_signed_and_nothing_else),
        WORLD_TEST(capability_file_is_for_one_device_and_by_the_catalogs_key),
        WORLD_TEST(clean_removes_only_what_no_image_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
