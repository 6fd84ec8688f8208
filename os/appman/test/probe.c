/* An application that tries what the system offers and tells of it: "NAME ok" or "NAME errno N".
 * The first argument chooses what it does. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define STORAGE_OPEN 0x10u
#define STORAGE_DELETE 0x11u
#define STORAGE_QUOTA 0x12u
#define MEMORY 0x20u
#define OS_VERSION 0x21u
#define REBOOT 0x30u
#define POWER_DOWN 0x31u
#define POWER_PROFILE 0x32u
#define EVENTS 0x40u
#define DEFER 0x41u
#define RESUME 0x42u
#define SET_TIME 0x50u
#define SET_RTC 0x51u
#define NET_READY 0x100u
#define NET_APPLY 0x104u
#define CERT_FIRST 0x200u

struct answer {
    uint32_t err;
    uint32_t number;
    uint8_t payload[4088];
};

static struct answer answer;
static ssize_t answer_len;

static int connect_control(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/control"};
    const struct timeval patience = {5, 0};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        printf("control errno %d\n", errno);
        exit(1);
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

static int receive(int fd)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct iovec part = {&answer, sizeof(answer)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    int given = -1;

    answer = (struct answer){.err = 18, .number = EIO};
    answer_len = recvmsg(fd, &message, 0);
    if (answer_len >= 8 && CMSG_FIRSTHDR(&message) != NULL) {
        memcpy(&given, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(given));
    }
    return given;
}

/* The descriptor that came, or -1. */
static int ask_with(uint32_t op, uint32_t a, uint32_t b, const void *payload, size_t len)
{
    uint8_t request[64] = {0};
    uint32_t words[4] = {op, a, b, 0};
    int fd = connect_control(), given;

    memcpy(request, words, sizeof(words));
    memcpy(request + 16, payload, len);
    if (send(fd, request, 16 + len, 0) < 0) {
        printf("send errno %d\n", errno);
    }
    given = receive(fd);
    close(fd);
    return given;
}

static int ask(uint32_t op, uint32_t a, uint32_t b)
{
    return ask_with(op, a, b, "", 0);
}

static void tell(const char *what)
{
    if (answer.err == 0) {
        printf("%s ok\n", what);
    } else {
        printf("%s errno %u\n", what, answer.number);
    }
}

static uint32_t word(size_t i)
{
    uint32_t value;

    memcpy(&value, answer.payload + 4 * i, sizeof(value));
    return value;
}

/* ---- storage ---- */

static void fill_storage(int fd)
{
    static char page[4096];
    size_t done = 0;
    ssize_t put;

    memset(page, 'A', sizeof(page));
    (void)lseek(fd, 0, SEEK_SET);
    while ((put = write(fd, page, sizeof(page))) > 0) {
        done += (size_t)put;
    }
    printf("storage full after %zu errno %d\n", done, errno);
    printf("storage beyond %s\n", ftruncate(fd, (off_t)done + 1) != 0 ? "refused" : "BROKEN");
    printf("storage far %s\n", pwrite(fd, page, 1, 1 << 20) < 0 ? "refused" : "BROKEN");
}

/* Cut off and grown again, nothing of what was there is seen. */
static void look_for_old_data(int fd)
{
    static char page[4096];
    size_t seen = 0;

    (void)!ftruncate(fd, 10);
    (void)!ftruncate(fd, 4096);
    if (pread(fd, page, sizeof(page), 0) == sizeof(page)) {
        for (size_t i = 10; i < sizeof(page); i++) {
            seen += page[i] != 0;
        }
    }
    printf("storage old bytes %zu\n", seen);
}

static void try_storage(void)
{
    char text[64] = {0};
    struct stat info;
    int fd = ask(STORAGE_OPEN, 0, 0);

    tell("storage open");
    if (fd < 0) {
        return;
    }
    (void)!read(fd, text, 40);
    printf("storage held '%s'\n", text);
    (void)fstat(fd, &info);
    printf("storage owner %u mode %o\n", info.st_uid, info.st_mode & 07777);
    fill_storage(fd);
    look_for_old_data(fd);
    (void)!ftruncate(fd, 0);
    (void)snprintf(text, sizeof(text), "kept %ld", (long)time(NULL));
    (void)!pwrite(fd, text, strlen(text), 0);
    (void)fsync(fd);
    close(fd);
    (void)ask(STORAGE_QUOTA, 0, 0);
    printf("storage quota %u of %u\n", word(0), word(1));
}

