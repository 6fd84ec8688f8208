/* Messages of DNS: queries of local programs and answers of servers, both hostile. Addresses are
 * IPv6, or IPv4 as ::ffff:a.b.c.d. Source: RFC 1035 §4; RFC 3596. */
#ifndef TATU_NETD_DNS_H
#define TATU_NETD_DNS_H

#include "base/base.h"

#define TATU_DNS_MESSAGE_MAX 1232u /* bytes: what passes every link unbroken */
#define TATU_DNS_NAME_SIZE 256u    /* as text, with its NUL */
#define TATU_DNS_FOUND_MAX 16u     /* addresses of one answer that are kept */

enum tatu_dns_type { TATU_DNS_A = 1, TATU_DNS_CNAME = 5, TATU_DNS_OPT = 41, TATU_DNS_AAAA = 28 };
enum tatu_dns_rcode {
    TATU_DNS_NO_ERROR = 0,
    TATU_DNS_BAD_QUERY = 1,
    TATU_DNS_FAILED = 2,
    TATU_DNS_NO_NAME = 3,
    TATU_DNS_NOT_IMPLEMENTED = 4,
    TATU_DNS_REFUSED = 5,
};

struct tatu_dns_question {
    uint16_t id;
    uint16_t type; /* any; class is always Internet */
    char name[TATU_DNS_NAME_SIZE];
};

struct tatu_dns_answer {
    uint8_t rcode;
    uint32_t ttl_s; /* the least of those that led to the addresses; 0 without any */
    size_t count;
    uint8_t found[TATU_DNS_FOUND_MAX][16];
};

/**
 * Reads a query.
 *
 * Errors   SHORT   it ends early
 *          LONG    over TATU_DNS_MESSAGE_MAX
 *          FORMAT  not a query with one question of class Internet; a name with other characters
 *                  than names have
 */
enum tatu_err tatu_netd_decode_dns_query(struct tatu_span in, struct tatu_dns_question *out);

/**
 * With recursion, and room for TATU_DNS_MESSAGE_MAX; the name in small letters, so that the way an
 * application writes it tells nobody anything. Errors: FORMAT the name is none; FULL.
 */
enum tatu_err tatu_netd_encode_dns_query(const struct tatu_dns_question *question,
                                         struct tatu_buf *out);

/**
 * Reads the answer to a question. Addresses are taken when the question's type is theirs and the
 * name is the question's, or what aliases in the same answer lead to.
 *
 * Errors   SHORT, LONG  as above
 *          FOREIGN      of another id, or to another question
 *          FORMAT       not an answer; a name that points ahead of itself; an address of a wrong
 *                       length
 */
enum tatu_err tatu_netd_decode_dns_answer(struct tatu_span in,
                                          const struct tatu_dns_question *question,
                                          struct tatu_dns_answer *out);

/** Only addresses of the question's type are put. Errors: FORMAT the name is none; FULL. */
enum tatu_err tatu_netd_encode_dns_answer(const struct tatu_dns_question *question,
                                          const struct tatu_dns_answer *answer,
                                          struct tatu_buf *out);

/** Without looking at case or a dot at the end. */
bool tatu_netd_is_same_name(const char *a, const char *b);

#endif
