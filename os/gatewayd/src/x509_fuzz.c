#include <stdlib.h>
#include <string.h>

#include "x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* u16 length of the certificate, certificate, then the key; the password is "p". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[TATU_CERT_BLOB_MAX];
    struct tatu_cert_info info;
    struct tatu_buf key = TATU_BUF_OF(room);
    struct tatu_span certificate;
    const struct tatu_span whole = {data, size};
    if (size < 2 || tatu_base_take_span(whole, 2, tatu_get_le16(data), &certificate) != TATU_OK) {
        return 0;
    }
    const size_t at = 2 + certificate.len;
    if (tatu_x509_read(certificate, &info) == TATU_OK &&
        (strnlen(info.subject, sizeof(info.subject)) == sizeof(info.subject) ||
         strlen(info.not_before) != TATU_CERT_TIME_SIZE - 1)) {
        abort();
    }
    (void)tatu_x509_open_key(certificate, (struct tatu_span){data + at, size - at},
                             (struct tatu_span){(const uint8_t *)"p", 1}, &key);
    return 0;
}
