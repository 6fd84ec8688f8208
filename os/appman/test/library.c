/* An application over the application library: what it is given, and what it is refused. Tells
 * "NAME ok" or "NAME errno N". */
#define UART_STRUCTS_VERSION 1
#define SPI_STRUCTS_VERSION 1

#include <applibs/adc.h>
#include <applibs/application.h>
#include <applibs/applications.h>
#include <applibs/eventloop.h>
#include <applibs/gpio.h>
#include <applibs/i2c.h>
#include <applibs/log.h>
#include <applibs/powermanagement.h>
#include <applibs/pwm.h>
#include <applibs/rtc.h>
#include <applibs/spi.h>
#include <applibs/storage.h>
#include <applibs/sysevent.h>
#include <applibs/uart.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ISU0_UART 4
#define PEER "00000000-0000-0000-0000-000000000077"

static void tell(const char *what, int result)
{
    if (result >= 0) {
        Log_Debug("%s ok\n", what);
    } else {
        Log_Debug("%s errno %d\n", what, errno);
    }
}

static int open_uart(UART_Id id)
{
    UART_Config config;

    UART_InitConfig(&config);
    config.baudRate = 9600;
    return UART_Open(id, &config);
}

static int open_spi(void)
{
    SPIMaster_Config config;

    return SPIMaster_InitConfig(&config) != 0 ? -1 : SPIMaster_Open(1, 0, &config);
}

/* ISU0 is in the manifest, nothing else. */
static void try_peripherals(void)
{
    tell("uart", open_uart(ISU0_UART));
    tell("other uart", open_uart(ISU0_UART + 1));
    tell("no uart", open_uart(ISU0_UART + 5));
    tell("i2c", I2CMaster_Open(0));
    tell("spi", open_spi());
    tell("pwm", PWM_Open(0));
    tell("adc", ADC_Open(0));
    tell("gpio", GPIO_OpenAsInput(8));
}

static void try_ioctls(void)
{
    char byte = 'x';
    int number = 0;

    tell("push input", ioctl(STDERR_FILENO, TIOCSTI, &byte));
    tell("line discipline", ioctl(STDERR_FILENO, TIOCSETD, &number));
    tell("controlling terminal", ioctl(STDERR_FILENO, TIOCSCTTY, &number));
    tell("what waits", ioctl(STDERR_FILENO, FIONREAD, &number));
}

static void try_clock(void)
{
    struct timespec at = {time(NULL) + 100, 0};
    const time_t before = time(NULL);

    tell("clock_settime", clock_settime(CLOCK_REALTIME, &at));
    Log_Debug("moved %ld\n", (long)(time(NULL) - before) / 10 * 10);
    const struct timeval back = {time(NULL) - 50, 0};
    tell("settimeofday", settimeofday(&back, NULL));
    Log_Debug("moved %ld\n", (long)(time(NULL) - before) / 10 * 10);
    tell("systohc", clock_systohc());
}

static void try_storage(void)
{
    const int fd = Storage_OpenMutableFile();

    tell("file", fd);
    Log_Debug("wrote %d\n", (int)write(fd, "kept", 4));
    (void)close(fd);
    tell("delete", Storage_DeleteMutableFile());
    tell("delete again", Storage_DeleteMutableFile());
    tell("manifest", Storage_OpenFileInImagePackage("app_manifest.json"));
}

static void try_system(void)
{
    Applications_OsVersion version = {""};
    bool ready = true;

    Log_Debug("memory %d\n",
              Applications_GetTotalMemoryUsageInKB() > Applications_GetUserModeMemoryUsageInKB() &&
                  Applications_GetPeakUserModeMemoryUsageInKB() > 0);
    tell("version", Applications_GetOsVersion(&version));
    Log_Debug("version of %d\n", (int)strlen(version.version) > 0);
    tell("profile", PowerManagement_SetSystemPowerProfile(PowerManagement_Balanced));
    tell("reboot", PowerManagement_ForceSystemReboot());
    tell("peer", Application_Connect(PEER));
    tell("stranger", Application_Connect("00000000-0000-0000-0000-000000000078"));
    tell("certificate", Application_IsDeviceAuthReady(&ready));
}

static void on_event(SysEvent_Events event, SysEvent_Status status, const SysEvent_Info *info,
                     void *context)
{
    SysEvent_Info_UpdateData data;

    (void)context;
    tell("update data", SysEvent_Info_GetUpdateData(info, &data));
    Log_Debug("event %u status %d\n", (unsigned)event, (int)status);
}

int main(void)
{
    EventLoop *loop = EventLoop_Create();

    try_peripherals();
    try_ioctls();
    try_clock();
    try_storage();
    try_system();
    EventRegistration *reg =
        SysEvent_RegisterForEventNotifications(loop, SysEvent_Events_Mask, on_event, NULL);
    tell("events", reg == NULL ? -1 : 0);
    for (;;) {
        (void)EventLoop_Run(loop, -1, false);
    }
}
