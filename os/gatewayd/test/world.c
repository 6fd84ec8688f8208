#include "world.h"

#include <string.h>

#include "proto/capability.h"
#include "proto/device_errors.h"
#include "proto/request.h"

const uint8_t world_component[16] = {0x65, 0x52, 0xb1, 0x96, 0x1a, 0x11, 0x89, 0x48,
                                     0x91, 0x37, 0x2a, 0x4b, 0xd6, 0x24, 0x70, 0xa0};

static enum tatu_err put(struct tatu_buf *out, const void *bytes, size_t len)
{
    return out == NULL ? (len == 0 ? TATU_OK : TATU_ERR_FULL)
                       : tatu_base_put_bytes(out, (struct tatu_span){bytes, len});
}

static enum tatu_err put_word(struct tatu_buf *out, uint32_t word)
{
    uint8_t bytes[4];
    tatu_put_le32(bytes, word);
    return put(out, bytes, sizeof(bytes));
}

/* ---- vault and monitor ---- */

static enum tatu_err give_info(const struct world *world, struct tatu_buf *out)
{
    struct tatu_vault_info info = {.lifecycle = world->lifecycle};
    memcpy(info.device_id, world->device_id, sizeof(info.device_id));
    memset(info.attestation, 0xa7, sizeof(info.attestation));
    return tatu_proto_encode_info(&info, out);
}

void world_make_capability(const struct world *world, uint32_t set,
                           uint8_t out[WORLD_CAPABILITY_SIZE])
{
    struct tatu_buf body = {out, 0, WORLD_CAPABILITY_SIZE};
    memset(out, 0, WORLD_CAPABILITY_SIZE);
    (void)tatu_proto_encode_capability(set, world->device_id, &body);
    memset(out + WORLD_CAPABILITY_SIZE - 64, 0x5c, 64); /* what stands for the signature */
}

static enum tatu_err set_capability(struct world *world, struct tatu_span in)
{
    uint32_t set;
    if (in.len != 4 + WORLD_CAPABILITY_SIZE || in.data[in.len - 1] != 0x5c) {
        return TATU_ERR_SIGNATURE;
    }
    TATU_TRY(tatu_proto_decode_capability((struct tatu_span){in.data + 4, TATU_CAPABILITY_SIZE},
                                          world->device_id, &set));
    *(in.data[0] != 0 ? &world->stored : &world->session) |= set;
    return TATU_OK;
}

static enum tatu_err answer_vault(struct world *world, struct tatu_span in, struct tatu_buf *out)
{
    const uint16_t command = tatu_get_le16(in.data);
    const struct tatu_span payload = {in.data + 4, in.len - 4};
    switch (command) {
    case TATU_VAULT_GET_INFO:
        return give_info(world, out);
    case TATU_VAULT_GET_STATE:
        TATU_TRY(put_word(out, world->lifecycle));
        TATU_TRY(put_word(out, world->stored));
        return put_word(out, world->session);
    case TATU_VAULT_SET_LIFECYCLE:
        world->lifecycle = tatu_get_le32(payload.data);
        return TATU_OK;
    case TATU_VAULT_SET_CAPABILITY:
        return set_capability(world, payload);
    case TATU_VAULT_DROP_CAPABILITY:
        world->stored = world->session = 0;
        return TATU_OK;
    case TATU_VAULT_CLAIM:
        world->claims++;
        return world->claim_err != TATU_OK ? world->claim_err : put(out, "statement", 9);
    default:
        return fake_vault_call(&world->sealer, TATU_SMC_VAULT, in, out);
    }
}

static enum tatu_err list_apps(const struct world *world, struct tatu_buf *out)
{
    uint8_t app[TATU_SMC_APP_SIZE] = {0};
    TATU_TRY(put_word(out, world->app_installed));
    if (!world->app_installed) {
        return TATU_OK;
    }
    memcpy(app, world_component, 16);
    memset(app + 16, 0x11, 16);
    memcpy(app + 64, "blink", 5);
    tatu_put_le32(app + 96, 0xe00000);
    tatu_put_le32(app + 100, 20480);
    tatu_put_le32(app + 104, 16384);
    return put(out, app, sizeof(app));
}

static enum tatu_err read_record(const struct world *world, struct tatu_span in,
                                 struct tatu_buf *out)
{
    static const uint8_t event[] = {0x83, 1, 2, 3, 4};
    uint32_t id = tatu_get_le32(in.data) + 1;
    uint8_t head[8];
    id = id < world->first_record ? world->first_record : id;
    if (id >= world->first_record + world->records) {
        return TATU_ERR_NOT_FOUND;
    }
    tatu_put_le32(head, id);
    tatu_put_le16(head + 4, 3);
    tatu_put_le16(head + 6, sizeof(event));
    TATU_TRY(put(out, head, sizeof(head)));
    return put(out, event, sizeof(event));
}

