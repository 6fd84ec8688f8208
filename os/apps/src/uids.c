#include "uids.h"

#include <string.h>

#define MAGIC 0x31444955u /* "UID1" */
#define HEADER_SIZE 12u
#define ENTRY_SIZE 20u

static const struct tatu_apps_uid *find(const struct tatu_apps_uids *uids,
                                        const uint8_t component[16])
{
    for (size_t i = 0; i < uids->count; i++) {
        if (memcmp(uids->entries[i].component, component, 16) == 0) {
            return &uids->entries[i];
        }
    }
    return NULL;
}

/* Whether entry i may stand beside those before it. */
static bool is_good(const struct tatu_apps_uids *uids, size_t i)
{
    const struct tatu_apps_uid *entry = &uids->entries[i];
    if (entry->uid < TATU_APPS_UID_FIRST || entry->uid >= uids->next) {
        return false;
    }
    for (size_t j = 0; j < i; j++) {
        if (uids->entries[j].uid == entry->uid ||
            memcmp(uids->entries[j].component, entry->component, 16) == 0) {
            return false;
        }
    }
    return true;
}

enum tatu_err tatu_apps_decode_uids(struct tatu_span in, struct tatu_apps_uids *out)
{
    struct tatu_apps_uids uids = {0};
    if (in.len < HEADER_SIZE) {
        return TATU_ERR_SHORT;
    }
    uids.next = tatu_get_le32(in.data + 4);
    uids.count = tatu_get_le32(in.data + 8);
    if (tatu_get_le32(in.data) != MAGIC || uids.count > TATU_APPS_UID_COUNT_MAX ||
        uids.next < TATU_APPS_UID_FIRST || uids.next > TATU_APPS_UID_LAST + 1) {
        return TATU_ERR_FORMAT;
    }
    if (in.len != HEADER_SIZE + uids.count * ENTRY_SIZE) {
        return in.len < HEADER_SIZE + uids.count * ENTRY_SIZE ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    for (size_t i = 0; i < uids.count; i++) {
        const uint8_t *at = in.data + HEADER_SIZE + i * ENTRY_SIZE;
        memcpy(uids.entries[i].component, at, 16);
        uids.entries[i].uid = tatu_get_le32(at + 16);
        if (!is_good(&uids, i)) {
            return TATU_ERR_FORMAT;
        }
    }
    *out = uids;
    return TATU_OK;
}

enum tatu_err tatu_apps_encode_uids(const struct tatu_apps_uids *uids, struct tatu_buf *out)
{
    uint8_t bytes[TATU_APPS_UIDS_SIZE_MAX];
    tatu_put_le32(bytes, MAGIC);
    tatu_put_le32(bytes + 4, uids->next);
    tatu_put_le32(bytes + 8, (uint32_t)uids->count);
    for (size_t i = 0; i < uids->count; i++) {
        uint8_t *at = bytes + HEADER_SIZE + i * ENTRY_SIZE;
        memcpy(at, uids->entries[i].component, 16);
        tatu_put_le32(at + 16, uids->entries[i].uid);
    }
    return tatu_base_put_bytes(out,
                               (struct tatu_span){bytes, HEADER_SIZE + uids->count * ENTRY_SIZE});
}

uint32_t tatu_apps_find_uid(const struct tatu_apps_uids *uids, const uint8_t component[16])
{
    const struct tatu_apps_uid *entry = find(uids, component);
    return entry == NULL ? 0 : entry->uid;
}

enum tatu_err tatu_apps_give_uid(struct tatu_apps_uids *uids, const uint8_t component[16],
                                 uint32_t *out_uid)
{
    if (find(uids, component) != NULL) {
        return TATU_ERR_EXISTS;
    }
    if (uids->count == TATU_APPS_UID_COUNT_MAX || uids->next > TATU_APPS_UID_LAST) {
        return TATU_ERR_FULL;
    }
    struct tatu_apps_uid *entry = &uids->entries[uids->count++];
    memcpy(entry->component, component, 16);
    entry->uid = uids->next++;
    *out_uid = entry->uid;
    return TATU_OK;
}

void tatu_apps_drop_uid(struct tatu_apps_uids *uids, const uint8_t component[16])
{
    for (size_t i = 0; i < uids->count; i++) {
        if (memcmp(uids->entries[i].component, component, 16) == 0) {
            uids->entries[i] = uids->entries[--uids->count];
            return;
        }
    }
}
