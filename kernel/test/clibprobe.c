/* Process 1 of a test: everything of the C library that waits does wait, and what needs the kernel's help has it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 50

static uint64_t started;

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void begin(void)
{
    errno = 0;
    started = now_ms();
}

static void waited(const char *what)
{
    uint64_t took = now_ms() - started;

    printf("[LIBC] %s %s waits (%d ms, errno %d)\n", took >= WAIT_MS - 1 && took < 20 * WAIT_MS ? "pass" : "FAIL", what,
           (int)took, errno);
}

static void works(const char *what, int yes)
{
    printf("[LIBC] %s %s (errno %d)\n", yes ? "pass" : "FAIL", what, errno);
}

static struct timespec soon(clockid_t clock)
{
    struct timespec at;

    clock_gettime(clock, &at);
    at.tv_nsec += WAIT_MS * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

static void on_alarm(int number)
{
    (void)number;
}

static void sleeping(void)
{
    struct timespec rest = {0, WAIT_MS * 1000000}, at = soon(CLOCK_MONOTONIC);
    struct itimerval once = {.it_value = {0, WAIT_MS * 1000}};

    begin();
    nanosleep(&rest, NULL);
    waited("nanosleep");
    begin();
    usleep(WAIT_MS * 1000);
    waited("usleep");
    begin();
    at = soon(CLOCK_MONOTONIC);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
    waited("clock_nanosleep");
    signal(SIGALRM, on_alarm);
    begin();
    setitimer(ITIMER_REAL, &once, NULL);
    pause();
    waited("setitimer");
}

static void descriptors(void)
{
    struct timespec rest = {0, WAIT_MS * 1000000};
    struct timeval patience = {0, WAIT_MS * 1000};
    struct itimerspec once = {.it_value = {0, WAIT_MS * 1000000}};
    struct epoll_event event;
    uint64_t count;
    char byte;
    int pair[2], fd;

    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    struct pollfd one = {pair[0], POLLIN, 0};
    fd_set set;
    begin();
    poll(&one, 1, WAIT_MS);
    waited("poll");
    begin();
    ppoll(&one, 1, &rest, NULL);
    waited("ppoll");
    FD_ZERO(&set);
    FD_SET(pair[0], &set);
    begin();
    select(pair[0] + 1, &set, NULL, NULL, &patience);
    waited("select");
    patience.tv_usec = WAIT_MS * 1000;
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    begin();
    recv(pair[0], &byte, 1, 0);
    waited("a socket's timeout");
    fd = epoll_create1(0);
    begin();
    epoll_wait(fd, &event, 1, WAIT_MS);
    waited("epoll");
    fd = timerfd_create(CLOCK_MONOTONIC, 0);
    begin();
    timerfd_settime(fd, 0, &once, NULL);
    works("timerfd is read", read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count));
    waited("timerfd");
    works("eventfd", eventfd(0, 0) >= 0);
    works("inotify", inotify_init1(0) >= 0);
}

static void *other(void *context)
{
    return context;
}

static void threads(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    struct timespec at;
    pthread_t thread;
    void *result = NULL;
    sem_t semaphore;
    sigset_t signals;
    struct timespec rest = {0, WAIT_MS * 1000000};

    works("a thread", pthread_create(&thread, NULL, other, &semaphore) == 0 && pthread_join(thread, &result) == 0 &&
                          result == &semaphore);
    pthread_mutex_lock(&mutex);
    begin();
    at = soon(CLOCK_REALTIME);
    pthread_cond_timedwait(&condition, &mutex, &at);
    waited("a condition");
    begin();
    at = soon(CLOCK_REALTIME);
    pthread_mutex_timedlock(&mutex, &at);
    waited("a mutex");
    sem_init(&semaphore, 0, 0);
    begin();
    at = soon(CLOCK_REALTIME);
    sem_timedwait(&semaphore, &at);
    waited("a semaphore");
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    begin();
    sigtimedwait(&signals, NULL, &rest);
    waited("a signal");
}

static void clocks(void)
{
    struct timespec now;
    struct timeval day = {UINT32_MAX, 0}; /* after 2038 */

    works("the clock is set from the RTC", clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec > 1700000000);
    works("the clock goes past 2038", settimeofday(&day, NULL) == 0 && time(NULL) >= (time_t)UINT32_MAX);
    works("a file's time goes past 2038", mount("tmpfs", "/run", "tmpfs", 0, NULL) == 0 &&
                                              open("/run/file", O_CREAT | O_RDWR, 0600) >= 0);
    struct stat info;
    works("and is read back", stat("/run/file", &info) == 0 && info.st_mtime >= (time_t)UINT32_MAX);
}

static void isolation(void)
{
    int status = 1;
    pid_t pid = fork();

    if (pid == 0) {
        _exit(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                      CLONE_NEWCGROUP) == 0
                  ? 0
                  : errno);
    }
    works("fork", pid > 0 && waitpid(pid, &status, 0) == pid);
    errno = WEXITSTATUS(status);
    works("all namespaces", status == 0);
    works("message queues", mq_open("/probe", O_CREAT | O_RDWR, 0600, NULL) >= 0);
    works("no packet sockets", socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EAFNOSUPPORT);
    works("no /dev/mem", access("/dev/mem", F_OK) != 0 && access("/dev/kmem", F_OK) != 0);
    works("four flash windows", access("/dev/mtdblock3", F_OK) == 0 && access("/dev/mtdblock4", F_OK) != 0);
    works("which nobody writes", write(open("/dev/mtdblock1", O_RDWR), "x", 1) < 0);
    works("nor as blocks", write(open("/dev/mtdblock3", O_RDWR), "x", 1) < 0);
    works("nor as flash", open("/dev/mtd0", O_RDWR) < 0 && open("/dev/mtd1", O_RDWR) < 0 && open("/dev/mtd2", O_RDWR) < 0);
}

/* Of each length every byte is filled, and nothing behind it: a byte that stays zero in 32 tries was not. */
static int fills(ssize_t (*get)(void *, size_t))
{
    for (size_t len = 1; len < 200; len++) {
        uint8_t seen[201] = {0};

        for (int i = 0; i < 32; i++) {
            uint8_t bytes[201] = {0};

            if (get(bytes, len) != (ssize_t)len) {
                return 0;
            }
            for (size_t at = 0; at < sizeof(bytes); at++) {
                seen[at] |= bytes[at];
            }
        }
        if (memchr(seen, 0, len) != NULL || seen[len] != 0) {
            return 0;
        }
    }
    return 1;
}

static ssize_t get_random(void *out, size_t len)
{
    return getrandom(out, len, 0);
}

static ssize_t get_entropy(void *out, size_t len)
{
    return getentropy(out, len) == 0 ? (ssize_t)len : -1;
}

static ssize_t read_device(void *out, size_t len)
{
    static int fd = -1;

    fd = fd < 0 ? open("/dev/urandom", O_RDONLY) : fd;
    return read(fd, out, len);
}

static void random_bytes(void)
{
    works("getrandom fills every length", fills(get_random));
    works("getentropy", fills(get_entropy));
    works("/dev/urandom", fills(read_device));
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    sleeping();
    descriptors();
    threads();
    clocks();
    isolation();
    random_bytes();
    printf("[LIBC] done\n");
    fflush(stdout);
    sleep(1);
    reboot(RB_POWER_OFF);
    return 0;
}
