#include "proto/image.h"

#include "testing.h"

/* Two blocks of data and their tree of one block, then metadata with every section we write. */
#define DATA_LEN 8192u
#define BODY_LEN 12288u
#define METADATA_LEN 1664u
#define PACKAGE_LEN (BODY_LEN + METADATA_LEN + TATU_IMAGE_SIGNATURE_SIZE)

static struct tatu_image_info sample(void)
{
    struct tatu_image_info info = {
        .type = TATU_IMAGE_APPLICATION,
        .built_s = 1767225600,
        .name = "doorbell",
        .temporary = 2,
        .security_version = 7,
        .has_verity = true,
        .has_second = true,
        .verity_data_len = DATA_LEN,
        .body_len = BODY_LEN,
        .signed_len = BODY_LEN + METADATA_LEN,
    };
    memset(info.component, 0xc0, sizeof(info.component));
    memset(info.image, 0x1a, sizeof(info.image));
    memset(info.thumbprint, 0x77, sizeof(info.thumbprint));
    memset(info.verity_root, 0x55, sizeof(info.verity_root));
    memset(info.signature, 0x99, sizeof(info.signature));
    return info;
}

static size_t make_package(const struct tatu_image_info *info, uint8_t package[PACKAGE_LEN])
{
    memset(package, 0, BODY_LEN);
    struct tatu_buf buf = {package, BODY_LEN, PACKAGE_LEN};
    assert_int_equal(tatu_proto_encode_metadata(info, &buf), TATU_OK);
    assert_int_equal(tatu_base_put_bytes(&buf, TATU_SPAN_OF(info->signature)), TATU_OK);
    return buf.len;
}

/* Field by field where the struct has gaps, by bytes where it has none. */
static void expect_same(const struct tatu_image_info *a, const struct tatu_image_info *b)
{
    assert_int_equal(a->type, b->type);
    assert_memory_equal(a->component, b->component, 16);
    assert_memory_equal(a->image, b->image, 16);
    assert_memory_equal(a->thumbprint, b->thumbprint, sizeof(a->thumbprint));
    assert_memory_equal(a->name, b->name, sizeof(a->name));
    assert_int_equal(a->built_s, b->built_s);
    assert_int_equal(a->temporary, b->temporary);
    assert_int_equal(a->security_version, b->security_version);
    assert_int_equal(a->has_verity, b->has_verity);
    assert_int_equal(a->verity_data_len, b->verity_data_len);
    assert_memory_equal(a->verity_root, b->verity_root, sizeof(a->verity_root));
    assert_int_equal(a->has_second, b->has_second);
    assert_int_equal(a->body_len, b->body_len);
    assert_int_equal(a->signed_len, b->signed_len);
    assert_memory_equal(a->signature, b->signature, sizeof(a->signature));
}

static enum tatu_err decode(const uint8_t *package, size_t len, struct tatu_image_info *out)
{
    return tatu_proto_decode_image((struct tatu_span){package, len}, (uint32_t)len, out);
}

static void image_reads_what_was_written(void **state)
{
    (void)state;
    static uint8_t package[PACKAGE_LEN];
    struct tatu_image_info info = sample();
    struct tatu_image_info back;
    assert_int_equal(make_package(&info, package), PACKAGE_LEN);
    assert_int_equal(decode(package, PACKAGE_LEN, &back), TATU_OK);
    expect_same(&back, &info);
}

static void image_is_read_from_its_trailer_alone(void **state)
{
    (void)state;
    static uint8_t package[PACKAGE_LEN];
    struct tatu_image_info info = sample();
    struct tatu_image_info back;
    (void)make_package(&info, package);
    struct tatu_span tail = {package + PACKAGE_LEN - TATU_IMAGE_TRAILER_MAX,
                             TATU_IMAGE_TRAILER_MAX};
    assert_int_equal(tatu_proto_decode_image(tail, PACKAGE_LEN, &back), TATU_OK);
    expect_same(&back, &info);
    tail.data++;
    tail.len--;
    expect_err("one byte less", tatu_proto_decode_image(tail, PACKAGE_LEN, &back), TATU_ERR_SHORT);
}

/* A plain application as the original tools make it: 148 bytes of metadata, 212 of trailer. */
static void image_writes_the_plain_application_trailer(void **state)
{
    (void)state;
    static uint8_t package[PACKAGE_LEN];
    struct tatu_image_info info = sample();
    info.security_version = 0;
    info.has_verity = false;
    info.has_second = false;
    assert_int_equal(make_package(&info, package), BODY_LEN + 212);
    assert_int_equal(tatu_get_le32(package + BODY_LEN + 144), 148);
    assert_memory_equal(package + BODY_LEN, "4X4M", 4);
}

