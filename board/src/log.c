#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    CHUNK_MAX = 4096,
    LINE_MAX_LEN = 1024, /* longer lines are looked at in pieces */
    LOG_POLL_MS = 20,
};

struct line_reader {
    char line[LINE_MAX_LEN + 1];
    size_t len;
};

enum tatu_err tatu_board_read_log(const struct tatu_board *board, uint64_t at, struct tatu_buf *out)
{
    int fd __attribute__((cleanup(tatu_board_close_fd))) =
        openat(board->dir_fd, BOARD_LOG, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? TATU_OK : TATU_ERR_IO;
    }
    ssize_t len = pread(fd, out->data + out->len, out->cap - out->len, (off_t)at);
    if (len < 0) {
        return TATU_ERR_IO;
    }
    out->len += (size_t)len;
    return TATU_OK;
}

/* True when the line so far contains the text. A NUL of the serial line counts as a blank. */
static bool feed(struct line_reader *reader, uint8_t byte, const char *text)
{
    if (byte == '\n') {
        reader->len = 0;
        return false;
    }
    if (reader->len == LINE_MAX_LEN) {
        reader->len = 0;
    }
    reader->line[reader->len++] = byte == 0 ? ' ' : (char)byte;
    reader->line[reader->len] = '\0';
    size_t text_len = strlen(text);
    return reader->len >= text_len &&
           memcmp(reader->line + reader->len - text_len, text, text_len) == 0;
}

static bool search(struct line_reader *reader, struct tatu_span bytes, const char *text,
                   uint64_t *at)
{
    for (size_t i = 0; i < bytes.len; i++) {
        ++*at;
        if (feed(reader, bytes.data[i], text)) {
            return true;
        }
    }
    return false;
}

enum tatu_err tatu_board_wait_line(struct tatu_board *board, uint64_t from, const char *text,
                                   uint32_t timeout_ms, uint64_t *out_end)
{
    struct line_reader reader = {.len = 0};
    const uint64_t end = tatu_board_now_ms() + timeout_ms;
    for (uint64_t at = from;;) {
        uint8_t bytes[CHUNK_MAX];
        struct tatu_buf buf = TATU_BUF_OF(bytes);
        /* asked before the read, so that the last words of a board that goes off are read */
        bool running = tatu_board_find_process(board) != 0;
        TATU_TRY(tatu_board_read_log(board, at, &buf));
        if (search(&reader, (struct tatu_span){bytes, buf.len}, text, &at)) {
            *out_end = at;
            return TATU_OK;
        }
        if (buf.len > 0) {
            continue;
        }
        if (!running) {
            return tatu_board_note(
                board, TATU_ERR_STATE,
                "the board went off before its log said \"%s\"; see %s/" BOARD_LOG, text,
                board->dir);
        }
        if (tatu_board_now_ms() >= end) {
            return tatu_board_note(
                board, TATU_ERR_TIMEOUT,
                "the board's log did not say \"%s\" within %u ms; see %s/" BOARD_LOG, text,
                timeout_ms, board->dir);
        }
        tatu_board_sleep_ms(LOG_POLL_MS);
    }
}
