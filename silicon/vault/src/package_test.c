/* The second signature of firmware: needed, by the same signer, and neither of the two is enough.
 */
#include "package.h"

#include "fake_chip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PACKAGE_MAX 8192u

static const uint16_t firmware[] = {
    TATU_IMAGE_RECOVERY, TATU_IMAGE_VAULT_RUNTIME, TATU_IMAGE_MONITOR,           TATU_IMAGE_DTB,
    TATU_IMAGE_KERNEL,   TATU_IMAGE_ROOT,          TATU_IMAGE_RECOVERY_MANIFEST,
};

static struct fake_world *world;
static EVP_PKEY *other; /* the keystore's second release key */
static struct tatu_keystore keystore;
static uint8_t package[PACKAGE_MAX];
static struct tatu_vault_image image;

static void add_release(EVP_PKEY *key, EVP_PKEY *second)
{
    fake_public(key, keystore.keys[keystore.count].key);
    fake_lms_public_of(second, keystore.keys[keystore.count].lms);
    keystore.keys[keystore.count++].usage = TATU_KEY_USAGE_FIRMWARE;
}

static int set_up(void **state)
{
    (void)state;
    world = fake_world_new();
    other = fake_key();
    keystore = (struct tatu_keystore){.count = 0};
    add_release(world->release, world->release);
    add_release(other, other);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_world_free(world);
    EVP_PKEY_free(other);
    return 0;
}

static size_t pack(uint16_t type, EVP_PKEY *signer, EVP_PKEY *second)
{
    return fake_pack_by(type, 1, (struct tatu_span){(const uint8_t *)"body", 4}, signer, second,
                        package, sizeof(package));
}

static enum tatu_err check(uint16_t type, size_t len)
{
    struct tatu_vault_trust trust = {.keystore = &keystore};
    struct tatu_vault_package place = {.local = package, .len = (uint32_t)len};
    return tatu_vault_check_image(world->chip, &trust, &place, type, &image);
}

/* The first signature again, by a signer who lost the second key. */
static void sign_again(size_t len, EVP_PKEY *signer)
{
    uint8_t digest[32];
    fake_digest((struct tatu_span){package, len - 64}, digest);
    fake_sign(signer, digest, package + len - 64);
}

static uint8_t *second_of(size_t len)
{
    return package + len - 64 - 4 - TATU_IMAGE_SECOND_SIZE;
}

static void firmware_of_both_keys_is_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(firmware); i++) {
        size_t len = pack(firmware[i], world->release, world->release);
        assert_int_equal(check(firmware[i], len), TATU_OK);
        uint8_t digest[32];
        fake_digest((struct tatu_span){package, len}, digest);
        assert_memory_equal(image.digest, digest, 32);
        assert_int_equal(check(firmware[i], pack(firmware[i], other, other)), TATU_OK);
    }
}

static void firmware_without_second_signature_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(firmware); i++) {
        assert_int_equal(check(firmware[i], pack(firmware[i], world->release, NULL)),
                         TATU_ERR_SIGNATURE);
    }
}

static void firmware_of_two_signers_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(firmware); i++) {
        assert_int_equal(check(firmware[i], pack(firmware[i], world->release, other)),
                         TATU_ERR_SIGNATURE);
        assert_int_equal(check(firmware[i], pack(firmware[i], world->release, world->root)),
                         TATU_ERR_SIGNATURE);
    }
}

static void each_part_of_the_second_signature_counts(void **state)
{
    (void)state;
    size_t len = pack(TATU_IMAGE_MONITOR, world->release, world->release);
    /* q, one-time type, C, first and last y, tree type, first and last node of the path */
    static const size_t at[] = {0, 3, 4, 7, 8, 39, 40, 1127, 1128, 1131, 1132, 1451};
    for (size_t i = 0; i < TATU_COUNT_OF(at); i++) {
        second_of(len)[at[i]] ^= 1;
        sign_again(len, world->release);
        assert_int_equal(check(TATU_IMAGE_MONITOR, len), TATU_ERR_SIGNATURE);
        second_of(len)[at[i]] ^= 1;
    }
    sign_again(len, world->release);
    assert_int_equal(check(TATU_IMAGE_MONITOR, len), TATU_OK);
}

