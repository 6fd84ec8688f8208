#include "service/identity/identity.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/image.h"
#include "x509.h"

#define MINUTE_S 60
#define DAY_S (24 * 60 * MINUTE_S)
#define BACKDATE_S (5 * MINUTE_S) /* clocks that run a little late */
#define DEVICE_S DAY_S
#define SERVER_S (397 * (int64_t)DAY_S) /* made anew at each start */
#define CATALOG_S (3650 * (int64_t)DAY_S)
#define ROOT_S (7300 * (int64_t)DAY_S)
#define NAME_MAX_BYTES 96
#define HOST_NAME_MAX_BYTES 253
#define FILE_MAX 4096u
#define TLS_CERTIFICATE_MAX 8192u

struct tatu_identity {
    struct tatu_arena arena;
    struct tatu_key *root;
    struct tatu_key *tls;
    struct tatu_key *update;
    struct tatu_key *time;
    struct tatu_key *director;
    char root_name[NAME_MAX_BYTES];
    char update_name[NAME_MAX_BYTES];
    struct tatu_identity_facts facts;
};

static enum tatu_err make_key_file(struct tatu_store *store, const char *name,
                                   struct tatu_key **out)
{
    uint8_t room[TATU_KEY_PEM_MAX];
    struct tatu_buf pem = TATU_BUF_OF(room);
    struct tatu_key *key = NULL;
    enum tatu_err err = tatu_crypto_make_key(&key);
    if (err == TATU_OK) {
        err = tatu_crypto_encode_pem(key, &pem);
    }
    if (err == TATU_OK) {
        err = tatu_store_create_file(store, name, (struct tatu_span){pem.data, pem.len});
    }
    tatu_base_wipe(room, sizeof(room));
    if (err != TATU_OK) {
        tatu_crypto_free_key(key);
        return err;
    }
    *out = key;
    return TATU_OK;
}

static enum tatu_err read_or_make_key(struct tatu_store *store, const char *name,
                                      struct tatu_key **out)
{
    struct tatu_arena arena __attribute__((cleanup(tatu_arena_done)));
    tatu_arena_init(&arena);
    struct tatu_span pem;
    enum tatu_err err = tatu_store_read_file(store, name, FILE_MAX, &arena, &pem);
    if (err == TATU_ERR_NOT_FOUND) {
        return make_key_file(store, name, out);
    }
    TATU_TRY(err);
    return tatu_crypto_decode_pem(pem, out);
}

/* CA names end in the key's thumbprint, so that no two services' CAs share a name. */
static void name_after_key(const char *prefix, const uint8_t public_key[TATU_PUBLIC_SIZE],
                           char out[NAME_MAX_BYTES])
{
    uint8_t thumbprint[TATU_THUMBPRINT_SIZE];
    char hex[2 * 8 + 1];
    tatu_crypto_thumbprint(public_key, thumbprint);
    tatu_base_encode_hex((struct tatu_span){thumbprint, 8}, hex);
    (void)snprintf(out, NAME_MAX_BYTES, "%s %s", prefix, hex);
}

static void name_catalog(const uint8_t tenant[16], char out[NAME_MAX_BYTES])
{
    char guid[TATU_GUID_TEXT_SIZE];
    tatu_proto_format_guid(tenant, guid);
    (void)snprintf(out, NAME_MAX_BYTES, "tatu catalog %s", guid);
}

/* A self-signed CA certificate, kept as PEM beside its key. */
static enum tatu_err read_or_make_root(struct tatu_identity *identity, struct tatu_store *store,
                                       const char *file, const struct tatu_key *key,
                                       enum x509_kind kind, const char *name, int64_t now_s,
                                       struct tatu_span *out)
{
    enum tatu_err err = tatu_store_read_file(store, file, FILE_MAX, &identity->arena, out);
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    uint8_t public_key[TATU_PUBLIC_SIZE];
    tatu_crypto_get_public(key, public_key);
    const struct x509_request request = {
        .kind = kind,
        .issuer = {name, NULL},
        .subject = {name, NULL},
        .issuer_public = public_key,
        .public_key = public_key,
        .not_before_s = now_s - BACKDATE_S,
        .not_after_s = now_s + ROOT_S,
    };
    struct tatu_buf der = tatu_arena_buf(&identity->arena, TATU_CERTIFICATE_MAX);
    TATU_TRY(tatu_identity_issue_x509(&request, key, &der));
    TATU_TRY(tatu_store_create_file(store, file, (struct tatu_span){der.data, der.len}));
    *out = (struct tatu_span){der.data, der.len};
    return TATU_OK;
}

