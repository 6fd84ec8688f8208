/* Process 1 of the bare board: says that it runs, and ends. Static, so that nothing is loaded but
 * the program itself. Its line goes where the lines of our services go, and as fast. */
#include <fcntl.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
    static const char line[] = "<5>bare: init\n";
    int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)!write(fd, line, strlen(line));
    }
    (void)sleep(1); /* the line has to leave the UART */
    (void)reboot(RB_POWER_OFF);
    return 1;
}
