/* The device log and the failure records, as binary answers: docs/protocol/log.md. */
#include <stdlib.h>

#include "banks.h"
#include "proto/device_log.h"
#include "route.h"

#define LOG_MAX 32768u /* bytes of the kernel's log, the newest */
#define LOG_PIECES_MAX                                                                             \
    16 /* of what an application said: a ring of 8 KiB that may go on meanwhile */
#define ASK_MS 5000u

void tatu_api_get_log(const struct tatu_gateway *gateway, const struct tatu_call *call,
                      struct tatu_reply *reply)
{
    uint8_t *room = malloc(LOG_MAX);
    struct tatu_buf text = {room, 0, LOG_MAX};
    const enum tatu_err err =
        room == NULL ? TATU_ERR_MEMORY : gateway->read_log(gateway->context, &text);
    if (err == TATU_OK) {
        reply->binary = true;
        tatu_banks_put((struct tatu_span){text.data, text.len}, reply);
    } else {
        tatu_route_refuse_asked(call, 0, err, reply);
    }
    free(room);
}

/* What an application said lately, as it said it. appman keeps a few KiB and answers a piece of it
 * at a time. */
void tatu_api_get_app_log(const struct tatu_gateway *gateway, const struct tatu_call *call,
                          struct tatu_reply *reply)
{
    uint8_t component[16], room[TATU_ANSWER_PAYLOAD_MAX];
    uint32_t position = 0;
    if (!tatu_route_get_component(call, component, reply)) {
        return;
    }
    reply->binary = true;
    for (size_t pieces = 0; pieces < LOG_PIECES_MAX; pieces++) {
        const struct tatu_ask request = {
            .op = TATU_APPMAN_APP_LOG, .a = position, .payload = TATU_SPAN_OF(component)};
        struct tatu_buf answer = TATU_BUF_OF(room);
        uint32_t number = 0;
        enum tatu_err err =
            gateway->ask(gateway->context, TATU_APPMAN_SOCKET, &request, ASK_MS, &number, &answer);
        if (err == TATU_OK && answer.len < sizeof(uint32_t)) {
            err = TATU_ERR_FORMAT;
        }
        if (err != TATU_OK) {
            reply->binary = false;
            tatu_route_refuse_asked(call, number, err, reply);
            return;
        }
        if (answer.len == sizeof(uint32_t)) {
            return; /* nothing more */
        }
        position = tatu_get_le32(room);
        tatu_reply_put(reply, room + sizeof(uint32_t), answer.len - sizeof(uint32_t));
    }
}

static void put_record(const struct tatu_os_record *record, struct tatu_reply *reply)
{
    uint8_t head[TATU_TELEMETRY_RECORD_SIZE];
    tatu_put_le32(head, record->id);
    tatu_put_le16(head + 4, record->kind);
    tatu_put_le16(head + 6, record->len);
    tatu_reply_put(reply, head, sizeof(head));
    tatu_reply_put(reply, record->bytes, record->len);
}

/* The oldest first; what does not fit is there the next time. */
static enum tatu_err put_records(const struct tatu_gateway *gateway, struct tatu_reply *reply)
{
    struct tatu_os_record record = {.id = 0};
    for (;;) {
        const enum tatu_err err = tatu_os_read_record(gateway->monitor, record.id, &record);
        if (err != TATU_OK) {
            return err == TATU_ERR_NOT_FOUND ? TATU_OK : err;
        }
        const size_t len = reply->len - TATU_TELEMETRY_HEADER_SIZE;
        if (len + TATU_TELEMETRY_RECORD_SIZE + record.len > TATU_TELEMETRY_MAX) {
            return TATU_OK;
        }
        put_record(&record, reply);
    }
}

void tatu_api_get_telemetry(const struct tatu_gateway *gateway, const struct tatu_call *call,
                            struct tatu_reply *reply)
{
    static const uint8_t head[TATU_TELEMETRY_HEADER_SIZE] = {'T', 'R', TATU_TELEMETRY_VERSION};
    tatu_reply_put(reply, head, sizeof(head));
    const enum tatu_err err = put_records(gateway, reply);
    if (err != TATU_OK) {
        tatu_route_refuse_asked(call, 0, err, reply);
        return;
    }
    if (reply->failed) {
        return;
    }
    const size_t len = reply->len - sizeof(head);
    reply->binary = true;
    reply->data[3] = (char)(len >> 8);
    reply->data[4] = (char)(len & 0xff);
}

/* Errors: NOT_FOUND there is none. */
static enum tatu_err find_last(const struct tatu_gateway *gateway, uint32_t *out_id)
{
    struct tatu_os_record record = {.id = 0};
    enum tatu_err err;
    do {
        *out_id = record.id;
        err = tatu_os_read_record(gateway->monitor, record.id, &record);
    } while (err == TATU_OK);
    return err == TATU_ERR_NOT_FOUND && *out_id != 0 ? TATU_OK : err;
}

void tatu_api_delete_telemetry(const struct tatu_gateway *gateway, const struct tatu_call *call,
                               struct tatu_reply *reply)
{
    uint32_t id;
    enum tatu_err err = find_last(gateway, &id);
    if (err == TATU_OK) {
        err = tatu_os_ack_record(gateway->monitor, id);
    }
    if (err == TATU_OK || err == TATU_ERR_NOT_FOUND) {
        tatu_reply_put_text(reply, "{}");
    } else {
        tatu_route_refuse_asked(call, 0, err, reply);
    }
}
