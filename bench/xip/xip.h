/* What probe.c and paged.c say to each other. */
#ifndef TATU_BENCH_XIP_H
#define TATU_BENCH_XIP_H

#include <stdint.h>

#define XIP_PAGES 120
#define XIP_FILL 0xd7

struct xip_times {
    uint64_t main_at_us;
    uint32_t first_us;
    uint32_t again_us;
};

#endif
