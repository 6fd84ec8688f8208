#include "world.h"

#include <string.h>

static enum tatu_err claim(struct world *world, const struct world_device *device,
                           const struct tatu_claim_proof *proof)
{
    bool is_new = false;
    return tatu_fleet_claim(&world->call, world->nonces, &world->catalog, world->group.id,
                            device->id, proof, &is_new);
}

static struct tatu_catalog second_catalog(struct world *world)
{
    const struct tatu_catalog_key key = {"sub", "rg", "other"};
    struct tatu_catalog catalog;
    bool made = false;
    assert_int_equal(tatu_fleet_put_catalog(&world->call, world->identity, &key, "{}",
                                            (struct tatu_span){NULL, 0}, &catalog, &made),
                     TATU_OK);
    return catalog;
}

static void catalog_is_found_in_any_case_and_made_once(void **state)
{
    struct world *world = *state;
    const struct tatu_catalog_key key = {"SUB", "Rg", "SHOP"};
    const struct tatu_catalog_key any = {NULL, "rg", "shop"};
    struct tatu_catalog catalog;
    bool made = true;
    assert_int_equal(tatu_fleet_put_catalog(&world->call, world->identity, &key, "{\"a\":\"b\"}",
                                            (struct tatu_span){NULL, 0}, &catalog, &made),
                     TATU_OK);
    assert_false(made);
    assert_string_equal(catalog.name, "shop");
    assert_string_equal(catalog.tags, "{\"a\":\"b\"}");
    assert_memory_equal(catalog.tenant, world->catalog.tenant, 16);
    assert_int_equal(tatu_fleet_get_catalog(&world->call, &any, &catalog), TATU_OK);
    const struct tatu_catalog_key twin = {"sub2", "rg", "shop"};
    assert_int_equal(tatu_fleet_put_catalog(&world->call, world->identity, &twin, "{}",
                                            (struct tatu_span){NULL, 0}, &catalog, &made),
                     TATU_OK);
    assert_int_equal(tatu_fleet_get_catalog(&world->call, &any, &catalog), TATU_ERR_STATE);
    const struct tatu_catalog_key none = {"sub", "rg", "none"};
    assert_int_equal(tatu_fleet_get_catalog(&world->call, &none, &catalog), TATU_ERR_NOT_FOUND);
}

static void only_an_empty_catalog_can_be_deleted(void **state)
{
    struct world *world = *state;
    const struct tatu_catalog_key full = {"sub", "rg", "shop"};
    const struct tatu_catalog_key empty = {"sub", "rg", "other"};
    (void)second_catalog(world);
    assert_int_equal(tatu_fleet_delete_catalog(&world->call, &full), TATU_ERR_STATE);
    assert_int_equal(tatu_fleet_delete_catalog(&world->call, &empty), TATU_OK);
    assert_int_equal(tatu_fleet_delete_catalog(&world->call, &empty), TATU_ERR_NOT_FOUND);
}

static void product_comes_with_the_five_groups(void **state)
{
    struct world *world = *state;
    const struct tatu_page page = {0, TATU_PAGE_MAX};
    struct tatu_group_list groups;
    assert_int_equal(tatu_fleet_list_groups(&world->call, &world->product, &page, &groups),
                     TATU_OK);
    assert_int_equal(groups.count, 5);
    assert_false(groups.more);
    assert_string_equal(groups.items[0].name, "Development");
    assert_string_equal(groups.items[0].settings.policy, "No3rdPartyAppUpdates");
    assert_string_equal(groups.items[4].settings.feed, "RetailEval");
    assert_int_equal(tatu_fleet_make_default_groups(&world->call, world->product.id), TATU_OK);
    const struct tatu_page small = {3, 1};
    assert_int_equal(tatu_fleet_list_groups(&world->call, &world->product, &small, &groups),
                     TATU_OK);
    assert_int_equal(groups.count, 1);
    assert_true(groups.more);
}

static void group_keeps_what_a_put_leaves_out(void **state)
{
    struct world *world = *state;
    struct tatu_group group;
    bool made = false;
    const struct tatu_group_settings first = {.feed = "RetailEval", .dumps = "Disabled"};
    const struct tatu_group_settings second = {.description = "d"};
    assert_int_equal(
        tatu_fleet_put_group(&world->call, &world->product, "G1", &first, &group, &made), TATU_OK);
    assert_true(made);
    assert_int_equal(
        tatu_fleet_put_group(&world->call, &world->product, "g1", &second, &group, &made), TATU_OK);
    assert_false(made);
    assert_string_equal(group.settings.feed, "RetailEval");
    assert_string_equal(group.settings.dumps, "Disabled");
    assert_string_equal(group.settings.policy, "UpdateAll");
    assert_string_equal(group.settings.description, "d");
}

