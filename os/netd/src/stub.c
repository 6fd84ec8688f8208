#include "stub.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>

#include "filter.h"
#include "socket.h"

#define PORT 53
#define PIECE_SIZE 4096u /* of /proc/net/udp, which is as long as there are sockets */
#define PORT_TEXT 5u     /* ":" and four digits */
#define IPV4_TEXT 8u
#define MAPPED_TEXT "0000000000000000FFFF0000" /* before an address of IPv4 in one of IPv6 */

/* ---- who asks ---- */

/* The n-th word of a line (from 0), or nothing. */
static struct tatu_span get_word(struct tatu_span line, size_t n)
{
    size_t at = 0;
    for (size_t word = 0;; word++) {
        while (at < line.len && line.data[at] == ' ') {
            at++;
        }
        size_t end = at;
        while (end < line.len && line.data[end] != ' ') {
            end++;
        }
        if (word == n || end == at) {
            return (struct tatu_span){line.data + at, end - at};
        }
        at = end;
    }
}

static bool get_number(struct tatu_span word, uint32_t base, uint32_t *out)
{
    uint32_t value = 0;
    for (size_t i = 0; i < word.len; i++) {
        const uint8_t c = word.data[i];
        const uint32_t digit = c >= '0' && c <= '9'   ? c - (uint32_t)'0'
                               : c >= 'A' && c <= 'F' ? c - (uint32_t)'A' + 10
                                                      : base;
        if (digit >= base || value > (UINT32_MAX - digit) / base) {
            return false;
        }
        value = value * base + digit;
    }
    *out = value;
    return word.len != 0;
}

static bool is_only(struct tatu_span text, uint8_t c)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != c) {
            return false;
        }
    }
    return true;
}

/* How a socket's address is the sender's. The kernel prints words as they lie in memory. */
static enum tatu_port_fit fit_address(struct tatu_span text, const struct sockaddr_in *at)
{
    const size_t mapped = sizeof(MAPPED_TEXT) - 1;
    uint32_t number = 0;
    if (text.len != IPV4_TEXT && text.len != mapped + IPV4_TEXT) {
        return TATU_PORT_OTHER;
    }
    if (is_only(text, '0')) {
        return TATU_PORT_ANY;
    }
    if (text.len != IPV4_TEXT) {
        if (memcmp(text.data, MAPPED_TEXT, mapped) != 0) {
            return TATU_PORT_OTHER;
        }
        text = (struct tatu_span){text.data + mapped, IPV4_TEXT};
    }
    return get_number(text, 16, &number) && number == at->sin_addr.s_addr ? TATU_PORT_EXACT
                                                                          : TATU_PORT_OTHER;
}

/* "sl: address:port remote:port state queues timer retransmits uid ..." */
static void look_at_line(struct tatu_span line, const struct sockaddr_in *at,
                         struct tatu_port_owner *owner)
{
    const struct tatu_span local = get_word(line, 1);
    uint32_t port = 0, uid = 0;
    if (local.len < PORT_TEXT ||
        !get_number((struct tatu_span){local.data + local.len - 4, 4}, 16, &port) ||
        port != ntohs(at->sin_port) || !get_number(get_word(line, 7), 10, &uid)) {
        return;
    }
    const enum tatu_port_fit fit =
        fit_address((struct tatu_span){local.data, local.len - PORT_TEXT}, at);
    if (fit > owner->fit) {
        *owner = (struct tatu_port_owner){.fit = fit, .uid = uid};
    } else if (fit != TATU_PORT_OTHER && fit == owner->fit) {
        owner->several = owner->several || owner->uid != uid;
    }
}

size_t tatu_netd_look_at_ports(struct tatu_span text, const struct sockaddr_in *at,
                               struct tatu_port_owner *owner)
{
    size_t used = 0;
    while (used < text.len) {
        const uint8_t *line = text.data + used;
        const uint8_t *end = memchr(line, '\n', text.len - used);
        if (end == NULL) {
            break;
        }
        look_at_line((struct tatu_span){line, (size_t)(end - line)}, at, owner);
        used += (size_t)(end - line) + 1;
    }
    return used;
}

/* All of the table: an application can have more sockets than fit into any room. */
static bool find_owner(const char *path, const struct sockaddr_in *at, uid_t *out)
{
    uint8_t text[PIECE_SIZE];
    struct tatu_port_owner owner = {.fit = TATU_PORT_OTHER};
    size_t len = 0;
    ssize_t got;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    while ((got = read(fd, text + len, sizeof(text) - len)) > 0) {
        len += (size_t)got;
        const size_t used = tatu_netd_look_at_ports((struct tatu_span){text, len}, at, &owner);
        len -= used;
        memmove(text, text + used, len);
    }
    (void)close(fd);
    if (owner.fit == TATU_PORT_OTHER || owner.several) {
        return false;
    }
    *out = owner.uid;
    return true;
}

