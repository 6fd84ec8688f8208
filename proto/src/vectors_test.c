/*
 * Reads the objects that a second implementation made: vectors_test FOLDER, where index.txt lists
 * them as "reader file error".
 */
#include <stdio.h>
#include <stdlib.h>

#include "proto/asxipfs.h"
#include "proto/capability.h"
#include "proto/cose.h"
#include "proto/fab.h"
#include "proto/image.h"
#include "proto/recovery.h"
#include "proto/table.h"
#include "samples.h"
#include "testing.h"

#define FILE_MAX (64u << 10)

static const char *folder;

static struct tatu_span read_file(const char *name, uint8_t room[FILE_MAX])
{
    char path[512];
    assert_in_range(snprintf(path, sizeof(path), "%s/%s", folder, name), 1, sizeof(path) - 1);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(room, 1, FILE_MAX, file);
    assert_in_range(len, 0, FILE_MAX - 1);
    assert_int_equal(fclose(file), 0);
    return (struct tatu_span){room, len};
}

#define READER(kind, type)                                                                         \
    static enum tatu_err read_##kind(struct tatu_span in)                                          \
    {                                                                                              \
        struct type out;                                                                           \
        return tatu_proto_decode_##kind(in, &out);                                                 \
    }

READER(endorsement, tatu_endorsement)
READER(claim, tatu_claim)
READER(time, tatu_signed_time)
READER(confirmation, tatu_confirmation)
READER(ticket, tatu_ticket)
READER(deployment, tatu_deployment)
READER(reference, tatu_reference)
READER(crash, tatu_crash)
READER(boot_failure, tatu_boot_failure)
READER(event, tatu_event)
READER(sign1, tatu_cose_sign1)
READER(keystore, tatu_keystore)
READER(table, tatu_table)
READER(recovery_manifest, tatu_recovery_manifest)
READER(fab_request, tatu_fab_request)
READER(fab_answer, tatu_fab_answer)

static enum tatu_err read_evidence(struct tatu_span in)
{
    struct tatu_evidence out;
    return tatu_proto_decode_evidence(in, sample_ueid_digest, &out);
}

static enum tatu_err read_image(struct tatu_span in)
{
    struct tatu_image_info out;
    return tatu_proto_decode_image(in, (uint32_t)in.len, &out);
}

static enum tatu_err read_capability(struct tatu_span in)
{
    uint8_t device_id[64];
    uint32_t set = 0;
    memset(device_id, 0x11, sizeof(device_id));
    return tatu_proto_decode_capability(in, device_id, &set);
}

static enum tatu_err read_asxipfs(struct tatu_span in)
{
    struct tatu_asxipfs out;
    return tatu_proto_open_asxipfs(in, &out);
}

static const struct {
    const char *name;
    enum tatu_err (*read)(struct tatu_span in);
} readers[] = {
    {"evidence", read_evidence},
    {"endorsement", read_endorsement},
    {"claim", read_claim},
    {"time", read_time},
    {"deployment", read_deployment},
    {"reference", read_reference},
    {"crash", read_crash},
    {"boot_failure", read_boot_failure},
    {"event", read_event},
    {"sign1", read_sign1},
    {"image", read_image},
    {"keystore", read_keystore},
    {"table", read_table},
    {"recovery_manifest", read_recovery_manifest},
    {"fab_request", read_fab_request},
    {"fab_answer", read_fab_answer},
    {"asxipfs", read_asxipfs},
    {"confirmation", read_confirmation},
    {"ticket", read_ticket},
    {"capability", read_capability},
};

static void read_row(const char *reader, const char *name, const char *wanted)
{
    static uint8_t room[FILE_MAX];
    struct tatu_span in = read_file(name, room);
    for (size_t i = 0; i < TATU_COUNT_OF(readers); i++) {
        if (strcmp(readers[i].name, reader) == 0) {
            const char *got = tatu_err_name(readers[i].read(in));
            if (strcmp(got, wanted) != 0) {
                fail_msg("%s: %s instead of %s", name, got, wanted);
            }
            return;
        }
    }
    assert_string_equal(reader, "sig_structure"); /* has a test of its own */
}

static void every_vector_gives_what_the_index_says(void **state)
{
    (void)state;
    char path[512];
    char reader[32];
    char name[128];
    char wanted[32];
    unsigned count = 0;
    assert_in_range(snprintf(path, sizeof(path), "%s/index.txt", folder), 1, sizeof(path) - 1);
    FILE *list = fopen(path, "r");
    assert_non_null(list);
    while (fscanf(list, "%31s %127s %31s", reader, name, wanted) == 3) {
        read_row(reader, name, wanted);
        count++;
    }
    assert_true(feof(list));
    assert_int_equal(fclose(list), 0);
    assert_in_range(count, 100, 1000);
}