static void second_signature_covers_body_and_metadata(void **state)
{
    (void)state;
    size_t len = pack(TATU_IMAGE_MONITOR, world->release, world->release);
    /* body, component, image id, name, security version: all are read without complaint */
    static const size_t at[] = {0, 3, 4 + 16, 4 + 32, 4 + 88, 4 + 132};
    for (size_t i = 0; i < TATU_COUNT_OF(at); i++) {
        package[at[i]] ^= 1;
        sign_again(len, world->release);
        assert_int_equal(check(TATU_IMAGE_MONITOR, len), TATU_ERR_SIGNATURE);
        package[at[i]] ^= 1;
    }
}

static void one_broken_algorithm_does_not_open_the_door(void **state)
{
    (void)state;
    size_t len = pack(TATU_IMAGE_MONITOR, other, world->release);
    world->chip->verify_says_yes = true;
    assert_int_equal(check(TATU_IMAGE_MONITOR, len), TATU_ERR_SIGNATURE);
    world->chip->verify_says_yes = false;
    len = pack(TATU_IMAGE_MONITOR, world->release, world->release);
    package[len - 1] ^= 1;
    world->chip->lms_says_yes = true;
    enum tatu_err err = check(TATU_IMAGE_MONITOR, len);
    world->chip->lms_says_yes = false;
    assert_int_equal(err, TATU_ERR_SIGNATURE);
}

static void application_needs_one_signature(void **state)
{
    (void)state;
    uint8_t owner[64];
    fake_public(world->owner, owner);
    size_t len = pack(TATU_IMAGE_APPLICATION, world->owner, NULL);
    struct tatu_vault_trust trust = {.owner = owner};
    struct tatu_vault_package place = {.local = package, .len = (uint32_t)len};
    assert_int_equal(
        tatu_vault_check_image(world->chip, &trust, &place, TATU_IMAGE_APPLICATION, &image),
        TATU_OK);
}

static enum tatu_err check_keystore(EVP_PKEY *root_inside, EVP_PKEY *lms_inside, EVP_PKEY *signer,
                                    EVP_PKEY *second)
{
    uint8_t body[TATU_KEYSTORE_MAX];
    struct tatu_keystore out;
    size_t len = fake_keystore(root_inside, world->release, world->time_key, 0, body, sizeof(body));
    fake_lms_public_of(lms_inside, body + 72);
    len = fake_pack_by(TATU_IMAGE_KEYSTORE, 1, (struct tatu_span){body, len}, signer, second,
                       package, sizeof(package));
    return tatu_vault_check_keystore(world->chip, (struct tatu_span){package, len}, &out, &image);
}

static void keystore_needs_both_keys_of_the_fused_root(void **state)
{
    (void)state;
    EVP_PKEY *root = world->root;
    assert_int_equal(check_keystore(root, root, root, root), TATU_OK);
    assert_int_equal(check_keystore(root, root, root, NULL), TATU_ERR_SIGNATURE);
    assert_int_equal(check_keystore(root, root, root, other), TATU_ERR_SIGNATURE);
    assert_int_equal(check_keystore(root, root, other, root), TATU_ERR_SIGNATURE);
    assert_int_equal(check_keystore(root, other, root, other), TATU_ERR_KEY_UNKNOWN);
    assert_int_equal(check_keystore(other, root, other, root), TATU_ERR_KEY_UNKNOWN);
    assert_int_equal(check_keystore(other, other, other, other), TATU_ERR_KEY_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(firmware_of_both_keys_is_accepted),
        cmocka_unit_test(firmware_without_second_signature_is_refused),
        cmocka_unit_test(firmware_of_two_signers_is_refused),
        cmocka_unit_test(each_part_of_the_second_signature_counts),
        cmocka_unit_test(second_signature_covers_body_and_metadata),
        cmocka_unit_test(one_broken_algorithm_does_not_open_the_door),
        cmocka_unit_test(application_needs_one_signature),
        cmocka_unit_test(keystore_needs_both_keys_of_the_fused_root),
    };
    return cmocka_run_group_tests_name("package", tests, set_up, tear_down);
}
