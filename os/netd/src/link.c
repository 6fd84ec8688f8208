#include "link.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static enum tatu_err ask_kernel(unsigned long request, void *argument)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return TATU_ERR_IO;
    }
    enum tatu_err err = TATU_OK;
    if (ioctl(fd, request, argument) != 0) {
        err = errno == ENODEV ? TATU_ERR_NOT_FOUND : TATU_ERR_IO;
    }
    (void)close(fd);
    return err;
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

enum tatu_err tatu_netd_raise_link(const char *name)
{
    struct ifreq request = name_link(name);
    TATU_TRY(ask_kernel(SIOCGIFFLAGS, &request));
    request.ifr_flags |= IFF_UP;
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

static enum tatu_err set_one(const char *name, unsigned long which, uint32_t address)
{
    struct ifreq request = name_link(name);
    put_address(&request.ifr_addr, address);
    return ask_kernel(which, &request);
}

enum tatu_err tatu_netd_set_address(const char *name, uint32_t address, uint32_t mask,
                                    uint32_t router)
{
    char device[IFNAMSIZ] = {0};
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY, .rt_dev = device};
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
