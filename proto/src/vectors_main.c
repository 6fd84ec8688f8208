/*
 * Prints what proto encodes, for the second implementation to read (test/vectors/make.py --check):
 *   proto_vectors NAME                  the sample of that name
 *   proto_vectors sig-input NAME        the bytes to sign for the sample's COSE_Sign1
 *   proto_vectors assemble NAME HEX     the COSE_Sign1 with that signature and a kid of 20 x 0x77
 *   proto_vectors metadata ROOT THUMB   metadata of an application image, both in hex
 */
#include <stdio.h>
#include <string.h>

#include "proto/asxipfs.h"
#include "proto/capability.h"
#include "proto/cose.h"
#include "proto/fab.h"
#include "proto/image.h"
#include "proto/recovery.h"
#include "proto/table.h"
#include "samples.h"

static enum tatu_err put_evidence(struct tatu_buf *out)
{
    struct tatu_evidence evidence = sample_evidence();
    return tatu_proto_encode_evidence(&evidence, sample_ueid_digest, out);
}

#define PUTTER(kind, type)                                                                         \
    static enum tatu_err put_##kind(struct tatu_buf *out)                                          \
    {                                                                                              \
        struct type sample = sample_##kind();                                                      \
        return tatu_proto_encode_##kind(&sample, out);                                             \
    }

PUTTER(endorsement, tatu_endorsement)
PUTTER(claim, tatu_claim)
PUTTER(time, tatu_signed_time)
PUTTER(confirmation, tatu_confirmation)
PUTTER(ticket, tatu_ticket)
PUTTER(deployment, tatu_deployment)
PUTTER(reference, tatu_reference)
PUTTER(crash, tatu_crash)
PUTTER(boot_failure, tatu_boot_failure)
PUTTER(event, tatu_event)

static enum tatu_err put_keystore(struct tatu_buf *out)
{
    struct tatu_keystore keystore = {
        .count = 2, .host = "localhost", .front_port = 8443, .update_port = 8444};
    memset(keystore.root, 1, 64);
    memset(keystore.root_lms, 0x11, TATU_LMS_KEY_SIZE);
    memset(keystore.keys[0].key, 2, 64);
    memset(keystore.keys[0].lms, 0x12, TATU_LMS_KEY_SIZE);
    memset(keystore.keys[1].key, 3, 64);
    memset(keystore.keys[1].lms, 0x13, TATU_LMS_KEY_SIZE);
    keystore.keys[0].usage = TATU_KEY_USAGE_FIRMWARE;
    keystore.keys[1].usage = TATU_KEY_USAGE_FIRMWARE;
    keystore.keys[1].revoked = 1;
    memset(keystore.service_root, 4, 64);
    memset(keystore.time_key, 5, 64);
    memset(keystore.director_key, 6, 64);
    return tatu_proto_encode_keystore(&keystore, out);
}

static enum tatu_err put_table(struct tatu_buf *out)
{
    struct tatu_table table = {.sequence = 9, .preferred_set = 1, .app_count = 2};
    memset(table.mac, 0x6d, sizeof(table.mac));
    memset(table.apps[0].image, 1, 16);
    memset(table.apps[1].image, 2, 16);
    table.apps[0].offset = 0x600000;
    table.apps[0].len = 5000;
    table.apps[1].offset = 0x602000;
    table.apps[1].len = 100;
    return tatu_proto_encode_table(&table, out);
}

static enum tatu_err put_fab_request(struct tatu_buf *out)
{
    struct tatu_fab_request request = {.board_class = 3};
    memset(request.implementation, 7, 32);
    memset(request.root_hash[0], 8, 32);
    return tatu_proto_encode_fab_request(&request, out);
}

static enum tatu_err put_recovery_manifest(struct tatu_buf *out)
{
    static const uint16_t types[TATU_RECOVERY_PART_COUNT] = {2, 4, 6, 7, 8, 19};
    struct tatu_recovery_manifest manifest;
    for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
        manifest.parts[i].image_type = types[i];
        manifest.parts[i].len = 1000u * types[i];
        memset(manifest.parts[i].digest, types[i], sizeof(manifest.parts[i].digest));
    }
    return tatu_proto_encode_recovery_manifest(&manifest, out);
}

static enum tatu_err put_fab_answer(struct tatu_buf *out)
{
    struct tatu_fab_answer answer = {.status = TATU_OK};
    memset(answer.identity, 0x11, 64);
    memset(answer.attestation, 0x12, 64);
    return tatu_proto_encode_fab_answer(&answer, out);
}

static enum tatu_err put_capability(struct tatu_buf *out)
{
    uint8_t device_id[64];
    memset(device_id, 0x11, sizeof(device_id));
    return tatu_proto_encode_capability(TATU_CAPABILITY_BIT(TATU_CAPABILITY_APP_DEVELOPMENT) |
                                            TATU_CAPABILITY_BIT(TATU_CAPABILITY_FIELD_SERVICING),
                                        device_id, out);
}