static enum tatu_err answer_monitor(void *context, uint32_t number, struct tatu_span in,
                                    struct tatu_buf *out)
{
    struct world *world = context;
    if (world->vault_err != TATU_OK) {
        return world->vault_err;
    }
    switch (number) {
    case TATU_SMC_VAULT:
        return answer_vault(world, in, out);
    case TATU_SMC_LIST_APPS:
        return list_apps(world, out);
    case TATU_SMC_RECORD_READ:
        return read_record(world, in, out);
    case TATU_SMC_RECORD_ACK:
        world->first_record += world->records;
        world->records = 0;
        return TATU_OK;
    case TATU_SMC_READ_FACTORY:
        return put(out, "endorsement", 11);
    default:
        return TATU_ERR_UNKNOWN_COMMAND;
    }
}

/* ---- appman ---- */

static enum tatu_err give_app(const struct world *world, struct tatu_buf *out)
{
    uint8_t app[TATU_APPMAN_APP_SIZE] = {0};
    memcpy(app, world_component, 16);
    tatu_put_le32(app + 32, world->app_state);
    return put(out, app, sizeof(app));
}

static enum tatu_err trigger(struct world *world, uint32_t which, uint32_t *out_number)
{
    if (which == TATU_APPMAN_TRIGGER_START_DEBUG) {
        *out_number = TATU_NUMBER_REST_APP_CANNOT_START_DEBUG;
        return TATU_ERR_STATE;
    }
    world->app_state =
        which == TATU_APPMAN_TRIGGER_STOP ? TATU_APPMAN_APP_STOPPED : TATU_APPMAN_APP_RUNNING;
    return TATU_OK;
}

static enum tatu_err ask_appman(struct world *world, const struct tatu_ask *ask,
                                uint32_t *out_number, struct tatu_buf *out)
{
    const bool known = world->app_installed && ask->payload.len == 16 &&
                       memcmp(ask->payload.data, world_component, 16) == 0;
    if (ask->op == TATU_APPMAN_MEMORY) {
        uint8_t memory[TATU_REQUEST_MEMORY_SIZE] = {0};
        tatu_put_le64(memory, 80452);
        tatu_put_le64(memory + 8, 32768);
        tatu_put_le64(memory + 16, 94208);
        return put(out, memory, sizeof(memory));
    }
    if (ask->op == TATU_APPMAN_POWER_PROFILE) {
        TATU_TRY(put_word(out, TATU_POWER_SAVER));
        return put_word(out, 50);
    }
    if (!known) {
        *out_number = TATU_NUMBER_REST_APP_APP_NOT_PRESENT;
        return TATU_ERR_NOT_FOUND;
    }
    switch (ask->op) {
    case TATU_APPMAN_APP_TRIGGER:
        TATU_TRY(trigger(world, ask->a, out_number));
        return give_app(world, out);
    case TATU_APPMAN_APP_STATE:
        return give_app(world, out);
    case TATU_APPMAN_QUOTA:
        TATU_TRY(put_word(out, 0));
        return put_word(out, 8);
    case TATU_APPMAN_APP_LOG: { /* two pieces */
        static const char *const pieces[] = {"ding\n", "dong\n", ""};
        const char *piece = pieces[ask->a < 2 ? ask->a : 2];
        TATU_TRY(put_word(out, ask->a + 1));
        return tatu_base_put_bytes(out, (struct tatu_span){(const uint8_t *)piece, strlen(piece)});
    }
    default:
        return TATU_ERR_UNKNOWN_COMMAND;
    }
}

/* ---- updated ---- */

static enum tatu_err give_image(struct tatu_buf *out)
{
    uint8_t image[TATU_UPDATED_IMAGE_SIZE] = {0};
    memcpy(image, world_component, 16);
    memset(image + 16, 0x22, 16);
    tatu_put_le32(image + 32, 10);
    return put(out, image, sizeof(image));
}

static enum tatu_err take_data(struct world *world, const struct tatu_ask *ask,
                               uint32_t *out_number)
{
    if (ask->a != world->stage_at || ask->payload.len == 0 ||
        ask->payload.len > world->stage_len - world->stage_at ||
        (ask->payload.len % 4 != 0 && world->stage_at + ask->payload.len != world->stage_len)) {
        *out_number = TATU_NUMBER_IMAGE_UPDATE_OFFSET_OUT_OF_BOUNDS;
        return TATU_ERR_ARGUMENT;
    }
    world->stage_at += (uint32_t)ask->payload.len;
    world->stage_sum += tatu_base_crc32(ask->payload);
    return TATU_OK;
}

