/* tatu device log, tatu device telemetry: what a board's API gave as bytes, as text. */
#include "files.h"
#include "print.h"

#include "proto/device_log.h"
#include "proto/image.h"
#include "proto/report.h"
#include "proto/smc.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, TEXT_MAX = 4 * TATU_LOG_TEXT_MAX + 1 };

static enum tatu_err broken(struct tatu_cli *cli, const char *what, size_t at)
{
    return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                         "byte %zu is not part of a %s; fetch it again, as binary", at, what);
}

static const char *level_name(uint8_t level)
{
    static const char *const names[] = {"panic",   "alert",  "critical", "error",
                                        "warning", "notice", "info",     "debug"};
    return names[level & 7];
}

/* ---- log ---- */

static json_t *entry_of(struct tatu_span entry)
{
    const uint16_t len = tatu_get_le16(entry.data);
    char text[TATU_LOG_TEXT_MAX + 1], safe[TEXT_MAX];
    memcpy(text, entry.data + TATU_LOG_ENTRY_SIZE, len);
    text[len] = '\0';
    tatu_cli_escape(text, safe, sizeof(safe));
    return json_pack("{s:I, s:s, s:s, s:s}", "milliseconds",
                     (json_int_t)tatu_get_le32(entry.data + 4), "level", level_name(entry.data[2]),
                     "source", entry.data[3] == 0 ? "kernel" : "service", "text", safe);
}

static enum tatu_err read_bank(struct tatu_cli *cli, struct tatu_span bank, size_t at, json_t *out)
{
    const struct tatu_span used = {bank.data + TATU_LOG_HEADER_SIZE, tatu_get_le16(bank.data + 8)};
    const uint16_t count = tatu_get_le16(bank.data + 10);
    size_t done = 0;
    if (tatu_get_le32(bank.data) != TATU_LOG_MAGIC ||
        tatu_get_le16(bank.data + 4) != TATU_LOG_VERSION ||
        used.len > TATU_LOG_BANK_SIZE - TATU_LOG_HEADER_SIZE ||
        tatu_get_le32(bank.data + 12) != tatu_base_crc32(used)) {
        return broken(cli, "device log", at);
    }
    for (uint16_t i = 0; i < count; i++) {
        struct tatu_span head, entry;
        if (tatu_base_take_span(used, done, TATU_LOG_ENTRY_SIZE, &head) != TATU_OK ||
            tatu_get_le16(head.data) > TATU_LOG_TEXT_MAX ||
            tatu_base_take_span(used, done, TATU_LOG_ENTRY_SIZE + tatu_get_le16(head.data),
                                &entry) != TATU_OK) {
            return broken(cli, "device log", at + TATU_LOG_HEADER_SIZE + done);
        }
        (void)json_array_append_new(out, entry_of(entry));
        done += entry.len;
    }
    return done == used.len ? TATU_OK : broken(cli, "device log", at + TATU_LOG_HEADER_SIZE + done);
}

static enum tatu_err read_log(struct tatu_cli *cli, struct tatu_span bytes, json_t *out)
{
    for (size_t at = 0; at < bytes.len; at += TATU_LOG_BANK_SIZE) {
        struct tatu_span bank;
        if (tatu_base_take_span(bytes, at, TATU_LOG_BANK_SIZE, &bank) != TATU_OK) {
            return broken(cli, "device log", at);
        }
        TATU_TRY(read_bank(cli, bank, at, out));
    }
    return TATU_OK;
}

/* ---- telemetry ---- */

static void put_guid(json_t *object, const char *key, const uint8_t guid[16])
{
    char text[TATU_GUID_TEXT_SIZE];
    tatu_proto_format_guid(guid, text);
    (void)json_object_set_new(object, key, json_string(text));
}

static void put_event(json_t *out, struct tatu_span bytes)
{
    struct tatu_event event;
    if (tatu_proto_decode_event(bytes, &event) == TATU_OK) {
        (void)json_object_set_new(out, "event", json_integer(event.kind));
        put_guid(out, "component", event.component);
        put_guid(out, "image", event.image);
        (void)json_object_set_new(out, "code", json_integer(event.code));
        (void)json_object_set_new(out, "unixTime", json_integer((json_int_t)event.unix_s));
    }
}

static void put_crash(json_t *out, struct tatu_span bytes)
{
    struct tatu_crash crash;
    if (tatu_proto_decode_crash(bytes, &crash) == TATU_OK) {
        put_guid(out, "component", crash.component);
        put_guid(out, "image", crash.image);
        (void)json_object_set_new(out, "signal", json_integer(crash.signal));
        (void)json_object_set_new(out, "faultAddress", json_integer(crash.fault_address));
        (void)json_object_set_new(out, "threads", json_integer((json_int_t)crash.thread_count));
        (void)json_object_set_new(out, "unixTime", json_integer((json_int_t)crash.unix_s));
    }
}

