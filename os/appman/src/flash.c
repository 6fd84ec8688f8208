/* The store's flash: a memory device named "store", and JFFS2 on it. */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/lib/store.h"

#define DEVICE "mtd:store"
#define NAME "\"store\""
#define FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW | MS_NOATIME)
/* What only root may fill, so that the system can always write what it has to. */
#define OPTIONS "rp_size=32"

static int mount_store(void *context)
{
    (void)context;
    return mount(DEVICE, TATU_OS_STORE, "jffs2", FLAGS, OPTIONS) == 0 ? 0 : errno;
}

static int unmount_store(void *context)
{
    (void)context;
    return umount2(TATU_OS_STORE, 0) == 0 ? 0 : errno;
}

/* The number of the device of that name; -1: there is none. */
static int find_device(void)
{
    char line[128];
    int number = -1;
    FILE *file = fopen("/proc/mtd", "re");
    while (file != NULL && number < 0 && fgets(line, sizeof(line), file) != NULL) {
        if (strstr(line, NAME) != NULL && sscanf(line, "mtd%d:", &number) != 1) {
            number = -1;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return number;
}

static int erase_all(int fd)
{
    struct mtd_info_user info;
    if (ioctl(fd, MEMGETINFO, &info) != 0) {
        return errno;
    }
    for (uint32_t at = 0; at < info.size; at += info.erasesize) {
        struct erase_info_user block = {.start = at, .length = info.erasesize};
        if (ioctl(fd, MEMERASE, &block) != 0) {
            return errno;
        }
    }
    return 0;
}

static int erase_store(void *context)
{
    char path[32];
    const int number = find_device();
    (void)context;
    if (number < 0) {
        return ENODEV;
    }
    (void)snprintf(path, sizeof(path), "/dev/mtd%d", number);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    const int problem = erase_all(fd);
    (void)close(fd);
    return problem;
}

const struct tatu_appman_flash tatu_appman_store_flash = {
    .mount = mount_store, .unmount = unmount_store, .erase = erase_store};

enum tatu_err tatu_appman_mount_memory_store(void)
{
    return mount("tmpfs", TATU_OS_STORE, "tmpfs", FLAGS, "mode=0755,size=512k,nr_inodes=128") == 0
               ? TATU_OK
               : TATU_ERR_IO;
}

enum tatu_err tatu_appman_make_kept(const struct tatu_appman_service *service)
{
    char path[TATU_OS_STORE_PATH_MAX];
    if (service->kept == NULL) {
        return TATU_OK;
    }
    (void)snprintf(path, sizeof(path), TATU_OS_STORE "/%s", service->kept);
    if ((mkdir(path, 0700) != 0 && errno != EEXIST) ||
        chown(path, service->uid, service->gid) != 0) {
        return TATU_ERR_IO;
    }
    return TATU_OK;
}
