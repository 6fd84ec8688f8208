/* The inside of a simulated board, for the flows. */
#ifndef TATU_SIM_BOARD_H
#define TATU_SIM_BOARD_H

#include "chip_sim.h"
#include "fake_chip.h"
#include "runtime.h"
#include "sim/sim.h"
#include "state.h"

#define SIM_VERSION_COUNT 3u
#define SIM_OS_PART_COUNT 6u
#define SIM_PACKAGE_SIZE 4096u

struct sim_package_bytes {
    uint8_t bytes[SIM_PACKAGE_SIZE];
    size_t len;
};

/* What outlives the power. */
struct sim_kept {
    uint8_t flash[TATU_FLASH_SIZE];
    uint32_t fuses[TATU_FUSE_SECRET_COMMAND / 4];
    uint64_t counters[TATU_FUSE_COUNTER_COUNT];
    uint8_t nvm[TATU_MAP_VNVM_SIZE];
};

struct tatu_sim_board {
    struct tatu_monitor_chip *chip;
    struct tatu_vault_chip *vault_chip;
    struct tatu_vault vault;
    struct tatu_monitor monitor;
    uint8_t secram[TATU_MAP_SECRAM_SIZE];
    EVP_PKEY *root;
    EVP_PKEY *release;      /* signs versions 1 and 2 */
    EVP_PKEY *next_release; /* the keystore of version 2 brings it; signs version 3 */
    EVP_PKEY *service;      /* time and director */
    EVP_PKEY *owner;
    struct sim_package_bytes os[SIM_VERSION_COUNT][SIM_OS_PART_COUNT];
    struct sim_package_bytes app[SIM_VERSION_COUNT];
    struct sim_kept kept;
};

extern const uint16_t sim_os_types[SIM_OS_PART_COUNT];

/** Makes keys and the packages of all versions. */
void sim_make_packages(struct tatu_sim_board *board);

/** One call of the normal world with all rights, through a page in normal RAM. */
enum tatu_err sim_call(struct tatu_sim_board *board, uint32_t call, struct tatu_span arguments,
                       struct tatu_buf *out);
/** A call without an answer that anybody needs. */
enum tatu_err sim_order(struct tatu_sim_board *board, uint32_t call, struct tatu_span arguments);
/** A vault command passed on by the monitor. */
enum tatu_err sim_ask(struct tatu_sim_board *board, uint16_t command, struct tatu_span payload,
                      struct tatu_buf *out);
/** The same with a COSE_Sign1 of payload as request. */
enum tatu_err sim_ask_signed(struct tatu_sim_board *board, uint16_t command, EVP_PKEY *key,
                             const char *aad, struct tatu_span payload);

#endif
