/*
 * The chip's memory map, device registers and flash layout: the one header of constants that the
 * chip model, the vault, the monitor and the device tree share. Prose and the firewall table:
 * docs/protocol/memory-map.md. Plain #defines only, so that assembler and linker scripts include
 * it.
 */
#ifndef TATU_PROTO_MAP_H
#define TATU_PROTO_MAP_H

/* ---- A-core view. S = secure world only, N = both worlds ---------------------------------- */
#define TATU_MAP_AROM_BASE 0x00000000 /* S  mask ROM: one jump to secure RAM */
#define TATU_MAP_AROM_SIZE 0x00001000
#define TATU_MAP_FLASH_BASE 0x04000000 /* S  whole flash, read only through this window */
#define TATU_MAP_FLASH_SIZE 0x01000000
#define TATU_MAP_GICD_BASE 0x08000000 /* N  (banked by world) */
#define TATU_MAP_GICC_BASE 0x08010000
#define TATU_MAP_UART_BASE 0x09000000 /* N  PL011, SPI 1: console of monitor, then Linux */
#define TATU_MAP_RTC_BASE 0x09010000  /* N  PL031, SPI 2 */
#define TATU_MAP_GPIO_BASE 0x09100000 /* N  21 x PL061, 0x1000 apart, SPI 48+n */
#define TATU_MAP_GPIO_STRIDE 0x1000
#define TATU_MAP_GPIO_COUNT 21
#define TATU_MAP_GPIO_LINES 4 /* of each block are bonded out: its lines 0..3 */
#define TATU_MAP_ISU_BASE                                                                          \
    0x09200000 /* N  5 serial units, 0x4000 apart; SPI 72+2n UART, 73+2n SPI */
#define TATU_MAP_ISU_STRIDE 0x4000
#define TATU_MAP_ISU_COUNT 5
#define TATU_MAP_PWM_BASE 0x09300000 /* N  3 PWM controllers, 0x1000 apart */
#define TATU_MAP_PWM_STRIDE 0x1000
#define TATU_MAP_PWM_COUNT 3
#define TATU_MAP_ADC_BASE 0x09400000    /* N  the ADC controller */
#define TATU_MAP_VIRTIO_BASE 0x0a000000 /* N  8 x virtio-mmio, 0x200 apart, SPI 16+n */
#define TATU_MAP_VIRTIO_STRIDE 0x200
#define TATU_MAP_VIRTIO_COUNT 8
#define TATU_MAP_FLASHCTL_BASE 0x0b000000 /* S  flash controller */
#define TATU_MAP_SYSCTL_BASE 0x0b001000   /* S  reset, power off, watchdog, reset reason */
#define TATU_MAP_MAILBOX_BASE 0x0b002000  /* S  mailbox registers, A-core side; SPI 40 */
#define TATU_MAP_PFW_BASE 0x0b003000      /* S  peripheral firewall */
#define TATU_MAP_RTCTL_BASE 0x0b004000    /* S  control of the real-time cores */
#define TATU_MAP_RECOVERY_BASE 0x0b005000 /* S  PL011: recovery port, no interrupt */
#define TATU_MAP_MAILRAM_BASE 0x0b010000  /* S  mailbox memory, shared with the vault */
#define TATU_MAP_MAILRAM_SIZE 0x00004000
#define TATU_MAP_SECRAM_BASE 0x0e000000 /* S  monitor */
#define TATU_MAP_SECRAM_SIZE 0x00040000
#define TATU_MAP_RTTCM_BASE 0x0c000000 /* S  TCM of real-time core n, for its loader */
#define TATU_MAP_RTTCM_STRIDE 0x00100000
#define TATU_MAP_WINDOW_BASE 0x10000000 /* N  read-only flash windows, one per 16 MiB step */
#define TATU_MAP_WINDOW_STRIDE 0x01000000
#define TATU_MAP_WINDOW_COUNT 8
#define TATU_MAP_RAM_BASE 0x40000000 /* N */
#define TATU_MAP_RAM_SIZE_DEFAULT 0x01000000
#define TATU_MAP_RTMAIL_BASE 0x0d000000 /* N  A-core side of the mailbox of real-time core n */
#define TATU_MAP_RTMAIL_STRIDE 0x1000   /*    SPI 42 + n */

