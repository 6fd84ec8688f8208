#include "applibs/adc.h"

#include <errno.h>

#include "control.h"

#define MICROVOLTS 1000000.0f

int ADC_Open(ADC_ControllerId id)
{
    const struct applibs_request request = {.op = TATU_REQUEST_ADC_OPEN, .a = id};
    return tatu_applibs_ask_connection(&request);
}

static int get_number(int fd, uint32_t op, ADC_ChannelId channel, uint32_t *out)
{
    const struct applibs_request request = {.op = op, .a = channel};
    uint8_t bytes[4];
    const ssize_t got = tatu_applibs_ask_on(fd, &request, bytes, sizeof(bytes));
    if (got != (ssize_t)sizeof(bytes)) {
        return got < 0 ? -1 : tatu_applibs_fail(EIO);
    }
    *out = tatu_get_le32(bytes);
    return 0;
}

int ADC_GetSampleBitCount(int fd, ADC_ChannelId channel)
{
    uint32_t bits = 0;
    return get_number(fd, TATU_REQUEST_ADC_BITS, channel, &bits) == 0 ? (int)bits : -1;
}

int ADC_SetReferenceVoltage(int fd, ADC_ChannelId channel, float referenceVoltage)
{
    uint8_t nothing;
    if (!(referenceVoltage > 0)) {
        return tatu_applibs_fail(EINVAL);
    }
    if (referenceVoltage >= (float)UINT32_MAX / MICROVOLTS) {
        return tatu_applibs_fail(ERANGE);
    }
    const struct applibs_request request = {.op = TATU_REQUEST_ADC_REFERENCE,
                                            .a = channel,
                                            .b = (uint32_t)(referenceVoltage * MICROVOLTS + 0.5f)};
    return tatu_applibs_ask_on(fd, &request, &nothing, 0) < 0 ? -1 : 0;
}

int ADC_Poll(int fd, ADC_ChannelId channel, uint32_t *outSampleValue)
{
    if (outSampleValue == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    return get_number(fd, TATU_REQUEST_ADC_READ, channel, outSampleValue);
}
