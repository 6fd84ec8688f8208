#include <stddef.h>

#include "chip.h"
#include "mem.h"
#include "stage.h"
#include "state.h"

/* PSCI 1.0 and SMC calling convention. */
#define PSCI_VERSION_1_0 0x00010000u
#define NOT_SUPPORTED 0xffffffffu
#define ID_SIZE 16u
#define WATCHDOG_MS_MAX 60000u

/* How a request's arguments lie in the page, after the call number. */
enum layout {
    LAYOUT_NONE,
    LAYOUT_WORDS,      /* u32 each, as many as the length has */
    LAYOUT_KIND,       /* u16 kind, u16 0, bytes */
    LAYOUT_KIND_WORD,  /* u16 kind, u16 0, u32 */
    LAYOUT_WORDS_DATA, /* u32, u32, bytes */
    LAYOUT_IDS,        /* u8 count, 3 x 0, count x id */
};

/* A decoded request; spans go into the private copy. */
struct request {
    uint32_t words[2];
    uint16_t kind;
    struct tatu_span bytes;
};

struct call {
    uint32_t number;
    enum layout layout;
    uint16_t min_len; /* of the arguments */
    uint16_t max_len;
    enum tatu_err (*act)(struct tatu_monitor *m, const struct request *request,
                         struct tatu_buf *answer);
};

/* ---- acting: each takes the decoded request only, and appends its answer ------------------- */

static enum tatu_err put_word(struct tatu_buf *answer, uint32_t value)
{
    uint8_t bytes[4];
    tatu_put_le32(bytes, value);
    return tatu_base_put_bytes(answer, TATU_SPAN_OF(bytes));
}

static enum tatu_err put_half(struct tatu_buf *answer, uint16_t value)
{
    uint8_t bytes[2];
    tatu_put_le16(bytes, value);
    return tatu_base_put_bytes(answer, TATU_SPAN_OF(bytes));
}

static enum tatu_err act_get_boot(struct tatu_monitor *m, const struct request *request,
                                  struct tatu_buf *answer)
{
    (void)request;
    const uint8_t head[4] = {m->boot.set, m->boot.fallback, 0, 0};
    TATU_TRY(tatu_base_put_bytes(answer, TATU_SPAN_OF(head)));
    TATU_TRY(put_word(answer, m->boot.reset_reason));
    TATU_TRY(put_word(answer, m->boot.monitor_version));
    return put_word(answer, m->boot.os_version);
}

static enum tatu_err act_vault(struct tatu_monitor *m, const struct request *request,
                               struct tatu_buf *answer)
{
    /* The vault has a table of its own for this caller; here stands what may reach it at all. */
    if (request->kind >= TATU_VAULT_VERIFY_IMAGE && request->kind <= TATU_VAULT_GET_BOOT) {
        return TATU_ERR_DENIED;
    }
    if (request->kind < TATU_VAULT_GET_INFO || request->kind > TATU_VAULT_RANDOM) {
        return TATU_ERR_UNKNOWN_COMMAND;
    }
    return tatu_monitor_ask_vault(&m->vault, TATU_VAULT_CALLER_NORMAL, request->kind,
                                  request->bytes, answer);
}

static enum tatu_err act_record_append(struct tatu_monitor *m, const struct request *request,
                                       struct tatu_buf *answer)
{
    uint32_t id = 0;
    /* Boot records are the monitor's own word; the normal world cannot forge one. */
    if (request->kind != TATU_RECORD_CRASH && request->kind != TATU_RECORD_EVENT) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(tatu_monitor_append_record(&m->records, request->kind, request->bytes, &id));
    return put_word(answer, id);
}

static enum tatu_err act_record_read(struct tatu_monitor *m, const struct request *request,
                                     struct tatu_buf *answer)
{
    struct tatu_monitor_record record;
    TATU_TRY(tatu_monitor_find_record(&m->records, request->words[0], &record));
    TATU_TRY(put_word(answer, record.id));
    TATU_TRY(put_half(answer, record.kind));
    TATU_TRY(put_half(answer, (uint16_t)record.bytes.len));
    return tatu_base_put_bytes(answer, record.bytes);
}

static enum tatu_err act_record_ack(struct tatu_monitor *m, const struct request *request,
                                    struct tatu_buf *answer)
{
    (void)answer;
    return tatu_monitor_take_records(&m->records, request->words[0]);
}

static enum tatu_err act_stage_begin(struct tatu_monitor *m, const struct request *request,
                                     struct tatu_buf *answer)
{
    uint32_t handle = 0;
    TATU_TRY(tatu_monitor_begin_stage(&m->apps, request->kind, request->words[0], &handle));
    return put_word(answer, handle);
}

