#include "command_fixture.h"

#define UPDATE TATU_KEY_UPDATE
#define TENANT TATU_KEY_TENANT

static uint8_t digest[32] = {0x5a};

static enum tatu_err sign_tls(uint8_t purpose, uint8_t tenant, uint8_t component)
{
    return ask_key(TATU_VAULT_SIGN_TLS, purpose, tenant, component, TATU_SPAN_OF(digest));
}

static enum tatu_err commit(uint8_t purpose, uint8_t tenant, uint8_t component)
{
    return ask_key(TATU_VAULT_COMMIT_KEY, purpose, tenant, component, NOTHING);
}

/* Signing works, and with this key. */
static void check_signs(uint8_t purpose, uint8_t tenant, uint8_t component, const uint8_t key[64])
{
    assert_int_equal(sign_tls(purpose, tenant, component), TATU_OK);
    assert_int_equal(answer.len, 64);
    assert_true(fake_verify(key, digest, answer.data));
}

static void start_owned(void)
{
    end_boot();
    assert_int_equal(claim(7, world->owner, 1), TATU_OK);
}

static void a_request_names_a_key_that_may_be(void **state)
{
    (void)state;
    static const struct {
        uint8_t purpose;
        uint8_t tenant;
        uint8_t component;
        enum tatu_err make;
        enum tatu_err use; /* to sign, to commit */
    } rows[] = {
        {0, 0, 0, TATU_ERR_PURPOSE, TATU_ERR_PURPOSE},
        {3, 7, 1, TATU_ERR_PURPOSE, TATU_ERR_PURPOSE},
        {UPDATE, 7, 0, TATU_ERR_ARGUMENT, TATU_ERR_ARGUMENT},
        {UPDATE, 0, 1, TATU_ERR_ARGUMENT, TATU_ERR_ARGUMENT},
        {TENANT, 8, 1, TATU_ERR_FOREIGN, TATU_ERR_NOT_FOUND},
        {TENANT, 0, 1, TATU_ERR_FOREIGN, TATU_ERR_NOT_FOUND},
        {TENANT, 7, 1, TATU_OK, TATU_ERR_NOT_FOUND},
        {UPDATE, 0, 0, TATU_OK, TATU_ERR_NOT_FOUND},
    };
    uint8_t key[64];
    end_boot();
    assert_int_equal(make_key(TENANT, 7, 1, key), TATU_ERR_FOREIGN); /* no owner */
    assert_int_equal(make_key(TENANT, 0, 1, key), TATU_ERR_FOREIGN);
    assert_int_equal(claim(7, world->owner, 1), TATU_OK);
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(sign_tls(rows[i].purpose, rows[i].tenant, rows[i].component), rows[i].use);
        assert_int_equal(commit(rows[i].purpose, rows[i].tenant, rows[i].component), rows[i].use);
        assert_int_equal(make_key(rows[i].purpose, rows[i].tenant, rows[i].component, key),
                         rows[i].make);
    }
}

static void a_new_key_waits_until_it_is_committed(void **state)
{
    (void)state;
    static const uint8_t names[][3] = {{UPDATE, 0, 0}, {TENANT, 7, 1}};
    start_owned();
    for (size_t i = 0; i < TATU_COUNT_OF(names); i++) {
        uint8_t first[64];
        uint8_t second[64];
        uint8_t third[64];
        uint8_t p = names[i][0];
        uint8_t t = names[i][1];
        uint8_t c = names[i][2];
        const uint8_t *shown =
            p == UPDATE ? vault.evidence.update_key : vault.evidence.tenants[0].key;
        assert_int_equal(make_key(p, t, c, first), TATU_OK);
        assert_memory_equal(shown, first, 64);
        assert_int_equal(sign_tls(p, t, c), TATU_ERR_NOT_FOUND);
        assert_int_equal(commit(p, t, c), TATU_OK);
        check_signs(p, t, c, first);
        assert_int_equal(commit(p, t, c), TATU_ERR_NOT_FOUND);
        assert_int_equal(make_key(p, t, c, second), TATU_OK);
        assert_int_equal(make_key(p, t, c, third), TATU_OK);
        assert_memory_equal(shown, third, 64);
        check_signs(p, t, c, first); /* the old certificate is still good for it */
        assert_int_equal(commit(p, t, c), TATU_OK);
        check_signs(p, t, c, third);
        assert_memory_equal(shown, third, 64);
    }
}

