#include "bodies.h"

#include "keys.h"
#include "verity.h"

#include "proto/map.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define CHIP_NAME "tatu-1" /* the chip of docs/protocol/memory-map.md */

enum { VERITY_TEXT_MAX = 4096 };

#define COMPONENT(type) TATU_IMAGE_OS_COMPONENT type

const struct tatu_cli_body_kind tatu_cli_body_kinds[BODY_ALL_COUNT] = {
    [BODY_VAULT] = {TATU_IMAGE_VAULT_RUNTIME, "vault-runtime.bin", COMPONENT("02"),
                    TATU_FLASH_VAULT_AT, TATU_FLASH_VAULT_SIZE},
    [BODY_MONITOR] = {TATU_IMAGE_MONITOR, "monitor.bin", COMPONENT("04"), TATU_FLASH_MONITOR_AT,
                      TATU_FLASH_MONITOR_SIZE},
    [BODY_KEYSTORE] = {TATU_IMAGE_KEYSTORE, NULL, COMPONENT("13"), TATU_FLASH_KEYSTORE_AT,
                       TATU_FLASH_KEYSTORE_SIZE},
    [BODY_DTB] = {TATU_IMAGE_DTB, "device-tree.bin", COMPONENT("06"), TATU_FLASH_DTB_AT,
                  TATU_FLASH_DTB_SIZE},
    [BODY_KERNEL] = {TATU_IMAGE_KERNEL, "kernel.bin", COMPONENT("07"), TATU_FLASH_KERNEL_AT,
                     TATU_FLASH_KERNEL_SIZE},
    [BODY_ROOT] = {TATU_IMAGE_ROOT, "root.bin", COMPONENT("08"), TATU_FLASH_ROOT_AT,
                   TATU_FLASH_ROOT_SIZE},
    [BODY_RECOVERY] = {TATU_IMAGE_RECOVERY, "recovery.bin", COMPONENT("01"), 0,
                       TATU_FLASH_MONITOR_SIZE},
    [BODY_MANIFEST] = {TATU_IMAGE_RECOVERY_MANIFEST, NULL, COMPONENT("1a"), 0,
                       TATU_FLASH_SECTOR_SIZE},
};

void tatu_cli_free_bodies(struct tatu_cli_bodies *bodies)
{
    for (size_t i = 0; i < BODY_ALL_COUNT; i++) {
        tatu_cli_free_bytes(&bodies->parts[i]);
    }
}

enum tatu_err tatu_cli_implementation_id(struct tatu_cli *cli, const char *vault_rom,
                                         uint8_t out[32])
{
    CLI_BYTES rom = {NULL, 0};
    TATU_TRY(tatu_cli_read_file(cli, vault_rom, TATU_MAP_VROM_SIZE, &rom));
    const struct tatu_span parts[] = {CLI_SPAN(rom),
                                      {(const uint8_t *)CHIP_NAME, strlen(CHIP_NAME)}};
    return tatu_cli_hash(parts, TATU_COUNT_OF(parts), out);
}

/* The value behind "name=" at the start of a line; NULL when there is none. */
static const char *find_value(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) == 0 && line[len] == '=') {
            return line + len + 1;
        }
    }
    return NULL;
}

enum tatu_err tatu_cli_read_verity_text(const char *text, uint32_t *out_data_len,
                                        uint8_t out_root[32])
{
    const char *data = find_value(text, "data_len");
    const char *root = find_value(text, "root_hash");
    char *end = NULL;
    unsigned long len = data == NULL ? 0 : strtoul(data, &end, 10);
    uint8_t hash[32];
    if (root == NULL || len == 0 || len > TATU_IMAGE_PACKAGE_MAX ||
        len % TATU_VERITY_BLOCK_SIZE != 0 || (*end != '\n' && *end != '\0') ||
        tatu_base_decode_hex(root, strcspn(root, "\n"), hash, 32) != TATU_OK) {
        return TATU_ERR_FORMAT;
    }
    *out_data_len = (uint32_t)len;
    memcpy(out_root, hash, sizeof(hash));
    return TATU_OK;
}

