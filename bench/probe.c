/* Tells what the processes of a running board keep in memory, and how often they woke, without
 * changing them: it is started as process 1, leaves a child behind, and becomes the real appman.
 * The child reads /proc, as root and in appman's own namespaces, and writes one line a process to
 * the kernel's log.
 *
 * The kernel has no per-page accounting (no smaps), so of each process there is what statm and
 * status say: resident, resident from files, and the highest it ever was. Pages of files that
 * several processes map are counted once in "Mapped" of meminfo. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APPMAN "/usr/bin/real/appman"
#define PAGE_KIB 4u
#define EVERY_S 2u
#define TEXT_MAX 2048u

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    char line[200];
    va_list list;
    int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

    if (fd < 0) {
        return;
    }
    va_start(list, format);
    (void)vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    (void)!write(fd, line, strlen(line));
    (void)close(fd);
}

/* A file of /proc as text; false when the process is gone meanwhile. */
static bool read_text(const char *folder, const char *name, char out[TEXT_MAX])
{
    char path[300];
    int fd;
    ssize_t len;

    (void)snprintf(path, sizeof(path), "/proc/%s%s", folder, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    len = fd < 0 ? -1 : read(fd, out, TEXT_MAX - 1);
    if (fd >= 0) {
        (void)close(fd);
    }
    out[len > 0 ? len : 0] = '\0';
    return len > 0;
}

static unsigned long number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    return at == NULL ? 0 : strtoul(at + strlen(key), NULL, 10);
}

static void tell_process(unsigned round, const char *pid)
{
    static char statm[TEXT_MAX], status[TEXT_MAX], name[TEXT_MAX];
    unsigned long size = 0, resident = 0, shared = 0;

    if (!read_text(pid, "/statm", statm) || !read_text(pid, "/status", status) ||
        !read_text(pid, "/comm", name) ||
        sscanf(statm, "%lu %lu %lu", &size, &resident, &shared) != 3 || size == 0) {
        return; /* gone, or of the kernel */
    }
    name[strcspn(name, "\n")] = '\0';
    tell("<5>probe: %u process %s %s resident %lu files %lu peak %lu wakes %lu\n", round,
         strtol(pid, NULL, 10) == (long)getpid() ? "-" : pid, name, resident * PAGE_KIB,
         shared * PAGE_KIB, number_after(status, "VmHWM:"),
         number_after(status, "\nvoluntary_ctxt_switches:"));
}

static void tell_round(unsigned round)
{
    static char meminfo[TEXT_MAX];
    DIR *folder = opendir("/proc");

    if (folder == NULL || !read_text("", "meminfo", meminfo)) {
        return; /* appman has not mounted it yet */
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (isdigit((unsigned char)entry->d_name[0])) {
            tell_process(round, entry->d_name);
        }
    }
    (void)closedir(folder);
    tell("<5>probe: %u whole anonymous %lu mapped %lu available %lu\n", round,
         number_after(meminfo, "AnonPages:"), number_after(meminfo, "Mapped:"),
         number_after(meminfo, "MemAvailable:"));
}

int main(int argc, char **argv)
{
    (void)argc;
    if (fork() != 0) {
        (void)execv(APPMAN, argv);
        tell("<3>probe: no %s\n", APPMAN);
        return 1;
    }
    for (unsigned round = 1;; round++) {
        (void)sleep(EVERY_S);
        tell_round(round);
    }
}
