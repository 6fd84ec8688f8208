#include "os/appman/appman.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/lib/store.h"
#include "os/lib/vault.h"
#include "proto/report.h"

#define STAMP_LABEL "store stamp"
#define STAMP_SIZE 8u
#define EVENT_MAX 128u

static enum tatu_err path_of_stamp(const char *root, char out[TATU_OS_STORE_PATH_MAX])
{
    return snprintf(out, TATU_OS_STORE_PATH_MAX, "%s/stamp", root) < (int)TATU_OS_STORE_PATH_MAX
               ? TATU_OK
               : TATU_ERR_ARGUMENT;
}

/* Nothing is there but what the first boot began to write when power failed. */
static bool is_new(const char *root)
{
    DIR *folder = opendir(root);
    const struct dirent *entry;
    size_t count = 0;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
                 strcmp(entry->d_name, "stamp.new") != 0;
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return folder != NULL && count == 0;
}

/* The stamp is written before the counter rises: after a power cut in between it is one ahead. */
static enum tatu_err check_generation(uint64_t generation, uint64_t count)
{
    if (generation < count) {
        return TATU_ERR_STALE;
    }
    return generation - count <= 1 ? TATU_OK : TATU_ERR_FOREIGN;
}

static enum tatu_err read_stamp(const char *root, const struct tatu_os_monitor *monitor,
                                uint64_t count)
{
    char path[TATU_OS_STORE_PATH_MAX];
    uint8_t bytes[STAMP_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    TATU_TRY(path_of_stamp(root, path));
    TATU_TRY(tatu_os_load_sealed(monitor, path, STAMP_LABEL, &buf));
    if (buf.len != STAMP_SIZE) {
        return TATU_ERR_FORMAT;
    }
    return check_generation(tatu_get_le64(bytes), count);
}

/* The board's first store has no stamp. */
static enum tatu_err check_stamp(const char *root, const struct tatu_os_monitor *monitor,
                                 uint64_t count)
{
    const enum tatu_err err = read_stamp(root, monitor, count);
    return err == TATU_ERR_NOT_FOUND && count == 0 && is_new(root) ? TATU_OK : err;
}

static enum tatu_err write_stamp(const char *root, const struct tatu_os_monitor *monitor,
                                 uint64_t count)
{
    char path[TATU_OS_STORE_PATH_MAX];
    uint8_t bytes[STAMP_SIZE];
    tatu_put_le64(bytes, count + 1);
    TATU_TRY(path_of_stamp(root, path));
    TATU_TRY(tatu_os_save_sealed(monitor, path, STAMP_LABEL, TATU_SPAN_OF(bytes)));
    return tatu_os_count(monitor, TATU_APPMAN_STORE_COUNTER, 1, &count);
}

/* What stays so however often it is asked, and is not the vault's trouble. */
static bool is_refusal(enum tatu_err err)
{
    return err == TATU_ERR_STALE || err == TATU_ERR_FOREIGN || err == TATU_ERR_SIGNATURE ||
           err == TATU_ERR_FORMAT || err == TATU_ERR_FULL || err == TATU_ERR_NOT_FOUND;
}

static void keep_event(const struct tatu_os_monitor *monitor, enum tatu_err why, uint64_t unix_s)
{
    const struct tatu_event event = {
        .kind = TATU_EVENT_STORE_ERASED, .code = (uint32_t)why, .unix_s = unix_s};
    uint8_t bytes[EVENT_MAX];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    uint32_t id;
    if (tatu_proto_encode_event(&event, &buf) == TATU_OK) {
        /* without room for it the log has said it */
        (void)tatu_os_append_record(monitor, TATU_RECORD_EVENT,
                                    (struct tatu_span){buf.data, buf.len}, &id);
    }
}

static enum tatu_err begin_anew(const struct tatu_appman_flash *flash)
{
    return flash->erase(flash->context) == 0 && flash->mount(flash->context) == 0 ? TATU_OK
                                                                                  : TATU_ERR_IO;
}

/* A file system that cannot be mounted is treated as one that is not ours. */
static enum tatu_err mount_any(const struct tatu_appman_flash *flash, const struct tatu_os_log *log)
{
    const int problem = flash->mount(flash->context);
    if (problem == 0) {
        return TATU_OK;
    }
    tatu_os_log(log, TATU_OS_LOG_ERROR, "store: %s; erasing it", strerror(problem));
    return begin_anew(flash);
}

static enum tatu_err refuse(const struct tatu_appman_flash *flash, enum tatu_err why,
                            const struct tatu_os_monitor *monitor, const struct tatu_os_log *log,
                            uint64_t unix_s)
{
    tatu_os_log(log, TATU_OS_LOG_ERROR, "store refused: %s: %s; erasing it", tatu_err_name(why),
                tatu_err_text(why));
    keep_event(monitor, why, unix_s);
    if (flash->unmount(flash->context) != 0) {
        return TATU_ERR_IO;
    }
    return begin_anew(flash);
}

enum tatu_err tatu_appman_open_store(const struct tatu_appman_flash *flash, const char *root,
                                     const struct tatu_os_monitor *monitor,
                                     const struct tatu_os_log *log, uint64_t unix_s)
{
    uint64_t count;
    TATU_TRY(tatu_os_count(monitor, TATU_APPMAN_STORE_COUNTER, 0, &count));
    TATU_TRY(mount_any(flash, log));
    enum tatu_err err = check_stamp(root, monitor, count);
    if (is_refusal(err)) {
        TATU_TRY(refuse(flash, err, monitor, log, unix_s));
        err = TATU_OK;
    }
    if (err == TATU_OK) {
        err = write_stamp(root, monitor, count);
    }
    if (err != TATU_OK) {
        (void)flash->unmount(flash->context);
    }
    return err;
}
