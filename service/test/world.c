#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/image.h"
#include "service/crypto/crypto.h"

int world_open(void **state)
{
    static struct world world;
    world = (struct world){0};
    (void)snprintf(world.dir, sizeof(world.dir), "/tmp/tatu-world-XXXXXX");
    tatu_arena_init(&world.arena);
    *state = &world;
    if (mkdtemp(world.dir) == NULL || tatu_store_open(world.dir, &world.store) != TATU_OK ||
        tatu_identity_open(world.store, NULL, 0, WORLD_NOW, &world.identity) != TATU_OK) {
        return 1;
    }
    world.nonces = tatu_identity_nonces_open();
    world.call = (struct tatu_call){world.store, &world.arena, "operator", WORLD_NOW};
    const struct tatu_catalog_key key = {"sub", "rg", "shop"};
    struct tatu_named_key listed;
    uint8_t maker[64], release[64];
    bool made = false;
    if (tatu_crypto_make_key(&world.maker) != TATU_OK ||
        tatu_crypto_make_key(&world.release) != TATU_OK) {
        return 1;
    }
    tatu_crypto_get_public(world.maker, maker);
    tatu_crypto_get_public(world.release, release);
    return tatu_fleet_put_key(&world.call, TATU_KEYS_MAKER, "fab", maker, &listed, &made) !=
               TATU_OK ||
           tatu_fleet_put_key(&world.call, TATU_KEYS_RELEASE, "os", release, &listed, &made) !=
               TATU_OK ||
           tatu_fleet_put_catalog(&world.call, world.identity, &key, "{}",
                                  (struct tatu_span){NULL, 0}, &world.catalog, &made) != TATU_OK ||
           tatu_fleet_put_product(&world.call, world.catalog.id, "bell", NULL, &world.product,
                                  &made) != TATU_OK ||
           tatu_fleet_get_group(&world.call, world.catalog.id, "bell", "Production",
                                &world.group) != TATU_OK;
}

int world_close(void **state)
{
    struct world *world = *state;
    tatu_crypto_free_key(world->maker);
    tatu_crypto_free_key(world->release);
    tatu_identity_nonces_close(world->nonces);
    tatu_identity_close(world->identity);
    tatu_store_close(world->store);
    tatu_arena_done(&world->arena);
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", world->dir);
    return system(command);
}

static struct tatu_span sign(struct world *world, const struct tatu_key *key, const char *aad,
                             const struct tatu_buf *payload)
{
    struct tatu_buf object = tatu_arena_buf(&world->arena, TATU_EVIDENCE_MAX + 256);
    assert_int_equal(
        tatu_crypto_sign_cose(key, aad, (struct tatu_span){payload->data, payload->len}, &object),
        TATU_OK);
    return (struct tatu_span){object.data, object.len};
}

struct tatu_span world_sign_evidence(struct world *world, const struct tatu_key *key,
                                     const struct tatu_evidence *evidence)
{
    struct tatu_buf payload = tatu_arena_buf(&world->arena, TATU_EVIDENCE_MAX);
    uint8_t ueid[32];
    tatu_crypto_sha256(TATU_SPAN_OF(evidence->device_id), ueid);
    assert_int_equal(tatu_proto_encode_evidence(evidence, ueid, &payload), TATU_OK);
    return sign(world, key, TATU_COSE_AAD_EVIDENCE, &payload);
}

struct tatu_span world_sign_claim(struct world *world, const struct tatu_key *key,
                                  const struct tatu_claim *claim)
{
    struct tatu_buf payload = tatu_arena_buf(&world->arena, 512);
    assert_int_equal(tatu_proto_encode_claim(claim, &payload), TATU_OK);
    return sign(world, key, TATU_COSE_AAD_CLAIM, &payload);
}

struct tatu_span world_sign_reference(struct world *world, const struct tatu_key *key,
                                      const struct tatu_reference *reference)
{
    struct tatu_buf payload = tatu_arena_buf(&world->arena, 2048);
    assert_int_equal(tatu_proto_encode_reference(reference, &payload), TATU_OK);
    return sign(world, key, TATU_COSE_AAD_REFERENCE, &payload);
}

struct tatu_span world_sign_confirmation(struct world *world, const struct tatu_key *key,
                                         const struct tatu_confirmation *confirmation)
{
    struct tatu_buf payload = tatu_arena_buf(&world->arena, 128);
    assert_int_equal(tatu_proto_encode_confirmation(confirmation, &payload), TATU_OK);
    return sign(world, key, TATU_COSE_AAD_CONFIRM, &payload);
}