static enum tatu_err act_stage_write(struct tatu_monitor *m, const struct request *request,
                                     struct tatu_buf *answer)
{
    (void)answer;
    return tatu_monitor_write_stage(&m->apps, request->words[0], request->words[1], request->bytes);
}

static enum tatu_err act_stage_finish(struct tatu_monitor *m, const struct request *request,
                                      struct tatu_buf *answer)
{
    struct tatu_verified_image image;
    TATU_TRY(tatu_monitor_finish_stage(&m->apps, request->words[0], &image));
    return tatu_proto_encode_verified(&image, answer);
}

static enum tatu_err act_stage_abort(struct tatu_monitor *m, const struct request *request,
                                     struct tatu_buf *answer)
{
    (void)answer;
    return tatu_monitor_abort_stage(&m->apps, request->words[0]);
}

static enum tatu_err act_commit_apps(struct tatu_monitor *m, const struct request *request,
                                     struct tatu_buf *answer)
{
    (void)answer;
    return tatu_monitor_commit_apps(&m->apps, request->bytes.data,
                                    (uint32_t)request->bytes.len / ID_SIZE);
}

static enum tatu_err put_app(const struct tatu_monitor_app *app, struct tatu_buf *answer)
{
    TATU_TRY(tatu_base_put_bytes(answer, TATU_SPAN_OF(app->image.component)));
    TATU_TRY(tatu_base_put_bytes(answer, TATU_SPAN_OF(app->image.image)));
    TATU_TRY(tatu_base_put_bytes(answer, TATU_SPAN_OF(app->image.verity_root)));
    TATU_TRY(tatu_base_put_bytes(answer, TATU_SPAN_OF(app->image.name)));
    TATU_TRY(put_word(answer, app->place.offset));
    TATU_TRY(put_word(answer, app->image.body_len));
    return put_word(answer, app->image.verity_data_len);
}

static enum tatu_err act_list_apps(struct tatu_monitor *m, const struct request *request,
                                   struct tatu_buf *answer)
{
    (void)request;
    TATU_TRY(put_word(answer, m->apps.installed_count));
    for (uint32_t i = 0; i < m->apps.installed_count; i++) {
        TATU_TRY(put_app(&m->apps.installed[i], answer));
    }
    return TATU_OK;
}

/* Appends len bytes of flash. */
static enum tatu_err put_flash(struct tatu_monitor *m, uint32_t at, uint32_t len,
                               struct tatu_buf *answer)
{
    if (len > answer->cap - answer->len) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(tatu_monitor_read_flash(m->chip, at, answer->data + answer->len, len));
    answer->len += len;
    return TATU_OK;
}

static enum tatu_err act_read_factory(struct tatu_monitor *m, const struct request *request,
                                      struct tatu_buf *answer)
{
    (void)request;
    uint8_t len_bytes[4];
    TATU_TRY(tatu_monitor_read_flash(m->chip, TATU_FLASH_FACTORY_AT, len_bytes, sizeof(len_bytes)));
    uint32_t len = tatu_get_le32(len_bytes);
    if (len == 0xffffffffu) {
        return TATU_ERR_NOT_FOUND;
    }
    return put_flash(m, TATU_FLASH_FACTORY_AT + 4, len, answer);
}

static enum tatu_err act_keystore(struct tatu_monitor *m, const struct request *request,
                                  struct tatu_buf *answer)
{
    (void)request;
    if (m->keystore_len == 0) {
        return TATU_ERR_NOT_FOUND;
    }
    return tatu_base_put_bytes(answer, (struct tatu_span){m->keystore, m->keystore_len});
}

