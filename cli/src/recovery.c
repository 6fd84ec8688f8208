#include "recovery.h"

#include "package.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PERCENT_STEP = 10,
    KIB = 1024,
    NAME_LEN_MAX = 64,
};

static const char *const stages[] = {"", "boot ROM", "vault", "recovery program"};

void tatu_cli_end_recovery(struct tatu_cli_recovery *recovery)
{
    tatu_cli_free_bytes(&recovery->image);
}

/* For who waits; a script gets the result only. */
static void tell(const struct tatu_cli_recovery *recovery, const char *what, uint64_t number,
                 const char *unit)
{
    if (!recovery->cli->json) {
        (void)fprintf(recovery->cli->out, "%-20s %7llu %s\n", what, (unsigned long long)number,
                      unit);
        (void)fflush(recovery->cli->out);
    }
}

static const char *name_of(uint16_t image_type)
{
    const char *name = tatu_proto_image_type_name(image_type);
    return name == NULL ? "unknown" : name;
}

static enum tatu_err send_message(struct tatu_cli_recovery *recovery,
                                  const struct tatu_recovery_message *message)
{
    uint8_t frame[TATU_RECOVERY_FRAME_MAX];
    struct tatu_buf buf = TATU_BUF_OF(frame);
    TATU_TRY(tatu_proto_encode_recovery(message, &buf));
    for (size_t at = 0; at < buf.len;) {
        ssize_t len = write(recovery->fd, frame + at, buf.len - at);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len <= 0) {
            return tatu_cli_fail(recovery->cli, TATU_ERR_IO,
                                 "the recovery port is gone: %s; run the command again",
                                 strerror(errno));
        }
        at += (size_t)len;
    }
    return TATU_OK;
}

/* ---- READ ---------------------------------------------------------------------------------- */

static enum tatu_err load_image(struct tatu_cli_recovery *recovery, uint16_t image_type)
{
    char name[NAME_LEN_MAX], path[PATH_MAX];
    if (recovery->image.data != NULL && recovery->image_type == image_type) {
        return TATU_OK;
    }
    tatu_cli_free_bytes(&recovery->image);
    recovery->image_type = image_type;
    (void)snprintf(name, sizeof(name), "%s.imagepackage", name_of(image_type));
    TATU_TRY(tatu_cli_join(recovery->cli, recovery->dir, name, path));
    TATU_TRY(tatu_cli_read_file(recovery->cli, path, TATU_IMAGE_PACKAGE_MAX, &recovery->image));
    if (recovery->image.len == 0) {
        return tatu_cli_fail(recovery->cli, TATU_ERR_SHORT, "%s is empty; sign the release again",
                             path);
    }
    return TATU_OK;
}

/* The host keeps no state of a transfer; but an image that is asked for anew after it was there to
 * its end was refused, and HELLO said why. */
static enum tatu_err check_refused(struct tatu_cli_recovery *recovery,
                                   const struct tatu_recovery_message *read)
{
    if (read->image_type >= RECOVERY_TYPE_MAX || read->offset != 0 ||
        !recovery->sent[read->image_type]) {
        return TATU_OK;
    }
    enum tatu_err err = recovery->err == TATU_OK ? TATU_ERR_REJECTED : (enum tatu_err)recovery->err;
    return tatu_cli_fail(recovery->cli, err,
                         "the board's %s refused the %s image: %s; give it a release that is made "
                         "and signed for it",
                         stages[recovery->stage], name_of(recovery->image_type),
                         tatu_err_text(err));
}

static enum tatu_err send_piece(struct tatu_cli_recovery *recovery,
                                const struct tatu_recovery_message *read)
{
    struct tatu_cli_bytes *image = &recovery->image;
    if (read->offset >= image->len) {
        return TATU_OK; /* of another image than this one: it will ask from the start again */
    }
    size_t left = image->len - read->offset;
    const struct tatu_recovery_message data = {
        .kind = TATU_RECOVERY_DATA,
        .image_type = read->image_type,
        .total = (uint32_t)image->len,
        .offset = read->offset,
        .bytes = {image->data + read->offset, left < read->max ? left : read->max},
    };
    TATU_TRY(send_message(recovery, &data));
    recovery->sent_len += data.bytes.len;
    if (data.bytes.len == left && !recovery->sent[read->image_type]) {
        recovery->sent[read->image_type] = true;
        tell(recovery, name_of(read->image_type), (image->len + KIB - 1) / KIB, "KiB sent");
    }
    return TATU_OK;
}