/* An address or a DNS name of letters, digits, dots and hyphens. */
static bool is_host(const char *host)
{
    size_t len = strlen(host);
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)host[i]) && strchr(".-:", host[i]) == NULL) {
            return false;
        }
    }
    return len > 0 && len <= HOST_NAME_MAX_BYTES;
}

static enum tatu_err make_server_certificate(struct tatu_identity *identity,
                                             const char *const *hosts, size_t host_count,
                                             int64_t now_s)
{
    const char *all[TATU_HOST_MAX + 3] = {"localhost", "127.0.0.1", "10.0.2.2"};
    if (host_count > TATU_HOST_MAX) {
        return TATU_ERR_LONG;
    }
    for (size_t i = 0; i < host_count; i++) {
        if (!is_host(hosts[i])) {
            return TATU_ERR_ARGUMENT;
        }
        all[3 + i] = hosts[i];
    }
    uint8_t public_key[TATU_PUBLIC_SIZE];
    tatu_crypto_get_public(identity->tls, public_key);
    const struct x509_request request = {
        .kind = X509_SERVER,
        .issuer = {identity->root_name, NULL},
        .subject = {"tatu service", NULL},
        .issuer_public = identity->facts.root_public,
        .public_key = public_key,
        .not_before_s = now_s - BACKDATE_S,
        .not_after_s = now_s + SERVER_S,
        .hosts = all,
        .host_count = host_count + 3,
    };
    struct tatu_buf der = tatu_arena_buf(&identity->arena, TLS_CERTIFICATE_MAX);
    TATU_TRY(tatu_identity_issue_x509(&request, identity->root, &der));
    identity->facts.tls_certificate = (struct tatu_span){der.data, der.len};
    return TATU_OK;
}

static enum tatu_err open_keys(struct tatu_identity *identity, struct tatu_store *store)
{
    const struct {
        const char *file;
        struct tatu_key **key;
    } keys[] = {
        {"keys/root.pem", &identity->root},         {"keys/tls.pem", &identity->tls},
        {"keys/update-ca.pem", &identity->update},  {"keys/time.pem", &identity->time},
        {"keys/director.pem", &identity->director},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(keys); i++) {
        TATU_TRY(read_or_make_key(store, keys[i].file, keys[i].key));
    }
    tatu_crypto_get_public(identity->root, identity->facts.root_public);
    tatu_crypto_get_public(identity->time, identity->facts.time_public);
    tatu_crypto_get_public(identity->director, identity->facts.director_public);
    return TATU_OK;
}

static enum tatu_err open_all(struct tatu_identity *identity, struct tatu_store *store,
                              const char *const *hosts, size_t host_count, int64_t now_s)
{
    uint8_t update_public[TATU_PUBLIC_SIZE];
    TATU_TRY(open_keys(identity, store));
    tatu_crypto_get_public(identity->update, update_public);
    name_after_key("tatu service root", identity->facts.root_public, identity->root_name);
    name_after_key("tatu update ca", update_public, identity->update_name);
    TATU_TRY(read_or_make_root(identity, store, "keys/root.der", identity->root, X509_ROOT,
                               identity->root_name, now_s, &identity->facts.root_certificate));
    TATU_TRY(read_or_make_root(identity, store, "keys/update-ca.der", identity->update, X509_CA,
                               identity->update_name, now_s, &identity->facts.update_certificate));
    TATU_TRY(make_server_certificate(identity, hosts, host_count, now_s));
    /* the CLI's and the operator's copy; no secret */
    const char *pem = NULL;
    TATU_TRY(
        tatu_identity_certificate_pem(identity->facts.root_certificate, &identity->arena, &pem));
    return tatu_store_replace_file(store, "keys/root.crt",
                                   (struct tatu_span){(const uint8_t *)pem, strlen(pem)});
}

