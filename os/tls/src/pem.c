#include <fcntl.h>
#include <mbedtls/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/tls/tls.h"

#define PEM_MAX 6144u

static enum tatu_err write_one(int fd, struct tatu_span der)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
    static const char end[] = "-----END CERTIFICATE-----\n";
    unsigned char text[PEM_MAX];
    size_t len = 0;
    if (mbedtls_pem_write_buffer(begin, end, der.data, der.len, text, sizeof(text), &len) != 0 ||
        len == 0) {
        return TATU_ERR_CERTIFICATE;
    }
    len--; /* the NUL it ends with */
    return write(fd, text, len) == (ssize_t)len ? TATU_OK : TATU_ERR_IO;
}

enum tatu_err tatu_tls_write_pem(const char *path, const struct tatu_span *certificates,
                                 size_t count)
{
    char new_path[128];
    (void)snprintf(new_path, sizeof(new_path), "%s.new", path);
    int fd = open(new_path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    enum tatu_err err = fd < 0 ? TATU_ERR_IO : TATU_OK;
    for (size_t i = 0; i < count && err == TATU_OK; i++) {
        err = write_one(fd, certificates[i]);
    }
    if (fd >= 0 && close(fd) != 0 && err == TATU_OK) {
        err = TATU_ERR_IO;
    }
    if (err == TATU_OK && rename(new_path, path) != 0) {
        err = TATU_ERR_IO;
    }
    if (err != TATU_OK) {
        (void)unlink(new_path);
    }
    return err;
}
