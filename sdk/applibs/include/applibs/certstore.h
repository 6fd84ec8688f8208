/*
 * The device's certificate store: certificates and keys for Wi-Fi networks that ask for them. It is
 * one for the whole device; the manifest's CertStore capability lets an application change it.
 *
 * Every function: EACCES no CertStore capability, EAGAIN the store cannot answer now, EIO the
 * system does not answer. Identifiers have 1 to CERTSTORE_MAX_IDENTIFIER_LENGTH characters of
 * A-Z a-z 0-9 . _ - ; longer or empty ones are ERANGE, others EINVAL.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of a certificate, or of a private key. */
#define CERTSTORE_MAX_CERT_SIZE 8192
/** Characters of an identifier, without its NUL. */
#define CERTSTORE_MAX_IDENTIFIER_LENGTH 16
/** Characters of the password of a private key, without its NUL. */
#define CERTSTORE_MAX_PRIVATE_KEY_PASSWORD_LENGTH 256
/** Bytes of a subject's or issuer's name, with its NUL; what is longer is cut. */
#define CERTSTORE_NAME_SIZE 300

/** What a certificate is called in the store. */
typedef struct CertStore_Identifier {
    char identifier[CERTSTORE_MAX_IDENTIFIER_LENGTH + 1];
} CertStore_Identifier;

/** Whose a certificate is. */
typedef struct CertStore_SubjectName {
    char name[CERTSTORE_NAME_SIZE];
} CertStore_SubjectName;

/** Who signed a certificate. */
typedef struct CertStore_IssuerName {
    char name[CERTSTORE_NAME_SIZE];
} CertStore_IssuerName;

/**
 * Puts a client's certificate with its private key into the store, in place of one of that
 * identifier. Both are PEM or DER.
 *
 * privateKeyPassword  of an encrypted key; else NULL
 *
 * Returns 0, or -1 and errno:
 *   EFAULT  identifier, certBlob or privateKeyBlob is NULL
 *   ERANGE  a blob is empty or over CERTSTORE_MAX_CERT_SIZE; the password is over its limit
 *   EINVAL  a blob is no certificate or key, they do not belong together, or the password is wrong
 *           or not needed
 *   ENOSPC  the store is full
 */
int CertStore_InstallClientCertificate(const char *identifier, const char *certBlob,
                                       size_t certBlobLength, const char *privateKeyBlob,
                                       size_t privateKeyBlobLength, const char *privateKeyPassword);

/** The same for the certificate of an authority. Returns and errno as above. */
int CertStore_InstallRootCACertificate(const char *identifier, const char *certBlob,
                                       size_t certBlobLength);

/** How many certificates there are, or -1 and errno. */
ssize_t CertStore_GetCertificateCount(void);

/** The identifier of one of them, 0 to count - 1. Returns 0, or -1 and errno: EFAULT outIdentifier
 * is NULL, ERANGE there is none of that index. */
int CertStore_GetCertificateIdentifierAt(size_t index, CertStore_Identifier *outIdentifier);

/** Returns 0, or -1 and errno: EFAULT, ENOENT there is none. */
int CertStore_DeleteCertificate(const char *identifier);

/** Gives a certificate another identifier, in place of the one that has it. Both must be of one
 * kind. Returns 0, or -1 and errno: EFAULT, ENOENT there is no source, EINVAL of another kind. */
int CertStore_MoveCertificate(const char *sourceIdentifier, const char *destIdentifier);

/** Whose it is, as "/C=PT/CN=name". Returns 0, or -1 and errno: EFAULT, ENOENT. */
int CertStore_GetCertificateSubjectName(const char *identifier,
                                        CertStore_SubjectName *outSubjectName);

/** Who signed it. Returns and errno as above. */
int CertStore_GetCertificateIssuerName(const char *identifier, CertStore_IssuerName *outIssuerName);

/** From when it is valid, in UTC. Returns and errno as above. */
int CertStore_GetCertificateNotBefore(const char *identifier, struct tm *outNotBefore);

/** Until when it is valid, in UTC. Returns and errno as above. */
int CertStore_GetCertificateNotAfter(const char *identifier, struct tm *outNotAfter);

/** Bytes that are left for certificates, keys and what the store keeps of each; or -1 and errno. */
ssize_t CertStore_GetAvailableSpace(void);

#ifdef __cplusplus
}
#endif
