/* GPIO against a real socket of the application manager's protocol; the lines themselves are the
 * kernel's. */
#include "applibs/gpio.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"

#include <cmocka.h>

static int listener = -1;
static char path[64];
static uint32_t last_request[4];
static uint32_t problem; /* what the manager answers; 0: a descriptor */

static void send_descriptor(int fd, int given)
{
    uint32_t words[2] = {0, 0};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct iovec part = {words, sizeof(words)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &given, sizeof(given));
    (void)sendmsg(fd, &message, 0);
}

static void *manage(void *unused)
{
    (void)unused;
    int fd = accept(listener, NULL, NULL);
    (void)recv(fd, last_request, sizeof(last_request), 0);
    if (problem != 0) {
        const uint32_t words[2] = {8, problem};
        (void)send(fd, words, sizeof(words), 0);
    } else {
        send_descriptor(fd, fd);
    }
    (void)close(fd);
    return NULL;
}

static int set_up(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(path, sizeof(path), "/tmp/tatu-gpio-test.%d", (int)getpid());
    strcpy(address.sun_path, path);
    listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    tatu_applibs_control_path = path;
    return bind(listener, (struct sockaddr *)&address, sizeof(address)) | listen(listener, 4);
}

static int tear_down(void **state)
{
    (void)state;
    (void)close(listener);
    return unlink(path);
}

static int with_manager(uint32_t answer, int (*call)(void))
{
    pthread_t thread;
    problem = answer;
    assert_int_equal(pthread_create(&thread, NULL, manage, NULL), 0);
    errno = 0;
    int fd = call();
    int saved = errno;
    (void)pthread_join(thread, NULL);
    errno = saved;
    return fd;
}

static int open_input(void)
{
    return GPIO_OpenAsInput(12);
}

static int open_output(void)
{
    return GPIO_OpenAsOutput(8, GPIO_OutputMode_OpenDrain, GPIO_Value_High);
}

static void input_asks_for_exactly_its_pin(void **state)
{
    (void)state;
    const uint32_t wanted[4] = {1, 12, 0, 0};
    int fd = with_manager(0, open_input);
    assert_true(fd >= 0);
    assert_memory_equal(last_request, wanted, sizeof(wanted));
    (void)close(fd);
}

static void output_carries_mode_and_value(void **state)
{
    (void)state;
    const uint32_t wanted[4] = {2, 8, 1, 1};
    int fd = with_manager(0, open_output);
    assert_true(fd >= 0);
    assert_memory_equal(last_request, wanted, sizeof(wanted));
    (void)close(fd);
}

static void refusals_become_errno(void **state)
{
    (void)state;
    assert_int_equal(with_manager(EACCES, open_input), -1);
    assert_int_equal(errno, EACCES);
    assert_int_equal(with_manager(EBUSY, open_output), -1);
    assert_int_equal(errno, EBUSY);
}

static void bad_arguments_are_refused_before_asking(void **state)
{
    (void)state;
    GPIO_Value_Type value;
    assert_int_equal(GPIO_OpenAsInput(-1), -1);
    assert_int_equal(errno, ENODEV);
    assert_int_equal(GPIO_OpenAsOutput(8, 3, GPIO_Value_Low), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(GPIO_OpenAsOutput(8, GPIO_OutputMode_PushPull, 2), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(GPIO_GetValue(0, NULL), -1);
    assert_int_equal(errno, EFAULT);
    assert_int_equal(GPIO_GetValue(-1, &value), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(GPIO_SetValue(0, 2), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(GPIO_SetValue(listener, GPIO_Value_Low), -1);
    assert_int_equal(errno, EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_asks_for_exactly_its_pin),
        cmocka_unit_test(output_carries_mode_and_value),
        cmocka_unit_test(refusals_become_errno),
        cmocka_unit_test(bad_arguments_are_refused_before_asking),
    };
    return cmocka_run_group_tests_name("gpio", tests, set_up, tear_down);
}