/* Offsets of the sample's metadata: head 0, ID 8, SG 48, DB 76, TP 120, ND 128, TV 144, VT 156,
 * S2 200, length 1660 */
static const struct spoil spoils[] = {
    {"magic", BODY_LEN, 1, '5', TATU_ERR_FORMAT},
    {"section count over the maximum", BODY_LEN + 4, 4, 17, TATU_ERR_LONG},
    {"one section too many", BODY_LEN + 4, 4, 9, TATU_ERR_FORMAT},
    {"bytes after the last section", BODY_LEN + 4, 4, 7, TATU_ERR_FORMAT},
    {"section longer than the metadata", BODY_LEN + 202, 2, 1457, TATU_ERR_FORMAT},
    {"no identity", BODY_LEN + 8, 2, 0x5a5a, TATU_ERR_FORMAT},
    {"no signature section", BODY_LEN + 48, 2, 0x5a5a, TATU_ERR_FORMAT},
    {"a section twice", BODY_LEN + 120, 2, 0x4244, TATU_ERR_FORMAT},
    {"our own section twice", BODY_LEN + 156, 2, 0x5654, TATU_ERR_FORMAT},
    {"identity of the wrong size", BODY_LEN + 10, 2, 32, TATU_ERR_FORMAT},
    {"identity's reserved half word", BODY_LEN + 14, 2, 1, TATU_ERR_FORMAT},
    {"another signature type", BODY_LEN + 72, 4, 2, TATU_ERR_VERSION},
    {"a control character in the name", BODY_LEN + 89, 1, '\n', TATU_ERR_FORMAT},
    {"the last control character in the name", BODY_LEN + 89, 1, 0x1f, TATU_ERR_FORMAT},
    {"delete in the name", BODY_LEN + 89, 1, 0x7f, TATU_ERR_FORMAT},
    {"a space in the name", BODY_LEN + 89, 1, ' ', TATU_OK},
    {"bytes after the name's end", BODY_LEN + 119, 1, 'x', TATU_ERR_FORMAT},
    {"temporary over 2", BODY_LEN + 124, 4, 3, TATU_ERR_FORMAT},
    {"an ABI count that is not true", BODY_LEN + 132, 4, 2, TATU_ERR_FORMAT},
    {"security version's reserved word", BODY_LEN + 152, 4, 1, TATU_ERR_FORMAT},
    {"verity of no data", BODY_LEN + 160, 4, 0, TATU_ERR_FORMAT},
    {"verity of part of a block", BODY_LEN + 160, 4, DATA_LEN - 1, TATU_ERR_FORMAT},
    {"verity data longer than the body", BODY_LEN + 160, 4, 0x4000, TATU_ERR_FORMAT},
    {"no room for the tree", BODY_LEN + 160, 4, BODY_LEN, TATU_ERR_FORMAT},
    {"another verity block size", BODY_LEN + 164, 4, 1024, TATU_ERR_FORMAT},
    {"another algorithm of the second signature", BODY_LEN + 204, 2, 2, TATU_ERR_VERSION},
    {"second signature's reserved half word", BODY_LEN + 206, 2, 1, TATU_ERR_FORMAT},
    {"second signature of the wrong size", BODY_LEN + 202, 2, 1455, TATU_ERR_FORMAT},
    {"metadata length over the maximum", BODY_LEN + 1660, 4, 2561, TATU_ERR_LONG},
    {"metadata length below the least", BODY_LEN + 1660, 4, 79, TATU_ERR_FORMAT},
    {"metadata length not where the magic is", BODY_LEN + 1660, 4, 1656, TATU_ERR_FORMAT},
};

static void image_refuses_each_spoiled_field(void **state)
{
    (void)state;
    static uint8_t package[PACKAGE_LEN];
    struct tatu_image_info info = sample();
    for (size_t i = 0; i < TATU_COUNT_OF(spoils); i++) {
        struct tatu_image_info out;
        memset(&out, UNTOUCHED, sizeof(out));
        (void)make_package(&info, package);
        spoil_bytes(package, &spoils[i]);
        expect_err(spoils[i].promise, decode(package, PACKAGE_LEN, &out), spoils[i].err);
        assert_true(spoils[i].err == TATU_OK || is_untouched(&out, sizeof(out)));
    }
}

static void image_skips_sections_it_does_not_know(void **state)
{
    (void)state;
    static uint8_t package[PACKAGE_LEN];
    struct tatu_image_info info = sample();
    struct tatu_image_info back;
    (void)make_package(&info, package);
    tatu_put_le16(package + BODY_LEN + 144, 0x5a5a);
    assert_int_equal(decode(package, PACKAGE_LEN, &back), TATU_OK);
    assert_int_equal(back.security_version, 0);
}

