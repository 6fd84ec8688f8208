#include "clock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <time.h>

#include "addresses.h"
#include "os/lib/vault.h"
#include "socket.h"

#define PORT 123
#define ANSWER_MS 2000u
#define AGAIN_MS 3600000u     /* when it went well */
#define FAILED_FIRST_MS 8000u /* when nobody could be asked */
#define FAILED_MAX_MS 900000u
#define LOOK_MS 60000u
#define BOUNDS_FILE "/run/netd.time" /* for netd after a restart: appman made it for netd alone */
#define STEP_NS INT64_C(500000000)   /* less is slewed */
#define NS_PER_S INT64_C(1000000000)

static void go_on(struct tatu_clock *clock);

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* ---- what is known of true time ---- */

static void keep_bounds(const struct tatu_clock *clock)
{
    const int fd = open(BOUNDS_FILE, O_WRONLY | O_CLOEXEC);
    if (fd < 0 ||
        write(fd, &clock->bounds, sizeof(clock->bounds)) != (ssize_t)sizeof(clock->bounds)) {
        tatu_os_log(clock->log, TATU_OS_LOG_WARNING, "%s", BOUNDS_FILE " is not written");
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* Of a life before this one, in the same boot. */
static void restore_bounds(struct tatu_clock *clock)
{
    struct tatu_os_time_bounds bounds;
    const int fd = open(BOUNDS_FILE, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, &bounds, sizeof(bounds)) == (ssize_t)sizeof(bounds)) {
            clock->bounds = bounds;
        }
        (void)close(fd);
    }
}

static void look_at_floor(struct tatu_clock *clock)
{
    struct tatu_vault_info info;
    const bool first = clock->bounds.last_look_ms == 0;
    if (tatu_os_get_vault_info(clock->monitor, &info) != TATU_OK) {
        return;
    }
    if (tatu_os_tell_floor(&clock->bounds, info.time_floor_s, tatu_os_now_ms()) || first) {
        keep_bounds(clock);
    }
}

static void on_look_due(struct tatu_os_timer *timer)
{
    struct tatu_clock *clock = timer->context;
    look_at_floor(clock);
    tatu_os_set_timer(clock->loop, timer, tatu_os_now_ms() + LOOK_MS);
}

/* ---- who is asked ---- */

/* The n-th server in the order of the configuration: "" when there is none. */
static void get_server(const struct tatu_clock *clock, size_t n, char out[TATU_NET_HOST_SIZE])
{
    const struct tatu_net_ntp *ntp = &clock->config->ntp;
    const char *list[TATU_CLOCK_SERVER_MAX] = {0};
    char texts[TATU_NET_NTP_MAX][INET6_ADDRSTRLEN];
    size_t count = 0;
    if (ntp->mode == TATU_NET_NTP_CUSTOM) {
        list[count++] = ntp->primary;
        list[count++] = ntp->secondary;
    } else if (ntp->mode == TATU_NET_NTP_AUTOMATIC) {
        for (size_t i = 0; i < clock->network_count; i++) {
            const bool ipv4 = tatu_net_is_ipv4(clock->network[i]);
            list[count++] =
                inet_ntop(ipv4 ? AF_INET : AF_INET6, clock->network[i] + (ipv4 ? 12 : 0), texts[i],
                          sizeof(texts[i]));
        }
    }
    if (ntp->mode == TATU_NET_NTP_DEFAULT || ntp->fallback == 1) {
        list[count++] = clock->default_server;
    }
    size_t at = 0;
    while (at < count && (list[at][0] == '\0' || n != 0)) {
        n -= list[at++][0] != '\0';
    }
    memset(out, 0, TATU_NET_HOST_SIZE);
    if (at < count) {
        memcpy(out, list[at], strlen(list[at]));
    }
}

/* ---- one exchange ---- */

static void close_socket(struct tatu_clock *clock)
{
    if (clock->watch.fd >= 0) {
        tatu_os_remove_watch(clock->loop, &clock->watch);
        (void)close(clock->watch.fd);
        clock->watch.fd = -1;
    }
}

