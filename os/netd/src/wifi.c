#include "wifi.h"

#include <string.h>

#include "config.h"

#define MAGIC 0x49464957u /* "WIFI" */
#define VERSION 1u

/* ---- one network ---- */

static struct tatu_wifi_entry *find(struct tatu_wifi *wifi, uint32_t id)
{
    return id < TATU_NET_WIFI_MAX && wifi->entries[id].used ? &wifi->entries[id] : NULL;
}

/* An id that could never be one, and one that nobody has. */
static enum tatu_netd_fault why_missing(uint32_t id)
{
    return id > INT32_MAX ? TATU_NETD_WIFI_ID_FAULT : TATU_NETD_WIFI_NOT_FOUND_FAULT;
}

static bool is_same_network(const struct tatu_net_wifi *a, const struct tatu_net_wifi *b)
{
    return a->ssid_len == b->ssid_len && a->security == b->security &&
           memcmp(a->ssid, b->ssid, sizeof(a->ssid)) == 0;
}

static bool is_name_taken(const struct tatu_wifi *wifi, const char *name, uint32_t but)
{
    for (uint32_t i = 0; i < TATU_NET_WIFI_MAX; i++) {
        if (i != but && wifi->entries[i].used && name[0] != '\0' &&
            strcmp(wifi->entries[i].network.name, name) == 0) {
            return true;
        }
    }
    return false;
}

enum tatu_netd_fault tatu_netd_add_wifi(struct tatu_wifi *wifi, uint32_t *out_id)
{
    for (uint32_t i = 0; i < TATU_NET_WIFI_MAX; i++) {
        if (!wifi->entries[i].used) {
            memset(&wifi->entries[i], 0, sizeof(wifi->entries[i]));
            wifi->entries[i].used = true;
            wifi->entries[i].network.id = (int32_t)i;
            *out_id = i;
            return TATU_NETD_OK;
        }
    }
    return TATU_NETD_WIFI_LIMIT_FAULT;
}

enum tatu_netd_fault tatu_netd_copy_wifi(struct tatu_wifi *wifi, uint32_t id, const char *name,
                                         uint32_t *out_id)
{
    const struct tatu_wifi_entry *from = find(wifi, id);
    uint32_t to = 0;
    if (name[0] == '\0') {
        return TATU_NETD_WIFI_LENGTH_FAULT;
    }
    if (from == NULL) {
        return why_missing(id);
    }
    if (is_name_taken(wifi, name, UINT32_MAX)) {
        return TATU_NETD_WIFI_NAME_FAULT;
    }
    NETD_TRY(tatu_netd_add_wifi(wifi, &to));
    struct tatu_wifi_entry *entry = &wifi->entries[to];
    *entry = *from;
    entry->network.id = (int32_t)to;
    entry->network.enabled = 0;
    entry->network.connected = 0;
    memset(entry->network.name, 0, sizeof(entry->network.name));
    memcpy(entry->network.name, name, strlen(name));
    *out_id = to;
    return TATU_NETD_OK;
}

/* ---- fields ---- */

static enum tatu_netd_fault set_ssid(struct tatu_wifi_entry *entry, struct tatu_span value)
{
    if (value.len == 0 || value.len > TATU_NET_WIFI_SSID_MAX) {
        return TATU_NETD_WIFI_SSID_FAULT;
    }
    memset(entry->network.ssid, 0, sizeof(entry->network.ssid));
    memcpy(entry->network.ssid, value.data, value.len);
    entry->network.ssid_len = (uint8_t)value.len;
    return TATU_NETD_OK;
}

static bool is_hex(struct tatu_span value)
{
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t c = value.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) {
            return false;
        }
    }
    return true;
}

static enum tatu_netd_fault set_psk(struct tatu_wifi_entry *entry, struct tatu_span value)
{
    if (value.len < TATU_NET_WIFI_PSK_MIN) {
        return TATU_NETD_WIFI_PSK_SHORT_FAULT;
    }
    if (value.len > sizeof(entry->psk) || (value.len == sizeof(entry->psk) && !is_hex(value))) {
        return TATU_NETD_WIFI_PSK_LONG_FAULT;
    }
    tatu_base_wipe(entry->psk, sizeof(entry->psk));
    memcpy(entry->psk, value.data, value.len);
    entry->psk_len = (uint8_t)value.len;
    entry->network.has_psk = 1;
    return TATU_NETD_OK;
}

