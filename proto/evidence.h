/*
 * The statements device, maker, service and releaser sign: evidence, endorsement, claim, signed
 * time, deployment, reference values, confirmation, ticket. Each is the CBOR payload of a
 * COSE_Sign1 (proto/cose.h) with its own external_aad. Encoders are deterministic; decoders are
 * strict and borrow from their input where a field is a span. CDDL and limits:
 * docs/protocol/evidence.md, device-service.md.
 */
#ifndef TATU_PROTO_EVIDENCE_H
#define TATU_PROTO_EVIDENCE_H

#include "base/base.h"

#define TATU_EVIDENCE_PROFILE "tag:tatu-project,2026:evidence/2"
#define TATU_EVIDENCE_MAX 4096u
#define TATU_NONCE_SIZE 32u
#define TATU_MEASUREMENT_MAX 8u /* boot images, in boot order */
#define TATU_EVIDENCE_APP_MAX 16u
#define TATU_EVIDENCE_TENANT_MAX 8u

enum tatu_board_class {
    TATU_CLASS_VIRTUAL = 1,
    TATU_CLASS_LAB = 2,
    TATU_CLASS_SILICON = 3,
};

struct tatu_measurement {
    uint16_t image_type; /* enum tatu_image_type */
    uint32_t security_version;
    uint8_t digest[32]; /* SHA-256 of the image package */
};

struct tatu_evidence_app {
    uint8_t component[16];
    uint8_t image[16];
    uint8_t digest[32];
};

struct tatu_evidence_tenant {
    uint8_t tenant[16];
    uint8_t component[16]; /* of the application that the key is for */
    uint8_t key[64];
};

/** Claims of evidence. Keys: docs/protocol/evidence.md §2 (RFC 9711, RFC 9783, own ones). */
struct tatu_evidence {
    uint8_t nonce[TATU_NONCE_SIZE];
    uint8_t device_id[64];
    uint8_t implementation[32];
    uint8_t update_key[64]; /* cnf: the key for the update certificate */
    uint32_t lifecycle;     /* fuse word TATU_FUSE_LIFECYCLE, 0..255 */
    uint32_t board_class;   /* enum tatu_board_class */
    bool debug_open;
    uint8_t boot_set;
    bool fallback;
    uint8_t mode;          /* enum tatu_boot_mode */
    uint32_t capabilities; /* bit n: capability n is open, proto/capability.h */
    uint64_t boot_count;
    uint64_t uptime_ms;
    size_t measurement_count;
    struct tatu_measurement measurements[TATU_MEASUREMENT_MAX];
    size_t app_count;
    struct tatu_evidence_app apps[TATU_EVIDENCE_APP_MAX];
    size_t tenant_count;
    struct tatu_evidence_tenant tenants[TATU_EVIDENCE_TENANT_MAX];
};

/**
 * ueid_digest  SHA-256 of the device id (proto has no cryptography)
 * out          untouched on failure (what is beyond its len may be overwritten); so is that of each
 *              encoder here
 *
 * Errors       FULL
 *              ARGUMENT  no measurement, a count over its maximum, an image type without a name or
 *                        twice, a class, boot set or mode out of range, a capability that does
 *                        not exist, a lifecycle word over 255, a component twice, a tenant's
 *                        component twice
 */
enum tatu_err tatu_proto_encode_evidence(const struct tatu_evidence *evidence,
                                         const uint8_t ueid_digest[32], struct tatu_buf *out);
/**
 * ueid_digest  SHA-256 of the device id, from tatu_proto_peek_evidence_device
 *
 * Errors       SHORT    in ends before its claims do
 *              LONG     over TATU_EVIDENCE_MAX, a count over its maximum
 *              VERSION  another profile
 *              FORMAT   anything else, the UEID of another device among it
 */
enum tatu_err tatu_proto_decode_evidence(struct tatu_span in, const uint8_t ueid_digest[32],
                                         struct tatu_evidence *out);
/** The device id claim alone, to look up the device's attestation key before the rest is believed.
 *  Errors: SHORT, LONG, FORMAT; VERSION for another profile. */
enum tatu_err tatu_proto_peek_evidence_device(struct tatu_span in, uint8_t out_device_id[64]);

/* Of each statement below: decode SHORT, LONG (a count over its maximum), FORMAT (a claim missing,
 * unknown or out of range, bytes left over); encode ARGUMENT for what decode would refuse, FULL. */

