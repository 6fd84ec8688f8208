#include "uids.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A map that is taken gives nobody two users and no user to two, and is written as it was read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t stranger[16] = {0x5a, 0xa5, 0x11};
    struct tatu_apps_uids uids;
    uint8_t bytes[TATU_APPS_UIDS_SIZE_MAX];
    struct tatu_buf out = TATU_BUF_OF(bytes);
    uint32_t uid;

    if (tatu_apps_decode_uids((struct tatu_span){data, size}, &uids) != TATU_OK) {
        return 0;
    }
    assert(tatu_apps_encode_uids(&uids, &out) == TATU_OK);
    assert(out.len == size && memcmp(bytes, data, size) == 0);
    for (size_t i = 0; i < uids.count; i++) {
        assert(tatu_apps_find_uid(&uids, uids.entries[i].component) == uids.entries[i].uid);
    }
    if (tatu_apps_give_uid(&uids, stranger, &uid) == TATU_OK) {
        for (size_t i = 0; i + 1 < uids.count; i++) {
            assert(uids.entries[i].uid != uid);
        }
    }
    return 0;
}
