/* The fab: a folder, blank fuses, and one exchange with the chip's own ROM. */
#include "power.h"

#include "proto/fab.h"
#include "proto/map.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FAB_TIMEOUT_MS = 30000, /* three keys on a loaded host */
    ROM_MAX = 1 << 20,
};

/* FUSE_CLASS bits: a lab board is a virtual one with the lab bit in addition. */
enum { CLASS_BITS_VIRTUAL = 1, CLASS_BITS_LAB = 3 };

static enum tatu_err copy_rom(struct tatu_board *board, const char *from, const char *name)
{
    int fd __attribute__((cleanup(tatu_board_close_fd))) = open(from, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0 ||
        st.st_size > ROM_MAX) {
        return tatu_board_note(board, TATU_ERR_NOT_FOUND,
                               "%s is not a ROM file; build the firmware first", from);
    }
    uint8_t *bytes = malloc((size_t)st.st_size);
    if (bytes == NULL || read(fd, bytes, (size_t)st.st_size) != st.st_size) {
        free(bytes);
        return tatu_board_note(board, TATU_ERR_IO, "%s cannot be read; check the file", from);
    }
    enum tatu_err err =
        tatu_board_make_file(board, name, (struct tatu_span){bytes, (size_t)st.st_size});
    free(bytes);
    return err;
}

static enum tatu_err make_folder(const char *dir, struct tatu_board *board)
{
    if (mkdir(dir, 0700) != 0) {
        return tatu_board_note(board, errno == EEXIST ? TATU_ERR_EXISTS : TATU_ERR_IO,
                               "the folder %s cannot be made: %s; name a new one", dir,
                               strerror(errno));
    }
    char resolved[PATH_MAX];
    if (realpath(dir, resolved) == NULL || strlen(resolved) >= sizeof(board->dir)) {
        (void)rmdir(dir);
        return tatu_board_note(board, TATU_ERR_IO, "the path %s is too long; use a shorter one",
                               dir);
    }
    (void)strcpy(board->dir, resolved);
    board->dir_fd = open(resolved, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (board->dir_fd < 0) {
        (void)rmdir(dir);
        return tatu_board_note(board, TATU_ERR_IO, "%s cannot be opened: %s; check the path", dir,
                               strerror(errno));
    }
    return TATU_OK;
}

static enum tatu_err read_frame(struct tatu_board *board, int fd, uint8_t *frame, size_t len)
{
    const uint64_t end = tatu_board_now_ms() + FAB_TIMEOUT_MS;
    for (size_t have = 0; have < len;) {
        uint64_t now = tatu_board_now_ms();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (now >= end || poll(&wait, 1, (int)(end - now)) == 0) {
            return tatu_board_note(board, TATU_ERR_TIMEOUT,
                                   "the chip's ROM did not answer on its fab port; is this a vault "
                                   "ROM for this chip?");
        }
        ssize_t got = read(fd, frame + have, len - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return tatu_board_note(board, TATU_ERR_IO,
                                   "the chip went off during the fab exchange; is this a vault ROM "
                                   "for this chip?");
        }
        have += (size_t)got;
    }
    return TATU_OK;
}

static enum tatu_err exchange(struct tatu_board *board, const struct tatu_board_plan *plan)
{
    struct tatu_fab_request request = {
        .board_class = plan->lab ? CLASS_BITS_LAB : CLASS_BITS_VIRTUAL,
    };
    memcpy(request.implementation, plan->implementation, sizeof(request.implementation));
    memcpy(request.root_hash, plan->root_hash, sizeof(request.root_hash));
    uint8_t sent[TATU_FAB_FRAME_OVERHEAD + TATU_FAB_REQUEST_SIZE];
    uint8_t frame[TATU_FAB_FRAME_OVERHEAD + TATU_FAB_ANSWER_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(sent);
    TATU_TRY(tatu_proto_encode_fab_request(&request, &buf));
    int fd __attribute__((cleanup(tatu_board_close_fd))) = -1;
    if (tatu_board_connect(board, BOARD_FAB, &fd) != TATU_OK ||
        tatu_board_write_all(fd, sent, buf.len) != TATU_OK) {
        return tatu_board_note(board, TATU_ERR_IO,
                               "the chip's fab port does not answer; see its "
                               "program's version");
    }
    TATU_TRY(read_frame(board, fd, frame, sizeof(frame)));
    struct tatu_fab_answer answer;
    enum tatu_err err = tatu_proto_decode_fab_answer(TATU_SPAN_OF(frame), &answer);
    if (err == TATU_OK) {
        err = (enum tatu_err)answer.status;
    }
    if (err != TATU_OK) {
        return tatu_board_note(board, err, "the fab exchange failed: %s; build the firmware again",
                               tatu_err_text(err));
    }
    memcpy(board->device_id, answer.identity, sizeof(board->device_id));
    memcpy(board->attestation, answer.attestation, sizeof(board->attestation));
    return TATU_OK;
}

static enum tatu_err run_fab(struct tatu_board *board, const struct tatu_board_plan *plan)
{
    const struct tatu_board_power how = {.qemu = plan->qemu};
    struct board_command command;
    TATU_TRY(tatu_board_build_command(board, BOARD_RUN_FAB, &how, &command));
    TATU_TRY(tatu_board_spawn(board, &command));
    enum tatu_err err = exchange(board, plan);
    enum tatu_err ended = tatu_board_end_process(board, SIGTERM);
    if (ended != TATU_OK) {
        ended = tatu_board_end_process(board, SIGKILL);
    }
    (void)unlinkat(board->dir_fd, BOARD_FAB, 0);
    return err != TATU_OK ? err : ended;
}

static enum tatu_err fill_folder(struct tatu_board *board, const struct tatu_board_plan *plan)
{
    TATU_TRY(copy_rom(board, plan->vault_rom, BOARD_VAULT_ROM));
    TATU_TRY(copy_rom(board, plan->acore_rom, BOARD_ACORE_ROM));
    TATU_TRY(tatu_board_make_file(board, BOARD_FLASH, plan->flash));
    TATU_TRY(run_fab(board, plan));
    return tatu_board_save(board);
}

enum tatu_err tatu_board_create(const struct tatu_board_plan *plan, struct tatu_board *out)
{
    *out = (struct tatu_board){.dir_fd = -1, .lab = plan->lab};
    if (plan->flash.len != TATU_FLASH_SIZE) {
        return tatu_board_note(out, TATU_ERR_ARGUMENT,
                               "a flash image has 0x%x bytes; make one with 'tatu release sign'",
                               TATU_FLASH_SIZE);
    }
    memcpy(out->implementation, plan->implementation, sizeof(out->implementation));
    TATU_TRY(make_folder(plan->dir, out));
    enum tatu_err err = fill_folder(out, plan);
    if (err != TATU_OK) {
        char detail[TATU_BOARD_DETAIL_MAX];
        memcpy(detail, out->detail, sizeof(detail));
        (void)tatu_board_remove(out);
        memcpy(out->detail, detail, sizeof(detail));
        tatu_board_close(out);
    }
    return err;
}