/* ---- answering ---- */

static void answer(struct tatu_stub *stub, const struct sockaddr_in *to,
                   const struct tatu_dns_question *question, const struct tatu_dns_answer *told)
{
    uint8_t room[TATU_DNS_MESSAGE_MAX];
    struct tatu_buf out = TATU_BUF_OF(room);
    if (tatu_netd_encode_dns_answer(question, told, &out) == TATU_OK) {
        (void)sendto(stub->watch.fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL,
                     (const struct sockaddr *)to, sizeof(*to));
    }
}

static void refuse(struct tatu_stub *stub, const struct sockaddr_in *to,
                   const struct tatu_dns_question *question, enum tatu_dns_rcode rcode)
{
    const struct tatu_dns_answer told = {.rcode = (uint8_t)rcode};
    answer(stub, to, question, &told);
}

static void on_done(struct tatu_lookup *lookup, enum tatu_err err)
{
    struct tatu_stub_question *asked = lookup->context;
    struct tatu_stub *stub = asked->stub;
    lookup->question.id = asked->id;
    if (err != TATU_OK) {
        refuse(stub, &asked->from, &lookup->question, TATU_DNS_FAILED);
        return;
    }
    stub->found(stub->context, asked->uid, lookup->question.name, &lookup->answer);
    answer(stub, &asked->from, &lookup->question, &lookup->answer);
}

/* A free place, unless the user has enough of them. */
static struct tatu_stub_question *find_place(struct tatu_stub *stub, uid_t uid)
{
    struct tatu_stub_question *place = NULL;
    size_t count = 0;
    for (size_t i = 0; i < TATU_STUB_MAX; i++) {
        struct tatu_stub_question *asked = &stub->questions[i];
        if (!asked->lookup.busy) {
            place = asked;
        } else {
            count += asked->uid == uid;
        }
    }
    return count < TATU_STUB_USER_MAX ? place : NULL;
}

static void take_question(struct tatu_stub *stub, const struct sockaddr_in *from,
                          const struct tatu_dns_question *question)
{
    uid_t uid = 0;
    if (!find_owner("/proc/net/udp", from, &uid) && !find_owner("/proc/net/udp6", from, &uid)) {
        return; /* whoever it was is gone, or is not alone there */
    }
    if (question->type != TATU_DNS_A && question->type != TATU_DNS_AAAA) {
        refuse(stub, from, question, TATU_DNS_NOT_IMPLEMENTED);
        return;
    }
    if (!stub->may(stub->context, uid, question->name)) {
        refuse(stub, from, question, TATU_DNS_REFUSED);
        return;
    }
    struct tatu_stub_question *place = find_place(stub, uid);
    if (place == NULL) {
        return; /* it asks again */
    }
    place->stub = stub;
    place->uid = uid;
    place->id = question->id;
    place->from = *from;
    place->lookup.done = on_done;
    place->lookup.context = place;
    tatu_netd_start_lookup(stub->resolver, &place->lookup, question->name,
                           (enum tatu_dns_type)question->type);
}

static void on_question(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_stub *stub = watch->context;
    uint8_t in[TATU_DNS_MESSAGE_MAX + 1];
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    struct tatu_dns_question question;
    const ssize_t len =
        recvfrom(watch->fd, in, sizeof(in), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
    (void)events;
    if (len >= 0 && from_len == sizeof(from) && from.sin_family == AF_INET &&
        tatu_netd_decode_dns_query((struct tatu_span){in, (size_t)len}, &question) == TATU_OK) {
        take_question(stub, &from, &question);
    }
}

enum tatu_err tatu_netd_start_stub(struct tatu_stub *stub, struct tatu_resolver *resolver)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || inet_pton(AF_INET, TATU_FILTER_RESOLVER, &here.sin_addr) != 1 ||
        bind(fd, (const struct sockaddr *)&here, sizeof(here)) != 0) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return TATU_ERR_IO;
    }
    stub->resolver = resolver;
    stub->watch = (struct tatu_os_watch){.ready = on_question, .context = stub, .fd = fd};
    return tatu_os_add_watch(resolver->loop, &stub->watch, EPOLLIN);
}