static void stop(struct tatu_clock *clock)
{
    close_socket(clock);
    tatu_netd_stop_lookup(&clock->lookup);
    tatu_os_clear_timer(clock->loop, &clock->due);
    clock->asking = false;
}

static void note_sync(struct tatu_clock *clock, int64_t before_ns, int64_t after_ns,
                      uint8_t stratum)
{
    clock->synced = true;
    clock->stratum = (uint8_t)(stratum + 1);
    clock->last = (struct tatu_net_sync){.before_s = before_ns / NS_PER_S,
                                         .before_ns = (uint32_t)(before_ns % NS_PER_S),
                                         .after_s = after_ns / NS_PER_S,
                                         .after_ns = (uint32_t)(after_ns % NS_PER_S)};
    memcpy(clock->last.server, clock->server, sizeof(clock->last.server));
}

static enum tatu_err move_clock(int64_t before_ns, int64_t offset_ns)
{
    const int64_t after_ns = before_ns + offset_ns;
    if (offset_ns < STEP_NS && offset_ns > -STEP_NS) {
        const struct timeval delta = {(time_t)(offset_ns / NS_PER_S),
                                      (suseconds_t)(offset_ns % NS_PER_S / 1000)};
        return adjtime(&delta, NULL) == 0 ? TATU_OK : TATU_ERR_CLOCK;
    }
    const struct timespec to = {(time_t)(after_ns / NS_PER_S), (long)(after_ns % NS_PER_S)};
    return clock_settime(CLOCK_REALTIME, &to) == 0 ? TATU_OK : TATU_ERR_CLOCK;
}

/* Signed time that came while the clock was set has the last word. */
static enum tatu_err look_again(struct tatu_clock *clock)
{
    const int64_t now_s = now_ns() / NS_PER_S;
    look_at_floor(clock);
    const struct timespec to = {
        .tv_sec = (time_t)tatu_os_correct_time(&clock->bounds, now_s, tatu_os_now_ms())};
    if (to.tv_sec == now_s) {
        return TATU_OK;
    }
    (void)clock_settime(CLOCK_REALTIME, &to);
    return TATU_ERR_CLOCK;
}

/* Within the bounds, or not at all. */
static enum tatu_err apply(struct tatu_clock *clock, const struct tatu_sntp_answer *answer)
{
    const int64_t before_ns = now_ns();
    const int64_t after_ns = before_ns + answer->offset_ns;
    look_at_floor(clock);
    TATU_TRY(tatu_os_check_time(&clock->bounds, after_ns / NS_PER_S, tatu_os_now_ms()));
    TATU_TRY(move_clock(before_ns, answer->offset_ns));
    TATU_TRY(look_again(clock));
    note_sync(clock, before_ns, after_ns, answer->stratum);
    return TATU_OK;
}

static void on_answer(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_clock *clock = watch->context;
    uint8_t in[TATU_SNTP_SIZE + 1];
    struct tatu_sntp_answer answer;
    const int64_t got_ns = now_ns();
    const ssize_t len = recv(watch->fd, in, sizeof(in), MSG_DONTWAIT);
    (void)events;
    if (len < 0) {
        go_on(clock);
        return;
    }
    enum tatu_err err = tatu_netd_decode_sntp_answer((struct tatu_span){in, (size_t)len},
                                                     &clock->ask, got_ns, &answer);
    if (err == TATU_ERR_FOREIGN || err == TATU_ERR_SHORT || err == TATU_ERR_TYPE) {
        return; /* not of who was asked: the true answer may still come */
    }
    if (err == TATU_OK) {
        err = apply(clock, &answer);
    }
    if (err != TATU_OK) {
        tatu_os_log(clock->log, TATU_OS_LOG_WARNING, "time of %s is not taken: %s", clock->server,
                    tatu_err_name(err));
        go_on(clock);
        return;
    }
    tatu_os_log(clock->log, TATU_OS_LOG_INFO, "time of %s, %+lld ms", clock->server,
                (long long)(answer.offset_ns / 1000000));
    stop(clock);
    clock->failures = 0;
    tatu_os_set_timer(clock->loop, &clock->due, tatu_os_now_ms() + AGAIN_MS);
}

