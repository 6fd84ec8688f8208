#include "keystore.h"

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
}

static bool is_host_sound(const struct tatu_keystore *keystore)
{
    size_t len = host_len(keystore);
    for (size_t i = 0; i < len && i < TATU_KEYSTORE_HOST_MAX; i++) {
        if (!is_host_char(keystore->host[i])) {
            return false;
        }
    }
    return len != 0 && len <= TATU_KEYSTORE_HOST_MAX;
}

/* A key (either of the pair) listed twice could be revoked in one place and good in the other. */
static bool are_keys_sound(const struct tatu_keystore *keystore)
{
    for (size_t i = 0; i < keystore->count; i++) {
        if (keystore->keys[i].usage != TATU_KEY_USAGE_FIRMWARE || keystore->keys[i].revoked > 1) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (same_bytes(keystore->keys[i].key, keystore->keys[j].key, 64) ||
                same_bytes(keystore->keys[i].lms, keystore->keys[j].lms, TATU_LMS_KEY_SIZE)) {
                return false;
            }
        }
    }
    return true;
}

bool tatu_keystore_is_sound(const struct tatu_keystore *keystore)
{
    return keystore->count != 0 && keystore->count <= TATU_KEYSTORE_KEY_MAX &&
           are_keys_sound(keystore) && is_host_sound(keystore) && keystore->front_port != 0 &&
           keystore->update_port != 0;
}

static void read_keys(const uint8_t **p, struct tatu_keystore *keystore)
{
    for (size_t i = 0; i < keystore->count; i++) {
        take_bytes(p, keystore->keys[i].key, 64);
        take_bytes(p, keystore->keys[i].lms, TATU_LMS_KEY_SIZE);
        keystore->keys[i].usage = take_u32(p);
        keystore->keys[i].revoked = take_u32(p);
    }
}

/* The part after the keys: left bytes at p, which must be used up exactly. */
static enum tatu_err read_service(const uint8_t *p, size_t left, struct tatu_keystore *keystore)
{
    if (left < TAIL_SIZE) {
        return TATU_ERR_SHORT;
    }
    take_bytes(&p, keystore->service_root, 64);
    take_bytes(&p, keystore->time_key, 64);
    take_bytes(&p, keystore->director_key, 64);
    size_t len = take_u16(&p);
    if (len > TATU_KEYSTORE_HOST_MAX) {
        return TATU_ERR_LONG;
    }
    if (left - TAIL_SIZE != len) {
        return left - TAIL_SIZE < len ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    take_bytes(&p, (uint8_t *)keystore->host, len);
    if (host_len(keystore) != len) {
        return TATU_ERR_FORMAT; /* a NUL inside */
    }
    keystore->front_port = take_u16(&p);
    keystore->update_port = take_u16(&p);
    return TATU_OK;
}

enum tatu_err tatu_proto_decode_keystore(struct tatu_span body, struct tatu_keystore *out)
{
    if (body.len < HEAD_SIZE || body.len > TATU_KEYSTORE_MAX) {
        return body.len < HEAD_SIZE ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    const uint8_t *p = body.data;
    if (take_u32(&p) != TATU_KEYSTORE_MAGIC) {
        return TATU_ERR_FORMAT;
    }
    if (take_u32(&p) != VERSION) {
        return TATU_ERR_VERSION;
    }
    struct tatu_keystore keystore = {0};
    take_bytes(&p, keystore.root, 64);
    take_bytes(&p, keystore.root_lms, TATU_LMS_KEY_SIZE);
    keystore.count = take_u32(&p);
    if (keystore.count > TATU_KEYSTORE_KEY_MAX) {
        return TATU_ERR_LONG;
    }
    size_t left = body.len - HEAD_SIZE;
    if (left < keystore.count * KEY_SIZE) {
        return TATU_ERR_SHORT;
    }
    read_keys(&p, &keystore);
    TATU_TRY(read_service(p, left - keystore.count * KEY_SIZE, &keystore));
    if (!tatu_keystore_is_sound(&keystore)) {
        return TATU_ERR_FORMAT;
    }
    *out = keystore;
    return TATU_OK;
}
