/* Log output of high-level applications; visible to the device's owner without a debugger. */
#pragma once

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Formats like printf and writes one message. Returns 0, or -1 and errno: EFAULT fmt is NULL. */
int Log_Debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** The same with the arguments in a list. */
int Log_DebugVarArgs(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

#ifdef __cplusplus
}
#endif