struct tatu_reference world_reference(void)
{
    static const uint16_t types[] = {TATU_IMAGE_VAULT_RUNTIME, TATU_IMAGE_MONITOR, TATU_IMAGE_DTB,
                                     TATU_IMAGE_KERNEL, TATU_IMAGE_ROOT};
    struct tatu_reference reference = {
        .release = "26.11", .measurement_count = TATU_COUNT_OF(types), .current = true};
    memset(reference.implementation, 0x11, sizeof(reference.implementation));
    for (size_t i = 0; i < TATU_COUNT_OF(types); i++) {
        reference.measurements[i].image_type = types[i];
        reference.measurements[i].security_version = 1;
        memset(reference.measurements[i].digest, (int)(0x20 + i), 32);
    }
    return reference;
}

void world_make_device(struct world *world, const struct tatu_key *maker, uint32_t board_class,
                       struct world_device *out)
{
    struct tatu_endorsement endorsement = {.board_class = board_class, .made_s = WORLD_NOW - 1000};
    struct tatu_reference reference = world_reference();
    struct tatu_buf payload = tatu_arena_buf(&world->arena, 512);
    memset(out, 0, sizeof(*out));
    struct tatu_key **const keys[] = {&out->identity, &out->attestation, &out->update,
                                      &out->tenant};
    for (size_t i = 0; i < TATU_COUNT_OF(keys); i++) {
        assert_int_equal(tatu_crypto_make_key(keys[i]), TATU_OK);
    }
    tatu_crypto_get_public(out->identity, out->id);
    memcpy(endorsement.device_id, out->id, 64);
    memcpy(endorsement.implementation, reference.implementation, 32);
    tatu_crypto_get_public(out->attestation, endorsement.attestation);
    assert_int_equal(tatu_proto_encode_endorsement(&endorsement, &payload), TATU_OK);
    out->endorsement = sign(world, maker, TATU_COSE_AAD_ENDORSEMENT, &payload);
    struct tatu_evidence *e = &out->evidence;
    memcpy(e->device_id, out->id, 64);
    memcpy(e->implementation, reference.implementation, 32);
    memcpy(e->measurements, reference.measurements, sizeof(reference.measurements));
    e->measurement_count = reference.measurement_count;
    e->lifecycle = 1;
    e->board_class = board_class;
    e->boot_count = 3;
    e->uptime_ms = 900;
    e->app_count = 1;
    memset(e->apps[0].component, 0x0c, 16);
    memset(e->apps[0].image, 0x0d, 16);
    e->tenant_count = 1;
    memcpy(e->tenants[0].tenant, world->catalog.tenant, 16);
    memset(e->tenants[0].component, 0x0c, 16);
    tatu_crypto_get_public(out->tenant, e->tenants[0].key);
    tatu_crypto_get_public(out->update, e->update_key);
}

void world_free_device(struct world_device *device)
{
    tatu_crypto_free_key(device->identity);
    tatu_crypto_free_key(device->attestation);
    tatu_crypto_free_key(device->update);
    tatu_crypto_free_key(device->tenant);
}

struct tatu_claim world_claim(struct world *world, const struct world_device *device)
{
    struct tatu_claim claim;
    tatu_identity_nonces_make(world->nonces, world->catalog.id, WORLD_NOW, TATU_NONCE_CLAIM_S,
                              claim.nonce);
    memcpy(claim.device_id, device->id, 64);
    memcpy(claim.tenant, world->catalog.tenant, 16);
    memcpy(claim.owner_key, world->catalog.owner_key, 64);
    return claim;
}

void world_own(struct world *world, struct world_device *device)
{
    struct tatu_claim claim = world_claim(world, device);
    const struct tatu_claim_proof proof = {world_sign_claim(world, device->identity, &claim),
                                           device->endorsement};
    bool is_new = false;
    assert_int_equal(tatu_fleet_claim(&world->call, world->nonces, &world->catalog, world->group.id,
                                      device->id, &proof, &is_new),
                     TATU_OK);
    assert_true(is_new);
}

struct tatu_span world_package(struct world *world, uint16_t type, uint8_t image, uint8_t component,
                               size_t body_len)
{
    struct tatu_image_info info = {.type = type, .built_s = 1, .name = "bell"};
    struct tatu_buf package = tatu_arena_buf(&world->arena, body_len + TATU_IMAGE_TRAILER_MAX);
    uint8_t signature[64] = {7};
    memset(info.image, image, sizeof(info.image));
    memset(info.component, component, sizeof(info.component));
    memset(info.thumbprint, 0xee, sizeof(info.thumbprint));
    memset(package.data, 'b', body_len);
    package.len = body_len;
    assert_int_equal(tatu_proto_encode_metadata(&info, &package), TATU_OK);
    assert_int_equal(tatu_base_put_bytes(&package, TATU_SPAN_OF(signature)), TATU_OK);
    return (struct tatu_span){package.data, package.len};
}
