/* Asking netd. */
#ifndef TATU_GATEWAYD_NET_H
#define TATU_GATEWAYD_NET_H

#include "os/gatewayd/gatewayd.h"

/** Errors: netd's own, *out_number with it; those of tatu_os_ask. */
enum tatu_err tatu_net_ask(const struct tatu_gateway *gateway, const struct tatu_ask *request,
                           uint32_t *out_number, struct tatu_buf *out);
/** The same when the answer must have exactly this size. Errors: FORMAT. */
enum tatu_err tatu_net_ask_fixed(const struct tatu_gateway *gateway, const struct tatu_ask *request,
                                 uint32_t *out_number, void *out, size_t size);

bool tatu_net_has_interface(const struct tatu_gateway *gateway, const char *name);

#endif
