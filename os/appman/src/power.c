/* The hardware clock and the way into power down. */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "os/apps/apps.h"
#include "os/lib/file.h"
#include "proto/map.h"

#define RTC_DEVICE "/dev/rtc0"
/* An alarm that rings before the power is gone would be answered and lost. */
#define ALARM_MIN_S 2u
#define PERIOD_US 20000u /* in which applications have their part of the processor */

static void fill_time(time_t at, struct rtc_time *out)
{
    struct tm parts;
    (void)gmtime_r(&at, &parts);
    *out = (struct rtc_time){.tm_sec = parts.tm_sec,
                             .tm_min = parts.tm_min,
                             .tm_hour = parts.tm_hour,
                             .tm_mday = parts.tm_mday,
                             .tm_mon = parts.tm_mon,
                             .tm_year = parts.tm_year,
                             .tm_wday = parts.tm_wday,
                             .tm_yday = parts.tm_yday};
}

static time_t read_time(const struct rtc_time *from)
{
    struct tm parts = {.tm_sec = from->tm_sec,
                       .tm_min = from->tm_min,
                       .tm_hour = from->tm_hour,
                       .tm_mday = from->tm_mday,
                       .tm_mon = from->tm_mon,
                       .tm_year = from->tm_year};
    return timegm(&parts);
}

static int use_rtc(int (*use)(int fd, uint32_t seconds), uint32_t seconds)
{
    TATU_OS_CLOSING int fd = open(RTC_DEVICE, O_RDWR | O_CLOEXEC);
    return fd < 0 ? errno : use(fd, seconds);
}

static int set_rtc(int fd, uint32_t seconds)
{
    struct rtc_time parts;
    (void)seconds;
    fill_time(time(NULL), &parts);
    return ioctl(fd, RTC_SET_TIME, &parts) == 0 ? 0 : errno;
}

static int set_alarm(int fd, uint32_t seconds)
{
    struct rtc_wkalrm alarm = {.enabled = 1};
    struct rtc_time now;
    if (ioctl(fd, RTC_RD_TIME, &now) != 0) {
        return errno;
    }
    fill_time(read_time(&now) + (time_t)(seconds < ALARM_MIN_S ? ALARM_MIN_S : seconds),
              &alarm.time);
    return ioctl(fd, RTC_WKALM_SET, &alarm) == 0 ? 0 : errno;
}

int tatu_appman_set_rtc(void)
{
    return use_rtc(set_rtc, 0);
}

int tatu_appman_set_alarm(uint32_t seconds)
{
    return use_rtc(set_alarm, seconds);
}

int tatu_appman_limit_apps(uint32_t percent)
{
    char text[32] = "max";
    if (percent < 100) {
        (void)snprintf(text, sizeof(text), "%u %u", (unsigned)(PERIOD_US / 100 * percent),
                       (unsigned)PERIOD_US);
    }
    return tatu_os_write_in(TATU_APPS_GROUP, "cpu.max", text) ? 0 : errno;
}

enum tatu_err tatu_appman_power_down(const struct tatu_os_monitor *monitor, bool alarm)
{
    sync();
    return tatu_os_power_down(monitor, TATU_SYSCTL_WAKE_PIN | (alarm ? TATU_SYSCTL_WAKE_ALARM : 0));
}
