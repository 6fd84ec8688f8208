/* A monitor and its flash for tests: packages are known by their first byte, which the vault
 * verifies as what the test said they are. */
#ifndef TATU_UPDATED_FAKE_FLASH_H
#define TATU_UPDATED_FAKE_FLASH_H

#include <stdio.h>
#include <string.h>

#include "os/lib/fake_vault.h"
#include "os/lib/sm.h"
#include "proto/asxipfs.h"
#include "proto/image.h"

#define FLASH_STAGE_MAX 4u
#define FLASH_PACKAGE_MAX 24u
#define FLASH_BODY_MAX 16384u

struct flash_package {
    uint8_t component; /* all 16 bytes are this one */
    enum tatu_err err; /* of the vault */
    uint8_t body[FLASH_BODY_MAX];
    size_t len;
};

struct flash {
    struct flash_package packages[FLASH_PACKAGE_MAX]; /* image id: 16 times the index + 1 */
    struct {
        uint32_t handle; /* 0: free */
        uint32_t len;
        uint32_t written;
        uint8_t package; /* as the image id's byte */
        bool verified;
    } stages[FLASH_STAGE_MAX];
    uint32_t last_handle;
    uint8_t installed[TATU_SMC_APPS_MAX]; /* image ids' bytes */
    size_t installed_count;
    struct fake_vault vault; /* what it seals */
    int commits;
    int calls;
    enum tatu_err commit_err;
    enum tatu_err write_err;
    enum tatu_err read_err;
    bool is_narrow; /* it holds no more than room packages at once */
    size_t room;
    uint8_t leaves; /* is no longer installed when the list has been told */
};

/* A package whose Capabilities hold this text; its image id is 16 times the result. */
static inline uint8_t flash_add(struct flash *flash, uint8_t component, const char *capabilities)
{
    static const uint8_t program[52] = {0x7f, 'E',       'L',       'F',       1,       1,
                                        1,    [18] = 40, [28] = 52, [42] = 32, [44] = 0};
    char id[TATU_GUID_TEXT_SIZE], text[512];
    uint8_t bytes[16];
    size_t i = 0;
    memset(bytes, component, sizeof(bytes));
    tatu_proto_format_guid(bytes, id);
    while (flash->packages[i].len != 0) {
        i++;
    }
    (void)snprintf(text, sizeof(text),
                   "{\"SchemaVersion\":1,\"Name\":\"a\",\"EntryPoint\":\"/app\","
                   "\"ComponentId\":\"%s\",\"Capabilities\":{%s}}",
                   id, capabilities);
    struct tatu_asxipfs_entry entries[] = {
        {.path = "app", .mode = TATU_ASXIPFS_FILE | 0755, .bytes = TATU_SPAN_OF(program)},
        {.path = "app_manifest.json",
         .mode = TATU_ASXIPFS_FILE | 0644,
         .bytes = {(const uint8_t *)text, strlen(text)}},
    };
    struct tatu_buf buf = TATU_BUF_OF(flash->packages[i].body);
    flash->packages[i].component = component;
    if (tatu_proto_encode_asxipfs(entries, TATU_COUNT_OF(entries), &buf) == TATU_OK) {
        flash->packages[i].len = buf.len;
    }
    return (uint8_t)(i + 1);
}

static inline void flash_install(struct flash *flash, uint8_t package)
{
    flash->installed[flash->installed_count++] = package;
}

static inline bool flash_has(const struct flash *flash, uint8_t package)
{
    for (size_t i = 0; i < flash->installed_count; i++) {
        if (flash->installed[i] == package) {
            return true;
        }
    }
    return false;
}

static inline size_t flash_count_stages(const struct flash *flash)
{
    size_t count = 0;
    for (size_t i = 0; i < FLASH_STAGE_MAX; i++) {
        count += flash->stages[i].handle != 0;
    }
    return count;
}

/* The stage of a handle; FLASH_STAGE_MAX when there is none. */
static inline size_t flash_find(const struct flash *flash, uint32_t handle)
{
    size_t i = 0;
    while (i < FLASH_STAGE_MAX && flash->stages[i].handle != handle) {
        i++;
    }
    return i;
}

static inline bool flash_is_verified(const struct flash *flash, uint8_t package)
{
    for (size_t i = 0; i < FLASH_STAGE_MAX; i++) {
        if (flash->stages[i].handle != 0 && flash->stages[i].verified &&
            flash->stages[i].package == package) {
            return true;
        }
    }
    return flash_has(flash, package);
}

static inline enum tatu_err flash_begin(struct flash *flash, struct tatu_span in,
                                        struct tatu_buf *out)
{
    uint8_t answer[4];
    const size_t i = flash_find(flash, 0);
    if (i == FLASH_STAGE_MAX || (flash->is_narrow && flash_count_stages(flash) >= flash->room)) {
        return TATU_ERR_FULL;
    }
    memset(&flash->stages[i], 0, sizeof(flash->stages[i]));
    flash->stages[i].handle = ++flash->last_handle;
    flash->stages[i].len = tatu_get_le32(in.data + 4);
    tatu_put_le32(answer, flash->last_handle);
    return tatu_base_put_bytes(out, TATU_SPAN_OF(answer));
}