static void put_boot(json_t *out, struct tatu_span bytes)
{
    struct tatu_boot_failure failure;
    if (tatu_proto_decode_boot_failure(bytes, &failure) == TATU_OK) {
        (void)json_object_set_new(out, "set", json_string(failure.set == 0 ? "A" : "B"));
        (void)json_object_set_new(out, "imageType", json_integer(failure.image_type));
        (void)json_object_set_new(out, "error",
                                  json_string(tatu_err_name((enum tatu_err)failure.err)));
    }
}

/* A kind this command does not know, or what does not decode, is told by its number alone. */
static json_t *record_of(struct tatu_span head, struct tatu_span bytes)
{
    static const struct {
        uint16_t kind;
        const char *name;
        void (*put)(json_t *out, struct tatu_span bytes);
    } kinds[] = {
        {TATU_RECORD_BOOT, "boot", put_boot},
        {TATU_RECORD_CRASH, "crash", put_crash},
        {TATU_RECORD_EVENT, "event", put_event},
    };
    const uint16_t kind = tatu_get_le16(head.data + 4);
    json_t *out = json_pack("{s:I, s:i, s:I}", "id", (json_int_t)tatu_get_le32(head.data), "kind",
                            kind, "bytes", (json_int_t)bytes.len);
    for (size_t i = 0; i < TATU_COUNT_OF(kinds); i++) {
        if (kinds[i].kind == kind) {
            (void)json_object_set_new(out, "name", json_string(kinds[i].name));
            kinds[i].put(out, bytes);
        }
    }
    return out;
}

static enum tatu_err read_telemetry(struct tatu_cli *cli, struct tatu_span bytes, json_t *out)
{
    const uint8_t *p = bytes.data;
    if (bytes.len < TATU_TELEMETRY_HEADER_SIZE || memcmp(p, "TR", 2) != 0 ||
        p[2] != TATU_TELEMETRY_VERSION ||
        bytes.len != TATU_TELEMETRY_HEADER_SIZE + (size_t)(p[3] << 8 | p[4])) {
        return broken(cli, "telemetry file", 0);
    }
    for (size_t at = TATU_TELEMETRY_HEADER_SIZE; at < bytes.len;) {
        struct tatu_span head, record;
        if (tatu_base_take_span(bytes, at, TATU_TELEMETRY_RECORD_SIZE, &head) != TATU_OK ||
            tatu_base_take_span(bytes, at + head.len, tatu_get_le16(head.data + 6), &record) !=
                TATU_OK) {
            return broken(cli, "telemetry file", at);
        }
        (void)json_array_append_new(out, record_of(head, record));
        at += head.len + record.len;
    }
    return TATU_OK;
}

/* ---- the commands ---- */

static enum tatu_err decode(struct tatu_cli *cli, const char *word,
                            enum tatu_err (*read)(struct tatu_cli *, struct tatu_span, json_t *))
{
    struct tatu_cli_bytes file = {.data = NULL};
    if (strcmp(cli->arguments[0], "decode") != 0) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "'%s' is nothing to do with a %s; it is 'tatu device %s decode FILE'",
                             cli->arguments[0], word, word);
    }
    TATU_TRY(tatu_cli_read_file(cli, cli->arguments[1], FILE_MAX, &file));
    json_t *list = json_array();
    const enum tatu_err err = read(cli, (struct tatu_span){file.data, file.len}, list);
    tatu_cli_free_bytes(&file);
    if (err != TATU_OK) {
        json_decref(list);
        return err;
    }
    return tatu_cli_give(cli, list);
}

static enum tatu_err decode_log(struct tatu_cli *cli)
{
    size_t index;
    json_t *entry;
    TATU_TRY(decode(cli, "log", read_log));
    if (cli->json) {
        return TATU_OK;
    }
    json_array_foreach(cli->result, index, entry)
    {
        const json_int_t ms = json_integer_value(json_object_get(entry, "milliseconds"));
        (void)fprintf(cli->out, "%6lld.%03lld %-8s %-7s %s\n", (long long)(ms / 1000),
                      (long long)(ms % 1000), json_string_value(json_object_get(entry, "level")),
                      json_string_value(json_object_get(entry, "source")),
                      json_string_value(json_object_get(entry, "text")));
    }
    json_decref(cli->result);
    cli->result = NULL;
    return TATU_OK;
}

static enum tatu_err decode_telemetry(struct tatu_cli *cli)
{
    return decode(cli, "telemetry", read_telemetry);
}

static const struct tatu_cli_command commands[] = {
    {.words = "device log",
     .arguments = "decode FILE",
     .argument_min = 2,
     .argument_max = 2,
     .run = decode_log,
     .summary = "Show a device log that a board's API gave (GET /log)"},
    {.words = "device telemetry",
     .arguments = "decode FILE",
     .argument_min = 2,
     .argument_max = 2,
     .columns = "id,name,event,code,signal,component,error,unixTime",
     .run = decode_telemetry,
     .summary = "Show the records that a board's API gave (GET /telemetry)"},
};

CLI_CHAPTER(tatu_cli_device_log, commands);
