/* The rest of the device, in memory: vault, monitor, appman, updated and netd as the handlers see
 * them. For the tests, the fuzzer and the program that serves on the host. */
#ifndef TATU_GATEWAYD_WORLD_H
#define TATU_GATEWAYD_WORLD_H

#include "certstore.h"
#include "os/gatewayd/gatewayd.h"
#include "os/lib/fake_vault.h"
#include "proto/network.h"

struct world {
    struct fake_vault sealer;
    struct tatu_os_monitor monitor;
    struct tatu_gateway gateway;
    struct tatu_certstore certs;
    /* vault */
    uint32_t lifecycle;
    uint32_t stored;
    uint32_t session;
    uint8_t device_id[64];
    enum tatu_err claim_err;
    int claims;
    enum tatu_err vault_err; /* of everything */
    /* monitor */
    bool app_installed;
    uint32_t app_state;
    uint32_t records; /* how many there are, with ids from first_record on */
    uint32_t first_record;
    /* updated */
    bool ota;
    bool staged;
    uint32_t stage_len;
    uint32_t stage_at;
    uint32_t stage_sum; /* CRC-32 of what came, piece by piece added up */
    uint32_t install_mode;
    uint32_t stage_number; /* what the image's end is refused with; 0: taken */
    /* netd */
    bool has_proxy;
    struct tatu_net_proxy proxy;
    bool eth0_up;
    uint8_t eth0_mac[6];
    size_t network_count;
    struct tatu_net_wifi networks[8];
    int32_t next_id;
    bool has_radio;
    /* how the others fail */
    enum tatu_err ask_err;
    uint32_t ask_number;
    /* what was told */
    int restarts;
    int claimed;
    const char *log;
    enum tatu_err log_err;
};

extern const uint8_t world_component[16];
/* A capability file that the vault takes: number 11 for this device. */
#define WORLD_CAPABILITY_SIZE 392u
void world_make_capability(const struct world *world, uint32_t set,
                           uint8_t out[WORLD_CAPABILITY_SIZE]);

/** A complete device without capabilities; certificates in this folder. */
void world_init(struct world *world, const char *folder);

#endif