static enum tatu_err answer_read(struct tatu_cli_recovery *recovery,
                                 const struct tatu_recovery_message *read)
{
    TATU_TRY(check_refused(recovery, read));
    enum tatu_err err = read->image_type < RECOVERY_TYPE_MAX
                            ? load_image(recovery, read->image_type)
                            : tatu_cli_fail(recovery->cli, TATU_ERR_TYPE,
                                            "the board asks for an image of type %u, which does "
                                            "not exist; update this program",
                                            (unsigned)read->image_type);
    if (err != TATU_OK) {
        const struct tatu_recovery_message refuse = {
            .kind = TATU_RECOVERY_REFUSE, .image_type = read->image_type, .err = (uint32_t)err};
        if (send_message(recovery, &refuse) != TATU_OK) {
            return TATU_ERR_IO;
        }
        return err;
    }
    return send_piece(recovery, read);
}

/* ---- the other messages ---------------------------------------------------------------------- */

static enum tatu_err take_hello(struct tatu_cli_recovery *recovery,
                                const struct tatu_recovery_message *hello)
{
    if (hello->version != TATU_RECOVERY_VERSION) {
        return tatu_cli_fail(recovery->cli, TATU_ERR_VERSION,
                             "the board speaks version %u of the recovery protocol; use a newer "
                             "'tatu'",
                             (unsigned)hello->version);
    }
    if (hello->stage != recovery->stage) { /* another asker, who has nothing yet */
        memset(recovery->sent, 0, sizeof(recovery->sent));
    }
    recovery->stage = hello->stage;
    recovery->err = hello->err;
    return TATU_OK;
}

static enum tatu_err take_done(struct tatu_cli_recovery *recovery,
                               const struct tatu_recovery_message *message)
{
    enum tatu_err err = (enum tatu_err)message->err;
    recovery->done = err == TATU_OK;
    if (err == TATU_OK) {
        return TATU_OK;
    }
    return tatu_cli_fail(recovery->cli, err,
                         "the board refused the %s image: %s; give it a release that is made and "
                         "signed for it",
                         name_of(recovery->image_type), tatu_err_text(err));
}

static void take_progress(struct tatu_cli_recovery *recovery,
                          const struct tatu_recovery_message *message)
{
    uint64_t percent = message->total == 0 ? 0 : message->done * 100ull / message->total;
    if (percent >= recovery->percent + PERCENT_STEP) {
        recovery->percent = (unsigned)percent / PERCENT_STEP * PERCENT_STEP;
        tell(recovery, "installing", recovery->percent, "%");
    }
}

static enum tatu_err take_message(struct tatu_cli_recovery *recovery,
                                  const struct tatu_recovery_message *message)
{
    switch (message->kind) {
    case TATU_RECOVERY_HELLO:
        return take_hello(recovery, message);
    case TATU_RECOVERY_READ:
        return answer_read(recovery, message);
    case TATU_RECOVERY_PROGRESS:
        take_progress(recovery, message);
        return TATU_OK;
    case TATU_RECOVERY_DONE:
        return take_done(recovery, message);
    default:
        return TATU_OK; /* an echo of our own */
    }
}

/* ---- the port -------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum tatu_err receive(struct tatu_cli_recovery *recovery, int64_t end_ms)
{
    struct pollfd wait = {.fd = recovery->fd, .events = POLLIN};
    int64_t left = end_ms - now_ms();
    int ready = left <= 0 ? 0 : poll(&wait, 1, (int)left);
    if (ready < 0 && errno == EINTR) {
        return TATU_OK;
    }
    if (ready == 0) {
        return TATU_ERR_TIMEOUT;
    }
    ssize_t len = read(recovery->fd, recovery->buffer, sizeof(recovery->buffer));
    if (len <= 0) {
        return tatu_cli_fail(recovery->cli, TATU_ERR_IO,
                             "the board went off; switch it on and run the command again");
    }
    recovery->input = (struct tatu_span){recovery->buffer, (size_t)len};
    return TATU_OK;
}

static bool next_message(struct tatu_cli_recovery *recovery, struct tatu_recovery_message *out)
{
    while (recovery->input.len > 0) {
        uint8_t byte = *recovery->input.data++;
        recovery->input.len--;
        if (tatu_proto_take_recovery(&recovery->line, byte, out)) {
            return true;
        }
    }
    return false;
}

enum tatu_err tatu_cli_step_recovery(struct tatu_cli_recovery *recovery, int timeout_ms)
{
    const int64_t end_ms = now_ms() + timeout_ms;
    for (;;) {
        struct tatu_recovery_message message;
        if (next_message(recovery, &message)) {
            return take_message(recovery, &message);
        }
        TATU_TRY(receive(recovery, end_ms));
    }
}
