/*
 * SPDX-License-Identifier: GPL-2.0-only
 * A small record on disk that is always either the old or the new one.
 */
#include "qemu/osdep.h"

#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "tatu-store.h"
#include <nettle/sha2.h>
#include <sys/stat.h>

#define BANK_SIZE 8192
#define BANK_COUNT 2
#define MAGIC 0x53554654u /* "TFUS" */
#define VERSION 1
#define AT_MAGIC 0
#define AT_VERSION 4
#define AT_SEQUENCE 8
#define AT_LEN 16
#define AT_PAYLOAD 32

QEMU_BUILD_BUG_ON(AT_PAYLOAD + TATU_STORE_PAYLOAD_MAX + SHA256_DIGEST_SIZE > BANK_SIZE);

static void digest_bank(const uint8_t *bank, size_t len, uint8_t out[SHA256_DIGEST_SIZE])
{
    struct sha256_ctx hash;

    sha256_init(&hash);
    sha256_update(&hash, AT_PAYLOAD + len, bank);
    sha256_digest(&hash, SHA256_DIGEST_SIZE, out);
}

static void fill_bank(uint8_t bank[BANK_SIZE], uint64_t sequence, const uint8_t *payload,
                      size_t len)
{
    memset(bank, 0, BANK_SIZE);
    stl_le_p(bank + AT_MAGIC, MAGIC);
    stl_le_p(bank + AT_VERSION, VERSION);
    stq_le_p(bank + AT_SEQUENCE, sequence);
    stl_le_p(bank + AT_LEN, len);
    memcpy(bank + AT_PAYLOAD, payload, len);
    digest_bank(bank, len, bank + AT_PAYLOAD + len);
}

static bool good_bank(const uint8_t bank[BANK_SIZE], size_t len)
{
    uint8_t digest[SHA256_DIGEST_SIZE];

    if (ldl_le_p(bank + AT_MAGIC) != MAGIC || ldl_le_p(bank + AT_VERSION) != VERSION ||
        ldl_le_p(bank + AT_LEN) != len) {
        return false;
    }
    digest_bank(bank, len, digest);
    return memcmp(digest, bank + AT_PAYLOAD + len, sizeof(digest)) == 0;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len, off_t at)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, bytes, len, at);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes += n;
        at += n;
        len -= n;
    }
    return true;
}

static bool sync_folder(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* A half-made file never has the name: it is written beside and linked when it is whole. */
static bool create_file(const char *path, size_t len, Error **errp)
{
    g_autofree char *work = g_strdup_printf("%s.new", path);
    g_autofree uint8_t *blank = g_malloc0(len);
    uint8_t bank[BANK_SIZE];
    bool ok;
    int fd;

    unlink(work);
    fd = open(work, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot create '%s'", work);
        return false;
    }
    fill_bank(bank, 1, blank, len);
    ok = write_all(fd, bank, BANK_SIZE, BANK_SIZE);
    fill_bank(bank, 2, blank, len);
    ok = ok && write_all(fd, bank, BANK_SIZE, 0) && fsync(fd) == 0 && link(work, path) == 0 &&
         sync_folder(path);
    if (!ok) {
        error_setg_errno(errp, errno, "cannot create '%s'", path);
    }
    close(fd);
    unlink(work);
    return ok;
}

static bool open_file(TatuStore *store, Error **errp)
{
    struct stat st;

    store->fd = open(store->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (store->fd < 0) {
        error_setg_errno(errp, errno, "cannot open '%s'", store->path);
        return false;
    }
    if (fstat(store->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != BANK_SIZE * BANK_COUNT) {
        error_setg(errp, "'%s' is not a fuse file: it must have %d bytes", store->path,
                   BANK_SIZE * BANK_COUNT);
        return false;
    }
    if (st.st_mode & 077) {
        error_setg(errp, "'%s' holds secrets and others may open it: chmod 600 it", store->path);
        return false;
    }
    if (qemu_lock_fd(store->fd, 0, 0, true) < 0) {
        error_setg(errp, "'%s' is in use by another chip", store->path);
        return false;
    }
    return true;
}

static bool read_newest(TatuStore *store, uint8_t *payload, size_t len, Error **errp)
{
    uint8_t bank[BANK_SIZE];
    bool found = false;

    for (int i = 0; i < BANK_COUNT; i++) {
        uint64_t sequence;

        if (pread(store->fd, bank, BANK_SIZE, i * BANK_SIZE) != BANK_SIZE ||
            !good_bank(bank, len)) {
            continue;
        }
        sequence = ldq_le_p(bank + AT_SEQUENCE);
        if (sequence % BANK_COUNT != i || (found && sequence < store->sequence)) {
            continue;
        }
        found = true;
        store->sequence = sequence;
        memcpy(payload, bank + AT_PAYLOAD, len);
    }
    if (!found) {
        error_setg(errp, "'%s' is damaged: neither of its two copies is valid", store->path);
    }
    return found;
}

bool tatu_store_open(TatuStore *store, const char *path, bool create, uint8_t *payload, size_t len,
                     Error **errp)
{
    assert(len <= TATU_STORE_PAYLOAD_MAX);
    store->path = g_strdup(path);
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        if (!create) {
            error_setg(errp, "there is no fuse file '%s' (blank=on makes one)", path);
            return false;
        }
        if (!create_file(path, len, errp)) {
            return false;
        }
    }
    return open_file(store, errp) && read_newest(store, payload, len, errp);
}

void tatu_store_commit(TatuStore *store, const uint8_t *payload, size_t len)
{
    uint8_t bank[BANK_SIZE];
    uint64_t sequence = store->sequence + 1;

    fill_bank(bank, sequence, payload, len);
    if (!write_all(store->fd, bank, BANK_SIZE, (sequence % BANK_COUNT) * BANK_SIZE) ||
        fdatasync(store->fd) != 0) {
        error_report("'%s' cannot be written: %s; the chip stops", store->path, strerror(errno));
        exit(EXIT_FAILURE);
    }
    store->sequence = sequence;
}
