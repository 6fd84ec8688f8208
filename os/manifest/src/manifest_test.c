#include "os/manifest/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SCHEMA "{\"SchemaVersion\":1,"
#define NAMES "\"Name\":\"door\",\"ComponentId\":\"0d00be11-54a7-4c0e-9f53-2c1d6a7e5b10\","
#define ENTRY "\"EntryPoint\":\"/bin/app\","
#define HEAD SCHEMA NAMES ENTRY
#define CAN(text) HEAD "\"Capabilities\":{" text "}}"
#define SIXTEEN(text)                                                                              \
    text "," text "," text "," text "," text "," text "," text "," text "," text "," text "," text \
         "," text "," text "," text "," text "," text

static enum tatu_err decode(const char *text, struct tatu_manifest *out, uint32_t *out_number)
{
    return tatu_manifest_decode((struct tatu_span){(const uint8_t *)text, strlen(text)}, out,
                                out_number);
}

static void manifest_of_a_doorbell_is_read(void **state)
{
    (void)state;
    struct tatu_manifest m;
    uint32_t number = 1;
    assert_int_equal(decode(HEAD
                            "\"CmdArgs\":[\"a\",\"bc\"],\"Capabilities\":{\"Gpio\":[8,12],"
                            "\"AllowedConnections\":[\"10.0.2.2\",\"bell.example\"],"
                            "\"DeviceAuthentication\":\"0D00be11-54a7-4c0e-9f53-2c1d6a7e5b10\","
                            "\"WifiConfig\":true},\"ApplicationType\":\"Default\"}",
                            &m, &number),
                     TATU_OK);
    assert_int_equal(number, 0);
    assert_string_equal(m.name, "door");
    assert_string_equal(m.entry_point, "/bin/app");
    assert_int_equal(m.type, TATU_MANIFEST_DEFAULT);
    assert_int_equal(m.arg_count, 2);
    assert_memory_equal(m.args, "a\0bc", 5);
    assert_true(m.gpio[8] && m.gpio[12] && !m.gpio[9]);
    assert_int_equal(m.host_count, 2);
    assert_string_equal(m.hosts[1], "bell.example");
    assert_true(m.has_tenant);
    assert_int_equal(m.tenant[0], 0x11);
    assert_int_equal(m.capabilities, TATU_CAN_WIFI_CONFIG);
}

static void manifest_that_asks_for_everything_is_read(void **state)
{
    (void)state;
    struct tatu_manifest m;
    uint32_t number = 1;
    const char *text =
        HEAD "\"TargetApplicationRuntimeVersion\":12,\"TargetBetaApis\":\"Beta2004\","
             "\"MallocVersion\":2,\"ApplicationType\":\"Debugger\",\"Extra\":[],\"Capabilities\":{"
             "\"Uart\":[\"ISU0\",\"ISU4\"],\"SpiMaster\":[\"ISU1\"],\"I2cMaster\":[\"ISU2\"],"
             "\"Pwm\":[\"PWM-CONTROLLER-2\"],\"Adc\":[\"ADC-CONTROLLER-0\"],"
             "\"I2sSubordinate\":[\"I2S1\"],\"AllowedTcpServerPorts\":[1,65535],"
             "\"AllowedUdpServerPorts\":[67,1],\"MutableStorage\":{\"SizeKB\":64},"
             "\"AllowedApplicationConnections\":[\"0d00be11-54a7-4c0e-9f53-2c1d6a7e5b10\"],"
             "\"AllowedConnections\":[\"2001:db8::1\",\"a-b.c_d.example.\"],"
             "\"PowerControls\":[\"ForceReboot\",\"ForcePowerDown\",\"SetPowerProfile\"],"
             "\"CertStore\":true,\"DhcpService\":true,\"EnterpriseWifiConfig\":true,"
             "\"HardwareAddressConfig\":true,\"HeapMemStats\":true,\"NetworkConfig\":true,"
             "\"ReadNetworkProxyConfig\":true,\"SntpService\":true,\"SoftwareUpdateDeferral\":true,"
             "\"SystemEventNotifications\":true,\"SystemTime\":true,\"TimeSyncConfig\":true,"
             "\"WifiConfig\":true}}";
    assert_int_equal(decode(text, &m, &number), TATU_OK);
    assert_int_equal(m.capabilities, (1 << 17) - 1);
    assert_int_equal(m.type, TATU_MANIFEST_DEBUGGER);
    assert_int_equal(m.runtime, 12);
    assert_int_equal(m.malloc_version, 2);
    assert_int_equal(m.peripherals[TATU_MANIFEST_UART], 0x11);
    assert_int_equal(m.peripherals[TATU_MANIFEST_SPI], 0x02);
    assert_int_equal(m.peripherals[TATU_MANIFEST_I2C], 0x04);
    assert_int_equal(m.peripherals[TATU_MANIFEST_PWM], 0x04);
    assert_int_equal(m.peripherals[TATU_MANIFEST_ADC], 0x01);
    assert_int_equal(m.peripherals[TATU_MANIFEST_I2S], 0x02);
    assert_int_equal(m.tcp.count, 2);
    assert_int_equal(m.tcp.ports[1], 65535);
    assert_int_equal(m.udp.ports[0], 67);
    assert_int_equal(m.peer_count, 1);
    assert_int_equal(m.peers[0][0], 0x11);
    assert_int_equal(m.storage_kb, 64);
    assert_string_equal(m.hosts[0], "2001:db8::1");
}

