#include "applibs/i2c.h"

#include <errno.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <sys/ioctl.h>

#include "control.h"

#define SEVEN_BITS 0x7fu
#define TEN_BITS 0x3ffu
#define MESSAGE_MAX 8192u /* the kernel's own */
#define TIMEOUT_STEP_MS 10u

/* A descriptor that is no I2C master does not know what it is asked. */
static int ask(int fd, unsigned long call, unsigned long argument)
{
    const int result = ioctl(fd, call, argument);
    return result >= 0 ? result : tatu_applibs_fail(errno == ENOTTY ? EBADF : errno);
}

int I2CMaster_Open(I2C_InterfaceId id)
{
    if (id < 0) {
        return tatu_applibs_fail(ENODEV);
    }
    const struct applibs_request request = {.op = TATU_REQUEST_I2C_OPEN, .a = (uint32_t)id};
    return tatu_applibs_ask_descriptor(&request);
}

/* This chip's masters have one clock, slower than the slowest of these. A target must take any
 * clock up to its own, so that a lower one is as good. */
int I2CMaster_SetBusSpeed(int fd, uint32_t speedInHz)
{
    unsigned long functions = 0;
    if (speedInHz != I2C_BUS_SPEED_STANDARD && speedInHz != I2C_BUS_SPEED_FAST &&
        speedInHz != I2C_BUS_SPEED_FAST_PLUS && speedInHz != I2C_BUS_SPEED_HIGH) {
        return tatu_applibs_fail(EINVAL);
    }
    return ask(fd, I2C_FUNCS, (unsigned long)(uintptr_t)&functions);
}

int I2CMaster_SetTimeout(int fd, uint32_t timeoutInMs)
{
    if (timeoutInMs == 0) {
        return tatu_applibs_fail(EINVAL);
    }
    const unsigned long steps =
        timeoutInMs / TIMEOUT_STEP_MS + (timeoutInMs % TIMEOUT_STEP_MS != 0);
    return ask(fd, I2C_TIMEOUT, steps);
}

static bool is_length(size_t len)
{
    return len != 0 && len <= MESSAGE_MAX;
}

static struct i2c_msg message_of(I2C_DeviceAddress address, uint8_t *bytes, size_t len,
                                 unsigned int direction)
{
    const unsigned int ten = address > SEVEN_BITS ? I2C_M_TEN : 0u;
    return (struct i2c_msg){.addr = (uint16_t)address,
                            .flags = (uint16_t)(ten | direction),
                            .len = (uint16_t)len,
                            .buf = bytes};
}

static ssize_t transfer(int fd, I2C_DeviceAddress address, struct i2c_msg *messages, size_t count)
{
    const struct i2c_rdwr_ioctl_data data = {.msgs = messages, .nmsgs = (uint32_t)count};
    ssize_t len = 0;
    for (size_t i = 0; i < count; i++) {
        if (messages[i].buf == NULL) {
            return tatu_applibs_fail(EFAULT);
        }
        len += messages[i].len;
    }
    if (address > TEN_BITS) {
        return tatu_applibs_fail(EINVAL);
    }
    return ask(fd, I2C_RDWR, (unsigned long)(uintptr_t)&data) < 0 ? -1 : len;
}

ssize_t I2CMaster_WriteThenRead(int fd, I2C_DeviceAddress address, const uint8_t *writeData,
                                size_t lenWriteData, uint8_t *readData, size_t lenReadData)
{
    struct i2c_msg messages[] = {
        message_of(address, (uint8_t *)(uintptr_t)writeData, lenWriteData, 0),
        message_of(address, readData, lenReadData, I2C_M_RD)};
    return is_length(lenWriteData) && is_length(lenReadData) ? transfer(fd, address, messages, 2)
                                                             : tatu_applibs_fail(EINVAL);
}

ssize_t I2CMaster_Read(int fd, I2C_DeviceAddress address, uint8_t *buffer, size_t maxLength)
{
    struct i2c_msg message = message_of(address, buffer, maxLength, I2C_M_RD);
    return is_length(maxLength) ? transfer(fd, address, &message, 1) : tatu_applibs_fail(EINVAL);
}

ssize_t I2CMaster_Write(int fd, I2C_DeviceAddress address, const uint8_t *data, size_t length)
{
    struct i2c_msg message = message_of(address, (uint8_t *)(uintptr_t)data, length, 0);
    return is_length(length) ? transfer(fd, address, &message, 1) : tatu_applibs_fail(EINVAL);
}

int I2CMaster_SetDefaultTargetAddress(int fd, I2C_DeviceAddress address)
{
    if (address > TEN_BITS) {
        return tatu_applibs_fail(EINVAL);
    }
    return ask(fd, I2C_TENBIT, address > SEVEN_BITS ? 1 : 0) < 0 ? -1 : ask(fd, I2C_SLAVE, address);
}
