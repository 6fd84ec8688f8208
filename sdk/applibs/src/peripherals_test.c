/* GPIO, UART, I2C, SPI, PWM and ADC. The system is a server of requests; what the kernel does on a
 * descriptor is recorded by the double of ioctl() below, and of pins it is the real one. */
#include <errno.h>
#include <linux/gpio.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <linux/spi/spidev.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "applibs/adc.h"
#include "applibs/gpio.h"
#include "applibs/i2c.h"
#include "applibs/pwm.h"
#include "applibs/spi.h"
#include "applibs/uart.h"
#include "fake_system.h"

#include <cmocka.h>

/* ---- the kernel ---- */

int __wrap_ioctl(int fd, unsigned long request, ...);

static struct {
    int problem;              /* what is answered */
    unsigned long problem_of; /* to this alone; 0: to all */
    unsigned long request;    /* the last one */
    unsigned long word;       /* its argument, or what it points to */
    uint32_t mode;            /* of SPI */
    struct gpio_v2_line_values line;
    struct i2c_msg messages[2];
    uint8_t bytes[8]; /* of the first message */
    uint32_t count;
    struct spi_ioc_transfer transfers[SPI_TRANSFER_MAX];
    uint8_t written[64];
    size_t written_len;
} kernel;

static void take_i2c(const struct i2c_rdwr_ioctl_data *data)
{
    kernel.count = data->nmsgs;
    for (uint32_t i = 0; i < data->nmsgs; i++) {
        kernel.messages[i] = data->msgs[i];
        if ((data->msgs[i].flags & I2C_M_RD) != 0) {
            memset(data->msgs[i].buf, 0x5a, data->msgs[i].len);
        } else {
            memcpy(kernel.bytes, data->msgs[i].buf, data->msgs[i].len < 8 ? data->msgs[i].len : 8);
        }
    }
}

static int take_spi(unsigned long request, const struct spi_ioc_transfer *transfers)
{
    int len = 0;
    kernel.count = (uint32_t)(_IOC_SIZE(request) / sizeof(*transfers));
    kernel.written_len = 0;
    for (uint32_t i = 0; i < kernel.count; i++) {
        const struct spi_ioc_transfer *one = &transfers[i];
        kernel.transfers[i] = *one;
        len += (int)one->len;
        if (one->rx_buf != 0) {
            memset((void *)(uintptr_t)one->rx_buf, 0x13, one->len);
        } else if (kernel.written_len + one->len <= sizeof(kernel.written)) {
            memcpy(kernel.written + kernel.written_len, (void *)(uintptr_t)one->tx_buf, one->len);
            kernel.written_len += one->len;
        }
    }
    return len;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    (void)fd;
    kernel.request = request;
    kernel.word = (unsigned long)(uintptr_t)argument;
    if (kernel.problem != 0 && (kernel.problem_of == 0 || kernel.problem_of == request)) {
        errno = kernel.problem;
        return -1;
    }
    switch (request) {
    case GPIO_V2_LINE_GET_VALUES_IOCTL:
        ((struct gpio_v2_line_values *)argument)->bits = kernel.line.bits;
        return 0;
    case GPIO_V2_LINE_SET_VALUES_IOCTL:
        memcpy(&kernel.line, argument, sizeof(kernel.line));
        return 0;
    case I2C_RDWR:
        take_i2c(argument);
        return (int)kernel.count;
    case SPI_IOC_RD_MODE32:
        memcpy(argument, &kernel.mode, sizeof(kernel.mode));
        return 0;
    case SPI_IOC_WR_MODE32:
        memcpy(&kernel.mode, argument, sizeof(kernel.mode));
        return 0;
    case SPI_IOC_WR_MAX_SPEED_HZ:
        kernel.word = *(uint32_t *)argument;
        return 0;
    case SPI_IOC_WR_LSB_FIRST:
        kernel.word = *(uint8_t *)argument;
        return 0;
    default:
        return _IOC_TYPE(request) == SPI_IOC_MAGIC ? take_spi(request, argument) : 0;
    }
}

