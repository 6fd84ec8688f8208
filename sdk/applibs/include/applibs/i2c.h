/* I2C master for high-level applications. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A master's number on the chip, as in the hardware definition. */
typedef int I2C_InterfaceId;

/** A target's address without the bit for reading: 7 bits, or 10. */
typedef unsigned int I2C_DeviceAddress;

/* Speeds of the bus, in Hz. */
#define I2C_BUS_SPEED_STANDARD 100000
#define I2C_BUS_SPEED_FAST 400000
#define I2C_BUS_SPEED_FAST_PLUS 1000000
#define I2C_BUS_SPEED_HIGH 3400000

/**
 * Opens a master for this application alone.
 * Returns a file descriptor to be closed with close(), or -1 and errno:
 *   EACCES  the interface is not in the manifest's I2cMaster capability
 *   EBUSY   it is open already
 *   ENODEV  the chip has no such interface
 *   EIO     the system does not answer
 */
int I2CMaster_Open(I2C_InterfaceId id);

/**
 * Sets the speed that the bus may have at most: one of I2C_BUS_SPEED_... Targets take any lower
 * one, and the clock of this chip's master is always lower. Returns 0, or -1 and errno: EINVAL
 * another speed, EBADF not an open I2C master.
 */
int I2CMaster_SetBusSpeed(int fd, uint32_t speedInHz);

/** Sets how long an operation may take, in steps of 10 ms. Returns 0, or -1 and errno: EINVAL 0 or
 * more than the kernel can count, EBADF not an open I2C master. */
int I2CMaster_SetTimeout(int fd, uint32_t timeoutInMs);

/**
 * Writes and then reads, without a stop between the two.
 * Returns the bytes written and read together, or -1 and errno:
 *   EFAULT     writeData or readData is NULL
 *   EINVAL     an address over 10 bits, or a length of 0 or over 8192 bytes
 *   ENXIO      nobody answers at the address
 *   EIO        the target stopped answering
 *   ETIMEDOUT  the bus was held for too long
 *   EBADF      not an open I2C master
 */
ssize_t I2CMaster_WriteThenRead(int fd, I2C_DeviceAddress address, const uint8_t *writeData,
                                size_t lenWriteData, uint8_t *readData, size_t lenReadData);

/** Reads. Returns the bytes read, or -1 and errno as above. */
ssize_t I2CMaster_Read(int fd, I2C_DeviceAddress address, uint8_t *buffer, size_t maxLength);

/** Writes. Returns the bytes written, or -1 and errno as above. */
ssize_t I2CMaster_Write(int fd, I2C_DeviceAddress address, const uint8_t *data, size_t length);

/** Sets the target of plain read() and write() on fd. Returns 0, or -1 and errno: EINVAL, EBADF. */
int I2CMaster_SetDefaultTargetAddress(int fd, I2C_DeviceAddress address);

#ifdef __cplusplus
}
#endif
