/* An application of many pages of code: runs each of them once, and again, and tells how long it
 * took. Then it lives until its standard input ends. xip.py fills the pages behind the instruction
 * with real code. */
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "xip.h"

#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)

__asm__(".section .text.pages, \"ax\", %progbits\n"
        ".arm\n"
        ".balign 4096\n"
        ".type xip_pages, %function\n"
        ".global xip_pages\n"
        "xip_pages:\n"
        ".rept " TEXT(XIP_PAGES) "\n"
                                 "bx lr\n"
                                 ".fill 4092, 1, " TEXT(XIP_FILL) "\n"
                                                                  ".endr\n"
                                                                  ".text\n");
extern const uint8_t xip_pages[];

static uint64_t now_us(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000u + (uint64_t)at.tv_nsec / 1000u;
}

static uint32_t run_pages(void)
{
    const uint64_t began = now_us();

    for (unsigned i = 0; i < XIP_PAGES; i++) {
        ((void (*)(void))(uintptr_t)(xip_pages + i * 4096u))();
    }
    return (uint32_t)(now_us() - began);
}

int main(void)
{
    struct xip_times times = {.main_at_us = now_us()};
    char end;

    times.first_us = run_pages();
    times.again_us = run_pages();
    (void)!write(STDOUT_FILENO, &times, sizeof(times));
    (void)!read(STDIN_FILENO, &end, 1);
    return 0;
}