static int fresh_kernel(void **state)
{
    (void)state;
    memset(&kernel, 0, sizeof(kernel));
    return 0;
}

/* ---- GPIO ---- */

static int open_input(void)
{
    return GPIO_OpenAsInput(12);
}

static int open_output(void)
{
    return GPIO_OpenAsOutput(8, GPIO_OutputMode_OpenDrain, GPIO_Value_High);
}

static void gpio_asks_for_exactly_its_pin(void **state)
{
    (void)state;
    fake_answer_descriptor();
    int fd = open_input();
    assert_true(fd >= 0);
    fake_expect(TATU_REQUEST_GPIO_INPUT, 12, 0, 0, NULL, 0);
    (void)close(fd);
    fd = open_output();
    assert_true(fd >= 0);
    fake_expect(TATU_REQUEST_GPIO_OUTPUT, 8, 1, 1, NULL, 0);
    (void)close(fd);
    FAKE_PASSES_ON(open_input, EACCES, EBUSY, ENODEV);
    FAKE_PASSES_ON(open_output, EACCES, EBUSY, ENODEV, EINVAL);
    FAKE_FAILS(ENODEV, GPIO_OpenAsInput(-1));
    FAKE_FAILS(ENODEV, GPIO_OpenAsOutput(-1, GPIO_OutputMode_PushPull, GPIO_Value_Low));
    FAKE_FAILS(EINVAL, GPIO_OpenAsOutput(8, 3, GPIO_Value_Low));
    FAKE_FAILS(EINVAL, GPIO_OpenAsOutput(8, GPIO_OutputMode_OpenSource, 2));
    /* an answer without the descriptor */
    fake_answer(0, NULL, 0);
    FAKE_FAILS(EIO, open_input());
}

static void gpio_reads_and_sets_its_line(void **state)
{
    GPIO_Value_Type value = 7;
    (void)state;
    kernel.line.bits = 1;
    assert_int_equal(GPIO_GetValue(3, &value), 0);
    assert_int_equal(value, GPIO_Value_High);
    assert_int_equal(GPIO_SetValue(3, GPIO_Value_Low), 0);
    assert_int_equal(kernel.line.bits, 0);
    assert_int_equal(kernel.line.mask, 1);
    assert_int_equal(GPIO_GetValue(3, &value), 0);
    assert_int_equal(value, GPIO_Value_Low);
    FAKE_FAILS(EFAULT, GPIO_GetValue(3, NULL));
    FAKE_FAILS(EINVAL, GPIO_SetValue(3, 2));
    kernel.problem = ENOTTY;
    FAKE_FAILS(EBADF, GPIO_GetValue(3, &value));
    FAKE_FAILS(EBADF, GPIO_SetValue(3, 1));
    kernel.problem = EPERM;
    FAKE_FAILS(EPERM, GPIO_SetValue(3, 1));
}

/* ---- UART ---- */

static int open_uart(void)
{
    UART_Config config;
    UART_InitConfig(&config);
    return UART_Open(4, &config);
}

static void uart_carries_its_form(void **state)
{
    UART_Config config;
    (void)state;
    UART_InitConfig(&config);
    assert_int_equal(config.z__magicAndVersion, 0xde2a0001);
    config.baudRate = 9600;
    config.dataBits = UART_DataBits_Seven;
    config.parity = UART_Parity_Odd;
    config.stopBits = UART_StopBits_Two;
    config.flowControl = UART_FlowControl_XONXOFF;
    fake_answer_descriptor();
    int fd = UART_Open(8, &config);
    assert_true(fd >= 0);
    fake_expect(TATU_REQUEST_UART_OPEN, 8, 9600, 7 | 2 << 8 | 2 << 16 | 2u << 24, NULL, 0);
    (void)close(fd);
    fd = open_uart();
    fake_expect(TATU_REQUEST_UART_OPEN, 4, 115200, 8 | 1 << 16, NULL, 0);
    (void)close(fd);
    FAKE_PASSES_ON(open_uart, EINVAL, EACCES, EBUSY, ENODEV);
}

