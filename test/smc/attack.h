/* What the attacks share. Each tells its counts in lines "[NS] tried KIND N held M". */
#ifndef TATU_TEST_SMC_ATTACK_H
#define TATU_TEST_SMC_ATTACK_H

#include "proto/mailbox.h"
#include "silicon/harness/bare/bare.h"

#define MARK 0x4b434154u /* what the attacks write: "TACK" */

enum { MODE_MAP, MODE_DMA, MODE_CALLS, MODE_RACE };

/* Where the device tree would be. */
struct parameters {
    uint32_t mode;
    uint32_t seed;
    uint32_t count; /* random addresses per region; bytes between two of the sweep: below; calls */
    uint32_t step;
    uint8_t owner[64];
    uint8_t image[16]; /* of the application */
    uint32_t app_len;
    uint8_t app[];
};

void seed_random(uint32_t seed);
uint32_t draw(uint32_t below);
uint32_t draw_word(void);
void print_hex(uint32_t word);
void tell(const char *kind, uint32_t tried, uint32_t held);

/** A region that the normal world must not reach. */
struct secret {
    uint32_t base;
    uint32_t size;
    const char *name;
};
extern const struct secret secrets[];
extern const uint32_t secret_count;

void attack_map(const struct parameters *p);
void attack_dma(const struct parameters *p);
void attack_calls(const struct parameters *p);
/** After the reset at the end of attack_calls(). */
void judge_after_calls(const struct parameters *p);
void attack_race(const struct parameters *p);

#endif
