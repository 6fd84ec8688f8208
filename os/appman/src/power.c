/* The hardware clock and the way into power down. */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "proto/map.h"

#define RTC_DEVICE "/dev/rtc0"
/* An alarm that rings before the power is gone would be answered and lost. */
#define ALARM_MIN_S 2u

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
    int fd = open(RTC_DEVICE, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    const int problem = use(fd, seconds);
    (void)close(fd);
    return problem;
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

enum tatu_err tatu_appman_power_down(const struct tatu_os_monitor *monitor, bool alarm)
{
    sync();
    return tatu_os_power_down(monitor, TATU_SYSCTL_WAKE_PIN | (alarm ? TATU_SYSCTL_WAKE_ALARM : 0));
}
