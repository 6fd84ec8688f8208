#include "sntp.h"

#include <string.h>

#define NS_PER_S INT64_C(1000000000)
#define TO_1900_S INT64_C(2208988800)
#define ERA_S (INT64_C(1) << 32)
#define FIRST_OF_ERA_0 0x80000000u /* seconds below are of the era that begins in 2036 */

enum { AT_STRATUM = 1, AT_REFERENCE = 16, AT_ORIGIN = 24, AT_RECEIVED = 32, AT_SENT = 40 };
enum { VERSION = 4, CLIENT = 3, SERVER = 4, ALARM = 3, STRATUM_MAX = 15 };

static uint64_t get_be64(const uint8_t *p)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

static void put_be64(uint8_t *p, uint64_t value)
{
    for (size_t i = 0; i < 8; i++) {
        p[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

static int64_t to_ns(uint64_t stamp)
{
    const uint32_t seconds = (uint32_t)(stamp >> 32);
    const int64_t unix_s =
        (int64_t)seconds - TO_1900_S + (seconds < FIRST_OF_ERA_0 ? ERA_S : INT64_C(0));
    return unix_s * NS_PER_S + (int64_t)(((stamp & 0xffffffffu) * (uint64_t)NS_PER_S) >> 32);
}

static uint64_t to_stamp(int64_t ns)
{
    const uint64_t seconds = (uint64_t)(ns / NS_PER_S + TO_1900_S) & 0xffffffffu;
    return seconds << 32 | (((uint64_t)(ns % NS_PER_S) << 32) / (uint64_t)NS_PER_S);
}

void tatu_netd_encode_sntp_ask(const struct tatu_sntp_ask *ask, uint8_t out[TATU_SNTP_SIZE])
{
    memset(out, 0, TATU_SNTP_SIZE);
    out[0] = VERSION << 3 | CLIENT;
    put_be64(out + AT_SENT, ask->cookie);
}

enum tatu_err tatu_netd_decode_sntp_answer(struct tatu_span in, const struct tatu_sntp_ask *ask,
                                           int64_t got_ns, struct tatu_sntp_answer *out)
{
    if (in.len != TATU_SNTP_SIZE) {
        return TATU_ERR_SHORT;
    }
    if ((in.data[0] & 0x3f) != (VERSION << 3 | SERVER)) {
        return TATU_ERR_TYPE;
    }
    if (get_be64(in.data + AT_ORIGIN) != ask->cookie) {
        return TATU_ERR_FOREIGN;
    }
    const uint8_t stratum = in.data[AT_STRATUM];
    if (stratum == 0 || stratum > STRATUM_MAX || in.data[0] >> 6 == ALARM) {
        return TATU_ERR_STATE;
    }
    if (get_be64(in.data + AT_RECEIVED) == 0 || get_be64(in.data + AT_SENT) == 0) {
        return TATU_ERR_FORMAT;
    }
    const int64_t received = to_ns(get_be64(in.data + AT_RECEIVED));
    const int64_t sent = to_ns(get_be64(in.data + AT_SENT));
    const int64_t delay = (got_ns - ask->sent_ns) - (sent - received);
    if (delay < 0) {
        return TATU_ERR_CLOCK;
    }
    if (delay > TATU_SNTP_DELAY_MAX_NS) {
        return TATU_ERR_TIMEOUT;
    }
    *out = (struct tatu_sntp_answer){
        .offset_ns = (received - ask->sent_ns) / 2 + (sent - got_ns) / 2,
        .delay_ns = delay,
        .stratum = stratum,
    };
    return TATU_OK;
}

enum tatu_err tatu_netd_answer_sntp(struct tatu_span in, const struct tatu_sntp_clock *clock,
                                    uint8_t out[TATU_SNTP_SIZE])
{
    if (in.len != TATU_SNTP_SIZE) {
        return TATU_ERR_SHORT;
    }
    const uint8_t version = (uint8_t)(in.data[0] >> 3 & 7);
    if ((in.data[0] & 7) != CLIENT || version == 0 || version > VERSION) {
        return TATU_ERR_TYPE;
    }
    uint8_t origin[8];
    memcpy(origin, in.data + AT_SENT, sizeof(origin));
    memset(out, 0, TATU_SNTP_SIZE);
    out[0] = (uint8_t)((clock->set ? 0 : ALARM << 6) | version << 3 | SERVER);
    out[AT_STRATUM] = clock->set ? clock->stratum : 0;
    out[2] = 6;            /* poll: 64 s */
    out[3] = (uint8_t)-20; /* precision: a microsecond */
    memcpy(out + AT_ORIGIN, origin, sizeof(origin));
    if (clock->set) {
        put_be64(out + AT_REFERENCE, to_stamp(clock->set_at_ns));
    }
    put_be64(out + AT_RECEIVED, to_stamp(clock->got_ns));
    put_be64(out + AT_SENT, to_stamp(clock->now_ns));
    return TATU_OK;
}
