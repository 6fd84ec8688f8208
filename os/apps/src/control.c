#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define OP_GPIO_INPUT 1u
#define OP_GPIO_OUTPUT 2u
#define GPIO_MODE_MAX 2u
#define LINES_PER_CHIP 8u
#define REQUEST_WORDS 4

int tatu_apps_open_control(const struct tatu_app *app, char *out_path, size_t path_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char folder[96];
    (void)snprintf(folder, sizeof(folder), "/run/apps/%s", app->component);
    if ((mkdir("/run/apps", 0700) != 0 && errno != EEXIST) ||
        (mkdir(folder, 0700) != 0 && errno != EEXIST)) {
        return -1;
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", folder);
    (void)unlink(address.sun_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* anyone who sees the socket may use it: only the one container and root can see it */
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
                    chmod(address.sun_path, 0666) != 0 || listen(fd, 4) != 0)) {
        (void)close(fd);
        return -1;
    }
    (void)snprintf(out_path, path_size, "%s", address.sun_path);
    return fd;
}

int tatu_apps_check_request(const struct tatu_manifest *manifest, const uint32_t request[4])
{
    if (request[0] != OP_GPIO_INPUT && request[0] != OP_GPIO_OUTPUT) {
        return EINVAL;
    }
    if (request[0] == OP_GPIO_OUTPUT && (request[2] > GPIO_MODE_MAX || request[3] > 1)) {
        return EINVAL;
    }
    if (request[1] >= TATU_MANIFEST_GPIO_MAX) {
        return ENODEV;
    }
    return manifest->gpio[request[1]] ? 0 : EACCES;
}

/* A line request of exactly that line; -1 and errno. The kernel refuses a line that is held
 * (EBUSY). */
static int open_gpio(const struct tatu_app *app, const uint32_t request[4])
{
    char path[32];
    (void)snprintf(path, sizeof(path), "/dev/gpiochip%u", request[1] / LINES_PER_CHIP);
    int chip = open(path, O_RDWR | O_CLOEXEC);
    if (chip < 0) {
        errno = ENODEV;
        return -1;
    }
    struct gpio_v2_line_request line = {.offsets = {request[1] % LINES_PER_CHIP}, .num_lines = 1};
    (void)snprintf(line.consumer, sizeof(line.consumer), "%s", app->manifest.name);
    if (request[0] == OP_GPIO_INPUT) {
        line.config.flags = GPIO_V2_LINE_FLAG_INPUT;
    } else {
        static const uint64_t modes[] = {0, GPIO_V2_LINE_FLAG_OPEN_DRAIN,
                                         GPIO_V2_LINE_FLAG_OPEN_SOURCE};
        line.config.flags = GPIO_V2_LINE_FLAG_OUTPUT | modes[request[2]];
        line.config.num_attrs = 1;
        line.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
        line.config.attrs[0].attr.values = request[3];
        line.config.attrs[0].mask = 1;
    }
    int result = ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &line);
    int saved = errno;
    (void)close(chip);
    errno = saved;
    return result == 0 ? line.fd : -1;
}

static void answer(int fd, int problem, int given)
{
    uint32_t words[2] = {problem == 0 ? TATU_OK : TATU_ERR_DENIED, (uint32_t)problem};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct iovec part = {words, sizeof(words)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (given >= 0) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof(control.room);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &given, sizeof(given));
    }
    /* an application that went away needs no answer */
    (void)sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int tatu_apps_accept_control(const struct tatu_app *app)
{
    return accept4(app->control_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

bool tatu_apps_answer_control(const struct tatu_app *app, int fd)
{
    uint32_t request[REQUEST_WORDS + 1]; /* one more: a longer message is none of ours */
    int given = -1;
    int problem = EINVAL;
    const ssize_t got = recv(fd, request, sizeof(request), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) {
        return false;
    }
    if (got == REQUEST_WORDS * (ssize_t)sizeof(request[0])) {
        problem = tatu_apps_check_request(&app->manifest, request);
        if (problem == 0) {
            given = open_gpio(app, request);
            problem = given >= 0 ? 0 : errno;
        }
    }
    answer(fd, problem, given);
    if (given >= 0) {
        (void)close(given);
    }
    (void)close(fd);
    return true;
}