/* A text of `least` to size - 1 bytes; without a NUL in it. */
static enum tatu_netd_fault set_text(char *field, size_t size, size_t least, struct tatu_span value)
{
    if (value.len < least || value.len >= size) {
        return TATU_NETD_WIFI_LENGTH_FAULT;
    }
    if (value.len != 0 && memchr(value.data, '\0', value.len) != NULL) {
        return TATU_NETD_WIFI_REQUEST_FAULT;
    }
    memset(field, 0, size);
    if (value.len != 0) {
        memcpy(field, value.data, value.len);
    }
    return TATU_NETD_OK;
}
#define SET_TEXT(field, least) set_text((field), sizeof(field), (least), value)

static bool get_number(struct tatu_span value, uint32_t most, uint8_t *out)
{
    if (value.len != 4 || tatu_get_le32(value.data) > most) {
        return false;
    }
    *out = value.data[0];
    return true;
}

static enum tatu_netd_fault set_flag(uint8_t *field, struct tatu_span value)
{
    return get_number(value, 1, field) ? TATU_NETD_OK : TATU_NETD_WIFI_REQUEST_FAULT;
}

static enum tatu_netd_fault set_security(struct tatu_wifi_entry *entry, struct tatu_span value,
                                         bool enterprise)
{
    uint8_t security = 0;
    if (!get_number(value, TATU_NET_WIFI_EAP_TLS, &security) || security == TATU_NET_WIFI_UNKNOWN) {
        return TATU_NETD_WIFI_REQUEST_FAULT;
    }
    if (security == TATU_NET_WIFI_EAP_TLS && !enterprise) {
        return TATU_NETD_WIFI_DENIED_FAULT;
    }
    entry->network.security = security;
    return TATU_NETD_OK;
}

static enum tatu_netd_fault set_field(struct tatu_wifi_entry *entry, enum tatu_net_wifi_field field,
                                      struct tatu_span value, bool enterprise)
{
    struct tatu_net_wifi *network = &entry->network;
    if (field >= TATU_NET_WIFI_FIELD_IDENTITY && !enterprise) {
        return TATU_NETD_WIFI_DENIED_FAULT;
    }
    switch (field) {
    case TATU_NET_WIFI_FIELD_SSID:
        return set_ssid(entry, value);
    case TATU_NET_WIFI_FIELD_SECURITY:
        return set_security(entry, value, enterprise);
    case TATU_NET_WIFI_FIELD_PSK:
        return set_psk(entry, value);
    case TATU_NET_WIFI_FIELD_ENABLED:
        return set_flag(&network->enabled, value);
    case TATU_NET_WIFI_FIELD_TARGETED:
        return set_flag(&network->targeted, value);
    case TATU_NET_WIFI_FIELD_NAME:
        return SET_TEXT(network->name, 0);
    case TATU_NET_WIFI_FIELD_IDENTITY:
        return SET_TEXT(network->identity, 0);
    case TATU_NET_WIFI_FIELD_CLIENT:
        return SET_TEXT(network->client, 1);
    case TATU_NET_WIFI_FIELD_ROOT:
        return SET_TEXT(network->root, 1);
    }
    return TATU_NETD_WIFI_REQUEST_FAULT;
}

enum tatu_netd_fault tatu_netd_set_wifi(struct tatu_wifi *wifi, uint32_t id,
                                        enum tatu_net_wifi_field field, struct tatu_span value,
                                        bool enterprise)
{
    struct tatu_wifi_entry *entry = find(wifi, id);
    char name[TATU_NET_WIFI_NAME_SIZE] = "";
    if (entry == NULL) {
        return why_missing(id);
    }
    if (field == TATU_NET_WIFI_FIELD_NAME && value.len != 0 && value.len < sizeof(name)) {
        memcpy(name, value.data, value.len);
        if (is_name_taken(wifi, name, id)) {
            return TATU_NETD_WIFI_NAME_FAULT;
        }
    }
    return set_field(entry, field, value, enterprise);
}

/* ---- whole networks ---- */

