#include "service/update/update.h"

#include <string.h>

#include "proto/image.h"
#include "world.h"

static void upload(struct world *world, uint8_t image, uint8_t component, uint8_t out_id[16])
{
    const struct tatu_upload request = {
        world_package(world, TATU_IMAGE_APPLICATION, image, component, 4096), NULL, "", "None"};
    struct tatu_stored_image stored;
    bool made = false;
    assert_int_equal(tatu_images_put(&world->call, world->catalog.id, &request, &stored, &made),
                     TATU_OK);
    memcpy(out_id, stored.image, 16);
}

static struct tatu_deployment ask(struct world *world, const struct world_device *device)
{
    struct tatu_span object;
    struct tatu_cose_sign1 sign1;
    struct tatu_deployment deployment;
    const struct tatu_identity_facts *facts = tatu_identity_facts(world->identity);
    assert_int_equal(tatu_update_for_device(&world->call, world->identity, device->id, &object),
                     TATU_OK);
    assert_int_equal(tatu_proto_decode_sign1(object, &sign1), TATU_OK);
    assert_int_equal(
        tatu_crypto_verify_cose(facts->director_public, TATU_COSE_AAD_DEPLOYMENT, &sign1), TATU_OK);
    assert_int_equal(tatu_proto_decode_deployment(sign1.payload, &deployment), TATU_OK);
    assert_memory_equal(deployment.device_id, device->id, 64);
    return deployment;
}

static void device_is_told_its_groups_newest_deployment(void **state)
{
    struct world *world = *state;
    static const uint8_t zero[16];
    struct world_device device;
    struct tatu_stored_deployment stored;
    uint8_t images[2][16];
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_own(world, &device);
    struct tatu_deployment told = ask(world, &device);
    assert_memory_equal(told.deployment, zero, 16);
    assert_int_equal(told.image_count, 0);
    upload(world, 1, 2, images[0]);
    upload(world, 3, 4, images[1]);
    assert_int_equal(
        tatu_update_put(&world->call, world->catalog.id, &world->group, images, 1, &stored),
        TATU_OK);
    told = ask(world, &device);
    uint64_t first = told.sequence;
    assert_int_equal(told.image_count, 1);
    assert_int_equal(
        tatu_update_put(&world->call, world->catalog.id, &world->group, images, 2, &stored),
        TATU_OK);
    told = ask(world, &device);
    assert_true(told.sequence > first);
    assert_int_equal(told.image_count, 2);
    assert_memory_equal(told.deployment, stored.id, 16);
    assert_memory_equal(told.images[1].image, images[1], 16);
    assert_memory_equal(told.images[1].digest, stored.images[1].digest, 32);
    assert_int_equal(told.images[1].size_bytes, stored.images[1].size_bytes);
    assert_int_equal(told.issued_s, WORLD_NOW);
    world_free_device(&device);
}

static void only_named_images_are_served_and_only_to_their_group(void **state)
{
    struct world *world = *state;
    struct world_device device, unclaimed;
    struct tatu_stored_deployment stored;
    struct tatu_span package;
    uint8_t images[2][16];
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &unclaimed);
    world_own(world, &device);
    upload(world, 1, 2, images[0]);
    upload(world, 3, 4, images[1]);
    assert_int_equal(
        tatu_update_put(&world->call, world->catalog.id, &world->group, images, 1, &stored),
        TATU_OK);
    assert_int_equal(tatu_update_image(&world->call, device.id, images[0], &package), TATU_OK);
    assert_int_equal(package.len, stored.images[0].size_bytes);
    assert_int_equal(tatu_update_image(&world->call, device.id, images[1], &package),
                     TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_update_image(&world->call, unclaimed.id, images[0], &package),
                     TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_fleet_move_device(&world->call, world->catalog.id, device.id, 0),
                     TATU_OK);
    assert_int_equal(tatu_update_image(&world->call, device.id, images[0], &package),
                     TATU_ERR_NOT_FOUND);
    world_free_device(&device);
    world_free_device(&unclaimed);
}

static void group_for_system_updates_gets_no_applications(void **state)
{
    struct world *world = *state;
    struct world_device device;
    struct tatu_group development;
    struct tatu_stored_deployment stored;
    uint8_t images[1][16];
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_own(world, &device);
    upload(world, 1, 2, images[0]);
    assert_int_equal(
        tatu_fleet_get_group(&world->call, world->catalog.id, "bell", "development", &development),
        TATU_OK);
    assert_int_equal(
        tatu_update_put(&world->call, world->catalog.id, &development, images, 1, &stored),
        TATU_OK);
    assert_int_equal(
        tatu_fleet_move_device(&world->call, world->catalog.id, device.id, development.id),
        TATU_OK);
    assert_int_equal(ask(world, &device).image_count, 0);
    assert_int_equal(ask(world, &device).sequence, 0);
    world_free_device(&device);
}

static void wrong_sets_are_refused(void **state)
{
    struct world *world = *state;
    struct tatu_stored_deployment stored;
    uint8_t images[TATU_EVIDENCE_APP_MAX + 1][16] = {{0}};
    upload(world, 1, 2, images[0]);
    upload(world, 3, 2, images[1]);
    assert_int_equal(
        tatu_update_put(&world->call, world->catalog.id, &world->group, images, 2, &stored),
        TATU_ERR_ARGUMENT);
    images[1][0] ^= 0xff;
    assert_int_equal(
        tatu_update_put(&world->call, world->catalog.id, &world->group, images, 2, &stored),
        TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_update_put(&world->call, world->catalog.id, &world->group, images,
                                     TATU_EVIDENCE_APP_MAX + 1, &stored),
                     TATU_ERR_LONG);
    assert_int_equal(
        tatu_update_get(&world->call, world->catalog.id, world->group.id, NULL, &stored),
        TATU_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(device_is_told_its_groups_newest_deployment),
        WORLD_TEST(only_named_images_are_served_and_only_to_their_group),
        WORLD_TEST(group_for_system_updates_gets_no_applications),
        WORLD_TEST(wrong_sets_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
