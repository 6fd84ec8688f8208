/*
 * What the ROM leaves for the runtime at a fixed place in SRAM. A ROM cannot be changed, so these
 * bytes are a format: docs/protocol/boot.md §2. Naturally aligned, little-endian, no padding.
 */
#ifndef TATU_VAULT_HANDOVER_H
#define TATU_VAULT_HANDOVER_H

#include "base/base.h"
#include "proto/image.h"

#define TATU_VAULT_HANDOVER_MAGIC 0x444e4854u /* "THND" */
#define TATU_VAULT_HANDOVER_VERSION 2u
#define TATU_VAULT_HANDOVER_REFUSED_MAX 2u

struct tatu_vault_refusal {
    uint8_t set;
    uint8_t zero;
    uint16_t image_type;
    uint32_t err;
};

struct tatu_vault_handover {
    uint32_t magic;
    uint32_t version;
    uint8_t set;
    uint8_t fallback; /* 1: not the preferred set: that was refused, or did not become healthy */
    uint8_t preferred;
    uint8_t refused_count;
    struct tatu_vault_refusal refused[TATU_VAULT_HANDOVER_REFUSED_MAX];
    uint8_t mode;     /* enum tatu_boot_mode */
    uint8_t attempts; /* boots before this one that did not become healthy, at most 255 */
    uint16_t zero;
    uint32_t runtime_version;
    uint8_t runtime_digest[32];
    uint32_t keystore_len;
    uint8_t keystore[TATU_KEYSTORE_MAX];
};

_Static_assert(sizeof(struct tatu_vault_refusal) == 8, "format of docs/protocol/boot.md");
_Static_assert(offsetof(struct tatu_vault_handover, runtime_digest) == 36, "the same");
_Static_assert(offsetof(struct tatu_vault_handover, keystore) == 72, "the same");

#endif
