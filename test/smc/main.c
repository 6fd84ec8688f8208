/* A kernel that attacks, in one of four ways. The first call tells the test that it begins. */
#include "attack.h"

static uint32_t state;

void seed_random(uint32_t seed)
{
    state = seed;
}

uint32_t draw_word(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

uint32_t draw(uint32_t below)
{
    return (uint32_t)((uint64_t)draw_word() * below >> 32);
}

void print_hex(uint32_t word)
{
    for (int shift = 28; shift >= 0; shift -= 4) {
        char digit[2] = {"0123456789abcdef"[word >> shift & 15], '\0'};
        print(digit);
    }
}

void tell(const char *kind, uint32_t tried, uint32_t held)
{
    print("[NS] tried ");
    print_number(tried);
    print(" held ");
    print_number(held);
    print(" ");
    print(kind);
    print("\n");
}

void main(const struct parameters *p, const uint32_t *early)
{
    static void (*const attacks[])(const struct parameters *) = {
        [MODE_MAP] = attack_map,
        [MODE_DMA] = attack_dma,
        [MODE_CALLS] = attack_calls,
        [MODE_RACE] = attack_race,
    };
    uint32_t version[4] = {TATU_SMC_PSCI_VERSION, 0, 0, 0};
    (void)early;
    smc(version);
    seed_random(p->seed);
    if (call(TATU_SMC_GET_BOOT, page, 0) == TATU_OK &&
        tatu_get_le32(page + 4) == TATU_RESET_SOFTWARE) {
        judge_after_calls(p);
    } else {
        attacks[p->mode](p);
    }
    restart(TATU_SMC_PSCI_OFF);
}