static void uart_refuses_what_is_no_form(void **state)
{
    UART_Config good, config;
    (void)state;
    UART_InitConfig(&good);
    FAKE_FAILS(EFAULT, UART_Open(4, NULL));
    FAKE_FAILS(ENODEV, UART_Open(-1, &good));
#define BAD(field, value)                                                                          \
    config = good;                                                                                 \
    config.field = (value);                                                                        \
    FAKE_FAILS(EINVAL, UART_Open(4, &config))
    BAD(z__magicAndVersion, 0xde2a0002);
    BAD(z__magicAndVersion, 0);
    BAD(baudRate, 0);
    BAD(blockingMode, 1);
    BAD(dataBits, 4);
    BAD(dataBits, 9);
    BAD(parity, 3);
    BAD(stopBits, 0);
    BAD(stopBits, 3);
    BAD(flowControl, 3);
#undef BAD
    /* as programs link to it, with the version alone or under its magic; another makes nothing */
    memset(&config, 0, sizeof(config));
    z__UART_InitConfig(&config, 2);
    assert_int_equal(config.z__magicAndVersion, 0);
    z__UART_InitConfig(NULL, 1);
    z__UART_InitConfig(&config, 0xde2a0001);
    assert_int_equal(config.z__magicAndVersion, 0xde2a0001);
}

/* ---- I2C ---- */

static int open_i2c(void)
{
    return I2CMaster_Open(3);
}

static void i2c_asks_for_exactly_its_master(void **state)
{
    (void)state;
    fake_answer_descriptor();
    const int fd = open_i2c();
    assert_true(fd >= 0);
    fake_expect(TATU_REQUEST_I2C_OPEN, 3, 0, 0, NULL, 0);
    (void)close(fd);
    FAKE_PASSES_ON(open_i2c, EACCES, EBUSY, ENODEV);
    FAKE_FAILS(ENODEV, I2CMaster_Open(-1));
}

static void i2c_transfers_are_one_message_each(void **state)
{
    static const uint8_t out[] = {0x0f, 2, 3};
    uint8_t in[2] = {0};
    (void)state;
    assert_int_equal(I2CMaster_WriteThenRead(3, 0x6a, out, 1, in, sizeof(in)), 3);
    assert_int_equal(kernel.count, 2);
    assert_int_equal(kernel.messages[0].addr, 0x6a);
    assert_int_equal(kernel.messages[0].flags, 0);
    assert_int_equal(kernel.messages[0].len, 1);
    assert_int_equal(kernel.messages[1].flags, I2C_M_RD);
    assert_int_equal(kernel.bytes[0], 0x0f);
    assert_int_equal(in[1], 0x5a);
    assert_int_equal(I2CMaster_Write(3, 0x3ff, out, sizeof(out)), 3);
    assert_int_equal(kernel.count, 1);
    assert_int_equal(kernel.messages[0].flags, I2C_M_TEN);
    assert_int_equal(I2CMaster_Read(3, 0x7f, in, 1), 1);
    assert_int_equal(kernel.messages[0].flags, I2C_M_RD);
}

