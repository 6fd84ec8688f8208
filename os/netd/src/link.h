/* Network interfaces by the kernel's ioctls. Addresses are numbers in host order. */
#ifndef TATU_NETD_LINK_H
#define TATU_NETD_LINK_H

#include "base/base.h"

/** Brings it up. Errors: NOT_FOUND (no such interface), IO. */
enum tatu_err tatu_netd_raise_link(const char *name);
/** Errors: NOT_FOUND, TYPE (not Ethernet), IO. */
enum tatu_err tatu_netd_get_mac(const char *name, uint8_t out[6]);
/** The one address of the interface, and the default route over router (0: none). Errors: IO. */
enum tatu_err tatu_netd_set_address(const char *name, uint32_t address, uint32_t mask,
                                    uint32_t router);
/** Takes the address away, and the routes with it. Errors: IO. */
enum tatu_err tatu_netd_clear_address(const char *name);

#endif
