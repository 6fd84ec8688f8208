#include "keystore.h"

enum tatu_err tatu_proto_encode_keystore(const struct tatu_keystore *keystore, struct tatu_buf *out)
{
    if (!tatu_keystore_is_sound(keystore)) {
        return TATU_ERR_ARGUMENT;
    }
    size_t len = host_len(keystore);
    uint8_t *p = give_room(out, HEAD_SIZE + keystore->count * KEY_SIZE + TAIL_SIZE + len);
    if (p == NULL) {
        return TATU_ERR_FULL;
    }
    give_u32(&p, TATU_KEYSTORE_MAGIC);
    give_u32(&p, VERSION);
    give_bytes(&p, keystore->root, 64);
    give_bytes(&p, keystore->root_lms, TATU_LMS_KEY_SIZE);
    give_u32(&p, keystore->count);
    for (size_t i = 0; i < keystore->count; i++) {
        give_bytes(&p, keystore->keys[i].key, 64);
        give_bytes(&p, keystore->keys[i].lms, TATU_LMS_KEY_SIZE);
        give_u32(&p, keystore->keys[i].usage);
        give_u32(&p, keystore->keys[i].revoked);
    }
    give_bytes(&p, keystore->service_root, 64);
    give_bytes(&p, keystore->time_key, 64);
    give_bytes(&p, keystore->director_key, 64);
    give_u16(&p, (uint16_t)len);
    give_bytes(&p, (const uint8_t *)keystore->host, len);
    give_u16(&p, keystore->front_port);
    give_u16(&p, keystore->update_port);
    return TATU_OK;
}
