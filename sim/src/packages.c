/* What a releaser and an owner make: three releases, three versions of an application. */
#include <stdlib.h>
#include <string.h>

#include "board.h"

const uint16_t sim_os_types[SIM_OS_PART_COUNT] = {
    TATU_IMAGE_VAULT_RUNTIME, TATU_IMAGE_MONITOR, TATU_IMAGE_DTB,
    TATU_IMAGE_KERNEL,        TATU_IMAGE_ROOT,    TATU_IMAGE_KEYSTORE,
};

static const struct {
    uint32_t at;
    uint32_t size;
} slots[SIM_OS_PART_COUNT] = {
    {TATU_FLASH_VAULT_AT, TATU_FLASH_VAULT_SIZE},
    {TATU_FLASH_MONITOR_AT, TATU_FLASH_MONITOR_SIZE},
    {TATU_FLASH_DTB_AT, TATU_FLASH_DTB_SIZE},
    {TATU_FLASH_KERNEL_AT, TATU_FLASH_KERNEL_SIZE},
    {TATU_FLASH_ROOT_AT, TATU_FLASH_ROOT_SIZE},
    {TATU_FLASH_KEYSTORE_AT, TATU_FLASH_KEYSTORE_SIZE},
};

static void must(enum tatu_err err)
{
    if (err != TATU_OK) {
        abort(); /* what the simulation itself makes is right, or there is nothing to try */
    }
}

static void fill_key(EVP_PKEY *key, struct tatu_keystore *keystore)
{
    fake_public(key, keystore->keys[keystore->count].key);
    fake_lms_public_of(key, keystore->keys[keystore->count].lms);
    keystore->keys[keystore->count++].usage = TATU_KEY_USAGE_FIRMWARE;
}

/* From version 2 on the next release key is listed too. */
static size_t make_keystore(struct tatu_sim_board *board, uint32_t version, uint8_t *out,
                            size_t cap)
{
    struct tatu_keystore keystore = {.host = "localhost", .front_port = 1, .update_port = 2};
    struct tatu_buf buf = {out, 0, cap};
    fake_public(board->root, keystore.root);
    fake_lms_public_of(board->root, keystore.root_lms);
    fill_key(board->release, &keystore);
    if (version > 1) {
        fill_key(board->next_release, &keystore);
    }
    fake_public(board->service, keystore.time_key);
    fake_public(board->service, keystore.service_root);
    fake_public(board->service, keystore.director_key);
    must(tatu_proto_encode_keystore(&keystore, &buf));
    return buf.len;
}

static void make_os(struct tatu_sim_board *board, uint32_t version)
{
    EVP_PKEY *release = version > 2 ? board->next_release : board->release;
    for (uint32_t i = 0; i < SIM_OS_PART_COUNT; i++) {
        struct sim_package_bytes *package = &board->os[version - 1][i];
        uint8_t body[TATU_KEYSTORE_MAX];
        size_t len = 100;
        EVP_PKEY *signer = release;
        memset(body, (int)(16 * version + i), sizeof(body));
        if (sim_os_types[i] == TATU_IMAGE_KEYSTORE) {
            len = make_keystore(board, version, body, sizeof(body));
            signer = board->root;
        }
        package->len = fake_pack(sim_os_types[i], version, (struct tatu_span){body, len}, signer,
                                 package->bytes, sizeof(package->bytes));
    }
}

void sim_make_packages(struct tatu_sim_board *board)
{
    board->root = fake_key();
    board->release = fake_key();
    board->next_release = fake_key();
    board->service = fake_key();
    board->owner = fake_key();
    for (uint32_t version = 1; version <= SIM_VERSION_COUNT; version++) {
        struct sim_package_bytes *app = &board->app[version - 1];
        uint8_t body[200];
        make_os(board, version);
        memset(body, (int)version, sizeof(body));
        app->len = fake_pack(TATU_IMAGE_APPLICATION, version, TATU_SPAN_OF(body), board->owner,
                             app->bytes, sizeof(app->bytes));
    }
    for (uint32_t set = 0; set < TATU_FLASH_SET_COUNT; set++) {
        for (uint32_t i = 0; i < SIM_OS_PART_COUNT; i++) {
            fake_flash_slot(board->vault_chip, set * TATU_FLASH_SET_STRIDE + slots[i].at,
                            slots[i].size,
                            (struct tatu_span){board->os[0][i].bytes, board->os[0][i].len});
        }
    }
}
