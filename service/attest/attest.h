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

/** One application's customer certificate. */
struct tatu_attest_customer {
    uint8_t tenant[16];
    uint8_t component[16];
    struct tatu_span certificate;
    struct tatu_span authority; /* the catalog's CA */
};

struct tatu_attest_result {
    uint8_t device_id[64];
    /* TATU_OK: current. MEASUREMENT, LIFECYCLE, DENIED (a lab board, or one with developers'
     * capabilities, in a production group): genuine, but it gets the update certificate only */
    uint32_t verdict;
    bool fallback;
    struct tatu_span update_certificate;
    size_t customer_count;
    struct tatu_attest_customer customers[TATU_EVIDENCE_TENANT_MAX];
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
 * Cost     3 verifications, 1 signature and 1 for each application with a key
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
/* ---- renewal: the authenticated watchdog, and the floors ---- */
/**
 * Signs the ticket of a device over its vault's nonce, with the grace of its group.
 * Errors   NOT_FOUND  the device
 *          DENIED     its group has a grace, and what it last proved is not current software: it
 *                     shall restart and renew itself
 */
enum tatu_err tatu_attest_make_ticket(const struct tatu_call *call,
                                      const struct tatu_identity *identity,
                                      const uint8_t device_id[64], const uint8_t nonce[32],
                                      struct tatu_span *out_object);
/**
 * Keeps the confirmation of a release: COSE_Sign1 by a listed release key.
 * Errors   FORMAT …, KEY_UNKNOWN, SIGNATURE
 *          NOT_FOUND  no such release of this implementation
 *          ARGUMENT   a floor is above the release's own security version
 */
enum tatu_err tatu_attest_put_confirmation(const struct tatu_call *call, const char *release,
                                           struct tatu_span object, struct tatu_confirmation *out);
/** The confirmation of the release a device proved to run. Errors: NOT_FOUND, also for one whose
 * verdict is not OK, that runs from its backup set or in another mode than the normal. */
enum tatu_err tatu_attest_get_confirmation(const struct tatu_call *call,
                                           const uint8_t device_id[64],
                                           struct tatu_span *out_object);

/** The last accepted evidence of a device. Errors: NOT_FOUND when there is none yet. */
enum tatu_err tatu_attest_read_evidence(const struct tatu_device *device,
                                        struct tatu_evidence *out);

#endif
