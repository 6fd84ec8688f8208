#include "lists.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define LOOK_UP_MS 300000u /* between two look-ups of names that nobody asks for */
#define MISSING_MS 5000u   /* the same while nothing was found */
#define KEEP_MS 600000u /* an address that is no longer answered lives on: a client may have it */
#define OS_UID_END 1000u

static void drop(struct tatu_list *list)
{
    tatu_netd_stop_lookup(&list->lookup);
    tatu_netd_close_filter(&list->filter);
    list->used = false;
}

static bool is_name(const char *host)
{
    uint8_t literal[16];
    return tatu_netd_decode_address(host, literal) != TATU_OK;
}

static bool has_names(const struct tatu_list *list)
{
    for (size_t i = 0; i < list->allow.host_count; i++) {
        if (is_name(list->allow.hosts[i])) {
            return true;
        }
    }
    return false;
}

/* The list of the group, or a free one. */
static struct tatu_list *find(struct tatu_lists *lists, const char *group)
{
    struct tatu_list *unused = NULL;
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        struct tatu_list *list = &lists->lists[i];
        if (list->used && strcmp(list->allow.group, group) == 0) {
            return list;
        }
        unused = list->used ? unused : list;
    }
    return unused;
}

static enum tatu_err put_address(struct tatu_list *list, const uint8_t address[16],
                                 uint64_t until_ms)
{
    TATU_TRY(tatu_netd_add_address(&list->addresses, address, until_ms));
    return tatu_netd_put_filter_address(&list->filter, address);
}

static enum tatu_err put_literals(struct tatu_list *list)
{
    uint8_t address[16];
    for (size_t i = 0; i < list->allow.host_count; i++) {
        if (tatu_netd_decode_address(list->allow.hosts[i], address) != TATU_OK) {
            continue;
        }
        const enum tatu_err err = put_address(list, address, TATU_ADDRESS_FOR_EVER);
        if (err == TATU_ERR_ARGUMENT) {
            tatu_os_log(list->lists->log, TATU_OS_LOG_WARNING, "%s stays out of reach of %s",
                        list->allow.hosts[i], list->allow.group);
        } else {
            TATU_TRY(err);
        }
    }
    return TATU_OK;
}

static enum tatu_err put_ports(const struct tatu_list *list)
{
    for (size_t i = 0; i < list->allow.tcp_count; i++) {
        TATU_TRY(tatu_netd_put_filter_port(&list->filter, TATU_FILTER_TCP, list->allow.tcp[i]));
    }
    for (size_t i = 0; i < list->allow.udp_count; i++) {
        TATU_TRY(tatu_netd_put_filter_port(&list->filter, TATU_FILTER_UDP, list->allow.udp[i]));
    }
    return TATU_OK;
}

static void remove_old(struct tatu_list *list, uint64_t now_ms)
{
    uint8_t address[16];
    while (tatu_netd_expire_address(&list->addresses, now_ms, address) == TATU_OK) {
        tatu_netd_remove_filter_address(&list->filter, address);
    }
}

static bool is_gone(const struct tatu_list *list)
{
    struct stat st;
    return stat(list->allow.group, &st) != 0 && errno == ENOENT;
}

/* Applications come and go; those without names are never visited again. */
static void drop_gone(struct tatu_lists *lists)
{
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        if (lists->lists[i].used && is_gone(&lists->lists[i])) {
            drop(&lists->lists[i]);
        }
    }
}

/* Sets the timer to the soonest of what has to be done. */
static void plan(struct tatu_lists *lists)
{
    uint64_t at_ms = UINT64_MAX;
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        const struct tatu_list *list = &lists->lists[i];
        if (list->used && !list->lookup.busy && list->due_ms < at_ms) {
            at_ms = list->due_ms;
        }
    }
    if (at_ms == UINT64_MAX) {
        tatu_os_clear_timer(lists->loop, &lists->due);
    } else {
        tatu_os_set_timer(lists->loop, &lists->due, at_ms);
    }
}

static void keep_found(struct tatu_list *list, const struct tatu_dns_answer *found)
{
    const uint64_t ttl_ms = (uint64_t)found->ttl_s * 1000;
    const uint64_t until_ms = tatu_os_now_ms() + (ttl_ms > KEEP_MS ? ttl_ms : KEEP_MS);
    size_t refused = 0;
    for (size_t i = 0; i < found->count; i++) {
        refused += put_address(list, found->found[i], until_ms) != TATU_OK;
    }
    if (refused != 0) {
        tatu_os_log(list->lists->log, TATU_OS_LOG_WARNING,
                    "%zu found addresses stay out of reach of %s", refused, list->allow.group);
    }
}

