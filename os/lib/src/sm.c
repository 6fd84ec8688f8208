#include "os/lib/sm.h"

#include "wire.h"

#include <string.h>

/* For answers whose longest form is known: one that does not fit it is no answer of this protocol.
 */
static enum tatu_err send_bounded(const struct tatu_os_monitor *monitor, uint32_t number,
                                  const struct tatu_os_request *request, struct tatu_buf *out)
{
    enum tatu_err err = tatu_os_send(monitor, number, request, out);

    return err == TATU_ERR_FULL ? TATU_ERR_FORMAT : err;
}

/* A call with nothing to say and no answer. */
static enum tatu_err tell(const struct tatu_os_monitor *monitor, uint32_t number)
{
    struct tatu_os_request request;

    tatu_os_start_request(&request);
    return tatu_os_send_fixed(monitor, number, &request, NULL, 0);
}

/* A call with nothing to say but one number, and no answer. */
static enum tatu_err tell_u32(const struct tatu_os_monitor *monitor, uint32_t number,
                              uint32_t value)
{
    struct tatu_os_request request;

    tatu_os_start_request(&request);
    tatu_os_put_u32(&request, value);
    return tatu_os_send_fixed(monitor, number, &request, NULL, 0);
}

enum tatu_err tatu_os_get_boot(const struct tatu_os_monitor *monitor, struct tatu_smc_boot *out)
{
    struct tatu_os_request request;
    uint8_t raw[TATU_SMC_BOOT_SIZE];

    tatu_os_start_request(&request);
    TATU_TRY(tatu_os_send_fixed(monitor, TATU_SMC_GET_BOOT, &request, raw, sizeof(raw)));
    *out = (struct tatu_smc_boot){
        .set = raw[0],
        .fallback = raw[1],
        .mode = raw[2],
        .backup = raw[3],
        .reset_reason = tatu_get_le32(raw + 4),
        .monitor_version = tatu_get_le32(raw + 8),
        .os_version = tatu_get_le32(raw + 12),
    };
    return TATU_OK;
}

enum tatu_err tatu_os_ask_vault(const struct tatu_os_monitor *monitor, uint16_t command,
                                struct tatu_span payload, struct tatu_buf *out)
{
    struct tatu_os_request request;
    enum tatu_err err;

    tatu_os_start_request(&request);
    tatu_os_put_u16(&request, command);
    tatu_os_put_u16(&request, 0);
    tatu_os_put_span(&request, payload);
    err = tatu_os_send(monitor, TATU_SMC_VAULT, &request, out);
    return err;
}

enum tatu_err tatu_os_append_record(const struct tatu_os_monitor *monitor, uint16_t kind,
                                    struct tatu_span bytes, uint32_t *out_id)
{
    struct tatu_os_request request;
    uint8_t raw[4];

    if (bytes.len > TATU_RECORD_MAX) {
        return TATU_ERR_LONG;
    }
    tatu_os_start_request(&request);
    tatu_os_put_u16(&request, kind);
    tatu_os_put_u16(&request, 0);
    tatu_os_put_span(&request, bytes);
    TATU_TRY(tatu_os_send_fixed(monitor, TATU_SMC_RECORD_APPEND, &request, raw, sizeof(raw)));
    *out_id = tatu_get_le32(raw);
    return TATU_OK;
}

#define RECORD_HEAD 8u

enum tatu_err tatu_os_read_record(const struct tatu_os_monitor *monitor, uint32_t after,
                                  struct tatu_os_record *out)
{
    struct tatu_os_request request;
    uint8_t raw[RECORD_HEAD + TATU_RECORD_MAX];
    struct tatu_buf answer = TATU_BUF_OF(raw);
    uint16_t len;

    tatu_os_start_request(&request);
    tatu_os_put_u32(&request, after);
    TATU_TRY(send_bounded(monitor, TATU_SMC_RECORD_READ, &request, &answer));
    if (answer.len < RECORD_HEAD) {
        return TATU_ERR_FORMAT;
    }
    len = tatu_get_le16(raw + 6);
    if (len != answer.len - RECORD_HEAD || tatu_get_le32(raw) <= after) {
        return TATU_ERR_FORMAT;
    }
    out->id = tatu_get_le32(raw);
    out->kind = tatu_get_le16(raw + 4);
    out->len = len;
    memcpy(out->bytes, raw + RECORD_HEAD, len);
    return TATU_OK;
}

enum tatu_err tatu_os_ack_record(const struct tatu_os_monitor *monitor, uint32_t id)
{
    return tell_u32(monitor, TATU_SMC_RECORD_ACK, id);
}

