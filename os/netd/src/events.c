#include "events.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ICMP_ADVERTISEMENT 134
#define OPTION_SERVERS 25
/* The kernel's, which has no header for them (net/if_inet6.h). */
#define RA_OTHER 0x80u
#define RA_MANAGED 0x40u

static enum tatu_err ask(int fd, uint16_t type, uint8_t family)
{
    struct {
        struct nlmsghdr head;
        struct rtgenmsg body;
        uint8_t zero[3];
    } request = {.head = {.nlmsg_len = sizeof(request),
                          .nlmsg_type = type,
                          .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                 .body = {.rtgen_family = family}};
    return send(fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request) ? TATU_OK
                                                                              : TATU_ERR_IO;
}

enum tatu_err tatu_netd_ask_links(int fd)
{
    return ask(fd, RTM_GETLINK, AF_UNSPEC);
}

enum tatu_err tatu_netd_ask_addresses(int fd)
{
    return ask(fd, RTM_GETADDR, AF_INET6);
}

enum tatu_err tatu_netd_ask_routers(int fd)
{
    return ask(fd, RTM_GETLINK, AF_INET6);
}

enum tatu_err tatu_netd_open_events(int *out_fd)
{
    const struct sockaddr_nl here = {.nl_family = AF_NETLINK,
                                     .nl_groups = RTMGRP_LINK | RTMGRP_IPV6_IFADDR};
    static const int groups[] = {RTNLGRP_ND_USEROPT, RTNLGRP_IPV6_IFINFO};
    const int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0) {
        return TATU_ERR_IO;
    }
    if (bind(fd, (const struct sockaddr *)&here, sizeof(here)) != 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[0], sizeof(groups[0])) != 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[1], sizeof(groups[1])) != 0 ||
        tatu_netd_ask_links(fd) != TATU_OK) {
        (void)close(fd);
        return TATU_ERR_IO;
    }
    *out_fd = fd;
    return TATU_OK;
}

/* ---- reading ---- */

/* The value of the first attribute of that type; nothing where there is none. */
static struct tatu_span find_attribute(struct tatu_span list, uint16_t type)
{
    while (list.len >= sizeof(struct rtattr)) {
        struct rtattr head;
        memcpy(&head, list.data, sizeof(head));
        if (head.rta_len < sizeof(head) || head.rta_len > list.len) {
            break;
        }
        if ((head.rta_type & NLA_TYPE_MASK) == type) {
            return (struct tatu_span){list.data + sizeof(head), head.rta_len - sizeof(head)};
        }
        const size_t used = RTA_ALIGN(head.rta_len) < list.len ? RTA_ALIGN(head.rta_len) : list.len;
        list = (struct tatu_span){list.data + used, list.len - used};
    }
    return (struct tatu_span){NULL, 0};
}

/* IPv6's own news of a link: what its router says. */
static bool read_router(const struct ifinfomsg *info, struct tatu_span attributes,
                        struct tatu_event *out)
{
    const struct tatu_span flags =
        find_attribute(find_attribute(attributes, IFLA_PROTINFO), IFLA_INET6_FLAGS);
    if (flags.len != 4) {
        return false;
    }
    const uint32_t value = tatu_get_le32(flags.data);
    out->kind = TATU_EVENT_ROUTER;
    out->ifindex = (uint32_t)info->ifi_index;
    out->managed = (value & RA_MANAGED) != 0;
    out->other = (value & RA_OTHER) != 0;
    return true;
}

static bool read_link(struct tatu_span body, struct tatu_event *out)
{
    struct ifinfomsg info;
    if (body.len < sizeof(info)) {
        return false;
    }
    memcpy(&info, body.data, sizeof(info));
    if (info.ifi_family == AF_INET6) {
        return read_router(
            &info, (struct tatu_span){body.data + sizeof(info), body.len - sizeof(info)}, out);
    }
    out->kind = TATU_EVENT_LINK;
    out->ifindex = (uint32_t)info.ifi_index;
    out->flags = info.ifi_flags;
    return true;
}