static enum tatu_err put_asxipfs(struct tatu_buf *out)
{
    static const uint8_t program[64] = {0x7f, 'E', 'L', 'F'};
    struct tatu_asxipfs_entry entries[] = {
        {.path = "bin/app", .mode = TATU_ASXIPFS_FILE | 0755, .bytes = TATU_SPAN_OF(program)},
        {.path = "empty", .mode = TATU_ASXIPFS_DIRECTORY | 0755},
        {.path = "bin", .mode = TATU_ASXIPFS_DIRECTORY | 0755},
        {.path = "app_manifest.json",
         .mode = TATU_ASXIPFS_FILE | 0644,
         .bytes = {(const uint8_t *)"{}", 2}},
    };
    return tatu_proto_encode_asxipfs(entries, TATU_COUNT_OF(entries), out);
}

static const struct {
    const char *name;
    const char *aad; /* NULL: is not signed as COSE_Sign1 */
    enum tatu_err (*put)(struct tatu_buf *out);
} objects[] = {
    {"evidence", TATU_COSE_AAD_EVIDENCE, put_evidence},
    {"endorsement", TATU_COSE_AAD_ENDORSEMENT, put_endorsement},
    {"claim", TATU_COSE_AAD_CLAIM, put_claim},
    {"time", TATU_COSE_AAD_TIME, put_time},
    {"confirmation", TATU_COSE_AAD_CONFIRM, put_confirmation},
    {"ticket", TATU_COSE_AAD_TICKET, put_ticket},
    {"deployment", TATU_COSE_AAD_DEPLOYMENT, put_deployment},
    {"reference", TATU_COSE_AAD_REFERENCE, put_reference},
    {"crash", NULL, put_crash},
    {"boot_failure", NULL, put_boot_failure},
    {"event", NULL, put_event},
    {"keystore", NULL, put_keystore},
    {"table", NULL, put_table},
    {"recovery_manifest", NULL, put_recovery_manifest},
    {"fab_request", NULL, put_fab_request},
    {"fab_answer", NULL, put_fab_answer},
    {"capability", NULL, put_capability},
    {"asxipfs", NULL, put_asxipfs},
};

static enum tatu_err put_object(const char *name, struct tatu_buf *out, const char **out_aad)
{
    for (size_t i = 0; i < TATU_COUNT_OF(objects); i++) {
        if (strcmp(objects[i].name, name) == 0) {
            *out_aad = objects[i].aad;
            return objects[i].put(out);
        }
    }
    return TATU_ERR_NOT_FOUND;
}

static enum tatu_err put_sig_input(const char *name, struct tatu_buf *out)
{
    uint8_t room[4096];
    struct tatu_buf payload = TATU_BUF_OF(room);
    const char *aad = NULL;
    TATU_TRY(put_object(name, &payload, &aad));
    if (aad == NULL) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(tatu_proto_put_sig_head(tatu_cose_protected_es256, aad, payload.len, out));
    return tatu_base_put_bytes(out, (struct tatu_span){room, payload.len});
}

static enum tatu_err put_assembled(const char *name, const char *hex, struct tatu_buf *out)
{
    uint8_t room[4096];
    uint8_t signature[64];
    uint8_t kid[20];
    struct tatu_buf payload = TATU_BUF_OF(room);
    const char *aad = NULL;
    memset(kid, 0x77, sizeof(kid));
    TATU_TRY(put_object(name, &payload, &aad));
    TATU_TRY(tatu_base_decode_hex(hex, strlen(hex), signature, sizeof(signature)));
    return tatu_proto_encode_sign1((struct tatu_span){room, payload.len}, TATU_SPAN_OF(kid),
                                   signature, out);
}

static enum tatu_err put_metadata(const char *root, const char *thumbprint, struct tatu_buf *out)
{
    struct tatu_image_info info = {
        .type = TATU_IMAGE_APPLICATION,
        .built_s = 1767225600,
        .name = "doorbell",
        .security_version = 7,
        .has_verity = true,
        .verity_data_len = 8192,
    };
    TATU_TRY(tatu_proto_parse_guid("61ae5c57-98cd-4a0a-8b60-9509505c7617", 36, info.component));
    TATU_TRY(tatu_proto_parse_guid("f79c8d39-21ab-44f9-802d-25f478eea1ba", 36, info.image));
    TATU_TRY(tatu_base_decode_hex(root, strlen(root), info.verity_root, 32));
    TATU_TRY(tatu_base_decode_hex(thumbprint, strlen(thumbprint), info.thumbprint, 20));
    return tatu_proto_encode_metadata(&info, out);
}

static enum tatu_err put_request(int argc, char **argv, struct tatu_buf *out)
{
    const char *aad = NULL;
    if (argc == 2) {
        return put_object(argv[1], out, &aad);
    }
    if (argc == 3 && strcmp(argv[1], "sig-input") == 0) {
        return put_sig_input(argv[2], out);
    }
    if (argc == 4 && strcmp(argv[1], "assemble") == 0) {
        return put_assembled(argv[2], argv[3], out);
    }
    if (argc == 4 && strcmp(argv[1], "metadata") == 0) {
        return put_metadata(argv[2], argv[3], out);
    }
    return TATU_ERR_ARGUMENT;
}

int main(int argc, char **argv)
{
    static uint8_t room[1 << 16];
    struct tatu_buf out = TATU_BUF_OF(room);
    enum tatu_err err = put_request(argc, argv, &out);
    if (err != TATU_OK) {
        (void)fprintf(stderr, "proto_vectors: %s\n", tatu_err_text(err));
        return 1;
    }
    return fwrite(room, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 1;
}
