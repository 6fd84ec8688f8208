#include <errno.h>
#include <linux/gpio.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "applibs/gpio.h"
#include "control.h"

int GPIO_OpenAsInput(GPIO_Id gpioId)
{
    if (gpioId < 0) {
        errno = ENODEV;
        return -1;
    }
    return tatu_applibs_ask_descriptor(TATU_CONTROL_GPIO_INPUT, (uint32_t)gpioId, 0, 0);
}

int GPIO_OpenAsOutput(GPIO_Id gpioId, GPIO_OutputMode_Type outputMode, GPIO_Value_Type initialValue)
{
    if (outputMode > GPIO_OutputMode_OpenSource || initialValue > GPIO_Value_High) {
        errno = EINVAL;
        return -1;
    }
    if (gpioId < 0) {
        errno = ENODEV;
        return -1;
    }
    return tatu_applibs_ask_descriptor(TATU_CONTROL_GPIO_OUTPUT, (uint32_t)gpioId, outputMode,
                                       initialValue);
}

int GPIO_GetValue(int gpioFd, GPIO_Value_Type *outValue)
{
    if (outValue == NULL) {
        errno = EFAULT;
        return -1;
    }
    struct gpio_v2_line_values values = {.bits = 0, .mask = 1};
    if (ioctl(gpioFd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) != 0) {
        errno = errno == ENOTTY ? EBADF : errno;
        return -1;
    }
    *outValue = (values.bits & 1) != 0 ? GPIO_Value_High : GPIO_Value_Low;
    return 0;
}

int GPIO_SetValue(int gpioFd, GPIO_Value_Type value)
{
    if (value > GPIO_Value_High) {
        errno = EINVAL;
        return -1;
    }
    struct gpio_v2_line_values values = {.bits = value, .mask = 1};
    if (ioctl(gpioFd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) != 0) {
        errno = errno == ENOTTY ? EBADF : errno;
        return -1;
    }
    return 0;
}
