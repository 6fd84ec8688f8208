/*
 * crashd: reads a core dump from the kernel's pipe and keeps what explains the crash.
 * Source: docs/protocol/report.md; the ELF core format.
 */
#ifndef TATU_OS_CRASHD_CRASHD_H
#define TATU_OS_CRASHD_CRASHD_H

#include "base/base.h"
#include "proto/report.h"

#define TATU_CORE_SEGMENT_MAX 96u
#define TATU_CORE_NOTE_MAX 32768u
#define TATU_CORE_PAGE 4096u

/** A source of bytes that is read once, in order. */
struct tatu_core_source {
    /** Fills all of the room; false when the source ends before. NULL room: passes over. */
    bool (*read)(void *context, uint8_t *room, size_t len);
    void *context;
};

/** Working memory of the decoder, given by the caller; nothing is allocated. */
struct tatu_core_work {
    uint8_t notes[TATU_CORE_NOTE_MAX];
    uint8_t page[TATU_CORE_PAGE];
    uint8_t stacks[TATU_CRASH_THREAD_MAX][TATU_CRASH_STACK_MAX];
};

/**
 * Trims a 32-bit little-endian ARM core dump to threads, registers, stacks and build ids.
 *
 * source  the dump; hostile: an application shapes its own memory
 * work    scratch; the stacks of out point into it
 * out     signal, modules and threads are filled; component, image, pid and time are not touched
 *
 * Errors  SHORT   the dump ends before its tables
 *         FORMAT  not such a core dump, or tables that contradict each other
 *         LONG    more segments or notes than the limits
 * Cost    one pass over the dump
 */
enum tatu_err tatu_crashd_decode_core(struct tatu_core_source source, struct tatu_core_work *work,
                                      struct tatu_crash *out);

#endif
