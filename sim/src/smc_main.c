/*
 * The campaign of calls: a hostile normal world calls the real monitor with the real vault behind
 * it, right calls, spoiled ones and noise, from a seed. After each call what it may not do is
 * looked for.
 *
 * smc [--calls N] [--seed S]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shots.h"

#define CANARY_EVERY 1000u
#define WHOLE_EVERY 50000u /* RAM and flash are compared whole */
#define HEAD TATU_SMC_HEADER_SIZE
#define REACH_CALLS 500000u /* so many calls reach each one, by any seed */
#define SECTOR TATU_FLASH_SECTOR_SIZE

struct tally {
    uint64_t ok;
    uint64_t refused;
};

struct campaign {
    struct tatu_sim_board *board;
    struct shots shots;
    struct shot shot;
    uint64_t made;
    uint64_t off_page; /* calls whose page is not normal RAM */
    uint64_t canaries;
    uint64_t boots;
    struct tally calls[SHOT_CALLS];
    struct tally commands[SHOT_VAULT_COMMANDS];
    struct tatu_sim_ratchets ratchets;
    uint32_t fuses[TATU_FUSE_SECRET_COMMAND / 4];
    uint8_t before[2][TATU_SMC_PAGE_SIZE]; /* the pages as they were at the call */
    uint8_t installed[TATU_SMC_APPS_MAX][16];
    uint32_t installed_count;
    uint8_t ram[TATU_MAP_RAM_SIZE_DEFAULT];
    uint8_t set[TATU_FLASH_SET_SIZE]; /* the running one */
    const char *wrong;                /* NULL: all is as it must be */
};

static void must(struct campaign *c, bool holds, const char *what)
{
    if (!holds && c->wrong == NULL) {
        c->wrong = what;
    }
}

static uint8_t *page_at(struct campaign *c, uint32_t address)
{
    return c->board->chip->ram + (address - TATU_MAP_RAM_BASE);
}

static bool is_ram_page(uint32_t address)
{
    return address % TATU_SMC_PAGE_SIZE == 0 && address >= TATU_MAP_RAM_BASE &&
           address - TATU_MAP_RAM_BASE < TATU_MAP_RAM_SIZE_DEFAULT;
}

/* ---- the board --------------------------------------------------------------------------------
 */

static void remember_installed(struct campaign *c)
{
    const struct tatu_monitor_apps *apps = &c->board->monitor.apps;
    c->installed_count = apps->installed_count;
    for (uint32_t i = 0; i < apps->installed_count; i++) {
        memcpy(c->installed[i], apps->installed[i].image.image, 16);
    }
}

static void forget_writes(struct tatu_monitor_chip *chip)
{
    memset(chip->touched, 0, sizeof(chip->touched));
    chip->erase_count = 0;
    chip->program_count = 0;
}

static void restart(struct campaign *c)
{
    struct tatu_monitor_chip *chip = c->board->chip;
    must(c, tatu_sim_boot(c->board), "the board does not come up");
    c->boots++;
    memcpy(c->ram, chip->ram, sizeof(c->ram));
    memcpy(c->set, chip->flash + c->board->monitor.boot.set * TATU_FLASH_SET_STRIDE,
           sizeof(c->set));
    remember_installed(c);
    forget_writes(chip);
}

static bool start(struct campaign *c, uint32_t seed)
{
    static const uint8_t factory[4 + 100] = {100, 0, 0, 0, 0xd2};
    c->board = tatu_sim_make();
    if (c->board == NULL) {
        return false;
    }
    c->shots.board = c->board;
    c->shots.random = seed;
    sim_put(c->board->chip, TATU_FLASH_FACTORY_AT, factory, sizeof(factory));
    memcpy(c->fuses, c->board->vault_chip->fuses, sizeof(c->fuses));
    restart(c);
    return c->wrong == NULL;
}

/* ---- what must hold after each call ----------------------------------------------------------
 */