static void each_component_has_a_key_of_its_own(void **state)
{
    (void)state;
    uint8_t keys[2][64];
    start_owned();
    for (uint8_t n = 0; n < 2; n++) {
        assert_int_equal(make_key(TENANT, 7, n + 1, keys[n]), TATU_OK);
        assert_int_equal(commit(TENANT, 7, n + 1), TATU_OK);
    }
    assert_memory_not_equal(keys[0], keys[1], 64);
    check_signs(TENANT, 7, 1, keys[0]);
    check_signs(TENANT, 7, 2, keys[1]);
    assert_int_equal(sign_tls(TENANT, 7, 3), TATU_ERR_NOT_FOUND);
    assert_int_equal(sign_tls(TENANT, 8, 1), TATU_ERR_NOT_FOUND);
    assert_int_equal(sign_tls(UPDATE, 0, 0), TATU_ERR_NOT_FOUND);
    assert_int_equal(vault.evidence.tenant_count, 2);
}

static void tenant_slots_are_limited(void **state)
{
    (void)state;
    uint8_t key[64];
    start_owned();
    for (uint8_t n = 1; n <= TATU_EVIDENCE_TENANT_MAX; n++) {
        assert_int_equal(make_key(TENANT, 7, n, key), TATU_OK);
    }
    assert_int_equal(make_key(TENANT, 7, 9, key), TATU_ERR_FULL);
    assert_int_equal(make_key(TENANT, 7, 8, key), TATU_OK);
    assert_int_equal(commit(TENANT, 7, 9), TATU_ERR_NOT_FOUND);
    assert_int_equal(sign_tls(TENANT, 7, 9), TATU_ERR_NOT_FOUND);
}

static void install(const char *components)
{
    uint8_t list[1 + 16 * 64] = {(uint8_t)strlen(components)};
    for (size_t n = 0; n < list[0]; n++) {
        memset(list + 1 + 64 * n, components[n], 64);
    }
    assert_int_equal(
        ask(MONITOR, TATU_VAULT_MEASURE_APPS, (struct tatu_span){list, 1 + 64u * list[0]}),
        TATU_OK);
}

/* What is left after each list of installed components: who signs, who only waits. */
static void keys_die_with_their_component(void **state)
{
    (void)state;
    static const char *const lists[] = {"abcd", "dbca", "bcd", "bd", "d", ""};
    uint8_t keys['e'][64];
    uint8_t pending['e'][64];
    start_owned();
    for (char c = 'a'; c <= 'd'; c++) {
        assert_int_equal(make_key(TENANT, 7, (uint8_t)c, keys[(int)c]), TATU_OK);
        if (c != 'b') { /* which has a pending key alone */
            assert_int_equal(commit(TENANT, 7, (uint8_t)c), TATU_OK);
        }
        if (c == 'd') { /* and this one has both */
            assert_int_equal(make_key(TENANT, 7, (uint8_t)c, pending[(int)c]), TATU_OK);
        }
    }
    for (size_t i = 0; i < TATU_COUNT_OF(lists); i++) {
        install(lists[i]);
        assert_int_equal(vault.evidence.tenant_count, strlen(lists[i]));
        for (char c = 'a'; c <= 'd'; c++) {
            if (strchr(lists[i], c) != NULL && c != 'b') {
                check_signs(TENANT, 7, (uint8_t)c, keys[(int)c]);
            } else {
                assert_int_equal(sign_tls(TENANT, 7, (uint8_t)c), TATU_ERR_NOT_FOUND);
            }
        }
        if (strcmp(lists[i], "bd") == 0) {
            assert_int_equal(commit(TENANT, 7, 'd'), TATU_OK);
            memcpy(keys['d'], pending['d'], 64);
        }
    }
    for (size_t n = TATU_ENGINE_SLOT_TENANT; n < TATU_ENGINE_SLOT_COUNT; n++) {
        assert_null(world->chip->slots[n]);
    }
    assert_int_equal(vault.filled, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOOTED(a_request_names_a_key_that_may_be),   BOOTED(a_new_key_waits_until_it_is_committed),
        BOOTED(each_component_has_a_key_of_its_own), BOOTED(tenant_slots_are_limited),
        BOOTED(keys_die_with_their_component),
    };
    return cmocka_run_group_tests_name("vault key commands", tests, NULL, NULL);
}
