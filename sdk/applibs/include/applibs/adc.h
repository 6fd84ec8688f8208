/* ADC for high-level applications: samples of the channels of an analogue-to-digital converter. */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A controller's number on the chip, as in the hardware definition. */
typedef uint32_t ADC_ControllerId;

/** A channel's number in its controller. */
typedef uint32_t ADC_ChannelId;

/**
 * Opens a controller, with all of its channels, for this application alone.
 * Returns a file descriptor to be closed with close(), or -1 and errno:
 *   EACCES  the controller is not in the manifest's Adc capability
 *   EBUSY   it is open already
 *   ENODEV  the chip has no such controller
 *   EIO     the system does not answer
 */
int ADC_Open(ADC_ControllerId id);

/**
 * How many bits a sample has, so that the highest is 2^bits - 1.
 * Returns the count, or -1 and errno: EINVAL no such channel, EBADF not an open ADC, EIO.
 */
int ADC_GetSampleBitCount(int fd, ADC_ChannelId channel);

/**
 * Sets the voltage, in volts, that the highest sample of a channel stands for; a higher one reads
 * as the highest sample. It is the converter's own, its highest, until it is set.
 * Returns 0, or -1 and errno: EINVAL no such channel or no positive voltage, ERANGE more than the
 * converter's own, EBADF not an open ADC, EIO.
 */
int ADC_SetReferenceVoltage(int fd, ADC_ChannelId channel, float referenceVoltage);

/**
 * Takes one sample of a channel.
 * Returns 0 and *outSampleValue, or -1 and errno: EFAULT outSampleValue is NULL, EINVAL no such
 * channel, EBADF not an open ADC, EIO.
 */
int ADC_Poll(int fd, ADC_ChannelId channel, uint32_t *outSampleValue);

#ifdef __cplusplus
}
#endif
