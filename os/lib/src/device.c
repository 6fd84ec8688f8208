#include "device.h"

#include "kernel/uapi/tatu_sm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The driver in the kernel cannot include our headers; here its numbers meet ours. */
_Static_assert(TATU_SM_FUNCTION == TATU_SMC_CALL, "function of the call");
_Static_assert(TATU_SM_GET_BOOT == TATU_SMC_GET_BOOT, "call");
_Static_assert(TATU_SM_VAULT == TATU_SMC_VAULT, "call");
_Static_assert(TATU_SM_VAULT_RANDOM == TATU_VAULT_RANDOM, "vault command");
_Static_assert(TATU_SM_HEADER_SIZE == TATU_SMC_HEADER_SIZE, "bytes before the arguments");
_Static_assert(
    TATU_SM_RIGHT_UPDATE == TATU_RIGHT_UPDATE && TATU_SM_RIGHT_QUERY == TATU_RIGHT_QUERY &&
        TATU_SM_RIGHT_SECURITY == TATU_RIGHT_SECURITY &&
        TATU_SM_RIGHT_STORAGE == TATU_RIGHT_STORAGE && TATU_SM_RIGHT_ATTEST == TATU_RIGHT_ATTEST &&
        TATU_SM_RIGHT_PERIPHERAL == TATU_RIGHT_PERIPHERAL &&
        TATU_SM_RIGHT_RECORD == TATU_RIGHT_RECORD && TATU_SM_RIGHT_RECORDS == TATU_RIGHT_RECORDS &&
        TATU_SM_RIGHT_POWER == TATU_RIGHT_POWER && TATU_SM_RIGHT_RANDOM == TATU_RIGHT_RANDOM,
    "rights");
_Static_assert(TATU_SM_IN_MAX == TATU_SMC_ARGUMENT_MAX, "bytes of arguments");
_Static_assert(TATU_SM_OUT_MAX == TATU_SMC_PAGE_SIZE, "bytes of answer");

enum tatu_err tatu_os_call_device(int fd, uint32_t number, struct tatu_span in,
                                  struct tatu_buf *out)
{
    struct tatu_sm_call call = {
        .call = number,
        .in_len = (uint32_t)in.len,
        .in = (uintptr_t)in.data,
        .out_cap = (uint32_t)(out->cap - out->len),
        .out = (uintptr_t)(out->data + out->len),
    };
    int result;

    if (in.len > TATU_SM_IN_MAX) {
        return TATU_ERR_LONG;
    }
    if (call.out_cap > TATU_SM_OUT_MAX) {
        call.out_cap = TATU_SM_OUT_MAX;
    }
    /* A signal stops the wait for our turn, never a call that was made. */
    do {
        result = ioctl(fd, TATU_SM_CALL, &call);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        return errno == EMSGSIZE ? TATU_ERR_FULL : TATU_ERR_IO;
    }
    if (call.err != 0) {
        return (enum tatu_err)call.err;
    }
    out->len += call.out_len;
    return TATU_OK;
}

static enum tatu_err call_fd(void *context, uint32_t number, struct tatu_span in,
                             struct tatu_buf *out)
{
    return tatu_os_call_device((int)(intptr_t)context, number, in, out);
}

static enum tatu_err answer_io(void *context, uint32_t number, struct tatu_span in,
                               struct tatu_buf *out)
{
    (void)context;
    (void)number;
    (void)in;
    (void)out;
    return TATU_ERR_IO;
}

void tatu_os_have_no_monitor(struct tatu_os_monitor *out)
{
    *out = (struct tatu_os_monitor){.call = answer_io, .fd = -1};
}

enum tatu_err tatu_os_open_monitor(const char *path, struct tatu_os_monitor *out)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        return TATU_ERR_IO;
    }
    *out = (struct tatu_os_monitor){.call = call_fd, .context = (void *)(intptr_t)fd, .fd = fd};
    return TATU_OK;
}

void tatu_os_close_monitor(struct tatu_os_monitor *monitor)
{
    if (monitor->fd >= 0) {
        (void)close(monitor->fd);
    }
    *monitor = (struct tatu_os_monitor){.fd = -1};
}
