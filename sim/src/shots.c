#include "shots.h"

#include <string.h>

#define HEAD TATU_SMC_HEADER_SIZE
#define PIECE 1024u
#define RIGHT(name) TATU_RIGHT_##name

const struct shot_rule shot_rules[SHOT_CALLS] = {
    [TATU_SMC_GET_BOOT] = {RIGHT(QUERY)},
    [TATU_SMC_VAULT] = {0xffff, false, 4}, /* its command says more */
    [TATU_SMC_RECORD_APPEND] = {RIGHT(RECORD), false, 4},
    [TATU_SMC_RECORD_READ] = {RIGHT(RECORDS), false, 4},
    [TATU_SMC_RECORD_ACK] = {RIGHT(RECORDS), false, 4},
    [TATU_SMC_STAGE_BEGIN] = {RIGHT(UPDATE), false, 8},
    [TATU_SMC_STAGE_WRITE] = {RIGHT(UPDATE), false, 12},
    [TATU_SMC_STAGE_FINISH] = {RIGHT(UPDATE), false, 4},
    [TATU_SMC_STAGE_ABORT] = {RIGHT(UPDATE), false, 4},
    [TATU_SMC_COMMIT_APPS] = {RIGHT(UPDATE), false, 4},
    [TATU_SMC_LIST_APPS] = {RIGHT(QUERY)},
    [TATU_SMC_READ_FACTORY] = {RIGHT(QUERY)},
    [TATU_SMC_KEYSTORE] = {RIGHT(QUERY)},
    [TATU_SMC_WATCHDOG] = {RIGHT(POWER), false, 4},
    [TATU_SMC_HEALTHY] = {RIGHT(POWER)},
    [TATU_SMC_STAGE_COPY] = {RIGHT(UPDATE), false, 4},
    [TATU_SMC_INSTALL_SET] = {RIGHT(UPDATE)},
    [TATU_SMC_REPAIR] = {RIGHT(UPDATE)},
    [TATU_SMC_POWER_DOWN] = {RIGHT(POWER), false, 4},
    [TATU_SMC_SET_OWNER] = {RIGHT(PERIPHERAL), false, 8},
    [TATU_SMC_LOCK_OWNERS] = {RIGHT(PERIPHERAL)},
    [TATU_SMC_RT_START] = {RIGHT(PERIPHERAL), false, 28},
    [TATU_SMC_RT_STOP] = {RIGHT(PERIPHERAL), false, 4},
    [TATU_SMC_RT_STATUS] = {RIGHT(PERIPHERAL), false, 4},
    [TATU_SMC_STORE_ERASE] = {RIGHT(STORAGE), false, 4},
    [TATU_SMC_STORE_WRITE] = {RIGHT(STORAGE), false, 8},
    [TATU_SMC_READ_APP] = {RIGHT(UPDATE), false, 24},
};

const struct shot_rule shot_vault_rules[SHOT_VAULT_COMMANDS] = {
    [TATU_VAULT_GET_INFO] = {RIGHT(QUERY)},
    [TATU_VAULT_TIME_NONCE] = {RIGHT(ATTEST)},
    [TATU_VAULT_SET_TIME] = {RIGHT(ATTEST), true, 140},
    [TATU_VAULT_MAKE_KEY] = {RIGHT(ATTEST), false, 33},
    [TATU_VAULT_MAKE_EVIDENCE] = {RIGHT(ATTEST), false, 32},
    [TATU_VAULT_SIGN_TLS] = {RIGHT(ATTEST), false, 65},
    [TATU_VAULT_CLAIM] = {RIGHT(SECURITY), false, 112},
    [TATU_VAULT_RANDOM] = {RIGHT(RANDOM), false, 2},
    [TATU_VAULT_COMMIT_KEY] = {RIGHT(ATTEST), false, 33},
    [TATU_VAULT_CONFIRM] = {RIGHT(UPDATE), true, 140},
    [TATU_VAULT_SEAL] = {RIGHT(STORAGE), false, 28},
    [TATU_VAULT_UNSEAL] = {RIGHT(STORAGE), false, 56},
    [TATU_VAULT_DERIVE] = {RIGHT(STORAGE), false, 16},
    [TATU_VAULT_COUNTER] = {RIGHT(STORAGE), false, 2},
    [TATU_VAULT_GET_STATE] = {RIGHT(QUERY)},
    [TATU_VAULT_SET_CAPABILITY] = {RIGHT(SECURITY), true, 220},
    [TATU_VAULT_DROP_CAPABILITY] = {RIGHT(SECURITY)},
    [TATU_VAULT_SET_LIFECYCLE] = {RIGHT(SECURITY), false, 4},
    [TATU_VAULT_TICKET_NONCE] = {RIGHT(UPDATE)},
    [TATU_VAULT_SET_TICKET] = {RIGHT(UPDATE), true, 140},
};