static void i2c_refuses_what_is_no_transfer(void **state)
{
    static const int problems[] = {ENXIO, EIO, ETIMEDOUT};
    uint8_t bytes[1] = {0};
    (void)state;
    FAKE_FAILS(EFAULT, I2CMaster_Read(3, 1, NULL, 1));
    FAKE_FAILS(EFAULT, I2CMaster_Write(3, 1, NULL, 1));
    FAKE_FAILS(EFAULT, I2CMaster_WriteThenRead(3, 1, NULL, 1, bytes, 1));
    FAKE_FAILS(EFAULT, I2CMaster_WriteThenRead(3, 1, bytes, 1, NULL, 1));
    FAKE_FAILS(EINVAL, I2CMaster_Read(3, 1, bytes, 0));
    FAKE_FAILS(EINVAL, I2CMaster_Write(3, 1, bytes, 8193));
    FAKE_FAILS(EINVAL, I2CMaster_WriteThenRead(3, 1, bytes, 65536 + 1, bytes, 1));
    FAKE_FAILS(EINVAL, I2CMaster_WriteThenRead(3, 1, bytes, 1, bytes, 0));
    FAKE_FAILS(EINVAL, I2CMaster_Read(3, 0x400, bytes, 1));
    FAKE_FAILS(EINVAL, I2CMaster_SetDefaultTargetAddress(3, 0x400));
    for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
        kernel.problem = problems[i];
        FAKE_FAILS(problems[i], I2CMaster_Read(3, 1, bytes, 1));
    }
    kernel.problem = ENOTTY;
    FAKE_FAILS(EBADF, I2CMaster_Read(3, 1, bytes, 1));
    FAKE_FAILS(EBADF, I2CMaster_SetBusSpeed(3, I2C_BUS_SPEED_FAST));
    FAKE_FAILS(EBADF, I2CMaster_SetTimeout(3, 100));
    FAKE_FAILS(EBADF, I2CMaster_SetDefaultTargetAddress(3, 1));
}

static void i2c_settings_reach_the_kernel(void **state)
{
    static const uint32_t speeds[] = {100000, 400000, 1000000, 3400000};
    (void)state;
    for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
        assert_int_equal(I2CMaster_SetBusSpeed(3, speeds[i]), 0);
    }
    FAKE_FAILS(EINVAL, I2CMaster_SetBusSpeed(3, 0));
    FAKE_FAILS(EINVAL, I2CMaster_SetBusSpeed(3, 100001));
    assert_int_equal(I2CMaster_SetTimeout(3, 101), 0);
    assert_int_equal(kernel.request, I2C_TIMEOUT);
    assert_int_equal(kernel.word, 11);
    FAKE_FAILS(EINVAL, I2CMaster_SetTimeout(3, 0));
    kernel.problem = EINVAL;
    FAKE_FAILS(EINVAL, I2CMaster_SetTimeout(3, UINT32_MAX));
    kernel.problem = 0;
    assert_int_equal(I2CMaster_SetDefaultTargetAddress(3, 0x6a), 0);
    assert_int_equal(kernel.request, I2C_SLAVE);
    assert_int_equal(kernel.word, 0x6a);
}

/* ---- SPI ---- */

static int open_spi(void)
{
    SPIMaster_Config config;
    assert_int_equal(SPIMaster_InitConfig(&config), 0);
    return SPIMaster_Open(1, 0, &config);
}

static void spi_asks_for_exactly_its_line(void **state)
{
    SPIMaster_Config config;
    (void)state;
    assert_int_equal(SPIMaster_InitConfig(&config), 0);
    assert_int_equal(config.z__magicAndVersion, 0x45170001);
    config.csPolarity = SPI_ChipSelectPolarity_ActiveHigh;
    fake_answer_descriptor();
    int fd = SPIMaster_Open(4, 1, &config);
    assert_true(fd >= 0);
    fake_expect(TATU_REQUEST_SPI_OPEN, 4, 1, 1, NULL, 0);
    (void)close(fd);
    fd = open_spi();
    fake_expect(TATU_REQUEST_SPI_OPEN, 1, 0, 0, NULL, 0);
    (void)close(fd);
    FAKE_PASSES_ON(open_spi, EINVAL, EACCES, EBUSY, ENODEV);
    FAKE_FAILS(EFAULT, SPIMaster_InitConfig(NULL));
    FAKE_FAILS(EINVAL, z__SPIMaster_InitConfig(&config, 2));
    FAKE_FAILS(EFAULT, SPIMaster_Open(1, 0, NULL));
    FAKE_FAILS(ENODEV, SPIMaster_Open(-1, 0, &config));
    FAKE_FAILS(ENODEV, SPIMaster_Open(1, -1, &config));
    config.csPolarity = SPI_ChipSelectPolarity_Invalid;
    FAKE_FAILS(EINVAL, SPIMaster_Open(1, 0, &config));
    config.csPolarity = SPI_ChipSelectPolarity_ActiveLow;
    config.z__magicAndVersion = 0x45170002;
    FAKE_FAILS(EINVAL, SPIMaster_Open(1, 0, &config));
}

