#include "os/apps/manifest.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "proto/image.h"

enum value_kind { WANT_BOOL, WANT_ARRAY, WANT_GPIO, WANT_HOSTS, WANT_TENANT, WANT_STORAGE };

/* Every documented capability. The kinds WANT_BOOL and WANT_ARRAY are only checked: what they open
 * is refused at run time until it exists. */
static const struct {
    const char *name;
    enum value_kind kind;
} capabilities[] = {
    {"Adc", WANT_ARRAY},
    {"AllowedApplicationConnections", WANT_ARRAY},
    {"AllowedConnections", WANT_HOSTS},
    {"AllowedTcpServerPorts", WANT_ARRAY},
    {"AllowedUdpServerPorts", WANT_ARRAY},
    {"CertStore", WANT_BOOL},
    {"DeviceAuthentication", WANT_TENANT},
    {"DhcpService", WANT_BOOL},
    {"EnterpriseWifiConfig", WANT_BOOL},
    {"Gpio", WANT_GPIO},
    {"HardwareAddressConfig", WANT_BOOL},
    {"HeapMemStats", WANT_BOOL},
    {"I2cMaster", WANT_ARRAY},
    {"I2sSubordinate", WANT_ARRAY},
    {"MutableStorage", WANT_STORAGE},
    {"NetworkConfig", WANT_BOOL},
    {"PowerControls", WANT_ARRAY},
    {"Pwm", WANT_ARRAY},
    {"ReadNetworkProxyConfig", WANT_BOOL},
    {"SntpService", WANT_BOOL},
    {"SoftwareUpdateDeferral", WANT_BOOL},
    {"SpiMaster", WANT_ARRAY},
    {"SystemEventNotifications", WANT_BOOL},
    {"SystemTime", WANT_BOOL},
    {"TimeSyncConfig", WANT_BOOL},
    {"Uart", WANT_ARRAY},
    {"WifiConfig", WANT_BOOL},
};

#define STORAGE_KB_MAX 64

static void drop_json(json_t **json)
{
    json_decref(*json);
}

/* A string member with no NUL inside, of at most max characters. */
static enum tatu_err get_text(const json_t *object, const char *key, size_t max, const char **out)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value) || json_string_length(value) == 0 ||
        strlen(json_string_value(value)) != json_string_length(value)) {
        return TATU_ERR_MANIFEST;
    }
    if (json_string_length(value) > max) {
        return TATU_ERR_LONG;
    }
    *out = json_string_value(value);
    return TATU_OK;
}

static enum tatu_err get_guid(const char *text, uint8_t out[16])
{
    return tatu_proto_parse_guid(text, strlen(text), out) == TATU_OK ? TATU_OK : TATU_ERR_MANIFEST;
}

/* An absolute path without empty, "." and ".." parts. */
static bool is_clean_path(const char *path)
{
    if (path[0] != '/') {
        return false;
    }
    for (const char *part = path; part != NULL; part = strchr(part + 1, '/')) {
        const size_t len = strcspn(part + 1, "/");
        if (len == 0 || (len == 1 && part[1] == '.') ||
            (len == 2 && part[1] == '.' && part[2] == '.')) {
            return false;
        }
    }
    return true;
}

static enum tatu_err take_args(const json_t *list, struct tatu_manifest *manifest)
{
    if (list == NULL) {
        return TATU_OK;
    }
    if (!json_is_array(list)) {
        return TATU_ERR_MANIFEST;
    }
    size_t index;
    json_t *item;
    json_array_foreach((json_t *)list, index, item)
    {
        const size_t size = json_string_length(item) + 1;
        if (!json_is_string(item) || strlen(json_string_value(item)) + 1 != size) {
            return TATU_ERR_MANIFEST;
        }
        if (index >= TATU_MANIFEST_ARG_MAX || size > sizeof(manifest->args) - manifest->args_len) {
            return TATU_ERR_LONG;
        }
        memcpy(manifest->args + manifest->args_len, json_string_value(item), size);
        manifest->args_len += size;
        manifest->arg_count++;
    }
    return TATU_OK;
}

static enum tatu_err take_gpio(const json_t *list, struct tatu_manifest *manifest)
{
    size_t index;
    json_t *item;
    json_array_foreach((json_t *)list, index, item)
    {
        const json_int_t pin = json_integer_value(item);
        if (!json_is_integer(item) || pin < 0 || pin >= (json_int_t)TATU_MANIFEST_GPIO_MAX ||
            manifest->gpio[pin]) {
            return TATU_ERR_MANIFEST;
        }
        manifest->gpio[pin] = true;
    }
    return TATU_OK;
}

