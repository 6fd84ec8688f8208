#include "command_fixture.h"

static void the_first_owner_stays(void **state)
{
    (void)state;
    struct tatu_cose_sign1 message;
    struct tatu_claim statement;
    end_boot();
    assert_int_equal(claim(0, world->owner, 1), TATU_ERR_ARGUMENT);
    assert_int_equal(claim(7, NULL, 1), TATU_ERR_ARGUMENT);
    assert_int_equal(claim(7, world->owner, 1), TATU_OK);
    check_signed(world->chip->secrets[0], TATU_COSE_AAD_CLAIM, &message);
    assert_int_equal(tatu_proto_decode_claim(message.payload, &statement), TATU_OK);
    assert_int_equal(statement.nonce[0], 1);
    assert_int_equal(statement.tenant[15], 7);
    assert_memory_equal(statement.device_id, vault.evidence.device_id, 64);
    assert_int_equal(claim(7, world->owner, 2), TATU_OK);
    assert_int_equal(claim(8, world->owner, 2), TATU_ERR_OWNED);
    assert_int_equal(claim(7, world->release, 2), TATU_ERR_OWNED);
    assert_true(fake_world_boot(world, &vault));
    end_boot();
    assert_int_equal(claim(8, world->owner, 2), TATU_ERR_OWNED);
    assert_int_equal(claim(7, world->owner, 3), TATU_OK);
}

static void a_claim_that_cannot_be_kept_is_not_signed(void **state)
{
    (void)state;
    end_boot();
    world->chip->power_left = 1; /* of two units */
    assert_int_equal(claim(7, world->owner, 1), TATU_ERR_IO);
    assert_false(vault.record.claimed);
}

static void evidence_says_what_booted(void **state)
{
    (void)state;
    struct tatu_cose_sign1 message;
    struct tatu_evidence evidence;
    uint8_t nonce[32];
    uint8_t digest[32];
    uint8_t update[64];
    uint8_t tenant[64];
    memset(nonce, 0x77, sizeof(nonce));
    for (int n = 0; n < 6; n++) {
        assert_true(fake_world_boot(world, &vault));
    }
    size_t len = put_package(TATU_IMAGE_KERNEL, 4, world->release);
    assert_int_equal(verify_at(RAM_AT, len, TATU_IMAGE_KERNEL, TATU_VERIFY_MEASURE), TATU_OK);
    end_boot();
    assert_int_equal(ask(NORMAL, TATU_VAULT_MAKE_EVIDENCE, TATU_SPAN_OF(nonce)), TATU_ERR_STATE);
    assert_int_equal(claim(7, world->owner, 1), TATU_OK);
    assert_int_equal(set_capability(1, TATU_CAPABILITY_APP_DEVELOPMENT, world->owner), TATU_OK);
    assert_int_equal(set_capability(0, TATU_CAPABILITY_FIELD_SERVICING, world->owner), TATU_OK);
    assert_int_equal(make_key(TATU_KEY_UPDATE, 0, 0, update), TATU_OK);
    assert_int_equal(make_key(TATU_KEY_TENANT, 7, 0x61, tenant), TATU_OK);
    assert_int_equal(ask(NORMAL, TATU_VAULT_MAKE_EVIDENCE, TATU_SPAN_OF(nonce)), TATU_OK);
    check_signed(world->chip->secrets[1], TATU_COSE_AAD_EVIDENCE, &message);
    fake_digest(TATU_SPAN_OF(vault.evidence.device_id), digest);
    assert_int_equal(tatu_proto_decode_evidence(message.payload, digest, &evidence), TATU_OK);
    assert_memory_equal(evidence.nonce, nonce, 32);
    assert_memory_equal(evidence.update_key, update, 64);
    assert_int_equal(evidence.tenant_count, 1);
    assert_memory_equal(evidence.tenants[0].key, tenant, 64);
    assert_int_equal(evidence.tenants[0].tenant[0], 7);
    assert_int_equal(evidence.tenants[0].component[0], 0x61);
    assert_int_equal(evidence.mode, TATU_BOOT_SAFE);
    assert_int_equal(evidence.capabilities, 1u << 11 | 1u << 13);
    assert_int_equal(evidence.measurement_count, 3);
    fake_digest((struct tatu_span){world->chip->ram, len}, digest);
    assert_memory_equal(evidence.measurements[2].digest, digest, 32);
    assert_int_equal(evidence.measurements[2].security_version, 4);
    assert_int_equal(evidence.lifecycle, 1);
}

static void the_largest_evidence_fits_one_answer(void **state)
{
    (void)state;
    uint8_t list[1 + 16 * 64] = {16};
    uint8_t nonce[32] = {1};
    uint8_t key[64];
    for (uint8_t n = 0; n < 16; n++) {
        memset(list + 1 + 64 * n, n + 1, 64);
    }
    assert_int_equal(ask(MONITOR, TATU_VAULT_MEASURE_APPS, TATU_SPAN_OF(list)), TATU_OK);
    const uint16_t types[] = {TATU_IMAGE_DTB, TATU_IMAGE_KERNEL, TATU_IMAGE_ROOT};
    for (size_t i = 0; i < TATU_COUNT_OF(types); i++) {
        size_t len = put_package(types[i], 0xffffffffu, world->release);
        assert_int_equal(verify_at(RAM_AT, len, types[i], TATU_VERIFY_MEASURE), TATU_OK);
    }
    end_boot();
    for (uint8_t n = 0; n < TATU_EVIDENCE_TENANT_MAX; n++) {
        memset(vault.evidence.tenants[n].tenant, 0x80 + n, 16);
    }
    vault.evidence.tenant_count = TATU_EVIDENCE_TENANT_MAX;
    vault.evidence.boot_count = vault.chip->uptime_ms = UINT64_MAX;
    assert_int_equal(make_key(TATU_KEY_UPDATE, 0, 0, key), TATU_OK);
    assert_int_equal(ask(NORMAL, TATU_VAULT_MAKE_EVIDENCE, TATU_SPAN_OF(nonce)), TATU_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOOTED(the_first_owner_stays),
        BOOTED(a_claim_that_cannot_be_kept_is_not_signed),
        BOOTED(evidence_says_what_booted),
        BOOTED(the_largest_evidence_fits_one_answer),
    };
    return cmocka_run_group_tests_name("vault statement commands", tests, NULL, NULL);
}