static enum tatu_netd_fault check_shape(const struct tatu_wifi_entry *entry)
{
    const struct tatu_net_wifi *network = &entry->network;
    const bool texts = tatu_netd_is_text(network->name, sizeof(network->name)) &&
                       tatu_netd_is_text(network->client, sizeof(network->client)) &&
                       tatu_netd_is_text(network->root, sizeof(network->root)) &&
                       tatu_netd_is_text(network->identity, sizeof(network->identity));
    if (network->ssid_len == 0 || network->ssid_len > TATU_NET_WIFI_SSID_MAX) {
        return TATU_NETD_WIFI_SSID_FAULT;
    }
    return texts && network->security <= TATU_NET_WIFI_EAP_TLS && network->enabled <= 1 &&
                   network->targeted <= 1 && network->zero[0] == 0 && network->zero[1] == 0 &&
                   network->zero2[0] == 0 && network->zero2[1] == 0
               ? TATU_NETD_OK
               : TATU_NETD_WIFI_REQUEST_FAULT;
}

/* What a network of its kind needs, and what others may not have. */
static enum tatu_netd_fault check_kind(const struct tatu_wifi_entry *entry, bool enterprise)
{
    const struct tatu_net_wifi *network = &entry->network;
    const bool wants_psk = network->security == TATU_NET_WIFI_PSK;
    const bool eap = network->security == TATU_NET_WIFI_EAP_TLS;
    if (network->security == TATU_NET_WIFI_UNKNOWN || (!wants_psk && entry->psk_len != 0)) {
        return TATU_NETD_WIFI_PROPERTIES_FAULT;
    }
    if (wants_psk && entry->psk_len < TATU_NET_WIFI_PSK_MIN) {
        return TATU_NETD_WIFI_PSK_SHORT_FAULT;
    }
    if (!eap) {
        return network->client[0] == '\0' && network->root[0] == '\0' &&
                       network->identity[0] == '\0'
                   ? TATU_NETD_OK
                   : TATU_NETD_WIFI_PROPERTIES_FAULT;
    }
    if (!enterprise) {
        return TATU_NETD_WIFI_DENIED_FAULT;
    }
    return network->client[0] == '\0' ? TATU_NETD_WIFI_CLIENT_FAULT : TATU_NETD_OK;
}

static enum tatu_netd_fault check_unique(const struct tatu_wifi *wifi,
                                         const struct tatu_net_wifi *network)
{
    for (size_t i = 0; i < TATU_NET_WIFI_MAX; i++) {
        if (wifi->entries[i].used && is_same_network(&wifi->entries[i].network, network)) {
            return TATU_NETD_WIFI_EXISTS_FAULT;
        }
    }
    return is_name_taken(wifi, network->name, UINT32_MAX) ? TATU_NETD_WIFI_NAME_FAULT
                                                          : TATU_NETD_OK;
}

enum tatu_netd_fault tatu_netd_store_wifi(struct tatu_wifi *wifi,
                                          const struct tatu_net_wifi_new *network, bool enterprise,
                                          uint32_t *out_id)
{
    struct tatu_wifi_entry entry = {.used = true, .network = network->network};
    uint32_t id = 0;
    if (network->psk_len != 0) {
        if (network->psk_len > sizeof(network->psk)) {
            return TATU_NETD_WIFI_PSK_LONG_FAULT;
        }
        NETD_TRY(set_psk(&entry, (struct tatu_span){network->psk, network->psk_len}));
    }
    NETD_TRY(check_shape(&entry));
    if (entry.network.id != 0 || entry.network.connected != 0 || network->network.has_psk != 0) {
        return TATU_NETD_WIFI_REQUEST_FAULT;
    }
    memset(entry.network.ssid + entry.network.ssid_len, 0,
           sizeof(entry.network.ssid) - entry.network.ssid_len);
    NETD_TRY(check_kind(&entry, enterprise));
    NETD_TRY(check_unique(wifi, &entry.network));
    NETD_TRY(tatu_netd_add_wifi(wifi, &id));
    entry.network.id = (int32_t)id;
    wifi->entries[id] = entry;
    *out_id = id;
    return TATU_NETD_OK;
}

enum tatu_netd_fault tatu_netd_forget_wifi(struct tatu_wifi *wifi, uint32_t id)
{
    struct tatu_wifi_entry *entry = find(wifi, id);
    if (entry == NULL) {
        return why_missing(id);
    }
    tatu_base_wipe(entry, sizeof(*entry));
    return TATU_NETD_OK;
}

enum tatu_netd_fault tatu_netd_find_wifi(const struct tatu_wifi *wifi, const char *name,
                                         uint32_t *out_id)
{
    for (uint32_t i = 0; i < TATU_NET_WIFI_MAX; i++) {
        if (wifi->entries[i].used && strcmp(wifi->entries[i].network.name, name) == 0) {
            *out_id = i;
            return TATU_NETD_OK;
        }
    }
    return TATU_NETD_WIFI_NOT_FOUND_FAULT;
}