static bool is_of_installed(const struct tatu_monitor_apps *apps, uint32_t sector)
{
    for (uint32_t i = 0; i < apps->installed_count; i++) {
        const struct tatu_table_app *place = &apps->installed[i].place;
        if (sector >= place->offset / SECTOR && sector * SECTOR < place->offset + place->len) {
            return true;
        }
    }
    return false;
}

static bool is_in(uint32_t at, uint32_t begin, uint32_t size)
{
    return at >= begin && at - begin < size;
}

/* Which call may write there at all. */
static bool may_write(const struct tatu_monitor *m, uint32_t number, uint32_t at)
{
    if (is_in(at, (m->boot.set ^ 1u) * TATU_FLASH_SET_STRIDE, TATU_FLASH_SET_SIZE)) {
        return number == TATU_SMC_STAGE_BEGIN || number == TATU_SMC_STAGE_COPY ||
               number == TATU_SMC_STAGE_WRITE || number == TATU_SMC_STAGE_FINISH ||
               number == TATU_SMC_INSTALL_SET || number == TATU_SMC_REPAIR;
    }
    if (is_in(at, TATU_FLASH_APPS0_AT, TATU_FLASH_APPS0_SIZE) ||
        is_in(at, TATU_FLASH_APPS1_AT, TATU_FLASH_APPS1_SIZE)) {
        return number == TATU_SMC_STAGE_WRITE && !is_of_installed(&m->apps, at / SECTOR);
    }
    if (is_in(at, TATU_FLASH_STORE_AT, TATU_FLASH_STORE_SIZE)) {
        return number == TATU_SMC_STORE_ERASE || number == TATU_SMC_STORE_WRITE;
    }
    if (is_in(at, TATU_FLASH_RECORDS_AT, TATU_FLASH_RECORDS_SIZE)) {
        return number == TATU_SMC_RECORD_APPEND || number == TATU_SMC_RECORD_ACK;
    }
    if (is_in(at, TATU_FLASH_TABLE0_AT, SECTOR) || is_in(at, TATU_FLASH_TABLE1_AT, SECTOR)) {
        return number == TATU_SMC_COMMIT_APPS || number == TATU_SMC_INSTALL_SET ||
               number == TATU_SMC_HEALTHY;
    }
    return false;
}

static void judge_flash(struct campaign *c, uint32_t number)
{
    struct tatu_monitor_chip *chip = c->board->chip;
    if (chip->erase_count + chip->program_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < SIM_SECTORS; i++) {
        must(c, !chip->touched[i] || may_write(&c->board->monitor, number, i * SECTOR),
             "a call wrote flash that is not for it");
    }
    forget_writes(chip);
}

static void judge_right(struct campaign *c, uint32_t number, uint16_t command, uint32_t rights)
{
    static const struct shot_rule none;
    const struct shot_rule *rule = number < SHOT_CALLS ? &shot_rules[number] : &none;
    if (number == TATU_SMC_VAULT) {
        rule = command < SHOT_VAULT_COMMANDS ? &shot_vault_rules[command] : &none;
    }
    must(c, (rights & rule->right) != 0, "a call did something without its right");
    must(c, !rule->is_signed, "what nobody signed was taken");
}

static void count(struct campaign *c, uint32_t number, uint16_t command, bool is_ok)
{
    struct tally *call = number < SHOT_CALLS ? &c->calls[number] : &c->calls[0];
    struct tally *vault = command < SHOT_VAULT_COMMANDS ? &c->commands[command] : &c->commands[0];
    call->ok += is_ok;
    call->refused += !is_ok;
    vault->ok += number == TATU_SMC_VAULT && is_ok;
    vault->refused += number == TATU_SMC_VAULT && !is_ok;
}

/* Both pages are as they were, but for an answer in the one that was named. */
static void judge_pages(struct campaign *c, uint32_t named, uint32_t len)
{
    static const uint32_t pages[2] = {SHOT_PAGE, SHOT_LAST_PAGE};
    for (int i = 0; i < 2; i++) {
        uint32_t from = pages[i] == named ? len : 0;
        must(c,
             memcmp(page_at(c, pages[i]) + from, c->before[i] + from, TATU_SMC_PAGE_SIZE - from) ==
                 0,
             "a page was written that no answer is in");
    }
}

