/*
 * Mailbox between the monitor and the vault: one request, one answer, in turn.
 * The request sits at TATU_MAILRAM_REQUEST, the answer at TATU_MAILRAM_RESPONSE, both:
 *   u32 sequence   chosen by the monitor, repeated in the answer
 *   u16 command    enum tatu_vault_command
 *   u16 status     request: enum tatu_vault_caller; answer: enum tatu_err
 *   u32 len        bytes of payload, at most TATU_MAILBOX_PAYLOAD_MAX
 *   u8  payload[]
 * All integers little-endian. The vault copies the request once and never reads it again.
 * Source: docs/protocol/mailbox.md, which has each payload's layout.
 */
#ifndef TATU_PROTO_MAILBOX_H
#define TATU_PROTO_MAILBOX_H

#include "base/base.h"

#define TATU_MAILBOX_HEADER_SIZE 12u
#define TATU_MAILBOX_PAYLOAD_MAX 4096u

/** On whose behalf the monitor asks. The vault has one table of commands per caller. */
enum tatu_vault_caller {
    TATU_VAULT_CALLER_MONITOR = 1, /* the monitor itself */
    TATU_VAULT_CALLER_NORMAL = 2,  /* the normal world, passed on by the monitor */
};

enum tatu_vault_command {
    /* monitor only */
    TATU_VAULT_VERIFY_IMAGE =
        1, /* u32 address, u32 len, u16 image type, u16 flags -> struct below */
    TATU_VAULT_MEASURE_APPS = 2, /* u8 count, count x {component[16], image[16], digest[32]} -> - */
    TATU_VAULT_SET_DMA = 3,      /* u32 base, u32 size -> - ; once per boot, before Linux */
    TATU_VAULT_BOOT_DONE = 4,    /* u8 set, u8 fallback -> - ; ends the boot phase */
    TATU_VAULT_GET_BOOT =
        5, /* - -> set, fallback and what ROM and runtime refused, docs/protocol/mailbox.md */
    TATU_VAULT_AUTHENTICATE =
        6,                    /* u32 purpose (1 table), bytes <= 1024 -> mac[32], this chip's own */
    TATU_VAULT_COUNT = 7,     /* u32 add (0, 1) -> u64 TATU_FUSE_COUNTER_STORAGE */
    TATU_VAULT_BOOT_GOOD = 8, /* - -> - ; this boot is healthy: boot attempts start at 0 again */
    TATU_VAULT_GET_TICKET = 9, /* - -> u32 grace_s (0 not armed), u32 boots since the last ticket */
    TATU_VAULT_RECOVER = 10,   /* - -> - ; no OS is good: resets the chip into recovery */
    /* normal world, through the monitor */
    TATU_VAULT_GET_INFO = 16,   /* - -> struct tatu_vault_info as bytes, docs/protocol/mailbox.md */
    TATU_VAULT_TIME_NONCE = 17, /* - -> nonce[32] */
    TATU_VAULT_SET_TIME = 18,   /* COSE_Sign1 signed time -> u64 seconds: the floor now */
    TATU_VAULT_MAKE_KEY = 19,   /* u8 purpose, tenant[16], component[16] -> public[64], pending */
    TATU_VAULT_MAKE_EVIDENCE = 20, /* nonce[32] -> COSE_Sign1 evidence */
    TATU_VAULT_SIGN_TLS =
        21,                 /* u8 purpose, tenant[16], component[16], digest[32] -> signature[64] */
    TATU_VAULT_CLAIM = 22,  /* nonce[32], tenant[16], owner key[64] -> COSE_Sign1 claim statement */
    TATU_VAULT_RANDOM = 23, /* u16 len <= 64 -> bytes */
    TATU_VAULT_COMMIT_KEY =
        24,                  /* u8 purpose, tenant[16], component[16] -> - ; pending is current */
    TATU_VAULT_CONFIRM = 25, /* COSE_Sign1 confirmation -> u32 floors[4]; raises rollback floors */
    TATU_VAULT_SEAL = 26,    /* label[16], bytes <= 1024 -> sealed (28 bytes more) */
    TATU_VAULT_UNSEAL = 27,  /* label[16], sealed -> bytes */
    TATU_VAULT_DERIVE = 28,  /* label[16] -> key[32], the same on this chip for ever */
    TATU_VAULT_COUNTER = 29, /* u8 number 0..3, u8 add (0, 1) -> u64 */
    TATU_VAULT_GET_STATE = 30, /* - -> u32 lifecycle, u32 stored capabilities, u32 of the session */
    TATU_VAULT_SET_CAPABILITY =
        31, /* u8 store (0 session, 1 stored), 3 x 0, capability file -> - */
    TATU_VAULT_DROP_CAPABILITY =
        32, /* - -> - ; no capability is left, stored or of the session; the monitor's as well: in
             * mode RECOVERY it also disarms the ticket */
    TATU_VAULT_SET_LIFECYCLE = 33, /* u32 lifecycle word; only upwards -> - */
    TATU_VAULT_TICKET_NONCE = 34,  /* - -> nonce[32] */
    TATU_VAULT_SET_TICKET = 35,    /* COSE_Sign1 ticket -> u32 grace_s */
};

