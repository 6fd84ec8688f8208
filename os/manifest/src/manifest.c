#include "os/manifest/manifest.h"

#include <jansson.h>
#include <string.h>

#include "value.h"

#define MANIFEST(name) TATU_NUMBER_APP_MANIFEST_##name

struct key;
/* Takes the value of one capability; the number that refuses it, or 0. */
typedef uint32_t (*take_value)(const struct key *key, const json_t *value,
                               struct tatu_manifest *out);

struct key {
    const char *name;
    take_value take;
    uint32_t number; /* when the value is of the wrong kind */
    uint32_t what;   /* the bit, or the peripheral */
};

static uint32_t take_bit(const struct key *key, const json_t *value, struct tatu_manifest *out)
{
    if (!json_is_boolean(value)) {
        return key->number;
    }
    out->capabilities |= json_is_true(value) ? key->what : 0;
    return 0;
}

static uint32_t take_gpio(const struct key *key, const json_t *value, struct tatu_manifest *out)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        const json_int_t pin = json_integer_value(item);
        if (!json_is_integer(item)) {
            return key->number;
        }
        if (pin < 0 || pin >= (json_int_t)TATU_MANIFEST_GPIO_MAX) {
            return TATU_NUMBER_PERIPHERAL_UNDEFINED_GPIO_IN_MANIFEST;
        }
        if (out->gpio[pin]) {
            return key->number;
        }
        out->gpio[pin] = true;
    }
    return json_is_array(value) ? 0 : key->number;
}

static uint32_t take_peripheral(const struct key *key, const json_t *value,
                                struct tatu_manifest *out)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *name = json_string_value(json_array_get(value, i));
        uint8_t bit = 0;
        if (name == NULL) {
            return key->number;
        }
        if (!tatu_manifest_find_peripheral((enum tatu_manifest_peripheral)key->what, name, &bit)) {
            return key->what == TATU_MANIFEST_UART
                       ? (uint32_t)MANIFEST(UART_NOT_AVAILABLE)
                       : (uint32_t)TATU_NUMBER_PERIPHERAL_UNDEFINED_PERIPHERAL_IN_MANIFEST;
        }
        if ((out->peripherals[key->what] & bit) != 0) {
            return key->number;
        }
        out->peripherals[key->what] |= bit;
    }
    return json_is_array(value) ? 0 : key->number;
}

static uint32_t take_hosts(const struct key *key, const json_t *value, struct tatu_manifest *out)
{
    if (!json_is_array(value) || json_array_size(value) > TATU_MANIFEST_HOST_COUNT_MAX) {
        return key->number;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *host = json_string_value(json_array_get(value, i));
        if (host == NULL || !tatu_manifest_is_host(host)) {
            return key->number;
        }
        strcpy(out->hosts[out->host_count++], host);
    }
    return 0;
}

static uint32_t take_ports(const json_t *value, uint32_t malformed, uint32_t illegal,
                           struct tatu_manifest_ports *out)
{
    if (!json_is_array(value) || json_array_size(value) > TATU_MANIFEST_PORT_MAX) {
        return malformed;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        const json_int_t port = json_integer_value(item);
        if (!json_is_integer(item)) {
            return malformed;
        }
        if (port < 1 || port > UINT16_MAX ||
            tatu_manifest_has_port(out, (uint16_t)(port & UINT16_MAX))) {
            return illegal;
        }
        out->ports[out->count++] = (uint16_t)port;
    }
    return 0;
}

static uint32_t take_tcp(const struct key *key, const json_t *value, struct tatu_manifest *out)
{
    return take_ports(value, key->number, MANIFEST(ILLEGAL_TCP_PORTS_VALUE), &out->tcp);
}

static uint32_t take_udp(const struct key *key, const json_t *value, struct tatu_manifest *out)
{
    return take_ports(value, key->number, MANIFEST(ILLEGAL_UDP_PORTS_VALUE), &out->udp);
}