static inline enum tatu_err flash_write(struct flash *flash, struct tatu_span in)
{
    const size_t i = flash_find(flash, tatu_get_le32(in.data));
    const uint32_t at = tatu_get_le32(in.data + 4);
    if (i == FLASH_STAGE_MAX || flash->write_err != TATU_OK) {
        return i == FLASH_STAGE_MAX ? TATU_ERR_NOT_FOUND : flash->write_err;
    }
    flash->stages[i].package = at == 0 ? in.data[8] : flash->stages[i].package;
    flash->stages[i].written += (uint32_t)in.len - 8;
    return TATU_OK;
}

static inline enum tatu_err flash_finish(struct flash *flash, struct tatu_span in,
                                         struct tatu_buf *out)
{
    const size_t i = flash_find(flash, tatu_get_le32(in.data));
    struct tatu_verified_image image = {.image_type = TATU_IMAGE_APPLICATION, .name = "a"};
    if (i == FLASH_STAGE_MAX) {
        return TATU_ERR_NOT_FOUND;
    }
    const uint8_t name = flash->stages[i].package;
    const struct flash_package *package = &flash->packages[name - 1];
    if (package->err != TATU_OK || flash_is_verified(flash, name)) {
        return package->err != TATU_OK ? package->err : TATU_ERR_EXISTS;
    }
    flash->stages[i].verified = true;
    memset(image.component, package->component, 16);
    memset(image.image, name, 16);
    memset(image.digest, name, 32);
    image.body_len = (uint32_t)package->len;
    return tatu_proto_encode_verified(&image, out);
}

static inline enum tatu_err flash_commit(struct flash *flash, struct tatu_span in)
{
    const size_t count = in.data[0];
    if (flash->commit_err != TATU_OK) {
        return flash->commit_err;
    }
    for (size_t i = 0; i < count; i++) {
        if (!flash_is_verified(flash, in.data[4 + 16 * i])) {
            return TATU_ERR_NOT_FOUND;
        }
    }
    flash->commits++;
    flash->installed_count = count;
    for (size_t i = 0; i < count; i++) {
        flash->installed[i] = in.data[4 + 16 * i];
    }
    for (size_t i = 0; i < FLASH_STAGE_MAX; i++) {
        if (flash->stages[i].verified) {
            flash->stages[i].handle = 0;
        }
    }
    return TATU_OK;
}

static inline void flash_remove(struct flash *flash, uint8_t package)
{
    size_t kept = 0;
    for (size_t i = 0; i < flash->installed_count; i++) {
        if (flash->installed[i] != package) {
            flash->installed[kept++] = flash->installed[i];
        }
    }
    flash->installed_count = kept;
}

static inline enum tatu_err flash_list(struct flash *flash, struct tatu_buf *out)
{
    const uint8_t head[4] = {(uint8_t)flash->installed_count};
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(head)));
    for (size_t i = 0; i < flash->installed_count; i++) {
        uint8_t app[TATU_SMC_APP_SIZE] = {0};
        const struct flash_package *package = &flash->packages[flash->installed[i] - 1];
        memset(app, package->component, 16);
        memset(app + 16, flash->installed[i], 16);
        tatu_put_le32(app + 100, (uint32_t)package->len);
        TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(app)));
    }
    flash_remove(flash, flash->leaves);
    return TATU_OK;
}

static inline enum tatu_err flash_read(const struct flash *flash, struct tatu_span in,
                                       struct tatu_buf *out)
{
    const uint32_t at = tatu_get_le32(in.data), len = tatu_get_le32(in.data + 4);
    const uint8_t name = in.data[8];
    if (flash->read_err != TATU_OK || !flash_is_verified(flash, name)) {
        return flash->read_err != TATU_OK ? flash->read_err : TATU_ERR_NOT_FOUND;
    }
    const struct flash_package *package = &flash->packages[name - 1];
    if (at > package->len || len > package->len - at) {
        return TATU_ERR_ARGUMENT;
    }
    return tatu_base_put_bytes(out, (struct tatu_span){package->body + at, len});
}

static inline enum tatu_err flash_call(void *context, uint32_t number, struct tatu_span in,
                                       struct tatu_buf *out)
{
    struct flash *flash = context;
    flash->calls++;
    switch (number) {
    case TATU_SMC_STAGE_BEGIN:
        return flash_begin(flash, in, out);
    case TATU_SMC_STAGE_WRITE:
        return flash_write(flash, in);
    case TATU_SMC_STAGE_FINISH:
        return flash_finish(flash, in, out);
    case TATU_SMC_COMMIT_APPS:
        return flash_commit(flash, in);
    case TATU_SMC_LIST_APPS:
        return flash_list(flash, out);
    case TATU_SMC_READ_APP:
        return flash_read(flash, in, out);
    case TATU_SMC_STAGE_ABORT: {
        const size_t i = flash_find(flash, tatu_get_le32(in.data));
        if (i < FLASH_STAGE_MAX) {
            flash->stages[i].handle = 0;
            flash->stages[i].verified = false;
        }
        return i < FLASH_STAGE_MAX ? TATU_OK : TATU_ERR_NOT_FOUND;
    }
    default:
        return fake_vault_call(&flash->vault, number, in, out);
    }
}

#endif
