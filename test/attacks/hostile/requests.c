/* Requests to the system that this application has no right to, and the wire treated badly. */
#include <applibs/gpio.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attack.h"
#include "control.h"
#include "parts.h"

#define CONTROL "/run/control"
#define OWN_PIN 10
#define FDS 100
#define FD_ROUNDS 100
#define LARGEST 65536
#define FLOOD_ROUNDS 2000
#define OS_UID 110u

/* Whose capability the manifest lacks. */
static const struct {
    const char *name;
    uint32_t op;
    uint32_t a;
} refused[] = {
    {"reboot", 0x30, 0},
    {"power down", 0x31, 5},
    {"power profile", 0x32, 1},
    {"system events", 0x40, 7},
    {"defer updates", 0x41, 1},
    {"resume updates", 0x42, 1},
    {"set the time", 0x50, 0},
    {"set the clock", 0x51, 0},
    {"open a UART", 0x60, 4},
    {"open an I2C master", 0x61, 0},
    {"open an SPI master", 0x62, 0},
    {"open a PWM controller", 0x63, 0},
    {"open the ADC", 0x65, 0},
    {"interface down", 0x102, 0},
    {"set the address", 0x104, 0},
    {"release the address", 0x105, 0},
    {"renew the address", 0x106, 0},
    {"set the hardware address", 0x107, 0},
    {"stop time sync", 0x110, 0},
    {"ask for time sync", 0x111, 0},
    {"set time servers", 0x112, 0},
    {"serve time", 0x118, 0},
    {"serve addresses", 0x119, 0},
    {"set the proxy", 0x120, 0},
    {"read the proxy", 0x121, 0},
    {"add a Wi-Fi network", 0x140, 0},
    {"read Wi-Fi networks", 0x144, 0},
    {"forget Wi-Fi networks", 0x146, 0},
    {"scan Wi-Fi", 0x14b, 0},
    {"read Wi-Fi of enterprises", 0x14e, 0},
    {"set Wi-Fi of enterprises", 0x150, 0},
    {"install a certificate", 0x200, 0},
    {"list certificates", 0x204, 0},
};

/* Of others, or of nobody: never answered with "done". */
static const struct {
    const char *name;
    uint32_t op;
} foreign[] = {
    {"introduce itself", 0x8000},          {"reload of the desk", 0x1000},
    {"restart of the desk", 0x1001},       {"list of the desk", 0x1002},
    {"trigger of the desk", 0x1004},       {"log of another application", 0x1007},
    {"update event of updated", 0x1008},   {"allow-list of appman", 0x2000},
    {"firewall of the desk", 0x2002},      {"drop the proxy of the desk", 0x2003},
    {"staging of the desk", 0x3001},       {"install of the desk", 0x3004},
    {"removal of the desk", 0x3005},       {"a pulse on no connection", 0x64},
    {"a sample on no connection", 0x66},   {"a peer of nobody", 0x70},
    {"an empty place of appman", 0x7f},    {"an empty place of netd", 0x17f},
    {"an empty place of gatewayd", 0x2ff}, {"beyond all", 0x300},
    {"the highest number", 0xffffffff},
};

static void try_rights(void)
{
    static const uint8_t payload[700] = "eth0";
    char name[64];
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const uint32_t args[4] = {refused[i].op, refused[i].a, 0, 0};
        uint32_t number = 0;
        (void)snprintf(name, sizeof(name), "without capability: %s", refused[i].name);
        const int64_t err = control_ask(args, payload, sizeof(payload), &number, NULL);
        attack_tell(name, err > 0 && number == EACCES, "error %lld, errno %u", (long long)err,
                    (unsigned)number);
    }
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        const uint32_t args[4] = {foreign[i].op, OS_UID, 0, 0};
        uint32_t number;
        (void)snprintf(name, sizeof(name), "request: %s", foreign[i].name);
        const int64_t err = control_ask(args, payload, sizeof(payload), &number, NULL);
        attack_tell(name, err != 0, "it was answered");
    }
}

/* The system serves on: the own pin opens, and closes. */
static void tell_serves(const char *name)
{
    const int pin = GPIO_OpenAsInput(OWN_PIN);
    attack_tell(name, pin >= 0, "it no longer serves: %s", strerror(errno));
    (void)close(pin);
}

/* Sends bytes that are no request; the answer is an error or the end, never "done". */
static void try_size(const char *name, size_t len)
{
    uint8_t *bytes = calloc(1, LARGEST);
    uint32_t first = 1;
    const int fd = control_connect(CONTROL);
    bytes[0] = CONTROL_GPIO_INPUT;
    bytes[4] = OWN_PIN;
    if (fd >= 0 && send(fd, bytes, len, MSG_NOSIGNAL) >= 0 && attack_wait(fd, POLLIN, 3000)) {
        (void)recv(fd, &first, sizeof(first), 0);
    }
    (void)close(fd);
    free(bytes);
    attack_tell(name, first != 0, "it was answered");
}

static ssize_t send_fds(int fd, const int *fds, size_t count)
{
    static const uint32_t request[4] = {CONTROL_GPIO_INPUT, OWN_PIN + 100, 0, 0};
    static union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int) * FDS)];
    } control;
    struct iovec part = {(void *)request, sizeof(request)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * count);
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* What is given to the system must not stay open in it. */
static void try_giving_fds(void)
{
    int fds[FDS];
    for (size_t i = 0; i < FDS; i++) {
        fds[i] = 0;
    }
    for (int round = 0; round < FD_ROUNDS; round++) {
        const int fd = control_connect(CONTROL);
        (void)send_fds(fd, fds, FDS);
        (void)close(fd);
    }
    tell_serves("ten thousand descriptors given");
}

/* Says to be root: the kernel tells a credential only for who has it. */
static void try_credentials(void)
{
    static const uint32_t request[4] = {CONTROL_INTRODUCE, 0, 0, 0};
    const struct ucred root = {.pid = 1, .uid = 0, .gid = 0};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(struct ucred))];
    } control = {.room = {0}};
    struct iovec part = {(void *)request, sizeof(request)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    const int fd = control_connect(CONTROL);
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_CREDENTIALS;
    control.head.cmsg_len = CMSG_LEN(sizeof(root));
    memcpy(CMSG_DATA(&control.head), &root, sizeof(root));
    attack_tell_refused_by("credentials of root", sendmsg(fd, &message, MSG_NOSIGNAL), EPERM,
                           EINVAL);
    (void)close(fd);
}

static void try_flood(void)
{
    static const uint32_t request[4] = {CONTROL_STORAGE_QUOTA, 0, 0, 0};
    for (int round = 0; round < FLOOD_ROUNDS; round++) {
        const int fd = control_connect(CONTROL);
        (void)send(fd, request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)close(fd);
    }
    tell_serves("two thousand requests that nobody waits for");
}

void requests_attack(void)
{
    static const struct {
        const char *name;
        size_t len;
    } sizes[] = {{"request of nothing", 0},       {"request of 15 bytes", 15},
                 {"request of 17 bytes", 17},     {"request of 4096 bytes", 4096},
                 {"request of 4097 bytes", 4097}, {"request of 32 KiB", 32768},
                 {"request of 64 KiB", LARGEST}};
    try_rights();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        try_size(sizes[i].name, sizes[i].len);
    }
    try_giving_fds();
    try_credentials();
    try_flood();
}
