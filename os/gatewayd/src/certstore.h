/*
 * The certificate store: client certificates with their keys, and roots, each a sealed file.
 * Results are the original's numbers (category 37), 0 when it went well.
 * Source: docs/protocol/device-api.md §6.
 */
#ifndef TATU_GATEWAYD_CERTSTORE_H
#define TATU_GATEWAYD_CERTSTORE_H

#include "os/lib/sm.h"
#include "proto/certstore.h"

#define TATU_CERTSTORE_FOLDER "/mnt/config/certs"

struct tatu_certstore_slot {
    char id[TATU_CERT_ID_MAX + 1]; /* empty: free */
    uint8_t type;                  /* enum tatu_cert_type */
    uint16_t cert_len;
    uint16_t key_len;
    uint32_t sequence;
};

struct tatu_certstore {
    const struct tatu_os_monitor *monitor;
    const char *folder;
    bool loaded;
    uint32_t sequence; /* of the last change */
    struct tatu_certstore_slot slots[TATU_CERT_MAX];
};

struct tatu_certstore_new {
    enum tatu_cert_type type;
    const char *id;
    struct tatu_span certificate;
    struct tatu_span key;      /* empty for a root */
    struct tatu_span password; /* empty: none */
};

#define TATU_CERTSTORE_NUMBER __attribute__((warn_unused_result)) uint32_t

void tatu_certstore_init(struct tatu_certstore *store, const struct tatu_os_monitor *monitor,
                         const char *folder);

/** Whether a text is an identifier: 0, CERT_IDENTIFIER_INVALID, CERT_IDENTIFIER_TOO_LONG. */
TATU_CERTSTORE_NUMBER tatu_certstore_check_id(const char *id);

TATU_CERTSTORE_NUMBER tatu_certstore_install(struct tatu_certstore *store,
                                             const struct tatu_certstore_new *new);
TATU_CERTSTORE_NUMBER tatu_certstore_delete(struct tatu_certstore *store, const char *id);
TATU_CERTSTORE_NUMBER tatu_certstore_move(struct tatu_certstore *store, const char *id,
                                          const char *new_id);
TATU_CERTSTORE_NUMBER tatu_certstore_count(struct tatu_certstore *store, uint32_t *out);
TATU_CERTSTORE_NUMBER tatu_certstore_id_at(struct tatu_certstore *store, uint32_t index,
                                           char out[TATU_CERT_ID_MAX + 1]);
TATU_CERTSTORE_NUMBER tatu_certstore_space(struct tatu_certstore *store, uint32_t *out);
TATU_CERTSTORE_NUMBER tatu_certstore_info(struct tatu_certstore *store, const char *id,
                                          struct tatu_cert_info *out);

/** A slot's file: header and lengths checked; for the fuzzer. Errors: SHORT, LONG, FORMAT. */
enum tatu_err tatu_certstore_decode(struct tatu_span file, struct tatu_certstore_slot *out,
                                    struct tatu_span *out_certificate, struct tatu_span *out_key);

#endif
