/* Network interfaces, by the kernel's ioctls and files. IPv4 addresses are numbers in host order.
 */
#ifndef TATU_NETD_LINK_H
#define TATU_NETD_LINK_H

#include "base/base.h"
#include "proto/network.h"

/** Which of the chip's network slots it is. Errors: NOT_FOUND no such interface, or not of one. */
enum tatu_err tatu_netd_get_slot(const char *name, uint32_t *out_slot);
/** Reads the slot out of the path of its device. Errors: NOT_FOUND. */
enum tatu_err tatu_netd_decode_slot(const char *path, uint32_t *out_slot);
/** Names of all interfaces; those over max are left out. Errors: IO. */
enum tatu_err tatu_netd_list_links(char out[][TATU_NET_NAME_SIZE], size_t max, size_t *out_count);
/** It must be down. Errors: NOT_FOUND, EXISTS, IO. */
enum tatu_err tatu_netd_rename_link(const char *name, const char *new_name);

enum tatu_err tatu_netd_get_index(const char *name, uint32_t *out);
/** Errors: NOT_FOUND (no such interface), IO. */
enum tatu_err tatu_netd_set_link(const char *name, bool up);
/** Errors: NOT_FOUND, TYPE (not Ethernet), IO. */
enum tatu_err tatu_netd_get_mac(const char *name, uint8_t out[6]);
/** Errors: NOT_FOUND, IO (it is up, or cannot have another). */
enum tatu_err tatu_netd_set_mac(const char *name, const uint8_t mac[6]);

/** The one address of the interface, and the default route over router (0: none). metric: of two
 *  such routes the lesser is used. Errors: IO. */
enum tatu_err tatu_netd_set_address(const char *name, uint32_t address, uint32_t mask,
                                    uint32_t router, uint16_t metric);
/** Takes the address away, and the routes with it. Errors: IO. */
enum tatu_err tatu_netd_clear_address(const char *name);
/** One more address of IPv6, and the default route over router when it is not all zero. */
enum tatu_err tatu_netd_add_address6(uint32_t ifindex, const uint8_t address[16], uint8_t prefix,
                                     const uint8_t router[16], uint32_t metric);
/** The same address (/128) for so long, or as long from now on as is told; UINT32_MAX is for ever.
 *  Errors: IO. */
enum tatu_err tatu_netd_lease_address6(uint32_t ifindex, const uint8_t address[16],
                                       uint32_t preferred_s, uint32_t valid_s);
/** Errors: IO. */
enum tatu_err tatu_netd_remove_address6(uint32_t ifindex, const uint8_t address[16],
                                        uint8_t prefix);

/** Writes a value of /proc/sys/net; %s in path is the interface. Errors: ARGUMENT, IO. */
enum tatu_err tatu_netd_set_kernel(const char *path, const char *name, const char *value);

#endif
