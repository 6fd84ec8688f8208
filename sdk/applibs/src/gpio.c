#include "applibs/gpio.h"

#include <errno.h>
#include <linux/gpio.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "control.h"

int GPIO_OpenAsInput(GPIO_Id gpioId)
{
    if (gpioId < 0) {
        return tatu_applibs_fail(ENODEV);
    }
    const struct applibs_request request = {.op = TATU_REQUEST_GPIO_INPUT, .a = (uint32_t)gpioId};
    return tatu_applibs_ask_descriptor(&request);
}

int GPIO_OpenAsOutput(GPIO_Id gpioId, GPIO_OutputMode_Type outputMode, GPIO_Value_Type initialValue)
{
    if (outputMode > GPIO_OutputMode_OpenSource || initialValue > GPIO_Value_High) {
        return tatu_applibs_fail(EINVAL);
    }
    if (gpioId < 0) {
        return tatu_applibs_fail(ENODEV);
    }
    const struct applibs_request request = {
        .op = TATU_REQUEST_GPIO_OUTPUT, .a = (uint32_t)gpioId, .b = outputMode, .c = initialValue};
    return tatu_applibs_ask_descriptor(&request);
}

static int ask_line(int fd, unsigned long call, struct gpio_v2_line_values *values)
{
    const int result = ioctl(fd, call, values);
    return result == 0 ? 0 : tatu_applibs_fail(errno == ENOTTY ? EBADF : errno);
}

int GPIO_GetValue(int gpioFd, GPIO_Value_Type *outValue)
{
    struct gpio_v2_line_values values = {.bits = 0, .mask = 1};
    if (outValue == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (ask_line(gpioFd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) != 0) {
        return -1;
    }
    *outValue = (values.bits & 1) != 0 ? GPIO_Value_High : GPIO_Value_Low;
    return 0;
}

int GPIO_SetValue(int gpioFd, GPIO_Value_Type value)
{
    struct gpio_v2_line_values values = {.bits = value, .mask = 1};
    return value > GPIO_Value_High ? tatu_applibs_fail(EINVAL)
                                   : ask_line(gpioFd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values);
}
