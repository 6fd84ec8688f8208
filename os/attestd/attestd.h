/*
 * attestd: proves to the service what the device runs and keeps the daily certificates; signs TLS
 * handshakes with keys that never leave the vault.
 * Source: docs/protocol/device-service.md §1, docs/protocol/os.md.
 */
#ifndef TATU_OS_ATTESTD_ATTESTD_H
#define TATU_OS_ATTESTD_ATTESTD_H

#include "base/base.h"
#include "proto/evidence.h"

#define TATU_ATTESTD_POLL_MAX_S 86400u

/** One application's part of the service's answer; spans go into the answer. */
struct tatu_attest_tenant {
    uint8_t tenant[16];
    uint8_t component[16];
    struct tatu_span certificate; /* DER */
    struct tatu_span authority;   /* DER */
};

/** The service's answer to evidence. */
struct tatu_attest_answer {
    uint32_t verdict; /* 0: current; else enum tatu_err, why only the update certificate came */
    struct tatu_span update_certificate; /* DER */
    size_t tenant_count;
    struct tatu_attest_tenant tenants[TATU_EVIDENCE_TENANT_MAX];
    uint32_t poll_s; /* how often to ask for a deployment, 1..TATU_ATTESTD_POLL_MAX_S */
};

/** Errors: SHORT, FORMAT, LONG (more entries than the maximum). */
enum tatu_err tatu_attestd_decode_answer(struct tatu_span in, struct tatu_attest_answer *out);

/** `{1: nonce}`, exactly 32 bytes. Errors: SHORT, FORMAT. */
enum tatu_err tatu_attestd_decode_nonce(struct tatu_span in, uint8_t out_nonce[TATU_NONCE_SIZE]);

/** `{1: nonce}`. Errors: FULL. */
enum tatu_err tatu_attestd_encode_nonce(const uint8_t nonce[TATU_NONCE_SIZE], struct tatu_buf *out);

/** `{1: evidence, 2: endorsement}`. Errors: FULL. */
enum tatu_err tatu_attestd_encode_proof(struct tatu_span evidence, struct tatu_span endorsement,
                                        struct tatu_buf *out);

/** `{1: error number, 2: name}` of a refusal; the number as an error, REJECTED when it is none. */
enum tatu_err tatu_attestd_decode_refusal(struct tatu_span in);

#endif