static void spi_settings_reach_the_kernel(void **state)
{
    (void)state;
    kernel.mode = SPI_CS_HIGH | SPI_CPOL;
    assert_int_equal(SPIMaster_SetMode(3, SPI_Mode_1), 0);
    assert_int_equal(kernel.mode, SPI_CS_HIGH | SPI_MODE_1);
    assert_int_equal(SPIMaster_SetMode(3, SPI_Mode_3), 0);
    assert_int_equal(kernel.mode, SPI_CS_HIGH | SPI_MODE_3);
    FAKE_FAILS(EINVAL, SPIMaster_SetMode(3, SPI_Mode_Invalid));
    FAKE_FAILS(EINVAL, SPIMaster_SetMode(3, (SPI_Mode)5));
    assert_int_equal(SPIMaster_SetBusSpeed(3, 400000), 0);
    assert_int_equal(kernel.word, 400000);
    FAKE_FAILS(EINVAL, SPIMaster_SetBusSpeed(3, 0));
    FAKE_FAILS(EINVAL, SPIMaster_SetBitOrder(3, SPI_BitOrder_Invalid));
    kernel.problem = ENOTTY;
    FAKE_FAILS(EBADF, SPIMaster_SetMode(3, SPI_Mode_0));
    FAKE_FAILS(EBADF, SPIMaster_SetBusSpeed(3, 1));
    FAKE_FAILS(EBADF, SPIMaster_SetBitOrder(3, SPI_BitOrder_LsbFirst));
    FAKE_FAILS(EBADF, SPIMaster_SetBitOrder(3, SPI_BitOrder_MsbFirst));
}

static void spi_bytes_are_turned_round_where_the_master_cannot(void **state)
{
    static const uint8_t out[] = {0x01, 0x80, 0xc4};
    static const uint8_t turned[] = {0x80, 0x01, 0x23};
    uint8_t in[2];
    (void)state;
    fake_answer_descriptor();
    int fd = open_spi();
    kernel.problem = EINVAL;
    kernel.problem_of = SPI_IOC_WR_LSB_FIRST;
    assert_int_equal(SPIMaster_SetBitOrder(fd, SPI_BitOrder_LsbFirst), 0);
    assert_int_equal(SPIMaster_WriteThenRead(fd, out, sizeof(out), in, sizeof(in)), 5);
    assert_memory_equal(kernel.written, turned, sizeof(turned));
    assert_int_equal(in[0], 0xc8); /* of 0x13 */
    kernel.problem = 0;
    assert_int_equal(SPIMaster_SetBitOrder(fd, SPI_BitOrder_MsbFirst), 0);
    assert_int_equal(SPIMaster_WriteThenRead(fd, out, sizeof(out), in, sizeof(in)), 5);
    assert_memory_equal(kernel.written, out, sizeof(out));
    assert_int_equal(in[0], 0x13);
    /* a master that can is left alone */
    assert_int_equal(SPIMaster_SetBitOrder(fd, SPI_BitOrder_LsbFirst), 0);
    assert_int_equal(kernel.word, 1);
    assert_int_equal(SPIMaster_WriteThenRead(fd, out, sizeof(out), in, sizeof(in)), 5);
    assert_memory_equal(kernel.written, out, sizeof(out));
    /* and one that is opened anew begins anew */
    kernel.problem = EINVAL;
    assert_int_equal(SPIMaster_SetBitOrder(fd, SPI_BitOrder_LsbFirst), 0);
    (void)close(fd);
    fd = open_spi();
    assert_int_equal(SPIMaster_WriteThenRead(fd, out, sizeof(out), in, sizeof(in)), 5);
    assert_memory_equal(kernel.written, out, sizeof(out));
    (void)close(fd);
}