static uint32_t take_peers(const struct key *key, const json_t *value, struct tatu_manifest *out)
{
    if (!json_is_array(value) || json_array_size(value) > TATU_MANIFEST_PEER_MAX) {
        return key->number;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!tatu_manifest_get_guid(json_array_get(value, i), out->peers[i])) {
            return key->number;
        }
    }
    out->peer_count = json_array_size(value);
    return 0;
}

/* Zero, as samples have it, is a tenant that owns no device. */
static uint32_t take_tenant(const struct key *key, const json_t *value, struct tatu_manifest *out)
{
    if (json_is_string(value) && json_string_length(value) >= TATU_GUID_TEXT_SIZE) {
        return MANIFEST(DEVICE_AUTH_TENANT_ID_TOO_LONG);
    }
    out->has_tenant = tatu_manifest_get_guid(value, out->tenant);
    return out->has_tenant ? 0 : key->number;
}

static uint32_t take_storage(const struct key *key, const json_t *value, struct tatu_manifest *out)
{
    const json_t *size = json_object_get(value, "SizeKB");
    if (!json_is_object(value)) {
        return key->number;
    }
    if (size == NULL) {
        return MANIFEST(MUTABLE_STORAGE_MISSING_REQUIRED_FIELD);
    }
    if (!json_is_integer(size) || json_integer_value(size) < 0) {
        return MANIFEST(ERROR_PARSING_MUTABLE_STORAGE_FIELD);
    }
    if (json_integer_value(size) > (json_int_t)TATU_MANIFEST_STORAGE_KB_MAX) {
        return MANIFEST(MUTABLE_STORAGE_REQUEST_TOO_LARGE);
    }
    out->storage_kb = (uint32_t)json_integer_value(size);
    out->capabilities |= TATU_CAN_MUTABLE_STORAGE;
    return 0;
}

static uint32_t find_power_control(const char *word)
{
    static const struct {
        const char *word;
        uint32_t bit;
    } controls[] = {
        {"ForceReboot", TATU_CAN_FORCE_REBOOT},
        {"ForcePowerDown", TATU_CAN_FORCE_POWER_DOWN},
        {"SetPowerProfile", TATU_CAN_SET_POWER_PROFILE},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(controls); i++) {
        if (strcmp(controls[i].word, word) == 0) {
            return controls[i].bit;
        }
    }
    return 0;
}

static uint32_t take_power(const struct key *key, const json_t *value, struct tatu_manifest *out)
{
    if (!json_is_array(value)) {
        return key->number;
    }
    if (json_array_size(value) == 0) {
        return MANIFEST(POWER_CONTROLS_EMPTY_PARSE_ERROR);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *word = json_string_value(json_array_get(value, i));
        const uint32_t bit = word == NULL ? 0 : find_power_control(word);
        if (word == NULL || (out->capabilities & bit) != 0) {
            return key->number;
        }
        if (bit == 0) {
            return MANIFEST(POWER_CONTROLS_INVALID_ENTRY_PARSE_ERROR);
        }
        out->capabilities |= bit;
    }
    return 0;
}

/* Only the system's own may ask. */
static uint32_t refuse(const struct key *key, const json_t *value, struct tatu_manifest *out)
{
    (void)value;
    (void)out;
    return key->number;
}