/* ---- Real-time core view (Cortex-M4F, two alike; source: the map existing programs use) ------ */
#define TATU_RT_COUNT 2
#define TATU_RT_XIP_BASE 0x10000000 /* read-only view of flash that the monitor placed */
#define TATU_RT_XIP_SIZE 0x00100000
#define TATU_RT_TCM_BASE 0x00100000
#define TATU_RT_TCM_SIZE 0x00030000
#define TATU_RT_SYSRAM_BASE 0x22000000
#define TATU_RT_SYSRAM_SIZE 0x00010000
#define TATU_RT_MAILBOX_BASE 0x21050000
#define TATU_RT_MAILBOX_IRQ 11
#define TATU_RT_GPIO_BASE 0x38010000 /* block n at + n * 0x10000, when the firewall gives it */
#define TATU_RT_GPIO_STRIDE 0x00010000
#define TATU_RT_GPIO_IRQ 32         /* + n */
#define TATU_RT_ISU_BASE 0x38200000 /* unit n at + n * 0x10000, likewise */
#define TATU_RT_ISU_STRIDE 0x00010000
#define TATU_RT_ISU_IRQ 16 /* + 2 n: UART; + 2 n + 1: SPI */
#define TATU_RT_PWM_BASE 0x38280000
#define TATU_RT_PWM_STRIDE 0x00010000
#define TATU_RT_ADC_BASE 0x38000000

/* ---- Vault core view (nothing of the A-core's view is in it; RAM is reached by DMA only) ---- */
#define TATU_MAP_VROM_BASE 0x00000000
#define TATU_MAP_VROM_SIZE 0x00008000
#define TATU_MAP_VSRAM_BASE 0x20000000
#define TATU_MAP_VSRAM_SIZE 0x00020000
#define TATU_MAP_VUART_BASE 0x40000000 /* PL011: boot log */
#define TATU_MAP_VFAB_BASE 0x40001000  /* PL011: fab port, used only while lifecycle is Blank */
#define TATU_MAP_VENGINE_BASE                                                                      \
    0x40002000                            /* crypto engines, TRNG, DMA; IRQ none: all synchronous  \
                                           */
#define TATU_MAP_VFUSE_BASE 0x40003000    /* fuses, counters; 4 KiB */
#define TATU_MAP_VCTL_BASE 0x40004000     /* A-core release, tamper, straps */
#define TATU_MAP_VMAILBOX_BASE 0x40005000 /* mailbox registers, vault side; IRQ 0 */
/* NVM: 64-byte records, written upwards by words; the write of the last word commits all 64. */
#define TATU_MAP_VNVM_BASE 0x40006000 /* 4 KiB on-die memory that keeps its content */
#define TATU_MAP_VNVM_SIZE 0x00001000
#define TATU_MAP_VRECOVERY_BASE 0x40007000 /* the recovery port again */
#define TATU_MAP_VMAILRAM_BASE 0x40010000
#define TATU_MAP_VFLASH_BASE 0x60000000 /* whole flash, read only */

/* ---- Mailbox registers (both sides alike) -------------------------------------------------- */
#define TATU_MAILBOX_RING 0x00   /* W  1: raise the other side's STATUS and interrupt */
#define TATU_MAILBOX_STATUS 0x04 /* R  1: the other side has rung */
#define TATU_MAILBOX_CLEAR 0x08  /* W  1: clear own STATUS and interrupt */
/* Mailbox memory: request at 0, response at half. Layout: proto/mailbox.h */
#define TATU_MAILRAM_REQUEST 0x0000
#define TATU_MAILRAM_RESPONSE 0x2000

/* ---- Flash controller (S) ------------------------------------------------------------------ */
#define TATU_FLASHCTL_ADDRESS 0x00 /* RW byte offset in flash, word aligned */
#define TATU_FLASHCTL_DATA                                                                         \
    0x04 /* W  programs one word at ADDRESS (bits only fall), ADDRESS += 4                         \
          */
#define TATU_FLASHCTL_COMMAND 0x08             /* W  see below */
#define TATU_FLASHCTL_COMMAND_ERASE 0x45524153 /* erases the 4 KiB sector that holds ADDRESS */
#define TATU_FLASHCTL_STATUS 0x0c              /* R  bit 0 busy, bit 1 last operation refused */
#define TATU_FLASHCTL_BUFFER 0x100             /* W  256-byte page buffer */
#define TATU_FLASHCTL_COMMAND_PAGE                                                                 \
    0x50414745 /* programs the page buffer at ADDRESS (256-aligned), ADDRESS += 256 */
