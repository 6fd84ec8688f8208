#include "link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/map.h"

#define LINKS "/sys/class/net"

/* As the kernel has it; its header does not go together with the C library's. */
struct request6 {
    struct in6_addr address;
    uint32_t prefix;
    int ifindex;
};

static enum tatu_err ask_kernel_of(int family, unsigned long request, void *argument)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return TATU_ERR_IO;
    }
    enum tatu_err err = TATU_OK;
    if (ioctl(fd, request, argument) != 0) {
        err = errno == ENODEV   ? TATU_ERR_NOT_FOUND
              : errno == EEXIST ? TATU_ERR_EXISTS
                                : TATU_ERR_IO;
    }
    (void)close(fd);
    return err;
}

static enum tatu_err ask_kernel(unsigned long request, void *argument)
{
    return ask_kernel_of(AF_INET, request, argument);
}

static struct ifreq name_link(const char *name)
{
    struct ifreq request;
    memset(&request, 0, sizeof(request));
    strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
    return request;
}

static void put_address(struct sockaddr *out, uint32_t address)
{
    const struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(address)}};
    memcpy(out, &in, sizeof(in));
}

enum tatu_err tatu_netd_decode_slot(const char *path, uint32_t *out_slot)
{
    /* the platform device is named "<address>.virtio-<n>" or "<address>.<node>" */
    for (const char *part = strchr(path, '/'); part != NULL; part = strchr(part + 1, '/')) {
        char *end = NULL;
        const unsigned long address = strtoul(part + 1, &end, 16);
        const unsigned long offset = address - TATU_MAP_VIRTIO_BASE;
        if (end != part + 1 && *end == '.' &&
            offset < (unsigned long)TATU_MAP_VIRTIO_COUNT * TATU_MAP_VIRTIO_STRIDE &&
            offset % TATU_MAP_VIRTIO_STRIDE == 0) {
            *out_slot = (uint32_t)(offset / TATU_MAP_VIRTIO_STRIDE);
            return TATU_OK;
        }
    }
    return TATU_ERR_NOT_FOUND;
}

enum tatu_err tatu_netd_get_slot(const char *name, uint32_t *out_slot)
{
    char link[64], path[PATH_MAX];
    (void)snprintf(link, sizeof(link), LINKS "/%s", name);
    const ssize_t len = readlink(link, path, sizeof(path) - 1);
    if (len < 0) {
        return TATU_ERR_NOT_FOUND;
    }
    path[len] = '\0';
    return tatu_netd_decode_slot(path, out_slot);
}

enum tatu_err tatu_netd_list_links(char out[][TATU_NET_NAME_SIZE], size_t max, size_t *out_count)
{
    DIR *folder = opendir(LINKS);
    size_t count = 0;
    if (folder == NULL) {
        return TATU_ERR_IO;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        const size_t len = strlen(entry->d_name);
        if (entry->d_name[0] != '.' && len < TATU_NET_NAME_SIZE && count < max) {
            memcpy(out[count++], entry->d_name, len + 1);
        }
    }
    (void)closedir(folder);
    *out_count = count;
    return TATU_OK;
}

enum tatu_err tatu_netd_rename_link(const char *name, const char *new_name)
{
    struct ifreq request = name_link(name);
    strncpy(request.ifr_newname, new_name, sizeof(request.ifr_newname) - 1);
    return ask_kernel(SIOCSIFNAME, &request);
}

enum tatu_err tatu_netd_get_index(const char *name, uint32_t *out)
{
    *out = if_nametoindex(name);
    return *out == 0 ? TATU_ERR_NOT_FOUND : TATU_OK;
}

enum tatu_err tatu_netd_set_link(const char *name, bool up)
{
    struct ifreq request = name_link(name);
    TATU_TRY(ask_kernel(SIOCGIFFLAGS, &request));
    request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    return ask_kernel(SIOCSIFFLAGS, &request);
}

enum tatu_err tatu_netd_get_mac(const char *name, uint8_t out[6])
{
    struct ifreq request = name_link(name);
    TATU_TRY(ask_kernel(SIOCGIFHWADDR, &request));
    if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
        return TATU_ERR_TYPE;
    }
    memcpy(out, request.ifr_hwaddr.sa_data, 6);
    return TATU_OK;
}

enum tatu_err tatu_netd_set_mac(const char *name, const uint8_t mac[6])
{
    struct ifreq request = name_link(name);
    request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(request.ifr_hwaddr.sa_data, mac, 6);
    return ask_kernel(SIOCSIFHWADDR, &request);
}

static enum tatu_err set_one(const char *name, unsigned long which, uint32_t address)
{
    struct ifreq request = name_link(name);
    put_address(&request.ifr_addr, address);
    return ask_kernel(which, &request);
}

