/* The sockets that sign TLS handshakes: a thread of its own, so that a slow service cannot hold up
 * an application's handshake. */
#ifndef TATU_ATTESTD_SIGNER_H
#define TATU_ATTESTD_SIGNER_H

#include <pthread.h>

#include "os/lib/sm.h"
#include "proto/evidence.h"
#include "proto/mailbox.h"
#include "proto/smc.h"

#define TATU_SIGNER_SLOT_MAX (1u + TATU_EVIDENCE_TENANT_MAX)
#define TATU_SIGNER_PATH_MAX 108u
#define TATU_SIGNER_CLIENT_MAX TATU_SMC_APPS_MAX /* each has its own user id */

/** Names a daily key. */
struct tatu_signer_key {
    enum tatu_key_purpose purpose;
    uint8_t tenant[16]; /* both zero for the update key */
    uint8_t component[16];
};

struct tatu_signer {
    const struct tatu_os_monitor *monitor;
    int epoll_fd;
    pthread_mutex_t lock; /* of the slots */
    struct tatu_signer_slot {
        struct tatu_signer_key key;
        char path[TATU_SIGNER_PATH_MAX];
        int listen_fd; /* -1: the slot is free */
        /* connections whose digest has not come yet, one for each user, so that an application
         * can only push its own aside; the signer thread's own */
        struct tatu_signer_client {
            int fd; /* -1: none */
            uint32_t uid;
        } clients[TATU_SIGNER_CLIENT_MAX];
    } slots[TATU_SIGNER_SLOT_MAX];
};

/** Starts the thread. Errors: IO. */
enum tatu_err tatu_signer_start(struct tatu_signer *signer, const struct tatu_os_monitor *monitor);

/**
 * Makes the socket of a key at a path, once; again when somebody removed it.
 * group 0: that of attestd. Errors: IO, FULL.
 */
enum tatu_err tatu_signer_add(struct tatu_signer *signer, const struct tatu_signer_key *key,
                              const char *path, unsigned mode, unsigned group);

/** Closes the sockets of all applications' keys that are not among these. */
void tatu_signer_keep(struct tatu_signer *signer, const struct tatu_signer_key *keys, size_t count);

#endif
