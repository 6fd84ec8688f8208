/*
 * Calls by the thousand: right ones, spoiled ones and noise. An application is installed first and
 * must still be there at the end. What ends the run or the installation when it is right is left
 * out.
 */
#include "attack.h"

#define CANARY_EVERY 1000u
#define WHOLE_EVERY 16u
#define TOLD_EVERY 50000u
#define PAGE_WORDS (TATU_SMC_PAGE_SIZE / 4u)
#define CALL_COUNT 28u
#define COMMAND_COUNT 36u
#define APPS_WINDOW (TATU_MAP_WINDOW_BASE + TATU_MAP_WINDOW_STRIDE)

static uint32_t before[PAGE_WORDS];
static uint8_t list[4 + TATU_SMC_APP_SIZE]; /* LIST_APPS as it must stay */

static struct {
    uint32_t made;
    uint32_t did;
    uint32_t refused;
    uint32_t left_out;
    uint32_t lost_registers;
    uint32_t touched_pages;
    uint32_t strange_answers;
    uint32_t lost_canaries;
    uint32_t canaries;
} counts;

/* Bytes of arguments that a call has at least. */
static const uint8_t argument_len[CALL_COUNT] = {
    [TATU_SMC_VAULT] = 4,        [TATU_SMC_RECORD_APPEND] = 4, [TATU_SMC_RECORD_READ] = 4,
    [TATU_SMC_RECORD_ACK] = 4,   [TATU_SMC_STAGE_BEGIN] = 8,   [TATU_SMC_STAGE_WRITE] = 12,
    [TATU_SMC_STAGE_FINISH] = 4, [TATU_SMC_STAGE_ABORT] = 4,   [TATU_SMC_COMMIT_APPS] = 20,
    [TATU_SMC_WATCHDOG] = 4,     [TATU_SMC_STAGE_COPY] = 4,    [TATU_SMC_POWER_DOWN] = 4,
    [TATU_SMC_SET_OWNER] = 8,    [TATU_SMC_RT_START] = 28,     [TATU_SMC_RT_STOP] = 4,
    [TATU_SMC_RT_STATUS] = 4,    [TATU_SMC_STORE_ERASE] = 4,   [TATU_SMC_STORE_WRITE] = 8,
    [TATU_SMC_READ_APP] = 24,
};
static const uint8_t payload_len[COMMAND_COUNT] = {
    [TATU_VAULT_SET_TIME] = 120,
    [TATU_VAULT_MAKE_KEY] = 33,
    [TATU_VAULT_MAKE_EVIDENCE] = 32,
    [TATU_VAULT_SIGN_TLS] = 65,
    [TATU_VAULT_CLAIM] = 112,
    [TATU_VAULT_RANDOM] = 2,
    [TATU_VAULT_COMMIT_KEY] = 33,
    [TATU_VAULT_CONFIRM] = 120,
    [TATU_VAULT_SEAL] = 40,
    [TATU_VAULT_UNSEAL] = 68,
    [TATU_VAULT_DERIVE] = 16,
    [TATU_VAULT_COUNTER] = 2,
    [TATU_VAULT_SET_CAPABILITY] = 220,
    [TATU_VAULT_SET_LIFECYCLE] = 4,
    [TATU_VAULT_SET_TICKET] = 120,
};

static uint32_t *page_words(void)
{
    return (uint32_t *)PAGE_AT;
}

static bool one_in(uint32_t n)
{
    return draw(n) == 0;
}

static uint32_t draw_argument(void)
{
    static const uint32_t edges[] = {
        0x7fffffff, 0x80000000,        0xffffffff,           0xfffffffc,      4096,
        60001,      TATU_MAP_RAM_BASE, TATU_MAP_SECRAM_BASE, TATU_FLASH_SIZE, TATU_MAP_FLASH_BASE};
    switch (draw(8)) {
    case 0:
        return draw_word();
    case 1:
        return edges[draw(sizeof(edges) / sizeof(edges[0]))];
    default:
        return draw(12);
    }
}

static uint32_t draw_page(void)
{
    static const uint32_t pages[] = {0,
                                     TATU_MAP_FLASH_BASE,
                                     TATU_MAP_FLASHCTL_BASE,
                                     TATU_MAP_MAILRAM_BASE,
                                     TATU_MAP_SECRAM_BASE,
                                     TATU_MAP_SECRAM_BASE + 0x3f000,
                                     TATU_MAP_RTTCM_BASE,
                                     TATU_MAP_WINDOW_BASE,
                                     TATU_MAP_RAM_BASE - 0x1000,
                                     TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT,
                                     0xfffff000,
                                     PAGE_AT + 1,
                                     PAGE_AT + 2048};
    uint32_t noise = draw_word();
    /* A page of ours that happens to be named would be written by an answer. */
    bool is_ram = noise - TATU_MAP_RAM_BASE < TATU_MAP_RAM_SIZE_DEFAULT;
    return one_in(2) && !is_ram ? noise : pages[draw(sizeof(pages) / sizeof(pages[0]))];
}

