#include "lists.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filter.h"

#define PATIENCE_MS 2000u /* appman gives up after three seconds */
#define LOOK_UP_MS 60000u /* between two look-ups of the same names */
#define MISSING_MS 5000u  /* the same while nothing was found */
#define KEEP_MS 600000u   /* an address that is no longer answered lives on: a client may have it */

static void answer(struct tatu_list *list, enum tatu_err err)
{
    const uint32_t word = (uint32_t)err;
    if (list->waiting_fd >= 0) {
        (void)send(list->waiting_fd, &word, sizeof(word), MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)close(list->waiting_fd);
        list->waiting_fd = -1;
    }
}

static void drop(struct tatu_lists *lists, struct tatu_list *list)
{
    answer(list, TATU_ERR_STATE);
    if (list->map_fd >= 0) {
        (void)close(list->map_fd);
    }
    if (lists->asking == list) {
        lists->asking = NULL;
    }
    *list = (struct tatu_list){.map_fd = -1, .waiting_fd = -1};
}

static bool has_names(const struct tatu_list *list)
{
    uint8_t literal[16];
    for (size_t i = 0; i < list->allow.host_count; i++) {
        if (tatu_netd_decode_address(list->allow.hosts[i], literal) != TATU_OK) {
            return true;
        }
    }
    return false;
}

/* The list of the group, or a free one. */
static struct tatu_list *find(struct tatu_lists *lists, const char *cgroup)
{
    struct tatu_list *unused = NULL;
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        struct tatu_list *list = &lists->lists[i];
        if (list->used && strcmp(list->allow.cgroup, cgroup) == 0) {
            return list;
        }
        unused = list->used ? unused : list;
    }
    return unused;
}

/* Who may ask nobody needs no DNS either. */
static void put_dns(const struct tatu_lists *lists, struct tatu_list *list)
{
    uint8_t address[16];
    for (size_t i = 0; i < lists->dns_count && list->allow.host_count != 0; i++) {
        tatu_netd_map_ipv4(lists->dns[i], address);
        if (!tatu_netd_has_address(&list->addresses, address) &&
            tatu_netd_put_filter_address(list->map_fd, address, TATU_FILTER_DNS) != TATU_OK) {
            tatu_os_log(lists->log, TATU_OS_LOG_WARNING, "a DNS server is not reachable from %s",
                        list->allow.cgroup);
        }
    }
}

static void remove_dns(const struct tatu_lists *lists, struct tatu_list *list)
{
    uint8_t address[16];
    for (size_t i = 0; i < lists->dns_count; i++) {
        tatu_netd_map_ipv4(lists->dns[i], address);
        if (!tatu_netd_has_address(&list->addresses, address)) {
            tatu_netd_remove_filter_address(list->map_fd, address);
        }
    }
}

static enum tatu_err put_address(struct tatu_list *list, const uint8_t address[16],
                                 uint64_t until_ms)
{
    TATU_TRY(tatu_netd_add_address(&list->addresses, address, until_ms));
    return tatu_netd_put_filter_address(list->map_fd, address, TATU_FILTER_ALL);
}

static enum tatu_err put_literals(const struct tatu_lists *lists, struct tatu_list *list)
{
    uint8_t address[16];
    for (size_t i = 0; i < list->allow.host_count; i++) {
        if (tatu_netd_decode_address(list->allow.hosts[i], address) != TATU_OK) {
            continue;
        }
        const enum tatu_err err = put_address(list, address, TATU_ADDRESS_FOR_EVER);
        if (err == TATU_ERR_ARGUMENT) {
            tatu_os_log(lists->log, TATU_OS_LOG_WARNING, "%s stays out of reach of %s",
                        list->allow.hosts[i], list->allow.cgroup);
        } else {
            TATU_TRY(err);
        }
    }
    return TATU_OK;
}

static void remove_old(const struct tatu_lists *lists, struct tatu_list *list, uint64_t now_ms)
{
    uint8_t address[16];
    while (tatu_netd_expire_address(&list->addresses, now_ms, address) == TATU_OK) {
        tatu_netd_remove_filter_address(list->map_fd, address);
    }
    put_dns(lists, list); /* one of them may have been a DNS server */
}

static bool is_gone(const struct tatu_list *list)
{
    struct stat st;
    return stat(list->allow.cgroup, &st) != 0 && errno == ENOENT;
}

/* Sets the timer to the soonest of what has to be done. */
static void plan(struct tatu_lists *lists)
{
    uint64_t at_ms = UINT64_MAX;
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        const struct tatu_list *list = &lists->lists[i];
        if (list->used && list->waiting_fd >= 0 && list->patience_ms < at_ms) {
            at_ms = list->patience_ms;
        }
        if (list->used && !lists->resolver.busy && list->due_ms < at_ms) {
            at_ms = list->due_ms;
        }
    }
    if (at_ms == UINT64_MAX) {
        tatu_os_clear_timer(lists->loop, &lists->due);
    } else {
        tatu_os_set_timer(lists->loop, &lists->due, at_ms);
    }
}

