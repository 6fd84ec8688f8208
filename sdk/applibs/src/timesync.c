/* Time from the network, and time that an application sets. */
#include <errno.h>
#include <string.h>

#include "applibs/networking.h"
#include "networking.h"
#include "timesync.h"

int Networking_TimeSync_SetEnabled(bool enabled)
{
    const struct applibs_request request = {.op = TATU_NET_SET_TIME_SYNC, .a = enabled ? 1 : 0};
    return tatu_applibs_do(&request);
}

int Networking_TimeSync_GetEnabled(bool *outIsEnabled)
{
    const struct applibs_request request = {.op = TATU_NET_GET_TIME_SYNC};
    uint32_t enabled = 0;
    if (outIsEnabled == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (tatu_applibs_get(&request, &enabled, sizeof(enabled)) != 0) {
        return -1;
    }
    *outIsEnabled = enabled != 0;
    return 0;
}

static int apply(const struct tatu_net_ntp *ntp)
{
    const struct applibs_request request = {
        .op = TATU_NET_SET_NTP, .payload = ntp, .len = sizeof(*ntp)};
    return tatu_applibs_do(&request);
}

static bool is_option(Networking_NtpOption option)
{
    return option == Networking_NtpOption_FallbackServerDisabled ||
           option == Networking_NtpOption_FallbackServerEnabled;
}

int Networking_TimeSync_EnableDefaultNtp(void)
{
    const struct tatu_net_ntp ntp = {.mode = TATU_NET_NTP_DEFAULT};
    return apply(&ntp);
}

int Networking_TimeSync_EnableAutomaticNtp(Networking_NtpOption option)
{
    const struct tatu_net_ntp ntp = {.mode = TATU_NET_NTP_AUTOMATIC, .fallback = (uint8_t)option};
    return is_option(option) ? apply(&ntp) : tatu_applibs_fail(EINVAL);
}

int Networking_TimeSync_EnableCustomNtp(const char *primaryServer, const char *secondaryServer,
                                        Networking_NtpOption option)
{
    struct tatu_net_ntp ntp = {.mode = TATU_NET_NTP_CUSTOM, .fallback = (uint8_t)option};
    if (tatu_applibs_put_text(primaryServer, ntp.primary, sizeof(ntp.primary)) != 0) {
        return -1;
    }
    if (secondaryServer != NULL &&
        tatu_applibs_put_text(secondaryServer, ntp.secondary, sizeof(ntp.secondary)) != 0) {
        return -1;
    }
    return is_option(option) ? apply(&ntp) : tatu_applibs_fail(EINVAL);
}

int Networking_TimeSync_GetLastNtpSyncInfo(char *outNtpServer, size_t *ntpServerLength,
                                           struct tm *outTimeBeforeSync,
                                           struct tm *outAdjustedNewTime)
{
    const struct applibs_request request = {.op = TATU_NET_LAST_SYNC};
    struct tatu_net_sync sync;
    if (outNtpServer == NULL || ntpServerLength == NULL || outTimeBeforeSync == NULL ||
        outAdjustedNewTime == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (tatu_applibs_get(&request, &sync, sizeof(sync)) != 0) {
        return -1;
    }
    const size_t room = *ntpServerLength, len = strnlen(sync.server, sizeof(sync.server) - 1);
    *ntpServerLength = len + 1;
    if (room < len + 1) {
        return tatu_applibs_fail(ENOBUFS);
    }
    const time_t before = (time_t)sync.before_s, after = (time_t)sync.after_s;
    if (gmtime_r(&before, outTimeBeforeSync) == NULL ||
        gmtime_r(&after, outAdjustedNewTime) == NULL) {
        return tatu_applibs_fail(EIO);
    }
    memcpy(outNtpServer, sync.server, len);
    outNtpServer[len] = '\0';
    return 0;
}

/* ---- the clock ---- */

int tatu_applibs_set_time(int64_t seconds, int64_t nanoseconds)
{
    uint8_t payload[16] = {0};
    const struct applibs_request request = {
        .op = TATU_REQUEST_SET_TIME, .payload = payload, .len = sizeof(payload)};
    if (seconds < 0 || nanoseconds < 0 || nanoseconds >= 1000000000) {
        return tatu_applibs_fail(EINVAL);
    }
    tatu_put_le64(payload, (uint64_t)seconds);
    tatu_put_le32(payload + 8, (uint32_t)nanoseconds);
    return tatu_applibs_do(&request) == 0 ? 0 : tatu_applibs_fail(errno == EACCES ? EPERM : errno);
}