/* Normal-world windows: WINDOW(n) .. +8: flash offset, size (0 = closed), lock (W1, until reset) */
#define TATU_FLASHCTL_WINDOW 0x40
#define TATU_FLASHCTL_WINDOW_STRIDE 0x10
#define TATU_FLASHCTL_WINDOW_OFFSET 0x0
#define TATU_FLASHCTL_WINDOW_LENGTH 0x4
#define TATU_FLASHCTL_WINDOW_LOCK 0x8
#define TATU_FLASH_SECTOR_SIZE 0x1000
#define TATU_FLASH_PAGE_SIZE 0x100

/* ---- System controller (S) ----------------------------------------------------------------- */
#define TATU_SYSCTL_POWER 0x00 /* W  one of the two words below */
#define TATU_SYSCTL_POWER_OFF 0x4f464621
#define TATU_SYSCTL_POWER_RESET 0x52535421
#define TATU_SYSCTL_POWER_DOWN                                                                     \
    0x44574e21                       /* all cores and RAM off; a wake source resets the chip       \
                                      */
#define TATU_SYSCTL_REASON 0x04      /* R  why the last reset happened, TATU_RESET_* */
#define TATU_SYSCTL_WATCHDOG_MS 0x08 /* W  0 stops; else restarts the count-down; reset at 0 */
#define TATU_SYSCTL_SCRATCH 0x0c     /* RW one word that survives resets, not power off */
#define TATU_SYSCTL_WAKE 0x10        /* RW what ends POWER_DOWN; 0 after reset */
#define TATU_SYSCTL_WAKE_ALARM 1     /* the RTC's interrupt */
#define TATU_SYSCTL_WAKE_PIN 2       /* WAKEUP pin, a falling edge */
#define TATU_SYSCTL_RENEWAL_S                                                                      \
    0x14 /* RW W: restarts the renewal count-down, which nothing but a reset stops (0 is ignored); \
          * R: seconds left, 0: never started. At its end: reset RENEWAL */
#define TATU_RESET_POWER_ON 1
#define TATU_RESET_SOFTWARE 2
#define TATU_RESET_WATCHDOG 3
#define TATU_RESET_VAULT 4
#define TATU_RESET_PIN 5    /* reset button of the board */
#define TATU_RESET_ALARM 6  /* woken from power down */
#define TATU_RESET_WAKEUP 7 /* woken from power down */
#define TATU_RESET_RENEWAL 8
#define TATU_RESET_TAMPER 9

/* ---- Peripheral firewall (S). Reset: all of the A-core, unlocked ----------------------------- */
#define TATU_PFW_OWNER 0x00 /* RW 32 words: whose peripheral n is, TATU_PFW_TO_* */
#define TATU_PFW_LOCK 0x80  /* RW bit n (W1, until reset): peripheral n keeps its owner */
#define TATU_PFW_STATUS                                                                            \
    0x84 /* R  bit 1: the last write was refused (locked, no such one, value)                      \
          */
#define TATU_PFW_REFUSED 2
#define TATU_PFW_TO_ACORE 0 /* both worlds */
#define TATU_PFW_TO_RT0 1
#define TATU_PFW_TO_RT1 2
#define TATU_PFW_TO_SECURE 3 /* the A-core's secure world alone */
#define TATU_PFW_GPIO 0      /* 0..20 GPIO blocks */
#define TATU_PFW_ISU 21      /* 21..25 serial units */
#define TATU_PFW_PWM 26      /* 26..28 PWM controllers */
#define TATU_PFW_ADC 29      /* 30 and 31 are kept for I2S */
#define TATU_PFW_COUNT 30

/* ---- Serial unit: one window, three masters on the same pins --------------------------------- */
#define TATU_ISU_UART 0x0000 /* PL011 */
#define TATU_ISU_I2C 0x1000  /* two-wire register, "arm,versatile-i2c" */
#define TATU_ISU_SPI 0x2000  /* PL022 */
#define TATU_ISU_SPI_SELECT                                                                        \
    0x2030 /* RW bit n: select n (A, B) is pulled low; the other bits read 0                       \
            */
#define TATU_ISU_SELECT_COUNT 2
#define TATU_ISU_SIZE 0x3000

