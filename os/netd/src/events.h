/* What the kernel tells of interfaces (rtnetlink): links, addresses of IPv6, and the name servers
 * that routers advertise, which are hostile. Source: rtnetlink(7); RFC 8106 §5.1. */
#ifndef TATU_NETD_EVENTS_H
#define TATU_NETD_EVENTS_H

#include "base/base.h"
#include "proto/network.h"

enum tatu_event_kind {
    TATU_EVENT_LINK,    /* flags */
    TATU_EVENT_ADDRESS, /* address, prefix */
    TATU_EVENT_ADDRESS_GONE,
    TATU_EVENT_ADDRESS_TAKEN, /* another machine has it */
    TATU_EVENT_SERVERS,       /* servers, lifetime_s */
    TATU_EVENT_ROUTER,        /* managed, other: of the last router advertisement */
};

struct tatu_event {
    enum tatu_event_kind kind;
    uint32_t ifindex;
    uint32_t flags; /* IFF_* */
    uint8_t prefix;
    uint8_t address[16]; /* of IPv6 */
    bool managed;        /* addresses are by DHCPv6 */
    bool other;          /* and if not these, all else is */
    size_t server_count;
    uint8_t servers[TATU_NET_DNS_MAX][16];
    uint32_t lifetime_s;
};

/** A socket that brings the events from now on, and first of all what is. Errors: IO. */
enum tatu_err tatu_netd_open_events(int *out_fd);
/** Asks for the first part again. Errors: IO. */
enum tatu_err tatu_netd_ask_links(int fd);
/** Asks for the second part of what is; once the first has come. Errors: IO. */
enum tatu_err tatu_netd_ask_addresses(int fd);
/** Asks for the third; once the second has come. Errors: IO. */
enum tatu_err tatu_netd_ask_routers(int fd);

/**
 * Takes the next event off the front of `rest`; what is of no interest is left out.
 *
 * out_end   the end of a list that was asked for was there
 *
 * Errors   NOT_FOUND  there is no more
 *          FORMAT     a message that is cut; the rest is lost
 */
enum tatu_err tatu_netd_take_event(struct tatu_span *rest, struct tatu_event *out, bool *out_end);

#endif
