#include "service/failures/failures.h"

#include <string.h>

#include "proto/image.h"
#include "proto/mailbox.h"
#include "proto/smc.h"
#include "service/crypto/crypto.h"

#define GROUP_SIZE 16u
#define TIME_SLACK_S 86400 /* a device's clock may be a day ahead; further is no time at all */

static const char *const kind_names[] = {
#define EVENT_NAME(name, text) [TATU_SERVICE_EVENT_##name] = (text),
    TATU_SERVICE_EVENTS(EVENT_NAME)
#undef EVENT_NAME
};

struct event_row {
    enum tatu_service_event kind;
    const uint8_t *component; /* NULL: none */
    const uint8_t *image;
    uint64_t code;
    const char *text;
    uint64_t at_s;
};

/* The device's own time where it can be true, else the time it came. */
static int64_t choose_time(const struct tatu_call *call, uint64_t at_s)
{
    bool possible = at_s > 0 && at_s <= (uint64_t)call->now_s + TIME_SLACK_S;
    return possible ? (int64_t)at_s : call->now_s;
}

static enum tatu_err insert_event(const struct tatu_call *call, const uint8_t device_id[64],
                                  const struct event_row *row)
{
    return TATU_RUN(
        call->store,
        "INSERT INTO event(device, catalog, kind, component, image, code, text, at_s, received_s)"
        " VALUES(?, (SELECT catalog FROM device WHERE id=?), ?,?,?,?,?,?,?)",
        TATU_AT(device_id, 64), TATU_AT(device_id, 64), TATU_TEXT(kind_names[row->kind]),
        TATU_AT(row->component, row->component == NULL ? 0 : 16),
        TATU_AT(row->image, row->image == NULL ? 0 : 16), TATU_INT(row->code), TATU_TEXT(row->text),
        TATU_INT(choose_time(call, row->at_s)), TATU_INT(call->now_s));
}

enum tatu_err tatu_failures_note(const struct tatu_call *call, const uint8_t device_id[64],
                                 enum tatu_service_event kind, uint32_t code, const char *text)
{
    const struct event_row row = {.kind = kind, .code = code, .text = text};
    return insert_event(call, device_id, &row);
}

static enum tatu_err put_boot(const struct tatu_call *call, const uint8_t device_id[64],
                              struct tatu_span payload)
{
    struct tatu_boot_failure failure;
    TATU_TRY(tatu_proto_decode_boot_failure(payload, &failure));
    const char *type = tatu_proto_image_type_name(failure.image_type);
    const struct event_row row = {
        .kind = TATU_SERVICE_EVENT_BOOT_IMAGE_REFUSED,
        .code = failure.err,
        .text = tatu_arena_format(call->arena, "set %c: %s refused, %s",
                                  failure.set == 0 ? 'A' : 'B', type == NULL ? "image" : type,
                                  tatu_err_name((enum tatu_err)failure.err)),
    };
    return insert_event(call, device_id, &row);
}

/* ---- what an event's code says ---- */

/* Floors as the device packs them: a byte each. */
static const char *tell_floors(const struct tatu_call *call, uint32_t code)
{
    return tatu_arena_format(call->arena,
                             "rollback floors rose: vault %u, monitor %u, OS %u, keystore %u",
                             code & 0xff, code >> 8 & 0xff, code >> 16 & 0xff, code >> 24);
}

static const char *tell_mode(const struct tatu_call *call, uint32_t mode)
{
    (void)call;
    switch (mode) {
    case TATU_BOOT_SAFE:
        return "safe mode: boot after boot did not come up; no application is started";
    case TATU_BOOT_RENEW:
        return "no ticket came in time; no application is started until one does";
    default:
        return "no application is started";
    }
}

static const char *tell_store(const struct tatu_call *call, uint32_t code)
{
    return tatu_arena_format(call->arena,
                             "what the device kept was not of this board as it left it (%s): its "
                             "settings and the files of its applications are gone",
                             tatu_err_name((enum tatu_err)code));
}

static const char *tell_users(const struct tatu_call *call, uint32_t code)
{
    return tatu_arena_format(call->arena,
                             "the map of users was changed (%s): the files of all applications are "
                             "gone",
                             tatu_err_name((enum tatu_err)code));
}

static const char *tell_memory(const struct tatu_call *call, uint32_t code)
{
    return tatu_arena_format(call->arena, "ended over its memory: all applications may have %u KiB",
                             code);
}

static const char *tell_refusal(const struct tatu_call *call, uint32_t code)
{
    return tatu_arena_format(call->arena, "not admitted: error %u (category %u, code %u)", code,
                             code >> 20, code & 0xfffff);
}

static const char *tell_unknown(const struct tatu_call *call, uint32_t code)
{
    return tatu_arena_format(call->arena, "an event that this service does not know, code %u",
                             code);
}

