/* Process 1 of a test: every peripheral of applications through its subsystem, at the place that peripherals.md names. What is on the pins
 * is the panel's: boot_test.py set it, and watches. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <linux/spi/spidev.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

#define SENSOR 0x6a
#define WHO_AM_I 0x0f
#define IDENTITY 0x69
#define CTRL1_XL 0x10
#define RATE_1666 0x80
#define RATE_12 0x10
#define STATUS 0x1e
#define OUT_XL 0x28
#define READ 0x80
#define LOOPED 3000
#define WAIT_MS 20000
#define ADC "/sys/bus/iio/devices/iio:device0/"
#define PWM "/sys/class/pwm/pwmchip0/"

static void works(const char *what, int yes)
{
    printf("[PERI] %s %s (errno %d)\n", yes ? "pass" : "FAIL", what, errno);
    errno = 0;
}

static int is_there(const char *format, int n)
{
    char path[64];

    snprintf(path, sizeof(path), format, n);
    return access(path, F_OK) == 0;
}

static void numbers(void)
{
    static const struct {
        const char *format;
        int first, count;
    } rows[] = {{"/dev/gpiochip%d", 0, 21},     {"/dev/ttyAMA%d", 0, 6},      {"/dev/i2c-%d", 0, 5},
                {"/dev/spidev%d.0", 0, 5},      {"/dev/spidev%d.1", 0, 5},    {"/dev/spidev0.%d", 0, 2},
                {"/sys/class/pwm/pwmchip%d", 0, 3}, {"/sys/bus/iio/devices/iio:device%d", 0, 1}};

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int there = 0;

        for (int n = rows[i].first; n < rows[i].count + 8; n++) {
            there += is_there(rows[i].format, n);
        }
        errno = 0;
        works(rows[i].format, there == rows[i].count && is_there(rows[i].format, rows[i].count - 1));
    }
}

/* ---- UART ------------------------------------------------------------------------------------------------------ */

static int open_raw(const char *path)
{
    struct termios settings;
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);

    if (fd < 0 || tcgetattr(fd, &settings) != 0) {
        return -1;
    }
    cfmakeraw(&settings);
    cfsetspeed(&settings, B115200);
    return tcsetattr(fd, TCSANOW, &settings) == 0 ? fd : -1;
}

static size_t take(int fd, uint8_t *out, size_t len)
{
    size_t have = 0;
    struct pollfd wait = {fd, POLLIN, 0};

    while (have < len && poll(&wait, 1, WAIT_MS) == 1) {
        ssize_t got = read(fd, out + have, len - have);

        if (got <= 0) {
            break;
        }
        have += (size_t)got;
    }
    return have;
}

static void use_uart(void)
{
    static const char hello[] = "hello from ISU0\n", answer[] = "hello to ISU0";
    uint8_t got[sizeof(answer)];
    int fd = open_raw("/dev/ttyAMA1");

    works("the first UART opens", fd >= 0);
    works("it sends", write(fd, hello, sizeof(hello) - 1) == (ssize_t)sizeof(hello) - 1);
    works("it receives", take(fd, got, sizeof(answer) - 1) == sizeof(answer) - 1 && memcmp(got, answer, sizeof(answer) - 1) == 0);
    works("and no more", read(fd, got, 1) < 0 && errno == EAGAIN);
    close(fd);
}

static void use_looped_uart(void)
{
    static uint8_t sent[LOOPED], got[LOOPED];
    int fd = open_raw("/dev/ttyAMA5");
    size_t at = 0, have = 0;

    for (size_t i = 0; i < sizeof(sent); i++) {
        sent[i] = (uint8_t)(i * 7 + i / 256);
    }
    while (have < sizeof(got)) {
        struct pollfd wait = {fd, (short)(POLLIN | (at < sizeof(sent) ? POLLOUT : 0)), 0};

        if (poll(&wait, 1, WAIT_MS) != 1) {
            break;
        }
        if (wait.revents & POLLOUT) {
            ssize_t len = write(fd, sent + at, sizeof(sent) - at);

            at += len > 0 ? (size_t)len : 0;
        }
        if (wait.revents & POLLIN) {
            ssize_t len = read(fd, got + have, sizeof(got) - have);

            have += len > 0 ? (size_t)len : 0;
        }
    }
    works("the last UART has back what it sends", have == sizeof(got) && memcmp(sent, got, sizeof(got)) == 0);
    close(fd);
}

/* ---- I2C ------------------------------------------------------------------------------------------------------- */

static int i2c_read(int fd, uint16_t address, uint8_t at, uint8_t *out, uint16_t len)
{
    struct i2c_msg messages[] = {{address, 0, 1, &at}, {address, I2C_M_RD, len, out}};
    struct i2c_rdwr_ioctl_data data = {messages, 2};

    return ioctl(fd, I2C_RDWR, &data);
}