#define BIT(number, bit) take_bit, MANIFEST(number##_PARSE_ERROR), TATU_CAN_##bit
#define PERIPHERAL(what) take_peripheral, MANIFEST(PERIPHERAL_PARSE_ERROR), TATU_MANIFEST_##what
static const struct key keys[] = {
    {"Adc", PERIPHERAL(ADC)},
    {"AllowedApplicationConnections", take_peers,
     MANIFEST(ALLOWED_APPLICATION_CONNECTIONS_PARSE_ERROR)},
    {"AllowedConnections", take_hosts, MANIFEST(CONNECTIONS_PARSE_ERROR)},
    {"AllowedTcpServerPorts", take_tcp, MANIFEST(ALLOWED_TCP_PORTS_PARSE_ERROR)},
    {"AllowedUdpServerPorts", take_udp, MANIFEST(ALLOWED_UDP_PORTS_PARSE_ERROR)},
    {"CertStore", BIT(CERT_STORE, CERT_STORE)},
    {"DeviceAuthentication", take_tenant, MANIFEST(DEVICE_AUTH_TENANT_ID_PARSE_ERROR)},
    {"DhcpService", BIT(DHCP_SERVICE, DHCP_SERVICE)},
    {"EnterpriseWifiConfig", BIT(ENTERPRISE_WIFI_CONFIG, ENTERPRISE_WIFI_CONFIG)},
    {"Gpio", take_gpio, MANIFEST(GPIO_PARSE_ERROR)},
    {"HardwareAddressConfig", BIT(HARDWARE_ADDRESS_CONFIG, HARDWARE_ADDRESS_CONFIG)},
    {"HeapMemStats", BIT(HEAP_MEM_STATS, HEAP_MEM_STATS)},
    {"I2cMaster", PERIPHERAL(I2C)},
    {"I2sSubordinate", PERIPHERAL(I2S)},
    {"MutableStorage", take_storage, MANIFEST(NON_OBJECT_MUTABLE_STORAGE_TYPE)},
    {"NetworkConfig", BIT(NETWORK_CONFIG, NETWORK_CONFIG)},
    {"PowerControls", take_power, MANIFEST(POWER_CONTROLS_MALFORMED_PARSE_ERROR)},
    {"Pwm", PERIPHERAL(PWM)},
    {"ReadNetworkProxyConfig", BIT(READ_NETWORK_PROXY_CONFIG, READ_NETWORK_PROXY_CONFIG)},
    {"ResetMemoryWatermarks", refuse,
     TATU_NUMBER_APP_MANAGER_CUSTOMER_REQUESTED_ILLEGAL_CAPABILITY},
    {"SntpService", BIT(SNTP_SERVICE, SNTP_SERVICE)},
    {"SoftwareUpdateDeferral", BIT(SOFTWARE_UPDATE_DEFERRAL, SOFTWARE_UPDATE_DEFERRAL)},
    {"SpiMaster", PERIPHERAL(SPI)},
    {"SystemEventNotifications", BIT(SYSTEM_EVENT_NOTIFICATIONS, SYSTEM_EVENT_NOTIFICATIONS)},
    {"SystemTime", BIT(SYSTEM_TIME, SYSTEM_TIME)},
    {"TimeSyncConfig", BIT(TIME_SYNC_CONFIG, TIME_SYNC_CONFIG)},
    {"Uart", PERIPHERAL(UART)},
    {"Update", refuse, TATU_NUMBER_APP_MANAGER_CUSTOMER_REQUESTED_ILLEGAL_CAPABILITY},
    {"WifiConfig", BIT(WIFI, WIFI_CONFIG)},
};

static uint32_t take_capability(const char *name, const json_t *value, struct tatu_manifest *out)
{
    for (size_t i = 0; i < TATU_COUNT_OF(keys); i++) {
        if (strcmp(keys[i].name, name) == 0) {
            return keys[i].take(&keys[i], value, out);
        }
    }
    return strncmp(name, "Policy", strlen("Policy")) == 0
               ? TATU_NUMBER_APP_MANAGER_CUSTOMER_MANIFEST_HAS_POLICY
               : TATU_NUMBER_APP_MANAGER_ILLEGAL_CAPABILITY_IN_MANIFEST;
}

static uint32_t take_capabilities(const json_t *root, struct tatu_manifest *out)
{
    json_t *object = json_object_get(root, "Capabilities");
    const char *name;
    json_t *value;
    if (!json_is_object(object)) {
        return MANIFEST(MISSING_CAPABILITIES_LIST);
    }
    json_object_foreach(object, name, value)
    {
        const uint32_t number = take_capability(name, value, out);
        if (number != 0) {
            return number;
        }
    }
    return tatu_manifest_share_unit(out->peripherals, out->peripherals)
               ? (uint32_t)MANIFEST(REQUESTED_PERIPHERALS_REQUIRE_SAME_PIN)
               : 0;
}