/* ---- PWM controller: registers of channel n at + n * 0x20 ------------------------------------ */
#define TATU_PWM_STRIDE 0x20
#define TATU_PWM_CHANNEL_COUNT 4
#define TATU_PWM_PERIOD 0x00  /* RW ns; counts from the next write of CONTROL on, as does DUTY */
#define TATU_PWM_DUTY 0x04    /* RW ns */
#define TATU_PWM_CONTROL 0x08 /* RW TATU_PWM_ENABLE | TATU_PWM_INVERSED: the channel's output */
#define TATU_PWM_ENABLE 1
#define TATU_PWM_INVERSED 2 /* low for DUTY, then high */
#define TATU_PWM_STATUS                                                                            \
    0x0c /* R  bit 1: the last write of CONTROL was refused and changed nothing */
#define TATU_PWM_REFUSED 2
#define TATU_PWM_PERIOD_MIN_NS 1000 /* of an enabled channel */

/* ---- ADC controller -------------------------------------------------------------------------- */
#define TATU_ADC_CHANNEL_COUNT 8
#define TATU_ADC_SAMPLE 0x00 /* R  8 words: converts channel n now; 0..4095 */
#define TATU_ADC_REFERENCE                                                                         \
    0x20 /* RW 8 words: microvolts of full scale of channel n, 1..2500000; reset: 2500000          \
          */
#define TATU_ADC_STATUS 0x40 /* R  bit 1: the last write was refused and changed nothing */
#define TATU_ADC_REFUSED 2
#define TATU_ADC_BITS 12
#define TATU_ADC_REFERENCE_MAX_UV 2500000

/* ---- Real-time cores (S), registers of core n at + n * 0x100. Reset: both held, XIP closed --- */
#define TATU_RTCTL_STRIDE 0x100
#define TATU_RTCTL_CONTROL 0x00 /* RW 1 runs from the vector table at its TCM's start; 0 holds */
#define TATU_RTCTL_STATUS 0x04  /* R  TATU_RTCTL_* bits */
#define TATU_RTCTL_RUNNING 1
#define TATU_RTCTL_LOCKED_UP 2     /* it gave up after a fault in its fault handler */
#define TATU_RTCTL_FAULTED 4       /* the bus refused it something; CONTROL 1 clears */
#define TATU_RTCTL_REFUSED 8       /* the last write to its registers changed nothing */
#define TATU_RTCTL_BUSY 16         /* CONTROL or a window is about to take effect */
#define TATU_RTCTL_FAULT_AT 0x08   /* R  the address of the first such access */
#define TATU_RTCTL_XIP_OFFSET 0x0c /* RW flash offset of the XIP window, 4 KiB steps; held only */
#define TATU_RTCTL_XIP_LENGTH 0x10 /* RW 0 closes it */
#define TATU_RTCTL_LOCK 0x14       /* RW W1 until reset: this core's registers are frozen, held */
#define TATU_RTCTL_SHARE_BASE 0x18 /* RW A-core RAM that the core sees too, at the same address */
#define TATU_RTCTL_SHARE_SIZE 0x1c /* RW 0 closes it; both in 4 KiB steps, also while it runs */
#define TATU_RTCTL_SHARE_MAX 0x00010000

/* ---- Mailbox of a real-time core, both sides. The A-core's has no POP, the core's no PUSH ---- */
#define TATU_RTMAIL_RING 0x14         /* W  sets doorbell bits 0..7 of the other side */
#define TATU_RTMAIL_ENABLE 0x18       /* RW which bits of BELLS raise this side's interrupt */
#define TATU_RTMAIL_BELLS 0x1c        /* RW set by the other side's RING; W1 clears */
#define TATU_RTMAIL_PUSH_COMMAND 0x40 /* W  puts {command, PUSH_DATA} into the FIFO */
#define TATU_RTMAIL_PUSH_DATA 0x44    /* RW write it first; 0 again after each push */
#define TATU_RTMAIL_PUSH_COUNT 0x48   /* R  entries in the FIFO; when full, a push is dropped */
#define TATU_RTMAIL_POP_COMMAND 0x50  /* R  the oldest entry's command, which is then gone */
#define TATU_RTMAIL_POP_DATA 0x54     /* R  the oldest entry's data: read it first */
#define TATU_RTMAIL_POP_COUNT 0x58    /* R  entries in the FIFO */
#define TATU_RTMAIL_DEPTH 16