enum tatu_err tatu_netd_set_address(const char *name, uint32_t address, uint32_t mask,
                                    uint32_t router, uint16_t metric)
{
    char device[IFNAMSIZ] = {0};
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY,
                            .rt_dev = device,
                            .rt_metric = (short)(metric + 1)}; /* the kernel takes one off */
    TATU_TRY(set_one(name, SIOCSIFADDR, address));
    TATU_TRY(set_one(name, SIOCSIFNETMASK, mask));
    TATU_TRY(set_one(name, SIOCSIFBRDADDR, address | ~mask));
    if (router == 0) {
        return TATU_OK;
    }
    strncpy(device, name, sizeof(device) - 1);
    put_address(&route.rt_dst, 0);
    put_address(&route.rt_genmask, 0);
    put_address(&route.rt_gateway, router);
    return ask_kernel(SIOCADDRT, &route);
}

enum tatu_err tatu_netd_clear_address(const char *name)
{
    return set_one(name, SIOCSIFADDR, 0);
}

enum tatu_err tatu_netd_add_address6(uint32_t ifindex, const uint8_t address[16], uint8_t prefix,
                                     const uint8_t router[16], uint32_t metric)
{
    static const uint8_t none[16];
    struct request6 request = {.prefix = prefix, .ifindex = (int)ifindex};
    struct in6_rtmsg route = {
        .rtmsg_metric = metric, .rtmsg_flags = RTF_UP | RTF_GATEWAY, .rtmsg_ifindex = (int)ifindex};
    memcpy(&request.address, address, 16);
    const enum tatu_err err = ask_kernel_of(AF_INET6, SIOCSIFADDR, &request);
    if (err != TATU_OK && err != TATU_ERR_EXISTS) {
        return err;
    }
    if (memcmp(router, none, sizeof(none)) == 0) {
        return TATU_OK;
    }
    memcpy(&route.rtmsg_gateway, router, 16);
    const enum tatu_err routed = ask_kernel_of(AF_INET6, SIOCADDRT, &route);
    return routed == TATU_ERR_EXISTS ? TATU_OK : routed;
}

struct lease_request {
    struct nlmsghdr head;
    struct ifaddrmsg body;
    struct rtattr address_head;
    uint8_t address[16];
    struct rtattr life_head;
    struct ifa_cacheinfo life;
    struct rtattr flags_head;
    uint32_t flags;
};

/* One request, one acknowledgement. */
static enum tatu_err ask_netlink(const struct lease_request *request)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        uint8_t room[sizeof(struct lease_request)];
    } answer;
    const int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) {
        return TATU_ERR_IO;
    }
    const bool good = send(fd, request, sizeof(*request), 0) == (ssize_t)sizeof(*request) &&
                      recv(fd, &answer, sizeof(answer), 0) >=
                          (ssize_t)(sizeof(answer.head) + sizeof(answer.error)) &&
                      answer.head.nlmsg_type == NLMSG_ERROR && answer.error.error == 0;
    (void)close(fd);
    return good ? TATU_OK : TATU_ERR_IO;
}

enum tatu_err tatu_netd_lease_address6(uint32_t ifindex, const uint8_t address[16],
                                       uint32_t preferred_s, uint32_t valid_s)
{
    struct lease_request request = {
        .head = {.nlmsg_len = sizeof(request),
                 .nlmsg_type = RTM_NEWADDR,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE},
        .body = {.ifa_family = AF_INET6, .ifa_prefixlen = 128, .ifa_index = ifindex},
        .address_head = {RTA_LENGTH(16), IFA_ADDRESS},
        .life_head = {RTA_LENGTH(sizeof(struct ifa_cacheinfo)), IFA_CACHEINFO},
        .life = {.ifa_prefered = preferred_s, .ifa_valid = valid_s},
        .flags_head = {RTA_LENGTH(sizeof(uint32_t)), IFA_FLAGS},
        .flags = IFA_F_NOPREFIXROUTE,
    };
    _Static_assert(sizeof(request) == NLMSG_LENGTH(sizeof(struct ifaddrmsg)) + RTA_LENGTH(16) +
                                          RTA_LENGTH(sizeof(struct ifa_cacheinfo)) +
                                          RTA_LENGTH(sizeof(uint32_t)),
                   "no holes: as netlink wants it");
    memcpy(request.address, address, sizeof(request.address));
    return ask_netlink(&request);
}

enum tatu_err tatu_netd_remove_address6(uint32_t ifindex, const uint8_t address[16], uint8_t prefix)
{
    struct request6 request = {.prefix = prefix, .ifindex = (int)ifindex};
    memcpy(&request.address, address, 16);
    return ask_kernel_of(AF_INET6, SIOCDIFADDR, &request);
}

enum tatu_err tatu_netd_set_kernel(const char *path, const char *name, const char *value)
{
    char file[96] = "/proc/sys/net/";
    size_t len = strlen(file);
    for (; *path != '\0' && len < sizeof(file) - TATU_NET_NAME_SIZE; path++) {
        if (*path == '%') {
            len += (size_t)snprintf(file + len, sizeof(file) - len, "%s", name);
            path++;
        } else {
            file[len++] = *path;
        }
    }
    file[len] = '\0';
    const int fd = *path == '\0' ? open(file, O_WRONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return TATU_ERR_IO;
    }
    const bool written = write(fd, value, strlen(value)) == (ssize_t)strlen(value);
    (void)close(fd);
    return written ? TATU_OK : TATU_ERR_IO;
}