static void image_knows_where_its_second_signature_is(void **state)
{
    (void)state;
    static uint8_t package[PACKAGE_LEN];
    struct tatu_image_info info = sample();
    struct tatu_image_info back;
    (void)make_package(&info, package);
    memset(package + BODY_LEN + 208, 0x22, TATU_IMAGE_SECOND_SIZE);
    assert_int_equal(decode(package, PACKAGE_LEN, &back), TATU_OK);
    assert_int_equal(tatu_proto_second_at(&back), BODY_LEN + 208);
}

static void image_takes_a_second_signature_as_last_section_only(void **state)
{
    (void)state;
    static uint8_t package[PACKAGE_LEN];
    struct tatu_image_info info = sample();
    struct tatu_image_info out;
    (void)make_package(&info, package);
    uint8_t *metadata = package + BODY_LEN; /* verity goes behind it */
    memmove(metadata + 156 + 1460, metadata + 156, 44);
    memset(metadata + 156, 0, 1460);
    memcpy(metadata + 156, "S2\xb0\x05\x01", 5);
    assert_int_equal(decode(package, PACKAGE_LEN, &out), TATU_ERR_FORMAT);
    memcpy(metadata + 156, "S3", 2); /* the same bytes as a section to skip */
    assert_int_equal(decode(package, PACKAGE_LEN, &out), TATU_OK);
    assert_false(out.has_second);
}

static void image_refuses_each_wrong_length(void **state)
{
    (void)state;
    static uint8_t package[PACKAGE_LEN];
    struct tatu_image_info info = sample();
    struct tatu_image_info out;
    memset(&out, UNTOUCHED, sizeof(out));
    (void)make_package(&info, package);
    struct tatu_span whole = TATU_SPAN_OF(package);
    expect_err("package over its maximum",
               tatu_proto_decode_image(whole, TATU_IMAGE_PACKAGE_MAX + 1, &out), TATU_ERR_LONG);
    expect_err("tail longer than the package",
               tatu_proto_decode_image(whole, PACKAGE_LEN - 1, &out), TATU_ERR_FORMAT);
    expect_err("empty", decode(package, 0, &out), TATU_ERR_SHORT);
    expect_err("below the smallest trailer", decode(package, 143, &out), TATU_ERR_SHORT);
    expect_err("metadata longer than the package", decode(package + PACKAGE_LEN - 200, 200, &out),
               TATU_ERR_FORMAT);
    assert_true(is_untouched(&out, sizeof(out)));
}

static void metadata_is_written_whole_or_not_at_all(void **state)
{
    (void)state;
    uint8_t room[METADATA_LEN];
    struct tatu_image_info info = sample();
    for (size_t cap = 0; cap < sizeof(room); cap++) {
        memset(room, UNTOUCHED, sizeof(room));
        struct tatu_buf buf = {room, 0, cap};
        assert_int_equal(tatu_proto_encode_metadata(&info, &buf), TATU_ERR_FULL);
        assert_int_equal(buf.len, 0);
        assert_true(is_untouched(room, sizeof(room)));
    }
}

static void metadata_refuses_what_would_not_be_read(void **state)
{
    (void)state;
    uint8_t room[METADATA_LEN];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_image_info info = sample();
    info.temporary = 3;
    assert_int_equal(tatu_proto_encode_metadata(&info, &buf), TATU_ERR_ARGUMENT);
    info = sample();
    info.verity_data_len = 100;
    assert_int_equal(tatu_proto_encode_metadata(&info, &buf), TATU_ERR_ARGUMENT);
    info.verity_data_len = 0;
    assert_int_equal(tatu_proto_encode_metadata(&info, &buf), TATU_ERR_ARGUMENT);
    assert_int_equal(buf.len, 0);
}

static void type_names_are_read_back(void **state)
{
    (void)state;
    static const uint16_t types[] = {1, 2, 4, 6, 7, 8, 10, 13, 19, 26};
    for (size_t i = 0; i < TATU_COUNT_OF(types); i++) {
        const char *name = tatu_proto_image_type_name(types[i]);
        uint16_t back = 0;
        assert_non_null(name);
        struct tatu_span text = {(const uint8_t *)name, strlen(name)};
        assert_int_equal(tatu_proto_parse_image_type(text, &back), TATU_OK);
        assert_int_equal(back, types[i]);
        text.len--;
        assert_int_equal(tatu_proto_parse_image_type(text, &back), TATU_ERR_FORMAT);
    }
    assert_null(tatu_proto_image_type_name(3));
}