static void spi_transfers_are_one_selection(void **state)
{
    static const uint8_t out[] = {1, 2, 3};
    uint8_t in[4] = {0};
    SPIMaster_Transfer transfers[3];
    (void)state;
    assert_int_equal(SPIMaster_InitTransfers(transfers, 3), 0);
    assert_int_equal(transfers[2].z__magicAndVersion, 0x22130001);
    transfers[0].flags = SPI_TransferFlags_Write;
    transfers[0].writeData = out;
    transfers[0].length = 2;
    transfers[1].flags = SPI_TransferFlags_Read;
    transfers[1].readData = in;
    transfers[1].length = sizeof(in);
    transfers[2].flags = SPI_TransferFlags_Write;
    transfers[2].writeData = out + 2;
    transfers[2].length = 1;
    assert_int_equal(SPIMaster_TransferSequential(3, transfers, 3), 7);
    assert_int_equal(kernel.request, SPI_IOC_MESSAGE(3));
    assert_memory_equal(kernel.written, out, sizeof(out));
    assert_int_equal(in[3], 0x13);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(kernel.transfers[i].cs_change, 0);
        assert_true(kernel.transfers[i].rx_buf == 0 || kernel.transfers[i].tx_buf == 0);
    }
}

static void spi_refuses_what_is_no_transfer(void **state)
{
    static uint8_t bytes[SPI_TRANSFER_BYTES_MAX + 1];
    SPIMaster_Transfer good = {0}, transfer;
    (void)state;
    assert_int_equal(SPIMaster_InitTransfers(&good, 1), 0);
    good.flags = SPI_TransferFlags_Write;
    good.writeData = bytes;
    good.length = 1;
    FAKE_FAILS(EFAULT, SPIMaster_InitTransfers(NULL, 1));
    FAKE_FAILS(EINVAL, z__SPIMaster_InitTransfers(&transfer, 1, 2));
    FAKE_FAILS(EFAULT, SPIMaster_TransferSequential(3, NULL, 1));
    FAKE_FAILS(EINVAL, SPIMaster_TransferSequential(3, &good, 0));
    FAKE_FAILS(EINVAL, SPIMaster_TransferSequential(3, &good, SPI_TRANSFER_MAX + 1));
#define BAD(number, field, value)                                                                  \
    transfer = good;                                                                               \
    transfer.field = (value);                                                                      \
    FAKE_FAILS(number, SPIMaster_TransferSequential(3, &transfer, 1))
    BAD(EINVAL, z__magicAndVersion, 0);
    BAD(EINVAL, flags, SPI_TransferFlags_None);
    BAD(EINVAL, flags, (SPI_TransferFlags)3);
    BAD(EINVAL, length, 0);
    BAD(EFAULT, writeData, NULL);
    BAD(EFAULT, flags, SPI_TransferFlags_Read);
    BAD(EMSGSIZE, length, SPI_TRANSFER_BYTES_MAX + 1);
    BAD(EMSGSIZE, length, SIZE_MAX);
#undef BAD
    assert_int_equal(
        SPIMaster_WriteThenRead(3, bytes, SPI_TRANSFER_BYTES_MAX, bytes, SPI_TRANSFER_BYTES_MAX),
        2 * SPI_TRANSFER_BYTES_MAX);
    FAKE_FAILS(EFAULT, SPIMaster_WriteThenRead(3, NULL, 1, bytes, 1));
    FAKE_FAILS(EFAULT, SPIMaster_WriteThenRead(3, bytes, 1, NULL, 1));
    FAKE_FAILS(EINVAL, SPIMaster_WriteThenRead(3, bytes, 0, bytes, 1));
    FAKE_FAILS(EMSGSIZE, SPIMaster_WriteThenRead(3, bytes, sizeof(bytes), bytes, 1));
    kernel.problem = ENOTTY;
    FAKE_FAILS(EBADF, SPIMaster_WriteThenRead(3, bytes, 1, bytes, 1));
    kernel.problem = EIO;
    FAKE_FAILS(EIO, SPIMaster_TransferSequential(3, &good, 1));
}

