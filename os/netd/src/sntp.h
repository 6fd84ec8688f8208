/* Messages of SNTP, both sides. Knows no socket and no clock. Source: RFC 4330; RFC 5905 §7.3. */
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

#endif