/* ---- chance -----------------------------------------------------------------------------------
 */

static uint32_t draw_word(struct shots *shots)
{
    shots->random ^= shots->random >> 12; /* xorshift64* */
    shots->random ^= shots->random << 25;
    shots->random ^= shots->random >> 27;
    return (uint32_t)(shots->random * 0x2545f4914f6cdd1du >> 32);
}

uint32_t shots_draw(struct shots *shots, uint32_t below)
{
    return (uint32_t)((uint64_t)draw_word(shots) * below >> 32);
}

static bool one_in(struct shots *shots, uint32_t n)
{
    return shots_draw(shots, n) == 0;
}

/* Mostly a number that could be right. */
static uint32_t draw_argument(struct shots *shots)
{
    static const uint32_t edges[] = {0x7fffffff,
                                     0x80000000,
                                     UINT32_MAX,
                                     UINT32_MAX - 3,
                                     4096,
                                     60000,
                                     60001,
                                     TATU_IMAGE_PACKAGE_MAX,
                                     TATU_IMAGE_PACKAGE_MAX + 1,
                                     TATU_MAP_RAM_BASE,
                                     TATU_MAP_SECRAM_BASE,
                                     TATU_MAP_FLASH_BASE,
                                     TATU_FLASH_SIZE};
    switch (shots_draw(shots, 8)) {
    case 0:
        return draw_word(shots);
    case 1:
        return edges[shots_draw(shots, TATU_COUNT_OF(edges))];
    case 2:
        return shots->handle - shots_draw(shots, 12);
    default:
        return shots_draw(shots, 12);
    }
}

static uint32_t draw_page(struct shots *shots)
{
    static const uint32_t pages[] = {0,
                                     0xfffff000u,
                                     TATU_MAP_FLASH_BASE,
                                     TATU_MAP_FLASHCTL_BASE,
                                     TATU_MAP_MAILRAM_BASE,
                                     TATU_MAP_SECRAM_BASE,
                                     TATU_MAP_SECRAM_BASE + 0x3f000u,
                                     TATU_MAP_RTTCM_BASE,
                                     TATU_MAP_WINDOW_BASE,
                                     TATU_MAP_RAM_BASE - 0x1000u,
                                     TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT,
                                     SHOT_PAGE + 1,
                                     SHOT_PAGE + 2048,
                                     SHOT_LAST_PAGE + 4};
    return one_in(shots, 3) ? draw_word(shots) : pages[shots_draw(shots, TATU_COUNT_OF(pages))];
}

/* ---- arguments --------------------------------------------------------------------------------
 */

static void put_noise(struct shots *shots, uint8_t *out, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        out[i] = (uint8_t)draw_word(shots);
    }
}

/* A key name of a purpose; the component is that of the applications. */
static void put_key_name(struct shots *shots, uint8_t *out)
{
    memset(out, 0, 33);
    out[0] = (uint8_t)(1 + shots_draw(shots, 2));
    if (out[0] == TATU_KEY_TENANT) {
        memset(out + 17, 0xc0, 16);
        memcpy(out + 1, shots->board->vault.record.tenant, 16);
    }
}

