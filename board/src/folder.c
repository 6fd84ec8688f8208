#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

enum { BOARD_FORMAT = 1 };

static const char *const folder_files[] = {
    BOARD_JSON,
    BOARD_FUSES,
    BOARD_FLASH,
    BOARD_VAULT_ROM,
    BOARD_ACORE_ROM,
    BOARD_LOG,
    BOARD_LOG_BEFORE,
    BOARD_PID,
    BOARD_PANEL,
    BOARD_PANEL_LOCK,
    BOARD_FAB,
    BOARD_WORDS,
    BOARD_GDB,
    BOARD_QMP,
    BOARD_QTEST,
    BOARD_RTC,
    BOARD_RECOVERY,
    BOARD_RECOVERY_LOCK,
    BOARD_DEBUG,
    BOARD_DEBUG_LOCK,
    BOARD_UART(0),
    BOARD_UART(1),
    BOARD_UART(2),
    BOARD_UART(3),
    BOARD_UART(4),
    BOARD_UART_LOCK(0),
    BOARD_UART_LOCK(1),
    BOARD_UART_LOCK(2),
    BOARD_UART_LOCK(3),
    BOARD_UART_LOCK(4),
    TATU_BOARD_CERTIFICATE,
    TATU_BOARD_SESSION,
};

enum tatu_err tatu_board_note(struct tatu_board *board, enum tatu_err err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(board->detail, sizeof(board->detail), format, arguments);
    va_end(arguments);
    for (char *c = board->detail; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = ' ';
        }
    }
    return err;
}

void tatu_board_close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

uint64_t tatu_board_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

void tatu_board_sleep_ms(uint32_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

enum tatu_err tatu_board_write_all(int fd, const void *data, size_t len)
{
    const char *next = data;
    while (len > 0) {
        ssize_t done = write(fd, next, len);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return TATU_ERR_IO;
        }
        next += done;
        len -= (size_t)done;
    }
    return TATU_OK;
}

enum tatu_err tatu_board_make_file(struct tatu_board *board, const char *name,
                                   struct tatu_span bytes)
{
    int fd __attribute__((cleanup(tatu_board_close_fd))) =
        openat(board->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return tatu_board_note(board, errno == EEXIST ? TATU_ERR_EXISTS : TATU_ERR_IO,
                               "%s/%s cannot be made: %s; check the folder", board->dir, name,
                               strerror(errno));
    }
    if (tatu_board_write_all(fd, bytes.data, bytes.len) != TATU_OK || fsync(fd) != 0) {
        return tatu_board_note(board, TATU_ERR_IO, "%s/%s cannot be written: %s; check the disk",
                               board->dir, name, strerror(errno));
    }
    return TATU_OK;
}

static json_t *describe(const struct tatu_board *board)
{
    char device[129], attestation[129], implementation[65];
    tatu_base_encode_hex(TATU_SPAN_OF(board->device_id), device);
    tatu_base_encode_hex(TATU_SPAN_OF(board->attestation), attestation);
    tatu_base_encode_hex(TATU_SPAN_OF(board->implementation), implementation);
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:b, s:s, s:i}", "format", BOARD_FORMAT, "class",
                     board->lab ? "lab" : "virtual", "deviceId", device, "attestationKey",
                     attestation, "implementation", implementation, "endorsed",
                     (int)board->endorsed, "address", board->address, "port", (int)board->port);
}

enum tatu_err tatu_board_save(struct tatu_board *board)
{
    json_t *json = describe(board);
    char *text = json == NULL ? NULL : json_dumps(json, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(json);
    if (text == NULL) {
        return tatu_board_note(board, TATU_ERR_MEMORY, "there is not enough memory; free some");
    }
    (void)unlinkat(board->dir_fd, BOARD_JSON ".new", 0);
    struct tatu_span bytes = {(const uint8_t *)text, strlen(text)};
    enum tatu_err err = tatu_board_make_file(board, BOARD_JSON ".new", bytes);
    free(text);
    TATU_TRY(err);
    if (renameat(board->dir_fd, BOARD_JSON ".new", board->dir_fd, BOARD_JSON) != 0 ||
        fsync(board->dir_fd) != 0) {
        return tatu_board_note(board, TATU_ERR_IO,
                               "%s/" BOARD_JSON " cannot be written: %s; "
                               "check the disk",
                               board->dir, strerror(errno));
    }
    return TATU_OK;
}

static bool read_hex(json_t *json, const char *name, uint8_t *out, size_t len)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL && tatu_base_decode_hex(text, strlen(text), out, len) == TATU_OK;
}

static bool decode_record(json_t *json, struct tatu_board *board)
{
    const char *board_class = json_string_value(json_object_get(json, "class"));
    const char *address = json_string_value(json_object_get(json, "address"));
    json_int_t port = json_integer_value(json_object_get(json, "port"));
    bool known = board_class != NULL &&
                 (strcmp(board_class, "lab") == 0 || strcmp(board_class, "virtual") == 0);
    if (!known || address == NULL || strlen(address) >= sizeof(board->address) ||
        json_integer_value(json_object_get(json, "format")) != BOARD_FORMAT || port < 0 ||
        port > UINT16_MAX || !json_is_boolean(json_object_get(json, "endorsed"))) {
        return false;
    }
    board->lab = strcmp(board_class, "lab") == 0;
    board->endorsed = json_is_true(json_object_get(json, "endorsed"));
    (void)snprintf(board->address, sizeof(board->address), "%s", address);
    board->port = (uint16_t)port;
    return read_hex(json, "deviceId", board->device_id, sizeof(board->device_id)) &&
           read_hex(json, "attestationKey", board->attestation, sizeof(board->attestation)) &&
           read_hex(json, "implementation", board->implementation, sizeof(board->implementation));
}