/* Pads the data to whole blocks and puts the tree behind it. */
static enum tatu_err append_tree(struct tatu_cli *cli, struct tatu_cli_bodies *bodies,
                                 uint32_t data_len)
{
    struct tatu_cli_bytes *root = &bodies->parts[BODY_ROOT];
    uint32_t padded = (data_len + TATU_VERITY_BLOCK_SIZE - 1) & ~(TATU_VERITY_BLOCK_SIZE - 1);
    uint32_t tree_len = tatu_proto_verity_tree_len(padded);
    CLI_BYTES whole = {NULL, 0};
    TATU_TRY(tatu_cli_alloc(cli, padded + tree_len, &whole));
    memcpy(whole.data, root->data, data_len);
    struct tatu_buf tree = {whole.data + padded, 0, tree_len};
    enum tatu_err err =
        tatu_cli_build_verity((struct tatu_span){whole.data, padded}, tree, bodies->verity_root);
    if (err != TATU_OK) {
        return tatu_cli_fail(cli, err,
                             "the root file system is empty or too large; build it again");
    }
    bodies->verity_data_len = padded;
    struct tatu_cli_bytes old = *root;
    *root = whole;
    whole = old;
    return TATU_OK;
}

static enum tatu_err check_tree(struct tatu_cli *cli, struct tatu_cli_bodies *bodies,
                                const char *text)
{
    uint32_t data_len;
    uint8_t promised[32];
    struct tatu_span had = CLI_SPAN(bodies->parts[BODY_ROOT]);
    if (tatu_cli_read_verity_text(text, &data_len, promised) != TATU_OK || data_len > had.len) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             BODIES_VERITY " does not say data_len and "
                                           "root_hash of this root file system; build it again");
    }
    CLI_BYTES before = {NULL, 0};
    TATU_TRY(tatu_cli_alloc(cli, had.len, &before));
    memcpy(before.data, had.data, had.len);
    TATU_TRY(append_tree(cli, bodies, data_len));
    struct tatu_cli_bytes now = bodies->parts[BODY_ROOT];
    if (memcmp(promised, bodies->verity_root, 32) != 0 || now.len != before.len ||
        memcmp(now.data, before.data, now.len) != 0) {
        return tatu_cli_fail(cli, TATU_ERR_DIGEST,
                             "the root file system is not the one " BODIES_VERITY
                             " was made for; build it again");
    }
    return TATU_OK;
}

static enum tatu_err read_root(struct tatu_cli *cli, const char *dir,
                               struct tatu_cli_bodies *bodies)
{
    char path[PATH_MAX];
    CLI_BYTES text = {NULL, 0};
    TATU_TRY(tatu_cli_join(cli, dir, BODIES_VERITY, path));
    enum tatu_err err = tatu_cli_read_file(cli, path, VERITY_TEXT_MAX, &text);
    if (err == TATU_ERR_NOT_FOUND) {
        return append_tree(cli, bodies, (uint32_t)bodies->parts[BODY_ROOT].len);
    }
    TATU_TRY(err);
    return check_tree(cli, bodies, (const char *)text.data);
}

static enum tatu_err read_parts(struct tatu_cli *cli, const char *dir, const char *vault_rom,
                                struct tatu_cli_bodies *bodies)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < BODY_ALL_COUNT; i++) {
        const struct tatu_cli_body_kind *kind = &tatu_cli_body_kinds[i];
        if (kind->file != NULL) {
            TATU_TRY(tatu_cli_join(cli, dir, kind->file, path));
            TATU_TRY(tatu_cli_read_file(cli, path, kind->flash_size, &bodies->parts[i]));
        }
    }
    TATU_TRY(tatu_cli_join(cli, dir, BODIES_VAULT_ROM, path));
    TATU_TRY(tatu_cli_implementation_id(cli, vault_rom != NULL ? vault_rom : path,
                                        bodies->implementation));
    return read_root(cli, dir, bodies);
}

enum tatu_err tatu_cli_read_bodies(struct tatu_cli *cli, const char *dir, const char *vault_rom,
                                   struct tatu_cli_bodies *out)
{
    struct tatu_cli_bodies bodies = {.verity_data_len = 0};
    enum tatu_err err = read_parts(cli, dir, vault_rom, &bodies);
    if (err != TATU_OK) {
        tatu_cli_free_bodies(&bodies);
        return err;
    }
    *out = bodies;
    return TATU_OK;
}