/* COSE_Sign1 of an empty payload, signed by nobody. */
static uint32_t put_unsigned(struct shots *shots, uint8_t *out)
{
    static const uint8_t head[] = {0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26, 0xa1, 0x04, 0x54};
    uint32_t payload = shots_draw(shots, 64);
    memcpy(out, head, sizeof(head));
    put_noise(shots, out + sizeof(head), 20);
    out[29] = 0x58;
    out[30] = (uint8_t)payload;
    put_noise(shots, out + 31, payload);
    out[31 + payload] = 0x58;
    out[32 + payload] = 64;
    put_noise(shots, out + 33 + payload, 64);
    return 97 + payload;
}

static uint32_t put_payload(struct shots *shots, uint16_t command, uint8_t *out)
{
    uint32_t len = command < SHOT_VAULT_COMMANDS ? shot_vault_rules[command].argument : 0;
    put_noise(shots, out, len);
    switch (command) {
    case TATU_VAULT_MAKE_KEY:
    case TATU_VAULT_COMMIT_KEY:
    case TATU_VAULT_SIGN_TLS:
        put_key_name(shots, out);
        return len;
    case TATU_VAULT_CLAIM: /* always the same, but where it is spoiled */
        memset(out + 32, 0x7e, 16);
        fake_public(shots->board->owner, out + 48);
        return len;
    case TATU_VAULT_RANDOM:
        tatu_put_le16(out, (uint16_t)shots_draw(shots, 67));
        return len;
    case TATU_VAULT_COUNTER:
        out[0] = (uint8_t)shots_draw(shots, 5);
        out[1] = (uint8_t)shots_draw(shots, 3);
        return len;
    case TATU_VAULT_SET_LIFECYCLE:
        tatu_put_le32(out, shots_draw(shots, 5));
        return len;
    case TATU_VAULT_SEAL:
        memset(out, 1, 16);
        return 16 + shots_draw(shots, 40);
    case TATU_VAULT_UNSEAL:
        memset(out, 1, 16);
        memcpy(out + 16, shots->sealed, shots->sealed_len);
        return 16 + shots->sealed_len;
    case TATU_VAULT_SET_CAPABILITY:
        memset(out, 0, 4);
        memcpy(out + 4, shots->board->app[0].bytes, shots->board->app[0].len);
        return 4 + (uint32_t)shots->board->app[0].len;
    default: /* a number from outside, not an enum */
        return command < SHOT_VAULT_COMMANDS && shot_vault_rules[command].is_signed
                   ? put_unsigned(shots, out)
                   : len;
    }
}

static uint32_t put_ids(struct shots *shots, uint8_t *out)
{
    uint32_t count = shots_draw(shots, 3);
    tatu_put_le32(out, count);
    for (uint32_t i = 0; i < count; i++) {
        memset(out + 4 + 16 * i, (int)(1 + shots_draw(shots, SIM_VERSION_COUNT)), 16);
    }
    return 4 + 16 * count;
}

/* Arguments of a call as it wants them, though seldom such that it does anything. */
static uint32_t put_arguments(struct shots *shots, uint32_t number, uint8_t *out)
{
    uint32_t len = number < SHOT_CALLS ? shot_rules[number].argument : shots_draw(shots, 32);
    for (uint32_t i = 0; i < len; i += 4) {
        tatu_put_le32(out + i, draw_argument(shots));
    }
    switch (number) {
    case TATU_SMC_VAULT: {
        uint16_t command = (uint16_t)shots_draw(shots, SHOT_VAULT_COMMANDS + 2);
        tatu_put_le32(out, command);
        return 4 + put_payload(shots, command, out + 4);
    }
    case TATU_SMC_RECORD_APPEND:
        tatu_put_le32(out, 1 + shots_draw(shots, 4));
        return 4 + shots_draw(shots, one_in(shots, 8) ? TATU_RECORD_MAX + 2 : 64);
    case TATU_SMC_STAGE_BEGIN:
    case TATU_SMC_STAGE_COPY:
        tatu_put_le32(out, shots_draw(shots, 24));
        return len;
    case TATU_SMC_STAGE_WRITE:
        return 8 + 4 * shots_draw(shots, 64);
    case TATU_SMC_COMMIT_APPS:
        return put_ids(shots, out);
    case TATU_SMC_READ_APP:
        tatu_put_le32(out, shots_draw(shots, 64));
        tatu_put_le32(out + 4, shots_draw(shots, 64));
        memset(out + 8, (int)(1 + shots_draw(shots, SIM_VERSION_COUNT)), 16);
        return len;
    case TATU_SMC_RT_START:
        if (one_in(shots, 2)) { /* else numbers that have nothing to do with each other */
            tatu_put_le32(out, shots_draw(shots, 2));
            tatu_put_le32(out + 4, 4 * shots_draw(shots, 8));
            tatu_put_le32(out + 8, 4 + 4 * shots_draw(shots, 8));
        }
        memset(out + 12, (int)(1 + shots_draw(shots, SIM_VERSION_COUNT)), 16);
        return len;
    case TATU_SMC_POWER_DOWN:
        tatu_put_le32(out, one_in(shots, 1000) ? TATU_SYSCTL_WAKE_ALARM : 4);
        return len;
    default: /* a number from outside, not an enum */
        return len;
    }
}

