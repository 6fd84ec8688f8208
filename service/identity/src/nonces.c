#include "service/identity/identity.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 16u
#define SETS (TATU_NONCE_LIMIT / WAYS)

struct entry {
    uint8_t nonce[32];
    int64_t scope;
    int64_t until_s; /* 0: free */
};

/* Set-associative: a nonce is random, so its own first bytes choose the set. */
struct tatu_nonces {
    struct entry entries[SETS][WAYS];
};

struct tatu_nonces *tatu_identity_nonces_open(void)
{
    return calloc(1, sizeof(struct tatu_nonces));
}

void tatu_identity_nonces_close(struct tatu_nonces *nonces)
{
    free(nonces);
}

static struct entry *find_set(struct tatu_nonces *nonces, const uint8_t nonce[32])
{
    return nonces->entries[tatu_get_le32(nonce) % SETS];
}

void tatu_identity_nonces_make(struct tatu_nonces *nonces, int64_t scope, int64_t now_s,
                               int64_t good_s, uint8_t out[32])
{
    tatu_crypto_random(out, 32);
    struct entry *set = find_set(nonces, out);
    struct entry *victim = &set[0];
    for (size_t i = 1; i < WAYS; i++) {
        if (set[i].until_s < victim->until_s) {
            victim = &set[i];
        }
    }
    memcpy(victim->nonce, out, 32);
    victim->scope = scope;
    victim->until_s = now_s + good_s;
}

enum tatu_err tatu_identity_nonces_use(struct tatu_nonces *nonces, int64_t scope, int64_t now_s,
                                       const uint8_t nonce[32])
{
    struct entry *set = find_set(nonces, nonce);
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].until_s == 0 || set[i].scope != scope ||
            !tatu_base_equal_ct(set[i].nonce, nonce, 32)) {
            continue;
        }
        bool in_time = now_s <= set[i].until_s;
        set[i] = (struct entry){0};
        return in_time ? TATU_OK : TATU_ERR_REPLAY;
    }
    return TATU_ERR_REPLAY;
}
