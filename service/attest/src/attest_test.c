#define _GNU_SOURCE /* memmem */
#include "service/attest/attest.h"

#include <string.h>

#include "proto/capability.h"
#include "proto/image.h"
#include "proto/mailbox.h"
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
    assert_int_equal(result.customer_count, 0); /* nobody claimed it yet */
    world_own(world, &device);
    result = attest(world, &device);
    assert_int_equal(result.customer_count, 1);
    assert_memory_equal(result.customers[0].tenant, world->catalog.tenant, 16);
    assert_memory_equal(result.customers[0].component, device.evidence.apps[0].component, 16);
    assert_true(result.customers[0].certificate.len > 0);
    assert_int_equal(result.customers[0].authority.len, world->catalog.ca_certificate.len);
    device.evidence.tenant_count = 0;
    assert_int_equal(attest(world, &device).customer_count, 0); /* the vault made no key for it */
    struct tatu_device stored;
    assert_int_equal(tatu_fleet_get_device(&world->call, device.id, &stored), TATU_OK);
    assert_string_equal(stored.release, "26.11");
    assert_int_equal(stored.attested_s, WORLD_NOW);
    world_free_device(&device);
}

static void each_application_gets_a_certificate_of_its_own_key(void **state)
{
    struct world *world = *state;
    struct world_device device;
    struct tatu_reference reference = world_reference();
    put_reference(world, &reference);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_own(world, &device);
    struct tatu_evidence *e = &device.evidence;
    e->app_count = 2;
    memset(e->apps[1].component, 0x2c, 16);
    e->tenant_count = 4;
    for (size_t i = 1; i < 4; i++) {
        e->tenants[i] = e->tenants[0];
    }
    memset(e->tenants[1].component, 0x2c, 16);
    tatu_crypto_get_public(device.update, e->tenants[1].key); /* any other key */
    memset(e->tenants[2].component, 0x3c, 16);                /* is not installed */
    memset(e->tenants[3].tenant, 0x77, 16);                   /* another owner's tenant */
    struct tatu_attest_result result = attest(world, &device);
    assert_int_equal(result.customer_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct tatu_span der = result.customers[i].certificate;
        assert_memory_equal(result.customers[i].component, e->tenants[i].component, 16);
        assert_non_null(memmem(der.data, der.len, e->tenants[i].key, 64));
        assert_null(memmem(der.data, der.len, e->tenants[1 - i].key, 64));
    }
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
        if (result.verdict != TATU_ERR_MEASUREMENT || result.customer_count != 0) {
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
    assert_int_equal(result.customer_count, 0);
    device.evidence = good;
    result = attest(world, &device);
    assert_int_equal(result.verdict, TATU_OK);
    assert_int_equal(result.previous_verdict, TATU_ERR_LIFECYCLE);
    assert_int_equal(result.customer_count, 1);
    reference.current = false; /* the release is withdrawn */
    put_reference(world, &reference);
    result = attest(world, &device);
    assert_int_equal(result.verdict, TATU_ERR_MEASUREMENT);
    assert_int_equal(result.customer_count, 0);
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
    assert_int_equal(result.customer_count, 0);
    assert_int_equal(
        tatu_fleet_get_group(&world->call, world->catalog.id, "bell", "Field Test", &test_group),
        TATU_OK);
    assert_int_equal(
        tatu_fleet_move_device(&world->call, world->catalog.id, device.id, test_group.id), TATU_OK);
    result = attest(world, &device);
    assert_int_equal(result.verdict, TATU_OK);
    assert_int_equal(result.customer_count, 1);
    world_free_device(&device);
}

static void developers_capabilities_are_refused_by_production_groups(void **state)
{
    struct world *world = *state;
    struct world_device device;
    struct tatu_reference reference = world_reference();
    put_reference(world, &reference);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_own(world, &device);
    device.evidence.capabilities = TATU_CAPABILITY_BIT(TATU_CAPABILITY_FIELD_SERVICING);
    assert_int_equal(attest(world, &device).verdict, TATU_OK);
    device.evidence.capabilities = TATU_CAPABILITY_BIT(TATU_CAPABILITY_TEST_KEY);
    assert_int_equal(attest(world, &device).verdict, TATU_ERR_DENIED);
    struct tatu_group group;
    assert_int_equal(
        tatu_fleet_get_group(&world->call, world->catalog.id, "bell", "Field Test", &group),
        TATU_OK);
    assert_int_equal(tatu_fleet_move_device(&world->call, world->catalog.id, device.id, group.id),
                     TATU_OK);
    assert_int_equal(attest(world, &device).verdict, TATU_OK);
    world_free_device(&device);
}

/* ---- renewal ---- */

static struct tatu_ticket read_ticket(struct world *world, struct tatu_span object)
{
    struct tatu_cose_sign1 sign1;
    struct tatu_ticket ticket;
    assert_int_equal(tatu_proto_decode_sign1(object, &sign1), TATU_OK);
    assert_int_equal(tatu_crypto_verify_cose(tatu_identity_facts(world->identity)->director_public,
                                             TATU_COSE_AAD_TICKET, &sign1),
                     TATU_OK);
    assert_int_equal(tatu_proto_decode_ticket(sign1.payload, &ticket), TATU_OK);
    return ticket;
}

static void ticket_has_the_grace_of_the_group_and_needs_good_software(void **state)
{
    struct world *world = *state;
    struct world_device device;
    struct tatu_reference reference = world_reference();
    const uint8_t nonce[32] = {7};
    struct tatu_span object;
    put_reference(world, &reference);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    assert_int_equal(
        tatu_attest_make_ticket(&world->call, world->identity, device.id, nonce, &object),
        TATU_ERR_NOT_FOUND);
    world_own(world, &device);
    (void)attest(world, &device);
    assert_int_equal(
        tatu_attest_make_ticket(&world->call, world->identity, device.id, nonce, &object), TATU_OK);
    struct tatu_ticket ticket = read_ticket(world, object);
    assert_int_equal(ticket.grace_s, 0);
    assert_memory_equal(ticket.device_id, device.id, 64);
    assert_memory_equal(ticket.nonce, nonce, 32);
    assert_int_equal(tatu_fleet_set_renewal_grace(&world->call, &world->group, 599),
                     TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_fleet_set_renewal_grace(&world->call, &world->group, 31536001),
                     TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_fleet_set_renewal_grace(&world->call, &world->group, 86400), TATU_OK);
    assert_int_equal(
        tatu_attest_make_ticket(&world->call, world->identity, device.id, nonce, &object), TATU_OK);
    assert_int_equal(read_ticket(world, object).grace_s, 86400);
    device.evidence.measurements[1].digest[0] ^= 1; /* another monitor: it shall renew itself */
    (void)attest(world, &device);
    assert_int_equal(
        tatu_attest_make_ticket(&world->call, world->identity, device.id, nonce, &object),
        TATU_ERR_DENIED);
    assert_int_equal(tatu_fleet_set_renewal_grace(&world->call, &world->group, 0), TATU_OK);
    assert_int_equal(
        tatu_attest_make_ticket(&world->call, world->identity, device.id, nonce, &object), TATU_OK);
    assert_int_equal(read_ticket(world, object).grace_s, 0);
    world_free_device(&device);
}

static void confirmation_is_for_devices_that_run_the_release_well(void **state)
{
    struct world *world = *state;
    struct world_device device;
    struct tatu_reference reference = world_reference();
    struct tatu_confirmation confirmation = {.floors = {1, 1, 1, 1}}, stored;
    struct tatu_span object, got;
    memcpy(confirmation.implementation, reference.implementation, 32);
    object = world_sign_confirmation(world, world->release, &confirmation);
    assert_int_equal(tatu_attest_put_confirmation(&world->call, "26.11", object, &stored),
                     TATU_ERR_NOT_FOUND);
    put_reference(world, &reference);
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_own(world, &device);
    const struct tatu_evidence good = device.evidence;
    (void)attest(world, &device);
    assert_int_equal(tatu_attest_get_confirmation(&world->call, device.id, &got),
                     TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_attest_put_confirmation(&world->call, "26.11", object, &stored), TATU_OK);
    assert_int_equal(tatu_attest_get_confirmation(&world->call, device.id, &got), TATU_OK);
    assert_int_equal(got.len, object.len);
    assert_memory_equal(got.data, object.data, object.len);
    for (int i = 0; i < 3; i++) {
        device.evidence = good;
        device.evidence.fallback = i == 0;
        device.evidence.mode = i == 1 ? TATU_BOOT_SAFE : TATU_BOOT_NORMAL;
        device.evidence.measurements[0].digest[0] ^= i == 2;
        (void)attest(world, &device);
        assert_int_equal(tatu_attest_get_confirmation(&world->call, device.id, &got),
                         TATU_ERR_NOT_FOUND);
    }
    world_free_device(&device);
}

static void confirmation_needs_a_listed_release_key_and_floors_that_fit(void **state)
{
    struct world *world = *state;
    struct tatu_reference reference = world_reference();
    struct tatu_confirmation confirmation = {.floors = {1, 1, 1, 1}}, stored;
    memcpy(confirmation.implementation, reference.implementation, 32);
    put_reference(world, &reference);
    assert_int_equal(tatu_attest_put_confirmation(
                         &world->call, "26.11",
                         world_sign_confirmation(world, world->maker, &confirmation), &stored),
                     TATU_ERR_KEY_UNKNOWN);
    assert_int_equal(tatu_attest_put_confirmation(
                         &world->call, "26.11",
                         world_sign_reference(world, world->release, &reference), &stored),
                     TATU_ERR_SIGNATURE);
    for (size_t i = 0; i < 3; i++) { /* vault, monitor, OS */
        struct tatu_confirmation high = confirmation;
        high.floors[i] = 2;
        assert_int_equal(tatu_attest_put_confirmation(
                             &world->call, "26.11",
                             world_sign_confirmation(world, world->release, &high), &stored),
                         TATU_ERR_ARGUMENT);
    }
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
        WORLD_TEST(each_application_gets_a_certificate_of_its_own_key),
        WORLD_TEST(software_that_is_not_current_gets_the_update_certificate_only),
        WORLD_TEST(keystore_of_this_service_may_be_measured_in_addition),
        WORLD_TEST(lab_board_is_refused_by_production_groups),
        WORLD_TEST(developers_capabilities_are_refused_by_production_groups),
        WORLD_TEST(ticket_has_the_grace_of_the_group_and_needs_good_software),
        WORLD_TEST(confirmation_is_for_devices_that_run_the_release_well),
        WORLD_TEST(confirmation_needs_a_listed_release_key_and_floors_that_fit),
        WORLD_TEST(nothing_is_issued_to_who_is_not_genuine),
        WORLD_TEST(reference_values_need_a_listed_release_key_and_every_boot_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
