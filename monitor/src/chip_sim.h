/*
 * A chip for tests: NOR flash that only loses bits when programmed and can lose power in the middle
 * of any operation, normal RAM, peripheral firewall, real-time cores, and a vault that believes
 * packages of a test format, or one that the owner of the chip brings. One struct, so that a test
 * may have several.
 */
#ifndef TATU_MONITOR_CHIP_SIM_H
#define TATU_MONITOR_CHIP_SIM_H

#include "base/base.h"
#include "chip.h"
#include "proto/mailbox.h"
#include "proto/map.h"
#include "proto/table.h"

#define SIM_SECTORS (TATU_FLASH_SIZE / TATU_FLASH_SECTOR_SIZE)
#define SIM_PACKAGE_MIN 128u
#define SIM_LOG_MAX 4096u

enum {
    SIM_CUT_BEFORE,      /* nothing of it */
    SIM_CUT_FIRST_HALF,  /* the lower half of the word or sector */
    SIM_CUT_SECOND_HALF, /* the upper half */
    SIM_CUT_SCATTERED,   /* every other bit or word */
    SIM_CUT_STYLES,
};

struct tatu_monitor_chip {
    uint8_t flash[TATU_FLASH_SIZE];
    uint8_t ram[TATU_MAP_RAM_SIZE_DEFAULT];
    uint8_t mail[TATU_MAP_MAILRAM_SIZE];
    uint8_t tcm[TATU_RT_COUNT][TATU_RT_TCM_SIZE];
    bool touched[SIM_SECTORS]; /* sectors that are not blank any more */

    /* Another vault than the one here: reads the request in chip->mail, puts its answer there, and
     * tells whether it gave one. */
    bool (*serve)(void *context, struct tatu_monitor_chip *chip);
    void *serve_context;

    /* what the vault keeps without power, and what it will say of the next boot */
    uint64_t counter;    /* TATU_FUSE_COUNTER_STORAGE */
    uint32_t device_key; /* another number is another chip */
    uint32_t grace_s;
    uint32_t boots_since;
    uint8_t attempts;
    uint8_t boot_mode;
    uint8_t boot_set;
    uint8_t boot_fallback;
    uint8_t refused_count;

    /* from here on all is gone with the power */
    bool recovery_asked;
    uint32_t erase_count;
    uint32_t program_count; /* words */
    bool cut_armed;
    uint32_t cut_after;   /* flash operations until power fails in the middle of one */
    int cut_style;        /* how much of that one happens: SIM_CUT_* */
    bool is_off;          /* power has failed: nothing works until sim_restart */
    uint32_t flash_fails; /* operation number (1 = next) that the controller refuses; 0: none */
    struct {
        uint32_t at;
        uint32_t len;
        bool locked;
    } windows[TATU_MAP_WINDOW_COUNT];
    uint32_t reset_reason;
    uint32_t panic;
    uint32_t watchdog_ms;
    uint32_t renewal_s;
    uint32_t uptime_s;
    bool power_down;
    bool power_off;
    bool reset;
    uint32_t wake; /* sources it was powered down with */
    uint8_t owners[TATU_PFW_COUNT];
    uint32_t owners_locked; /* bit n */
    uint32_t owner_refused;
    struct {
        bool runs;
        uint32_t fault_at;
        uint32_t busy; /* so many looks until the last order is done */
        uint32_t xip_len;
    } cores[TATU_RT_COUNT];
    char log[SIM_LOG_MAX];
    size_t log_len;

    /* the vault */
    bool vault_dumb;  /* never answers */
    bool vault_rings; /* an answer waits */
    uint32_t answer_sequence;
    uint32_t vault_stale;      /* so many answers with an old sequence come first */
    uint16_t vault_err;        /* status of every answer, when not 0 */
    uint16_t vault_err_for;    /* ... only of this command, when not 0 */
    uint32_t vault_cut_len;    /* answer payload shortened by so many bytes */
    uint16_t vault_wrong_type; /* image type it vouches for, when not 0 */
    uint32_t other_keystore;   /* slot of a good keystore it does not run on; 0: none */
    uint32_t dma_base;
    uint32_t dma_size;
    bool boot_done;
    uint8_t boot_done_set;
    uint8_t boot_done_fallback;
    uint16_t measured[32]; /* image types in order */
    uint32_t measured_count;
    uint8_t app_count; /* of the last MEASURE_APPS */
    uint8_t apps[16][64];
    uint16_t last_command;
    uint16_t last_caller;
};

/** A chip fresh from the fab: flash blank. The caller gives it back. NULL: no memory. */
struct tatu_monitor_chip *sim_make(void);
void sim_free(struct tatu_monitor_chip *chip);
/** Power comes back: flash as it survived, all else fresh. */
void sim_restart(struct tatu_monitor_chip *chip);
/** Blank flash again, without the cost of 16 MiB; then as sim_restart. */
void sim_blank(struct tatu_monitor_chip *chip);

/** Puts bytes in flash as the fab would. */
void sim_put(struct tatu_monitor_chip *chip, uint32_t at, const void *data, uint32_t len);

struct sim_package {
    uint16_t type;
    uint8_t component;
    uint8_t image;
    uint32_t len; /* at least SIM_PACKAGE_MIN */
    uint32_t version;
};
/** Fills out[0..len) with a package that the simulated vault verifies. */
void sim_make_package(const struct sim_package *package, uint8_t *out);
/** The same into an OS slot with its footer. */
void sim_put_slot(struct tatu_monitor_chip *chip, uint32_t at, uint32_t size,
                  const struct sim_package *package);
/** A whole good OS set. */
void sim_put_set(struct tatu_monitor_chip *chip, uint32_t set, uint32_t version);
/** What the vault's ROM and runtime do before the monitor runs: takes a set by the image table and
 *  the boots that were not healthy, whose keystore, runtime and monitor are good. False: none is.
 */
bool sim_run_rom(struct tatu_monitor_chip *chip);
/** An image table as this chip would have written it as its `sequence`th. */
void sim_put_table(struct tatu_monitor_chip *chip, int copy, struct tatu_table *table);

#endif
