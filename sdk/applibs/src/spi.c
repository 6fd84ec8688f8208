#include "applibs/spi.h"

#include <errno.h>
#include <linux/spi/spidev.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "control.h"

#define CONFIG_MAGIC 0x45170000u
#define TRANSFER_MAGIC 0x22130000u
#define FD_MAX 64 /* that an application may have */

/* A master that sends the highest bit first alone: bytes are turned round here, for the descriptors
 * that are marked. One that is opened anew has no mark. */
static bool is_reversed[FD_MAX];

static int ask(int fd, unsigned long call, void *argument)
{
    const int result = ioctl(fd, call, argument);
    return result >= 0 ? result : tatu_applibs_fail(errno == ENOTTY ? EBADF : errno);
}

/* ---- opening ---- */

int z__SPIMaster_InitConfig(SPIMaster_Config *config, uint32_t structVersion)
{
    if (config == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (!tatu_applibs_is_v1(structVersion, CONFIG_MAGIC)) {
        return tatu_applibs_fail(EINVAL);
    }
    *config = (SPIMaster_Config){.z__magicAndVersion = CONFIG_MAGIC | 1,
                                 .csPolarity = SPI_ChipSelectPolarity_ActiveLow};
    return 0;
}

int z__SPIMaster_Open(SPI_InterfaceId interfaceId, SPI_ChipSelectId chipSelectId,
                      const SPIMaster_Config *config)
{
    if (config == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (config->z__magicAndVersion != (CONFIG_MAGIC | 1) ||
        (config->csPolarity != SPI_ChipSelectPolarity_ActiveLow &&
         config->csPolarity != SPI_ChipSelectPolarity_ActiveHigh)) {
        return tatu_applibs_fail(EINVAL);
    }
    if (interfaceId < 0 || chipSelectId < 0) {
        return tatu_applibs_fail(ENODEV);
    }
    const struct applibs_request request = {
        .op = TATU_REQUEST_SPI_OPEN,
        .a = (uint32_t)interfaceId,
        .b = (uint32_t)chipSelectId,
        .c = config->csPolarity == SPI_ChipSelectPolarity_ActiveHigh ? 1 : 0};
    const int fd = tatu_applibs_ask_descriptor(&request);
    if (fd >= 0 && fd < FD_MAX) {
        is_reversed[fd] = false;
    }
    return fd;
}

/* ---- settings ---- */

int SPIMaster_SetBusSpeed(int fd, uint32_t speedInHz)
{
    return speedInHz == 0 ? tatu_applibs_fail(EINVAL)
                          : ask(fd, SPI_IOC_WR_MAX_SPEED_HZ, &speedInHz);
}

int SPIMaster_SetMode(int fd, SPI_Mode mode)
{
    uint32_t bits = 0;
    if (mode < SPI_Mode_0 || mode > SPI_Mode_3) {
        return tatu_applibs_fail(EINVAL);
    }
    if (ask(fd, SPI_IOC_RD_MODE32, &bits) < 0) {
        return -1;
    }
    /* the polarity of the select line, and what else is there, stays */
    bits = (bits & ~(uint32_t)(SPI_CPHA | SPI_CPOL)) | (uint32_t)(mode - SPI_Mode_0);
    return ask(fd, SPI_IOC_WR_MODE32, &bits);
}

int SPIMaster_SetBitOrder(int fd, SPI_BitOrder order)
{
    uint8_t lsb_first = order == SPI_BitOrder_LsbFirst;
    if (order != SPI_BitOrder_LsbFirst && order != SPI_BitOrder_MsbFirst) {
        return tatu_applibs_fail(EINVAL);
    }
    const int result = ask(fd, SPI_IOC_WR_LSB_FIRST, &lsb_first);
    const bool turns = result < 0 && errno == EINVAL && lsb_first != 0 && fd >= 0 && fd < FD_MAX;
    if (result >= 0 || turns) {
        if (fd >= 0 && fd < FD_MAX) {
            is_reversed[fd] = turns;
        }
        return 0;
    }
    return -1;
}

/* ---- transfers ---- */

static uint8_t reverse(uint8_t byte)
{
    byte = (uint8_t)((byte & 0xf0) >> 4 | (byte & 0x0f) << 4);
    byte = (uint8_t)((byte & 0xcc) >> 2 | (byte & 0x33) << 2);
    return (uint8_t)((byte & 0xaa) >> 1 | (byte & 0x55) << 1);
}

static void reverse_all(const uint8_t *from, uint8_t *to, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = reverse(from[i]);
    }
}

static unsigned long message_call(size_t count)
{
    /* SPI_IOC_MESSAGE() wants a constant */
    return _IOC(_IOC_WRITE, SPI_IOC_MAGIC, 0, count * sizeof(struct spi_ioc_transfer));
}

/* The bytes of all transfers, -1 and errno for one that is none. */
static ssize_t check_transfers(const SPIMaster_Transfer *transfers, size_t count)
{
    size_t written = 0, read = 0;
    for (size_t i = 0; i < count; i++) {
        const SPIMaster_Transfer *one = &transfers[i];
        const bool writes = one->flags == SPI_TransferFlags_Write;
        if (one->z__magicAndVersion != (TRANSFER_MAGIC | 1) || one->length == 0 ||
            (!writes && one->flags != SPI_TransferFlags_Read)) {
            return tatu_applibs_fail(EINVAL);
        }
        if ((writes ? (const void *)one->writeData : one->readData) == NULL) {
            return tatu_applibs_fail(EFAULT);
        }
        if (one->length > SPI_TRANSFER_BYTES_MAX - (writes ? written : read)) {
            return tatu_applibs_fail(EMSGSIZE);
        }
        *(writes ? &written : &read) += one->length;
    }
    return (ssize_t)(written + read);
}

/* The transfers as the kernel has them. What is written may be turned round on its way, in room. */
static void put_transfers(const SPIMaster_Transfer *transfers, size_t count, uint8_t *room,
                          struct spi_ioc_transfer *out)
{
    for (size_t i = 0; i < count; i++) {
        const SPIMaster_Transfer *one = &transfers[i];
        out[i] = (struct spi_ioc_transfer){.len = (uint32_t)one->length};
        if (one->flags == SPI_TransferFlags_Read) {
            out[i].rx_buf = (uintptr_t)one->readData;
        } else if (room == NULL) {
            out[i].tx_buf = (uintptr_t)one->writeData;
        } else {
            reverse_all(one->writeData, room, one->length);
            out[i].tx_buf = (uintptr_t)room;
            room += one->length;
        }
    }
}

static void free_pointer(void *pointer)
{
    const int saved = errno;
    free(*(void **)pointer);
    errno = saved;
}
#define FREEING __attribute__((cleanup(free_pointer)))

static ssize_t make_transfers(int fd, const SPIMaster_Transfer *transfers, size_t count)
{
    const bool turns = fd >= 0 && fd < FD_MAX && is_reversed[fd];
    const ssize_t len = check_transfers(transfers, count);
    if (len < 0) {
        return -1;
    }
    FREEING struct spi_ioc_transfer *list = calloc(count, sizeof(*list));
    FREEING uint8_t *room = turns ? malloc((size_t)len) : NULL;
    if (list == NULL || (turns && room == NULL)) {
        return tatu_applibs_fail(ENOMEM);
    }
    put_transfers(transfers, count, room, list);
    if (ask(fd, message_call(count), list) < 0) {
        return -1;
    }
    for (size_t i = 0; turns && i < count; i++) {
        if (transfers[i].flags == SPI_TransferFlags_Read) {
            reverse_all(transfers[i].readData, transfers[i].readData, transfers[i].length);
        }
    }
    return len;
}

int z__SPIMaster_InitTransfers(SPIMaster_Transfer *transfers, size_t transferCount,
                               uint32_t structVersion)
{
    if (transfers == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (!tatu_applibs_is_v1(structVersion, TRANSFER_MAGIC)) {
        return tatu_applibs_fail(EINVAL);
    }
    for (size_t i = 0; i < transferCount; i++) {
        transfers[i] = (SPIMaster_Transfer){.z__magicAndVersion = TRANSFER_MAGIC | 1};
    }
    return 0;
}

ssize_t z__SPIMaster_TransferSequential(int fd, const SPIMaster_Transfer *transfers,
                                        size_t transferCount, uint32_t structVersion)
{
    (void)structVersion; /* each transfer tells its own */
    if (transfers == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (transferCount == 0 || transferCount > SPI_TRANSFER_MAX) {
        return tatu_applibs_fail(EINVAL);
    }
    return make_transfers(fd, transfers, transferCount);
}

ssize_t SPIMaster_WriteThenRead(int fd, const uint8_t *writeData, size_t lenWriteData,
                                uint8_t *readData, size_t lenReadData)
{
    const SPIMaster_Transfer transfers[] = {
        {TRANSFER_MAGIC | 1, SPI_TransferFlags_Write, writeData, NULL, lenWriteData},
        {TRANSFER_MAGIC | 1, SPI_TransferFlags_Read, NULL, readData, lenReadData}};
    return make_transfers(fd, transfers, 2);
}
