/* Answers the names of local programs at TATU_FILTER_RESOLVER: of an application those that its
 * manifest allows, and what it gets is what its firewall was opened for; of the OS any. */
#ifndef TATU_NETD_STUB_H
#define TATU_NETD_STUB_H

#include <netinet/in.h>
#include <sys/types.h>

#include "resolver.h"

#define TATU_STUB_MAX 12u     /* questions at a time */
#define TATU_STUB_USER_MAX 4u /* of one user: nobody holds up the others */

struct tatu_stub;
struct tatu_stub_question {
    struct tatu_stub *stub;
    uid_t uid;
    uint16_t id;
    struct sockaddr_in from;
    struct tatu_lookup lookup;
};

struct tatu_stub {
    struct tatu_resolver *resolver;
    struct tatu_os_watch watch;
    /** Whether the user may ask for that name. */
    bool (*may)(void *context, uid_t uid, const char *name);
    /** Opens the user's firewall before the answer is told. */
    void (*found)(void *context, uid_t uid, const char *name, const struct tatu_dns_answer *answer);
    void *context;
    struct tatu_stub_question questions[TATU_STUB_MAX];
};

/** Errors: IO. The caller has filled in may, found and context. */
enum tatu_err tatu_netd_start_stub(struct tatu_stub *stub, struct tatu_resolver *resolver);

/** The owner of the UDP socket at a port, out of the text of /proc/net/udp. Errors: NOT_FOUND. */
enum tatu_err tatu_netd_find_port_owner(struct tatu_span text, uint16_t port, uid_t *out);

#endif
