/* Stored Wi-Fi networks: the ones in use, and the file of those that are kept. This board has no
 * radio: what needs one is refused by who serves the requests.
 * Source: docs/protocol/network.md; errors: fault.h. */
#ifndef TATU_NETD_WIFI_H
#define TATU_NETD_WIFI_H

#include "base/base.h"
#include "fault.h"
#include "proto/network.h"

struct tatu_wifi_entry {
    bool used;
    uint8_t psk_len; /* 0: none */
    uint8_t psk[64];
    struct tatu_net_wifi network; /* id: its place */
};

struct tatu_wifi {
    struct tatu_wifi_entry entries[TATU_NET_WIFI_MAX];
};

#define TATU_WIFI_FILE_MAX 20480u

enum tatu_netd_fault tatu_netd_add_wifi(struct tatu_wifi *wifi, uint32_t *out_id);
/** A disabled copy under another name. */
enum tatu_netd_fault tatu_netd_copy_wifi(struct tatu_wifi *wifi, uint32_t id, const char *name,
                                         uint32_t *out_id);
/** enterprise: whether fields of EAP-TLS may be set. */
enum tatu_netd_fault tatu_netd_set_wifi(struct tatu_wifi *wifi, uint32_t id,
                                        enum tatu_net_wifi_field field, struct tatu_span value,
                                        bool enterprise);
/** All of a new network at once. *out_id is its id. */
enum tatu_netd_fault tatu_netd_store_wifi(struct tatu_wifi *wifi,
                                          const struct tatu_net_wifi_new *network, bool enterprise,
                                          uint32_t *out_id);
enum tatu_netd_fault tatu_netd_forget_wifi(struct tatu_wifi *wifi, uint32_t id);
enum tatu_netd_fault tatu_netd_find_wifi(const struct tatu_wifi *wifi, const char *name,
                                         uint32_t *out_id);
/** enterprise: whether what is of EAP-TLS is told. */
enum tatu_netd_fault tatu_netd_get_wifi(const struct tatu_wifi *wifi, uint32_t id, bool enterprise,
                                        struct tatu_net_wifi *out);
size_t tatu_netd_count_wifi(const struct tatu_wifi *wifi);

/** Faults: WIFI_PROPERTIES: a network without an SSID; WIFI_SPACE. */
enum tatu_netd_fault tatu_netd_encode_wifi(const struct tatu_wifi *wifi, struct tatu_buf *out);
/** Errors: SHORT, LONG, VERSION; FORMAT a network that could not have been stored. */
enum tatu_err tatu_netd_decode_wifi(struct tatu_span in, struct tatu_wifi *out);

#endif