static enum tatu_err end_stage(struct world *world, uint32_t *out_number, struct tatu_buf *out)
{
    if (world->stage_number != 0) {
        *out_number = world->stage_number;
        return TATU_ERR_SIGNATURE;
    }
    if (world->stage_at != world->stage_len) {
        return TATU_ERR_SHORT;
    }
    world->staged = true;
    return give_image(out);
}

static enum tatu_err ask_updated(struct world *world, const struct tatu_ask *ask,
                                 uint32_t *out_number, struct tatu_buf *out)
{
    if (world->ota && ask->op != TATU_UPDATED_STATE) {
        *out_number = TATU_NUMBER_IMAGE_UPDATE_OTA_UPDATE_IN_PROGRESS;
        return TATU_ERR_BUSY;
    }
    switch (ask->op) {
    case TATU_UPDATED_STATE:
        TATU_TRY(put_word(out, (world->ota ? TATU_UPDATED_IS_UPDATING : 0) |
                                   (world->staged ? TATU_UPDATED_IS_STAGED : 0)));
        TATU_TRY(put_word(out, world->staged));
        return world->staged ? give_image(out) : TATU_OK;
    case TATU_UPDATED_STAGE_BEGIN:
        world->stage_len = ask->a;
        world->stage_at = 0;
        world->stage_sum = 0;
        return TATU_OK;
    case TATU_UPDATED_STAGE_DATA:
        return take_data(world, ask, out_number);
    case TATU_UPDATED_STAGE_END:
        return end_stage(world, out_number, out);
    case TATU_UPDATED_INSTALL:
        if (!world->staged) {
            *out_number = TATU_NUMBER_PARTITION_NO_IMAGES_TO_INSTALL;
            return TATU_ERR_STATE;
        }
        world->staged = false;
        world->app_installed = true;
        world->install_mode = ask->a;
        world->app_state =
            ask->a == TATU_UPDATED_MANUAL ? TATU_APPMAN_APP_STOPPED : TATU_APPMAN_APP_RUNNING;
        return TATU_OK;
    case TATU_UPDATED_REMOVE:
        world->app_installed =
            world->app_installed && memcmp(ask->payload.data, world_component, 16) != 0;
        return TATU_OK;
    default:
        return TATU_ERR_UNKNOWN_COMMAND;
    }
}

/* ---- netd ---- */

static void set_v4(uint8_t out[16], uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    const uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff, [12] = a, b, c, d};
    memcpy(out, bytes, sizeof(bytes));
}

static enum tatu_err give_interfaces(const struct world *world, struct tatu_buf *out)
{
    struct tatu_net_interface lo = {.name = "lo", .flags = 5, .address_count = 1};
    struct tatu_net_interface eth0 = {
        .name = "eth0", .dynamic = 1, .medium = TATU_NET_MEDIUM_ETHERNET, .address_count = 2};
    struct tatu_net_interface wlan0 = {.name = "wlan0", .medium = TATU_NET_MEDIUM_WIFI};
    set_v4(lo.addresses[0], 127, 0, 0, 1);
    set_v4(eth0.addresses[0], 10, 0, 2, 15);
    eth0.addresses[1][0] = 0xfe;
    eth0.addresses[1][1] = 0x80;
    eth0.addresses[1][15] = 0x15;
    eth0.flags = world->eth0_up ? 15 : 0;
    eth0.refused = world->eth0_mac[5] == 0x35; /* to this one the network offers the desk's net */
    memcpy(eth0.mac, world->eth0_mac, 6);
    TATU_TRY(put(out, &lo, sizeof(lo)));
    TATU_TRY(put(out, &eth0, sizeof(eth0)));
    return world->has_radio ? put(out, &wlan0, sizeof(wlan0)) : TATU_OK;
}

static enum tatu_err change_interface(struct world *world, const struct tatu_ask *ask,
                                      uint32_t *out_number)
{
    if (strcmp((const char *)ask->payload.data, "eth0") != 0) {
        const bool known = strcmp((const char *)ask->payload.data, "lo") == 0;
        *out_number = known ? TATU_NUMBER_NET_CONFIG_INTERFACE_NOT_PERMITTED
                            : TATU_NUMBER_NET_CONFIG_INVALID_INTERFACE;
        return known ? TATU_ERR_DENIED : TATU_ERR_NOT_FOUND;
    }
    if (ask->op == TATU_NET_SET_UP) {
        world->eth0_up = ask->a != 0;
    } else {
        memcpy(world->eth0_mac, ask->payload.data + TATU_NET_NAME_SIZE, 6);
    }
    return TATU_OK;
}