static void maker_name_never_gets_another_key(void **state)
{
    struct world *world = *state;
    struct tatu_named_key key;
    uint8_t first[64], second[64], off_curve[64] = {1};
    bool made = true;
    tatu_crypto_get_public(world->maker, first);
    tatu_crypto_get_public(world->release, second);
    assert_int_equal(tatu_fleet_put_key(&world->call, TATU_KEYS_MAKER, "fab", first, &key, &made),
                     TATU_OK);
    assert_false(made);
    assert_int_equal(tatu_fleet_put_key(&world->call, TATU_KEYS_MAKER, "fab", second, &key, &made),
                     TATU_ERR_EXISTS);
    assert_int_equal(tatu_fleet_put_key(&world->call, TATU_KEYS_MAKER, "fab2", first, &key, &made),
                     TATU_ERR_EXISTS);
    assert_int_equal(
        tatu_fleet_put_key(&world->call, TATU_KEYS_MAKER, "fab3", off_curve, &key, &made),
        TATU_ERR_FORMAT);
    assert_int_equal(tatu_fleet_find_key(&world->call, TATU_KEYS_MAKER, TATU_SPAN_OF("x"), &key),
                     TATU_ERR_KEY_UNKNOWN);
}

static void good_statement_claims_and_claims_again(void **state)
{
    struct world *world = *state;
    struct world_device device;
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_own(world, &device);
    bool is_new = true;
    assert_int_equal(
        tatu_fleet_claim(&world->call, world->nonces, &world->catalog, 0, device.id, NULL, &is_new),
        TATU_OK);
    assert_false(is_new);
    struct tatu_device stored;
    assert_int_equal(tatu_fleet_get_device(&world->call, device.id, &stored), TATU_OK);
    assert_int_equal(stored.group_id, 0);
    assert_int_equal(stored.catalog_id, world->catalog.id);
    world_free_device(&device);
}

/* One row for each way a claim statement can be wrong. */
static void wrong_statement_claims_nothing(void **state)
{
    struct world *world = *state;
    struct world_device device, other;
    struct tatu_key *stranger = NULL;
    assert_int_equal(tatu_crypto_make_key(&stranger), TATU_OK);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &other);
    struct world_device unlisted;
    world_make_device(world, stranger, TATU_CLASS_VIRTUAL, &unlisted);

    struct tatu_claim good = world_claim(world, &device);
    struct tatu_claim bad_tenant = good, bad_owner = good, bad_nonce = good, bad_device = good;
    bad_tenant.tenant[0] ^= 1;
    bad_owner.owner_key[0] ^= 1;
    bad_nonce.nonce[0] ^= 1;
    memcpy(bad_device.device_id, other.id, 64);
    const struct {
        struct tatu_span statement;
        struct tatu_span endorsement;
        enum tatu_err err;
    } rows[] = {
        {world_sign_claim(world, stranger, &good), device.endorsement, TATU_ERR_SIGNATURE},
        {TATU_SPAN_OF("junk"), device.endorsement, TATU_ERR_SIGNATURE},
        {world_sign_claim(world, device.identity, &bad_tenant), device.endorsement,
         TATU_ERR_FOREIGN},
        {world_sign_claim(world, device.identity, &bad_owner), device.endorsement,
         TATU_ERR_FOREIGN},
        {world_sign_claim(world, device.identity, &bad_device), device.endorsement,
         TATU_ERR_FOREIGN},
        {world_sign_claim(world, device.identity, &bad_nonce), device.endorsement, TATU_ERR_REPLAY},
        {world_sign_claim(world, device.identity, &good), other.endorsement, TATU_ERR_ENDORSEMENT},
        {world_sign_claim(world, device.identity, &good), unlisted.endorsement,
         TATU_ERR_ENDORSEMENT},
        {world_sign_claim(world, device.identity, &good), TATU_SPAN_OF("junk"),
         TATU_ERR_ENDORSEMENT},
        {world_sign_claim(world, device.identity, &good), device.endorsement, TATU_OK},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        const struct tatu_claim_proof proof = {rows[i].statement, rows[i].endorsement};
        assert_int_equal(claim(world, &device, &proof), rows[i].err);
    }
    world_free_device(&device);
    world_free_device(&other);
    world_free_device(&unlisted);
    tatu_crypto_free_key(stranger);
}