static const struct {
    const char *name, *aad;
} uses[] = {
    {"evidence", TATU_COSE_AAD_EVIDENCE},     {"endorsement", TATU_COSE_AAD_ENDORSEMENT},
    {"claim", TATU_COSE_AAD_CLAIM},           {"time", TATU_COSE_AAD_TIME},
    {"deployment", TATU_COSE_AAD_DEPLOYMENT}, {"reference", TATU_COSE_AAD_REFERENCE},
    {"confirmation", TATU_COSE_AAD_CONFIRM},  {"ticket", TATU_COSE_AAD_TICKET},
};

static void bytes_to_sign_are_those_of_the_second_implementation(void **state)
{
    (void)state;
    static uint8_t object[FILE_MAX];
    static uint8_t expected[FILE_MAX];
    for (size_t i = 0; i < TATU_COUNT_OF(uses); i++) {
        char name[64];
        uint8_t room[4096];
        struct tatu_buf to_sign = TATU_BUF_OF(room);
        struct tatu_cose_sign1 sign1;
        (void)snprintf(name, sizeof(name), "sign1/%s.cbor", uses[i].name);
        assert_int_equal(tatu_proto_decode_sign1(read_file(name, object), &sign1), TATU_OK);
        assert_int_equal(tatu_proto_put_sig_head(sign1.protected_header, uses[i].aad,
                                                 sign1.payload.len, &to_sign),
                         TATU_OK);
        assert_int_equal(tatu_base_put_bytes(&to_sign, sign1.payload), TATU_OK);
        (void)snprintf(name, sizeof(name), "sign1/%s.tbs", uses[i].name);
        struct tatu_span wanted = read_file(name, expected);
        assert_int_equal(to_sign.len, wanted.len);
        assert_memory_equal(room, wanted.data, wanted.len);
    }
}

static void sign1_is_written_as_the_second_implementation_writes_it(void **state)
{
    (void)state;
    static uint8_t object[FILE_MAX];
    uint8_t room[4096];
    struct tatu_buf again = TATU_BUF_OF(room);
    struct tatu_cose_sign1 sign1;
    struct tatu_span in = read_file("sign1/evidence.cbor", object);
    assert_int_equal(tatu_proto_decode_sign1(in, &sign1), TATU_OK);
    assert_int_equal(sign1.kid.len, 20);
    assert_int_equal(tatu_proto_encode_sign1(sign1.payload, sign1.kid, sign1.signature, &again),
                     TATU_OK);
    assert_int_equal(again.len, in.len);
    assert_memory_equal(room, in.data, in.len);
}

static void verity_length_is_that_of_a_real_tree(void **state)
{
    (void)state;
    static uint8_t object[FILE_MAX];
    struct tatu_image_info info;
    struct tatu_span in = read_file("image/with-version-and-verity.bin", object);
    assert_int_equal(tatu_proto_decode_image(in, (uint32_t)in.len, &info), TATU_OK);
    assert_int_equal(info.verity_data_len + tatu_proto_verity_tree_len(info.verity_data_len),
                     info.body_len);
    assert_int_equal(info.security_version, 7);
    assert_string_equal((const char *)info.name, "doorbell");
    char text[TATU_GUID_TEXT_SIZE];
    tatu_proto_format_guid(info.component, text);
    assert_string_equal(text, "61ae5c57-98cd-4a0a-8b60-9509505c7617");
}

static void file_system_of_the_second_implementation_is_walked(void **state)
{
    (void)state;
    static uint8_t object[FILE_MAX];
    struct tatu_asxipfs fs;
    struct tatu_asxipfs_node node;
    assert_int_equal(tatu_proto_open_asxipfs(read_file("asxipfs/good.bin", object), &fs), TATU_OK);
    assert_int_equal(tatu_proto_find_asxipfs(&fs, "bin/app", &node), TATU_OK);
    assert_int_equal(node.data.len, 64);
    assert_memory_equal(node.data.data,
                        "\x7f"
                        "ELF",
                        4);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_gives_what_the_index_says),
        cmocka_unit_test(bytes_to_sign_are_those_of_the_second_implementation),
        cmocka_unit_test(sign1_is_written_as_the_second_implementation_writes_it),
        cmocka_unit_test(verity_length_is_that_of_a_real_tree),
        cmocka_unit_test(file_system_of_the_second_implementation_is_walked),
    };
    if (argc != 2) {
        (void)fprintf(stderr, "usage: vectors_test FOLDER\n");
        return 2;
    }
    folder = argv[1];
    return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
