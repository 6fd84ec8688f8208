/* Code that ends whoever loads it. In the image it is signed and may; from elsewhere it must not.
 */
#include <sys/syscall.h>

#define RAN 42

__attribute__((constructor)) static void run(void)
{
    register long number __asm__("r7") = SYS_exit_group;
    register long status __asm__("r0") = RAN;
    __asm__ volatile("svc 0" ::"r"(number), "r"(status));
}