static void claim_nonce_is_good_once_and_for_its_catalog(void **state)
{
    struct world *world = *state;
    struct world_device device, second;
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &second);
    struct tatu_catalog other = second_catalog(world);
    struct tatu_claim statement = world_claim(world, &device);
    memcpy(statement.tenant, other.tenant, 16);
    memcpy(statement.owner_key, other.owner_key, 64);
    struct tatu_claim_proof proof = {world_sign_claim(world, device.identity, &statement),
                                     device.endorsement};
    bool is_new = false;
    assert_int_equal(
        tatu_fleet_claim(&world->call, world->nonces, &other, 0, device.id, &proof, &is_new),
        TATU_ERR_REPLAY);
    statement = world_claim(world, &device);
    proof.statement = world_sign_claim(world, device.identity, &statement);
    assert_int_equal(claim(world, &device, &proof), TATU_OK);
    struct tatu_claim replay = world_claim(world, &second);
    memcpy(replay.nonce, statement.nonce, 32);
    const struct tatu_claim_proof replayed = {world_sign_claim(world, second.identity, &replay),
                                              second.endorsement};
    assert_int_equal(claim(world, &second, &replayed), TATU_ERR_REPLAY);
    world_free_device(&device);
    world_free_device(&second);
}

static void owned_device_stays_with_its_owner(void **state)
{
    struct world *world = *state;
    struct world_device device;
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_own(world, &device);
    struct tatu_catalog other = second_catalog(world);
    bool is_new = false;
    assert_int_equal(
        tatu_fleet_claim(&world->call, world->nonces, &other, 0, device.id, NULL, &is_new),
        TATU_ERR_OWNED);
    assert_int_equal(tatu_fleet_move_device(&world->call, other.id, device.id, 0),
                     TATU_ERR_NOT_FOUND);
    world_free_device(&device);
}

static void bare_id_needs_its_makers_import_for_this_catalog(void **state)
{
    struct world *world = *state;
    struct world_device device, second;
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &second);
    struct tatu_catalog other = second_catalog(world);
    assert_int_equal(claim(world, &device, NULL), TATU_ERR_DENIED);
    struct tatu_import import = {.endorsement = device.endorsement};
    memcpy(import.device_id, device.id, 64);
    assert_int_equal(tatu_fleet_import(&world->call, "nobody", world->catalog.id, &import, 1),
                     TATU_ERR_NOT_FOUND);
    struct tatu_import wrong = {.endorsement = second.endorsement};
    memcpy(wrong.device_id, device.id, 64);
    assert_int_equal(tatu_fleet_import(&world->call, "fab", world->catalog.id, &wrong, 1),
                     TATU_ERR_ENDORSEMENT);
    assert_int_equal(tatu_fleet_import(&world->call, "fab", world->catalog.id, &import, 1),
                     TATU_OK);
    assert_int_equal(tatu_fleet_import(&world->call, "fab", other.id, &import, 1), TATU_ERR_OWNED);
    bool is_new = false;
    assert_int_equal(
        tatu_fleet_claim(&world->call, world->nonces, &other, 0, device.id, NULL, &is_new),
        TATU_ERR_DENIED);
    assert_int_equal(claim(world, &device, NULL), TATU_OK);
    world_free_device(&device);
    world_free_device(&second);
}

static void device_never_changes_its_attestation_key(void **state)
{
    struct world *world = *state;
    struct world_device device;
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    struct tatu_endorsement endorsement;
    const char *maker = NULL;
    assert_int_equal(
        tatu_fleet_check_endorsement(&world->call, device.endorsement, &endorsement, &maker),
        TATU_OK);
    assert_string_equal(maker, "fab");
    assert_int_equal(tatu_fleet_note_device(&world->call, &endorsement, maker), TATU_OK);
    endorsement.attestation[0] ^= 1;
    assert_int_equal(tatu_fleet_note_device(&world->call, &endorsement, maker),
                     TATU_ERR_ENDORSEMENT);
    world_free_device(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(catalog_is_found_in_any_case_and_made_once),
        WORLD_TEST(only_an_empty_catalog_can_be_deleted),
        WORLD_TEST(product_comes_with_the_five_groups),
        WORLD_TEST(group_keeps_what_a_put_leaves_out),
        WORLD_TEST(maker_name_never_gets_another_key),
        WORLD_TEST(good_statement_claims_and_claims_again),
        WORLD_TEST(wrong_statement_claims_nothing),
        WORLD_TEST(claim_nonce_is_good_once_and_for_its_catalog),
        WORLD_TEST(owned_device_stays_with_its_owner),
        WORLD_TEST(bare_id_needs_its_makers_import_for_this_catalog),
        WORLD_TEST(device_never_changes_its_attestation_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