/* ---- beside the capabilities ---- */

static uint32_t take_schema(const json_t *root, struct tatu_manifest *out)
{
    const json_t *version = json_object_get(root, "SchemaVersion");
    (void)out;
    if (version == NULL) {
        return MANIFEST(MISSING_SCHEMA_VERSION);
    }
    return json_is_integer(version) && json_integer_value(version) == 1
               ? 0
               : (uint32_t)MANIFEST(INCOMPATIBLE_SCHEMA_VERSION);
}

static uint32_t take_type(const json_t *root, struct tatu_manifest *out)
{
    static const char *const types[] = {[TATU_MANIFEST_DEFAULT] = "Default",
                                        [TATU_MANIFEST_REAL_TIME] = "RealTimeCapable",
                                        [TATU_MANIFEST_DEBUGGER] = "Debugger"};
    const json_t *type = json_object_get(root, "ApplicationType");
    if (type == NULL) {
        return 0;
    }
    if (!json_is_string(type)) {
        return MANIFEST(NON_STRING_APP_TYPE);
    }
    for (size_t i = 0; i < TATU_COUNT_OF(types); i++) {
        if (strcmp(types[i], json_string_value(type)) == 0) {
            out->type = (enum tatu_manifest_type)i;
            return 0;
        }
    }
    return MANIFEST(BAD_APP_TYPE);
}

static uint32_t take_names(const json_t *root, struct tatu_manifest *out)
{
    const char *name = json_string_value(json_object_get(root, "Name"));
    if (name == NULL || name[0] == '\0' ||
        !tatu_manifest_get_guid(json_object_get(root, "ComponentId"), out->component)) {
        return TATU_NUMBER_APP_MANAGER_BAD_APPLICATION_INFO;
    }
    strncpy(out->name, name, TATU_MANIFEST_NAME_MAX);
    return 0;
}

static uint32_t take_entry_point(const json_t *root, struct tatu_manifest *out)
{
    const json_t *value = json_object_get(root, "EntryPoint");
    const char *path = json_string_value(value);
    if (value == NULL) {
        return MANIFEST(MISSING_ENTRY_POINT);
    }
    if (path == NULL || strlen(path) >= TATU_MANIFEST_PATH_MAX || !tatu_manifest_is_path(path)) {
        return MANIFEST(BAD_ENTRY_POINT);
    }
    strcpy(out->entry_point, path);
    return 0;
}

static uint32_t take_args(const json_t *root, struct tatu_manifest *out)
{
    const json_t *list = json_object_get(root, "CmdArgs");
    if (list == NULL) {
        return 0;
    }
    if (!json_is_array(list) || json_array_size(list) > TATU_MANIFEST_ARG_MAX) {
        return MANIFEST(CMD_ARG_PARSE_ERROR);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *arg = json_string_value(json_array_get(list, i));
        if (arg == NULL || strlen(arg) >= sizeof(out->args) - out->args_len) {
            return MANIFEST(CMD_ARG_PARSE_ERROR);
        }
        strcpy(out->args + out->args_len, arg);
        out->args_len += strlen(arg) + 1;
    }
    out->arg_count = json_array_size(list);
    return 0;
}

static uint32_t take_runtime(const json_t *root, struct tatu_manifest *out)
{
    const json_t *version = json_object_get(root, "TargetApplicationRuntimeVersion");
    const json_t *beta = json_object_get(root, "TargetBetaApis");
    if (beta != NULL && !json_is_string(beta)) {
        return TATU_NUMBER_APP_MANAGER_BAD_APPLICATION_INFO;
    }
    if (version == NULL) {
        return 0;
    }
    if (!json_is_integer(version) || json_integer_value(version) < 1 ||
        json_integer_value(version) > (json_int_t)TATU_MANIFEST_RUNTIME) {
        return TATU_NUMBER_LIFETIME_MANAGER_INCOMPATIBLE_APPLICATION_RUNTIME;
    }
    out->runtime = (uint32_t)json_integer_value(version);
    return 0;
}