enum tatu_netd_fault tatu_netd_get_wifi(const struct tatu_wifi *wifi, uint32_t id, bool enterprise,
                                        struct tatu_net_wifi *out)
{
    if (id >= TATU_NET_WIFI_MAX || !wifi->entries[id].used) {
        return why_missing(id);
    }
    *out = wifi->entries[id].network;
    if (!enterprise) {
        memset(out->client, 0, sizeof(out->client));
        memset(out->root, 0, sizeof(out->root));
        memset(out->identity, 0, sizeof(out->identity));
    }
    return TATU_NETD_OK;
}

size_t tatu_netd_count_wifi(const struct tatu_wifi *wifi)
{
    size_t count = 0;
    for (size_t i = 0; i < TATU_NET_WIFI_MAX; i++) {
        count += wifi->entries[i].used;
    }
    return count;
}

/* ---- the file: u32 magic, version, count, then of each the network and its key ---- */

#define ENTRY_SIZE (sizeof(struct tatu_net_wifi) + 1 + 64)

enum tatu_netd_fault tatu_netd_encode_wifi(const struct tatu_wifi *wifi, struct tatu_buf *out)
{
    uint8_t head[12];
    struct tatu_buf whole = *out;
    tatu_put_le32(head, MAGIC);
    tatu_put_le32(head + 4, VERSION);
    tatu_put_le32(head + 8, (uint32_t)tatu_netd_count_wifi(wifi));
    if (tatu_base_put_bytes(&whole, TATU_SPAN_OF(head)) != TATU_OK) {
        return TATU_NETD_WIFI_SPACE_FAULT;
    }
    for (size_t i = 0; i < TATU_NET_WIFI_MAX; i++) {
        const struct tatu_wifi_entry *entry = &wifi->entries[i];
        if (!entry->used) {
            continue;
        }
        if (entry->network.ssid_len == 0) {
            return TATU_NETD_WIFI_PROPERTIES_FAULT;
        }
        const struct tatu_span network = {(const uint8_t *)&entry->network, sizeof(entry->network)};
        const struct tatu_span psk = {entry->psk, sizeof(entry->psk)};
        if (tatu_base_put_bytes(&whole, network) != TATU_OK ||
            tatu_base_put_bytes(&whole, (struct tatu_span){&entry->psk_len, 1}) != TATU_OK ||
            tatu_base_put_bytes(&whole, psk) != TATU_OK) {
            return TATU_NETD_WIFI_SPACE_FAULT;
        }
    }
    *out = whole;
    return TATU_NETD_OK;
}

static enum tatu_err take_entry(const uint8_t *at, struct tatu_wifi_entry *out)
{
    struct tatu_wifi_entry entry = {.used = true};
    memcpy(&entry.network, at, sizeof(entry.network));
    entry.psk_len = at[sizeof(entry.network)];
    memcpy(entry.psk, at + sizeof(entry.network) + 1, sizeof(entry.psk));
    if (check_shape(&entry) != TATU_NETD_OK || entry.network.connected != 0 ||
        entry.psk_len > sizeof(entry.psk) || entry.network.has_psk != (entry.psk_len != 0)) {
        return TATU_ERR_FORMAT;
    }
    *out = entry;
    return TATU_OK;
}

enum tatu_err tatu_netd_decode_wifi(struct tatu_span in, struct tatu_wifi *out)
{
    if (in.len < 12) {
        return TATU_ERR_SHORT;
    }
    if (tatu_get_le32(in.data) != MAGIC || tatu_get_le32(in.data + 4) != VERSION) {
        return TATU_ERR_VERSION;
    }
    const size_t count = tatu_get_le32(in.data + 8);
    if (count > TATU_NET_WIFI_MAX) {
        return TATU_ERR_LONG;
    }
    if (in.len != 12 + count * ENTRY_SIZE) {
        return in.len < 12 + count * ENTRY_SIZE ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    struct tatu_wifi_entry entry;
    for (size_t i = 0; i < count; i++) { /* all are looked at before any is taken */
        TATU_TRY(take_entry(in.data + 12 + i * ENTRY_SIZE, &entry));
    }
    tatu_base_wipe(out, sizeof(*out));
    for (size_t i = 0; i < count; i++) {
        TATU_TRY(take_entry(in.data + 12 + i * ENTRY_SIZE, &out->entries[i]));
        out->entries[i].network.id = (int32_t)i;
    }
    return TATU_OK;
}