static bool is_host(const char *text)
{
    return text[0] != '\0' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") ==
               strlen(text);
}

static enum tatu_err take_hosts(const json_t *list, struct tatu_manifest *manifest)
{
    size_t index;
    json_t *item;
    json_array_foreach((json_t *)list, index, item)
    {
        if (!json_is_string(item) || strlen(json_string_value(item)) != json_string_length(item) ||
            !is_host(json_string_value(item))) {
            return TATU_ERR_MANIFEST;
        }
        if (index >= TATU_MANIFEST_HOST_COUNT_MAX ||
            json_string_length(item) >= TATU_MANIFEST_HOST_MAX) {
            return TATU_ERR_LONG;
        }
        strcpy(manifest->hosts[manifest->host_count++], json_string_value(item));
    }
    return TATU_OK;
}

static enum tatu_err check_storage(const json_t *value)
{
    const json_t *size = json_object_get(value, "SizeKB");
    return json_is_object(value) && json_is_integer(size) && json_integer_value(size) >= 0 &&
                   json_integer_value(size) <= STORAGE_KB_MAX
               ? TATU_OK
               : TATU_ERR_MANIFEST;
}

static enum tatu_err take_capability(enum value_kind kind, const json_t *value,
                                     struct tatu_manifest *manifest)
{
    if (kind != WANT_BOOL && kind != WANT_TENANT && kind != WANT_STORAGE && !json_is_array(value)) {
        return TATU_ERR_MANIFEST;
    }
    switch (kind) {
    case WANT_BOOL:
        return json_is_boolean(value) ? TATU_OK : TATU_ERR_MANIFEST;
    case WANT_ARRAY:
        return TATU_OK;
    case WANT_GPIO:
        return take_gpio(value, manifest);
    case WANT_HOSTS:
        return take_hosts(value, manifest);
    case WANT_TENANT:
        manifest->has_tenant = true;
        return json_is_string(value) ? get_guid(json_string_value(value), manifest->tenant)
                                     : TATU_ERR_MANIFEST;
    case WANT_STORAGE:
        return check_storage(value);
    }
    return TATU_ERR_MANIFEST;
}

static enum tatu_err take_capabilities(const json_t *object, struct tatu_manifest *manifest)
{
    if (!json_is_object(object)) {
        return TATU_ERR_MANIFEST;
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        size_t i = 0;
        while (i < TATU_COUNT_OF(capabilities) && strcmp(capabilities[i].name, key) != 0) {
            i++;
        }
        if (i == TATU_COUNT_OF(capabilities)) {
            return TATU_ERR_CAPABILITY;
        }
        TATU_TRY(take_capability(capabilities[i].kind, value, manifest));
    }
    return TATU_OK;
}

static enum tatu_err check_type(const json_t *root)
{
    const json_t *version = json_object_get(root, "SchemaVersion");
    if (!json_is_integer(version)) {
        return TATU_ERR_MANIFEST;
    }
    if (json_integer_value(version) != 1) {
        return TATU_ERR_VERSION;
    }
    const json_t *type = json_object_get(root, "ApplicationType");
    if (type != NULL &&
        (!json_is_string(type) || strcmp(json_string_value(type), "Default") != 0)) {
        return TATU_ERR_TYPE;
    }
    return TATU_OK;
}

enum tatu_err tatu_apps_decode_manifest(struct tatu_span json, struct tatu_manifest *out)
{
    if (json.len > TATU_MANIFEST_MAX) {
        return TATU_ERR_LONG;
    }
    json_t *root __attribute__((cleanup(drop_json))) =
        json_loadb((const char *)json.data, json.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root)) {
        return TATU_ERR_FORMAT;
    }
    TATU_TRY(check_type(root));
    struct tatu_manifest manifest = {.arg_count = 0};
    const char *name, *component, *entry_point;
    TATU_TRY(get_text(root, "Name", TATU_MANIFEST_MAX, &name));
    TATU_TRY(get_text(root, "ComponentId", TATU_GUID_TEXT_SIZE - 1, &component));
    TATU_TRY(get_text(root, "EntryPoint", TATU_MANIFEST_PATH_MAX - 1, &entry_point));
    TATU_TRY(get_guid(component, manifest.component));
    if (!is_clean_path(entry_point)) {
        return TATU_ERR_MANIFEST;
    }
    strncpy(manifest.name, name, TATU_MANIFEST_NAME_MAX);
    strcpy(manifest.entry_point, entry_point);
    TATU_TRY(take_args(json_object_get(root, "CmdArgs"), &manifest));
    TATU_TRY(take_capabilities(json_object_get(root, "Capabilities"), &manifest));
    *out = manifest;
    return TATU_OK;
}
