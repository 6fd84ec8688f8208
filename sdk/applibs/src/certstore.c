#include "applibs/certstore.h"

#include <errno.h>
#include <string.h>

#include "control.h"
#include "proto/certstore.h"

APPLIBS_SAME(CERTSTORE_MAX_CERT_SIZE, TATU_CERT_BLOB_MAX);
APPLIBS_SAME(CERTSTORE_MAX_IDENTIFIER_LENGTH, TATU_CERT_ID_MAX);
APPLIBS_SAME(CERTSTORE_MAX_PRIVATE_KEY_PASSWORD_LENGTH, TATU_CERT_PASSWORD_MAX);
APPLIBS_SAME(CERTSTORE_NAME_SIZE, TATU_CERT_NAME_SIZE);

/* An identifier as the store takes it: without NUL when it is as long as can be. */
static int put_id(const char *identifier, uint8_t out[TATU_CERT_ID_MAX])
{
    if (identifier == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    const size_t len = strnlen(identifier, TATU_CERT_ID_MAX + 1);
    if (len == 0 || len > TATU_CERT_ID_MAX) {
        return tatu_applibs_fail(ERANGE);
    }
    memset(out, 0, TATU_CERT_ID_MAX);
    memcpy(out, identifier, len);
    return 0;
}

/* ---- changes ---- */

struct blobs {
    const char *certificate;
    size_t certificate_len;
    const char *key;
    size_t key_len;
    const char *password;
    size_t password_len;
};

static int install(enum tatu_cert_type type, const char *identifier, const struct blobs *blobs)
{
    uint8_t payload[TATU_CERT_ID_MAX + 4];
    const void *const parts[] = {blobs->certificate, blobs->key, blobs->password};
    const size_t lens[] = {blobs->certificate_len, blobs->key_len, blobs->password_len};
    if (put_id(identifier, payload) != 0) {
        return -1;
    }
    if (blobs->certificate_len > TATU_CERT_BLOB_MAX || blobs->key_len > TATU_CERT_BLOB_MAX ||
        blobs->password_len > TATU_CERT_PASSWORD_MAX) {
        return tatu_applibs_fail(ERANGE);
    }
    tatu_put_le32(payload + TATU_CERT_ID_MAX, (uint32_t)blobs->password_len);
    const struct applibs_request request = {.op = TATU_CERT_INSTALL,
                                            .a = (uint32_t)type,
                                            .b = (uint32_t)blobs->certificate_len,
                                            .c = (uint32_t)blobs->key_len,
                                            .payload = payload,
                                            .len = sizeof(payload)};
    return tatu_applibs_send(&request, parts, lens, TATU_COUNT_OF(parts));
}

int CertStore_InstallClientCertificate(const char *identifier, const char *certBlob,
                                       size_t certBlobLength, const char *privateKeyBlob,
                                       size_t privateKeyBlobLength, const char *privateKeyPassword)
{
    const struct blobs blobs = {
        certBlob,
        certBlobLength,
        privateKeyBlob,
        privateKeyBlobLength,
        privateKeyPassword,
        privateKeyPassword == NULL ? 0 : strnlen(privateKeyPassword, TATU_CERT_PASSWORD_MAX + 1)};
    return certBlob == NULL || privateKeyBlob == NULL
               ? tatu_applibs_fail(EFAULT)
               : install(TATU_CERT_CLIENT, identifier, &blobs);
}

int CertStore_InstallRootCACertificate(const char *identifier, const char *certBlob,
                                       size_t certBlobLength)
{
    const struct blobs blobs = {.certificate = certBlob, .certificate_len = certBlobLength};
    return certBlob == NULL ? tatu_applibs_fail(EFAULT)
                            : install(TATU_CERT_ROOT, identifier, &blobs);
}

int CertStore_DeleteCertificate(const char *identifier)
{
    uint8_t id[TATU_CERT_ID_MAX];
    const struct applibs_request request = {
        .op = TATU_CERT_DELETE, .payload = id, .len = sizeof(id)};
    return put_id(identifier, id) != 0 ? -1 : tatu_applibs_do(&request);
}

int CertStore_MoveCertificate(const char *sourceIdentifier, const char *destIdentifier)
{
    uint8_t ids[2 * TATU_CERT_ID_MAX];
    const struct applibs_request request = {
        .op = TATU_CERT_MOVE, .payload = ids, .len = sizeof(ids)};
    return put_id(sourceIdentifier, ids) != 0 || put_id(destIdentifier, ids + TATU_CERT_ID_MAX) != 0
               ? -1
               : tatu_applibs_do(&request);
}

/* ---- questions ---- */

static ssize_t get_figure(enum tatu_cert_op op)
{
    const struct applibs_request request = {.op = (uint32_t)op};
    uint8_t bytes[4];
    return tatu_applibs_get(&request, bytes, sizeof(bytes)) == 0 ? (ssize_t)tatu_get_le32(bytes)
                                                                 : -1;
}

ssize_t CertStore_GetCertificateCount(void)
{
    return get_figure(TATU_CERT_COUNT);
}

ssize_t CertStore_GetAvailableSpace(void)
{
    return get_figure(TATU_CERT_SPACE);
}

int CertStore_GetCertificateIdentifierAt(size_t index, CertStore_Identifier *outIdentifier)
{
    char id[TATU_CERT_ID_MAX];
    if (outIdentifier == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (index >= TATU_CERT_MAX) {
        return tatu_applibs_fail(ERANGE);
    }
    const struct applibs_request request = {.op = TATU_CERT_ID_AT, .a = (uint32_t)index};
    if (tatu_applibs_get(&request, id, sizeof(id)) != 0) {
        return -1;
    }
    memset(outIdentifier->identifier, 0, sizeof(outIdentifier->identifier));
    memcpy(outIdentifier->identifier, id, sizeof(id));
    return 0;
}

static int get_info(const char *identifier, const void *out, struct tatu_cert_info *info)
{
    uint8_t id[TATU_CERT_ID_MAX];
    const struct applibs_request request = {.op = TATU_CERT_INFO, .payload = id, .len = sizeof(id)};
    if (out == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    return put_id(identifier, id) != 0 ? -1 : tatu_applibs_get(&request, info, sizeof(*info));
}

/* What is behind the text stays as it was: a program may have a shorter struct than ours. */
static int put_name(const char name[TATU_CERT_NAME_SIZE], char *out)
{
    const size_t len = strnlen(name, TATU_CERT_NAME_SIZE - 1);
    memcpy(out, name, len);
    out[len] = '\0';
    return 0;
}

int CertStore_GetCertificateSubjectName(const char *identifier,
                                        CertStore_SubjectName *outSubjectName)
{
    struct tatu_cert_info info;
    return get_info(identifier, outSubjectName, &info) != 0
               ? -1
               : put_name(info.subject, outSubjectName->name);
}

int CertStore_GetCertificateIssuerName(const char *identifier, CertStore_IssuerName *outIssuerName)
{
    struct tatu_cert_info info;
    return get_info(identifier, outIssuerName, &info) != 0
               ? -1
               : put_name(info.issuer, outIssuerName->name);
}

/* "2026-11-21T17:00:00" */
static int put_time(const char text[TATU_CERT_TIME_SIZE], struct tm *out)
{
    struct tm when = {.tm_isdst = 0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &when);
    const time_t seconds = timegm(&when); /* also finds the day of week and year */
    if (end == NULL || *end != '\0' || gmtime_r(&seconds, &when) == NULL) {
        return tatu_applibs_fail(EIO);
    }
    *out = when;
    return 0;
}

int CertStore_GetCertificateNotBefore(const char *identifier, struct tm *outNotBefore)
{
    struct tatu_cert_info info;
    if (get_info(identifier, outNotBefore, &info) != 0) {
        return -1;
    }
    info.not_before[sizeof(info.not_before) - 1] = '\0';
    return put_time(info.not_before, outNotBefore);
}

int CertStore_GetCertificateNotAfter(const char *identifier, struct tm *outNotAfter)
{
    struct tatu_cert_info info;
    if (get_info(identifier, outNotAfter, &info) != 0) {
        return -1;
    }
    info.not_after[sizeof(info.not_after) - 1] = '\0';
    return put_time(info.not_after, outNotAfter);
}
