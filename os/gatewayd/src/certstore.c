#include "certstore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/lib/store.h"
#include "proto/device_errors.h"
#include "x509.h"

/* u8 version 1, u8 type, u16 bytes of certificate, u16 bytes of key, u16 0, u32 sequence, id[16],
 * certificate, key */
#define HEADER_SIZE 28u
#define FILE_VERSION 1u
#define FILE_MAX (HEADER_SIZE + 2 * TATU_CERT_BLOB_MAX)

#define NUMBER(name) TATU_NUMBER_CERT_STORAGE_##name

/* A file's bytes on the heap; it is used for moments only. */
struct room {
    uint8_t *bytes;
    struct tatu_buf buf;
};

static void free_room(struct room *room)
{
    if (room->bytes != NULL) {
        tatu_base_wipe(room->bytes, FILE_MAX);
    }
    free(room->bytes);
}
#define ROOM __attribute__((cleanup(free_room))) struct room

static bool make_room(struct room *room)
{
    room->bytes = malloc(FILE_MAX);
    room->buf = (struct tatu_buf){room->bytes, 0, FILE_MAX};
    return room->bytes != NULL;
}

void tatu_certstore_init(struct tatu_certstore *store, const struct tatu_os_monitor *monitor,
                         const char *folder)
{
    *store = (struct tatu_certstore){.monitor = monitor, .folder = folder};
}

uint32_t tatu_certstore_check_id(const char *id)
{
    const size_t len = strlen(id);
    if (len > TATU_CERT_ID_MAX) {
        return NUMBER(CERT_IDENTIFIER_TOO_LONG);
    }
    return len != 0 && strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "._-") == len
               ? 0
               : NUMBER(CERT_IDENTIFIER_INVALID);
}

/* ---- files ---- */

