/*
 * The service's own keys, the certificates it issues, its nonces and its operators' tokens.
 * Source: docs/protocol/keys.md, device-service.md §3.
 */
#ifndef TATU_SERVICE_IDENTITY_IDENTITY_H
#define TATU_SERVICE_IDENTITY_IDENTITY_H

#include "base/base.h"
#include "service/crypto/crypto.h"
#include "service/store/store.h"

#define TATU_CERTIFICATE_MAX 1024u /* with a 128-character name and a URI it has about 700 */
#define TATU_HOST_MAX 32u
#define TATU_TOKEN_TEXT_SIZE 65u /* 32 bytes in hex and a NUL */

struct tatu_identity;

/** What everybody may know. Spans live as long as the identity. */
struct tatu_identity_facts {
    uint8_t root_public[TATU_PUBLIC_SIZE];
    uint8_t time_public[TATU_PUBLIC_SIZE];
    uint8_t director_public[TATU_PUBLIC_SIZE];
    struct tatu_span root_certificate; /* DER */
    struct tatu_span update_certificate;
    struct tatu_span tls_certificate;
};

/**
 * Reads the keys from the data folder; makes those that are missing. The server certificate is
 * made anew at each start, for 127.0.0.1, localhost, 10.0.2.2 (the host as an emulated board sees
 * it) and `hosts`.
 * Errors   LONG over TATU_HOST_MAX hosts; ARGUMENT for a host that is neither name nor address;
 *          FORMAT for a damaged key file; FULL, IO
 */
enum tatu_err tatu_identity_open(struct tatu_store *store, const char *const *hosts,
                                 size_t host_count, int64_t now_s, struct tatu_identity **out);
void tatu_identity_close(struct tatu_identity *identity);
const struct tatu_identity_facts *tatu_identity_facts(const struct tatu_identity *identity);
const struct tatu_key *tatu_identity_time_key(const struct tatu_identity *identity);
const struct tatu_key *tatu_identity_director_key(const struct tatu_identity *identity);
const struct tatu_key *tatu_identity_tls_key(const struct tatu_identity *identity);

/* ---- certificates; each appends DER to `out` (TATU_CERTIFICATE_MAX) ---- */
/** A catalog's CA under the service root, path length 0, 10 years. */
enum tatu_err tatu_identity_issue_catalog(const struct tatu_identity *identity,
                                          const uint8_t tenant[16],
                                          const uint8_t ca_public[TATU_PUBLIC_SIZE], int64_t now_s,
                                          struct tatu_buf *out);
/** A device's daily customer certificate. */
enum tatu_err tatu_identity_issue_customer(const struct tatu_key *ca_key, const uint8_t tenant[16],
                                           const uint8_t device_id[64],
                                           const uint8_t public_key[TATU_PUBLIC_SIZE],
                                           int64_t now_s, struct tatu_buf *out);
/** A device's daily update certificate. */
enum tatu_err tatu_identity_issue_update(const struct tatu_identity *identity,
                                         const uint8_t device_id[64],
                                         const uint8_t public_key[TATU_PUBLIC_SIZE], int64_t now_s,
                                         struct tatu_buf *out);

struct tatu_certificate_info {
    const char *subject;
    const char *serial; /* hex */
    int64_t not_before_s;
    int64_t not_after_s;
    uint8_t thumbprint[20]; /* SHA-1 of the DER, as the operator API has it */
};
/** Errors: CERTIFICATE. */
enum tatu_err tatu_identity_read_certificate(struct tatu_span der, struct tatu_arena *arena,
                                             struct tatu_certificate_info *out);
/** PKCS#7 (certificates only) of the catalog CA and the root. */
enum tatu_err tatu_identity_chain(const struct tatu_identity *identity, struct tatu_span ca,
                                  struct tatu_arena *arena, struct tatu_span *out);
enum tatu_err tatu_identity_certificate_pem(struct tatu_span der, struct tatu_arena *arena,
                                            const char **out);

/* ---- operators' tokens: only their hash is kept ---- */
/**
 * On the first start makes the operator's token, keeps its hash, writes the CLI's copy to
 * operator.token and fills out_token; later *out_made is false.
 */
enum tatu_err tatu_identity_first_token(const struct tatu_call *call,
                                        char out_token[TATU_TOKEN_TEXT_SIZE], bool *out_made);
/** Errors: DENIED. */
enum tatu_err tatu_identity_check_token(struct tatu_store *store, struct tatu_arena *arena,
                                        const char *token, const char **out_subject);

/* ---- nonces: 32 random bytes for one use by one scope, kept in memory with a limit; under a
 * flood the oldest go, and their askers ask again ---- */
struct tatu_nonces;
#define TATU_NONCE_LIMIT 65536u
#define TATU_NONCE_ATTEST_S 120
#define TATU_NONCE_CLAIM_S 600
#define TATU_NONCE_SCOPE_ATTEST 0 /* a catalog's row number is the scope of its claims */
struct tatu_nonces *tatu_identity_nonces_open(void);
void tatu_identity_nonces_close(struct tatu_nonces *nonces);
void tatu_identity_nonces_make(struct tatu_nonces *nonces, int64_t scope, int64_t now_s,
                               int64_t good_s, uint8_t out[32]);
/** Uses it up. Errors: REPLAY when unknown, used, of another scope or too old. */
enum tatu_err tatu_identity_nonces_use(struct tatu_nonces *nonces, int64_t scope, int64_t now_s,
                                       const uint8_t nonce[32]);

#endif
