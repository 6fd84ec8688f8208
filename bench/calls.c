/* Where Linux would be: how long calls of the monitor take, by the core's own counter. */
#include "proto/mailbox.h"
#include "silicon/harness/bare/bare.h"

#define PSCI_1_0 0x10000u
#define BOOT_SIZE 16u /* answer of GET_BOOT */
#define KEY_NAME_SIZE 33u

/* Where the device tree would be: how often. */
struct parameters {
    uint32_t calls;
    uint32_t tokens;
};

static const uint8_t update_key[KEY_NAME_SIZE] = {1};
static const uint8_t nonce[32];

static uint64_t now(void)
{
    uint64_t ticks;
    __asm__ volatile("isb\n mrrc p15, 1, %Q0, %R0, c14" : "=r"(ticks)::"memory");
    return ticks;
}

static uint32_t frequency(void)
{
    uint32_t hertz;
    __asm__("mrc p15, 0, %0, c14, c0, 0" : "=r"(hertz));
    return hertz;
}

static bool version(void)
{
    uint32_t r[4] = {TATU_SMC_PSCI_VERSION, 0, 0, 0};
    smc(r);
    return r[0] == PSCI_1_0;
}

static bool get_boot(void)
{
    return call(TATU_SMC_GET_BOOT, page, 0) == TATU_OK && answer_len == BOOT_SIZE;
}

static bool get_state(void)
{
    return call_kind(TATU_SMC_VAULT, TATU_VAULT_GET_STATE, nonce, 0) == TATU_OK;
}

static bool make_evidence(void)
{
    return call_kind(TATU_SMC_VAULT, TATU_VAULT_MAKE_EVIDENCE, nonce, sizeof(nonce)) == TATU_OK;
}

static void tell(uint32_t number, char end)
{
    const char text[2] = {end, '\0'};
    print_number(number);
    print(text);
}

/* "[NS] took NAME COUNT GOOD HIGH LOW HERTZ", the time in two words of ticks. */
static void take_time(const char *name, uint32_t count, bool (*once)(void))
{
    uint32_t good = 0;
    uint64_t began = now();
    for (uint32_t i = 0; i < count; i++) {
        good += once();
    }
    uint64_t ticks = now() - began;
    print("[NS] took ");
    print(name);
    print(" ");
    tell(count, ' ');
    tell(good, ' ');
    tell((uint32_t)(ticks >> 32), ' ');
    tell((uint32_t)ticks, ' ');
    tell(frequency(), '\n');
}

void main(const struct parameters *p, const uint32_t *early)
{
    (void)early;
    check(call_kind(TATU_SMC_VAULT, TATU_VAULT_MAKE_KEY, update_key, sizeof(update_key)) == TATU_OK,
          "a daily key, which evidence tells");
    take_time("version", p->calls, version);
    take_time("get_boot", p->calls, get_boot);
    take_time("get_state", p->tokens, get_state);
    take_time("evidence", p->tokens, make_evidence);
    restart(TATU_SMC_PSCI_FEATURES); /* tells the counts; the chip stays on */
    for (;;) {
    }
}