static enum tatu_err give_rules(const struct tatu_ask *ask, struct tatu_buf *out)
{
    struct tatu_net_rule rules[] = {
        {.hook = TATU_NET_HOOK_INPUT,
         .accept = 1,
         .protocol = 6,
         .uid = UINT32_MAX,
         .family = 4,
         .source_prefix = 24,
         .destination_port = {443, 443},
         .in = "azspheresvc",
         .packets = 7,
         .bytes = UINT64_MAX,
         .state = TATU_NET_STATE_ESTABLISHED,
         .tcp_mask = 2,
         .tcp_compare = 2},
        {.hook = TATU_NET_HOOK_OUTPUT, .accept = 0, .uid = 1001, .source_port = {0, 65535}},
        {.hook = TATU_NET_HOOK_OUTPUT,
         .accept = 1,
         .uid = 1001,
         .family = 6,
         .protocol = 17,
         .destination_prefix = 64},
    };
    set_v4(rules[0].source, 192, 168, 35, 77);
    rules[2].destination[0] = 0x20;
    rules[2].destination[1] = 0x01;
    TATU_TRY(put_word(out, TATU_COUNT_OF(rules)));
    TATU_TRY(put_word(out, 0));
    /* two a page, so that pages are walked */
    for (size_t i = ask->a; i < TATU_COUNT_OF(rules) && i < ask->a + 2u; i++) {
        TATU_TRY(put(out, &rules[i], sizeof(rules[i])));
    }
    return TATU_OK;
}

static enum tatu_err ask_proxy(struct world *world, const struct tatu_ask *ask,
                               struct tatu_buf *out)
{
    if (ask->op == TATU_NET_SET_PROXY) {
        memcpy(&world->proxy, ask->payload.data, sizeof(world->proxy));
        world->has_proxy = true;
        return TATU_OK;
    }
    if (!world->has_proxy) {
        return TATU_ERR_NOT_FOUND;
    }
    if (ask->op == TATU_NETD_DROP_PROXY) {
        world->has_proxy = false;
        return TATU_OK;
    }
    return put(out, &world->proxy, sizeof(world->proxy));
}

static struct tatu_net_wifi *find_network(struct world *world, uint32_t id)
{
    for (size_t i = 0; i < world->network_count; i++) {
        if ((uint32_t)world->networks[i].id == id) {
            return &world->networks[i];
        }
    }
    return NULL;
}

static enum tatu_err store_network(struct world *world, const struct tatu_ask *ask,
                                   uint32_t *out_number, struct tatu_buf *out)
{
    struct tatu_net_wifi_new new;
    if (world->network_count == TATU_COUNT_OF(world->networks)) {
        *out_number = TATU_NUMBER_WIFI_NETWORK_LIMIT_REACHED;
        return TATU_ERR_FULL;
    }
    memcpy(&new, ask->payload.data, sizeof(new));
    new.network.id = world->next_id++;
    new.network.has_psk = new.psk_len != 0;
    world->networks[world->network_count++] = new.network;
    return put_word(out, (uint32_t) new.network.id);
}

static enum tatu_err list_networks(const struct world *world, const struct tatu_ask *ask,
                                   struct tatu_buf *out)
{
    TATU_TRY(put_word(out, (uint32_t)world->network_count));
    for (size_t i = ask->a; i < world->network_count && i < ask->a + 3u; i++) {
        TATU_TRY(put(out, &world->networks[i], sizeof(world->networks[i])));
    }
    return TATU_OK;
}

static enum tatu_err ask_network(struct world *world, const struct tatu_ask *ask,
                                 uint32_t *out_number, struct tatu_buf *out)
{
    struct tatu_net_wifi *network = find_network(world, ask->a);
    const struct tatu_net_wifi_failure failure = {
        .at_s = 1795275000, .error = 2, .enabled = 1, .cert_error = 1004, .cert_subject = "/CN=ap"};
    if (network == NULL) {
        *out_number = TATU_NUMBER_WIFI_NETWORK_NOT_FOUND;
        return TATU_ERR_NOT_FOUND;
    }
    switch (ask->op) {
    case TATU_NETD_WIFI_CHANGE:
        if (ask->payload.len > TATU_NET_WIFI_PSK_MAX) {
            *out_number = TATU_NUMBER_WIFI_PSK_TOO_LONG; /* as netd, which takes all of it */
            return TATU_ERR_LONG;
        }
        network->enabled = ask->b == 2 ? network->enabled : (uint8_t)ask->b;
        return put(out, network, sizeof(*network));
    case TATU_NETD_WIFI_REMOVE:
        *network = world->networks[--world->network_count];
        return TATU_OK;
    case TATU_NET_WIFI_DIAGNOSTICS:
        return network->security == TATU_NET_WIFI_EAP_TLS ? put(out, &failure, sizeof(failure))
                                                          : TATU_ERR_NOT_FOUND;
    default:
        return put(out, network, sizeof(*network));
    }
}

