#include "call.h"
#include "chip.h"
#include "mem.h"

/* PSCI 1.0 and SMC calling convention. */
#define PSCI_VERSION_1_0 0x00010000u
#define NOT_SUPPORTED 0xffffffffu
#define ID_SIZE 16u
#define IDS_SIZE (TATU_SMC_APPS_MAX * ID_SIZE)

/* A call, the right it needs, and how its arguments lie in the page: u16 kind and u16 0 (where it
 * has one), then words, then between rest_min and rest_max bytes; and how often it may be made. */
struct call {
    enum tatu_err (*act)(struct tatu_monitor *m, const struct tatu_monitor_request *in,
                         struct tatu_buf *out);
    uint16_t right; /* exactly one; 0: that of the vault's command */
    uint8_t word_count;
    bool has_kind;
    uint16_t rest_min;
    uint16_t rest_max;
    enum tatu_monitor_limit limit;
};

/* ---- the two tables ---------------------------------------------------------------------------
 */

#define CALL(name) tatu_monitor_call_##name
#define RIGHT(name) TATU_RIGHT_##name
#define LIMIT(name) TATU_MONITOR_LIMIT_##name
#define REST(before) (TATU_SMC_ARGUMENT_MAX - (before))

/* By number; what is not here does not exist. */
static const struct call calls[] = {
    [TATU_SMC_GET_BOOT] = {CALL(get_boot), RIGHT(QUERY)},
    [TATU_SMC_VAULT] = {CALL(vault), 0, 0, true, 0, REST(4)},
    [TATU_SMC_RECORD_APPEND] = {CALL(record_append), RIGHT(RECORD), 0, true, 0, TATU_RECORD_MAX,
                                LIMIT(RECORD)},
    [TATU_SMC_RECORD_READ] = {CALL(record_read), RIGHT(RECORDS), 1},
    [TATU_SMC_RECORD_ACK] = {CALL(record_ack), RIGHT(RECORDS), 1},
    [TATU_SMC_STAGE_BEGIN] = {CALL(stage_begin), RIGHT(UPDATE), 1, true, 0, 0, LIMIT(STAGE)},
    [TATU_SMC_STAGE_WRITE] = {CALL(stage_write), RIGHT(UPDATE), 2, false, 1, REST(8)},
    [TATU_SMC_STAGE_FINISH] = {CALL(stage_finish), RIGHT(UPDATE), 1},
    [TATU_SMC_STAGE_ABORT] = {CALL(stage_abort), RIGHT(UPDATE), 1},
    [TATU_SMC_COMMIT_APPS] = {CALL(commit_apps), RIGHT(UPDATE), 1, false, 0, IDS_SIZE,
                              LIMIT(TABLE)},
    [TATU_SMC_LIST_APPS] = {CALL(list_apps), RIGHT(QUERY)},
    [TATU_SMC_READ_FACTORY] = {CALL(read_factory), RIGHT(QUERY)},
    [TATU_SMC_KEYSTORE] = {CALL(keystore), RIGHT(QUERY)},
    [TATU_SMC_WATCHDOG] = {CALL(watchdog), RIGHT(POWER), 1},
    [TATU_SMC_HEALTHY] = {CALL(healthy), RIGHT(POWER)},
    [TATU_SMC_STAGE_COPY] = {CALL(stage_copy), RIGHT(UPDATE), 0, true, 0, 0, LIMIT(STAGE)},
    [TATU_SMC_INSTALL_SET] = {CALL(install_set), RIGHT(UPDATE), .limit = LIMIT(TABLE)},
    [TATU_SMC_REPAIR] = {CALL(repair), RIGHT(UPDATE)},
    [TATU_SMC_POWER_DOWN] = {CALL(power_down), RIGHT(POWER), 1},
    [TATU_SMC_SET_OWNER] = {CALL(set_owner), RIGHT(PERIPHERAL), 2},
    [TATU_SMC_LOCK_OWNERS] = {CALL(lock_owners), RIGHT(PERIPHERAL)},
    [TATU_SMC_RT_START] = {CALL(rt_start), RIGHT(PERIPHERAL), 3, false, ID_SIZE, ID_SIZE},
    [TATU_SMC_RT_STOP] = {CALL(rt_stop), RIGHT(PERIPHERAL), 1},
    [TATU_SMC_RT_STATUS] = {CALL(rt_status), RIGHT(PERIPHERAL), 1},
    [TATU_SMC_STORE_ERASE] = {CALL(store_erase), RIGHT(STORAGE), 1},
    [TATU_SMC_STORE_WRITE] = {CALL(store_write), RIGHT(STORAGE), 1, false, 1, REST(4)},
    [TATU_SMC_READ_APP] = {CALL(read_app), RIGHT(UPDATE), 2, false, ID_SIZE, ID_SIZE},
};
_Static_assert(4 + TATU_SMC_APPS_MAX * TATU_SMC_APP_SIZE <= TATU_SMC_PAGE_SIZE,
               "the list of applications fits the page");