/* One list whose time has come. */
static void visit(struct tatu_lists *lists, struct tatu_list *list, uint64_t now_ms)
{
    if (list->waiting_fd >= 0 && now_ms >= list->patience_ms) {
        answer(list, TATU_OK);
    }
    if (now_ms < list->due_ms || lists->resolver.busy) {
        return;
    }
    if (is_gone(list)) {
        drop(lists, list);
        return;
    }
    list->due_ms = now_ms + LOOK_UP_MS;
    remove_old(lists, list, now_ms);
    if (lists->up && has_names(list) &&
        tatu_netd_ask_resolver(&lists->resolver, &list->allow) == TATU_OK) {
        lists->asking = list;
    }
}

static void visit_all(struct tatu_lists *lists)
{
    const uint64_t now_ms = tatu_os_now_ms();
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        if (lists->lists[i].used) {
            visit(lists, &lists->lists[i], now_ms);
        }
    }
    plan(lists);
}

static void on_due(struct tatu_os_timer *timer)
{
    visit_all(timer->context);
}

static void take_found(struct tatu_lists *lists, struct tatu_list *list, uint64_t now_ms)
{
    const struct tatu_resolver *resolver = &lists->resolver;
    size_t refused = 0;
    for (size_t i = 0; i < resolver->found_count; i++) {
        refused += put_address(list, resolver->found[i], now_ms + KEEP_MS) != TATU_OK;
    }
    if (refused != 0) {
        tatu_os_log(lists->log, TATU_OS_LOG_WARNING, "%zu found addresses stay out of reach of %s",
                    refused, list->allow.cgroup);
    }
    list->due_ms = now_ms + (resolver->found_count == 0 ? MISSING_MS : LOOK_UP_MS);
    answer(list, TATU_OK);
}

static void on_resolved(struct tatu_os_watch *watch, uint32_t events)
{
    (void)events;
    struct tatu_lists *lists = watch->context;
    if (tatu_netd_finish_resolver(&lists->resolver) != TATU_OK) {
        return;
    }
    if (lists->asking != NULL) {
        take_found(lists, lists->asking, tatu_os_now_ms());
        lists->asking = NULL;
    }
    visit_all(lists);
}

enum tatu_err tatu_netd_start_lists(struct tatu_lists *lists, struct tatu_os_loop *loop,
                                    const struct tatu_os_log *log)
{
    memset(lists, 0, sizeof(*lists));
    lists->loop = loop;
    lists->log = log;
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        lists->lists[i].map_fd = -1;
        lists->lists[i].waiting_fd = -1;
    }
    lists->due = (struct tatu_os_timer){.fire = on_due, .context = lists};
    TATU_TRY(tatu_netd_start_resolver(&lists->resolver));
    lists->resolved = (struct tatu_os_watch){
        .ready = on_resolved, .context = lists, .fd = lists->resolver.done_fd};
    return tatu_os_add_watch(loop, &lists->resolved, EPOLLIN);
}

/* A new map, filled with what is known, then the filter over it: there is no moment without one. */
static enum tatu_err set_up(struct tatu_lists *lists, struct tatu_list *list)
{
    TATU_TRY(tatu_netd_make_filter_map(&list->map_fd));
    TATU_TRY(put_literals(lists, list));
    put_dns(lists, list);
    return tatu_netd_attach_filter(list->map_fd, list->allow.cgroup);
}

void tatu_netd_put_list(struct tatu_lists *lists, const struct tatu_netd_allow *allow, int fd)
{
    struct tatu_list *list = find(lists, allow->cgroup);
    struct tatu_list stranger = {.map_fd = -1, .waiting_fd = fd};
    if (list == NULL) {
        answer(&stranger, TATU_ERR_FULL);
        return;
    }
    drop(lists, list);
    const uint64_t now_ms = tatu_os_now_ms();
    *list = (struct tatu_list){.used = true,
                               .allow = *allow,
                               .map_fd = -1,
                               .waiting_fd = fd,
                               .due_ms = now_ms,
                               .patience_ms = now_ms + PATIENCE_MS};
    const enum tatu_err err = set_up(lists, list);
    if (err != TATU_OK) {
        answer(list, err);
        drop(lists, list);
    } else if (!has_names(list)) {
        answer(list, TATU_OK);
    } else if (!lists->up) {
        answer(list, TATU_ERR_UNREACHABLE);
    }
    visit_all(lists);
}

void tatu_netd_tell_lists(struct tatu_lists *lists, bool up, const uint32_t *dns, size_t dns_count)
{
    const uint64_t now_ms = tatu_os_now_ms();
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        if (lists->lists[i].used) {
            remove_dns(lists, &lists->lists[i]);
            lists->lists[i].due_ms = now_ms;
        }
    }
    lists->up = up;
    lists->dns_count = dns_count;
    for (size_t i = 0; i < dns_count; i++) {
        lists->dns[i] = dns[i];
    }
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        if (lists->lists[i].used) {
            put_dns(lists, &lists->lists[i]);
        }
    }
    visit_all(lists);
}