enum tatu_err tatu_identity_open(struct tatu_store *store, const char *const *hosts,
                                 size_t host_count, int64_t now_s, struct tatu_identity **out)
{
    struct tatu_identity *identity = calloc(1, sizeof(*identity));
    if (identity == NULL) {
        return TATU_ERR_MEMORY;
    }
    tatu_arena_init(&identity->arena);
    enum tatu_err err = open_all(identity, store, hosts, host_count, now_s);
    if (err != TATU_OK) {
        tatu_identity_close(identity);
        return err;
    }
    *out = identity;
    return TATU_OK;
}

void tatu_identity_close(struct tatu_identity *identity)
{
    if (identity == NULL) {
        return;
    }
    tatu_crypto_free_key(identity->root);
    tatu_crypto_free_key(identity->tls);
    tatu_crypto_free_key(identity->update);
    tatu_crypto_free_key(identity->time);
    tatu_crypto_free_key(identity->director);
    tatu_arena_done(&identity->arena);
    free(identity);
}

const struct tatu_identity_facts *tatu_identity_facts(const struct tatu_identity *identity)
{
    return &identity->facts;
}

const struct tatu_key *tatu_identity_time_key(const struct tatu_identity *identity)
{
    return identity->time;
}

const struct tatu_key *tatu_identity_director_key(const struct tatu_identity *identity)
{
    return identity->director;
}

const struct tatu_key *tatu_identity_tls_key(const struct tatu_identity *identity)
{
    return identity->tls;
}

enum tatu_err tatu_identity_issue_catalog(const struct tatu_identity *identity,
                                          const uint8_t tenant[16],
                                          const uint8_t ca_public[TATU_PUBLIC_SIZE], int64_t now_s,
                                          struct tatu_buf *out)
{
    char name[NAME_MAX_BYTES];
    name_catalog(tenant, name);
    const struct x509_request request = {
        .kind = X509_CA,
        .issuer = {identity->root_name, NULL},
        .subject = {name, NULL},
        .issuer_public = identity->facts.root_public,
        .public_key = ca_public,
        .not_before_s = now_s - BACKDATE_S,
        .not_after_s = now_s + CATALOG_S,
    };
    return tatu_identity_issue_x509(&request, identity->root, out);
}

struct device_names {
    char id[129];
    char short_id[33];
    char uri[160];
};

static void name_device(const uint8_t device_id[64], struct device_names *out)
{
    tatu_base_encode_hex((struct tatu_span){device_id, 64}, out->id);
    tatu_base_encode_hex((struct tatu_span){device_id, 16}, out->short_id);
    (void)snprintf(out->uri, sizeof(out->uri), "urn:tatu:device:%s", out->id);
}

enum tatu_err tatu_identity_issue_customer(const struct tatu_key *ca_key, const uint8_t tenant[16],
                                           const uint8_t device_id[64],
                                           const uint8_t public_key[TATU_PUBLIC_SIZE],
                                           int64_t now_s, struct tatu_buf *out)
{
    char issuer[NAME_MAX_BYTES];
    uint8_t ca_public[TATU_PUBLIC_SIZE];
    struct device_names names;
    name_catalog(tenant, issuer);
    name_device(device_id, &names);
    tatu_crypto_get_public(ca_key, ca_public);
    const struct x509_request request = {
        .kind = X509_CLIENT,
        .issuer = {issuer, NULL},
        .subject = {names.id, NULL},
        .issuer_public = ca_public,
        .public_key = public_key,
        .not_before_s = now_s - BACKDATE_S,
        .not_after_s = now_s + DEVICE_S,
        .uri = names.uri,
    };
    return tatu_identity_issue_x509(&request, ca_key, out);
}

enum tatu_err tatu_identity_issue_update(const struct tatu_identity *identity,
                                         const uint8_t device_id[64],
                                         const uint8_t public_key[TATU_PUBLIC_SIZE], int64_t now_s,
                                         struct tatu_buf *out)
{
    uint8_t ca_public[TATU_PUBLIC_SIZE];
    struct device_names names;
    name_device(device_id, &names);
    tatu_crypto_get_public(identity->update, ca_public);
    const struct x509_request request = {
        .kind = X509_CLIENT,
        .issuer = {identity->update_name, NULL},
        .subject = {"tatu update", names.short_id},
        .issuer_public = ca_public,
        .public_key = public_key,
        .not_before_s = now_s - BACKDATE_S,
        .not_after_s = now_s + DEVICE_S,
        .uri = names.uri,
    };
    return tatu_identity_issue_x509(&request, identity->update, out);
}
