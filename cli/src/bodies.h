/* The unsigned parts of a release, as the build leaves them in one folder. */
#ifndef BODIES_H
#define BODIES_H

#include "files.h"

#include "proto/image.h"

/* Boot images in boot order; evidence and reference values list them in this order too. */
enum {
    BODY_VAULT,
    BODY_MONITOR,
    BODY_KEYSTORE, /* has no file: made of the service's keys and the releaser's */
    BODY_DTB,
    BODY_KERNEL,
    BODY_ROOT,
    BODY_COUNT,
    /* not in flash and in no evidence: what a board is recovered with */
    BODY_RECOVERY = BODY_COUNT,
    BODY_MANIFEST, /* has no file: names the boot images */
    BODY_ALL_COUNT,
};

struct tatu_cli_body_kind {
    uint16_t type;
    const char *file;      /* in the bodies' folder */
    const char *component; /* fixed GUID of what the image is a version of */
    uint32_t flash_at;     /* in a set */
    uint32_t flash_size;   /* limit of the package */
};
extern const struct tatu_cli_body_kind tatu_cli_body_kinds[BODY_ALL_COUNT];

#define BODIES_VAULT_ROM "vault-rom.bin"
#define BODIES_VERITY "verity.txt"

struct tatu_cli_bodies {
    struct tatu_cli_bytes parts[BODY_ALL_COUNT]; /* root: with its tree behind it */
    uint32_t verity_data_len;
    uint8_t verity_root[32];
    uint8_t implementation[32];
};
void tatu_cli_free_bodies(struct tatu_cli_bodies *bodies);

/**
 * Reads the folder. verity.txt is what veritysetup printed for the root file system; its numbers
 * are not believed: the tree is computed here and must be the one in the file. Without verity.txt
 * the whole file is data and the tree is made.
 *
 * vault_rom the mask ROM that the release is for; NULL: vault-rom.bin of the folder
 *
 * Errors    NOT_FOUND, LONG, IO of a file; FORMAT of verity.txt; DIGEST when the tree is another
 */
enum tatu_err tatu_cli_read_bodies(struct tatu_cli *cli, const char *dir, const char *vault_rom,
                                   struct tatu_cli_bodies *out);

/** Implementation id: SHA-256 of the vault's mask ROM and the chip's name. */
enum tatu_err tatu_cli_implementation_id(struct tatu_cli *cli, const char *vault_rom,
                                         uint8_t out[32]);

/** Lines "data_len=N" (bytes) and "root_hash=HEX". Errors: FORMAT. */
enum tatu_err tatu_cli_read_verity_text(const char *text, uint32_t *out_data_len,
                                        uint8_t out_root[32]);

#endif