/* ---- Vault control ------------------------------------------------------------------------- */
#define TATU_VCTL_ACORE 0x00  /* W  1: release the A-core at its ROM; one way until reset */
#define TATU_VCTL_STRAPS 0x04 /* R  bit 0: recovery strap; bit 1: tamper pin */
#define TATU_STRAP_RECOVERY 1
#define TATU_STRAP_TAMPER 2
#define TATU_VCTL_RESET 0x08  /* W  TATU_SYSCTL_POWER_RESET / _OFF: whole chip */
#define TATU_VCTL_REASON 0x0c /* R  as TATU_SYSCTL_REASON */
#define TATU_VCTL_LOCK                                                                             \
    0x10 /* W1 until reset: ROM hides fab functions and root key fuses writes                      \
          */
#define TATU_VCTL_UPTIME_MS 0x14 /* R  milliseconds since reset (low word) */
#define TATU_VCTL_UPTIME_HI 0x18
#define TATU_VCTL_DEBUG                                                                            \
    0x1c /* RW bit n: debug port of core n (TATU_DEBUG_*) open; 0 after reset                      \
          */
#define TATU_DEBUG_VAULT 1
#define TATU_DEBUG_ACORE 2
#define TATU_DEBUG_RT0 4
#define TATU_DEBUG_RT1 8
/* The tamper pin is interrupt 1 of the vault core; at its edge the engines lose all key slots. */

/* ---- Engines (vault only). Byte registers hold strings in
 * memory order (first byte at the lowest address, SEC 1 / FIPS 180 order); 32-bit access only. --
 */
#define TATU_ENGINE_COMMAND                                                                        \
    0x000                        /* W  TATU_ENGINE_DO_*; runs to its end before the write returns */
#define TATU_ENGINE_STATUS 0x004 /* R  0 ok, else TATU_ENGINE_FAIL_* of the last command */
#define TATU_ENGINE_SLOT 0x008   /* RW key slot 0..31 */
#define TATU_ENGINE_ARG 0x00c    /* RW command argument */
#define TATU_ENGINE_DMA_SPACE 0x010 /* RW 0 vault's own space, 1 A-core's secure physical space */
#define TATU_ENGINE_DMA_ADDR 0x014  /* RW source of a DMA */
#define TATU_ENGINE_DMA_LEN 0x018   /* RW bytes */
#define TATU_ENGINE_DMA_DEST                                                                       \
    0x01c /* RW destination of COPY, A-core physical (space 1) or vault SRAM (space 0) */
#define TATU_ENGINE_DMA_DEST_SPACE 0x020 /* RW */
#define TATU_ENGINE_RANGE_BASE                                                                     \
    0x024 /* RW DMA in space 1 is refused outside RANGE_BASE..+RANGE_SIZE */
#define TATU_ENGINE_RANGE_SIZE                                                                     \
    0x028 /* RW flash window and secure RAM are always reachable by space 1 */
#define TATU_ENGINE_HEALTH                                                                         \
    0x02c /* R  0 the random source passes its tests; 1 it failed one: nothing random until reset  \
           */
#define TATU_ENGINE_DIGEST 0x040    /* RW 32 bytes: output of HASH, input of SIGN and VERIFY */
#define TATU_ENGINE_PUBLIC 0x080    /* RW 64 bytes x||y: input of VERIFY, output of PUBLIC */
#define TATU_ENGINE_SIGNATURE 0x0c0 /* RW 64 bytes r||s */
#define TATU_ENGINE_RANDOM 0x100    /* R  a fresh 32-bit true random word at each read */
#define TATU_ENGINE_DATA 0x140      /* RW 64 bytes: input of HMAC label, output of HMAC (32) */
#define TATU_ENGINE_DO_HASH_INIT 1  /* starts a SHA-256 */
#define TATU_ENGINE_DO_HASH_DMA 2   /* adds DMA_LEN bytes at DMA_ADDR in DMA_SPACE */
#define TATU_ENGINE_DO_HASH_DONE 3  /* writes DIGEST */
#define TATU_ENGINE_DO_VERIFY 4     /* ECDSA P-256: PUBLIC, DIGEST, SIGNATURE; STATUS 0 = valid */
#define TATU_ENGINE_DO_GENERATE 5   /* fresh P-256 key into SLOT from the TRNG; writes PUBLIC */
#define TATU_ENGINE_DO_LOAD_FUSE                                                                   \
    6 /* derives the P-256 key of fuse secret ARG into SLOT; writes PUBLIC */
