/* The flow of proving: time, nonce, evidence, certificates. One step a call; each can be repeated.
 */
#ifndef TATU_ATTESTD_PROVER_H
#define TATU_ATTESTD_PROVER_H

#include "keys.h"
#include "os/attestd/attestd.h"
#include "os/lib/log.h"
#include "os/lib/sm.h"
#include "proto/image.h"
#include "signer.h"

enum tatu_prover_step {
    TATU_PROVER_KEYSTORE, /* read the pinned keys from the monitor */
    TATU_PROVER_TIME,     /* signed time: after a reset, and with each half-daily proof */
    TATU_PROVER_NONCE,    /* a nonce of the service */
    TATU_PROVER_PROVE,    /* keys, evidence, certificates */
    TATU_PROVER_IDLE,     /* done until the certificates are half through */
};

struct tatu_prover {
    const struct tatu_os_monitor *monitor;
    const struct tatu_os_log *log;
    struct tatu_signer *signer;
    enum tatu_prover_step step;
    struct tatu_keystore keystore;
    uint8_t nonce[TATU_NONCE_SIZE];
    bool has_time;
    bool by_proxy; /* the last request; for the log */
    struct tatu_daily_keys keys;
    uint32_t failures; /* in a row */
};

/** Takes the present step; how long to wait before the next, in milliseconds. */
uint64_t tatu_prover_advance(struct tatu_prover *prover);

/** Proves again: a claim or a change of applications made the certificates old. */
void tatu_prover_renew(struct tatu_prover *prover);

#endif
