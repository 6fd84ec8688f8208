#include "release.h"

#include "package.h"

#include "proto/cose.h"
#include "proto/evidence.h"
#include "proto/map.h"
#include "proto/recovery.h"

#include <string.h>

void tatu_cli_free_release(struct tatu_cli_release *release)
{
    for (size_t i = 0; i < BODY_ALL_COUNT; i++) {
        tatu_cli_free_bytes(&release->images[i].package);
    }
}

/* The keystore names the root that signs it and the one release signer of the rest. */
static enum tatu_err make_keystore(struct tatu_cli *cli, const struct tatu_cli_release_plan *plan,
                                   const struct tatu_cli_platform *platform,
                                   struct tatu_cli_bytes *out)
{
    struct tatu_keystore keystore = plan->keystore;
    const struct tatu_cli_signer *root = &platform->root;
    const struct tatu_cli_signer *release = &platform->release;
    memcpy(keystore.root, root->key.public_key, sizeof(keystore.root));
    memcpy(keystore.root_lms, root->second.public_key, sizeof(keystore.root_lms));
    keystore.count = 1;
    memcpy(keystore.keys[0].key, release->key.public_key, sizeof(keystore.keys[0].key));
    memcpy(keystore.keys[0].lms, release->second.public_key, sizeof(keystore.keys[0].lms));
    keystore.keys[0].usage = TATU_KEY_USAGE_FIRMWARE;
    keystore.keys[0].revoked = 0;
    TATU_TRY(tatu_cli_alloc(cli, TATU_KEYSTORE_MAX, out));
    struct tatu_buf buf = {out->data, 0, out->len};
    enum tatu_err err = tatu_proto_encode_keystore(&keystore, &buf);
    if (err != TATU_OK) {
        return tatu_cli_fail(cli, err,
                             "the keystore cannot be made: %s; check --host, the ports and "
                             "the service's keys",
                             tatu_err_text(err));
    }
    out->len = buf.len;
    return TATU_OK;
}

static enum tatu_err pack_image(struct tatu_cli *cli, const struct tatu_cli_release_plan *plan,
                                size_t which, struct tatu_cli_signer *signer,
                                const struct tatu_cli_bodies *bodies,
                                struct tatu_cli_release_image *out)
{
    const struct tatu_cli_body_kind *kind = &tatu_cli_body_kinds[which];
    char name[33];
    (void)snprintf(name, sizeof(name), "%s %s", tatu_proto_image_type_name(kind->type),
                   plan->version);
    struct tatu_cli_package package = {
        .type = kind->type,
        .name = name,
        .built_s = plan->built_s,
        .security_version = plan->security_version,
        .body = CLI_SPAN(bodies->parts[which]),
    };
    TATU_TRY(tatu_proto_parse_guid(kind->component, strlen(kind->component), package.component));
    if (which == BODY_ROOT) {
        package.verity_data_len = bodies->verity_data_len;
        memcpy(package.verity_root, bodies->verity_root, sizeof(package.verity_root));
    }
    TATU_TRY(tatu_cli_make_package(cli, &package, &signer->key, &signer->second, &out->package,
                                   &out->info));
    struct tatu_span span = CLI_SPAN(out->package);
    return tatu_cli_hash(&span, 1, out->digest);
}

/* The recovery program takes nothing but what this names. */
static enum tatu_err make_manifest(struct tatu_cli *cli, const struct tatu_cli_release *release,
                                   struct tatu_cli_bytes *out)
{
    struct tatu_recovery_manifest manifest;
    size_t count = 0;
    for (uint16_t type = 0; type < TATU_IMAGE_RECOVERY_MANIFEST; type++) {
        for (size_t i = 0; i < BODY_COUNT; i++) {
            if (tatu_cli_body_kinds[i].type == type) {
                struct tatu_recovery_part *part = &manifest.parts[count++];
                part->image_type = type;
                part->len = (uint32_t)release->images[i].package.len;
                memcpy(part->digest, release->images[i].digest, sizeof(part->digest));
            }
        }
    }
    TATU_TRY(tatu_cli_alloc(cli, TATU_RECOVERY_MANIFEST_SIZE, out));
    struct tatu_buf buf = {out->data, 0, out->len};
    return tatu_proto_encode_recovery_manifest(&manifest, &buf);
}