/** Signed by a maker's key, kid = thumbprint of that key. Map 1..5. */
struct tatu_endorsement {
    uint8_t device_id[64];      /* 1 */
    uint8_t attestation[64];    /* 2 */
    uint8_t implementation[32]; /* 3 */
    uint32_t board_class;       /* 4 */
    uint64_t made_s;            /* 5 unix time */
};
enum tatu_err tatu_proto_encode_endorsement(const struct tatu_endorsement *e, struct tatu_buf *out);
enum tatu_err tatu_proto_decode_endorsement(struct tatu_span in, struct tatu_endorsement *out);

/** Signed by the identity key in the vault, which in the same step records the owner. Map 1..4. */
struct tatu_claim {
    uint8_t nonce[TATU_NONCE_SIZE]; /* 1 */
    uint8_t device_id[64];          /* 2 */
    uint8_t tenant[16];             /* 3 catalog id */
    uint8_t owner_key[64];          /* 4 owner anchor: verifies application images */
};
enum tatu_err tatu_proto_encode_claim(const struct tatu_claim *claim, struct tatu_buf *out);
enum tatu_err tatu_proto_decode_claim(struct tatu_span in, struct tatu_claim *out);

/** Signed by the time key. Map 1..2. */
struct tatu_signed_time {
    uint8_t nonce[TATU_NONCE_SIZE]; /* 1 */
    uint64_t unix_s;                /* 2 */
};
enum tatu_err tatu_proto_encode_time(const struct tatu_signed_time *t, struct tatu_buf *out);
enum tatu_err tatu_proto_decode_time(struct tatu_span in, struct tatu_signed_time *out);

/** Signed by a release key: boot images below these versions are not needed any more. Map 1..2. */
struct tatu_confirmation {
    uint8_t implementation[32]; /* 1 */
    uint32_t floors[4];         /* 2 in the order of TATU_FUSE_FLOOR_*, each 0..64 */
};
enum tatu_err tatu_proto_encode_confirmation(const struct tatu_confirmation *c,
                                             struct tatu_buf *out);
enum tatu_err tatu_proto_decode_confirmation(struct tatu_span in, struct tatu_confirmation *out);

/** Signed by the director key: this device need not renew itself for grace_s. Map 1..3. */
#define TATU_TICKET_GRACE_MIN_S 600u
#define TATU_TICKET_GRACE_MAX_S 31536000u
struct tatu_ticket {
    uint8_t device_id[64];          /* 1 */
    uint8_t nonce[TATU_NONCE_SIZE]; /* 2 of the vault */
    uint32_t grace_s;               /* 3 within the two limits above; 0: the watchdog is disarmed */
};
enum tatu_err tatu_proto_encode_ticket(const struct tatu_ticket *ticket, struct tatu_buf *out);
enum tatu_err tatu_proto_decode_ticket(struct tatu_span in, struct tatu_ticket *out);

/** What a device group shall run; signed by the director key. Map 1..5. */
#define TATU_DEPLOYMENT_MAX 4096u
struct tatu_deployment_image {
    uint8_t image[16];
    uint8_t component[16];
    uint32_t size_bytes; /* of the package */
    uint8_t digest[32];  /* SHA-256 of the package */
};
struct tatu_deployment {
    uint8_t device_id[64];  /* 1 the device this answer is for */
    uint8_t deployment[16]; /* 2 deployment id, zero: none */
    uint64_t issued_s;      /* 3 */
    uint64_t sequence;      /* 4 rises with each deployment of the group */
    size_t image_count;     /* 5 array of [image, component, size, digest] */
    struct tatu_deployment_image images[TATU_EVIDENCE_APP_MAX];
};
enum tatu_err tatu_proto_encode_deployment(const struct tatu_deployment *d, struct tatu_buf *out);
enum tatu_err tatu_proto_decode_deployment(struct tatu_span in, struct tatu_deployment *out);

/** Reference values of one OS release; signed by the platform release key. Map 1..4. */
struct tatu_reference {
    char release[33];           /* 1 text, "26.11" */
    uint8_t implementation[32]; /* 2 */
    size_t measurement_count;   /* 3 array of [image type, security version, digest] */
    struct tatu_measurement measurements[TATU_MEASUREMENT_MAX];
    bool current; /* 4 false: genuine but to be replaced */
};
enum tatu_err tatu_proto_encode_reference(const struct tatu_reference *r, struct tatu_buf *out);
enum tatu_err tatu_proto_decode_reference(struct tatu_span in, struct tatu_reference *out);

#endif
