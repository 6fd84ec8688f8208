/*
 * gatewayd: the device API, which the owner's desk speaks over TLS, and the certificate store.
 * Source: docs/protocol/device-api.md; RFC 9110, RFC 9112.
 */
#ifndef TATU_OS_GATEWAYD_GATEWAYD_H
#define TATU_OS_GATEWAYD_GATEWAYD_H

#include "base/base.h"
#include "os/lib/request.h"
#include "os/lib/sm.h"

struct tatu_certstore;

enum tatu_gateway_event {
    TATU_GATEWAY_CLAIMED, /* the board has a new owner */
    TATU_GATEWAY_RESTART, /* the answer is out: the board may restart */
};

/** What the handlers work with; tests have their own. */
struct tatu_gateway {
    const struct tatu_os_monitor *monitor;
    struct tatu_certstore *certs;
    /* as tatu_os_ask, without descriptors */
    enum tatu_err (*ask)(void *context, const char *path, const struct tatu_ask *ask,
                         uint32_t timeout_ms, uint32_t *out_number, struct tatu_buf *out);
    /* the kernel's log, the newest bytes of it: "<level>[seconds] text\n" */
    enum tatu_err (*read_log)(void *context, struct tatu_buf *out);
    /* whether a daily certificate is there */
    bool (*is_authenticated)(void *context);
    void (*tell)(void *context, enum tatu_gateway_event event);
    void *context;
    const char *release_path; /* the file with the OS version */
};

#endif
