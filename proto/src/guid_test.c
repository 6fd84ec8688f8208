#include "proto/image.h"

#include "testing.h"

static const uint8_t guid[16] = {0x57, 0x5c, 0xae, 0x61, 0xcd, 0x98, 0x0a, 0x4a,
                                 0x8b, 0x60, 0x95, 0x09, 0x50, 0x5c, 0x76, 0x17};
static const char text[] = "61ae5c57-98cd-4a0a-8b60-9509505c7617";

static void guid_has_its_first_groups_little_endian(void **state)
{
    (void)state;
    char shown[TATU_GUID_TEXT_SIZE];
    tatu_proto_format_guid(guid, shown);
    assert_string_equal(shown, text);
}

static void guid_is_read_in_either_case(void **state)
{
    (void)state;
    uint8_t back[16];
    assert_int_equal(tatu_proto_parse_guid(text, 36, back), TATU_OK);
    assert_memory_equal(back, guid, 16);
    assert_int_equal(tatu_proto_parse_guid("61AE5C57-98CD-4A0A-8B60-9509505C7617", 36, back),
                     TATU_OK);
    assert_memory_equal(back, guid, 16);
}

static void guid_refuses_every_other_text(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "61ae5c57-98cd-4a0a-8b60-9509505c761",
        "61ae5c57-98cd-4a0a-8b60-9509505c76170",
        "61ae5c5798cd-4a0a-8b60--9509505c7617",
        "61ae5c57-98cd-4a0a-8b60-9509505c761g",
        "{1ae5c57-98cd-4a0a-8b60-9509505c7617",
        "61ae5c57 98cd-4a0a-8b60-9509505c7617",
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint8_t out[16];
        memset(out, UNTOUCHED, sizeof(out));
        expect_err(rows[i], tatu_proto_parse_guid(rows[i], strlen(rows[i]), out), TATU_ERR_FORMAT);
        assert_true(is_untouched(out, sizeof(out)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guid_has_its_first_groups_little_endian),
        cmocka_unit_test(guid_is_read_in_either_case),
        cmocka_unit_test(guid_refuses_every_other_text),
    };
    return cmocka_run_group_tests_name("guid", tests, NULL, NULL);
}