#define TATU_ENGINE_DO_PUBLIC 7 /* PUBLIC of SLOT */
#define TATU_ENGINE_DO_SIGN 8   /* ECDSA P-256 over DIGEST with SLOT into SIGNATURE */
#define TATU_ENGINE_DO_CLEAR 9  /* wipes SLOT */
#define TATU_ENGINE_DO_COPY 10  /* DMA copy ADDR/SPACE -> DEST/DEST_SPACE */
#define TATU_ENGINE_DO_LOCK_SLOT                                                                   \
    11 /* until reset SLOT can only be used, not replaced or cleared                               \
        */
#define TATU_ENGINE_DO_HMAC                                                                        \
    12 /* HMAC-SHA-256 of DATA[0..ARG) under fuse secret 2 (device key) -> DATA[0..32) */
#define TATU_ENGINE_DO_SEAL                                                                        \
    13 /* AES-256-GCM under the key HMAC(secret 2, "tatu seal" || DATA[0..ARG)): DMA_LEN bytes at  \
        * DMA_ADDR, space 0 -> DEST: nonce[12] || ciphertext || tag[16]; not in place */
#define TATU_ENGINE_DO_UNSEAL                                                                      \
    14 /* back; DMA_LEN counts the sealed bytes; FAIL_SIGNATURE and DEST untouched when changed */
#define TATU_ENGINE_DO_LMS                                                                         \
    15 /* LMS (RFC 8554, LMS_SHA256_M32_H10 with LMOTS_SHA256_N32_W8): DMA_LEN bytes of signature  \
        * at DMA_ADDR, space 0, over the 32 bytes of DIGEST; public key in DATA (56 bytes) */
#define TATU_ENGINE_DO_MOVE_SLOT 16 /* SLOT ARG becomes SLOT; ARG is empty then */
#define TATU_ENGINE_FAIL_COMMAND 1
#define TATU_ENGINE_FAIL_ARGUMENT 2
#define TATU_ENGINE_FAIL_DMA 3
#define TATU_ENGINE_FAIL_SIGNATURE 4
#define TATU_ENGINE_FAIL_LOCKED 5
#define TATU_ENGINE_FAIL_EMPTY 6
#define TATU_ENGINE_FAIL_ENTROPY 7 /* the random source failed its health tests */
#define TATU_ENGINE_SLOT_COUNT 32
#define TATU_ENGINE_SLOT_IDENTITY 0
#define TATU_ENGINE_SLOT_ATTESTATION 1
#define TATU_ENGINE_SLOT_UPDATE 2 /* daily update key */
#define TATU_ENGINE_SLOT_TENANT 3 /* 3..10: daily customer keys, one per tenant and component */
#define TATU_ENGINE_SLOT_TENANT_COUNT 8
#define TATU_ENGINE_SLOT_PENDING 16 /* + slot: the key that is to replace it, until committed */

/* ---- Fuses: 32-bit words; a write ORs (bits only rise), 0 from the fab --------------------- */
#define TATU_FUSE_LIFECYCLE 0x000      /* bit 0 Module1Complete, bit 1 DeviceComplete */
#define TATU_FUSE_CLASS 0x004          /* bit 0 virtual, bit 1 lab (in addition), bit 2 silicon */
#define TATU_FUSE_FAB_LOCK 0x008       /* bit 0: everything below 0x100 except floors is final */
#define TATU_FUSE_ROOT_REVOKED 0x00c   /* bit n: root hash n is revoked */
#define TATU_FUSE_IMPLEMENTATION 0x010 /* 32 bytes implementation id */
#define TATU_FUSE_ROOT_HASH                                                                        \
    0x030 /* 4 x 32 bytes: SHA-256 of a platform root's x||y; zero = unused */
#define TATU_FUSE_ROOT_COUNT 4
#define TATU_FUSE_FLOOR                                                                            \
    0x0c0 /* 4 x 8 bytes unary rollback floors: one bit per version, see below */
#define TATU_FUSE_FLOOR_BITS 64
#define TATU_FUSE_FLOOR_VAULT 0
#define TATU_FUSE_FLOOR_MONITOR 1
#define TATU_FUSE_FLOOR_OS 2 /* device tree, kernel, root file system */
#define TATU_FUSE_FLOOR_KEYSTORE 3
#define TATU_FUSE_SECRET_COMMAND 0x0f0 /* W  n: fills secret n from the TRNG, once; Blank only */
#define TATU_FUSE_SECRET_STATUS 0x0f4  /* R  bit n: secret n is filled */
#define TATU_FUSE_WIPE                                                                             \
    0x0f8 /* W  the word below destroys all secrets for good; R  1: destroyed                      \
           */
