/*
 * SPI master for high-level applications. Define SPI_STRUCTS_VERSION before this is included; the
 * only version is 1.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef SPI_STRUCTS_VERSION
#define SPI_STRUCTS_VERSION 1
#endif
#if SPI_STRUCTS_VERSION != 1
#error "applibs/spi.h: there is no such SPI_STRUCTS_VERSION; use 1"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** A master's number on the chip, and the number of one of its select lines. */
typedef int SPI_InterfaceId;
typedef int SPI_ChipSelectId;

/** The level of the select line while the target is selected. */
typedef enum {
    SPI_ChipSelectPolarity_Invalid = 0,
    SPI_ChipSelectPolarity_ActiveLow = 1,
    SPI_ChipSelectPolarity_ActiveHigh = 2,
} SPI_ChipSelectPolarity;

/** Which bit of a byte goes first. */
typedef enum {
    SPI_BitOrder_Invalid = 0,
    SPI_BitOrder_LsbFirst = 1,
    SPI_BitOrder_MsbFirst = 2,
} SPI_BitOrder;

/** Level of the idle clock, and the edge at which a bit is taken. */
typedef enum {
    SPI_Mode_Invalid = 0,
    SPI_Mode_0 = 1, /**< idle low, first edge */
    SPI_Mode_1 = 2, /**< idle low, second edge */
    SPI_Mode_2 = 3, /**< idle high, first edge */
    SPI_Mode_3 = 4, /**< idle high, second edge */
} SPI_Mode;

/** The direction of a transfer. */
typedef enum {
    SPI_TransferFlags_None = 0,
    SPI_TransferFlags_Read = 1,
    SPI_TransferFlags_Write = 2,
} SPI_TransferFlags;

/** How a master is opened; made by SPIMaster_InitConfig. */
struct z__SPIMaster_Config_v1 {
    uint32_t z__magicAndVersion;
    SPI_ChipSelectPolarity csPolarity;
};
typedef struct z__SPIMaster_Config_v1 SPIMaster_Config;

/** One of several transfers; made by SPIMaster_InitTransfers. */
struct z__SPIMaster_Transfer_v1 {
    uint32_t z__magicAndVersion;
    SPI_TransferFlags flags;
    const uint8_t *writeData; /**< of a write */
    uint8_t *readData;        /**< of a read */
    size_t length;            /**< bytes of it */
};
typedef struct z__SPIMaster_Transfer_v1 SPIMaster_Transfer;

/** Transfers that one call may have, and bytes of all that it writes, or reads. */
#define SPI_TRANSFER_MAX 256
#define SPI_TRANSFER_BYTES_MAX 4096

/* What programs link to: the functions below, told which version of the structs they use. */
int z__SPIMaster_InitConfig(SPIMaster_Config *config, uint32_t structVersion);
int z__SPIMaster_Open(SPI_InterfaceId interfaceId, SPI_ChipSelectId chipSelectId,
                      const SPIMaster_Config *config);
int z__SPIMaster_InitTransfers(SPIMaster_Transfer *transfers, size_t transferCount,
                               uint32_t structVersion);
ssize_t z__SPIMaster_TransferSequential(int fd, const SPIMaster_Transfer *transfers,
                                        size_t transferCount, uint32_t structVersion);

/** Fills a configuration: selected by a low level. Returns 0, or -1 and errno: EFAULT. */
static inline int SPIMaster_InitConfig(SPIMaster_Config *config)
{
    return z__SPIMaster_InitConfig(config, SPI_STRUCTS_VERSION);
}

/**
 * Opens a master with one of its select lines for this application alone: mode 0, the highest bit
 * first, until that is set otherwise.
 * Returns a file descriptor to be closed with close(), or -1 and errno:
 *   EFAULT  config is NULL
 *   EINVAL  config was not made by SPIMaster_InitConfig, or has no such polarity
 *   EACCES  the interface is not in the manifest's SpiMaster capability
 *   EBUSY   it is open already
 *   ENODEV  the chip has no such interface or select line
 *   EIO     the system does not answer
 */
static inline int SPIMaster_Open(SPI_InterfaceId interfaceId, SPI_ChipSelectId chipSelectId,
                                 const SPIMaster_Config *config)
{
    return z__SPIMaster_Open(interfaceId, chipSelectId, config);
}

/** Sets the highest speed of the clock. Returns 0, or -1 and errno: EINVAL the master cannot go so
 * slowly, EBADF not an open SPI master. */
int SPIMaster_SetBusSpeed(int fd, uint32_t speedInHz);

/** Returns 0, or -1 and errno: EINVAL no such mode, EBADF not an open SPI master. */
int SPIMaster_SetMode(int fd, SPI_Mode mode);

/** Returns 0, or -1 and errno: EINVAL no such order, EBADF not an open SPI master. */
int SPIMaster_SetBitOrder(int fd, SPI_BitOrder order);

/** Fills transfers: no direction, no data. Returns 0, or -1 and errno: EFAULT. */
static inline int SPIMaster_InitTransfers(SPIMaster_Transfer *transfers, size_t transferCount)
{
    return z__SPIMaster_InitTransfers(transfers, transferCount, SPI_STRUCTS_VERSION);
}

/**
 * Writes and then reads, while the target stays selected.
 * Returns the bytes written and read together, or -1 and errno:
 *   EFAULT    writeData or readData is NULL
 *   EINVAL    a length of 0
 *   EMSGSIZE  over SPI_TRANSFER_BYTES_MAX
 *   EBADF     not an open SPI master
 *   EIO       the master failed
 */
ssize_t SPIMaster_WriteThenRead(int fd, const uint8_t *writeData, size_t lenWriteData,
                                uint8_t *readData, size_t lenReadData);

/**
 * Makes transfers one after the other, while the target stays selected.
 * Returns the bytes of all of them, or -1 and errno:
 *   EFAULT    transfers, or the data of one of them, is NULL
 *   EINVAL    no transfers, or more than SPI_TRANSFER_MAX; one that was not made by
 *             SPIMaster_InitTransfers, is not either a read or a write, or has no length
 *   EMSGSIZE  over SPI_TRANSFER_BYTES_MAX
 *   EBADF     not an open SPI master
 *   ENOMEM
 *   EIO       the master failed
 */
static inline ssize_t SPIMaster_TransferSequential(int fd, const SPIMaster_Transfer *transfers,
                                                   size_t transferCount)
{
    return z__SPIMaster_TransferSequential(fd, transfers, transferCount, SPI_STRUCTS_VERSION);
}

#ifdef __cplusplus
}
#endif
