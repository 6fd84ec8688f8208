#include "os/lib/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kernel/uapi/tatu_lsm.h"

#define ATTRIBUTE "/proc/self/attr/exec"

_Static_assert(sizeof(struct tatu_lsm_credential) == 88, "as the kernel has it");
_Static_assert(TATU_GUID_TEXT_SIZE <= TATU_LSM_TENANT_LEN, "room for a GUID");

enum tatu_err tatu_os_take_credential(const struct tatu_os_credential *credential)
{
    struct tatu_lsm_credential told = {.capabilities = credential->rights};
    int fd = open(ATTRIBUTE, O_WRONLY | O_CLOEXEC);

    if (fd < 0) {
        return TATU_ERR_IO;
    }
    memcpy(told.component, credential->component, sizeof(told.component));
    memcpy(told.tenant, credential->tenant, strnlen(credential->tenant, TATU_GUID_TEXT_SIZE - 1));
    const bool done = write(fd, &told, sizeof(told)) == (ssize_t)sizeof(told);
    const bool denied = !done && errno == EPERM;
    (void)close(fd);
    return done ? TATU_OK : denied ? TATU_ERR_DENIED : TATU_ERR_IO;
}