/* Many small pieces in many places: a file system that keeps each must not run out of room. */
static void hammer_storage(void)
{
    int fd = ask(STORAGE_OPEN, 0, 0);
    size_t failed = 0, count = 0;

    (void)ask(STORAGE_QUOTA, 0, 0);
    for (off_t at = (off_t)word(1) - 2; at >= 0; at -= 4) {
        failed += pwrite(fd, "x", 1, at) != 1;
        count++;
    }
    printf("storage hammered %zu failed %zu\n", count, failed);
    (void)!ftruncate(fd, 0);
    (void)!pwrite(fd, "kept hammered", 13, 0);
    close(fd);
}

/* ---- everything at once ---- */

static void try_time(void)
{
    struct {
        int64_t seconds;
        uint32_t nanoseconds;
        uint32_t zero;
    } at = {time(NULL) + 100, 0, 0};
    time_t before = time(NULL);

    (void)ask_with(SET_TIME, 0, 0, &at, sizeof(at));
    tell("set time");
    printf("time moved %ld\n", (long)(time(NULL) - before) / 10 * 10);
    (void)ask(SET_RTC, 0, 0);
    tell("set rtc");
}

/* Milliseconds of the processor that this process had, of 500 in which it wanted all of them. */
static long measure_processor(void)
{
    struct timespec now, used;
    long start_ms, at_ms, before_ms;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    before_ms = used.tv_sec * 1000 + used.tv_nsec / 1000000;
    start_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
    do {
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        at_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
    } while (at_ms < start_ms + 500);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (used.tv_sec * 1000 + used.tv_nsec / 1000000 - before_ms) * 500 / (at_ms - start_ms);
}

static void try_profiles(void)
{
    long had[3];

    for (uint32_t profile = 0; profile < 3; profile++) {
        (void)ask(POWER_PROFILE, 2 - profile, 0);
        tell("profile");
        had[2 - profile] = measure_processor();
    }
    printf("profiles had %ld %ld %ld ms\n", had[0], had[1], had[2]);
    (void)ask(POWER_PROFILE, 1, 0);
    (void)ask(POWER_PROFILE, 3, 0);
    tell("no profile");
}

static void try_all(void)
{
    (void)ask(MEMORY, 0, 0);
    tell("memory");
    printf("memory total %u user %u peak %u KiB\n", word(0) / 1024, word(2) / 1024, word(4) / 1024);
    (void)ask(OS_VERSION, 0, 0);
    printf("version '%.16s'\n", (const char *)answer.payload);
    try_profiles();
    (void)ask(NET_READY, 0, 0);
    printf("net %s '%.24s'\n", answer.err == 0 ? "ok" : "error", (const char *)answer.payload);
    (void)ask(NET_APPLY, 0, 0);
    tell("net apply");
    (void)ask(CERT_FIRST, 7, 0);
    printf("cert %s '%.24s'\n", answer.err == 0 ? "ok" : "error", (const char *)answer.payload);
    (void)ask(0x1001, 0, 0);
    tell("service's request");
    (void)ask(0x8000, 0, 0);
    tell("introduction");
    (void)ask(1, 8, 0);
    tell("gpio");
}

/* What an application without any capability gets. */
static void try_without(void)
{
    static const struct {
        const char *name;
        uint32_t op;
    } ops[] = {{"storage", STORAGE_OPEN}, {"delete", STORAGE_DELETE}, {"quota", STORAGE_QUOTA},
               {"reboot", REBOOT},        {"down", POWER_DOWN},       {"profile", POWER_PROFILE},
               {"events", EVENTS},        {"defer", DEFER},           {"resume", RESUME},
               {"time", SET_TIME},        {"rtc", SET_RTC},           {"apply", NET_APPLY},
               {"cert", CERT_FIRST}};

    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        int fd = ask(ops[i].op, 1, 1);
        printf("without %s errno %u%s\n", ops[i].name, answer.number, fd >= 0 ? " BROKEN" : "");
    }
}

/* ---- parts ---- */