/* ---- one call ----------------------------------------------------------------------------------
 */

static uint32_t put_vault(uint32_t *arguments)
{
    uint32_t command = draw(COMMAND_COUNT + 2);
    uint32_t len = command < COMMAND_COUNT ? payload_len[command] : draw(64);
    for (uint32_t i = 0; i <= len / 4; i++) {
        arguments[1 + i] = one_in(2) ? draw_word() : draw(4);
    }
    arguments[0] = command;
    return 4 + len;
}

static uint32_t put_arguments(uint32_t number, uint32_t *arguments)
{
    uint32_t len = number < CALL_COUNT ? argument_len[number] : draw(32);
    for (uint32_t i = 0; i <= len / 4; i++) {
        arguments[i] = draw_argument();
    }
    if (number == TATU_SMC_VAULT) {
        return put_vault(arguments);
    }
    if (number == TATU_SMC_RECORD_APPEND || number == TATU_SMC_STAGE_WRITE) {
        return len + draw(64) / 4 * 4;
    }
    if (number == TATU_SMC_STAGE_BEGIN || number == TATU_SMC_STAGE_COPY) {
        arguments[0] = draw(24);
    }
    if (number == TATU_SMC_COMMIT_APPS) {
        arguments[0] = 1;
    }
    return len;
}

static void spoil(uint32_t r[4])
{
    switch (draw(6)) {
    case 0:
        r[1] = draw_page();
        break;
    case 1:
        r[2] = one_in(2) ? draw_word() : draw(4200);
        break;
    case 2:
        page_words()[1] = draw_word() & 0xfff;
        break;
    case 3:
        page_words()[1] = ~(1u << draw(12));
        break;
    case 4:
        page_words()[draw(8)] ^= 1u << draw(32);
        break;
    default:
        r[2] += draw(9) - 4;
    }
}

/* What would end the run, wear the flash without a limit, or rightly uninstall. */
static bool is_left_out(const uint32_t r[4])
{
    const uint32_t *words = page_words();
    if (r[0] == TATU_SMC_PSCI_OFF || r[0] == TATU_SMC_PSCI_RESET) {
        return true;
    }
    if (r[0] != TATU_SMC_CALL || r[1] != PAGE_AT) {
        return false;
    }
    switch (words[0]) {
    case TATU_SMC_WATCHDOG:
        return words[2] != 0 && words[2] <= 60000;
    case TATU_SMC_POWER_DOWN:
        return words[2] >= 1 && words[2] <= 3;
    case TATU_SMC_COMMIT_APPS:
        return words[2] == 0;
    case TATU_SMC_REPAIR:
    case TATU_SMC_STAGE_FINISH:
        return !one_in(64); /* slow */
    default:                /* a number from outside, not an enum */
        return false;
    }
}

static void draw_call(uint32_t r[4])
{
    uint32_t number = draw(CALL_COUNT + 2);
    if (number == TATU_SMC_VAULT && !one_in(4)) {
        number = TATU_SMC_GET_BOOT; /* the vault is slow: once in a hundred calls */
    }
    for (int i = 0; i < 4; i++) {
        r[i] = draw_word();
    }
    if (one_in(32)) { /* mostly no function at all */
        r[0] = one_in(2) ? TATU_SMC_PSCI_FEATURES + draw(4) - 2 : r[0];
        return;
    }
    r[0] = TATU_SMC_CALL;
    r[1] = PAGE_AT;
    page_words()[0] = number;
    page_words()[1] = ALL_RIGHTS;
    r[2] = HEAD + put_arguments(number, page_words() + 2);
    if (one_in(2)) {
        spoil(r);
    }
}

static bool is_page_kept(uint32_t from)
{
    uint32_t end = counts.made % WHOLE_EVERY == 0 ? PAGE_WORDS : 64;
    for (uint32_t i = from; i < end; i++) {
        if (page_words()[i] != before[i]) {
            return false;
        }
    }
    return true;
}

static void keep_page(void)
{
    uint32_t end = counts.made % WHOLE_EVERY == 0 ? PAGE_WORDS : 64;
    for (uint32_t i = 0; i < end; i++) {
        before[i] = page_words()[i];
    }
}

