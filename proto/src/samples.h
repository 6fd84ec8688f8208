/* One full sample of each statement, for tests, vectors and their generator's check. */
#ifndef TATU_PROTO_SRC_SAMPLES_H
#define TATU_PROTO_SRC_SAMPLES_H

#include "proto/evidence.h"
#include "proto/report.h"

/* SHA-256 of 64 bytes of 0x11, which is the samples' device id. */
extern const uint8_t sample_ueid_digest[32];

struct tatu_evidence sample_evidence(void);
struct tatu_endorsement sample_endorsement(void);
struct tatu_claim sample_claim(void);
struct tatu_signed_time sample_time(void);
struct tatu_confirmation sample_confirmation(void);
struct tatu_ticket sample_ticket(void);
struct tatu_deployment sample_deployment(void);
struct tatu_reference sample_reference(void);
struct tatu_crash sample_crash(void);
struct tatu_boot_failure sample_boot_failure(void);
struct tatu_event sample_event(void);

#endif