/* The next name and family, until all were asked for. */
static void look_up_next(struct tatu_list *list)
{
    for (; list->next < 2 * (size_t)list->allow.host_count; list->next++) {
        const char *host = list->allow.hosts[list->next / 2];
        if (is_name(host)) {
            tatu_netd_start_lookup(list->lists->resolver, &list->lookup, host,
                                   list->next % 2 == 0 ? TATU_DNS_A : TATU_DNS_AAAA);
            list->next++;
            return;
        }
    }
    list->due_ms = tatu_os_now_ms() + (list->found ? LOOK_UP_MS : MISSING_MS);
}

static void on_found(struct tatu_lookup *lookup, enum tatu_err err)
{
    struct tatu_list *list = lookup->context;
    if (err == TATU_OK) {
        keep_found(list, &lookup->answer);
        list->found = list->found || lookup->answer.count != 0;
    }
    look_up_next(list);
    plan(list->lists);
}

/* One list whose time has come. */
static void visit(struct tatu_list *list, uint64_t now_ms)
{
    if (now_ms < list->due_ms || list->lookup.busy) {
        return;
    }
    if (is_gone(list)) {
        drop(list);
        return;
    }
    list->due_ms = has_names(list) ? now_ms + LOOK_UP_MS : UINT64_MAX;
    remove_old(list, now_ms);
    if (list->lists->up && has_names(list)) {
        list->next = 0;
        list->found = false;
        look_up_next(list);
    }
}

static void visit_all(struct tatu_lists *lists)
{
    const uint64_t now_ms = tatu_os_now_ms();
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        if (lists->lists[i].used) {
            visit(&lists->lists[i], now_ms);
        }
    }
    plan(lists);
}

static void on_due(struct tatu_os_timer *timer)
{
    visit_all(timer->context);
}

void tatu_netd_start_lists(struct tatu_lists *lists, struct tatu_resolver *resolver,
                           const struct tatu_os_log *log)
{
    lists->loop = resolver->loop;
    lists->resolver = resolver;
    lists->log = log;
    lists->own_fd = -1;
    lists->due = (struct tatu_os_timer){.fire = on_due, .context = lists};
}

/* A new filter, with what is known, then it is attached: there is no moment without one. */
static enum tatu_err set_up(struct tatu_list *list)
{
    TATU_TRY(tatu_netd_make_filter(&list->filter));
    TATU_TRY(put_literals(list));
    TATU_TRY(put_ports(list));
    return tatu_netd_attach_filter(&list->filter, list->lists->own_fd, list->lists->service,
                                   list->allow.group);
}

static void start_list(struct tatu_list *list, struct tatu_lists *lists, uid_t uid,
                       const struct tatu_net_allow *allow)
{
    memset(list, 0, sizeof(*list));
    list->used = true;
    list->lists = lists;
    list->uid = uid;
    list->allow = *allow;
    list->filter = (struct tatu_filter){-1, -1};
    list->due_ms = tatu_os_now_ms();
    list->lookup.done = on_found;
    list->lookup.context = list;
}

enum tatu_err tatu_netd_put_list(struct tatu_lists *lists, uid_t uid,
                                 const struct tatu_net_allow *allow)
{
    drop_gone(lists);
    struct tatu_list *list = find(lists, allow->group);
    if (list == NULL) {
        return TATU_ERR_FULL;
    }
    if (list->used) {
        drop(list);
    }
    start_list(list, lists, uid, allow);
    const enum tatu_err err = set_up(list);
    if (err != TATU_OK) {
        drop(list);
    }
    visit_all(lists);
    return err;
}

void tatu_netd_tell_lists(struct tatu_lists *lists, bool up)
{
    const uint64_t now_ms = tatu_os_now_ms();
    lists->up = up;
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        if (lists->lists[i].used && up) {
            lists->lists[i].due_ms = now_ms;
        }
    }
    visit_all(lists);
}

bool tatu_netd_may_ask(const struct tatu_lists *lists, uid_t uid, const char *name)
{
    if (uid < OS_UID_END) {
        return true;
    }
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        const struct tatu_list *list = &lists->lists[i];
        for (size_t host = 0; list->used && list->uid == uid && host < list->allow.host_count;
             host++) {
            if (tatu_netd_is_same_name(list->allow.hosts[host], name)) {
                return true;
            }
        }
    }
    return false;
}