static void spi_takes_as_many_transfers_as_it_says(void **state)
{
    static const uint8_t byte = 0x77;
    SPIMaster_Transfer *transfers = calloc(SPI_TRANSFER_MAX, sizeof(*transfers));
    (void)state;
    assert_int_equal(SPIMaster_InitTransfers(transfers, SPI_TRANSFER_MAX), 0);
    for (size_t i = 0; i < SPI_TRANSFER_MAX; i++) {
        transfers[i].flags = SPI_TransferFlags_Write;
        transfers[i].writeData = &byte;
        transfers[i].length = 1;
    }
    assert_int_equal(SPIMaster_TransferSequential(3, transfers, SPI_TRANSFER_MAX),
                     SPI_TRANSFER_MAX);
    assert_int_equal(kernel.count, SPI_TRANSFER_MAX);
    free(transfers);
}

/* ---- PWM, ADC: over a connection that stays ---- */

static int pwm_fd, adc_fd;

static int open_pwm(void)
{
    return PWM_Open(2);
}

static int apply_pwm(void)
{
    static const PwmState pwm = {.period_nsec = 1};
    return PWM_Apply(pwm_fd, 0, &pwm);
}

static void pwm_asks_on_its_connection(void **state)
{
    static const PwmState pwm = {.period_nsec = 20000,
                                 .dutyCycle_nsec = 5000,
                                 .polarity = PWM_Polarity_Inversed,
                                 .enabled = true};
    static const uint8_t wire[16] = {0x20, 0x4e, 0, 0, 0x88, 0x13, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0};
    int pipes[2];
    (void)state;
    assert_int_equal(pwm.duty_cycle_nsec, 5000);
    FAKE_PASSES_ON(open_pwm, EACCES, EBUSY, ENODEV, EINVAL);
    fake_answer(0, NULL, 0);
    pwm_fd = open_pwm();
    assert_true(pwm_fd >= 0);
    fake_expect(TATU_REQUEST_PWM_OPEN, 2, 0, 0, NULL, 0);
    const unsigned int before = fake_count;
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(PWM_Apply(pwm_fd, i, &pwm), 0);
        fake_expect(TATU_REQUEST_PWM_APPLY, i, 0, 0, wire, sizeof(wire));
    }
    assert_int_equal(fake_count, before + 3);
    fake_answer(EINVAL, NULL, 0);
    FAKE_FAILS(EINVAL, apply_pwm());
    fake_answer(ERANGE, NULL, 0);
    FAKE_FAILS(ERANGE, apply_pwm());
    FAKE_FAILS(EFAULT, PWM_Apply(pwm_fd, 0, NULL));
    FAKE_FAILS(EBADF, PWM_Apply(-1, 0, &pwm));
    assert_int_equal(pipe(pipes), 0);
    FAKE_FAILS(EBADF, PWM_Apply(pipes[1], 0, &pwm));
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    fake_answer_badly();
    FAKE_FAILS(EIO, apply_pwm());
    FAKE_FAILS(EIO, apply_pwm()); /* the system is gone */
    (void)close(pwm_fd);
}

static int open_adc(void)
{
    return ADC_Open(0);
}