static void listen_to_events(void)
{
    uint32_t request[4] = {EVENTS, 7, 0, 0}, event[4];
    int deferred = 0;
    int fd = connect_control();
    const struct timeval forever = {0, 0};

    (void)!send(fd, request, sizeof(request), 0);
    (void)receive(fd);
    tell("events");
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
    while (recv(fd, event, sizeof(event), 0) == sizeof(event)) {
        printf("event %u status %u minutes %u type %u\n", event[0], event[1], event[2], event[3]);
        if (event[1] == 1 && !deferred++) {
            (void)ask(DEFER, 1, 2000);
            tell("defer too long");
            (void)ask(DEFER, 1, 5);
            tell("defer");
            (void)ask(RESUME, 1, 0);
            tell("resume");
        }
        fflush(stdout);
    }
}

static void eat(void)
{
    printf("eating\n");
    fflush(stdout);
    for (size_t kib = 0;; kib += 16) {
        char *piece = malloc(16384);

        if (piece == NULL) {
            printf("no memory after %zu KiB\n", kib);
            fflush(stdout);
            pause();
        }
        memset(piece, 1, 16384);
    }
}

/* What is left of rights, as the kernel tells it; and limits. */
static void tell_rights(void)
{
    static const char *const names[] = {"Uid:",    "Gid:",    "Groups:", "CapInh:",     "CapPrm:",
                                        "CapEff:", "CapBnd:", "CapAmb:", "NoNewPrivs:", "Seccomp:"};
    static const struct {
        const char *name;
        int resource;
    } limits[] = {{"stack", RLIMIT_STACK}, {"files", RLIMIT_NOFILE}, {"locked", RLIMIT_MEMLOCK}};
    char line[200];
    FILE *file = fopen("/proc/self/status", "r");

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            if (strncmp(line, names[i], strlen(names[i])) == 0) {
                for (char *at = strchr(line, '\t'); at != NULL; at = strchr(at, '\t')) {
                    *at = ' '; /* in the log it would be a foreign byte */
                }
                printf("has %s", line);
            }
        }
    }
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct rlimit limit = {0};
        (void)getrlimit(limits[i].resource, &limit);
        printf("limit %s %ld %ld\n", limits[i].name, (long)limit.rlim_cur, (long)limit.rlim_max);
    }
}

static void go_deeper(unsigned kib)
{
    volatile char page[16384];

    page[0] = (char)kib;
    printf("deep %u KiB\n", kib);
    if (kib < 1024) {
        go_deeper(kib + 16);
    }
    page[1] = page[0];
}

static void try_clock(void)
{
    struct {
        int64_t seconds;
        uint32_t nanoseconds;
        uint32_t zero;
    } at = {time(NULL) + 1000, 0, 0};

    printf("clock %ld\n", (long)time(NULL));
    (void)ask_with(SET_TIME, 0, 0, &at, sizeof(at));
    tell("set time");
    (void)ask(SET_RTC, 0, 0);
    tell("set rtc");
}

static void ignore(int number)
{
    (void)number;
    printf("asked to end\n");
    fflush(stdout);
}

int main(int count, char **args)
{
    const char *part = count > 1 ? args[1] : "";

    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("begin %s uid %u\n", part, getuid());
    if (strcmp(part, "keeper") == 0) {
        try_storage();
        try_all();
        try_time();
        printf("done\n");
        listen_to_events();
    } else if (strcmp(part, "hammer") == 0) {
        hammer_storage();
        try_storage();
    } else if (strcmp(part, "without") == 0) {
        try_without();
        printf("done\n");
    } else if (strcmp(part, "glutton") == 0) {
        eat();
    } else if (strcmp(part, "deaf") == 0) {
        signal(SIGTERM, ignore);
    } else if (strcmp(part, "ends") == 0) {
        return 7;
    } else if (strcmp(part, "rights") == 0) {
        tell_rights();
        printf("done\n");
    } else if (strcmp(part, "deep") == 0) {
        go_deeper(16);
    } else if (strcmp(part, "clock") == 0) {
        try_clock();
    } else if (strcmp(part, "asleep") == 0) {
        (void)ask(POWER_DOWN, 0, 0);
        tell("asleep");
    } else if (strcmp(part, "down") == 0) {
        (void)ask(POWER_DOWN, 5, 0);
        tell("down");
        (void)ask(POWER_DOWN, 5, 0);
        tell("down again");
    } else if (strcmp(part, "reboot") == 0) {
        (void)ask(REBOOT, 0, 0);
        tell("reboot");
    }
    for (;;) {
        pause();
    }
}