void tatu_netd_open_found(struct tatu_lists *lists, uid_t uid, const struct tatu_dns_answer *found)
{
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        if (lists->lists[i].used && lists->lists[i].uid == uid) {
            keep_found(&lists->lists[i], found);
        }
    }
}

/* ---- the rules as they are ---- */

struct writer {
    size_t skip;
    size_t max;
    size_t count; /* of all */
    size_t written;
    struct tatu_net_rule *out;
};

static void put_rule(struct writer *w, const struct tatu_net_rule *rule)
{
    if (w->count >= w->skip && w->written < w->max) {
        w->out[w->written++] = *rule;
    }
    w->count++;
}

static struct tatu_net_rule blank(const struct tatu_list *list, enum tatu_net_hook hook)
{
    return (struct tatu_net_rule){.hook = (uint8_t)hook,
                                  .accept = 1,
                                  .uid = list->uid,
                                  .source_port = {0, UINT16_MAX},
                                  .destination_port = {0, UINT16_MAX}};
}

static void put_counts(struct tatu_net_rule *rule, const struct tatu_filter_count *count)
{
    const bool in = rule->hook == TATU_NET_HOOK_INPUT;
    rule->packets = in ? count->in_packets : count->out_packets;
    rule->bytes = in ? count->in_bytes : count->out_bytes;
}

/* It may be called, and answer. */
static void put_address_rules(struct writer *w, const struct tatu_list *list,
                              const uint8_t address[16])
{
    struct tatu_filter_count count = {0};
    (void)tatu_netd_count_filter_address(&list->filter, address, &count);
    struct tatu_net_rule out = blank(list, TATU_NET_HOOK_OUTPUT);
    struct tatu_net_rule in = blank(list, TATU_NET_HOOK_INPUT);
    in.state = TATU_NET_STATE_ESTABLISHED;
    out.family = in.family = tatu_net_is_ipv4(address) ? 4 : 6;
    out.destination_prefix = in.source_prefix = tatu_net_is_ipv4(address) ? 32 : 128;
    memcpy(out.destination, address, 16);
    memcpy(in.source, address, 16);
    put_counts(&out, &count);
    put_counts(&in, &count);
    put_rule(w, &out);
    put_rule(w, &in);
}

/* Everybody may come, and is answered. */
static void put_port_rules(struct writer *w, const struct tatu_list *list,
                           enum tatu_filter_protocol protocol, uint16_t port)
{
    struct tatu_filter_count count = {0};
    (void)tatu_netd_count_filter_port(&list->filter, protocol, port, &count);
    struct tatu_net_rule in = blank(list, TATU_NET_HOOK_INPUT);
    struct tatu_net_rule out = blank(list, TATU_NET_HOOK_OUTPUT);
    out.state = TATU_NET_STATE_ESTABLISHED;
    in.protocol = out.protocol = (uint8_t)protocol;
    in.destination_port[0] = in.destination_port[1] = port;
    out.source_port[0] = out.source_port[1] = port;
    put_counts(&in, &count);
    put_counts(&out, &count);
    put_rule(w, &in);
    put_rule(w, &out);
}

static void put_drop_rules(struct writer *w, const struct tatu_list *list)
{
    struct tatu_filter_count count = {0};
    (void)tatu_netd_count_filter_drops(&list->filter, &count);
    for (size_t i = 0; i < 2; i++) {
        struct tatu_net_rule rule =
            blank(list, i == 0 ? TATU_NET_HOOK_INPUT : TATU_NET_HOOK_OUTPUT);
        rule.accept = 0;
        put_counts(&rule, &count);
        put_rule(w, &rule);
    }
}

static void put_list_rules(struct writer *w, const struct tatu_list *list)
{
    for (size_t i = 0; i < list->addresses.count; i++) {
        put_address_rules(w, list, list->addresses.entries[i].bytes);
    }
    for (size_t i = 0; i < list->allow.tcp_count; i++) {
        put_port_rules(w, list, TATU_FILTER_TCP, list->allow.tcp[i]);
    }
    for (size_t i = 0; i < list->allow.udp_count; i++) {
        put_port_rules(w, list, TATU_FILTER_UDP, list->allow.udp[i]);
    }
    put_drop_rules(w, list);
}

size_t tatu_netd_tell_rules(const struct tatu_lists *lists, size_t skip, struct tatu_net_rule *out,
                            size_t max, size_t *out_count)
{
    struct writer w = {.skip = skip, .max = max, .out = out};
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        if (lists->lists[i].used) {
            put_list_rules(&w, &lists->lists[i]);
        }
    }
    *out_count = w.written;
    return w.count;
}