static uint32_t take_malloc(const json_t *root, struct tatu_manifest *out)
{
    const json_t *version = json_object_get(root, "MallocVersion");
    const json_int_t number = json_integer_value(version);
    if (version == NULL) {
        return 0;
    }
    if (!json_is_integer(version) || (number != 1 && number != 2)) {
        return MANIFEST(MALLOC_VERSION_PARSE_ERROR);
    }
    out->malloc_version = (uint32_t)number;
    return 0;
}

/* ---- the whole ---- */

static void drop_json(json_t **json)
{
    json_decref(*json);
}

/* The parser recurses: what is too deep must not reach it. */
static bool is_shallow(struct tatu_span json)
{
    bool in_text = false;
    size_t depth = 0;
    for (size_t i = 0; i < json.len; i++) {
        const uint8_t c = json.data[i];
        if (in_text) {
            i += c == '\\' ? 1u : 0u;
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '[' || c == '{') {
            if (++depth > TATU_MANIFEST_DEPTH_MAX) {
                return false;
            }
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return true;
}

static uint32_t decode(struct tatu_span json, struct tatu_manifest *out)
{
    static uint32_t (*const steps[])(const json_t *root, struct tatu_manifest *out) = {
        take_schema, take_type,    take_names,  take_entry_point,
        take_args,   take_runtime, take_malloc, take_capabilities};
    if (json.len > TATU_MANIFEST_MAX) {
        return MANIFEST(ERROR_READING_FILE);
    }
    json_t *root __attribute__((cleanup(drop_json))) =
        is_shallow(json)
            ? json_loadb((const char *)json.data, json.len, JSON_REJECT_DUPLICATES, NULL)
            : NULL;
    if (!json_is_object(root)) {
        return MANIFEST(INVALID_JSON);
    }
    for (size_t i = 0; i < TATU_COUNT_OF(steps); i++) {
        const uint32_t number = steps[i](root, out);
        if (number != 0) {
            return number;
        }
    }
    return 0;
}

/* What a number is among our own errors; all others are MANIFEST. */
static const struct {
    uint32_t number;
    enum tatu_err err;
} errors[] = {
    {0, TATU_OK},
    {MANIFEST(ERROR_READING_FILE), TATU_ERR_LONG},
    {MANIFEST(INVALID_JSON), TATU_ERR_FORMAT},
    {MANIFEST(INCOMPATIBLE_SCHEMA_VERSION), TATU_ERR_VERSION},
    {TATU_NUMBER_LIFETIME_MANAGER_INCOMPATIBLE_APPLICATION_RUNTIME, TATU_ERR_VERSION},
    {MANIFEST(BAD_APP_TYPE), TATU_ERR_TYPE},
    {TATU_NUMBER_APP_MANAGER_CUSTOMER_MANIFEST_HAS_POLICY, TATU_ERR_CAPABILITY},
    {TATU_NUMBER_APP_MANAGER_CUSTOMER_REQUESTED_ILLEGAL_CAPABILITY, TATU_ERR_CAPABILITY},
    {TATU_NUMBER_APP_MANAGER_ILLEGAL_CAPABILITY_IN_MANIFEST, TATU_ERR_CAPABILITY},
};

enum tatu_err tatu_manifest_decode(struct tatu_span json, struct tatu_manifest *out,
                                   uint32_t *out_number)
{
    struct tatu_manifest manifest = {.arg_count = 0};
    enum tatu_err err = TATU_ERR_MANIFEST;
    *out_number = decode(json, &manifest);
    for (size_t i = 0; i < TATU_COUNT_OF(errors); i++) {
        err = errors[i].number == *out_number ? errors[i].err : err;
    }
    if (err == TATU_OK) {
        *out = manifest;
    }
    return err;
}