static void judge_page_call(struct campaign *c, const uint32_t r[4])
{
    const struct shot *shot = &c->shot;
    /* a length that was spoiled takes in what an earlier call left behind this one */
    const uint8_t *asked = c->before[shot->r[1] == SHOT_LAST_PAGE];
    uint32_t number = tatu_get_le32(asked);
    uint16_t command = tatu_get_le16(asked + HEAD);
    bool is_page = is_ram_page(shot->r[1]);
    bool is_ours = shot->r[1] == SHOT_PAGE || shot->r[1] == SHOT_LAST_PAGE;
    must(c, r[2] == shot->r[2] && r[3] == shot->r[3], "a register was not kept");
    must(c, r[0] == TATU_OK || r[1] == 0, "an error has an answer");
    must(c, r[1] <= TATU_SMC_PAGE_SIZE, "an answer is longer than the page");
    must(c, strcmp(tatu_err_name((enum tatu_err)r[0]), "UNKNOWN") != 0, "there is no such error");
    must(c, is_page || r[0] == TATU_ERR_ARGUMENT || r[0] == TATU_ERR_SHORT || r[0] == TATU_ERR_LONG,
         "a page that is not normal RAM was taken");
    c->off_page += !is_page;
    if (is_ours) {
        count(c, number, command, r[0] == TATU_OK);
        shots_learn(&c->shots, shot, r[0], page_at(c, shot->r[1]), r[1]);
    }
    if (r[0] == TATU_OK && c->wrong == NULL) {
        must(c, is_ours, "an empty page was a call");
        judge_right(c, number, command, tatu_get_le32(asked + 4));
        judge_pages(c, shot->r[1], r[1]);
    } else {
        judge_pages(c, 0, 0);
    }
    judge_flash(c, is_ours ? number : 0);
    if (number != TATU_SMC_COMMIT_APPS) {
        must(c, c->board->monitor.apps.installed_count == c->installed_count,
             "what is installed changed");
    } else if (r[0] == TATU_OK) {
        remember_installed(c);
    }
}

static void judge_function(struct campaign *c, const uint32_t r[4])
{
    uint32_t function = c->shot.r[0];
    must(c, memcmp(r + 1, c->shot.r + 1, 3 * sizeof(r[0])) == 0, "a register was not kept");
    judge_pages(c, 0, 0);
    judge_flash(c, 0);
    if (function == TATU_SMC_PSCI_VERSION) {
        must(c, r[0] == 0x10000u, "PSCI has another version");
    } else if (function == TATU_SMC_PSCI_FEATURES) {
        must(c, r[0] == 0 || r[0] == UINT32_MAX, "a feature is neither there nor not");
    } else if (function != TATU_SMC_PSCI_OFF && function != TATU_SMC_PSCI_RESET) {
        must(c, r[0] == UINT32_MAX, "a function that does not exist was served");
    }
}

/* Off, reset and power down are allowed, when they were asked for; the board must come back. */
static void judge_power(struct campaign *c)
{
    struct tatu_monitor_chip *chip = c->board->chip;
    bool is_psci = c->shot.r[0] == TATU_SMC_PSCI_OFF || c->shot.r[0] == TATU_SMC_PSCI_RESET;
    bool is_call =
        c->shot.r[0] == TATU_SMC_CALL && tatu_get_le32(c->shot.page) == TATU_SMC_POWER_DOWN;
    must(c, chip->panic == 0 && !chip->is_off, "the monitor gave up");
    must(c, (chip->power_off || chip->reset) == is_psci, "the power changed");
    must(c, !chip->power_down || is_call, "the power went down");
    must(c, c->board->vault_chip->resets == 0, "the vault reset the chip");
    if (chip->power_off || chip->reset || chip->power_down) {
        restart(c);
    }
}

