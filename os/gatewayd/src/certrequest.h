/* Applications' requests to the certificate store (proto/certstore.h). */
#ifndef TATU_GATEWAYD_CERTREQUEST_H
#define TATU_GATEWAYD_CERTREQUEST_H

#include "certstore.h"
#include "os/lib/loop.h"
#include "os/lib/request.h"

#define TATU_CERTREQUEST_MAX 4u        /* installs whose bytes are on their way */
#define TATU_CERTREQUEST_TIME_MS 5000u /* for all of them */

struct tatu_certrequests;

/* An install: its bytes follow on the application's connection. */
struct tatu_certrequest {
    struct tatu_certrequests *owner;
    struct tatu_os_watch watch; /* fd -1: free */
    struct tatu_os_timer patience;
    uid_t uid;
    enum tatu_cert_type type;
    char id[TATU_CERT_ID_MAX + 1];
    size_t cert_len, key_len, password_len;
    uint8_t *bytes;
    size_t len; /* of them that came */
};

struct tatu_certrequests {
    struct tatu_certstore *store;
    struct tatu_os_loop *loop;
    struct tatu_certrequest pending[TATU_CERTREQUEST_MAX];
};

void tatu_certrequests_init(struct tatu_certrequests *requests, struct tatu_certstore *store,
                            struct tatu_os_loop *loop);

/** A tatu_os_act whose context are the requests; introduced applications alone are served. */
enum tatu_err tatu_certrequests_act(void *context, const struct tatu_os_asked *asked,
                                    struct tatu_os_reply *reply);

#endif
