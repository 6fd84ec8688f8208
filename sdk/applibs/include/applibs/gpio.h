/* GPIO for high-level applications. Public names are Azure Sphere's own. */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A GPIO's number on the chip, as in the hardware definition. */
typedef int GPIO_Id;

typedef uint8_t GPIO_Value_Type;
typedef enum {
    GPIO_Value_Low = 0,
    GPIO_Value_High = 1,
} GPIO_Value;

typedef uint8_t GPIO_OutputMode_Type;
typedef enum {
    GPIO_OutputMode_PushPull = 0,
    GPIO_OutputMode_OpenDrain = 1,
    GPIO_OutputMode_OpenSource = 2,
} GPIO_OutputMode;

/**
 * Opens a GPIO as an input.
 * Returns a file descriptor to be closed with close(), or -1 and errno:
 *   EACCES  the pin is not in the manifest's Gpio capability
 *   EBUSY   the pin is open already
 *   ENODEV  the chip has no such pin
 */
int GPIO_OpenAsInput(GPIO_Id gpioId);

/** Opens a GPIO as an output with an initial value. Returns and errno as above; EINVAL for a mode
 * or value that does not exist. */
int GPIO_OpenAsOutput(GPIO_Id gpioId, GPIO_OutputMode_Type outputMode,
                      GPIO_Value_Type initialValue);

/** Reads the present level. Returns 0, or -1 and errno: EFAULT outValue is NULL, EBADF not an open
 * GPIO. */
int GPIO_GetValue(int gpioFd, GPIO_Value_Type *outValue);

/** Sets the level of an output. Returns 0, or -1 and errno: EINVAL not a value, EPERM an input,
 * EBADF not an open GPIO. */
int GPIO_SetValue(int gpioFd, GPIO_Value_Type value);

#ifdef __cplusplus
}
#endif
