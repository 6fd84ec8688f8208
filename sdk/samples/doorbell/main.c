/* A doorbell: the button rings, the light blinks, the owner's receiver hears of it. */
#include <applibs/eventloop.h>
#include <applibs/gpio.h>
#include <applibs/log.h>
#include <curl/curl.h>
#include <hw/doorbell_board.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "press.h"
#include "ring.h"

#define POLL_MS 20
#define BLINK_MS 300

struct doorbell {
    const char *url;
    int button_fd;
    int light_fd;
    int timer_fd;
    int pressed_ms; /* 0: not pressed */
    int light_ms;   /* 0: off */
    int count;
};

static volatile sig_atomic_t terminate;

static void on_terminate(int number)
{
    (void)number;
    terminate = 1;
}

static void finish_press(struct doorbell *bell)
{
    const char *chime = press_choose_chime(bell->pressed_ms);
    bell->count++;
    bell->light_ms = BLINK_MS;
    (void)GPIO_SetValue(bell->light_fd, GPIO_Value_Low);
    Log_Debug("ring %d: %s (%d ms)\n", bell->count, chime, bell->pressed_ms);
    if (ring_report(bell->url, bell->count, chime)) {
        Log_Debug("ring %d reported\n", bell->count);
    }
}

static void on_timer(EventLoop *el, int fd, EventLoop_IoEvents events, void *context)
{
    (void)el;
    (void)events;
    struct doorbell *bell = context;
    uint64_t ticks;
    GPIO_Value_Type level;
    if (read(fd, &ticks, sizeof(ticks)) != sizeof(ticks) ||
        GPIO_GetValue(bell->button_fd, &level) != 0) {
        return;
    }
    const int passed_ms = (int)(ticks > 500 ? 500 : ticks) * POLL_MS;
    if (bell->light_ms > 0 && (bell->light_ms -= passed_ms) <= 0) {
        bell->light_ms = 0;
        (void)GPIO_SetValue(bell->light_fd, GPIO_Value_High);
    }
    if (level == GPIO_Value_Low) {
        bell->pressed_ms += passed_ms;
    } else if (bell->pressed_ms > 0) {
        finish_press(bell);
        bell->pressed_ms = 0;
    }
}

static bool open_all(struct doorbell *bell)
{
    bell->button_fd = GPIO_OpenAsInput(DOORBELL_BUTTON);
    bell->light_fd = GPIO_OpenAsOutput(DOORBELL_LIGHT, GPIO_OutputMode_PushPull, GPIO_Value_High);
    bell->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    const struct itimerspec period = {{0, POLL_MS * 1000000}, {0, POLL_MS * 1000000}};
    return bell->button_fd >= 0 && bell->light_fd >= 0 && bell->timer_fd >= 0 &&
           timerfd_settime(bell->timer_fd, 0, &period, NULL) == 0;
}

int main(int argc, char **argv)
{
    struct doorbell bell = {.url = argc > 1 ? argv[1] : ""};
    struct sigaction action = {.sa_handler = on_terminate};
    (void)sigaction(SIGTERM, &action, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    EventLoop *el = EventLoop_Create();
    if (el == NULL || !open_all(&bell) ||
        EventLoop_RegisterIo(el, bell.timer_fd, EventLoop_Input, on_timer, &bell) == NULL) {
        Log_Debug("the doorbell cannot open its pins\n");
        return 1;
    }
    Log_Debug("doorbell version %d is ready\n", DOORBELL_VERSION);
    while (!terminate) {
        (void)EventLoop_Run(el, -1, true);
    }
    EventLoop_Close(el);
    return 0;
}
