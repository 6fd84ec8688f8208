#include "value.h"

#include <arpa/inet.h>
#include <string.h>

#define LABEL_MAX 63u

bool tatu_manifest_get_guid(const json_t *value, uint8_t out[16])
{
    const char *text = json_string_value(value);
    return text != NULL && tatu_proto_parse_guid(text, strlen(text), out) == TATU_OK;
}

bool tatu_manifest_is_path(const char *path)
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

static bool is_name(const char *text)
{
    const char *label = text;
    while (*label != '\0') {
        const size_t len =
            strspn(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
        if (len == 0 || len > LABEL_MAX || (label[len] != '.' && label[len] != '\0')) {
            return false;
        }
        label += len + (label[len] == '.' ? 1 : 0);
    }
    return label != text;
}

bool tatu_manifest_is_host(const char *text)
{
    uint8_t address[16];
    if (strlen(text) >= TATU_MANIFEST_HOST_MAX) {
        return false;
    }
    if (strchr(text, ':') != NULL) {
        return inet_pton(AF_INET6, text, address) == 1;
    }
    if (strspn(text, "0123456789.") == strlen(text)) {
        return inet_pton(AF_INET, text, address) == 1;
    }
    return is_name(text);
}

bool tatu_manifest_has_port(const struct tatu_manifest_ports *ports, uint16_t port)
{
    for (size_t i = 0; i < ports->count; i++) {
        if (ports->ports[i] == port) {
            return true;
        }
    }
    return false;
}

/* ---- peripherals ---- */

static const struct {
    const char *prefix; /* then one digit */
    uint8_t count;
} peripherals[TATU_MANIFEST_PERIPHERAL_COUNT] = {
    [TATU_MANIFEST_UART] = {"ISU", 5},
    [TATU_MANIFEST_SPI] = {"ISU", 5},
    [TATU_MANIFEST_I2C] = {"ISU", 5},
    [TATU_MANIFEST_PWM] = {"PWM-CONTROLLER-", 3},
    [TATU_MANIFEST_ADC] = {"ADC-CONTROLLER-", 1},
    [TATU_MANIFEST_I2S] = {"I2S", 2},
};

bool tatu_manifest_find_peripheral(enum tatu_manifest_peripheral what, const char *name,
                                   uint8_t *out_bit)
{
    const size_t len = strlen(peripherals[what].prefix);
    if (strncmp(name, peripherals[what].prefix, len) != 0 || name[len] < '0' ||
        name[len] >= '0' + peripherals[what].count || name[len + 1] != '\0') {
        return false;
    }
    *out_bit = (uint8_t)(1u << (name[len] - '0'));
    return true;
}

bool tatu_manifest_share_unit(const uint8_t one[TATU_MANIFEST_PERIPHERAL_COUNT],
                              const uint8_t other[TATU_MANIFEST_PERIPHERAL_COUNT])
{
    static const enum tatu_manifest_peripheral uses[] = {TATU_MANIFEST_UART, TATU_MANIFEST_SPI,
                                                         TATU_MANIFEST_I2C};
    for (size_t i = 0; i < TATU_COUNT_OF(uses); i++) {
        for (size_t n = 0; n < TATU_COUNT_OF(uses); n++) {
            if (i != n && (one[uses[i]] & other[uses[n]]) != 0) {
                return true;
            }
        }
    }
    return false;
}
