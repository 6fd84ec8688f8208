/*
 * updated: finds out what this device shall run, gets what is missing, has it verified and
 * committed in one step, and sends the records of failures. Source: docs/protocol/device-service.md
 * §2, docs/protocol/os.md.
 */
#ifndef TATU_OS_UPDATED_UPDATED_H
#define TATU_OS_UPDATED_UPDATED_H

#include "base/base.h"
#include "proto/evidence.h"
#include "proto/report.h"
#include "proto/smc.h"

/** What a deployment asks of a device that has these images installed. */
struct tatu_update_plan {
    size_t missing_count;
    size_t missing[TATU_EVIDENCE_APP_MAX]; /* indexes of the deployment's images, in its order */
    bool differs;                          /* whether a commit is needed at all */
};

/**
 * Compares a deployment with what is installed. A deployment with id zero asks for nothing: what is
 * there stays.
 */
void tatu_updated_make_plan(const struct tatu_deployment *deployment,
                            const struct tatu_smc_app *installed, size_t installed_count,
                            struct tatu_update_plan *out);

/* A deployment is signed when it is asked for: one that was issued longer ago is a copy. The clock
 * is that of signed time, so this holds over a reset as well. */
#define TATU_UPDATED_DEPLOYMENT_LIFE_S 3600u
/**
 * Whether a decoded deployment may be acted on.
 * Errors   FOREIGN   it is for another device
 *          REPLAY    its sequence is below the last one, or it was issued too long before now_s
 */
enum tatu_err tatu_updated_check_deployment(const struct tatu_deployment *deployment,
                                            const uint8_t device_id[64], uint64_t last_sequence,
                                            uint64_t now_s);

/**
 * What an HTTP status of the service means: OK for 2xx.
 * Errors   NOT_FOUND    404
 *          REJECTED     400, 413, 422: it will never take this request
 *          UNREACHABLE  anything else: it may later
 */
enum tatu_err tatu_updated_name_status(uint32_t status);

/** How long to wait for the next ticket, in milliseconds: a quarter of the grace, ten minutes when
 * none is armed, half a minute after a failure. */
uint64_t tatu_updated_ticket_wait(enum tatu_err err, uint32_t grace_s);
/** The same for the confirmation of the running release: a day when it was taken, an hour while
 * there is none, a minute after another failure. */
uint64_t tatu_updated_confirm_wait(enum tatu_err err);

/** `{1: nonce}`. Errors: FULL. */
enum tatu_err tatu_updated_encode_wish(const uint8_t nonce[TATU_NONCE_SIZE], struct tatu_buf *out);

/** `{1: kind, 2: record id, 3: boot count, 4: payload}`. Errors: FULL. */
enum tatu_err tatu_updated_encode_report(uint16_t kind, uint32_t id, uint64_t boot_count,
                                         struct tatu_span payload, struct tatu_buf *out);

#endif
