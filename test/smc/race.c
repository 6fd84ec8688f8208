/*
 * A bus master changes a request while the monitor reads it. The two requests differ in one byte,
 * so there are two outcomes; a monitor that looked twice would have a third.
 */
#include "attack.h"
#include "disk.h"

#define FIRST_SECTOR 4u
#define BURST (DISK_QUEUE / 3u)
#define WORDS 4u

struct outcome {
    uint32_t err;
    uint32_t len;
};

struct pair {
    const char *name;
    uint32_t request[WORDS];
    uint32_t len;
    uint32_t at; /* the word that differs, and what it is then */
    uint32_t other;
    struct outcome outcomes[2];
};

static const struct pair pairs[] = {
    {"command of the vault",
     {TATU_SMC_VAULT, TATU_RIGHT_QUERY, TATU_VAULT_GET_INFO},
     12,
     2,
     TATU_VAULT_TIME_NONCE, /* which needs another right */
     {{TATU_OK, TATU_VAULT_INFO_SIZE}, {TATU_ERR_DENIED, 0}}},
    {"length for the vault",
     {TATU_SMC_VAULT, ALL_RIGHTS, TATU_VAULT_RANDOM, 32},
     14,
     3,
     65,
     {{TATU_OK, 32}, {TATU_ERR_ARGUMENT, 0}}},
    {"number of a core",
     {TATU_SMC_RT_STATUS, ALL_RIGHTS, 0},
     12,
     2,
     9,
     {{TATU_OK, 8}, {TATU_ERR_ARGUMENT, 0}}},
    {"number of a call",
     {TATU_SMC_GET_BOOT, ALL_RIGHTS},
     8,
     0,
     99,
     {{TATU_OK, TATU_SMC_BOOT_SIZE}, {TATU_ERR_UNKNOWN_COMMAND, 0}}},
    {"rights",
     {TATU_SMC_GET_BOOT, TATU_RIGHT_QUERY},
     8,
     1,
     0,
     {{TATU_OK, TATU_SMC_BOOT_SIZE}, {TATU_ERR_DENIED, 0}}},
};

struct counts {
    uint32_t calls;
    uint32_t races;     /* calls during which the device wrote */
    uint32_t came[2];   /* either outcome */
    uint32_t surprised; /* not what stood there before the call */
    uint32_t third;     /* neither */
};

static uint8_t sectors[2][DISK_SECTOR] __attribute__((aligned(16)));

static void put_request(const struct pair *pair, uint32_t which, uint8_t *out)
{
    for (uint32_t i = 0; i < WORDS; i++) {
        uint32_t word = which == 1 && i == pair->at ? pair->other : pair->request[i];
        *(volatile uint32_t *)(out + 4 * i) = word;
    }
}

static void race_once(const struct pair *pair, struct counts *counts)
{
    uint32_t which = counts->calls % 2;
    uint32_t r[4] = {TATU_SMC_CALL, PAGE_AT, pair->len, 0};
    put_request(pair, which, page);
    uint16_t before = disk_used.idx;
    smc(r);
    counts->races += disk_used.idx != before;
    counts->calls++;
    for (uint32_t i = 0; i < 2; i++) {
        if (r[0] == pair->outcomes[i].err && r[1] == pair->outcomes[i].len) {
            counts->came[i]++;
            counts->surprised += i != which;
            return;
        }
    }
    counts->third++;
}

static void race_pair(const struct pair *pair, uint32_t calls)
{
    struct counts counts = {0};
    bool good = true;
    disk_open();
    for (uint32_t i = 0; i < 2; i++) {
        put_request(pair, i, sectors[i]);
        good = good && disk_move(1, FIRST_SECTOR + i, (uint32_t)sectors[i]);
    }
    while (good && counts.calls < calls) {
        uint16_t end = (uint16_t)(disk_used.idx + BURST);
        for (uint32_t i = 0; i < BURST; i++) {
            disk_prepare(i, 0, FIRST_SECTOR + draw(2), PAGE_AT, DISK_SECTOR);
        }
        disk_kick(BURST);
        while (disk_used.idx != end && counts.calls < calls) {
            race_once(pair, &counts);
        }
        good = disk_wait(end);
    }
    tell(pair->name, counts.calls, counts.came[0] + counts.came[1]);
    print("[NS] races ");
    print_number(counts.races);
    print(" surprises ");
    print_number(counts.surprised);
    print("\n");
    check(good && counts.third == 0 && counts.came[0] > 0 && counts.came[1] > 0, pair->name);
}

void attack_race(const struct parameters *p)
{
    check(disk_is_there(), "the bus master is there");
    for (uint32_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        race_pair(&pairs[i], p->count);
    }
    check(call(TATU_SMC_GET_BOOT, page, 0) == TATU_OK, "the monitor answers");
    check(call_kind(TATU_SMC_VAULT, TATU_VAULT_GET_INFO, page, 0) == TATU_OK, "the vault answers");
}