_Static_assert(TATU_SMC_APPS_MAX == TATU_TABLE_APP_MAX, "one limit, two headers");

/* The vault has a table of its own for the normal world; here stands what may reach it at all, and
 * the right for that. */
static const uint16_t vault_rights[] = {
    [TATU_VAULT_GET_INFO] = RIGHT(QUERY),
    [TATU_VAULT_TIME_NONCE] = RIGHT(ATTEST),
    [TATU_VAULT_SET_TIME] = RIGHT(ATTEST),
    [TATU_VAULT_MAKE_KEY] = RIGHT(ATTEST),
    [TATU_VAULT_MAKE_EVIDENCE] = RIGHT(ATTEST),
    [TATU_VAULT_SIGN_TLS] = RIGHT(ATTEST),
    [TATU_VAULT_CLAIM] = RIGHT(SECURITY),
    [TATU_VAULT_RANDOM] = RIGHT(RANDOM),
    [TATU_VAULT_COMMIT_KEY] = RIGHT(ATTEST),
    [TATU_VAULT_CONFIRM] = RIGHT(UPDATE),
    [TATU_VAULT_SEAL] = RIGHT(STORAGE),
    [TATU_VAULT_UNSEAL] = RIGHT(STORAGE),
    [TATU_VAULT_DERIVE] = RIGHT(STORAGE),
    [TATU_VAULT_COUNTER] = RIGHT(STORAGE),
    [TATU_VAULT_GET_STATE] = RIGHT(QUERY),
    [TATU_VAULT_SET_CAPABILITY] = RIGHT(SECURITY),
    [TATU_VAULT_DROP_CAPABILITY] = RIGHT(SECURITY),
    [TATU_VAULT_SET_LIFECYCLE] = RIGHT(SECURITY),
    [TATU_VAULT_TICKET_NONCE] = RIGHT(UPDATE),
    [TATU_VAULT_SET_TICKET] = RIGHT(UPDATE),
};

/* ---- decoding: changes nothing ----------------------------------------------------------------
 */

static enum tatu_err find_call(uint32_t number, const struct call **out)
{
    if (number >= TATU_COUNT_OF(calls) || calls[number].act == NULL) {
        return TATU_ERR_UNKNOWN_COMMAND;
    }
    *out = &calls[number];
    return TATU_OK;
}

static enum tatu_err decode_arguments(const struct call *call, struct tatu_span in,
                                      struct tatu_monitor_request *out)
{
    size_t at = (call->has_kind ? 4u : 0u) + call->word_count * 4u;
    const uint8_t *word = in.data + (call->has_kind ? 4u : 0u);
    if (in.len < at + call->rest_min) {
        return TATU_ERR_SHORT;
    }
    if (in.len > at + call->rest_max) {
        return TATU_ERR_LONG;
    }
    if (call->has_kind) {
        out->kind = tatu_get_le16(in.data);
        if (tatu_get_le16(in.data + 2) != 0) {
            return TATU_ERR_FORMAT;
        }
    }
    for (size_t i = 0; i < call->word_count; i++) {
        out->words[i] = tatu_get_le32(word + 4 * i);
    }
    return tatu_base_take_span(in, at, in.len - at, &out->bytes);
}

