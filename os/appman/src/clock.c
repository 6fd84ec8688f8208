#include "os/appman/appman.h"

#include "os/lib/store.h"

#define TIME_SIZE 12u

enum tatu_err tatu_appman_save_time(const char *path, uint64_t unix_s)
{
    uint8_t bytes[TIME_SIZE];
    tatu_put_le64(bytes, unix_s);
    tatu_put_le32(bytes + 8, tatu_base_crc32((struct tatu_span){bytes, 8}));
    return tatu_os_save_file(path, TATU_SPAN_OF(bytes));
}

enum tatu_err tatu_appman_load_time(const char *path, uint64_t *out_unix_s)
{
    uint8_t bytes[TIME_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    const enum tatu_err err = tatu_os_load_file(path, &buf);
    if (err != TATU_OK) {
        return err == TATU_ERR_FULL ? TATU_ERR_FORMAT : err;
    }
    if (buf.len != TIME_SIZE || tatu_get_le64(bytes) > INT32_MAX * UINT64_C(4) ||
        tatu_get_le32(bytes + 8) != tatu_base_crc32((struct tatu_span){bytes, 8})) {
        return TATU_ERR_FORMAT;
    }
    *out_unix_s = tatu_get_le64(bytes);
    return TATU_OK;
}

bool tatu_appman_may_set_time(const struct tatu_os_time_bounds *bounds, int64_t unix_s,
                              uint64_t now_ms)
{
    return unix_s <= (int64_t)UINT32_MAX && tatu_os_check_time(bounds, unix_s, now_ms) == TATU_OK;
}