enum tatu_err tatu_certstore_decode(struct tatu_span file, struct tatu_certstore_slot *out,
                                    struct tatu_span *out_certificate, struct tatu_span *out_key)
{
    struct tatu_certstore_slot slot = {.type = 0};
    if (file.len < HEADER_SIZE) {
        return TATU_ERR_SHORT;
    }
    const uint8_t *p = file.data;
    slot.type = p[1];
    slot.cert_len = tatu_get_le16(p + 2);
    slot.key_len = tatu_get_le16(p + 4);
    slot.sequence = tatu_get_le32(p + 8);
    memcpy(slot.id, p + 12, TATU_CERT_ID_MAX);
    if (p[0] != FILE_VERSION || (slot.type != TATU_CERT_CLIENT && slot.type != TATU_CERT_ROOT) ||
        tatu_get_le16(p + 6) != 0 || slot.cert_len == 0 || slot.cert_len > TATU_CERT_BLOB_MAX ||
        slot.key_len > TATU_CERT_BLOB_MAX || tatu_certstore_check_id(slot.id) != 0 ||
        (slot.key_len != 0) != (slot.type == TATU_CERT_CLIENT)) {
        return TATU_ERR_FORMAT;
    }
    const size_t len = HEADER_SIZE + (size_t)slot.cert_len + slot.key_len;
    if (file.len != len) {
        return file.len < len ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    *out = slot;
    *out_certificate = (struct tatu_span){p + HEADER_SIZE, slot.cert_len};
    *out_key = (struct tatu_span){p + HEADER_SIZE + slot.cert_len, slot.key_len};
    return TATU_OK;
}

static void encode_header(const struct tatu_certstore_slot *slot, uint8_t out[HEADER_SIZE])
{
    memset(out, 0, HEADER_SIZE);
    out[0] = FILE_VERSION;
    out[1] = slot->type;
    tatu_put_le16(out + 2, slot->cert_len);
    tatu_put_le16(out + 4, slot->key_len);
    tatu_put_le32(out + 8, slot->sequence);
    memcpy(out + 12, slot->id, strlen(slot->id));
}

/* The file's name is its label: a file put in another's place does not open. */
struct place {
    char path[TATU_OS_STORE_PATH_MAX];
    char label[TATU_OS_STORE_NAME_MAX + 1];
};

static void find_place(const struct tatu_certstore *store, size_t slot, struct place *out)
{
    (void)snprintf(out->label, sizeof(out->label), "certificate %02u", (unsigned)(slot & 0x3fu));
    (void)snprintf(out->path, sizeof(out->path), "%s/%02u", store->folder,
                   (unsigned)(slot & 0x3fu));
}

static enum tatu_err load(const struct tatu_certstore *store, size_t slot, struct tatu_buf *out)
{
    struct place place;
    find_place(store, slot, &place);
    return tatu_os_load_sealed(store->monitor, place.path, place.label, out);
}

static enum tatu_err save(const struct tatu_certstore *store, size_t slot, struct tatu_span bytes)
{
    struct place place;
    find_place(store, slot, &place);
    return tatu_os_save_sealed(store->monitor, place.path, place.label, bytes);
}

static enum tatu_err drop(struct tatu_certstore *store, size_t slot)
{
    struct place place;
    find_place(store, slot, &place);
    TATU_TRY(tatu_os_remove_file(place.path));
    store->slots[slot].id[0] = '\0';
    return TATU_OK;
}

/* ---- the index ---- */

static size_t find(const struct tatu_certstore *store, const char *id)
{
    size_t slot = 0;
    while (slot < TATU_CERT_MAX && strcmp(store->slots[slot].id, id) != 0) {
        slot++;
    }
    return slot;
}

/* A power cut between the two halves of a move leaves two of one name: the later one counts. */
static enum tatu_err settle(struct tatu_certstore *store, size_t slot)
{
    for (size_t i = 0; i < slot; i++) {
        if (strcmp(store->slots[i].id, store->slots[slot].id) == 0) {
            return drop(store, store->slots[i].sequence < store->slots[slot].sequence ? i : slot);
        }
    }
    return TATU_OK;
}

/* What does not open or is not whole is as good as gone. */
static enum tatu_err load_slot(struct tatu_certstore *store, size_t slot, struct room *room)
{
    struct tatu_span certificate, key;
    room->buf.len = 0;
    const enum tatu_err err = load(store, slot, &room->buf);
    if (err == TATU_ERR_NOT_FOUND) {
        return TATU_OK;
    }
    if (err != TATU_OK && err != TATU_ERR_SIGNATURE && err != TATU_ERR_FORMAT &&
        err != TATU_ERR_FULL) {
        return err; /* the vault or the file system: nothing is known of the file */
    }
    if (err != TATU_OK ||
        tatu_certstore_decode((struct tatu_span){room->buf.data, room->buf.len},
                              &store->slots[slot], &certificate, &key) != TATU_OK) {
        return drop(store, slot);
    }
    if (store->slots[slot].sequence > store->sequence) {
        store->sequence = store->slots[slot].sequence;
    }
    return settle(store, slot);
}

/* At the first use, not at boot. */
static uint32_t open_store(struct tatu_certstore *store)
{
    ROOM room = {.bytes = NULL};
    if (store->loaded) {
        return 0;
    }
    if (!make_room(&room)) {
        return TATU_NUMBER_REST_OUT_OF_MEMORY;
    }
    memset(store->slots, 0, sizeof(store->slots));
    for (size_t slot = 0; slot < TATU_CERT_MAX; slot++) {
        if (load_slot(store, slot, &room) != TATU_OK) {
            return TATU_NUMBER_REST_INTERNAL_ERROR;
        }
    }
    store->loaded = true;
    return 0;
}

static uint32_t cost_of(const struct tatu_certstore_slot *slot)
{
    return slot->id[0] == '\0' ? 0 : TATU_CERT_COST + slot->cert_len + slot->key_len;
}

static uint32_t space_without(const struct tatu_certstore *store, size_t but)
{
    uint32_t used = 0;
    for (size_t i = 0; i < TATU_CERT_MAX; i++) {
        used += i == but ? 0 : cost_of(&store->slots[i]);
    }
    return used > TATU_CERT_CAPACITY ? 0 : TATU_CERT_CAPACITY - used;
}

/* ---- installing ---- */

static uint32_t check_lengths(const struct tatu_certstore_new *new)
{
    const bool root = new->type == TATU_CERT_ROOT;
    if (new->certificate.len == 0) {
        return NUMBER(PUBLIC_CERT_CONTENT_INVALID);
    }
    if (new->certificate.len > TATU_CERT_BLOB_MAX) {
        return NUMBER(PUBLIC_CERT_CONTENT_TOO_LONG);
    }
    if (root && new->key.len != 0) {
        return NUMBER(PRIVATE_KEY_NOT_ALLOWED);
    }
    if (root && new->password.len != 0) {
        return NUMBER(PRIVATE_KEY_PASSWORD_NOT_ALLOWED);
    }
    if (!root && new->key.len == 0) {
        return NUMBER(PRIVATE_KEY_CONTENT_INVALID);
    }
    if (new->key.len > TATU_CERT_BLOB_MAX) {
        return NUMBER(PRIVATE_KEY_CONTENT_TOO_LONG);
    }
    return new->password.len > TATU_CERT_PASSWORD_MAX ? NUMBER(PRIVATE_KEY_PASSWORD_TOO_LONG) : 0;
}

static uint32_t number_of(enum tatu_err err)
{
    switch ((int)err) {
    case TATU_OK:
        return 0;
    case TATU_ERR_CERTIFICATE:
        return NUMBER(PUBLIC_CERT_CONTENT_INVALID);
    case TATU_ERR_FORMAT:
        return NUMBER(PRIVATE_KEY_CONTENT_INVALID);
    case TATU_ERR_FOREIGN:
        return NUMBER(CERT_PRIVATE_KEY_MISMATCHED);
    case TATU_ERR_PURPOSE:
        return NUMBER(PRIVATE_KEY_PASSWORD_NOT_REQUIRED);
    case TATU_ERR_FULL:
        return NUMBER(OUT_OF_SPACE);
    case TATU_ERR_MEMORY:
        return TATU_NUMBER_REST_OUT_OF_MEMORY;
    default:
        return TATU_NUMBER_REST_INTERNAL_ERROR;
    }
}

/* Header, certificate and the key in the open, as the file will have them. */
static enum tatu_err build(const struct tatu_certstore_new *new, struct tatu_certstore_slot *slot,
                           struct tatu_buf *out)
{
    struct tatu_cert_info info;
    TATU_TRY(tatu_x509_read(new->certificate, &info));
    out->len = HEADER_SIZE;
    TATU_TRY(tatu_base_put_bytes(out, new->certificate));
    const size_t key_at = out->len;
    if (new->type == TATU_CERT_CLIENT) {
        TATU_TRY(tatu_x509_open_key(new->certificate, new->key, new->password, out));
    }
    slot->type = (uint8_t) new->type;
    slot->cert_len = (uint16_t) new->certificate.len;
    slot->key_len = (uint16_t)(out->len - key_at);
    strcpy(slot->id, new->id);
    encode_header(slot, out->data);
    return TATU_OK;
}

uint32_t tatu_certstore_install(struct tatu_certstore *store, const struct tatu_certstore_new *new)
{
    ROOM room = {.bytes = NULL};
    struct tatu_certstore_slot slot = {.type = 0};
    uint32_t number = tatu_certstore_check_id(new->id);
    number = number != 0 ? number : check_lengths(new);
    number = number != 0 ? number : open_store(store);
    if (number != 0) {
        return number;
    }
    if (!make_room(&room)) {
        return TATU_NUMBER_REST_OUT_OF_MEMORY;
    }
    slot.sequence = store->sequence + 1;
    enum tatu_err err = build(new, &slot, &room.buf);
    if (err != TATU_OK) {
        return number_of(err);
    }
    size_t at = find(store, new->id);
    at = at < TATU_CERT_MAX ? at : find(store, ""); /* a free one */
    if (at == TATU_CERT_MAX || cost_of(&slot) > space_without(store, at)) {
        return NUMBER(OUT_OF_SPACE);
    }
    err = save(store, at, (struct tatu_span){room.buf.data, room.buf.len});
    if (err == TATU_OK) {
        store->slots[at] = slot;
        store->sequence = slot.sequence;
    }
    return number_of(err);
}

/* ---- the rest ---- */

/* The slot of a certificate that must be there. */
static uint32_t look_up(struct tatu_certstore *store, const char *id, size_t *out_slot)
{
    uint32_t number = tatu_certstore_check_id(id);
    number = number != 0 ? number : open_store(store);
    if (number != 0) {
        return number;
    }
    *out_slot = find(store, id);
    return *out_slot < TATU_CERT_MAX ? 0 : NUMBER(CERT_NOT_FOUND);
}

uint32_t tatu_certstore_delete(struct tatu_certstore *store, const char *id)
{
    size_t slot;
    const uint32_t number = look_up(store, id, &slot);
    return number != 0 ? number : number_of(drop(store, slot));
}

/* The new name first, then the one it replaces goes: in between both are there, and settle()
 * knows which. */
static enum tatu_err rename_slot(struct tatu_certstore *store, size_t slot, const char *id,
                                 struct room *room)
{
    struct tatu_certstore_slot changed = store->slots[slot];
    const size_t replaced = find(store, id);
    TATU_TRY(load(store, slot, &room->buf));
    memset(changed.id, 0, sizeof(changed.id));
    strcpy(changed.id, id);
    changed.sequence = store->sequence + 1;
    encode_header(&changed, room->buf.data);
    TATU_TRY(save(store, slot, (struct tatu_span){room->buf.data, room->buf.len}));
    store->slots[slot] = changed;
    store->sequence = changed.sequence;
    return replaced < TATU_CERT_MAX && replaced != slot ? drop(store, replaced) : TATU_OK;
}

uint32_t tatu_certstore_move(struct tatu_certstore *store, const char *id, const char *new_id)
{
    ROOM room = {.bytes = NULL};
    size_t slot;
    uint32_t number = tatu_certstore_check_id(new_id);
    number = number != 0 ? number : look_up(store, id, &slot);
    if (number != 0) {
        return number;
    }
    if (strcmp(id, new_id) == 0) {
        return 0;
    }
    return make_room(&room) ? number_of(rename_slot(store, slot, new_id, &room))
                            : TATU_NUMBER_REST_OUT_OF_MEMORY;
}

uint32_t tatu_certstore_count(struct tatu_certstore *store, uint32_t *out)
{
    uint32_t count = 0;
    const uint32_t number = open_store(store);
    if (number != 0) {
        return number;
    }
    for (size_t i = 0; i < TATU_CERT_MAX; i++) {
        count += store->slots[i].id[0] != '\0';
    }
    *out = count;
    return 0;
}

uint32_t tatu_certstore_id_at(struct tatu_certstore *store, uint32_t index,
                              char out[TATU_CERT_ID_MAX + 1])
{
    const uint32_t number = open_store(store);
    if (number != 0) {
        return number;
    }
    for (size_t i = 0; i < TATU_CERT_MAX; i++) {
        if (store->slots[i].id[0] != '\0' && index-- == 0) {
            strcpy(out, store->slots[i].id);
            return 0;
        }
    }
    return NUMBER(CERT_INDEX_OUT_OF_RANGE);
}

uint32_t tatu_certstore_space(struct tatu_certstore *store, uint32_t *out)
{
    const uint32_t number = open_store(store);
    if (number == 0) {
        *out = space_without(store, TATU_CERT_MAX);
    }
    return number;
}

uint32_t tatu_certstore_info(struct tatu_certstore *store, const char *id,
                             struct tatu_cert_info *out)
{
    ROOM room = {.bytes = NULL};
    struct tatu_certstore_slot header;
    struct tatu_span certificate, key;
    size_t slot;
    const uint32_t number = look_up(store, id, &slot);
    if (number != 0) {
        return number;
    }
    if (!make_room(&room)) {
        return TATU_NUMBER_REST_OUT_OF_MEMORY;
    }
    if (load(store, slot, &room.buf) != TATU_OK ||
        tatu_certstore_decode((struct tatu_span){room.buf.data, room.buf.len}, &header,
                              &certificate, &key) != TATU_OK ||
        tatu_x509_read(certificate, out) != TATU_OK) {
        return NUMBER(CERT_CONTENT_INVALID);
    }
    return 0;
}
