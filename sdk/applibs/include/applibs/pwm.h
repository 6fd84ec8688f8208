/* Pulse-width modulation for high-level applications. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A controller's number on the chip, as in the hardware definition. */
typedef unsigned int PWM_ControllerId;

/** A channel's number in its controller. */
typedef unsigned int PWM_ChannelId;

/** Which level comes first in a period, for the duty cycle. */
typedef enum {
    PWM_Polarity_Normal = 0,   /**< high, then low */
    PWM_Polarity_Inversed = 1, /**< low, then high */
} PwmPolarity;

/** What a channel puts out. */
typedef struct PwmState {
    unsigned int period_nsec;
    __extension__ union { /* two spellings that are in use, one number */
        unsigned int dutyCycle_nsec;
        unsigned int duty_cycle_nsec;
    };
    PwmPolarity polarity;
    bool enabled;
} PwmState;

/**
 * Opens a controller, with all of its channels, for this application alone.
 * Returns a file descriptor to be closed with close(), or -1 and errno:
 *   EACCES  the controller is not in the manifest's Pwm capability
 *   EBUSY   it is open already
 *   ENODEV  the chip has no such controller
 *   EIO     the system does not answer
 */
int PWM_Open(PWM_ControllerId pwm);

/**
 * Changes what a channel puts out. It stays so when the descriptor is closed.
 * Returns 0, or -1 and errno: EFAULT newState is NULL, EINVAL no such channel or polarity, a duty
 * cycle over the period, or a period of 0 that is enabled, ERANGE the controller cannot make that
 * period, EBADF not an open PWM controller, EIO.
 */
int PWM_Apply(int pwmFd, PWM_ChannelId pwmChannel, const PwmState *newState);

#ifdef __cplusplus
}
#endif
