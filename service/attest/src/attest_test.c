#include "service/attest/attest.h"

#include <string.h>

#include "proto/image.h"
#include "world.h"

static void put_reference(struct world *world, const struct tatu_reference *reference)
{
    struct tatu_reference stored;
    assert_int_equal(
        tatu_attest_put_reference(&world->call,
                                  world_sign_reference(world, world->release, reference), &stored),
        TATU_OK);
}

static void make_nonce(struct world *world, struct tatu_evidence *evidence)
{
    tatu_identity_nonces_make(world->nonces, TATU_NONCE_SCOPE_ATTEST, WORLD_NOW,
                              TATU_NONCE_ATTEST_S, evidence->nonce);
}

static enum tatu_err appraise(struct world *world, struct tatu_span evidence,
                              struct tatu_span endorsement, struct tatu_attest_result *out)
{
    const struct tatu_attest_request request = {evidence, endorsement};
    return tatu_attest_appraise(&world->call, world->identity, world->nonces, &request, out);
}

/* Fresh nonce, signed by the device's own key. */
static struct tatu_attest_result attest(struct world *world, struct world_device *device)
{
    struct tatu_attest_result result;
    make_nonce(world, &device->evidence);
    assert_int_equal(appraise(world,
                              world_sign_evidence(world, device->attestation, &device->evidence),
                              device->endorsement, &result),
                     TATU_OK);
    assert_true(result.update_certificate.len > 0);
    return result;
}

static void current_claimed_device_gets_both_certificates(void **state)
{
    struct world *world = *state;
    struct world_device device;
    struct tatu_reference reference = world_reference();
    put_reference(world, &reference);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    struct tatu_attest_result result = attest(world, &device);
    assert_int_equal(result.verdict, TATU_OK);
    assert_false(result.has_customer); /* nobody claimed it yet */
    world_own(world, &device);
    result = attest(world, &device);
    assert_true(result.has_customer);
    assert_memory_equal(result.tenant, world->catalog.tenant, 16);
    assert_true(result.customer_certificate.len > 0);
    assert_int_equal(result.catalog_certificate.len, world->catalog.ca_certificate.len);
    device.evidence.tenant_count = 0;
    assert_false(attest(world, &device).has_customer); /* the vault made no key for it */
    struct tatu_device stored;
    assert_int_equal(tatu_fleet_get_device(&world->call, device.id, &stored), TATU_OK);
    assert_string_equal(stored.release, "26.11");
    assert_int_equal(stored.attested_s, WORLD_NOW);
    world_free_device(&device);
}

/* Everything that makes a genuine device get the update certificate only. */
static void software_that_is_not_current_gets_the_update_certificate_only(void **state)
{
    struct world *world = *state;
    struct world_device device;
    struct tatu_reference reference = world_reference();
    put_reference(world, &reference);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_own(world, &device);
    const struct tatu_evidence good = device.evidence;
    struct tatu_evidence rows[8];
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        rows[i] = good;
    }
    for (size_t i = 0; i < 5; i++) {
        rows[i].measurements[i].digest[31] ^= 1; /* one bit of each boot image */
    }
    rows[5].measurements[3].security_version++;
    rows[6].measurement_count--;
    rows[7].measurements[rows[7].measurement_count] = rows[7].measurements[0];
    rows[7].measurements[rows[7].measurement_count].image_type = TATU_IMAGE_APPLICATION;
    rows[7].measurement_count++;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        device.evidence = rows[i];
        struct tatu_attest_result result = attest(world, &device);
        if (result.verdict != TATU_ERR_MEASUREMENT || result.has_customer) {
            fail_msg("row %zu: %u", i, result.verdict);
        }
    }
    device.evidence = good;
    device.evidence.lifecycle = 0;
    assert_int_equal(attest(world, &device).verdict, TATU_ERR_LIFECYCLE);
    device.evidence = good;
    device.evidence.debug_open = true;
    struct tatu_attest_result result = attest(world, &device);
    assert_int_equal(result.verdict, TATU_ERR_LIFECYCLE);
    assert_false(result.has_customer);
    device.evidence = good;
    result = attest(world, &device);
    assert_int_equal(result.verdict, TATU_OK);
    assert_int_equal(result.previous_verdict, TATU_ERR_LIFECYCLE);
    assert_true(result.has_customer);
    reference.current = false; /* the release is withdrawn */
    put_reference(world, &reference);
    result = attest(world, &device);
    assert_int_equal(result.verdict, TATU_ERR_MEASUREMENT);
    assert_false(result.has_customer);
    world_free_device(&device);
}

static void keystore_of_this_service_may_be_measured_in_addition(void **state)
{
    struct world *world = *state;
    struct world_device device;
    struct tatu_reference reference = world_reference();
    put_reference(world, &reference);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    device.evidence.measurements[device.evidence.measurement_count++].image_type =
        TATU_IMAGE_KEYSTORE;
    assert_int_equal(attest(world, &device).verdict, TATU_OK);
    world_free_device(&device);
}

