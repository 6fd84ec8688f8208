/*
 * Requests of applications to the certificate store (gatewayd), on the wire of proto/request.h;
 * the manifest's CertStore. Answers carry an errno: EAGAIN not now, EINVAL, ENOENT, ENOSPC, ERANGE
 * as applibs documents them. Fixed sizes, little-endian; texts are zero behind their end.
 * Source: docs/protocol/device-api.md §6.
 */
#ifndef TATU_PROTO_CERTSTORE_H
#define TATU_PROTO_CERTSTORE_H

#include <stdint.h>

#define TATU_CERT_BLOB_MAX 8192u /* bytes of a certificate, and of a key */
#define TATU_CERT_PASSWORD_MAX 256u
#define TATU_CERT_ITERATION_MAX 20000 /* of PBKDF2, which all others wait for */
#define TATU_CERT_ID_MAX 16u          /* [A-Za-z0-9._-]; without NUL when it is as long */
#define TATU_CERT_CAPACITY 24514u     /* bytes for all of them */
#define TATU_CERT_COST 62u            /* bytes that each takes beside its certificate and key */
#define TATU_CERT_NAME_SIZE 300u /* of a subject or issuer, with its NUL; longer ones are cut */
#define TATU_CERT_TIME_SIZE 20u  /* "2026-11-21T17:00:00" with its NUL, UTC */
#define TATU_CERT_MAX 40u        /* certificates */

enum tatu_cert_type { TATU_CERT_CLIENT = 1, TATU_CERT_ROOT = 2 };

enum tatu_cert_op {
    /* a = enum tatu_cert_type, b = bytes of certificate, c = bytes of key (0 for ROOT), id[16],
     * u32 bytes of password (0 for none); then on the same connection certificate, key and password
     * behind one another, in messages of at most TATU_REQUEST_MAX bytes, within 5 s -> - ; one of
     * the same id is replaced */
    TATU_CERT_INSTALL = 0x200,
    TATU_CERT_DELETE = 0x201, /* id[16] -> - */
    TATU_CERT_MOVE = 0x202,   /* id[16], new id[16] -> - ; one of the new id is replaced */
    TATU_CERT_COUNT = 0x203,  /* - -> u32 */
    TATU_CERT_ID_AT = 0x204,  /* a = index -> id[16] */
    TATU_CERT_SPACE = 0x205,  /* - -> u32 bytes left */
    TATU_CERT_INFO = 0x206,   /* id[16] -> struct tatu_cert_info */
};

struct tatu_cert_info {
    char not_before[TATU_CERT_TIME_SIZE];
    char not_after[TATU_CERT_TIME_SIZE];
    char subject[TATU_CERT_NAME_SIZE]; /* "/C=PT/CN=name" */
    char issuer[TATU_CERT_NAME_SIZE];
};
_Static_assert(sizeof(struct tatu_cert_info) == 640, "no holes");

#endif