static void adc_asks_on_its_connection(void **state)
{
    static const uint8_t twelve[4] = {12}, sample[4] = {0xff, 0x0f};
    uint32_t value = 0;
    (void)state;
    FAKE_PASSES_ON(open_adc, EACCES, EBUSY, ENODEV);
    fake_answer(0, NULL, 0);
    adc_fd = open_adc();
    fake_expect(TATU_REQUEST_ADC_OPEN, 0, 0, 0, NULL, 0);
    fake_answer(0, twelve, sizeof(twelve));
    assert_int_equal(ADC_GetSampleBitCount(adc_fd, 3), 12);
    fake_expect(TATU_REQUEST_ADC_BITS, 3, 0, 0, NULL, 0);
    fake_answer(0, sample, sizeof(sample));
    assert_int_equal(ADC_Poll(adc_fd, 7, &value), 0);
    assert_int_equal(value, 4095);
    fake_expect(TATU_REQUEST_ADC_READ, 7, 0, 0, NULL, 0);
    fake_answer(0, NULL, 0);
    assert_int_equal(ADC_SetReferenceVoltage(adc_fd, 1, 2.5f), 0);
    fake_expect(TATU_REQUEST_ADC_REFERENCE, 1, 2500000, 0, NULL, 0);
    FAKE_FAILS(EIO, ADC_Poll(adc_fd, 7, &value)); /* no sample came */
    FAKE_FAILS(EIO, ADC_GetSampleBitCount(adc_fd, 7));
    FAKE_FAILS(EFAULT, ADC_Poll(adc_fd, 7, NULL));
    FAKE_FAILS(EINVAL, ADC_SetReferenceVoltage(adc_fd, 1, 0));
    FAKE_FAILS(EINVAL, ADC_SetReferenceVoltage(adc_fd, 1, -1));
    FAKE_FAILS(EINVAL, ADC_SetReferenceVoltage(adc_fd, 1, 0.0f / 0.0f));
    FAKE_FAILS(ERANGE, ADC_SetReferenceVoltage(adc_fd, 1, 4295));
    FAKE_FAILS(ERANGE, ADC_SetReferenceVoltage(adc_fd, 1, 1.0f / 0.0f));
    FAKE_FAILS(EBADF, ADC_Poll(-1, 0, &value));
    fake_answer(EINVAL, NULL, 0);
    FAKE_FAILS(EINVAL, ADC_Poll(adc_fd, 8, &value));
    FAKE_FAILS(EINVAL, ADC_GetSampleBitCount(adc_fd, 8));
    fake_answer(ERANGE, NULL, 0);
    FAKE_FAILS(ERANGE, ADC_SetReferenceVoltage(adc_fd, 1, 3.3f));
    (void)close(adc_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gpio_asks_for_exactly_its_pin),
        cmocka_unit_test_setup(gpio_reads_and_sets_its_line, fresh_kernel),
        cmocka_unit_test(uart_carries_its_form),
        cmocka_unit_test(uart_refuses_what_is_no_form),
        cmocka_unit_test(i2c_asks_for_exactly_its_master),
        cmocka_unit_test_setup(i2c_transfers_are_one_message_each, fresh_kernel),
        cmocka_unit_test_setup(i2c_refuses_what_is_no_transfer, fresh_kernel),
        cmocka_unit_test_setup(i2c_settings_reach_the_kernel, fresh_kernel),
        cmocka_unit_test(spi_asks_for_exactly_its_line),
        cmocka_unit_test_setup(spi_settings_reach_the_kernel, fresh_kernel),
        cmocka_unit_test_setup(spi_bytes_are_turned_round_where_the_master_cannot, fresh_kernel),
        cmocka_unit_test_setup(spi_transfers_are_one_selection, fresh_kernel),
        cmocka_unit_test_setup(spi_refuses_what_is_no_transfer, fresh_kernel),
        cmocka_unit_test_setup(spi_takes_as_many_transfers_as_it_says, fresh_kernel),
        cmocka_unit_test(pwm_asks_on_its_connection),
        cmocka_unit_test(adc_asks_on_its_connection),
    };
    return cmocka_run_group_tests_name("peripherals", tests, fake_set_up, fake_tear_down);
}