/* ---- what must hold now and then ---------------------------------------------------------------
 */

static void judge_fuses(struct campaign *c)
{
    uint32_t lifecycle = TATU_FUSE_LIFECYCLE / 4;
    const uint32_t *fuses = c->board->vault_chip->fuses;
    struct tatu_sim_ratchets now;
    tatu_sim_read_ratchets(c->board, &now);
    for (size_t i = 0; i < TATU_COUNT_OF(now.value); i++) {
        must(c, now.value[i] >= c->ratchets.value[i], "a number that may only rise has fallen");
    }
    c->ratchets = now;
    c->fuses[lifecycle] = fuses[lifecycle]; /* of the ratchets */
    must(c, memcmp(fuses, c->fuses, sizeof(c->fuses)) == 0, "a fuse was burned");
    must(c, c->board->vault_chip->debug == 0, "a debug port is open");
    for (uint32_t i = 0; i < TATU_MAP_WINDOW_COUNT; i++) {
        must(c, c->board->chip->windows[i].locked, "a window is not locked");
    }
}

/* A good call of each kind works, whatever came before. */
static void judge_service(struct campaign *c)
{
    uint8_t bytes[TATU_SMC_PAGE_SIZE];
    struct tatu_buf answer = TATU_BUF_OF(bytes);
    const struct tatu_span none = {NULL, 0};
    const uint8_t count32[2] = {32, 0};
    must(c, sim_call(c->board, TATU_SMC_GET_BOOT, none, &answer) == TATU_OK && answer.len == 16,
         "GET_BOOT is not served");
    answer.len = 0;
    must(c,
         sim_call(c->board, TATU_SMC_LIST_APPS, none, &answer) == TATU_OK &&
             answer.len == 4 + bytes[0] * TATU_SMC_APP_SIZE && bytes[0] == c->installed_count,
         "LIST_APPS is not served");
    for (uint32_t i = 0; i < c->installed_count && c->wrong == NULL; i++) {
        must(c, memcmp(bytes + 4 + i * TATU_SMC_APP_SIZE + 16, c->installed[i], 16) == 0,
             "another application is installed");
    }
    answer.len = 0;
    must(c,
         sim_ask(c->board, TATU_VAULT_RANDOM, TATU_SPAN_OF(count32), &answer) == TATU_OK &&
             answer.len == 32,
         "the vault is not heard");
    c->canaries++;
}

static void judge_whole(struct campaign *c)
{
    struct tatu_monitor_chip *chip = c->board->chip;
    uint32_t page = SHOT_PAGE - TATU_MAP_RAM_BASE;
    uint32_t after = page + TATU_SMC_PAGE_SIZE;
    must(c,
         memcmp(chip->ram, c->ram, page) == 0 &&
             memcmp(chip->ram + after, c->ram + after,
                    sizeof(c->ram) - after - TATU_SMC_PAGE_SIZE) == 0,
         "RAM beside the page was written");
    must(c,
         memcmp(chip->flash + c->board->monitor.boot.set * TATU_FLASH_SET_STRIDE, c->set,
                sizeof(c->set)) == 0,
         "the running set was written");
}

/* ---- the campaign ------------------------------------------------------------------------------
 */

static void call_once(struct campaign *c)
{
    struct tatu_monitor_registers registers;
    shots_next(&c->shots, &c->shot);
    uint32_t at = c->shot.r[1] == SHOT_LAST_PAGE ? SHOT_LAST_PAGE : SHOT_PAGE;
    memcpy(page_at(c, at), c->shot.page, c->shot.len);
    memcpy(c->before[0], page_at(c, SHOT_PAGE), TATU_SMC_PAGE_SIZE);
    memcpy(c->before[1], page_at(c, SHOT_LAST_PAGE), TATU_SMC_PAGE_SIZE);
    memcpy(registers.r, c->shot.r, sizeof(registers.r));
    tatu_monitor_handle_smc(&c->board->monitor, &registers);
    c->made++;
    c->board->chip->uptime_s += c->made % 16 == 0; /* or nothing would be left to spend */
    c->board->vault_chip->uptime_ms += 50;
    c->board->chip->log_len = 0;
    if (c->shot.r[0] == TATU_SMC_CALL) {
        judge_page_call(c, registers.r);
    } else {
        judge_function(c, registers.r);
    }
    judge_power(c);
    if (c->made % CANARY_EVERY == 0 && c->wrong == NULL) {
        judge_fuses(c);
        judge_service(c);
    }
    if (c->made % WHOLE_EVERY == 0) {
        judge_whole(c);
    }
}