static enum tatu_err load_record(struct tatu_board *board)
{
    int fd = openat(board->dir_fd, BOARD_JSON, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return tatu_board_note(board, TATU_ERR_NOT_FOUND,
                               "%s is not a board: it has no " BOARD_JSON
                               "; make one with 'tatu board create'",
                               board->dir);
    }
    json_t *json = json_loadfd(fd, JSON_REJECT_DUPLICATES, NULL);
    (void)close(fd);
    bool good = json != NULL && decode_record(json, board);
    json_decref(json);
    if (!good) {
        return tatu_board_note(board, TATU_ERR_FORMAT,
                               "%s/" BOARD_JSON " is damaged; make the board again", board->dir);
    }
    return TATU_OK;
}

/* The chip writes fuses in their own format; here only presence is known. */
static enum tatu_err check_files(struct tatu_board *board)
{
    static const struct {
        const char *name;
        off_t size; /* 0: any but empty */
    } needed[] = {{BOARD_FUSES, 0},
                  {BOARD_FLASH, TATU_BOARD_FLASH_SIZE},
                  {BOARD_VAULT_ROM, 0},
                  {BOARD_ACORE_ROM, 0}};
    for (size_t i = 0; i < TATU_COUNT_OF(needed); i++) {
        struct stat st;
        if (fstatat(board->dir_fd, needed[i].name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(st.st_mode) || st.st_size == 0 ||
            (needed[i].size != 0 && st.st_size != needed[i].size)) {
            return tatu_board_note(board, TATU_ERR_FORMAT,
                                   "%s/%s is missing or has the wrong size; make the board again",
                                   board->dir, needed[i].name);
        }
    }
    return TATU_OK;
}

static enum tatu_err open_folder(const char *dir, struct tatu_board *board)
{
    char resolved[PATH_MAX];
    if (realpath(dir, resolved) == NULL || strlen(resolved) >= sizeof(board->dir)) {
        return tatu_board_note(board, TATU_ERR_NOT_FOUND,
                               "there is no folder %s; make a board with 'tatu board create'", dir);
    }
    (void)strcpy(board->dir, resolved);
    board->dir_fd = open(resolved, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (board->dir_fd < 0) {
        return tatu_board_note(board, TATU_ERR_NOT_FOUND, "%s cannot be opened: %s; check the path",
                               dir, strerror(errno));
    }
    struct stat st;
    if (fstat(board->dir_fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        return tatu_board_note(board, TATU_ERR_DENIED,
                               "%s must belong to you alone; run 'chmod 700' on it", board->dir);
    }
    return TATU_OK;
}

enum tatu_err tatu_board_open(const char *dir, struct tatu_board *out)
{
    *out = (struct tatu_board){.dir_fd = -1};
    enum tatu_err err = open_folder(dir, out);
    if (err == TATU_OK) {
        err = load_record(out);
    }
    if (err == TATU_OK) {
        err = check_files(out);
    }
    if (err != TATU_OK) {
        tatu_board_close(out);
    }
    return err;
}

void tatu_board_close(struct tatu_board *board)
{
    tatu_board_close_fd(&board->dir_fd);
}

enum tatu_err tatu_board_lock(struct tatu_board *board, int *out_fd)
{
    int fd = openat(board->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0) {
        tatu_board_close_fd(&fd);
        return tatu_board_note(board, TATU_ERR_BUSY,
                               "another command works on %s; wait until it is done", board->dir);
    }
    *out_fd = fd;
    return TATU_OK;
}

void tatu_board_forget_certificate(const struct tatu_board *board)
{
    (void)unlinkat(board->dir_fd, TATU_BOARD_CERTIFICATE, 0);
    (void)unlinkat(board->dir_fd, TATU_BOARD_SESSION, 0);
}

enum tatu_err tatu_board_remove(struct tatu_board *board)
{
    if (tatu_board_find_process(board) != 0) {
        return tatu_board_note(board, TATU_ERR_STATE,
                               "the board is running; stop it with 'tatu board stop'");
    }
    for (size_t i = 0; i < TATU_COUNT_OF(folder_files); i++) {
        (void)unlinkat(board->dir_fd, folder_files[i], 0);
    }
    (void)unlinkat(board->dir_fd, BOARD_JSON ".new", 0);
    if (rmdir(board->dir) != 0) {
        return tatu_board_note(board, TATU_ERR_IO, "%s cannot be removed: %s; look what is in it",
                               board->dir, strerror(errno));
    }
    return TATU_OK;
}

enum tatu_err tatu_board_connect(const struct tatu_board *board, const char *name, int *out_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    /* by descriptor: a socket address has room for 107 characters only */
    int len = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s",
                       board->dir_fd, name);
    if (len < 0 || (size_t)len >= sizeof(address.sun_path)) {
        return TATU_ERR_ARGUMENT;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        tatu_board_close_fd(&fd);
        return TATU_ERR_IO;
    }
    *out_fd = fd;
    return TATU_OK;
}
