#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "applibs/log.h"

#define MESSAGE_MAX 1024

int Log_DebugVarArgs(const char *fmt, va_list args)
{
    if (fmt == NULL) {
        errno = EFAULT;
        return -1;
    }
    char message[MESSAGE_MAX];
    int len = vsnprintf(message, sizeof(message), fmt, args);
    if (len < 0) {
        return -1;
    }
    if (len >= MESSAGE_MAX) {
        len = MESSAGE_MAX - 1;
    }
    /* standard error is the pipe to the application manager; one write is one message */
    return write(STDERR_FILENO, message, (size_t)len) == len ? 0 : -1;
}

int Log_Debug(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int result = Log_DebugVarArgs(fmt, args);
    va_end(args);
    return result;
}
