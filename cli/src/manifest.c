#include "manifest.h"

#include "hardware.h"

#include "proto/image.h"

#include <stdlib.h>
#include <string.h>

#define RUNTIME_KEY "TargetApplicationRuntimeVersion"

/* What an application may ask for; the device has the same list and enforces it. */
static const char *const capabilities[] = {
    "AllowedApplicationConnections",
    "AllowedConnections",
    "AllowedTcpServerPorts",
    "AllowedUdpServerPorts",
    "CertStore",
    "DeviceAuthentication",
    "DhcpService",
    "EnterpriseWifiConfig",
    "HardwareAddressConfig",
    "HeapMemStats",
    "MutableStorage",
    "NetworkConfig",
    "PowerControls",
    "ReadNetworkProxyConfig",
    "SntpService",
    "SoftwareUpdateDeferral",
    "SystemEventNotifications",
    "SystemTime",
    "TimeSyncConfig",
    "WifiConfig",
};

/* Capabilities that are lists of pins and buses, which have names. */
static const char *const peripherals[] = {
    "Gpio", "Uart", "SpiMaster", "I2cMaster", "Pwm", "Adc", "I2sSubordinate",
};

static enum tatu_err refuse(struct tatu_cli *cli, const char *path, const char *what)
{
    return tatu_cli_fail(cli, TATU_ERR_MANIFEST, "%s: %s; correct the manifest", path, what);
}

static bool is_in(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* At most so many bytes, and no half letter at the end. */
static void copy_name(const char *name, char out[CLI_MANIFEST_NAME_MAX + 1])
{
    size_t len = strlen(name);
    if (len > CLI_MANIFEST_NAME_MAX) {
        len = CLI_MANIFEST_NAME_MAX;
        while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    memcpy(out, name, len);
    out[len] = '\0';
}

static enum tatu_err check_head(struct tatu_cli *cli, const char *path, json_t *json,
                                struct tatu_cli_manifest *out)
{
    const char *name = json_string_value(json_object_get(json, "Name"));
    const char *component = json_string_value(json_object_get(json, "ComponentId"));
    const char *entry = json_string_value(json_object_get(json, "EntryPoint"));
    if (!json_is_integer(json_object_get(json, "SchemaVersion")) ||
        json_integer_value(json_object_get(json, "SchemaVersion")) != 1) {
        return refuse(cli, path, "SchemaVersion is not 1");
    }
    if (name == NULL || *name == '\0') {
        return refuse(cli, path, "Name is missing");
    }
    if (component == NULL ||
        tatu_proto_parse_guid(component, strlen(component), out->component) != TATU_OK) {
        return refuse(cli, path, "ComponentId is not a GUID");
    }
    if (entry == NULL || entry[0] != '/' || strlen(entry) > CLI_MANIFEST_ENTRY_MAX) {
        return refuse(cli, path, "EntryPoint is not a path that begins with a slash");
    }
    copy_name(name, out->name);
    (void)strcpy(out->entry_point, entry + 1);
    return TATU_OK;
}

static enum tatu_err check_capabilities(struct tatu_cli *cli, const char *path, json_t *asked)
{
    const char *key;
    json_t *value;
    if (!json_is_object(asked)) {
        return refuse(cli, path, "Capabilities is missing");
    }
    json_object_foreach(asked, key, value)
    {
        if (!is_in(capabilities, TATU_COUNT_OF(capabilities), key) &&
            !is_in(peripherals, TATU_COUNT_OF(peripherals), key)) {
            return tatu_cli_fail(cli, TATU_ERR_CAPABILITY,
                                 "%s: there is no capability '%s'; correct "
                                 "the manifest",
                                 path, key);
        }
    }
    return TATU_OK;
}

/* Replaces "$NAME" in one list. */
static enum tatu_err fill_list(struct tatu_cli *cli, const char *path, const char *type,
                               json_t *list, const struct tatu_cli_hardware *hardware,
                               bool *changed)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL || text[0] != '$') {
            continue;
        }
        json_t *value = tatu_cli_find_pin(hardware, type, text + 1);
        if (value == NULL) {
            return tatu_cli_fail(cli, TATU_ERR_MANIFEST,
                                 "%s: no hardware definition names the %s %s; "
                                 "give --hardware-definition, or correct the name",
                                 path, type, text);
        }
        (void)json_array_set(list, i, value);
        *changed = true;
    }
    return TATU_OK;
}

/* What the application was built for; the original's tools write it too. */
static bool add_runtime(json_t *json)
{
    if (json_object_get(json, RUNTIME_KEY) != NULL) {
        return false;
    }
    (void)json_object_set_new(json, RUNTIME_KEY, json_integer(CLI_APPLICATION_RUNTIME));
    return true;
}

static enum tatu_err fill_pins(struct tatu_cli *cli, const char *path, json_t *json,
                               const char *hardware_path, const char *const *folders,
                               struct tatu_cli_manifest *out)
{
    struct tatu_cli_hardware hardware
        __attribute__((cleanup(tatu_cli_free_hardware))) = {.count = 0};
    bool changed = add_runtime(json);
    if (hardware_path != NULL) {
        TATU_TRY(tatu_cli_read_hardware(cli, hardware_path, folders, &hardware));
    }
    json_t *asked = json_object_get(json, "Capabilities");
    for (size_t i = 0; i < TATU_COUNT_OF(peripherals); i++) {
        TATU_TRY(fill_list(cli, path, peripherals[i], json_object_get(asked, peripherals[i]),
                           &hardware, &changed));
    }
    if (!changed) {
        return TATU_OK;
    }
    char *text = json_dumps(json, JSON_INDENT(2));
    if (text == NULL) {
        return TATU_ERR_MEMORY;
    }
    tatu_cli_free_bytes(&out->text);
    out->text = (struct tatu_cli_bytes){(uint8_t *)text, strlen(text)};
    return TATU_OK;
}

enum tatu_err tatu_cli_read_manifest(struct tatu_cli *cli, const char *path, const char *hardware,
                                     const char *const *folders, struct tatu_cli_manifest *out)
{
    json_error_t where;
    TATU_TRY(tatu_cli_read_file(cli, path, CLI_MANIFEST_MAX, &out->text));
    json_auto_t *json =
        json_loadb((const char *)out->text.data, out->text.len, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(json)) {
        return tatu_cli_fail(cli, TATU_ERR_MANIFEST,
                             "%s is not JSON (line %d: %s); correct the "
                             "manifest",
                             path, where.line, where.text);
    }
    TATU_TRY(check_head(cli, path, json, out));
    TATU_TRY(check_capabilities(cli, path, json_object_get(json, "Capabilities")));
    return fill_pins(cli, path, json, hardware, folders, out);
}
