/*
 * The verifier: evidence against endorsement, nonce and reference values; certificates for those
 * who pass. Vocabulary of RFC 9334. Source: docs/protocol/device-service.md §1, keys.md §2.
 */
#ifndef TATU_SERVICE_ATTEST_ATTEST_H
#define TATU_SERVICE_ATTEST_ATTEST_H

#include "base/base.h"
#include "proto/evidence.h"
#include "service/fleet/fleet.h"
#include "service/identity/identity.h"
#include "service/store/store.h"

struct tatu_attest_request {
    struct tatu_span evidence;    /* COSE_Sign1; hostile */
    struct tatu_span endorsement; /* COSE_Sign1; hostile */
};

struct tatu_attest_result {
    uint8_t device_id[64];
    /* TATU_OK: current. MEASUREMENT, LIFECYCLE, DENIED (a lab board in a production group):
     * genuine, but it gets the update certificate only */
    uint32_t verdict;
    bool fallback;
    struct tatu_span update_certificate;
    bool has_customer;
    uint8_t tenant[16];
    struct tatu_span customer_certificate;
    struct tatu_span catalog_certificate;
    /* for the record of changes */
    uint32_t previous_verdict;
    bool was_known;
    bool previous_fallback;
    uint64_t boot_count;
    uint64_t previous_boot_count;
};

/**
 * Appraises and, for a genuine device, issues. The nonce is used up by the first evidence that is
 * signed by the endorsed key, whatever comes of it.
 *
 * Errors   ENDORSEMENT  no listed maker endorsed the device, or evidence and endorsement differ
 *          FOREIGN      evidence and endorsement are for different devices
 *          SIGNATURE    not signed by the endorsed attestation key
 *          FORMAT …     not evidence of our profile
 *          REPLAY       nonce
 *          FULL, IO
 * Cost     3 verifications, up to 2 signatures
 */
enum tatu_err tatu_attest_appraise(const struct tatu_call *call,
                                   const struct tatu_identity *identity, struct tatu_nonces *nonces,
                                   const struct tatu_attest_request *request,
                                   struct tatu_attest_result *out);

/* ---- reference values ---- */
struct tatu_reference_list {
    struct tatu_reference *items;
    size_t count;
    bool more;
};
/** Errors: FORMAT …, KEY_UNKNOWN (no listed release key), SIGNATURE; ARGUMENT when a boot image is
 *  missing from it. A newer object for the same release and implementation replaces the older. */
enum tatu_err tatu_attest_put_reference(const struct tatu_call *call, struct tatu_span object,
                                        struct tatu_reference *out);
enum tatu_err tatu_attest_list_references(const struct tatu_call *call,
                                          const struct tatu_page *page,
                                          struct tatu_reference_list *out);
/** The last accepted evidence of a device. Errors: NOT_FOUND when there is none yet. */
enum tatu_err tatu_attest_read_evidence(const struct tatu_device *device,
                                        struct tatu_evidence *out);

#endif
