/* In the place of process 1: becomes the real appman, and leaves a child behind that tells as whom
 * crashd is seen, and with what, once it is no longer root; and the walls of each service, once. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APPMAN "/usr/bin/real/appman"
#define STEP_US 500

static void tell(const char *line)
{
    char text[400];
    const int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
    const int len = snprintf(text, sizeof(text), "<5>watch: %s\n", line);

    (void)!write(fd, text, (size_t)len);
    (void)close(fd);
}

/* The value of a line of the status, blanks made one; empty when it is not there. */
static void take(const char *status, const char *name, char out[80])
{
    const char *at = strstr(status, name);
    size_t len = 0;

    at = at == NULL ? "" : at + strlen(name);
    for (; *at != '\0' && *at != '\n' && len < 79; at++) {
        out[len++] = isspace((unsigned char)*at) ? ' ' : *at;
    }
    out[len] = '\0';
}

static void look_at_service(const char *status)
{
    static const char *const services[] = {"netd", "attestd", "updated", "gatewayd"};
    static bool told[sizeof(services) / sizeof(services[0])];
    char name[80], line[360], seccomp[80], filters[80], bounding[80];
    take(status, "Name:\t", name);
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (!told[i] && strcmp(name, services[i]) == 0) {
            told[i] = true;
            take(status, "\nSeccomp:", seccomp);
            take(status, "\nSeccomp_filters:", filters);
            take(status, "\nCapBnd:", bounding);
            (void)snprintf(line, sizeof(line), "%s seccomp%s filters%s bounding%s", name, seccomp,
                           filters, bounding);
            tell(line);
        }
    }
}

static void look_at(const char *pid)
{
    char path[300], status[2048], ids[80], groups[80], rights[80], line[300];
    (void)snprintf(path, sizeof(path), "/proc/%s/status", pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t len = read(fd, status, sizeof(status) - 1);

    (void)close(fd);
    status[len < 0 ? 0 : len] = '\0';
    look_at_service(status);
    take(status, "\nUid:", ids);
    if (strncmp(status, "Name:\tcrashd\n", 13) != 0 || strtoul(ids, NULL, 10) == 0) {
        return;
    }
    take(status, "\nGroups:", groups);
    take(status, "\nCapEff:", rights);
    (void)snprintf(line, sizeof(line), "crashd ids%s groups%s rights%s", ids, groups, rights);
    tell(line);
}

static _Noreturn void watch(void)
{
    for (;;) {
        DIR *folder = opendir("/proc");
        struct dirent *entry;

        while (folder != NULL && (entry = readdir(folder)) != NULL) {
            if (isdigit((unsigned char)entry->d_name[0])) {
                look_at(entry->d_name);
            }
        }
        if (folder != NULL) {
            (void)closedir(folder);
        }
        (void)usleep(STEP_US);
    }
}

int main(void)
{
    char *const args[] = {(char[]){"appman"}, NULL}, *const none[] = {NULL};

    if (fork() == 0) {
        watch();
    }
    (void)execve(APPMAN, args, none);
    return 1;
}
