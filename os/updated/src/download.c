#include "download.h"

#include <string.h>

static enum tatu_err write_held(struct tatu_download *download)
{
    TATU_TRY(tatu_os_write_stage(download->monitor, download->handle, download->written,
                                 (struct tatu_span){download->held, download->held_len}));
    download->written += (uint32_t)download->held_len;
    download->held_len = 0;
    return TATU_OK;
}

uint32_t tatu_download_len(const struct tatu_download *download)
{
    return download->written + (uint32_t)download->held_len;
}

enum tatu_err tatu_download_take(void *context, struct tatu_span piece)
{
    struct tatu_download *download = context;
    if (piece.len > download->size - tatu_download_len(download)) {
        return TATU_ERR_LONG;
    }
    while (piece.len > 0) {
        const size_t room = sizeof(download->held) - download->held_len;
        const size_t len = piece.len < room ? piece.len : room;
        memcpy(download->held + download->held_len, piece.data, len);
        download->held_len += len;
        piece = (struct tatu_span){piece.data + len, piece.len - len};
        if (download->held_len == sizeof(download->held)) {
            TATU_TRY(write_held(download));
        }
    }
    return TATU_OK;
}

static bool is_break(enum tatu_err err)
{
    return err == TATU_ERR_UNREACHABLE || err == TATU_ERR_TIMEOUT;
}

enum tatu_err tatu_download_run(struct tatu_download *download,
                                enum tatu_err (*ask)(void *context, uint32_t from),
                                void (*wait)(void *context, uint32_t tries), void *context)
{
    uint32_t tries = 0;
    while (tatu_download_len(download) < download->size) {
        const uint32_t before = tatu_download_len(download);
        const enum tatu_err err = ask(context, before);
        if (err == TATU_OK && tatu_download_len(download) < download->size) {
            return TATU_ERR_SHORT;
        }
        tries = tatu_download_len(download) > before ? 1 : tries + 1;
        if (err != TATU_OK && (!is_break(err) || tries == TATU_DOWNLOAD_TRY_MAX)) {
            return err;
        }
        if (err != TATU_OK) {
            wait(context, tries);
        }
    }
    return download->held_len > 0 ? write_held(download) : TATU_OK;
}