/* A campaign that never reached a call has not tried it. */
static void judge_reach(struct campaign *c)
{
    for (uint32_t i = 1; i < SHOT_CALLS; i++) {
        must(c, c->calls[i].ok > 0 && c->calls[i].refused > 0, "a call was never reached");
        if (c->calls[i].ok == 0) {
            printf("never OK: call %u\n", i);
        }
    }
    for (uint32_t i = 0; i < SHOT_VAULT_COMMANDS; i++) {
        bool can_be = shot_vault_rules[i].right != 0 && !shot_vault_rules[i].is_signed;
        must(c, (c->commands[i].ok > 0) == can_be && c->commands[i].refused > 0,
             "a command was never reached");
        if ((c->commands[i].ok > 0) != can_be) {
            printf("never OK: command %u\n", i);
        }
    }
}

static void tell(const struct campaign *c, uint32_t seed)
{
    uint64_t ok = 0;
    uint64_t refused = 0;
    for (uint32_t i = 0; i < SHOT_CALLS; i++) {
        ok += c->calls[i].ok;
        refused += c->calls[i].refused;
    }
    printf("%llu calls, seed %u: %llu did something, %llu refused, %llu with a page outside of "
           "normal RAM, %llu of no page\n",
           (unsigned long long)c->made, seed, (unsigned long long)ok, (unsigned long long)refused,
           (unsigned long long)c->off_page,
           (unsigned long long)(c->made - ok - refused - c->off_page));
    printf("sets installed %llu, applications committed %llu, restarts %llu, canaries %llu\n",
           (unsigned long long)c->calls[TATU_SMC_INSTALL_SET].ok,
           (unsigned long long)c->calls[TATU_SMC_COMMIT_APPS].ok,
           (unsigned long long)(c->boots - 1), (unsigned long long)c->canaries);
}

static bool parse(int argc, char **argv, uint64_t *out_calls, uint32_t *out_seed)
{
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--calls") == 0) {
            *out_calls = strtoull(argv[i + 1], NULL, 0);
        } else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) {
            *out_seed = (uint32_t)strtoul(argv[i + 1], NULL, 0);
        } else {
            return false;
        }
    }
    return *out_calls > 0 && *out_seed != 0;
}

int main(int argc, char **argv)
{
    static struct campaign campaign;
    uint64_t calls = 2000000;
    uint32_t seed = 1;
    if (!parse(argc, argv, &calls, &seed)) {
        (void)fprintf(stderr, "usage: smc [--calls N] [--seed S]\n");
        return 2;
    }
    bool up = start(&campaign, seed);
    while (up && campaign.made < calls && campaign.wrong == NULL) {
        call_once(&campaign);
    }
    if (campaign.wrong == NULL && calls >= REACH_CALLS) {
        judge_reach(&campaign);
    }
    tell(&campaign, seed);
    if (campaign.wrong != NULL) {
        printf("FAILED: %s, at call %llu\n", campaign.wrong, (unsigned long long)campaign.made);
        printf("to repeat: smc --seed %u --calls %llu\n", seed, (unsigned long long)campaign.made);
    }
    tatu_sim_free(campaign.board);
    printf("%d passed, %d failed\n", campaign.wrong == NULL, campaign.wrong != NULL);
    return campaign.wrong != NULL;
}