/* Answer of TATU_VAULT_GET_BOOT: u8 set, u8 fallback, u8 count, u8 mode (enum tatu_boot_mode), then
 * count (at most TATU_VAULT_REFUSED_MAX) times { u8 set, u8 0, u16 image type, u32 enum tatu_err }.
 */
#define TATU_VAULT_REFUSED_MAX 4u
#define TATU_VAULT_REFUSED_SIZE 8u

/** What this boot is for; the OS starts no customer application in the last three. */
enum tatu_boot_mode {
    TATU_BOOT_NORMAL = 0,
    TATU_BOOT_SAFE = 1,     /* boot after boot did not come up healthy */
    TATU_BOOT_RENEW = 2,    /* no ticket came within the grace period */
    TATU_BOOT_RECOVERY = 3, /* the A-core runs the recovery program */
};

enum tatu_key_purpose {
    TATU_KEY_UPDATE = 1, /* tenant is all zero */
    TATU_KEY_TENANT = 2,
};

/* Flags of TATU_VAULT_VERIFY_IMAGE */
#define TATU_VERIFY_MEASURE 1u /* extend the measurement of this image type (boot phase only) */

/** Answer of TATU_VAULT_VERIFY_IMAGE, 144 bytes: what the signed metadata says. */
struct tatu_verified_image {
    uint8_t component[16];
    uint8_t image[16];
    uint8_t digest[32];       /* SHA-256 of the whole package */
    uint8_t verity_root[32];  /* zero: no verity tree */
    uint8_t name[32];         /* from the debug section, NUL padded */
    uint32_t body_len;        /* bytes before the metadata */
    uint32_t verity_data_len; /* bytes of the body the tree covers */
    uint32_t security_version;
    uint16_t image_type;
    uint16_t flags; /* 0 */
};
#define TATU_VERIFIED_IMAGE_SIZE 144u

struct tatu_mailbox_header {
    uint32_t sequence;
    uint16_t command;
    uint16_t status;
    uint32_t len;
};

/** Reads the 12 bytes at `in`. Errors: SHORT; LONG when len is over TATU_MAILBOX_PAYLOAD_MAX. */
enum tatu_err tatu_proto_decode_mailbox(struct tatu_span in, struct tatu_mailbox_header *out);

/** Writes the 12 bytes. Errors: ARGUMENT when len is over TATU_MAILBOX_PAYLOAD_MAX; FULL. */
enum tatu_err tatu_proto_encode_mailbox(const struct tatu_mailbox_header *header,
                                        struct tatu_buf *out);

/** The 144 bytes and back. Errors: SHORT, LONG, FORMAT (flags) / ARGUMENT (flags), FULL. */
enum tatu_err tatu_proto_decode_verified(struct tatu_span in, struct tatu_verified_image *out);
enum tatu_err tatu_proto_encode_verified(const struct tatu_verified_image *image,
                                         struct tatu_buf *out);

/** Vault facts for the OS: the answer of TATU_VAULT_GET_INFO, 292 bytes. */
struct tatu_vault_info {
    uint8_t device_id[64];   /* identity key's x||y */
    uint8_t attestation[64]; /* attestation key's x||y */
    uint8_t implementation[32];
    uint8_t tenant[16];    /* owner's catalog, zero when unclaimed */
    uint8_t owner_key[64]; /* owner anchor, zero when unclaimed */
    uint64_t boot_count;
    uint64_t time_floor_s; /* last signed time */
    uint64_t uptime_ms;
    uint32_t lifecycle;   /* TATU_FUSE_LIFECYCLE word */
    uint32_t board_class; /* TATU_FUSE_CLASS word */
    uint32_t floors[4];   /* rollback floors, TATU_FUSE_FLOOR_* order */
    uint8_t boot_set;
    uint8_t fallback; /* 1: the preferred set was refused */
    uint8_t pad[2];
};
#define TATU_VAULT_INFO_SIZE 292u

/** The 292 bytes and back. Errors: SHORT, LONG, FORMAT (boot set over 1, fallback over 1, pad not
 *  zero) / ARGUMENT for the same, FULL. */
enum tatu_err tatu_proto_decode_info(struct tatu_span in, struct tatu_vault_info *out);
enum tatu_err tatu_proto_encode_info(const struct tatu_vault_info *info, struct tatu_buf *out);

#endif