static bool read_address(struct tatu_span body, bool gone, struct tatu_event *out)
{
    struct ifaddrmsg info;
    if (body.len < sizeof(info)) {
        return false;
    }
    memcpy(&info, body.data, sizeof(info));
    out->kind = gone ? TATU_EVENT_ADDRESS_GONE : TATU_EVENT_ADDRESS;
    out->ifindex = info.ifa_index;
    out->prefix = info.ifa_prefixlen;
    const struct tatu_span address = find_attribute(
        (struct tatu_span){body.data + sizeof(info), body.len - sizeof(info)}, IFA_ADDRESS);
    if (info.ifa_family != AF_INET6 || address.len != 16) {
        return false;
    }
    memcpy(out->address, address.data, 16);
    if ((info.ifa_flags & IFA_F_DADFAILED) != 0) {
        out->kind = TATU_EVENT_ADDRESS_TAKEN;
        return true;
    }
    return gone || (info.ifa_flags & IFA_F_TENTATIVE) == 0; /* that is still being tried */
}

/* RFC 8106 §5.1: type, length in eights, u16 0, u32 lifetime, addresses. */
static bool read_servers(struct tatu_span body, struct tatu_event *out)
{
    struct nduseroptmsg info;
    if (body.len < sizeof(info)) {
        return false;
    }
    memcpy(&info, body.data, sizeof(info));
    const struct tatu_span option = {body.data + sizeof(info), body.len - sizeof(info)};
    if (info.nduseropt_family != AF_INET6 || info.nduseropt_icmp_type != ICMP_ADVERTISEMENT ||
        option.len < 24 || option.data[0] != OPTION_SERVERS || option.data[1] % 2 != 1 ||
        option.data[1] * 8u > option.len) {
        return false;
    }
    const uint8_t *life = option.data + 4;
    out->kind = TATU_EVENT_SERVERS;
    out->ifindex = (uint32_t)info.nduseropt_ifindex;
    out->lifetime_s =
        (uint32_t)life[0] << 24 | (uint32_t)life[1] << 16 | (uint32_t)life[2] << 8 | life[3];
    const size_t count = (option.data[1] - 1u) / 2;
    out->server_count = count < TATU_NET_DNS_MAX ? count : TATU_NET_DNS_MAX;
    memcpy(out->servers, option.data + 8, out->server_count * 16);
    return count != 0;
}

static bool read_message(uint16_t type, struct tatu_span body, struct tatu_event *out)
{
    switch (type) {
    case RTM_NEWLINK:
        return read_link(body, out);
    case RTM_NEWADDR:
        return read_address(body, false, out);
    case RTM_DELADDR:
        return read_address(body, true, out);
    case RTM_NEWNDUSEROPT:
        return read_servers(body, out);
    default:
        return false;
    }
}

enum tatu_err tatu_netd_take_event(struct tatu_span *rest, struct tatu_event *out, bool *out_end)
{
    while (rest->len >= sizeof(struct nlmsghdr)) {
        struct nlmsghdr head;
        struct tatu_event event = {.ifindex = 0};
        memcpy(&head, rest->data, sizeof(head));
        if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > rest->len) {
            return TATU_ERR_FORMAT;
        }
        const struct tatu_span body = {rest->data + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN};
        const size_t used = NLMSG_ALIGN(head.nlmsg_len);
        rest->data += used < rest->len ? used : rest->len;
        rest->len -= used < rest->len ? used : rest->len;
        *out_end = *out_end || head.nlmsg_type == NLMSG_DONE;
        if (read_message(head.nlmsg_type, body, &event)) {
            *out = event;
            return TATU_OK;
        }
    }
    return rest->len == 0 ? TATU_ERR_NOT_FOUND : TATU_ERR_FORMAT;
}
