/* Landlock: the files an application may open, the one it may start, and whom it may speak to. */
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launch_impl.h"

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define EVERYTHING ((LANDLOCK_ACCESS_FS_IOCTL_DEV << 1) - 1)

/* EXECUTE is about starting a program; a library is mapped, which reading is enough for. Only the
 * program whose headers were looked at may be started, and its loader. */
#define START (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE)

static const struct {
    const char *path;
    uint64_t access;
} rules[] = {
    {"/mnt/app", READ},
    {"/lib", READ},
    {"/lib/ld-musl-armhf.so.1", START},
    {"/usr/lib", READ},
    {"/etc", READ},
    {"/proc", READ},
    {"/run", READ},
    {"/dev", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE},
};

static bool add_rule(int ruleset, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {
        .allowed_access = access,
        .parent_fd = open(path, O_PATH | O_CLOEXEC),
    };
    const bool ok = rule.parent_fd >= 0 && syscall(SYS_landlock_add_rule, ruleset,
                                                   LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    if (rule.parent_fd >= 0) {
        (void)close(rule.parent_fd);
    }
    return ok;
}

bool tatu_launch_restrict_files(const char *program)
{
    /* abstract sockets have no file; applications with a network share one name space of them */
    const struct landlock_ruleset_attr attr = {
        .handled_access_fs = EVERYTHING,
        .scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL,
    };
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    bool ok = ruleset >= 0 && add_rule(ruleset, program, START);
    for (size_t i = 0; ok && i < TATU_COUNT_OF(rules); i++) {
        ok = add_rule(ruleset, rules[i].path, rules[i].access);
    }
    ok = ok && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    if (ruleset >= 0) {
        (void)close(ruleset);
    }
    return ok || tatu_launch_fail("landlock");
}