static int i2c_write(int fd, uint8_t at, uint8_t value)
{
    uint8_t bytes[] = {at, value};

    return ioctl(fd, I2C_SLAVE, SENSOR) == 0 && write(fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes) ? 0 : -1;
}

static int axis(const uint8_t *data, int n)
{
    return (int16_t)(data[2 * n] | data[2 * n + 1] << 8);
}

static void use_i2c(void)
{
    int fd = open("/dev/i2c-2", O_RDWR);
    uint8_t data[6] = {0};

    works("an I2C bus opens", fd >= 0);
    works("the sensor answers", i2c_read(fd, SENSOR, WHO_AM_I, data, 1) == 2 && data[0] == IDENTITY);
    works("nobody else does", i2c_read(fd, 0x50, 0, data, 1) < 0 && (errno == ENXIO || errno == EREMOTEIO || errno == EIO));
    works("a message to two devices ends at the second", ioctl(fd, I2C_RDWR, &(struct i2c_rdwr_ioctl_data){
        (struct i2c_msg[]){{SENSOR, 0, 1, (uint8_t[]){WHO_AM_I}}, {0x50, I2C_M_RD, 1, data}}, 2}) < 0);
    works("a register is written", i2c_write(fd, CTRL1_XL, RATE_1666) == 0 && i2c_read(fd, SENSOR, CTRL1_XL, data, 1) == 2 && data[0] == RATE_1666);
    for (int tries = 0; tries < 100; tries++) {
        usleep(2000);
        if (i2c_read(fd, SENSOR, STATUS, data, 1) != 2 || (data[0] & 1)) {
            break;
        }
    }
    works("the panel's motion is read", i2c_read(fd, SENSOR, OUT_XL, data, sizeof(data)) == 2 && axis(data, 0) == 16393 && axis(data, 1) == -8197 &&
                                            axis(data, 2) == 0);
    close(fd);
}

/* ---- SPI ------------------------------------------------------------------------------------------------------- */

static int spi_transfer(int fd, uint8_t *data, uint32_t len, uint32_t speed)
{
    struct spi_ioc_transfer transfer = {.tx_buf = (uintptr_t)data, .rx_buf = (uintptr_t)data, .len = len, .speed_hz = speed};

    return ioctl(fd, SPI_IOC_MESSAGE(1), &transfer);
}

static int spi_read(int fd, uint8_t at)
{
    uint8_t data[] = {at | READ, 0};

    return spi_transfer(fd, data, sizeof(data), 4000000) == 2 ? data[1] : -1;
}

static int spi_write(int fd, uint8_t at, uint8_t value)
{
    uint8_t data[] = {at, value};

    return spi_transfer(fd, data, sizeof(data), 4000000) == 2 ? 0 : -1;
}

static int set_mode(int fd, uint32_t mode)
{
    return ioctl(fd, SPI_IOC_WR_MODE32, &mode);
}

static void use_selects(int a, int b)
{
    works("each select has its own device", spi_write(a, CTRL1_XL, RATE_12) == 0 && spi_write(b, CTRL1_XL, RATE_1666) == 0);
    works("from the first message to it on", spi_read(a, CTRL1_XL) == RATE_12 && spi_read(b, CTRL1_XL) == RATE_1666 &&
                                                 spi_read(a, CTRL1_XL) == RATE_12);
    works("a select that is high for its device", set_mode(b, SPI_MODE_0 | SPI_CS_HIGH) == 0 && spi_read(b, WHO_AM_I) == 0);
    works("and low again", set_mode(b, SPI_MODE_3) == 0 && spi_read(b, WHO_AM_I) == IDENTITY);
    works("while the other was low", spi_read(a, WHO_AM_I) == IDENTITY);
}

static void use_spi(void)
{
    int a = open("/dev/spidev1.0", O_RDWR), b = open("/dev/spidev1.1", O_RDWR);
    uint8_t data[15] = {OUT_XL | READ}, bits = 16, words[4] = {0, WHO_AM_I | READ, 0, 0};

    works("both selects open", a >= 0 && b >= 0);
    works("the sensor of the first answers", spi_read(a, WHO_AM_I) == IDENTITY);
    use_selects(a, b);
    usleep(20000);
    works("the panel's motion is read", spi_transfer(b, data, sizeof(data), 40000000) == sizeof(data) && axis(data + 1, 0) == 16393 &&
                                            axis(data + 1, 1) == -8197 && axis(data + 1, 2) == 0);
    works("words of sixteen bits", ioctl(a, SPI_IOC_WR_BITS_PER_WORD, &bits) == 0 && spi_transfer(a, words, 4, 1000000) == 4 && words[0] == IDENTITY);
    bits = 17;
    works("and no longer ones", ioctl(a, SPI_IOC_WR_BITS_PER_WORD, &bits) != 0);
    close(a);
    close(b);
}

/* ---- PWM and ADC: sysfs ---------------------------------------------------------------------------------------- */