static enum tatu_err seal_reference(struct tatu_cli *cli, const struct tatu_cli_release_plan *plan,
                                    const struct tatu_cli_key *key,
                                    const struct tatu_cli_bodies *bodies,
                                    struct tatu_cli_release *release)
{
    struct tatu_reference reference = {.measurement_count = BODY_COUNT, .current = true};
    (void)snprintf(reference.release, sizeof(reference.release), "%s", plan->version);
    memcpy(reference.implementation, bodies->implementation, sizeof(reference.implementation));
    for (size_t i = 0; i < BODY_COUNT; i++) {
        struct tatu_measurement *to = &reference.measurements[i];
        to->image_type = tatu_cli_body_kinds[i].type;
        to->security_version = plan->security_version;
        memcpy(to->digest, release->images[i].digest, sizeof(to->digest));
    }
    uint8_t payload[1024];
    struct tatu_buf payload_buf = TATU_BUF_OF(payload);
    struct tatu_buf sealed = {release->reference, 0, sizeof(release->reference)};
    enum tatu_err err = tatu_proto_encode_reference(&reference, &payload_buf);
    if (err != TATU_OK) {
        return tatu_cli_fail(cli, err, "the reference values cannot be made: %s; check --version",
                             tatu_err_text(err));
    }
    TATU_TRY(tatu_cli_seal(cli, (struct tatu_span){payload, payload_buf.len},
                           TATU_COSE_AAD_REFERENCE, key, &sealed));
    release->reference_len = sealed.len;
    return TATU_OK;
}

static enum tatu_err fill_release(struct tatu_cli *cli, const struct tatu_cli_release_plan *plan,
                                  struct tatu_cli_platform *platform,
                                  struct tatu_cli_bodies *bodies, struct tatu_cli_release *release)
{
    TATU_TRY(make_keystore(cli, plan, platform, &bodies->parts[BODY_KEYSTORE]));
    for (size_t i = 0; i < BODY_COUNT; i++) {
        struct tatu_cli_signer *signer = i == BODY_KEYSTORE ? &platform->root : &platform->release;
        TATU_TRY(pack_image(cli, plan, i, signer, bodies, &release->images[i]));
    }
    TATU_TRY(make_manifest(cli, release, &bodies->parts[BODY_MANIFEST]));
    for (size_t i = BODY_COUNT; i < BODY_ALL_COUNT; i++) {
        TATU_TRY(pack_image(cli, plan, i, &platform->release, bodies, &release->images[i]));
    }
    return seal_reference(cli, plan, &platform->release.key, bodies, release);
}

enum tatu_err tatu_cli_make_release(struct tatu_cli *cli, const struct tatu_cli_release_plan *plan,
                                    struct tatu_cli_platform *platform,
                                    struct tatu_cli_bodies *bodies, struct tatu_cli_release *out)
{
    struct tatu_cli_release release = {.reference_len = 0};
    enum tatu_err err = fill_release(cli, plan, platform, bodies, &release);
    if (err != TATU_OK) {
        tatu_cli_free_release(&release);
        return err;
    }
    *out = release;
    return TATU_OK;
}

/* A slot: the package from its start, the footer at its end. */
static enum tatu_err place_image(struct tatu_cli *cli, const struct tatu_cli_body_kind *kind,
                                 struct tatu_span package, uint8_t *slot)
{
    if (package.len > kind->flash_size - TATU_FLASH_FOOTER_SIZE) {
        return tatu_cli_fail(cli, TATU_ERR_LONG,
                             "the %s image has %zu bytes and its slot takes %u; "
                             "make it smaller",
                             tatu_proto_image_type_name(kind->type), package.len,
                             (unsigned)(kind->flash_size - TATU_FLASH_FOOTER_SIZE));
    }
    memcpy(slot, package.data, package.len);
    uint8_t *footer = slot + kind->flash_size - TATU_FLASH_FOOTER_SIZE;
    tatu_put_le32(footer, TATU_FLASH_FOOTER_MAGIC);
    tatu_put_le32(footer + 4, (uint32_t)package.len);
    tatu_put_le32(footer + 8, ~(uint32_t)package.len);
    tatu_put_le32(footer + 12, 0);
    return TATU_OK;
}

enum tatu_err tatu_cli_make_flash(struct tatu_cli *cli, const struct tatu_cli_release *release,
                                  struct tatu_cli_bytes *out)
{
    CLI_BYTES flash = {NULL, 0};
    TATU_TRY(tatu_cli_alloc(cli, TATU_FLASH_SIZE, &flash));
    memset(flash.data, 0xff, flash.len); /* no image table: the board writes its own */
    for (uint32_t set = 0; set < TATU_FLASH_SET_COUNT; set++) {
        for (size_t i = 0; i < BODY_COUNT; i++) {
            const struct tatu_cli_body_kind *kind = &tatu_cli_body_kinds[i];
            TATU_TRY(place_image(cli, kind, CLI_SPAN(release->images[i].package),
                                 flash.data + set * TATU_FLASH_SET_STRIDE + kind->flash_at));
        }
    }
    *out = flash;
    flash.data = NULL;
    return TATU_OK;
}