static void verity_tree_is_as_long_as_the_format_says(void **state)
{
    (void)state;
    static const struct {
        uint32_t data_blocks, tree_blocks;
    } rows[] = {{0, 0}, {1, 0}, {2, 1}, {128, 1}, {129, 3}, {256, 3}, {768, 7}};
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(tatu_proto_verity_tree_len(rows[i].data_blocks * 4096),
                         rows[i].tree_blocks * 4096);
    }
}

static void image_meets_each_maximum(void **state)
{
    (void)state;
    static uint8_t package[BODY_LEN + TATU_IMAGE_TRAILER_MAX];
    struct tatu_image_info info = sample();
    struct tatu_image_info out;
    (void)make_package(&info, package);
    struct tatu_span tail = {package + PACKAGE_LEN - TATU_IMAGE_TRAILER_MAX,
                             TATU_IMAGE_TRAILER_MAX};
    assert_int_equal(tatu_proto_decode_image(tail, TATU_IMAGE_PACKAGE_MAX, &out), TATU_OK);
    /* eight more sections before the second signature, the last as long as the metadata may
     * become */
    uint8_t *p = package + BODY_LEN + 200;
    uint8_t second[1460];
    memcpy(second, p, sizeof(second));
    tatu_put_le32(package + BODY_LEN + 4, TATU_IMAGE_SECTION_MAX);
    for (uint16_t i = 0; i < 8; i++) {
        uint16_t len = i < 7 ? 0 : TATU_IMAGE_METADATA_MAX - METADATA_LEN - 8 * 4;
        tatu_put_le16(p, (uint16_t)(0x6161 + i));
        tatu_put_le16(p + 2, len);
        p += 4 + len;
    }
    memcpy(p, second, sizeof(second));
    tatu_put_le32(p + sizeof(second), TATU_IMAGE_METADATA_MAX);
    assert_int_equal(decode(package, sizeof(package), &out), TATU_OK);
    /* data and tree that fill the body, and a body that is not there */
    info.verity_data_len = BODY_LEN - 4096;
    (void)make_package(&info, package);
    assert_int_equal(decode(package, PACKAGE_LEN, &out), TATU_OK);
    info.has_verity = false;
    info.has_second = false;
    (void)make_package(&info, package);
    assert_int_equal(decode(package + BODY_LEN, PACKAGE_LEN - 44 - 1460 - BODY_LEN, &out), TATU_OK);
    assert_int_equal(out.body_len, 0);
}

static void image_of_the_smallest_trailer_is_read(void **state)
{
    (void)state;
    static uint8_t package[144] = "4X4M\x02";
    struct tatu_image_info out;
    memcpy(package + 8, "ID\x24\0", 4);
    memcpy(package + 48, "SG\x18\0", 4);
    package[72] = 1;
    package[76] = 80;
    assert_int_equal(decode(package, sizeof(package), &out), TATU_OK);
    assert_int_equal(out.signed_len, 80);
}

static void name_and_time_of_nothing_have_no_section(void **state)
{
    (void)state;
    uint8_t room[METADATA_LEN];
    struct tatu_image_info info = sample();
    static const struct {
        uint64_t built_s;
        char letter;
        size_t len;
    } rows[] = {{0, 0, METADATA_LEN - 44}, {1, 0, METADATA_LEN}, {0, 'n', METADATA_LEN}};
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_buf buf = TATU_BUF_OF(room);
        memset(info.name, 0, sizeof(info.name));
        info.name[0] = (uint8_t)rows[i].letter;
        info.built_s = rows[i].built_s;
        assert_int_equal(tatu_proto_encode_metadata(&info, &buf), TATU_OK);
        assert_int_equal(buf.len, rows[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_reads_what_was_written),
        cmocka_unit_test(image_is_read_from_its_trailer_alone),
        cmocka_unit_test(image_writes_the_plain_application_trailer),
        cmocka_unit_test(image_refuses_each_spoiled_field),
        cmocka_unit_test(image_skips_sections_it_does_not_know),
        cmocka_unit_test(image_knows_where_its_second_signature_is),
        cmocka_unit_test(image_takes_a_second_signature_as_last_section_only),
        cmocka_unit_test(image_refuses_each_wrong_length),
        cmocka_unit_test(metadata_is_written_whole_or_not_at_all),
        cmocka_unit_test(metadata_refuses_what_would_not_be_read),
        cmocka_unit_test(type_names_are_read_back),
        cmocka_unit_test(verity_tree_is_as_long_as_the_format_says),
        cmocka_unit_test(image_meets_each_maximum),
        cmocka_unit_test(image_of_the_smallest_trailer_is_read),
        cmocka_unit_test(name_and_time_of_nothing_have_no_section),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
