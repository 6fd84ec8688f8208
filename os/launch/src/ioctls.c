/* What an application may ask a descriptor by ioctl(): by number, since a terminal, a bus and a
 * socket take many that are not for it. */
#include "ioctls.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/gpio.h>
#include <linux/i2c-dev.h>
#include <linux/sockios.h>
#include <linux/spi/spidev.h>

#define CALL(request) ((uint32_t)(request)&TATU_LAUNCH_IOCTL_MASK)

const uint32_t tatu_launch_ioctls[TATU_LAUNCH_IOCTL_COUNT] = {
    /* a pin */
    CALL(GPIO_V2_LINE_GET_VALUES_IOCTL),
    CALL(GPIO_V2_LINE_SET_VALUES_IOCTL),
    /* an I2C master */
    CALL(I2C_RDWR),
    CALL(I2C_SLAVE),
    CALL(I2C_TENBIT),
    CALL(I2C_TIMEOUT),
    CALL(I2C_FUNCS),
    /* an SPI master */
    CALL(SPI_IOC_MESSAGE(1)),
    CALL(SPI_IOC_RD_MODE),
    CALL(SPI_IOC_WR_MODE),
    CALL(SPI_IOC_RD_MODE32),
    CALL(SPI_IOC_WR_MODE32),
    CALL(SPI_IOC_RD_LSB_FIRST),
    CALL(SPI_IOC_WR_LSB_FIRST),
    CALL(SPI_IOC_RD_BITS_PER_WORD),
    CALL(SPI_IOC_WR_BITS_PER_WORD),
    CALL(SPI_IOC_RD_MAX_SPEED_HZ),
    CALL(SPI_IOC_WR_MAX_SPEED_HZ),
    /* a UART: its form, what waits in it; no input is pushed, no line discipline set, and nobody's
     * controlling terminal */
    CALL(TCGETS),
    CALL(TCSETS),
    CALL(TCSETSW),
    CALL(TCSETSF),
    CALL(TCGETS2),
    CALL(TCSETS2),
    CALL(TCSETSW2),
    CALL(TCSETSF2),
    CALL(TCSBRK),
    CALL(TCXONC),
    CALL(TCFLSH),
    CALL(TIOCGWINSZ), /* isatty() */
    CALL(TIOCOUTQ),
    /* any descriptor */
    CALL(FIONREAD),
    CALL(FIONBIO),
    /* a socket: what interfaces there are; changes need rights that nobody has */
    CALL(SIOCGIFNAME),
    CALL(SIOCGIFCONF),
    CALL(SIOCGIFFLAGS),
    CALL(SIOCGIFADDR),
    CALL(SIOCGIFBRDADDR),
    CALL(SIOCGIFNETMASK),
    CALL(SIOCGIFMTU),
    CALL(SIOCGIFHWADDR),
    CALL(SIOCGIFINDEX),
};
