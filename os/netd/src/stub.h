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

/* How well a socket fits an address and port. A port alone is not enough: another user may have the
 * same one at another address of this device. */
enum tatu_port_fit { TATU_PORT_OTHER = 0, TATU_PORT_ANY /* at every address */, TATU_PORT_EXACT };

/** Who has the socket that fits best; several: more than one user has one that fits as well. */
struct tatu_port_owner {
    enum tatu_port_fit fit;
    uid_t uid;
    bool several;
};

/**
 * Looks at the whole lines in a piece of /proc/net/udp or udp6; returns how many bytes they are.
 *
 * owner  zero before the first piece
 */
size_t tatu_netd_look_at_ports(struct tatu_span text, const struct sockaddr_in *at,
                               struct tatu_port_owner *owner);

#endif
