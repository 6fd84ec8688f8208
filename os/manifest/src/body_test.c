#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "os/manifest/admission.h"
#include "proto/asxipfs.h"

#define CRC_AT 32u
#define ROOT_AT 64u
#define FIRST_AT 76u /* the first inode below the root */
#define COMPONENT                                                                                  \
    {                                                                                              \
        0x11, 0xbe, 0x00, 0x0d, 0xa7, 0x54, 0x0e, 0x4c, 0x9f, 0x53, 0x2c, 0x1d, 0x6a, 0x7e, 0x5b,  \
            0x10                                                                                   \
    }
#define MANIFEST(entry)                                                                            \
    "{\"SchemaVersion\":1,\"Name\":\"a\",\"EntryPoint\":\"" entry                                  \
    "\",\"ComponentId\":\"0d00be11-54a7-4c0e-9f53-2c1d6a7e5b10\",\"Capabilities\":{}}"

static const uint8_t component[16] = COMPONENT;
static uint8_t image[32768];
static uint8_t program[52 + 2 * 32];

static void make_program(uint32_t memory)
{
    memset(program, 0, sizeof(program));
    memcpy(program,
           "\x7f"
           "ELF\1\1\1",
           7);
    program[18] = 40;
    program[28] = 52;
    program[42] = 32;
    program[44] = 2;
    for (size_t at = 52; at < sizeof(program); at += 32) {
        program[at] = 1;
        tatu_put_le32(program + at + 20, memory);
    }
    program[52 + 24] = 5;      /* code */
    program[52 + 32 + 24] = 6; /* data */
}

static void fix_crc(size_t len)
{
    tatu_put_le32(image + CRC_AT, 0);
    tatu_put_le32(image + CRC_AT, tatu_base_crc32((struct tatu_span){image, len}));
}

/* The body of an image with this manifest (NULL: none) and the program at /bin/app. */
static struct tatu_span make_body(const char *manifest)
{
    struct tatu_asxipfs_entry entries[3] = {
        {.path = "bin", .mode = TATU_ASXIPFS_DIRECTORY | 0755},
        {.path = "bin/app", .mode = TATU_ASXIPFS_FILE | 0755, .bytes = TATU_SPAN_OF(program)},
        {.path = "app_manifest.json",
         .mode = TATU_ASXIPFS_FILE | 0644,
         .bytes = {(const uint8_t *)manifest, manifest == NULL ? 0 : strlen(manifest)}},
    };
    struct tatu_buf buf = TATU_BUF_OF(image);
    assert_int_equal(tatu_proto_encode_asxipfs(entries, manifest == NULL ? 2 : 3, &buf), TATU_OK);
    return (struct tatu_span){buf.data, buf.len};
}

static enum tatu_err read_body(struct tatu_span body, struct tatu_manifest_cost *out_cost,
                               uint32_t *out_number)
{
    struct tatu_manifest manifest;
    return tatu_manifest_read_body(body, component, &manifest, out_cost, out_number);
}

static void body_tells_its_manifest_and_what_it_costs(void **state)
{
    (void)state;
    struct tatu_manifest manifest;
    struct tatu_manifest_cost cost;
    uint32_t number = 1;
    make_program(5000);
    const struct tatu_span body = make_body(MANIFEST("/bin/app"));
    assert_int_equal(tatu_manifest_read_body(body, component, &manifest, &cost, &number), TATU_OK);
    assert_int_equal(number, 0);
    assert_string_equal(manifest.entry_point, "/bin/app");
    assert_int_equal(cost.flash, body.len);
    assert_int_equal(cost.ram, 5000);
    /* a hash tree may follow */
    assert_int_equal(read_body((struct tatu_span){image, sizeof(image)}, &cost, &number), TATU_OK);
}

static const struct {
    const char *manifest;
    enum tatu_err err;
    uint32_t number;
} refused[] = {
    {NULL, TATU_ERR_NOT_FOUND, TATU_NUMBER_APP_MANIFEST_NO_APP_MANIFEST},
    {"{", TATU_ERR_FORMAT, TATU_NUMBER_APP_MANIFEST_INVALID_JSON},
    {MANIFEST("/bin/other"), TATU_ERR_NOT_FOUND,
     TATU_NUMBER_APP_MANIFEST_SPECIFIED_ENTRY_POINT_DOES_NOT_EXIST},
    {MANIFEST("/bin"), TATU_ERR_NOT_FOUND,
     TATU_NUMBER_APP_MANIFEST_SPECIFIED_ENTRY_POINT_IS_NOT_A_FILE},
    {MANIFEST("/app_manifest.json"), TATU_ERR_FORMAT,
     TATU_NUMBER_APP_MANAGER_FAILED_TO_EXEC_PROCESS},
};

