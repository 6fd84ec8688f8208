#include "folder.h"

#include "proto/map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

_Static_assert(TATU_BOARD_FLASH_SIZE == TATU_FLASH_SIZE, "one flash size");
_Static_assert(TATU_BOARD_ENDORSEMENT_MAX + 4 <= TATU_FLASH_FACTORY_SIZE, "endorsement fits");

/* Opens the flash of a board that is off, and keeps other commands away until both are closed. */
static enum tatu_err open_flash(struct tatu_board *board, int *out_lock, int *out_fd)
{
    if (tatu_board_find_process(board) != 0) {
        return tatu_board_note(board, TATU_ERR_STATE,
                               "the board is running; stop it with 'tatu board stop %s'",
                               board->dir);
    }
    TATU_TRY(tatu_board_lock(board, out_lock));
    *out_fd = openat(board->dir_fd, BOARD_FLASH, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (*out_fd < 0) {
        return tatu_board_note(board, TATU_ERR_IO,
                               "%s/" BOARD_FLASH " cannot be opened: %s; "
                               "check the file",
                               board->dir, strerror(errno));
    }
    return TATU_OK;
}

static enum tatu_err write_at(struct tatu_board *board, int fd, uint32_t at, struct tatu_span bytes)
{
    if (lseek(fd, (off_t)at, SEEK_SET) < 0 ||
        tatu_board_write_all(fd, bytes.data, bytes.len) != TATU_OK || fdatasync(fd) != 0) {
        return tatu_board_note(board, TATU_ERR_IO,
                               "%s/" BOARD_FLASH " cannot be written: %s; "
                               "check the disk",
                               board->dir, strerror(errno));
    }
    return TATU_OK;
}

enum tatu_err tatu_board_flip_byte(struct tatu_board *board, uint32_t offset)
{
    int lock __attribute__((cleanup(tatu_board_close_fd))) = -1;
    int fd __attribute__((cleanup(tatu_board_close_fd))) = -1;
    if (offset >= TATU_FLASH_SIZE) {
        return tatu_board_note(board, TATU_ERR_ARGUMENT,
                               "the flash ends at 0x%x; give a smaller offset", TATU_FLASH_SIZE);
    }
    TATU_TRY(open_flash(board, &lock, &fd));
    uint8_t byte;
    if (pread(fd, &byte, 1, (off_t)offset) != 1) {
        return tatu_board_note(board, TATU_ERR_IO, "%s/" BOARD_FLASH " cannot be read; check it",
                               board->dir);
    }
    byte = (uint8_t)~byte;
    return write_at(board, fd, offset, (struct tatu_span){&byte, 1});
}

enum tatu_err tatu_board_install_flash(struct tatu_board *board, struct tatu_span image)
{
    int lock __attribute__((cleanup(tatu_board_close_fd))) = -1;
    int fd __attribute__((cleanup(tatu_board_close_fd))) = -1;
    if (image.len != TATU_FLASH_SIZE) {
        return tatu_board_note(board, TATU_ERR_ARGUMENT,
                               "a flash image has 0x%x bytes; make one with 'tatu release sign'",
                               TATU_FLASH_SIZE);
    }
    TATU_TRY(open_flash(board, &lock, &fd));
    tatu_board_forget_certificate(board);
    const uint32_t behind = TATU_FLASH_FACTORY_AT + TATU_FLASH_FACTORY_SIZE;
    TATU_TRY(write_at(board, fd, 0, (struct tatu_span){image.data, TATU_FLASH_FACTORY_AT}));
    return write_at(board, fd, behind,
                    (struct tatu_span){image.data + behind, TATU_FLASH_SIZE - behind});
}

enum tatu_err tatu_board_install_endorsement(struct tatu_board *board, struct tatu_span cose)
{
    int lock __attribute__((cleanup(tatu_board_close_fd))) = -1;
    int fd __attribute__((cleanup(tatu_board_close_fd))) = -1;
    if (cose.len == 0 || cose.len > TATU_BOARD_ENDORSEMENT_MAX) {
        return tatu_board_note(board, TATU_ERR_LONG,
                               "an endorsement has 1 to %u bytes; make it "
                               "again",
                               TATU_BOARD_ENDORSEMENT_MAX);
    }
    TATU_TRY(open_flash(board, &lock, &fd));
    uint8_t area[4 + TATU_BOARD_ENDORSEMENT_MAX];
    tatu_put_le32(area, (uint32_t)cose.len);
    memcpy(area + 4, cose.data, cose.len);
    TATU_TRY(write_at(board, fd, TATU_FLASH_FACTORY_AT, (struct tatu_span){area, 4 + cose.len}));
    board->endorsed = true;
    return tatu_board_save(board);
}

enum tatu_err tatu_board_read_endorsement(struct tatu_board *board, struct tatu_buf *out)
{
    int fd __attribute__((cleanup(tatu_board_close_fd))) =
        openat(board->dir_fd, BOARD_FLASH, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    uint8_t area[4 + TATU_BOARD_ENDORSEMENT_MAX];
    if (fd < 0 || pread(fd, area, sizeof(area), TATU_FLASH_FACTORY_AT) != (ssize_t)sizeof(area)) {
        return tatu_board_note(board, TATU_ERR_IO, "%s/" BOARD_FLASH " cannot be read; check it",
                               board->dir);
    }
    uint32_t len = tatu_get_le32(area);
    if (len == 0 || len > TATU_BOARD_ENDORSEMENT_MAX) {
        return tatu_board_note(board, TATU_ERR_NOT_FOUND,
                               "the board has no endorsement; create it anew");
    }
    return tatu_base_put_bytes(out, (struct tatu_span){area + 4, len});
}