static void manifest_keeps_31_bytes_of_a_name(void **state)
{
    (void)state;
    struct tatu_manifest m;
    uint32_t number;
    assert_int_equal(decode(SCHEMA ENTRY "\"Name\":\"0123456789012345678901234567890123456789\","
                                         "\"ComponentId\":\"0d00be11-54a7-4c0e-9f53-2c1d6a7e5b10\","
                                         "\"Capabilities\":{\"SystemTime\":false}}",
                            &m, &number),
                     TATU_OK);
    assert_string_equal(m.name, "0123456789012345678901234567890");
    assert_int_equal(m.capabilities, 0);
}

#define M(name) TATU_NUMBER_APP_MANIFEST_##name
#define NOT_BOOLEAN(key) CAN("\"" key "\":1")

/* One row at least for each number of the category that a manifest can earn. */
static const struct {
    const char *text;
    uint32_t number;
    enum tatu_err err;
} refused[] = {
    {"{", M(INVALID_JSON), TATU_ERR_FORMAT},
    {"[]", M(INVALID_JSON), TATU_ERR_FORMAT},
    {"", M(INVALID_JSON), TATU_ERR_FORMAT},
    {"{\"Name\":1,\"Name\":2}", M(INVALID_JSON), TATU_ERR_FORMAT},
    {"{\"a\":[[[[[[[[]]]]]]]]}", M(INVALID_JSON), TATU_ERR_FORMAT},
    {HEAD "\"CmdArgs\":[\"a\\u0000b\"],\"Capabilities\":{}}", M(INVALID_JSON), TATU_ERR_FORMAT},
    {SCHEMA NAMES "\"Capabilities\":{}}", M(MISSING_ENTRY_POINT), TATU_ERR_MANIFEST},
    {"{}", M(MISSING_SCHEMA_VERSION), TATU_ERR_MANIFEST},
    {HEAD "\"CmdArgs\":\"a\",\"Capabilities\":{}}", M(CMD_ARG_PARSE_ERROR), TATU_ERR_MANIFEST},
    {HEAD "\"CmdArgs\":[1],\"Capabilities\":{}}", M(CMD_ARG_PARSE_ERROR), TATU_ERR_MANIFEST},
    {HEAD "\"CmdArgs\":[" SIXTEEN("\"\"") "],\"Capabilities\":{}}", M(CMD_ARG_PARSE_ERROR),
     TATU_ERR_MANIFEST},
    {HEAD "\"Name2\":1}", M(MISSING_CAPABILITIES_LIST), TATU_ERR_MANIFEST},
    {HEAD "\"Capabilities\":[]}", M(MISSING_CAPABILITIES_LIST), TATU_ERR_MANIFEST},
    {CAN("\"AllowedConnections\":\"a\""), M(CONNECTIONS_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"AllowedConnections\":[1]"), M(CONNECTIONS_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"AllowedConnections\":[\"a b\"]"), M(CONNECTIONS_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"AllowedConnections\":[\"*.example\"]"), M(CONNECTIONS_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"AllowedConnections\":[\"a..b\"]"), M(CONNECTIONS_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"AllowedConnections\":[\"\"]"), M(CONNECTIONS_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"AllowedConnections\":[\"10.0.2.256\"]"), M(CONNECTIONS_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"AllowedConnections\":[\"1:2\"]"), M(CONNECTIONS_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"AllowedConnections\":[" SIXTEEN("\"a\"") ",\"a\"]"), M(CONNECTIONS_PARSE_ERROR),
     TATU_ERR_MANIFEST},
    {CAN("\"Gpio\":3"), M(GPIO_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"Gpio\":[\"$LED\"]"), M(GPIO_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"Gpio\":[3,3]"), M(GPIO_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"Gpio\":[84]"), TATU_NUMBER_PERIPHERAL_UNDEFINED_GPIO_IN_MANIFEST, TATU_ERR_MANIFEST},
    {CAN("\"Gpio\":[-1]"), TATU_NUMBER_PERIPHERAL_UNDEFINED_GPIO_IN_MANIFEST, TATU_ERR_MANIFEST},
    {NOT_BOOLEAN("NetworkConfig"), M(NETWORK_CONFIG_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"SpiMaster\":1"), M(PERIPHERAL_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"Adc\":[0]"), M(PERIPHERAL_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"Pwm\":[\"PWM-CONTROLLER-1\",\"PWM-CONTROLLER-1\"]"), M(PERIPHERAL_PARSE_ERROR),
     TATU_ERR_MANIFEST},
    {CAN("\"Pwm\":[\"PWM-CONTROLLER-3\"]"), TATU_NUMBER_PERIPHERAL_UNDEFINED_PERIPHERAL_IN_MANIFEST,
     TATU_ERR_MANIFEST},
    {CAN("\"I2cMaster\":[\"ISU11\"]"), TATU_NUMBER_PERIPHERAL_UNDEFINED_PERIPHERAL_IN_MANIFEST,
     TATU_ERR_MANIFEST},
    {CAN("\"I2sSubordinate\":[\"I2S2\"]"), TATU_NUMBER_PERIPHERAL_UNDEFINED_PERIPHERAL_IN_MANIFEST,
     TATU_ERR_MANIFEST},
    {NOT_BOOLEAN("WifiConfig"), M(WIFI_PARSE_ERROR), TATU_ERR_MANIFEST},
    {SCHEMA NAMES "\"EntryPoint\":1,\"Capabilities\":{}}", M(BAD_ENTRY_POINT), TATU_ERR_MANIFEST},
    {SCHEMA NAMES "\"EntryPoint\":\"bin/app\",\"Capabilities\":{}}", M(BAD_ENTRY_POINT),
     TATU_ERR_MANIFEST},
    {SCHEMA NAMES "\"EntryPoint\":\"/../app\",\"Capabilities\":{}}", M(BAD_ENTRY_POINT),
     TATU_ERR_MANIFEST},
    {SCHEMA NAMES "\"EntryPoint\":\"/a//b\",\"Capabilities\":{}}", M(BAD_ENTRY_POINT),
     TATU_ERR_MANIFEST},
    {SCHEMA NAMES "\"EntryPoint\":\"/" SIXTEEN("123456") "\",\"Capabilities\":{}}",
     M(BAD_ENTRY_POINT), TATU_ERR_MANIFEST},
    {"{\"SchemaVersion\":2}", M(INCOMPATIBLE_SCHEMA_VERSION), TATU_ERR_VERSION},
    {"{\"SchemaVersion\":\"1\"}", M(INCOMPATIBLE_SCHEMA_VERSION), TATU_ERR_VERSION},
    {CAN("\"Uart\":{}"), M(PERIPHERAL_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"Uart\":[\"ISU5\"]"), M(UART_NOT_AVAILABLE), TATU_ERR_MANIFEST},
    {CAN("\"DeviceAuthentication\":\"x\""), M(DEVICE_AUTH_TENANT_ID_PARSE_ERROR),
     TATU_ERR_MANIFEST},
    {CAN("\"DeviceAuthentication\":1"), M(DEVICE_AUTH_TENANT_ID_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"DeviceAuthentication\":\"0d00be11-54a7-4c0e-9f53-2c1d6a7e5b100\""),
     M(DEVICE_AUTH_TENANT_ID_TOO_LONG), TATU_ERR_MANIFEST},
    {HEAD "\"ApplicationType\":\"Fridge\",\"Capabilities\":{}}", M(BAD_APP_TYPE), TATU_ERR_TYPE},
    {HEAD "\"ApplicationType\":1,\"Capabilities\":{}}", M(NON_STRING_APP_TYPE), TATU_ERR_MANIFEST},
    {NOT_BOOLEAN("SystemTime"), M(SYSTEM_TIME_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"MutableStorage\":8"), M(NON_OBJECT_MUTABLE_STORAGE_TYPE), TATU_ERR_MANIFEST},
    {CAN("\"MutableStorage\":{}"), M(MUTABLE_STORAGE_MISSING_REQUIRED_FIELD), TATU_ERR_MANIFEST},
    {CAN("\"MutableStorage\":{\"SizeKB\":\"8\"}"), M(ERROR_PARSING_MUTABLE_STORAGE_FIELD),
     TATU_ERR_MANIFEST},
    {CAN("\"MutableStorage\":{\"SizeKB\":-1}"), M(ERROR_PARSING_MUTABLE_STORAGE_FIELD),
     TATU_ERR_MANIFEST},
    {CAN("\"MutableStorage\":{\"SizeKB\":65}"), M(MUTABLE_STORAGE_REQUEST_TOO_LARGE),
     TATU_ERR_MANIFEST},
    {CAN("\"Uart\":[\"ISU0\"],\"SpiMaster\":[\"ISU0\"]"), M(REQUESTED_PERIPHERALS_REQUIRE_SAME_PIN),
     TATU_ERR_MANIFEST},
    {CAN("\"I2cMaster\":[\"ISU3\",\"ISU4\"],\"Uart\":[\"ISU4\"]"),
     M(REQUESTED_PERIPHERALS_REQUIRE_SAME_PIN), TATU_ERR_MANIFEST},
    {CAN("\"SpiMaster\":[\"ISU1\"],\"I2cMaster\":[\"ISU1\"]"),
     M(REQUESTED_PERIPHERALS_REQUIRE_SAME_PIN), TATU_ERR_MANIFEST},
    {CAN("\"AllowedTcpServerPorts\":1"), M(ALLOWED_TCP_PORTS_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"AllowedTcpServerPorts\":[\"1\"]"), M(ALLOWED_TCP_PORTS_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"AllowedUdpServerPorts\":{}"), M(ALLOWED_UDP_PORTS_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"AllowedUdpServerPorts\":[" SIXTEEN("1") ",1]"), M(ALLOWED_UDP_PORTS_PARSE_ERROR),
     TATU_ERR_MANIFEST},
    {CAN("\"AllowedTcpServerPorts\":[0]"), M(ILLEGAL_TCP_PORTS_VALUE), TATU_ERR_MANIFEST},
    {CAN("\"AllowedTcpServerPorts\":[5,5]"), M(ILLEGAL_TCP_PORTS_VALUE), TATU_ERR_MANIFEST},
    {CAN("\"AllowedUdpServerPorts\":[65536]"), M(ILLEGAL_UDP_PORTS_VALUE), TATU_ERR_MANIFEST},
    {NOT_BOOLEAN("TimeSyncConfig"), M(TIME_SYNC_CONFIG_PARSE_ERROR), TATU_ERR_MANIFEST},
    {NOT_BOOLEAN("DhcpService"), M(DHCP_SERVICE_PARSE_ERROR), TATU_ERR_MANIFEST},
    {NOT_BOOLEAN("SntpService"), M(SNTP_SERVICE_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"AllowedApplicationConnections\":[\"x\"]"),
     M(ALLOWED_APPLICATION_CONNECTIONS_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"AllowedApplicationConnections\":1"), M(ALLOWED_APPLICATION_CONNECTIONS_PARSE_ERROR),
     TATU_ERR_MANIFEST},
    {NOT_BOOLEAN("CertStore"), M(CERT_STORE_PARSE_ERROR), TATU_ERR_MANIFEST},
    {NOT_BOOLEAN("EnterpriseWifiConfig"), M(ENTERPRISE_WIFI_CONFIG_PARSE_ERROR), TATU_ERR_MANIFEST},
    {NOT_BOOLEAN("SystemEventNotifications"), M(SYSTEM_EVENT_NOTIFICATIONS_PARSE_ERROR),
     TATU_ERR_MANIFEST},
    {NOT_BOOLEAN("SoftwareUpdateDeferral"), M(SOFTWARE_UPDATE_DEFERRAL_PARSE_ERROR),
     TATU_ERR_MANIFEST},
    {CAN("\"PowerControls\":true"), M(POWER_CONTROLS_MALFORMED_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"PowerControls\":[\"ForceReboot\",\"ForceReboot\"]"),
     M(POWER_CONTROLS_MALFORMED_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"PowerControls\":[]"), M(POWER_CONTROLS_EMPTY_PARSE_ERROR), TATU_ERR_MANIFEST},
    {CAN("\"PowerControls\":[\"Fly\"]"), M(POWER_CONTROLS_INVALID_ENTRY_PARSE_ERROR),
     TATU_ERR_MANIFEST},
    {NOT_BOOLEAN("HardwareAddressConfig"), M(HARDWARE_ADDRESS_CONFIG_PARSE_ERROR),
     TATU_ERR_MANIFEST},
    {NOT_BOOLEAN("ReadNetworkProxyConfig"), M(READ_NETWORK_PROXY_CONFIG_PARSE_ERROR),
     TATU_ERR_MANIFEST},
    {NOT_BOOLEAN("HeapMemStats"), M(HEAP_MEM_STATS_PARSE_ERROR), TATU_ERR_MANIFEST},
    {HEAD "\"MallocVersion\":3,\"Capabilities\":{}}", M(MALLOC_VERSION_PARSE_ERROR),
     TATU_ERR_MANIFEST},
    {HEAD "\"MallocVersion\":\"1\",\"Capabilities\":{}}", M(MALLOC_VERSION_PARSE_ERROR),
     TATU_ERR_MANIFEST},
    /* numbers of other categories */
    {CAN("\"FlyToTheMoon\":true"), TATU_NUMBER_APP_MANAGER_ILLEGAL_CAPABILITY_IN_MANIFEST,
     TATU_ERR_CAPABILITY},
    {CAN("\"Update\":true"), TATU_NUMBER_APP_MANAGER_CUSTOMER_REQUESTED_ILLEGAL_CAPABILITY,
     TATU_ERR_CAPABILITY},
    {CAN("\"ResetMemoryWatermarks\":true"),
     TATU_NUMBER_APP_MANAGER_CUSTOMER_REQUESTED_ILLEGAL_CAPABILITY, TATU_ERR_CAPABILITY},
    {CAN("\"PolicyGroups\":[]"), TATU_NUMBER_APP_MANAGER_CUSTOMER_MANIFEST_HAS_POLICY,
     TATU_ERR_CAPABILITY},
    {HEAD "\"TargetApplicationRuntimeVersion\":13,\"Capabilities\":{}}",
     TATU_NUMBER_LIFETIME_MANAGER_INCOMPATIBLE_APPLICATION_RUNTIME, TATU_ERR_VERSION},
    {HEAD "\"TargetApplicationRuntimeVersion\":\"1\",\"Capabilities\":{}}",
     TATU_NUMBER_LIFETIME_MANAGER_INCOMPATIBLE_APPLICATION_RUNTIME, TATU_ERR_VERSION},
    {HEAD "\"TargetBetaApis\":1,\"Capabilities\":{}}", TATU_NUMBER_APP_MANAGER_BAD_APPLICATION_INFO,
     TATU_ERR_MANIFEST},
    {SCHEMA ENTRY "\"Name\":\"\",\"ComponentId\":\"0d00be11-54a7-4c0e-9f53-2c1d6a7e5b10\","
                  "\"Capabilities\":{}}",
     TATU_NUMBER_APP_MANAGER_BAD_APPLICATION_INFO, TATU_ERR_MANIFEST},
    {SCHEMA ENTRY "\"Name\":\"a\",\"ComponentId\":\"0d00be11\",\"Capabilities\":{}}",
     TATU_NUMBER_APP_MANAGER_BAD_APPLICATION_INFO, TATU_ERR_MANIFEST},
};

