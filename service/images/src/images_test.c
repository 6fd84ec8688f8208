#include "service/images/images.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(upload_is_signed_by_the_catalogs_key_and_keeps_body_and_ids),
        WORLD_TEST(same_upload_again_changes_nothing_and_other_content_conflicts),
        WORLD_TEST(what_is_no_application_package_is_refused),
        WORLD_TEST(damaged_file_is_never_served),
        WORLD_TEST(clean_removes_only_what_no_image_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
