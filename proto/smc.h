/*
 * Calls of the normal world to the Security Monitor.
 *
 * r0 = TATU_SMC_CALL, r1 = normal-world physical address of one 4 KiB-aligned page, r2 = bytes of
 * request in it (header included). Answer: r0 = enum tatu_err, r1 = bytes of answer in the page.
 * The page starts with u32 call number and u32 rights of the caller (TATU_RIGHT_*, from the
 * kernel's credential), then the arguments; the answer starts at byte 0. The monitor copies the
 * request once, decodes the copy, then acts. Numbers little-endian. The Linux driver is
 * /dev/security-monitor: write-then-read by one ioctl (kernel/README.md). Source:
 * docs/protocol/smc.md.
 */
#ifndef TATU_PROTO_SMC_H
#define TATU_PROTO_SMC_H

#include "base/base.h"

#define TATU_SMC_CALL 0x83000001u
#define TATU_SMC_PSCI_VERSION 0x84000000u
#define TATU_SMC_PSCI_OFF 0x84000008u
#define TATU_SMC_PSCI_RESET 0x84000009u
#define TATU_SMC_PSCI_FEATURES 0x8400000au
#define TATU_SMC_PAGE_SIZE 4096u
#define TATU_SMC_HEADER_SIZE 8u
#define TATU_SMC_ARGUMENT_MAX (TATU_SMC_PAGE_SIZE - TATU_SMC_HEADER_SIZE)

/* What a caller may ask for. Each call, and each vault command passed on, needs exactly one. */
#define TATU_RIGHT_UPDATE 0x001u     /* stage, install, repair images; tickets, confirmed floors */
#define TATU_RIGHT_QUERY 0x002u      /* what is installed, booted, trusted */
#define TATU_RIGHT_SECURITY 0x004u   /* claim, capabilities, lifecycle */
#define TATU_RIGHT_STORAGE 0x010u    /* seal, derive, counters; erase and write the store */
#define TATU_RIGHT_ATTEST 0x020u     /* time, daily keys, evidence, TLS signatures */
#define TATU_RIGHT_PERIPHERAL 0x080u /* owners of peripherals, real-time cores */
#define TATU_RIGHT_RECORD 0x100u     /* append a failure record */
#define TATU_RIGHT_RECORDS 0x200u    /* read and acknowledge failure records */
#define TATU_RIGHT_POWER 0x400u      /* watchdog, power down, this boot is healthy */
#define TATU_RIGHT_RANDOM 0x800u     /* the vault's random bytes */

enum tatu_smc_call {
    TATU_SMC_GET_BOOT = 1,      /* - -> struct tatu_smc_boot */
    TATU_SMC_VAULT = 2,         /* u16 command, u16 0, payload -> payload (normal-world table) */
    TATU_SMC_RECORD_APPEND = 3, /* u16 kind, u16 0, bytes <= TATU_RECORD_MAX -> u32 id */
    TATU_SMC_RECORD_READ =
        4, /* u32 after id -> u32 id, u16 kind, u16 len, bytes ; NOT_FOUND at the end */
    TATU_SMC_RECORD_ACK = 5,  /* u32 id: records up to id need not be kept -> - */
    TATU_SMC_STAGE_BEGIN = 6, /* u16 image type, u16 0, u32 len -> u32 handle */
    TATU_SMC_STAGE_WRITE =
        7, /* u32 handle, u32 offset, bytes (multiple of 4 but for the last) -> - */
    TATU_SMC_STAGE_FINISH =
        8, /* u32 handle -> tatu_verified_image (vault has verified it in flash) */
    TATU_SMC_STAGE_ABORT = 9, /* u32 handle -> - */
    TATU_SMC_COMMIT_APPS =
        10, /* u8 count, 3 x 0, count x image id[16]: exactly these are installed -> - */
    TATU_SMC_LIST_APPS = 11,    /* - -> u8 count, 3 x 0, count x struct tatu_smc_app */
    TATU_SMC_READ_FACTORY = 12, /* - -> the endorsement, COSE_Sign1 */
    TATU_SMC_KEYSTORE = 13,     /* - -> the verified keystore's body */
    TATU_SMC_WATCHDOG = 14,     /* u32 ms, 0..60000 -> - ; feeds or stops the hardware watchdog */
    TATU_SMC_HEALTHY = 15, /* - -> - ; this boot came up; a fallback becomes the preferred set */
    TATU_SMC_STAGE_COPY =
        16, /* u16 OS image type, u16 0: the running set's, as it is -> u32 handle */
    TATU_SMC_INSTALL_SET = 17, /* - -> - ; the other set, staged and verified whole, is preferred */
    TATU_SMC_REPAIR = 18,     /* - -> u8 parts left, 3 x 0: mends one part of a damaged other set */
    TATU_SMC_POWER_DOWN = 19, /* u32 wake sources TATU_SYSCTL_WAKE_* -> does not return */
    TATU_SMC_SET_OWNER = 20,  /* u32 peripheral, u32 TATU_PFW_TO_* -> - */
    TATU_SMC_LOCK_OWNERS = 21, /* - -> - ; until reset */
    TATU_SMC_RT_START = 22,    /* u32 core, u32 offset and u32 len in the body, image id[16]: copies
                                * that part of an installed image to the core's TCM, starts -> - */
    TATU_SMC_RT_STOP = 23,     /* u32 core -> - */
    TATU_SMC_RT_STATUS = 24,   /* u32 core -> u32 TATU_RTCTL_* bits, u32 fault address */
    TATU_SMC_STORE_ERASE = 25, /* u32 offset of a TATU_FLASH_STORE_BLOCK -> - */
    TATU_SMC_STORE_WRITE = 26, /* u32 offset, whole words inside one block: bits fall -> - */
    TATU_SMC_READ_APP = 27,    /* u32 offset, u32 len, image id[16]: of the body of a verified or
                                * installed image -> those bytes */
};

#define TATU_SMC_APPS_MAX 16u

/** Answer of TATU_SMC_GET_BOOT, 16 bytes. */
struct tatu_smc_boot {
    uint8_t set;              /* running OS set */
    uint8_t fallback;         /* 1: the preferred set was refused */
    uint8_t mode;             /* enum tatu_boot_mode of proto/mailbox.h */
    uint8_t backup;           /* 0 the other set is good, 1 it is not: REPAIR mends it */
    uint32_t reset_reason;    /* TATU_RESET_* */
    uint32_t monitor_version; /* security version */
    uint32_t os_version;
};
#define TATU_SMC_BOOT_SIZE 16u

/** One installed or staged application in the answer of TATU_SMC_LIST_APPS, 108 bytes. */
struct tatu_smc_app {
    uint8_t component[16];
    uint8_t image[16];
    uint8_t verity_root[32]; /* zero: none */
    uint8_t name[32];
    uint32_t offset;          /* in flash, sector aligned, inside APPS0 or APPS1 */
    uint32_t body_len;        /* file system and verity tree */
    uint32_t verity_data_len; /* file system; the tree follows at this offset */
};
#define TATU_SMC_APP_SIZE 108u

/* Failure records. Kinds are append only. */
#define TATU_RECORD_MAX 3584u
enum tatu_record_kind {
    TATU_RECORD_BOOT = 1,  /* written by the monitor: CBOR [set, image type, err, boot count] */
    TATU_RECORD_CRASH = 2, /* written by crashd: CBOR, docs/protocol/report.md */
    TATU_RECORD_EVENT = 3, /* written by appman, updated: CBOR, docs/protocol/report.md */
};

#endif
