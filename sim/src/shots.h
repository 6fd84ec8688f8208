/* Calls that a hostile normal world makes: right ones, almost right ones, and noise, from a seed.
 */
#ifndef TATU_SIM_SHOTS_H
#define TATU_SIM_SHOTS_H

#include "board.h"

#define SHOT_CALLS 28u          /* numbers of calls are below */
#define SHOT_VAULT_COMMANDS 36u /* numbers of the vault's commands are below */
#define SHOT_PAGE (TATU_MAP_RAM_BASE + 0x10000u)
#define SHOT_LAST_PAGE (TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT - TATU_SMC_PAGE_SIZE)

/* What a caller needs and may bring about, said once more: docs/protocol/smc.md is the source. */
struct shot_rule {
    uint16_t right;   /* 0: no caller may */
    bool is_signed;   /* needs a signature that nobody here can make: never OK */
    uint8_t argument; /* bytes that are enough to be more than SHORT */
};
extern const struct shot_rule shot_rules[SHOT_CALLS];
extern const struct shot_rule shot_vault_rules[SHOT_VAULT_COMMANDS];

enum shot_flow { SHOT_BEGIN, SHOT_WRITE, SHOT_FINISH };

/* Where the attacker is in installing something. */
struct shots {
    uint64_t random;
    struct tatu_sim_board *board;
    enum shot_flow flow;
    const struct sim_package_bytes *package;
    uint16_t type;
    uint32_t part;   /* of an OS set, which comes next */
    uint32_t handle; /* the newest that was given out */
    uint32_t at;     /* written so far */
    bool expects;    /* a step of the flow was shot unspoiled */
    uint8_t sealed[64];
    uint32_t sealed_len;
};

/* One call: registers, and what its page holds. */
struct shot {
    uint32_t r[4];
    uint8_t page[TATU_SMC_PAGE_SIZE];
    uint32_t len; /* bytes of the page that count */
};

uint32_t shots_draw(struct shots *shots, uint32_t below);
/** The next call. What shot->page holds from len on stays. */
void shots_next(struct shots *shots, struct shot *shot);
/** What came of it: the flow goes on, or begins again. */
void shots_learn(struct shots *shots, const struct shot *shot, uint32_t err, const uint8_t *answer,
                 uint32_t len);

#endif