#define TATU_FUSE_WIPE_NOW 0x5a45524f
#define TATU_FUSE_SECRET_IDENTITY 0 /* the secrets have no address; only the engines reach them */
#define TATU_FUSE_SECRET_ATTESTATION 1
#define TATU_FUSE_SECRET_DEVICE 2
#define TATU_FUSE_COUNTER                                                                          \
    0x200 /* 8 x u64 monotonic: R value (low, high); W any: +1 (persisted first) */
#define TATU_FUSE_COUNTER_COUNT 8
#define TATU_FUSE_COUNTER_BOOT 0
#define TATU_FUSE_COUNTER_STORAGE 1 /* commits of the image table; binds it to the chip */
#define TATU_FUSE_COUNTER_OWNER 2   /* changes of owner; binds the vault's owner record */
#define TATU_FUSE_COUNTER_USER 4    /* 4..7: the normal world's */
#define TATU_FUSE_COUNTER_USER_COUNT 4

/* ---- Flash layout: byte offsets. Two OS sets, one in each bank ------------------------------ */
#define TATU_FLASH_SIZE 0x01000000
#define TATU_FLASH_BANK_SIZE 0x00800000
#define TATU_FLASH_SET_COUNT 2
#define TATU_FLASH_SET_STRIDE TATU_FLASH_BANK_SIZE
#define TATU_FLASH_VAULT_AT 0x000000 /* offsets within a set */
#define TATU_FLASH_VAULT_SIZE 0x010000
#define TATU_FLASH_MONITOR_AT 0x010000
#define TATU_FLASH_MONITOR_SIZE 0x010000
#define TATU_FLASH_KEYSTORE_AT 0x020000
#define TATU_FLASH_KEYSTORE_SIZE 0x001000
#define TATU_FLASH_DTB_AT 0x021000
#define TATU_FLASH_DTB_SIZE 0x00f000
#define TATU_FLASH_KERNEL_AT 0x030000
#define TATU_FLASH_KERNEL_SIZE 0x2d0000
#define TATU_FLASH_ROOT_AT 0x300000
#define TATU_FLASH_ROOT_SIZE 0x300000
#define TATU_FLASH_SET_SIZE 0x600000
#define TATU_FLASH_APPS0_AT 0x600000 /* absolute from here on */
#define TATU_FLASH_APPS0_SIZE 0x1f0000
#define TATU_FLASH_FACTORY_AT 0x7f0000 /* written at the fab: endorsement */
#define TATU_FLASH_FACTORY_SIZE 0x010000
#define TATU_FLASH_APPS1_AT 0xe00000
#define TATU_FLASH_APPS1_SIZE 0x140000
#define TATU_FLASH_STORE_AT 0xf40000 /* settings and applications' files */
#define TATU_FLASH_STORE_SIZE 0x080000
#define TATU_FLASH_STORE_BLOCK 0x004000 /* what STORE_ERASE erases */
#define TATU_FLASH_RECORDS_AT 0xfc0000  /* failure records: ring of sectors */
#define TATU_FLASH_RECORDS_SIZE 0x020000
#define TATU_FLASH_TABLE0_AT 0xfe0000 /* image table, two copies, one sector each */
#define TATU_FLASH_TABLE1_AT 0xff0000
/* The last 16 bytes of each OS slot: u32 magic "TSLT", u32 package length, u32 ~length, u32 0 */
#define TATU_FLASH_FOOTER_MAGIC 0x544c5354
#define TATU_FLASH_FOOTER_SIZE 16

/* ---- Normal-world windows the monitor opens ------------------------------------------------- */
#define TATU_WINDOW_ROOT 0 /* root file system of the running set */
#define TATU_WINDOW_APPS0 1
#define TATU_WINDOW_APPS1 2
#define TATU_WINDOW_STORE 3

/* ---- Where the monitor puts things before it starts Linux ------------------------------------ */
#define TATU_LOAD_KERNEL                                                                           \
    (TATU_MAP_RAM_BASE + 0x800000) /* zImage; decompresses to RAM_BASE+0x8000 */
#define TATU_LOAD_DTB (TATU_MAP_RAM_BASE + 0xff0000)
#define TATU_LOAD_STAGE (TATU_MAP_RAM_BASE + 0xb00000) /* free space while the monitor verifies */

#endif