static enum tatu_err ask_netd(struct world *world, const struct tatu_ask *ask, uint32_t *out_number,
                              struct tatu_buf *out)
{
    static const struct tatu_net_desk_status status = {TATU_NET_SYNC_COMPLETE,
                                                       TATU_NET_PROXY_STATE_DISABLED, 1, 0};
    switch (ask->op) {
    case TATU_NET_INTERFACES:
        return give_interfaces(world, out);
    case TATU_NET_SET_UP:
    case TATU_NET_SET_MAC:
        return change_interface(world, ask, out_number);
    case TATU_NETD_STATUS:
        return put(out, &status, sizeof(status));
    case TATU_NETD_RULES:
        return give_rules(ask, out);
    case TATU_NET_SET_PROXY:
    case TATU_NET_GET_PROXY:
    case TATU_NETD_DROP_PROXY:
        return ask_proxy(world, ask, out);
    case TATU_NET_WIFI_STORE:
        return store_network(world, ask, out_number, out);
    case TATU_NET_WIFI_LIST:
        return list_networks(world, ask, out);
    case TATU_NET_WIFI_RELOAD:
        return TATU_OK;
    case TATU_NET_WIFI_SCAN:
    case TATU_NET_WIFI_POWER_SAVING:
    case TATU_NET_WIFI_CURRENT:
        *out_number = TATU_NUMBER_WIFI_WIFI_DISABLED;
        return TATU_ERR_STATE;
    default:
        return ask_network(world, ask, out_number, out);
    }
}

/* ---- all of it ---- */

static enum tatu_err ask_world(void *context, const char *path, const struct tatu_ask *ask,
                               uint32_t timeout_ms, uint32_t *out_number, struct tatu_buf *out)
{
    struct world *world = context;
    (void)timeout_ms;
    *out_number = 0;
    if (world->ask_err != TATU_OK) {
        *out_number = world->ask_number;
        return world->ask_err;
    }
    if (strcmp(path, TATU_APPMAN_SOCKET) == 0) {
        return ask_appman(world, ask, out_number, out);
    }
    if (strcmp(path, TATU_UPDATED_SOCKET) == 0) {
        return ask_updated(world, ask, out_number, out);
    }
    return ask_netd(world, ask, out_number, out);
}

static enum tatu_err read_log(void *context, struct tatu_buf *out)
{
    const struct world *world = context;
    if (world->log_err != TATU_OK) {
        return world->log_err;
    }
    return put(out, world->log, strlen(world->log));
}

static bool is_authenticated(void *context)
{
    (void)context;
    return true;
}

static void tell(void *context, enum tatu_gateway_event event)
{
    struct world *world = context;
    *(event == TATU_GATEWAY_RESTART ? &world->restarts : &world->claimed) += 1;
}

void world_init(struct world *world, const char *folder)
{
    *world = (struct world){
        .lifecycle = 3,
        .first_record = 1,
        .records = 2,
        .eth0_up = true,
        .eth0_mac = {2, 0, 0, 0, 0, 1},
        .app_state = TATU_APPMAN_APP_RUNNING,
        .app_installed = true,
        .log = "<6>[    0.000000] Booting Linux\n<13>[   12.345678] netd: eth0 is up\n"
               "<13>[   13.000001] gatewayd: at port 443\n",
    };
    memset(world->device_id, 0x1d, sizeof(world->device_id));
    world->monitor = (struct tatu_os_monitor){.call = answer_monitor, .context = world, .fd = -1};
    tatu_certstore_init(&world->certs, &world->monitor, folder);
    world->gateway = (struct tatu_gateway){
        .monitor = &world->monitor,
        .certs = &world->certs,
        .ask = ask_world,
        .read_log = read_log,
        .is_authenticated = is_authenticated,
        .tell = tell,
        .context = world,
        .release_path = "/etc/debian_version",
    };
}
