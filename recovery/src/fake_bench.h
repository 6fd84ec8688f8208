/*
 * A bench for tests: flash whose power can be cut in any operation, memory, a vault that calls a
 * package good when its signature is of FAKE_SIGNATURE, and a host at the port with its habits.
 */
#ifndef TATU_RECOVERY_FAKE_BENCH_H
#define TATU_RECOVERY_FAKE_BENCH_H

#include <setjmp.h>

#include "recovery/recovery.h"
#include "state.h"

#define FAKE_SIGNATURE 0xaa
#define FAKE_PACKAGE_MAX 12000u
#define FAKE_LOG_SIZE 8192u
#define FAKE_COUNT 7u /* manifest and its parts */

enum fake_tear { FAKE_TEAR_NOTHING, FAKE_TEAR_HALF, FAKE_TEAR_ALL, FAKE_TEAR_COUNT };

struct tatu_monitor_chip {
    uint8_t *flash;
    uint8_t *ram;
    uint32_t operations; /* of flash, since the power came */
    uint32_t cut_at;     /* the power goes in this one; 0: never */
    enum fake_tear tear;
    jmp_buf off; /* power cut, or the test's patience is over */
    struct tatu_recovery_state *state;
    uint8_t keystore_digest[32]; /* in use: body of the host's first keystore */
    bool memory_open;
    bool dropped; /* capabilities */
    bool forgot;  /* failed boots */
    bool keystore_before_forgetting;
    char log[FAKE_LOG_SIZE];
    size_t log_len;
};

struct fake_package {
    uint16_t type;
    uint32_t len;
    uint8_t bytes[FAKE_PACKAGE_MAX];
};

struct tatu_recovery_port {
    struct fake_package packages[FAKE_COUNT];
    struct tatu_monitor_chip *chip;
    /* habits */
    bool silent;
    uint32_t noise;        /* a wrong byte in so many; 0: none */
    uint32_t goes_after;   /* is away from this byte on ... */
    uint32_t returns_ms;   /* ... until then */
    uint16_t grows;        /* type whose length changes in the middle */
    struct tatu_span tape; /* instead of answers: these bytes, then the end */
    bool keeps_going;      /* lets it try again after an attempt that failed */
    /* what happened */
    uint32_t now_ms;
    uint32_t patience_ms;
    uint32_t hellos;
    uint32_t reads;
    uint32_t last_err; /* of the last HELLO */
    uint32_t sent;     /* bytes of DATA */
    uint32_t progress; /* done of the last PROGRESS */
    bool done;
    uint32_t done_err;
    /* the line */
    struct tatu_recovery_line line;
    uint8_t queue[4 * TATU_RECOVERY_FRAME_MAX];
    size_t queue_at;
    size_t queue_len;
    uint32_t random;
};

/** Flash as after `fill` everywhere, and a host with a whole set; version goes into the bodies. */
struct tatu_monitor_chip *fake_chip_new(uint8_t fill);
void fake_chip_free(struct tatu_monitor_chip *chip);
void fake_host_init(struct tatu_recovery_port *host, struct tatu_monitor_chip *chip,
                    uint8_t version, uint32_t body_len);

struct fake_package *fake_package_of(struct tatu_recovery_port *host, uint16_t type);
/** Packs and signs a body, and, for a part, makes the manifest name it. */
void fake_pack(struct tatu_recovery_port *host, uint16_t type, struct tatu_span body);
/** The manifest for the packages as they are. */
void fake_pack_manifest(struct tatu_recovery_port *host);

/** Writes a package to its slot in a set, as a maker's programmer does. */
void fake_install(struct tatu_monitor_chip *chip, const struct fake_package *package, uint8_t set);
/** Whether a set holds exactly this package. */
bool fake_holds(struct tatu_monitor_chip *chip, const struct fake_package *package, uint8_t set);

/** Power on: runs until the program is done with success (true), the power is cut, or an attempt
 *  has failed, or patience is over (false). */
bool fake_run(struct tatu_monitor_chip *chip, struct tatu_recovery_port *host);

#endif