enum tatu_err tatu_os_begin_stage(const struct tatu_os_monitor *monitor, uint16_t image_type,
                                  uint32_t package_len, uint32_t *out_handle)
{
    struct tatu_os_request request;
    uint8_t raw[4];

    tatu_os_start_request(&request);
    tatu_os_put_u16(&request, image_type);
    tatu_os_put_u16(&request, 0);
    tatu_os_put_u32(&request, package_len);
    TATU_TRY(tatu_os_send_fixed(monitor, TATU_SMC_STAGE_BEGIN, &request, raw, sizeof(raw)));
    *out_handle = tatu_get_le32(raw);
    return TATU_OK;
}

enum tatu_err tatu_os_write_stage(const struct tatu_os_monitor *monitor, uint32_t handle,
                                  uint32_t offset, struct tatu_span bytes)
{
    struct tatu_os_request request;

    if (bytes.len > TATU_OS_STAGE_CHUNK) {
        return TATU_ERR_LONG;
    }
    tatu_os_start_request(&request);
    tatu_os_put_u32(&request, handle);
    tatu_os_put_u32(&request, offset);
    tatu_os_put_span(&request, bytes);
    return tatu_os_send_fixed(monitor, TATU_SMC_STAGE_WRITE, &request, NULL, 0);
}

enum tatu_err tatu_os_finish_stage(const struct tatu_os_monitor *monitor, uint32_t handle,
                                   struct tatu_verified_image *out)
{
    struct tatu_os_request request;
    uint8_t raw[TATU_VERIFIED_IMAGE_SIZE];

    tatu_os_start_request(&request);
    tatu_os_put_u32(&request, handle);
    TATU_TRY(tatu_os_send_fixed(monitor, TATU_SMC_STAGE_FINISH, &request, raw, sizeof(raw)));
    return tatu_proto_decode_verified(TATU_SPAN_OF(raw), out);
}

enum tatu_err tatu_os_abort_stage(const struct tatu_os_monitor *monitor, uint32_t handle)
{
    return tell_u32(monitor, TATU_SMC_STAGE_ABORT, handle);
}

enum tatu_err tatu_os_copy_stage(const struct tatu_os_monitor *monitor, uint16_t image_type,
                                 uint32_t *out_handle)
{
    struct tatu_os_request request;
    uint8_t raw[4];

    tatu_os_start_request(&request);
    tatu_os_put_u16(&request, image_type);
    tatu_os_put_u16(&request, 0);
    TATU_TRY(tatu_os_send_fixed(monitor, TATU_SMC_STAGE_COPY, &request, raw, sizeof(raw)));
    *out_handle = tatu_get_le32(raw);
    return TATU_OK;
}

enum tatu_err tatu_os_install_set(const struct tatu_os_monitor *monitor)
{
    return tell(monitor, TATU_SMC_INSTALL_SET);
}

enum tatu_err tatu_os_repair_set(const struct tatu_os_monitor *monitor, uint32_t *out_left)
{
    struct tatu_os_request request;
    uint8_t raw[4];

    tatu_os_start_request(&request);
    TATU_TRY(tatu_os_send_fixed(monitor, TATU_SMC_REPAIR, &request, raw, sizeof(raw)));
    if (tatu_get_le32(raw) > UINT8_MAX) {
        return TATU_ERR_FORMAT;
    }
    *out_left = raw[0];
    return TATU_OK;
}

enum tatu_err tatu_os_tell_healthy(const struct tatu_os_monitor *monitor)
{
    return tell(monitor, TATU_SMC_HEALTHY);
}

