/* Namespaces and the container's root: a small read-only tmpfs that binds what an application may
 * see. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launch_impl.h"

#define NEW_ROOT "/run/root"

enum entry_kind { FOLDER, FILE_PLACE };

/* What the root holds, and from where it is bound; all read-only to the application. */
static const struct root_entry {
    const char *place;
    enum entry_kind kind;
    const char *source; /* NULL: only the place */
    unsigned long flags;
} entries[] = {
    {"/mnt", FOLDER, NULL, 0},
    {"/mnt/app", FOLDER, NULL, 0},
    {"/lib", FOLDER, "/lib", MS_NOSUID | MS_NODEV},
    {"/usr", FOLDER, NULL, 0},
    {"/usr/lib", FOLDER, "/usr/lib", MS_NOSUID | MS_NODEV},
    {"/etc", FOLDER, NULL, 0},
    {"/etc/resolv.conf", FILE_PLACE, "/run/resolv.conf", MS_NOSUID | MS_NODEV | MS_NOEXEC},
    {"/proc", FOLDER, NULL, 0},
    {"/run", FOLDER, NULL, 0},
    {"/run/deviceauth", FOLDER, NULL, 0},
    {"/run/control", FILE_PLACE, NULL, 0},
    {"/dev", FOLDER, NULL, 0},
    {"/dev/null", FILE_PLACE, "/dev/null", MS_NOSUID | MS_NOEXEC},
    {"/dev/zero", FILE_PLACE, "/dev/zero", MS_NOSUID | MS_NOEXEC},
    {"/dev/urandom", FILE_PLACE, "/dev/urandom", MS_NOSUID | MS_NOEXEC},
};

static bool in_new_root(const char *place, char *out_path, size_t size)
{
    return snprintf(out_path, size, NEW_ROOT "%s", place) < (int)size;
}

static bool make_place(const char *path, enum entry_kind kind)
{
    if (kind == FOLDER) {
        return mkdir(path, 0755) == 0;
    }
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
    return fd >= 0 && close(fd) == 0;
}

static bool bind_at(const char *source, const char *path, unsigned long flags)
{
    return mount(source, path, NULL, MS_BIND, NULL) == 0 &&
           mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL) == 0;
}

static bool fill_root(void)
{
    for (size_t i = 0; i < TATU_COUNT_OF(entries); i++) {
        char path[TATU_LAUNCH_PATH_MAX];
        const struct root_entry *entry = &entries[i];
        if (!in_new_root(entry->place, path, sizeof(path)) || !make_place(path, entry->kind)) {
            return tatu_launch_fail(entry->place);
        }
        /* a board that is not on a network yet has no resolv.conf */
        if (entry->source != NULL && access(entry->source, F_OK) == 0 &&
            !bind_at(entry->source, path, entry->flags)) {
            return tatu_launch_fail(entry->source);
        }
    }
    return true;
}

static bool mount_own(const struct tatu_launch_spec *spec, const char *body_device)
{
    const unsigned long quiet = MS_NOSUID | MS_NODEV;
    if (mount(body_device, NEW_ROOT "/mnt/app", "asxipfs", MS_RDONLY | quiet, NULL) != 0) {
        return tatu_launch_fail("image");
    }
    if (mount("proc", NEW_ROOT "/proc", "proc", quiet | MS_NOEXEC, "hidepid=2,subset=pid") != 0) {
        return tatu_launch_fail("proc");
    }
    if (mount(spec->control, NEW_ROOT "/run/control", NULL, MS_BIND, NULL) != 0) {
        return tatu_launch_fail("control socket");
    }
    if (spec->deviceauth[0] != '\0' &&
        !bind_at(spec->deviceauth, NEW_ROOT "/run/deviceauth", quiet | MS_NOEXEC)) {
        return tatu_launch_fail("device authentication");
    }
    return true;
}

static bool pivot(void)
{
    if (chdir(NEW_ROOT) != 0 || syscall(SYS_pivot_root, ".", ".") != 0) {
        return tatu_launch_fail("pivot_root");
    }
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) {
        return tatu_launch_fail("old root");
    }
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
              NULL) != 0) {
        return tatu_launch_fail("read-only root");
    }
    return true;
}

bool tatu_launch_enter_root(const struct tatu_launch_spec *spec, const char *body_device)
{
    const int spaces =
        CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | (spec->share_net != 0 ? 0 : CLONE_NEWNET);
    if (unshare(spaces) != 0) {
        return tatu_launch_fail("namespaces");
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return tatu_launch_fail("private mounts");
    }
    if (mkdir(NEW_ROOT, 0700) != 0 && errno != EEXIST) {
        return tatu_launch_fail(NEW_ROOT);
    }
    if (mount("tmpfs", NEW_ROOT, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,nr_inodes=32,mode=755") !=
        0) {
        return tatu_launch_fail("new root");
    }
    return fill_root() && mount_own(spec, body_device) && pivot();
}