/* A device may be newer than its service: a kind that is not here is kept as unknown. */
static const struct event_kind {
    uint32_t from;
    enum tatu_service_event to;
    bool of_application;
    const char *text; /* NULL: told from the code */
    const char *(*tell)(const struct tatu_call *call, uint32_t code);
} event_kinds[] = {
    {0, TATU_SERVICE_EVENT_UNKNOWN_REPORT, false, NULL, tell_unknown},
    {TATU_EVENT_APP_EXIT, TATU_SERVICE_EVENT_APP_EXIT, true, "application ended", NULL},
    {TATU_EVENT_APP_SIGNAL, TATU_SERVICE_EVENT_APP_SIGNAL, true, "application ended by a signal",
     NULL},
    {TATU_EVENT_INSTALLED, TATU_SERVICE_EVENT_INSTALLED, true, "installed", NULL},
    {TATU_EVENT_INSTALL_FAILED, TATU_SERVICE_EVENT_INSTALL_FAILED, true, "install failed", NULL},
    {TATU_EVENT_NOT_LAUNCHING, TATU_SERVICE_EVENT_NOT_LAUNCHING, false, NULL, tell_mode},
    {TATU_EVENT_FLOORS_RAISED, TATU_SERVICE_EVENT_FLOORS_RAISED, false, NULL, tell_floors},
    {TATU_EVENT_BACKUP_REPAIRED, TATU_SERVICE_EVENT_BACKUP_REPAIRED, false,
     "the backup set was damaged and is whole again", NULL},
    {TATU_EVENT_STORE_ERASED, TATU_SERVICE_EVENT_STORE_ERASED, false, NULL, tell_store},
    {TATU_EVENT_USERS_REFUSED, TATU_SERVICE_EVENT_USERS_REFUSED, false, NULL, tell_users},
    {TATU_EVENT_APP_MEMORY, TATU_SERVICE_EVENT_APP_MEMORY, true, NULL, tell_memory},
    {TATU_EVENT_INSTALL_REFUSED, TATU_SERVICE_EVENT_INSTALL_REFUSED, true, NULL, tell_refusal},
};

static const struct event_kind *find_event_kind(uint32_t from)
{
    for (size_t i = 1; i < TATU_COUNT_OF(event_kinds); i++) {
        if (event_kinds[i].from == from) {
            return &event_kinds[i];
        }
    }
    return &event_kinds[0];
}

static enum tatu_err put_event(const struct tatu_call *call, const uint8_t device_id[64],
                               struct tatu_span payload)
{
    struct tatu_event event;
    TATU_TRY(tatu_proto_decode_event(payload, &event));
    const struct event_kind *kind = find_event_kind(event.kind);
    const struct event_row row = {
        .kind = kind->to,
        .component = kind->of_application ? event.component : NULL,
        .image = kind->of_application ? event.image : NULL,
        .code = kind == &event_kinds[0] ? event.kind : event.code,
        .text = kind->text != NULL ? kind->text : kind->tell(call, event.code),
        .at_s = event.unix_s,
    };
    return insert_event(call, device_id, &row);
}

/* Index of the module an address lies in; TATU_CRASH_MODULE_MAX for none. */
static size_t find_module(const struct tatu_crash *crash, uint32_t address)
{
    for (size_t i = 0; i < crash->module_count; i++) {
        if (address - crash->modules[i].base < crash->modules[i].size) {
            return i;
        }
    }
    return TATU_CRASH_MODULE_MAX;
}

static uint32_t module_offset(const struct tatu_crash *crash, size_t module, uint32_t address)
{
    return module == TATU_CRASH_MODULE_MAX ? 0 : address - crash->modules[module].base;
}

/* Names the bug: same component, same build of the module, same instruction, same caller. Load
 * addresses are not in it, so that it is the same on every device. */
static void make_group(const struct tatu_crash *crash, size_t module, uint8_t out[GROUP_SIZE])
{
    uint32_t pc = crash->threads[0].registers[15];
    uint32_t lr = crash->threads[0].registers[14] & ~1u;
    uint8_t places[8];
    uint8_t digest[32];
    tatu_put_le32(places, module_offset(crash, module, pc));
    tatu_put_le32(places + 4, module_offset(crash, find_module(crash, lr), lr));
    struct tatu_span parts[] = {TATU_SPAN_OF(crash->component), {NULL, 0}, TATU_SPAN_OF(places)};
    if (module < TATU_CRASH_MODULE_MAX) {
        parts[1] = (struct tatu_span){crash->modules[module].build_id,
                                      crash->modules[module].build_id_len};
    }
    tatu_crypto_sha256_parts(parts, TATU_COUNT_OF(parts), digest);
    memcpy(out, digest, GROUP_SIZE);
}