/* ---- installing -------------------------------------------------------------------------------
 */

static void choose_package(struct shots *shots)
{
    uint32_t version = shots_draw(shots, 2); /* the third is signed by a key that comes later */
    if (one_in(shots, 4)) {
        shots->type = TATU_IMAGE_APPLICATION;
        shots->package = &shots->board->app[version];
        return;
    }
    shots->type = sim_os_types[shots->part];
    shots->package = &shots->board->os[version][shots->part];
}

static uint32_t put_begin(struct shots *shots, uint8_t *out, uint32_t *out_number)
{
    choose_package(shots);
    bool copied = shots->type != TATU_IMAGE_APPLICATION && one_in(shots, 4);
    tatu_put_le32(out, shots->type);
    tatu_put_le32(out + 4, (uint32_t)shots->package->len);
    *out_number = copied ? TATU_SMC_STAGE_COPY : TATU_SMC_STAGE_BEGIN;
    return copied ? 4 : 8;
}

static uint32_t put_write(struct shots *shots, uint8_t *out)
{
    uint32_t left = (uint32_t)shots->package->len - shots->at;
    uint32_t len = left < PIECE ? left : PIECE;
    tatu_put_le32(out, shots->handle);
    tatu_put_le32(out + 4, shots->at);
    memcpy(out + 8, shots->package->bytes + shots->at, len);
    return 8 + len;
}

/* The next step of installing an application or a set. */
static uint32_t put_step(struct shots *shots, uint8_t *out, uint32_t *out_number)
{
    shots->expects = true;
    switch (shots->flow) {
    case SHOT_BEGIN:
        if (one_in(shots, 4)) {
            bool is_apps = one_in(shots, 2);
            *out_number = is_apps ? TATU_SMC_COMMIT_APPS : TATU_SMC_INSTALL_SET;
            return is_apps ? put_ids(shots, out) : 0;
        }
        return put_begin(shots, out, out_number);
    case SHOT_WRITE:
        *out_number = TATU_SMC_STAGE_WRITE;
        return put_write(shots, out);
    case SHOT_FINISH:
        break;
    }
    *out_number = TATU_SMC_STAGE_FINISH;
    tatu_put_le32(out, shots->handle);
    return 4;
}

/* ---- shots ------------------------------------------------------------------------------------
 */

/* One thing, or two, that are not as they should be. */
static void spoil(struct shots *shots, struct shot *shot)
{
    shots->expects = false;
    for (uint32_t n = 1 + shots_draw(shots, 2); n > 0; n--) {
        switch (shots_draw(shots, 6)) {
        case 0:
            shot->r[1] = draw_page(shots);
            break;
        case 1:
            shot->r[2] = one_in(shots, 2) ? draw_word(shots) : shots_draw(shots, 4200);
            break;
        case 2:
            tatu_put_le32(shot->page + 4, draw_word(shots) & 0xfffu);
            break;
        case 3:
            tatu_put_le32(shot->page + 4, ~(1u << shots_draw(shots, 12)));
            break;
        case 4:
            shot->page[shots_draw(shots, shot->len)] ^= (uint8_t)(1u << shots_draw(shots, 8));
            break;
        default:
            shot->r[2] += shots_draw(shots, 9) - 4;
        }
    }
}

