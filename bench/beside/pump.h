/* Sends to the host as fast as it goes; who listens there measures. One text for the application
 * and for the process beside it, so that only the firewall differs. */
#ifndef BENCH_PUMP_H
#define BENCH_PUMP_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PUMP_HOST "10.0.2.2"
#define PUMP_S 4

static inline long long pump_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The first line says who sends. */
static inline int pump(unsigned short port, const char *who)
{
    static char bytes[16384];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)inet_pton(AF_INET, PUMP_HOST, &address.sin_addr);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        write(fd, who, strlen(who)) < 0) {
        (void)close(fd);
        return -1;
    }
    for (const long long end = pump_now_us() + PUMP_S * 1000000LL; pump_now_us() < end;) {
        if (write(fd, bytes, sizeof(bytes)) < 0) {
            break;
        }
    }
    return close(fd);
}

#endif
