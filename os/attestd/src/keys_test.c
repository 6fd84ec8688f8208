#include "keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/image.h"
#include "proto/mailbox.h"

#define KEY_AT 4u /* in the arguments of a vault command: u16 command, u16 0, payload */

/* A vault that counts what it is asked for, by command and by the component's first byte. */
struct vault {
    struct tatu_os_monitor monitor;
    struct tatu_os_log log;
    int made[256];
    int committed[256];
    uint8_t refused; /* the component whose key is not made; 0: none */
};

static enum tatu_err call(void *context, uint32_t number, struct tatu_span in, struct tatu_buf *out)
{
    static const uint8_t public_key[64];
    struct vault *vault = context;
    const uint8_t component = in.data[KEY_AT + 1 + 16];
    assert_int_equal(number, TATU_SMC_VAULT);
    assert_int_equal(in.len, KEY_AT + 1 + 16 + 16);
    switch (tatu_get_le16(in.data)) {
    case TATU_VAULT_MAKE_KEY:
        if (vault->refused != 0 && component == vault->refused) {
            return TATU_ERR_NOT_FOUND;
        }
        vault->made[component]++;
        return tatu_base_put_bytes(out, TATU_SPAN_OF(public_key));
    case TATU_VAULT_COMMIT_KEY:
        vault->committed[component]++;
        return TATU_OK;
    default:
        return TATU_ERR_UNKNOWN_COMMAND;
    }
}

static const uint8_t tenant[16] = {9};
static const uint8_t components[2][16] = {{1}, {2}};
static const struct tatu_signer_key update = {.purpose = TATU_KEY_UPDATE};
static const struct tatu_signer_key first = {TATU_KEY_TENANT, {9}, {1}};
static const struct tatu_signer_key second = {TATU_KEY_TENANT, {9}, {2}};

static struct tatu_daily_keys open_vault(struct vault *vault)
{
    *vault = (struct vault){.log = {.name = "test", .fd = -1}};
    vault->monitor = (struct tatu_os_monitor){.call = call, .context = vault, .fd = -1};
    return (struct tatu_daily_keys){.monitor = &vault->monitor, .log = &vault->log};
}

static void make(struct tatu_daily_keys *keys, size_t count, uint64_t now_ms)
{
    assert_int_equal(tatu_keys_make(keys, tenant, components, count, now_ms), TATU_OK);
}

static void each_application_has_a_key_of_its_own(void **state)
{
    struct vault vault;
    struct tatu_daily_keys keys = open_vault(&vault);
    (void)state;
    make(&keys, 2, 1000);
    assert_int_equal(vault.made[0], 1); /* for updates */
    assert_int_equal(vault.made[1], 1);
    assert_int_equal(vault.made[2], 1);
    assert_int_equal(keys.count, 3);
    make(&keys, 2, 2000); /* the proof is repeated */
    assert_int_equal(vault.made[1], 1);
}

static void new_key_is_used_when_its_certificate_is_there_and_not_before(void **state)
{
    struct vault vault;
    struct tatu_daily_keys keys = open_vault(&vault);
    (void)state;
    make(&keys, 1, 1000);
    assert_int_equal(vault.committed[0] + vault.committed[1], 0);
    assert_int_equal(tatu_keys_commit(&keys, &first), TATU_OK);
    assert_int_equal(tatu_keys_commit(&keys, &first), TATU_OK);
    assert_int_equal(vault.committed[1], 1);
    assert_int_equal(vault.committed[0], 0);
    assert_int_equal(tatu_keys_commit(&keys, &second), TATU_ERR_NOT_FOUND);
}

static void without_a_service_the_old_key_goes_on(void **state)
{
    struct vault vault;
    struct tatu_daily_keys keys = open_vault(&vault);
    const uint64_t old_ms = 1000 + TATU_KEYS_LIFE_MS;
    (void)state;
    make(&keys, 1, 1000);
    assert_int_equal(tatu_keys_commit(&keys, &update), TATU_OK);
    assert_int_equal(tatu_keys_commit(&keys, &first), TATU_OK);
    make(&keys, 1, old_ms - 1);
    assert_int_equal(vault.made[1], 1);
    for (uint64_t i = 0; i < 5; i++) {
        make(&keys, 1, old_ms + i); /* each try: no answer */
    }
    assert_int_equal(vault.made[1], 2);
    assert_int_equal(vault.committed[1], 1);
    assert_int_equal(tatu_keys_commit(&keys, &first), TATU_OK);
    assert_int_equal(vault.committed[1], 2);
}

static void key_of_a_removed_application_is_made_anew_when_it_comes_back(void **state)
{
    struct vault vault;
    struct tatu_daily_keys keys = open_vault(&vault);
    (void)state;
    make(&keys, 2, 1000);
    make(&keys, 1, 2000);
    assert_int_equal(keys.count, 2);
    make(&keys, 2, 3000);
    assert_int_equal(vault.made[1], 1);
    assert_int_equal(vault.made[2], 2);
}

static void application_without_a_key_holds_up_no_other(void **state)
{
    struct vault vault;
    struct tatu_daily_keys keys = open_vault(&vault);
    (void)state;
    vault.refused = 1;
    make(&keys, 2, 1000);
    assert_int_equal(vault.made[0], 1);
    assert_int_equal(vault.made[2], 1);
    assert_int_equal(tatu_keys_commit(&keys, &first), TATU_OK);
    assert_int_equal(vault.committed[1], 0);
}

static void put_folder(const char *root, uint8_t component, uint8_t of_tenant)
{
    uint8_t guid[16] = {component};
    char name[TATU_GUID_TEXT_SIZE], text[TATU_GUID_TEXT_SIZE], path[160];
    tatu_proto_format_guid(guid, name);
    guid[0] = of_tenant;
    tatu_proto_format_guid(guid, text);
    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/%s/tenant", root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(of_tenant == 0 ? "junk" : text, file);
    (void)fclose(file);
}

static void wanted_are_the_places_of_the_owners_tenant(void **state)
{
    char root[] = "/tmp/tatu-keys-XXXXXX", command[64], path[64];
    uint8_t found[TATU_EVIDENCE_TENANT_MAX][16];
    (void)state;
    assert_non_null(mkdtemp(root));
    assert_int_equal(tatu_keys_find_wanted("/nonexistent", tenant, found), 0);
    (void)snprintf(path, sizeof(path), "%s/update", root);
    assert_int_equal(mkdir(path, 0755), 0);
    put_folder(root, 1, 9);
    put_folder(root, 2, 8); /* another tenant */
    put_folder(root, 3, 0); /* no GUID */
    assert_int_equal(tatu_keys_find_wanted(root, tenant, found), 1);
    assert_int_equal(found[0][0], 1);
    for (uint8_t i = 10; i < 20; i++) {
        put_folder(root, i, 9);
    }
    assert_int_equal(tatu_keys_find_wanted(root, tenant, found), TATU_EVIDENCE_TENANT_MAX);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_application_has_a_key_of_its_own),
        cmocka_unit_test(new_key_is_used_when_its_certificate_is_there_and_not_before),
        cmocka_unit_test(without_a_service_the_old_key_goes_on),
        cmocka_unit_test(key_of_a_removed_application_is_made_anew_when_it_comes_back),
        cmocka_unit_test(application_without_a_key_holds_up_no_other),
        cmocka_unit_test(wanted_are_the_places_of_the_owners_tenant),
    };
    return cmocka_run_group_tests_name("attestd keys", tests, NULL, NULL);
}