static void put_registers(struct shots *shots, struct shot *shot)
{
    static const uint32_t functions[] = {TATU_SMC_CALL,      TATU_SMC_PSCI_VERSION,
                                         TATU_SMC_PSCI_OFF,  TATU_SMC_PSCI_RESET,
                                         0x84000003u,        0,
                                         TATU_SMC_CALL ^ 1u, 0xc3000001u};
    for (int i = 0; i < 4; i++) {
        shot->r[i] = draw_word(shots);
    }
    switch (shots_draw(shots, 64)) {
    case 0:
        /* off and reset seldom: a boot takes a thousand times as long as a call */
        shot->r[0] = functions[one_in(shots, 200) ? shots_draw(shots, 8) : 4];
        break;
    case 1:
        shot->r[0] = TATU_SMC_PSCI_FEATURES;
        shot->r[1] = functions[shots_draw(shots, 8)];
        break;
    case 2:
        shot->r[0] = TATU_SMC_PSCI_VERSION;
        break;
    case 3:
        break;
    default:
        shot->r[0] = TATU_SMC_CALL;
    }
}

/* What is locked stays so until the next reset, which is seldom. */
static uint32_t draw_number(struct shots *shots)
{
    uint32_t number = shots_draw(shots, SHOT_CALLS + 2);
    return number == TATU_SMC_LOCK_OWNERS && !one_in(shots, 200) ? TATU_SMC_SET_OWNER : number;
}

void shots_next(struct shots *shots, struct shot *shot)
{
    uint32_t number = draw_number(shots);
    bool is_step = one_in(shots, 6);
    shots->expects = false;
    put_registers(shots, shot);
    uint32_t len = is_step ? put_step(shots, shot->page + HEAD, &number)
                           : put_arguments(shots, number, shot->page + HEAD);
    tatu_put_le32(shot->page, number);
    tatu_put_le32(shot->page + 4, UINT32_MAX);
    shot->len = HEAD + len;
    if (shot->r[0] != TATU_SMC_CALL) {
        shots->expects = false;
        return;
    }
    shot->r[1] = one_in(shots, 16) ? SHOT_LAST_PAGE : SHOT_PAGE;
    shot->r[2] = shot->len;
    if (one_in(shots, is_step ? 16 : 2)) {
        spoil(shots, shot);
    }
}

static void begin_again(struct shots *shots)
{
    shots->flow = SHOT_BEGIN;
    shots->part = 0;
}

static void go_on(struct shots *shots, uint32_t number)
{
    switch (number) {
    case TATU_SMC_STAGE_BEGIN:
        shots->flow = SHOT_WRITE;
        shots->at = 0;
        break;
    case TATU_SMC_STAGE_COPY:
        shots->flow = SHOT_FINISH;
        break;
    case TATU_SMC_STAGE_WRITE:
        shots->at += PIECE;
        shots->flow = shots->at < shots->package->len ? SHOT_WRITE : SHOT_FINISH;
        break;
    case TATU_SMC_STAGE_FINISH:
        shots->flow = SHOT_BEGIN;
        shots->part = (shots->part + (shots->type != TATU_IMAGE_APPLICATION)) % SIM_OS_PART_COUNT;
        break;
    default: /* a number from outside, not an enum */
        break;
    }
}

void shots_learn(struct shots *shots, const struct shot *shot, uint32_t err, const uint8_t *answer,
                 uint32_t len)
{
    uint32_t number = tatu_get_le32(shot->page);
    if (err == TATU_OK && (number == TATU_SMC_STAGE_BEGIN || number == TATU_SMC_STAGE_COPY)) {
        shots->handle = tatu_get_le32(answer);
    }
    if (err == TATU_OK && number == TATU_SMC_VAULT && len <= sizeof(shots->sealed) &&
        tatu_get_le16(shot->page + HEAD) == TATU_VAULT_SEAL) {
        memcpy(shots->sealed, answer, len);
        shots->sealed_len = len;
    }
    if (!shots->expects) {
        return;
    }
    if (err == TATU_OK) {
        go_on(shots, number);
    } else if (err != TATU_ERR_BUSY) {
        begin_again(shots);
    }
}