static void lab_board_is_refused_by_production_groups(void **state)
{
    struct world *world = *state;
    struct world_device device;
    struct tatu_reference reference = world_reference();
    struct tatu_group test_group;
    put_reference(world, &reference);
    world_make_device(world, world->maker, TATU_CLASS_LAB, &device);
    device.evidence.debug_open = true; /* it says so, and may */
    world_own(world, &device);
    struct tatu_attest_result result = attest(world, &device);
    assert_int_equal(result.verdict, TATU_ERR_DENIED);
    assert_false(result.has_customer);
    assert_int_equal(
        tatu_fleet_get_group(&world->call, world->catalog.id, "bell", "Field Test", &test_group),
        TATU_OK);
    assert_int_equal(
        tatu_fleet_move_device(&world->call, world->catalog.id, device.id, test_group.id), TATU_OK);
    result = attest(world, &device);
    assert_int_equal(result.verdict, TATU_OK);
    assert_true(result.has_customer);
    world_free_device(&device);
}

static void nothing_is_issued_to_who_is_not_genuine(void **state)
{
    struct world *world = *state;
    struct world_device device, other, unlisted;
    struct tatu_reference reference = world_reference();
    put_reference(world, &reference);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &other);
    world_make_device(world, world->release, TATU_CLASS_VIRTUAL, &unlisted);
    make_nonce(world, &device.evidence);
    make_nonce(world, &unlisted.evidence);
    struct tatu_evidence foreign = device.evidence, wrong_nonce = device.evidence,
                         wrong_class = device.evidence, wrong_chip = device.evidence;
    memcpy(foreign.device_id, other.id, 64);
    wrong_nonce.nonce[0] ^= 1;
    wrong_class.board_class = TATU_CLASS_SILICON;
    make_nonce(world, &wrong_class);
    wrong_chip.implementation[0] ^= 1;
    make_nonce(world, &wrong_chip);
    struct tatu_span good = world_sign_evidence(world, device.attestation, &device.evidence);
    const struct {
        struct tatu_span evidence;
        struct tatu_span endorsement;
        enum tatu_err err;
    } rows[] = {
        {world_sign_evidence(world, unlisted.attestation, &unlisted.evidence), unlisted.endorsement,
         TATU_ERR_ENDORSEMENT},
        {good, TATU_SPAN_OF("junk"), TATU_ERR_ENDORSEMENT},
        {good, other.endorsement, TATU_ERR_FOREIGN},
        {world_sign_evidence(world, device.attestation, &foreign), device.endorsement,
         TATU_ERR_FOREIGN},
        {world_sign_evidence(world, other.attestation, &device.evidence), device.endorsement,
         TATU_ERR_SIGNATURE},
        {world_sign_evidence(world, device.identity, &device.evidence), device.endorsement,
         TATU_ERR_SIGNATURE},
        {device.endorsement, device.endorsement, TATU_ERR_FORMAT},
        {world_sign_evidence(world, device.attestation, &wrong_nonce), device.endorsement,
         TATU_ERR_REPLAY},
        {world_sign_evidence(world, device.attestation, &wrong_class), device.endorsement,
         TATU_ERR_ENDORSEMENT},
        {world_sign_evidence(world, device.attestation, &wrong_chip), device.endorsement,
         TATU_ERR_ENDORSEMENT},
        {good, device.endorsement, TATU_OK},
        {good, device.endorsement, TATU_ERR_REPLAY},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_attest_result result = {.verdict = 77};
        enum tatu_err err = appraise(world, rows[i].evidence, rows[i].endorsement, &result);
        if (err != rows[i].err || (err != TATU_OK && result.verdict != 77)) {
            fail_msg("row %zu: %s", i, tatu_err_name(err));
        }
    }
    world_free_device(&device);
    world_free_device(&other);
    world_free_device(&unlisted);
}

static void reference_values_need_a_listed_release_key_and_every_boot_image(void **state)
{
    struct world *world = *state;
    struct tatu_reference reference = world_reference(), stored;
    assert_int_equal(
        tatu_attest_put_reference(&world->call,
                                  world_sign_reference(world, world->maker, &reference), &stored),
        TATU_ERR_KEY_UNKNOWN);
    struct tatu_span object = world_sign_reference(world, world->release, &reference);
    uint8_t *damaged = (uint8_t *)tatu_arena_copy(&world->arena, object).data;
    damaged[object.len - 1] ^= 1;
    assert_int_equal(
        tatu_attest_put_reference(&world->call, (struct tatu_span){damaged, object.len}, &stored),
        TATU_ERR_SIGNATURE);
    for (size_t i = 0; i < 5; i++) {
        struct tatu_reference partial = world_reference();
        partial.measurement_count--;
        memmove(&partial.measurements[i], &partial.measurements[i + 1],
                (partial.measurement_count - i) * sizeof(partial.measurements[0]));
        assert_int_equal(
            tatu_attest_put_reference(
                &world->call, world_sign_reference(world, world->release, &partial), &stored),
            TATU_ERR_ARGUMENT);
    }
    put_reference(world, &reference);
    const struct tatu_page page = {0, 10};
    struct tatu_reference_list list;
    assert_int_equal(tatu_attest_list_references(&world->call, &page, &list), TATU_OK);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].release, "26.11");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(current_claimed_device_gets_both_certificates),
        WORLD_TEST(software_that_is_not_current_gets_the_update_certificate_only),
        WORLD_TEST(keystore_of_this_service_may_be_measured_in_addition),
        WORLD_TEST(lab_board_is_refused_by_production_groups),
        WORLD_TEST(nothing_is_issued_to_who_is_not_genuine),
        WORLD_TEST(reference_values_need_a_listed_release_key_and_every_boot_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
