/* LMS keys for tests, as good as real ones to who checks a signature: of the 1024 one-time keys
 * only the first two exist, the others' places in the tree hold no key. They are used again and
 * again, which a real one must never be. */
#ifndef TATU_VAULT_FAKE_LMS_H
#define TATU_VAULT_FAKE_LMS_H

#include "base/base.h"
#include "proto/image.h"

struct fake_lms;

struct fake_lms *fake_lms_new(void);
void fake_lms_free(struct fake_lms *key);
const uint8_t *fake_lms_public(const struct fake_lms *key);
void fake_lms_sign(struct fake_lms *key, const uint8_t digest[32],
                   uint8_t out[TATU_IMAGE_SECOND_SIZE]);
bool fake_lms_verify(const uint8_t key[TATU_LMS_KEY_SIZE], const uint8_t digest[32],
                     struct tatu_span signature);

#endif
