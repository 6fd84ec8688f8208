/* Claim keys and values of evidence. Source: docs/protocol/evidence.md §2. */
#ifndef TATU_PROTO_SRC_EVIDENCE_CLAIMS_H
#define TATU_PROTO_SRC_EVIDENCE_CLAIMS_H

#include "proto/evidence.h"

#define CLAIM_COUNT 17u
#define CLAIM_CNF 8    /* RFC 8747 */
#define CLAIM_NONCE 10 /* RFC 9711, also the next four */
#define CLAIM_UEID 256
#define CLAIM_DBGSTAT 263
#define CLAIM_PROFILE 265
#define CLAIM_LIFECYCLE 2395 /* RFC 9783, also the next two */
#define CLAIM_IMPLEMENTATION 2396
#define CLAIM_COMPONENTS 2399
#define CLAIM_DEVICE_ID (-75001) /* private use: below -65536 */
#define CLAIM_CLASS (-75002)
#define CLAIM_BOOT_COUNT (-75003)
#define CLAIM_UPTIME_MS (-75004)
#define CLAIM_APPS (-75005)
#define CLAIM_BOOT (-75006)
#define CLAIM_TENANTS (-75007)
#define CLAIM_CAPABILITIES (-75008)
#define CLAIM_MODE (-75009)

#define CNF_COSE_KEY 1
#define COSE_KEY_PARTS 4u
#define COSE_KEY_KTY 1
#define COSE_KEY_KTY_EC2 2
#define COSE_KEY_CRV (-1)
#define COSE_KEY_CRV_P256 1
#define COSE_KEY_X (-2)
#define COSE_KEY_Y (-3)

#define UEID_SIZE 33u
#define UEID_RAND 0x01

#define DBGSTAT_ENABLED 0u
#define DBGSTAT_DISABLED 1u

#define COMPONENT_PARTS 3u
#define COMPONENT_TYPE 1
#define COMPONENT_DIGEST 2
#define COMPONENT_VERSION 4

#define PSA_LIFECYCLE_ASSEMBLY 0x1000u
#define PSA_LIFECYCLE_PROVISIONING 0x2000u
#define PSA_LIFECYCLE_SECURED 0x3000u
#define LIFECYCLE_WORD_MAX 0xffu

/** PSA's state in the high byte, our fuse word in the low byte, which PSA leaves to the maker. */
uint32_t tatu_evidence_psa_lifecycle(uint32_t fuse_word);

/** What the encoder refuses and the decoder too; counts are within their maxima already. */
bool tatu_evidence_is_sound(const struct tatu_evidence *evidence);

#endif
