/* Claims of a ticket. Source: docs/protocol/evidence.md. */
#ifndef TATU_PROTO_SRC_TICKET_H
#define TATU_PROTO_SRC_TICKET_H

#include "statement.h"

enum { DEVICE_ID = 1, NONCE, GRACE, CLAIM_COUNT = GRACE };

static inline bool is_grace(uint64_t grace_s)
{
    return grace_s == 0 ||
           (grace_s >= TATU_TICKET_GRACE_MIN_S && grace_s <= TATU_TICKET_GRACE_MAX_S);
}

#endif
