#include "keys.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/lib/file.h"
#include "os/lib/vault.h"
#include "proto/image.h"

#define PATH_SIZE 320u /* a root and any file name */

/* Whether the application of this folder is to authenticate to this tenant. */
static bool is_of_tenant(const char *root, const char *name, const uint8_t tenant[16])
{
    char path[PATH_SIZE], text[TATU_GUID_TEXT_SIZE];
    uint8_t named[16];
    (void)snprintf(path, sizeof(path), "%s/%s/tenant", root, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));
    if (fd >= 0) {
        (void)close(fd);
    }
    return len > 0 && tatu_proto_parse_guid(text, (size_t)len, named) == TATU_OK &&
           memcmp(named, tenant, sizeof(named)) == 0;
}

size_t tatu_keys_find_wanted(const char *root, const uint8_t tenant[16],
                             uint8_t out_components[TATU_EVIDENCE_TENANT_MAX][16])
{
    TATU_OS_CLOSING_FOLDER DIR *folder = opendir(root);
    const struct dirent *entry;
    size_t count = 0;
    while (folder != NULL && count < TATU_EVIDENCE_TENANT_MAX &&
           (entry = readdir(folder)) != NULL) {
        const char *name = entry->d_name;
        if (tatu_proto_parse_guid(name, strlen(name), out_components[count]) == TATU_OK &&
            is_of_tenant(root, name, tenant)) {
            count++;
        }
    }
    return count;
}

static bool same_key(const struct tatu_signer_key *a, const struct tatu_signer_key *b)
{
    return a->purpose == b->purpose && memcmp(a->tenant, b->tenant, sizeof(a->tenant)) == 0 &&
           memcmp(a->component, b->component, sizeof(a->component)) == 0;
}

static struct tatu_daily_key *find_key(struct tatu_daily_keys *keys,
                                       const struct tatu_signer_key *id)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (same_key(&keys->keys[i].id, id)) {
            return &keys->keys[i];
        }
    }
    return NULL;
}

/* The list as it is to be; what is known of a key stays known. */
static void take_wanted(struct tatu_daily_keys *keys, const uint8_t tenant[16],
                        const uint8_t (*components)[16], size_t component_count)
{
    struct tatu_daily_key wanted[TATU_SIGNER_SLOT_MAX] = {{.id = {.purpose = TATU_KEY_UPDATE}}};
    for (size_t i = 0; i < component_count; i++) {
        struct tatu_signer_key *id = &wanted[i + 1].id;
        id->purpose = TATU_KEY_TENANT;
        memcpy(id->tenant, tenant, sizeof(id->tenant));
        memcpy(id->component, components[i], sizeof(id->component));
    }
    for (size_t i = 0; i <= component_count; i++) {
        const struct tatu_daily_key *known = find_key(keys, &wanted[i].id);
        wanted[i] = known != NULL ? *known : wanted[i];
    }
    memcpy(keys->keys, wanted, sizeof(wanted));
    keys->count = component_count + 1;
}

static bool is_fresh(uint64_t made_ms, uint64_t now_ms)
{
    return made_ms != 0 && now_ms - made_ms < TATU_KEYS_LIFE_MS;
}

static enum tatu_err make_one(const struct tatu_daily_keys *keys, struct tatu_daily_key *key,
                              uint64_t now_ms)
{
    uint8_t public_key[64];
    if (is_fresh(key->current_ms, now_ms) || is_fresh(key->pending_ms, now_ms)) {
        return TATU_OK;
    }
    TATU_TRY(tatu_os_make_key(keys->monitor, key->id.purpose, key->id.tenant, key->id.component,
                              public_key));
    key->pending_ms = now_ms;
    return TATU_OK;
}

enum tatu_err tatu_keys_make(struct tatu_daily_keys *keys, const uint8_t tenant[16],
                             const uint8_t (*components)[16], size_t component_count,
                             uint64_t now_ms)
{
    take_wanted(keys, tenant, components, component_count);
    TATU_TRY(make_one(keys, &keys->keys[0], now_ms));
    for (size_t i = 1; i < keys->count; i++) {
        const enum tatu_err err = make_one(keys, &keys->keys[i], now_ms);
        if (err != TATU_OK) {
            char component[TATU_GUID_TEXT_SIZE];
            tatu_proto_format_guid(keys->keys[i].id.component, component);
            tatu_os_log(keys->log, TATU_OS_LOG_WARNING, "no key for application %s: %s", component,
                        tatu_err_name(err));
        }
    }
    return TATU_OK;
}

enum tatu_err tatu_keys_commit(struct tatu_daily_keys *keys, const struct tatu_signer_key *id)
{
    struct tatu_daily_key *key = find_key(keys, id);
    if (key == NULL) {
        return TATU_ERR_NOT_FOUND;
    }
    if (key->pending_ms == 0) {
        return TATU_OK;
    }
    TATU_TRY(tatu_os_commit_key(keys->monitor, id->purpose, id->tenant, id->component));
    key->current_ms = key->pending_ms;
    key->pending_ms = 0;
    return TATU_OK;
}