static int put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    ssize_t len = fd < 0 ? -1 : write(fd, text, strlen(text));
    int saved = errno;

    if (fd >= 0) {
        close(fd);
    }
    errno = saved;
    return len == (ssize_t)strlen(text);
}

static const char *get(const char *path)
{
    static char text[64];
    int fd = open(path, O_RDONLY);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0) {
        close(fd);
    }
    text[len > 0 ? len - 1 : 0] = '\0'; /* without the end of line */
    return text;
}

static void use_pwm(void)
{
    works("a controller has four channels", strcmp(get(PWM "npwm"), "4") == 0);
    works("one is opened", put(PWM "export", "1"));
    works("once", !put(PWM "export", "1") && errno == EBUSY);
    works("a fifth there is not", !put(PWM "export", "4") && errno == ENODEV);
    works("it is set", put(PWM "pwm1/period", "2000000") && put(PWM "pwm1/duty_cycle", "500000") && put(PWM "pwm1/enable", "1"));
    works("longer than its period it is not", !put(PWM "pwm1/duty_cycle", "2000001") && errno == EINVAL);
    works("its state is kept", strcmp(get(PWM "pwm1/duty_cycle"), "500000") == 0 && strcmp(get(PWM "pwm1/period"), "2000000") == 0);
    works("shorter than the chip can it is not", put(PWM "export", "2") && put(PWM "pwm2/period", "999") && !put(PWM "pwm2/enable", "1") &&
                                                     errno == EINVAL);
    works("it turns", put(PWM "pwm1/enable", "0") && put(PWM "pwm1/polarity", "inversed") && put(PWM "pwm1/enable", "1"));
}

static void use_adc(void)
{
    works("the ADC is ours", strcmp(get(ADC "name"), "adc-tatu") == 0);
    works("a step is a 4096th of 2.5 V", strcmp(get(ADC "in_voltage0_scale"), "0.610351562") == 0);
    works("the panel's voltage is read", strcmp(get(ADC "in_voltage0_raw"), "2048") == 0);
    works("and that of the last channel", strcmp(get(ADC "in_voltage7_raw"), "4095") == 0);
    works("a reference is set", put(ADC "in_voltage0_scale", "0.488281250") && strcmp(get(ADC "in_voltage0_raw"), "2560") == 0);
    works("of that channel alone", strcmp(get(ADC "in_voltage7_scale"), "0.610351562") == 0);
    works("not above 2.5 V", !put(ADC "in_voltage0_scale", "0.610351807") && errno == ERANGE);
    works("nor as nothing", !put(ADC "in_voltage0_scale", "0") && errno == ERANGE);
    works("nor negative", !put(ADC "in_voltage0_scale", "-0.1") && errno == ERANGE);
    works("a channel is not written", !put(ADC "in_voltage0_raw", "1"));
    works("no device node, no buffer", !is_there("/dev/iio:device%d", 0));
}

/* ---- GPIO ------------------------------------------------------------------------------------------------------ */

static int line(int chip, uint32_t offset, uint64_t flags)
{
    struct gpio_v2_line_request request = {.offsets = {offset}, .num_lines = 1, .config.flags = flags};

    return ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) == 0 ? request.fd : -1;
}

static int level(int fd)
{
    struct gpio_v2_line_values values = {.mask = 1};

    return ioctl(fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) == 0 ? (int)values.bits : -1;
}

static int set_level(int fd, uint64_t bits)
{
    struct gpio_v2_line_values values = {.bits = bits, .mask = 1};

    return ioctl(fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values);
}

static void use_gpio(void)
{
    int chip = open("/dev/gpiochip20", O_RDWR);
    int low = line(chip, 2, GPIO_V2_LINE_FLAG_INPUT), high = line(chip, 1, GPIO_V2_LINE_FLAG_INPUT);
    int out = line(chip, 3, GPIO_V2_LINE_FLAG_OUTPUT);

    works("the last pins are there", chip >= 0 && low >= 0 && high >= 0 && out >= 0);
    works("the panel's level is read", level(low) == 0 && level(high) == 1);
    works("a pin is driven", set_level(out, 1) == 0 && set_level(out, 0) == 0 && set_level(out, 1) == 0);
    works("a pin that is held stays held", line(chip, 3, GPIO_V2_LINE_FLAG_INPUT) < 0 && errno == EBUSY);
}

static void tell_memory(void)
{
    char text[128] = "";
    int fd = open("/proc/meminfo", O_RDONLY);

    if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0) {
        for (char *at = strtok(text, "\n"), n = 0; at != NULL && n < 3; at = strtok(NULL, "\n"), n++) {
            printf("[PERI] %s\n", at);
        }
    }
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    tell_memory();
    errno = 0;
    numbers();
    use_uart();
    use_looped_uart();
    use_i2c();
    use_spi();
    use_pwm();
    use_adc();
    use_gpio();
    printf("[PERI] done\n");
    fflush(stdout);
    sleep(1);
    reboot(RB_POWER_OFF);
    return 0;
}