enum tatu_err tatu_os_commit_apps(const struct tatu_os_monitor *monitor, const uint8_t images[][16],
                                  size_t count)
{
    struct tatu_os_request request;

    if (count > TATU_SMC_APPS_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    tatu_os_start_request(&request);
    tatu_os_put_u32(&request, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        tatu_os_put_span(&request, (struct tatu_span){images[i], 16});
    }
    return tatu_os_send_fixed(monitor, TATU_SMC_COMMIT_APPS, &request, NULL, 0);
}

static void decode_app(const uint8_t *raw, struct tatu_smc_app *out)
{
    memcpy(out->component, raw, 16);
    memcpy(out->image, raw + 16, 16);
    memcpy(out->verity_root, raw + 32, 32);
    memcpy(out->name, raw + 64, 32);
    out->offset = tatu_get_le32(raw + 96);
    out->body_len = tatu_get_le32(raw + 100);
    out->verity_data_len = tatu_get_le32(raw + 104);
}

enum tatu_err tatu_os_list_apps(const struct tatu_os_monitor *monitor,
                                struct tatu_smc_app out[TATU_SMC_APPS_MAX], size_t *out_count)
{
    struct tatu_os_request request;
    uint8_t raw[4 + TATU_SMC_APPS_MAX * TATU_SMC_APP_SIZE];
    struct tatu_buf answer = TATU_BUF_OF(raw);
    size_t count;

    tatu_os_start_request(&request);
    TATU_TRY(send_bounded(monitor, TATU_SMC_LIST_APPS, &request, &answer));
    if (answer.len < 4) {
        return TATU_ERR_FORMAT;
    }
    count = tatu_get_le32(raw);
    if (count > TATU_SMC_APPS_MAX || answer.len != 4 + count * TATU_SMC_APP_SIZE) {
        return TATU_ERR_FORMAT;
    }
    for (size_t i = 0; i < count; i++) {
        decode_app(raw + 4 + i * TATU_SMC_APP_SIZE, &out[i]);
    }
    *out_count = count;
    return TATU_OK;
}

enum tatu_err tatu_os_read_app(const struct tatu_os_monitor *monitor, const uint8_t image[16],
                               uint32_t offset, uint8_t *out, size_t len)
{
    while (len > 0) {
        const uint32_t step = len < TATU_SMC_PAGE_SIZE ? (uint32_t)len : TATU_SMC_PAGE_SIZE;
        struct tatu_os_request request;

        tatu_os_start_request(&request);
        tatu_os_put_u32(&request, offset);
        tatu_os_put_u32(&request, step);
        tatu_os_put_span(&request, (struct tatu_span){image, 16});
        TATU_TRY(tatu_os_send_fixed(monitor, TATU_SMC_READ_APP, &request, out, step));
        offset += step;
        out += step;
        len -= step;
    }
    return TATU_OK;
}

static enum tatu_err read_all(const struct tatu_os_monitor *monitor, uint32_t number,
                              struct tatu_buf *out)
{
    struct tatu_os_request request;

    tatu_os_start_request(&request);
    return tatu_os_send(monitor, number, &request, out);
}

enum tatu_err tatu_os_read_factory(const struct tatu_os_monitor *monitor, struct tatu_buf *out)
{
    return read_all(monitor, TATU_SMC_READ_FACTORY, out);
}

enum tatu_err tatu_os_read_keystore(const struct tatu_os_monitor *monitor, struct tatu_buf *out)
{
    return read_all(monitor, TATU_SMC_KEYSTORE, out);
}

enum tatu_err tatu_os_feed_watchdog(const struct tatu_os_monitor *monitor, uint32_t timeout_ms)
{
    if (timeout_ms > 60000) {
        return TATU_ERR_ARGUMENT;
    }
    return tell_u32(monitor, TATU_SMC_WATCHDOG, timeout_ms);
}

enum tatu_err tatu_os_power_down(const struct tatu_os_monitor *monitor, uint32_t wake_sources)
{
    return tell_u32(monitor, TATU_SMC_POWER_DOWN, wake_sources);
}

enum tatu_err tatu_os_set_owner(const struct tatu_os_monitor *monitor, uint32_t peripheral,
                                uint32_t owner)
{
    struct tatu_os_request request;

    tatu_os_start_request(&request);
    tatu_os_put_u32(&request, peripheral);
    tatu_os_put_u32(&request, owner);
    return tatu_os_send_fixed(monitor, TATU_SMC_SET_OWNER, &request, NULL, 0);
}

enum tatu_err tatu_os_lock_owners(const struct tatu_os_monitor *monitor)
{
    return tell(monitor, TATU_SMC_LOCK_OWNERS);
}

enum tatu_err tatu_os_start_core(const struct tatu_os_monitor *monitor, uint32_t core,
                                 const uint8_t image[16], uint32_t offset, uint32_t len)
{
    struct tatu_os_request request;

    tatu_os_start_request(&request);
    tatu_os_put_u32(&request, core);
    tatu_os_put_u32(&request, offset);
    tatu_os_put_u32(&request, len);
    tatu_os_put_span(&request, (struct tatu_span){image, 16});
    return tatu_os_send_fixed(monitor, TATU_SMC_RT_START, &request, NULL, 0);
}

enum tatu_err tatu_os_stop_core(const struct tatu_os_monitor *monitor, uint32_t core)
{
    return tell_u32(monitor, TATU_SMC_RT_STOP, core);
}

enum tatu_err tatu_os_get_core(const struct tatu_os_monitor *monitor, uint32_t core,
                               struct tatu_os_core *out)
{
    struct tatu_os_request request;
    uint8_t raw[8];

    tatu_os_start_request(&request);
    tatu_os_put_u32(&request, core);
    TATU_TRY(tatu_os_send_fixed(monitor, TATU_SMC_RT_STATUS, &request, raw, sizeof(raw)));
    *out = (struct tatu_os_core){tatu_get_le32(raw), tatu_get_le32(raw + 4)};
    return TATU_OK;
}
