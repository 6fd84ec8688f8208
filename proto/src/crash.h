/* The parts of a crash report that reader and writer share. Source: docs/protocol/report.md §1. */
#ifndef TATU_PROTO_SRC_CRASH_H
#define TATU_PROTO_SRC_CRASH_H

#include "proto/report.h"

enum {
    CRASH_COMPONENT = 1,
    CRASH_IMAGE,
    CRASH_SIGNAL,
    CRASH_SIGNAL_CODE,
    CRASH_FAULT_ADDRESS,
    CRASH_UNIX_S,
    CRASH_MODULES,
    CRASH_THREADS,
    CRASH_PID,
    CRASH_PARTS = CRASH_PID
};
#define CRASH_MODULE_PARTS 4u
#define CRASH_THREAD_PARTS 3u
#define CRASH_REGISTERS_SIZE 68u

static inline bool is_printable(uint8_t c)
{
    return c >= 0x20 && c <= 0x7e;
}

#endif