/* Whether the caller holds the one right that this needs. */
static enum tatu_err check_right(const struct call *call, uint16_t command, uint32_t rights)
{
    uint16_t right = call->right;
    if (right == 0) {
        if (command >= TATU_VAULT_VERIFY_IMAGE && command <= TATU_VAULT_GET_TICKET) {
            return TATU_ERR_DENIED; /* the monitor's own */
        }
        if (command >= TATU_COUNT_OF(vault_rights) || vault_rights[command] == 0) {
            return TATU_ERR_UNKNOWN_COMMAND;
        }
        right = vault_rights[command];
    }
    return (rights & right) != 0 ? TATU_OK : TATU_ERR_DENIED;
}

static enum tatu_err decode_call(struct tatu_span copy, const struct call **out_call,
                                 struct tatu_monitor_request *out_request)
{
    const struct call *call = NULL;
    struct tatu_monitor_request request = {0};
    struct tatu_span arguments = {copy.data + TATU_SMC_HEADER_SIZE,
                                  copy.len - TATU_SMC_HEADER_SIZE};
    TATU_TRY(find_call(tatu_get_le32(copy.data), &call));
    TATU_TRY(decode_arguments(call, arguments, &request));
    TATU_TRY(check_right(call, request.kind, tatu_get_le32(copy.data + 4)));
    *out_call = call;
    *out_request = request;
    return TATU_OK;
}

/* ---- serving ------------------------------------------------------------------------------- */

/* Copies the page once, decodes the copy, acts on it, and writes the answer back. */
static enum tatu_err serve_page(struct tatu_monitor *m, uint32_t page, uint32_t len,
                                uint32_t *out_len)
{
    const struct call *call = NULL;
    struct tatu_monitor_request request;
    struct tatu_buf answer = TATU_BUF_OF(m->answer);
    if (page % TATU_SMC_PAGE_SIZE != 0) {
        return TATU_ERR_ARGUMENT;
    }
    if (len < TATU_SMC_HEADER_SIZE) {
        return TATU_ERR_SHORT;
    }
    if (len > TATU_SMC_PAGE_SIZE) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(tatu_monitor_read_normal(m->chip, page, m->request, len));
    TATU_TRY(decode_call((struct tatu_span){m->request, len}, &call, &request));
    TATU_TRY(tatu_monitor_spend(&m->limits, call->limit, tatu_monitor_get_uptime_s(m->chip)));
    TATU_TRY(call->act(m, &request, &answer));
    TATU_TRY(tatu_monitor_write_normal(m->chip, page, answer.data, (uint32_t)answer.len));
    *out_len = (uint32_t)answer.len;
    return TATU_OK;
}

static uint32_t tell_feature(uint32_t function)
{
    switch (function) {
    case TATU_SMC_PSCI_VERSION:
    case TATU_SMC_PSCI_OFF:
    case TATU_SMC_PSCI_RESET:
    case TATU_SMC_PSCI_FEATURES:
        return 0;
    default: /* a number from outside, not an enum */
        return NOT_SUPPORTED;
    }
}

void tatu_monitor_handle_smc(struct tatu_monitor *monitor, struct tatu_monitor_registers *registers)
{
    uint32_t *r = registers->r;
    uint32_t len = 0;
    switch (r[0]) {
    case TATU_SMC_CALL:
        r[0] = serve_page(monitor, r[1], r[2], &len);
        r[1] = len;
        break;
    case TATU_SMC_PSCI_VERSION:
        r[0] = PSCI_VERSION_1_0;
        break;
    case TATU_SMC_PSCI_FEATURES:
        r[0] = tell_feature(r[1]);
        break;
    case TATU_SMC_PSCI_OFF:
        tatu_monitor_power_off(monitor->chip);
        break;
    case TATU_SMC_PSCI_RESET:
        tatu_monitor_reset_chip(monitor->chip);
        break;
    default: /* a number from outside, not an enum */
        r[0] = NOT_SUPPORTED;
    }
}