static void ask_address(struct tatu_clock *clock, const uint8_t address[16])
{
    uint8_t message[TATU_SNTP_SIZE];
    clock->watch.fd = netd_connect(SOCK_DGRAM, "", address, PORT);
    clock->ask = (struct tatu_sntp_ask){.cookie = netd_random(), .sent_ns = now_ns()};
    tatu_netd_encode_sntp_ask(&clock->ask, message);
    if (clock->watch.fd >= 0 &&
        (send(clock->watch.fd, message, sizeof(message), MSG_NOSIGNAL) != sizeof(message) ||
         tatu_os_add_watch(clock->loop, &clock->watch, EPOLLIN) != TATU_OK)) {
        (void)close(clock->watch.fd);
        clock->watch.fd = -1;
    }
    /* without a socket the time for the answer runs too */
    tatu_os_set_timer(clock->loop, &clock->due, tatu_os_now_ms() + ANSWER_MS);
}

static void on_name(struct tatu_lookup *lookup, enum tatu_err err)
{
    struct tatu_clock *clock = lookup->context;
    if (err == TATU_OK && lookup->answer.count != 0) {
        ask_address(clock, lookup->answer.found[0]);
    } else if (err == TATU_OK && lookup->question.type == TATU_DNS_A) {
        tatu_netd_start_lookup(clock->resolver, lookup, clock->server, TATU_DNS_AAAA);
    } else {
        go_on(clock);
    }
}

/* The next server; when all were asked, later again. */
static void go_on(struct tatu_clock *clock)
{
    uint8_t address[16];
    close_socket(clock);
    get_server(clock, clock->next++, clock->server);
    if (clock->server[0] == '\0') {
        stop(clock);
        tatu_os_set_timer(clock->loop, &clock->due,
                          tatu_os_now_ms() + tatu_os_get_backoff(clock->failures++, FAILED_FIRST_MS,
                                                                 FAILED_MAX_MS));
    } else if (tatu_netd_decode_address(clock->server, address) == TATU_OK) {
        ask_address(clock, address);
    } else {
        tatu_netd_start_lookup(clock->resolver, &clock->lookup, clock->server, TATU_DNS_A);
    }
}

static void on_due(struct tatu_os_timer *timer)
{
    struct tatu_clock *clock = timer->context;
    if (!clock->asking) {
        clock->asking = true;
        clock->next = 0;
    }
    go_on(clock);
}

void tatu_netd_start_clock(struct tatu_clock *clock)
{
    clock->watch = (struct tatu_os_watch){.ready = on_answer, .context = clock, .fd = -1};
    clock->due = (struct tatu_os_timer){.fire = on_due, .context = clock};
    clock->lookup.done = on_name;
    clock->lookup.context = clock;
    clock->look_due = (struct tatu_os_timer){.fire = on_look_due, .context = clock};
    restore_bounds(clock);
    on_look_due(&clock->look_due);
}

void tatu_netd_tell_clock(struct tatu_clock *clock, bool up,
                          const uint8_t network[TATU_NET_NTP_MAX][16], size_t network_count)
{
    stop(clock);
    clock->up = up;
    clock->failures = 0;
    clock->network_count = network_count;
    memcpy(clock->network, network, network_count * 16);
    if (up && clock->config->time_sync == 1) {
        tatu_os_set_timer(clock->loop, &clock->due, tatu_os_now_ms());
    }
}

bool tatu_netd_is_time_set(struct tatu_clock *clock)
{
    if (!clock->synced && !tatu_os_has_signed_time(&clock->bounds)) {
        look_at_floor(clock);
    }
    return clock->synced || tatu_os_has_signed_time(&clock->bounds);
}
