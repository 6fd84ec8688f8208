#include "os/apps/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                                       \
    "{\"SchemaVersion\":1,\"Name\":\"door\",\"ComponentId\":\"0d00be11-54a7-4c0e-9f53-"            \
    "2c1d6a7e5b10\","
#define ENTRY "\"EntryPoint\":\"/bin/app\","

static enum tatu_err decode(const char *text, struct tatu_manifest *out)
{
    return tatu_apps_decode_manifest((struct tatu_span){(const uint8_t *)text, strlen(text)}, out);
}

static void manifest_of_a_doorbell_is_read(void **state)
{
    (void)state;
    struct tatu_manifest m;
    assert_int_equal(decode(HEAD ENTRY
                            "\"CmdArgs\":[\"a\",\"bc\"],\"Capabilities\":{\"Gpio\":[8,12],"
                            "\"AllowedConnections\":[\"10.0.2.2\",\"bell.example\"],"
                            "\"DeviceAuthentication\":\"0D00be11-54a7-4c0e-9f53-2c1d6a7e5b10\","
                            "\"WifiConfig\":true},\"ApplicationType\":\"Default\"}",
                            &m),
                     TATU_OK);
    assert_string_equal(m.name, "door");
    assert_string_equal(m.entry_point, "/bin/app");
    assert_int_equal(m.arg_count, 2);
    assert_memory_equal(m.args, "a\0bc", 5);
    assert_true(m.gpio[8] && m.gpio[12] && !m.gpio[9]);
    assert_int_equal(m.host_count, 2);
    assert_string_equal(m.hosts[1], "bell.example");
    assert_true(m.has_tenant);
    assert_int_equal(m.tenant[0], 0x11);
}

static const struct {
    const char *text;
    enum tatu_err err;
} refused[] = {
    {"{", TATU_ERR_FORMAT},
    {"[]", TATU_ERR_FORMAT},
    {"{\"Name\":1,\"Name\":2}", TATU_ERR_FORMAT},
    {"{}", TATU_ERR_MANIFEST},
    {"{\"SchemaVersion\":2}", TATU_ERR_VERSION},
    {HEAD "\"Capabilities\":{}}", TATU_ERR_MANIFEST},
    {HEAD ENTRY "\"ApplicationType\":\"RealTimeCapable\",\"Capabilities\":{}}", TATU_ERR_TYPE},
    {HEAD ENTRY "\"Capabilities\":{\"FlyToTheMoon\":true}}", TATU_ERR_CAPABILITY},
    {HEAD ENTRY "\"Capabilities\":{\"Update\":true}}", TATU_ERR_CAPABILITY},
    {HEAD ENTRY "\"Capabilities\":{\"WifiConfig\":1}}", TATU_ERR_MANIFEST},
    {HEAD ENTRY "\"Capabilities\":{\"Gpio\":[80]}}", TATU_ERR_MANIFEST},
    {HEAD ENTRY "\"Capabilities\":{\"Gpio\":[-1]}}", TATU_ERR_MANIFEST},
    {HEAD ENTRY "\"Capabilities\":{\"Gpio\":[3,3]}}", TATU_ERR_MANIFEST},
    {HEAD ENTRY "\"Capabilities\":{\"Gpio\":3}}", TATU_ERR_MANIFEST},
    {HEAD ENTRY "\"Capabilities\":{\"AllowedConnections\":[\"a b\"]}}", TATU_ERR_MANIFEST},
    {HEAD ENTRY "\"Capabilities\":{\"DeviceAuthentication\":\"x\"}}", TATU_ERR_MANIFEST},
    {HEAD ENTRY "\"Capabilities\":{\"MutableStorage\":{\"SizeKB\":65}}}", TATU_ERR_MANIFEST},
    {HEAD "\"EntryPoint\":\"bin/app\",\"Capabilities\":{}}", TATU_ERR_MANIFEST},
    {HEAD "\"EntryPoint\":\"/../app\",\"Capabilities\":{}}", TATU_ERR_MANIFEST},
    {HEAD "\"EntryPoint\":\"/a//b\",\"Capabilities\":{}}", TATU_ERR_MANIFEST},
    {HEAD ENTRY "\"CmdArgs\":[1],\"Capabilities\":{}}", TATU_ERR_MANIFEST},
    {HEAD ENTRY "\"CmdArgs\":[\"a\\u0000b\"],\"Capabilities\":{}}", TATU_ERR_FORMAT},
    {HEAD ENTRY
     "\"CmdArgs\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\","
     "\"\",\"\"],\"Capabilities\":{}}",
     TATU_ERR_LONG},
};

static void manifest_with_a_fault_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(refused); i++) {
        struct tatu_manifest m = {.arg_count = 77};
        if (decode(refused[i].text, &m) != refused[i].err) {
            fail_msg("%s: %s, not %s", refused[i].text, tatu_err_name(decode(refused[i].text, &m)),
                     tatu_err_name(refused[i].err));
        }
        assert_int_equal(m.arg_count, 77);
    }
}

static void manifest_over_its_limit_is_refused(void **state)
{
    (void)state;
    static uint8_t big[TATU_MANIFEST_MAX + 1];
    struct tatu_manifest m;
    memset(big, ' ', sizeof(big));
    assert_int_equal(tatu_apps_decode_manifest(TATU_SPAN_OF(big), &m), TATU_ERR_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifest_of_a_doorbell_is_read),
        cmocka_unit_test(manifest_with_a_fault_is_refused_by_name),
        cmocka_unit_test(manifest_over_its_limit_is_refused),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
