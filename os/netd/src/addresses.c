#include "addresses.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

void tatu_netd_map_ipv4(uint32_t address, uint8_t out[16])
{
    memcpy(out, mapped, sizeof(mapped));
    for (size_t i = 0; i < 4; i++) {
        out[12 + i] = (uint8_t)(address >> (24 - 8 * i));
    }
}

bool tatu_netd_is_of_desk(uint32_t address)
{
    return ((address ^ TATU_DESK_ADDRESS) & TATU_DESK_MASK) == 0;
}

enum tatu_err tatu_netd_decode_address(const char *text, uint8_t out[16])
{
    uint8_t ipv4[4], ipv6[16];
    if (inet_pton(AF_INET, text, ipv4) == 1) {
        memcpy(out, mapped, sizeof(mapped));
        memcpy(out + sizeof(mapped), ipv4, sizeof(ipv4));
        return TATU_OK;
    }
    if (inet_pton(AF_INET6, text, ipv6) == 1) {
        memcpy(out, ipv6, sizeof(ipv6));
        return TATU_OK;
    }
    return TATU_ERR_FORMAT;
}

bool tatu_netd_is_peer(const uint8_t address[16])
{
    if (memcmp(address, mapped, sizeof(mapped)) == 0) {
        const uint8_t first = address[12];
        return first != 0 && first != 127 && first < 224;
    }
    /* ::/96 has loopback, nobody and an old way to write IPv4 */
    static const uint8_t zero[12];
    return memcmp(address, zero, sizeof(zero)) != 0 && address[0] != 0xff;
}

static struct tatu_address *find(struct tatu_address_set *set, const uint8_t address[16])
{
    for (size_t i = 0; i < set->count; i++) {
        if (memcmp(set->entries[i].bytes, address, sizeof(set->entries[i].bytes)) == 0) {
            return &set->entries[i];
        }
    }
    return NULL;
}

enum tatu_err tatu_netd_add_address(struct tatu_address_set *set, const uint8_t address[16],
                                    uint64_t until_ms)
{
    if (!tatu_netd_is_peer(address)) {
        return TATU_ERR_ARGUMENT;
    }
    struct tatu_address *entry = find(set, address);
    if (entry == NULL) {
        if (set->count == TATU_ADDRESS_MAX) {
            return TATU_ERR_FULL;
        }
        entry = &set->entries[set->count++];
        memcpy(entry->bytes, address, sizeof(entry->bytes));
        entry->until_ms = 0;
    }
    if (until_ms > entry->until_ms) {
        entry->until_ms = until_ms;
    }
    return TATU_OK;
}

enum tatu_err tatu_netd_expire_address(struct tatu_address_set *set, uint64_t now_ms,
                                       uint8_t out[16])
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->entries[i].until_ms <= now_ms) {
            memcpy(out, set->entries[i].bytes, sizeof(set->entries[i].bytes));
            set->entries[i] = set->entries[--set->count];
            return TATU_OK;
        }
    }
    return TATU_ERR_NOT_FOUND;
}

bool tatu_netd_has_address(const struct tatu_address_set *set, const uint8_t address[16])
{
    for (size_t i = 0; i < set->count; i++) {
        if (memcmp(set->entries[i].bytes, address, sizeof(set->entries[i].bytes)) == 0) {
            return true;
        }
    }
    return false;
}