static void body_with_a_fault_is_refused_by_number(void **state)
{
    (void)state;
    make_program(1);
    for (size_t i = 0; i < TATU_COUNT_OF(refused); i++) {
        struct tatu_manifest_cost cost = {77, 77};
        uint32_t number = 0;
        assert_int_equal(read_body(make_body(refused[i].manifest), &cost, &number), refused[i].err);
        assert_int_equal(number, refused[i].number);
        assert_int_equal(cost.flash, 77);
    }
}

static void body_of_another_component_is_refused(void **state)
{
    (void)state;
    static const uint8_t other[16] = {1};
    struct tatu_manifest manifest;
    struct tatu_manifest_cost cost;
    uint32_t number = 0;
    make_program(1);
    assert_int_equal(
        tatu_manifest_read_body(make_body(MANIFEST("/bin/app")), other, &manifest, &cost, &number),
        TATU_ERR_MANIFEST);
    assert_int_equal(number, TATU_NUMBER_REST_UPDATE_INCONSISTENT_COMPONENT_IMAGE_DATA);
}

static void special_files_in_a_body_are_refused(void **state)
{
    (void)state;
    static const uint16_t modes[] = {
        0020666, 0060666, 0010644, 0140755, 0120777, 0, /* devices, pipe, socket, link, nothing */
        0104755, 0102755, 0106755,                      /* set-user-id, set-group-id */
    };
    make_program(1);
    for (size_t i = 0; i < TATU_COUNT_OF(modes); i++) {
        for (uint32_t at = ROOT_AT; at <= FIRST_AT; at += FIRST_AT - ROOT_AT) {
            const struct tatu_span body = make_body(MANIFEST("/bin/app"));
            struct tatu_manifest_cost cost;
            uint32_t number = 0;
            image[at] = (uint8_t)modes[i];
            image[at + 1] = (uint8_t)(modes[i] >> 8);
            fix_crc(body.len);
            assert_int_equal(read_body(body, &cost, &number), TATU_ERR_FORMAT);
            assert_int_equal(number, TATU_NUMBER_MOUNTER_MOUNT_FAILED);
        }
    }
}

static void file_larger_than_its_image_is_refused(void **state)
{
    (void)state;
    struct tatu_manifest_cost cost;
    uint32_t number = 0;
    make_program(1);
    const struct tatu_span body = make_body(MANIFEST("/bin/app"));
    image[FIRST_AT + 6] = 0xff; /* the highest byte of its size */
    fix_crc(body.len);
    assert_int_equal(read_body(body, &cost, &number), TATU_ERR_FORMAT);
    assert_int_equal(number, TATU_NUMBER_MOUNTER_MOUNT_FAILED);
    assert_int_equal(read_body((struct tatu_span){image, body.len - 1}, &cost, &number),
                     TATU_ERR_SHORT);
}

static void program_that_cannot_run_here_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t at;
        uint8_t value;
    } spoiled[] = {{0, 0}, {4, 2}, {5, 2}, {18, 62}, {42, 56}, {45, 0xff}, {31, 0xff}};
    for (size_t i = 0; i < TATU_COUNT_OF(spoiled); i++) {
        struct tatu_manifest_cost cost;
        uint32_t number = 0;
        make_program(1);
        program[spoiled[i].at] = spoiled[i].value;
        assert_int_equal(read_body(make_body(MANIFEST("/bin/app")), &cost, &number),
                         TATU_ERR_FORMAT);
        assert_int_equal(number, TATU_NUMBER_APP_MANAGER_FAILED_TO_EXEC_PROCESS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_tells_its_manifest_and_what_it_costs),
        cmocka_unit_test(body_with_a_fault_is_refused_by_number),
        cmocka_unit_test(body_of_another_component_is_refused),
        cmocka_unit_test(special_files_in_a_body_are_refused),
        cmocka_unit_test(file_larger_than_its_image_is_refused),
        cmocka_unit_test(program_that_cannot_run_here_is_refused),
    };
    return cmocka_run_group_tests_name("image body", tests, NULL, NULL);
}
