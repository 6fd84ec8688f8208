/* Messages of SNTP, both sides, and the bounds within which they may move the clock. Knows no
 * socket and no clock. Source: RFC 4330; RFC 5905 §7.3; docs/protocol/network.md. */
#ifndef TATU_NETD_SNTP_H
#define TATU_NETD_SNTP_H

#include "base/base.h"

#define TATU_SNTP_SIZE 48u
#define TATU_SNTP_DELAY_MAX_NS INT64_C(2000000000)

/** What was asked, and when by our clocks; times are nanoseconds since 1970. */
struct tatu_sntp_ask {
    uint64_t cookie; /* random; sent as our time, so that only who saw it can answer */
    int64_t sent_ns;
};

struct tatu_sntp_answer {
    int64_t offset_ns; /* what our clock lacks */
    int64_t delay_ns;
    uint8_t stratum;
};

void tatu_netd_encode_sntp_ask(const struct tatu_sntp_ask *ask, uint8_t out[TATU_SNTP_SIZE]);

/**
 * Reads a server's answer.
 *
 * got_ns   when it came, by the clock of sent_ns
 *
 * Errors   SHORT    of another size
 *          TYPE     not of a server, or of another version
 *          FOREIGN  its origin is not the cookie
 *          STATE    the server has no time itself: stratum 0 or over 15, or its alarm is on
 *          FORMAT   a time of it is zero
 *          CLOCK    it took less than no time
 *          TIMEOUT  it took longer than TATU_SNTP_DELAY_MAX_NS
 */
enum tatu_err tatu_netd_decode_sntp_answer(struct tatu_span in, const struct tatu_sntp_ask *ask,
                                           int64_t got_ns, struct tatu_sntp_answer *out);

/** What a server of ours says about itself. */
struct tatu_sntp_clock {
    bool set;          /* false: the alarm is on */
    uint8_t stratum;   /* of whom we have it, plus one */
    int64_t set_at_ns; /* when the clock was last set */
    int64_t got_ns;    /* the question came */
    int64_t now_ns;
};

/** Answers a client's question. Errors: SHORT of another size; TYPE not of a client. */
enum tatu_err tatu_netd_answer_sntp(struct tatu_span in, const struct tatu_sntp_clock *clock,
                                    uint8_t out[TATU_SNTP_SIZE]);

/* What is known of true time. Seconds since 1970, milliseconds since boot. */
struct tatu_time_bounds {
    uint64_t floor_s;     /* the vault's: the last signed time; 0 there was none ever */
    uint64_t floor_at_ms; /* signed time of this boot: it came not before this ... */
    uint64_t seen_at_ms;  /* ... and not after this; 0 none of this boot yet */
};

/** The vault's floor was read again: when it moved, signed time came since the last look. */
void tatu_netd_tell_floor(struct tatu_time_bounds *bounds, uint64_t floor_s, uint64_t now_ms,
                          uint64_t *last_look_ms);

#define TATU_TIME_SLACK_S 900u        /* SNTP may differ by this from signed time of this boot */
#define TATU_TIME_LEAP_S 157788000u   /* and by this, upwards, from one before: five years */
#define TATU_TIME_LEAST_S 1750000000u /* never before this software was made */

/** Whether the clock may be set to time_s. Errors: CLOCK. */
enum tatu_err tatu_netd_check_time(const struct tatu_time_bounds *bounds, int64_t time_s,
                                   uint64_t now_ms);

#endif