static enum tatu_err act_watchdog(struct tatu_monitor *m, const struct request *request,
                                  struct tatu_buf *answer)
{
    (void)answer;
    if (request->words[0] > WATCHDOG_MS_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    tatu_monitor_set_watchdog(m->chip, request->words[0]);
    return TATU_OK;
}

/* ---- the one table of calls ----------------------------------------------------------------- */

#define REST(used) (TATU_SMC_ARGUMENT_MAX - (used))

static const struct call calls[] = {
    {TATU_SMC_GET_BOOT, LAYOUT_NONE, 0, 0, act_get_boot},
    {TATU_SMC_VAULT, LAYOUT_KIND, 4, TATU_SMC_ARGUMENT_MAX, act_vault},
    {TATU_SMC_RECORD_APPEND, LAYOUT_KIND, 4, 4 + TATU_RECORD_MAX, act_record_append},
    {TATU_SMC_RECORD_READ, LAYOUT_WORDS, 4, 4, act_record_read},
    {TATU_SMC_RECORD_ACK, LAYOUT_WORDS, 4, 4, act_record_ack},
    {TATU_SMC_STAGE_BEGIN, LAYOUT_KIND_WORD, 8, 8, act_stage_begin},
    {TATU_SMC_STAGE_WRITE, LAYOUT_WORDS_DATA, 9, TATU_SMC_ARGUMENT_MAX, act_stage_write},
    {TATU_SMC_STAGE_FINISH, LAYOUT_WORDS, 4, 4, act_stage_finish},
    {TATU_SMC_STAGE_ABORT, LAYOUT_WORDS, 4, 4, act_stage_abort},
    {TATU_SMC_COMMIT_APPS, LAYOUT_IDS, 4, 4 + TATU_SMC_APPS_MAX *ID_SIZE, act_commit_apps},
    {TATU_SMC_LIST_APPS, LAYOUT_NONE, 0, 0, act_list_apps},
    {TATU_SMC_READ_FACTORY, LAYOUT_NONE, 0, 0, act_read_factory},
    {TATU_SMC_KEYSTORE, LAYOUT_NONE, 0, 0, act_keystore},
    {TATU_SMC_WATCHDOG, LAYOUT_WORDS, 4, 4, act_watchdog},
};
_Static_assert(4 + TATU_SMC_APPS_MAX * TATU_SMC_APP_SIZE <= TATU_SMC_PAGE_SIZE,
               "the list of applications fits the page");
_Static_assert(TATU_SMC_APPS_MAX == TATU_TABLE_APP_MAX, "one limit, two headers");

/* ---- decoding: changes nothing ----------------------------------------------------------------
 */

static enum tatu_err decode_ids(struct tatu_span in, struct request *out)
{
    size_t count = in.data[0];
    if ((in.data[1] | in.data[2] | in.data[3]) != 0) {
        return TATU_ERR_FORMAT;
    }
    if (count > TATU_SMC_APPS_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    if (in.len != 4 + count * ID_SIZE) {
        return in.len < 4 + count * ID_SIZE ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    return tatu_base_take_span(in, 4, count * ID_SIZE, &out->bytes);
}

/* The row's length limits hold already. */
static enum tatu_err decode_layout(enum layout layout, struct tatu_span in, struct request *out)
{
    switch (layout) {
    case LAYOUT_NONE:
        return TATU_OK;
    case LAYOUT_WORDS:
        out->words[0] = tatu_get_le32(in.data);
        return TATU_OK;
    case LAYOUT_KIND:
    case LAYOUT_KIND_WORD:
        out->kind = tatu_get_le16(in.data);
        if (tatu_get_le16(in.data + 2) != 0) {
            return TATU_ERR_FORMAT;
        }
        if (layout == LAYOUT_KIND_WORD) {
            out->words[0] = tatu_get_le32(in.data + 4);
            return TATU_OK;
        }
        return tatu_base_take_span(in, 4, in.len - 4, &out->bytes);
    case LAYOUT_WORDS_DATA:
        out->words[0] = tatu_get_le32(in.data);
        out->words[1] = tatu_get_le32(in.data + 4);
        return tatu_base_take_span(in, 8, in.len - 8, &out->bytes);
    case LAYOUT_IDS:
        return decode_ids(in, out);
    }
    return TATU_ERR_FORMAT;
}

static enum tatu_err find_call(uint32_t number, const struct call **out)
{
    for (size_t i = 0; i < TATU_COUNT_OF(calls); i++) {
        if (calls[i].number == number) {
            *out = &calls[i];
            return TATU_OK;
        }
    }
    return TATU_ERR_UNKNOWN_COMMAND;
}

static enum tatu_err decode_call(struct tatu_span copy, const struct call **out_call,
                                 struct request *out_request)
{
    const struct call *call = NULL;
    struct request request = {0};
    struct tatu_span arguments = {copy.data + 4, copy.len - 4};
    TATU_TRY(find_call(tatu_get_le32(copy.data), &call));
    if (arguments.len < call->min_len) {
        return TATU_ERR_SHORT;
    }
    if (arguments.len > call->max_len) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(decode_layout(call->layout, arguments, &request));
    *out_call = call;
    *out_request = request;
    return TATU_OK;
}

/* Copies the page once, decodes the copy, acts on it, and writes the answer back. */
static enum tatu_err serve_page(struct tatu_monitor *m, uint32_t page, uint32_t len,
                                uint32_t *out_len)
{
    const struct call *call = NULL;
    struct request request;
    struct tatu_buf answer = TATU_BUF_OF(m->answer);
    if (page % TATU_SMC_PAGE_SIZE != 0) {
        return TATU_ERR_ARGUMENT;
    }
    if (len < 4) {
        return TATU_ERR_SHORT;
    }
    if (len > TATU_SMC_PAGE_SIZE) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(tatu_monitor_read_normal(m->chip, page, m->request, len));
    TATU_TRY(decode_call((struct tatu_span){m->request, len}, &call, &request));
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