static void call_once(void)
{
    uint32_t r[4];
    draw_call(r);
    if (is_left_out(r)) {
        counts.left_out++;
        return;
    }
    uint32_t asked[4] = {r[0], r[1], r[2], r[3]};
    counts.made++;
    keep_page();
    counts.lost_registers += smc_keeps_registers(r) != 1 || r[3] != asked[3] || r[2] != asked[2];
    if (asked[0] != TATU_SMC_CALL) {
        counts.strange_answers += r[1] != asked[1];
        counts.touched_pages += !is_page_kept(0);
        return;
    }
    bool is_ok = r[0] == TATU_OK;
    counts.did += is_ok;
    counts.refused += !is_ok;
    counts.strange_answers += (is_ok && (r[1] > TATU_SMC_PAGE_SIZE || asked[1] != PAGE_AT)) ||
                              (!is_ok && r[1] != 0) || r[0] > TATU_ERR_STALE;
    counts.touched_pages += !is_page_kept(is_ok ? (r[1] + 3) / 4 : 0);
}

/* ---- what must stay -----------------------------------------------------------------------------
 */

static bool is_app_there(const struct parameters *p)
{
    uint32_t offset = tatu_get_le32(list + 4 + 96);
    return call(TATU_SMC_LIST_APPS, page, 0) == TATU_OK && answer_len == sizeof(list) &&
           is_same(page, list, sizeof(list)) &&
           is_same((const void *)(APPS_WINDOW + offset - TATU_FLASH_APPS0_AT), p->app, 256);
}

static void look_after(const struct parameters *p)
{
    uint8_t len[2] = {32, 0};
    counts.canaries++;
    counts.lost_canaries += call(TATU_SMC_GET_BOOT, page, 0) != TATU_OK || !is_app_there(p) ||
                            call_kind(TATU_SMC_VAULT, TATU_VAULT_RANDOM, len, 2) != TATU_OK ||
                            answer_len != 32;
    if (counts.made % TOLD_EVERY == 0) {
        print("[NS] ");
        print_number(counts.made);
        print(" calls so far\n");
    }
}

static bool install(const struct parameters *p)
{
    static uint8_t bytes[112 + 2048];
    memset(bytes, 0x11, 48);
    memcpy(bytes + 48, p->owner, 64);
    bool good = call_kind(TATU_SMC_VAULT, TATU_VAULT_CLAIM, bytes, 112) == TATU_OK;
    tatu_put_le32(bytes, p->app_len);
    good = good && call_kind(TATU_SMC_STAGE_BEGIN, 10, bytes, 4) == TATU_OK;
    uint32_t handle = tatu_get_le32(page);
    for (uint32_t at = 0; good && at < p->app_len; at += 2048) {
        uint32_t len = p->app_len - at < 2048 ? p->app_len - at : 2048;
        tatu_put_le32(bytes, handle);
        tatu_put_le32(bytes + 4, at);
        memcpy(bytes + 8, p->app + at, len);
        good = call(TATU_SMC_STAGE_WRITE, bytes, 8 + len) == TATU_OK;
    }
    memset(bytes, 0, 4);
    bytes[0] = 1;
    memcpy(bytes + 4, p->image, 16);
    return good && call_word(TATU_SMC_STAGE_FINISH, handle) == TATU_OK &&
           call(TATU_SMC_COMMIT_APPS, bytes, 20) == TATU_OK &&
           call(TATU_SMC_LIST_APPS, page, 0) == TATU_OK && answer_len == sizeof(list);
}

void attack_calls(const struct parameters *p)
{
    check(install(p), "an application is installed");
    memcpy(list, page, sizeof(list));
    check(is_app_there(p), "and seen");
    print("[NS] calls begin\n");
    while (counts.made < p->count) {
        uint32_t made = counts.made;
        call_once();
        if (made != counts.made && counts.made % CANARY_EVERY == 0) {
            look_after(p);
        }
    }
    tell("calls: something done, or refused", counts.made,
         counts.made - counts.strange_answers - counts.lost_registers - counts.touched_pages);
    tell("canaries", counts.canaries, counts.canaries - counts.lost_canaries);
    print("[NS] did ");
    print_number(counts.did);
    print(", refused ");
    print_number(counts.refused);
    print("\n");
    check(counts.lost_registers == 0, "every register is kept");
    check(counts.touched_pages == 0, "an error leaves the page as it was");
    check(counts.strange_answers == 0, "every answer is one of its call");
    check(counts.lost_canaries == 0, "good calls are served all the time");
    check(counts.did > counts.made / 16 && counts.refused > counts.made / 4, "calls of both kinds");
    restart(TATU_SMC_PSCI_RESET);
}

/* The memory of the run before is gone: what is listed is compared with what the test gave. */
void judge_after_calls(const struct parameters *p)
{
    check(call(TATU_SMC_LIST_APPS, page, 0) == TATU_OK && answer_len == sizeof(list) &&
              is_same(page + 4 + 16, p->image, 16),
          "after a reset the application is installed");
    memcpy(list, page, sizeof(list));
    check(is_app_there(p), "and is the one that was installed");
}
