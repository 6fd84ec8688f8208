#include "applibs/application.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "control.h"

#define GUID_SIZE 16u
#define GUID_TEXT_LEN 36u

static int nibble_of(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* A component id as images have it: the first three groups little-endian. */
static bool parse_guid(const char *text, uint8_t out[GUID_SIZE])
{
    static const uint8_t places[GUID_SIZE] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t digits = 0;
    if (strnlen(text, GUID_TEXT_LEN + 1) != GUID_TEXT_LEN) {
        return false;
    }
    memset(out, 0, GUID_SIZE);
    for (size_t i = 0; i < GUID_TEXT_LEN; i++) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const int nibble = nibble_of(text[i]);
        if (dash ? text[i] != '-' : nibble < 0) {
            return false;
        }
        if (!dash) {
            uint8_t *place = &out[places[digits / 2]];
            *place = (uint8_t)(*place << 4 | nibble);
            digits++;
        }
    }
    return true;
}

int Application_Connect(const char *componentId)
{
    uint8_t component[GUID_SIZE];
    const struct applibs_request request = {
        .op = TATU_REQUEST_CONNECT, .payload = component, .len = sizeof(component)};
    if (componentId == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    return parse_guid(componentId, component) ? tatu_applibs_ask_descriptor(&request)
                                              : tatu_applibs_fail(EINVAL);
}

int Application_Socket(const char *componentId)
{
    return Application_Connect(componentId);
}

int Application_IsDeviceAuthReady(bool *outIsDeviceAuthReady)
{
    const struct applibs_request request = {.op = TATU_REQUEST_DEVICEAUTH_READY};
    uint8_t ready[4];
    if (outIsDeviceAuthReady == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (tatu_applibs_get(&request, ready, sizeof(ready)) != 0) {
        return -1;
    }
    *outIsDeviceAuthReady = tatu_get_le32(ready) != 0;
    return 0;
}