/* Whether the owner lets memory of this device's applications be kept. */
static enum tatu_err may_keep_stack(const struct tatu_call *call, const uint8_t device_id[64],
                                    bool *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store,
                        "SELECT g.dumps FROM device d JOIN device_group g ON g.id=d.device_group"
                        " WHERE d.id=?",
                        &rows, TATU_AT(device_id, 64)));
    enum tatu_err err = tatu_store_rows_next(rows);
    if (err != TATU_OK && err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    *out = err == TATU_OK && strcmp(tatu_store_rows_text(rows, 0, call->arena), "Enabled") == 0;
    return TATU_OK;
}

static enum tatu_err without_stack(const struct tatu_call *call, struct tatu_crash *crash,
                                   struct tatu_span *payload)
{
    for (size_t i = 0; i < crash->thread_count; i++) {
        crash->threads[i].stack = (struct tatu_span){NULL, 0};
    }
    struct tatu_buf buf = tatu_arena_buf(call->arena, TATU_RECORD_MAX);
    TATU_TRY(tatu_proto_encode_crash(crash, &buf));
    *payload = (struct tatu_span){buf.data, buf.len};
    return TATU_OK;
}

static enum tatu_err put_crash(const struct tatu_call *call, const uint8_t device_id[64],
                               struct tatu_span payload)
{
    struct tatu_crash *crash = TATU_ARENA_ONE(call->arena, struct tatu_crash);
    uint8_t group[GROUP_SIZE];
    bool keep_stack = false;
    TATU_TRY(tatu_proto_decode_crash(payload, crash));
    TATU_TRY(may_keep_stack(call, device_id, &keep_stack));
    size_t module = find_module(crash, crash->threads[0].registers[15]);
    make_group(crash, module, group);
    bool known = module < TATU_CRASH_MODULE_MAX;
    struct tatu_span build_id = {(const uint8_t *)"", 0};
    if (known) {
        build_id = (struct tatu_span){crash->modules[module].build_id,
                                      crash->modules[module].build_id_len};
    }
    if (!keep_stack) {
        TATU_TRY(without_stack(call, crash, &payload));
    }
    return TATU_RUN(
        call->store,
        "INSERT INTO crash(device, catalog, component, image, signal_number, signal_code, fault,"
        " module, build_id, crash_group, payload, at_s, received_s)"
        " VALUES(?, (SELECT catalog FROM device WHERE id=?), ?,?,?,?,?,?,?,?,?,?,?)",
        TATU_AT(device_id, 64), TATU_AT(device_id, 64), TATU_FIXED(crash->component),
        TATU_FIXED(crash->image), TATU_INT(crash->signal), TATU_INT(crash->signal_code),
        TATU_INT(crash->fault_address), TATU_TEXT(known ? crash->modules[module].name : ""),
        TATU_BYTES(build_id), TATU_FIXED(group), TATU_BYTES(payload),
        TATU_INT(choose_time(call, crash->unix_s)), TATU_INT(call->now_s));
}

static enum tatu_err put_decoded(const struct tatu_call *call, const uint8_t device_id[64],
                                 const struct tatu_report *report)
{
    switch (report->kind) {
    case TATU_RECORD_BOOT:
        return put_boot(call, device_id, report->payload);
    case TATU_RECORD_CRASH:
        return put_crash(call, device_id, report->payload);
    case TATU_RECORD_EVENT:
        return put_event(call, device_id, report->payload);
    default:
        return TATU_ERR_FORMAT;
    }
}

/* Whether the error says something about the payload, and not about us. */
static bool is_about_payload(enum tatu_err err)
{
    return err == TATU_ERR_FORMAT || err == TATU_ERR_SHORT || err == TATU_ERR_LONG ||
           err == TATU_ERR_ARGUMENT;
}

enum tatu_err tatu_failures_put(const struct tatu_call *call, const uint8_t device_id[64],
                                const struct tatu_report *report, bool *out_new)
{
    if (report->payload.len > TATU_RECORD_MAX) {
        return TATU_ERR_LONG;
    }
    int64_t inserted = 0;
    const struct tatu_arg args[] = {TATU_AT(device_id, 64), TATU_INT(report->boot_count),
                                    TATU_INT(report->record), TATU_INT(report->kind),
                                    TATU_INT(call->now_s)};
    TATU_TRY(tatu_store_run(call->store,
                            "INSERT INTO report(device, boot_count, record, kind, received_s)"
                            " VALUES(?,?,?,?,?)"
                            " ON CONFLICT(device, boot_count, record) DO NOTHING",
                            args, TATU_COUNT_OF(args), &inserted));
    if (inserted == 0) {
        *out_new = false;
        return TATU_OK;
    }
    enum tatu_err err = put_decoded(call, device_id, report);
    if (is_about_payload(err)) {
        err = tatu_failures_note(call, device_id, TATU_SERVICE_EVENT_UNKNOWN_REPORT, report->kind,
                                 tatu_err_text(err));
    }
    TATU_TRY(err);
    *out_new = true;
    return TATU_OK;
}