static void manifest_with_a_fault_is_refused_by_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(refused); i++) {
        struct tatu_manifest m = {.arg_count = 77};
        uint32_t number = 0;
        const enum tatu_err err = decode(refused[i].text, &m, &number);
        if (err != refused[i].err || number != refused[i].number) {
            fail_msg("%s: %s %u|%u", refused[i].text, tatu_err_name(err), (unsigned)number >> 20,
                     (unsigned)number & 0xfffff);
        }
        assert_int_equal(m.arg_count, 77);
    }
}

static void documented_numbers_are_the_originals(void **state)
{
    (void)state;
    assert_int_equal(M(POWER_CONTROLS_MALFORMED_PARSE_ERROR), 2097200);
    assert_int_equal(M(POWER_CONTROLS_INVALID_ENTRY_PARSE_ERROR), 2097202);
    assert_int_equal(TATU_NUMBER_REST_APP_APP_NOT_PRESENT, 14680076);
    assert_int_equal(TATU_NUMBER_IMAGE_UPDATE_OTA_UPDATE_IN_PROGRESS, 7340071);
}

static void manifest_over_its_limit_is_refused(void **state)
{
    (void)state;
    static uint8_t big[TATU_MANIFEST_MAX + 1];
    struct tatu_manifest m;
    uint32_t number = 0;
    memset(big, ' ', sizeof(big));
    assert_int_equal(tatu_manifest_decode(TATU_SPAN_OF(big), &m, &number), TATU_ERR_LONG);
    assert_int_equal(number, M(ERROR_READING_FILE));
}

static void brackets_in_a_text_are_no_depth(void **state)
{
    (void)state;
    struct tatu_manifest m;
    uint32_t number = 1;
    assert_int_equal(
        decode(HEAD "\"CmdArgs\":[\"\\\"[[[[[[[[[[[[\"],\"Capabilities\":{}}", &m, &number),
        TATU_OK);
    assert_string_equal(m.args, "\"[[[[[[[[[[[[");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifest_of_a_doorbell_is_read),
        cmocka_unit_test(manifest_that_asks_for_everything_is_read),
        cmocka_unit_test(manifest_keeps_31_bytes_of_a_name),
        cmocka_unit_test(manifest_with_a_fault_is_refused_by_number),
        cmocka_unit_test(documented_numbers_are_the_originals),
        cmocka_unit_test(manifest_over_its_limit_is_refused),
        cmocka_unit_test(brackets_in_a_text_are_no_depth),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
