#include "os/manifest/admission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct tatu_manifest_cost no_cost = {0, 0};

/* The manifest of one application whose Capabilities hold this text. */
static struct tatu_manifest make(const char *type, const char *capabilities)
{
    struct tatu_manifest manifest;
    char text[1024];
    uint32_t number = 0;
    const int len = snprintf(text, sizeof(text),
                             "{\"SchemaVersion\":1,\"Name\":\"a\",\"EntryPoint\":\"/app\","
                             "\"ComponentId\":\"0d00be11-54a7-4c0e-9f53-2c1d6a7e5b10\","
                             "\"ApplicationType\":\"%s\",\"Capabilities\":{%s}}",
                             type, capabilities);
    assert_in_range(len, 1, sizeof(text) - 1);
    assert_int_equal(tatu_manifest_decode((struct tatu_span){(const uint8_t *)text, (size_t)len},
                                          &manifest, &number),
                     TATU_OK);
    return manifest;
}

/* Two applications that each may be installed, but not together. */
static const struct {
    const char *type;
    const char *first;
    const char *second;
    uint32_t number;
} pairs[] = {
    {"Default", "\"AllowedTcpServerPorts\":[80,443]", "\"AllowedTcpServerPorts\":[8080,443]",
     TATU_NUMBER_LIFETIME_MANAGER_DUPLICATE_TCP_UDP_PORT_DETECTED},
    {"Default", "\"AllowedUdpServerPorts\":[67]", "\"AllowedUdpServerPorts\":[67]",
     TATU_NUMBER_LIFETIME_MANAGER_DUPLICATE_TCP_UDP_PORT_DETECTED},
    {"Default", "\"Gpio\":[8,79]", "\"Gpio\":[79]",
     TATU_NUMBER_PERIPHERAL_REQUESTED_GPIO_ALREADY_IN_USE},
    {"Default", "\"Uart\":[\"ISU1\"]", "\"Uart\":[\"ISU1\"]",
     TATU_NUMBER_PERIPHERAL_REQUESTED_PERIPHERAL_ALREADY_IN_USE},
    {"Default", "\"SpiMaster\":[\"ISU4\"]", "\"SpiMaster\":[\"ISU4\"]",
     TATU_NUMBER_PERIPHERAL_REQUESTED_PERIPHERAL_ALREADY_IN_USE},
    {"Default", "\"I2cMaster\":[\"ISU2\"]", "\"I2cMaster\":[\"ISU2\",\"ISU3\"]",
     TATU_NUMBER_PERIPHERAL_REQUESTED_PERIPHERAL_ALREADY_IN_USE},
    {"Default", "\"Pwm\":[\"PWM-CONTROLLER-0\"]", "\"Pwm\":[\"PWM-CONTROLLER-0\"]",
     TATU_NUMBER_PERIPHERAL_REQUESTED_PERIPHERAL_ALREADY_IN_USE},
    {"Default", "\"Adc\":[\"ADC-CONTROLLER-0\"]", "\"Adc\":[\"ADC-CONTROLLER-0\"]",
     TATU_NUMBER_PERIPHERAL_REQUESTED_PERIPHERAL_ALREADY_IN_USE},
    {"Default", "\"I2sSubordinate\":[\"I2S0\"]", "\"I2sSubordinate\":[\"I2S0\"]",
     TATU_NUMBER_PERIPHERAL_REQUESTED_PERIPHERAL_ALREADY_IN_USE},
    {"Default", "\"Uart\":[\"ISU0\"]", "\"I2cMaster\":[\"ISU0\"]",
     TATU_NUMBER_APP_MANAGER_REQUESTED_PINS_ALREADY_USED},
    {"Default", "\"SpiMaster\":[\"ISU3\",\"ISU4\"]", "\"Uart\":[\"ISU4\"]",
     TATU_NUMBER_APP_MANAGER_REQUESTED_PINS_ALREADY_USED},
    {"Default", "\"I2cMaster\":[\"ISU2\"]", "\"SpiMaster\":[\"ISU2\"]",
     TATU_NUMBER_APP_MANAGER_REQUESTED_PINS_ALREADY_USED},
    {"Debugger", "", "", TATU_NUMBER_APP_MANAGER_DEBUGGER_ALREADY_LOADED},
};

static void what_two_cannot_both_have_the_second_does_not_get(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(pairs); i++) {
        const struct tatu_manifest first = make(pairs[i].type, pairs[i].first);
        const struct tatu_manifest second = make(pairs[i].type, pairs[i].second);
        struct tatu_admission admission = {0}, before;
        uint32_t number = 1;
        assert_int_equal(tatu_manifest_admit(&admission, &first, &no_cost, &number), TATU_OK);
        assert_int_equal(number, 0);
        before = admission;
        assert_int_equal(tatu_manifest_admit(&admission, &second, &no_cost, &number),
                         TATU_ERR_EXISTS);
        if (number != pairs[i].number) {
            fail_msg("%s: %u|%u", pairs[i].second, (unsigned)number >> 20, number & 0xfffff);
        }
        assert_memory_equal(&admission, &before, sizeof(admission));
        /* alone it may */
        admission = (struct tatu_admission){0};
        assert_int_equal(tatu_manifest_admit(&admission, &second, &no_cost, &number), TATU_OK);
    }
}

static void what_two_can_both_have_they_get(void **state)
{
    (void)state;
    const struct tatu_manifest one =
        make("Default", "\"AllowedTcpServerPorts\":[67],\"Gpio\":[30],\"I2cMaster\":[\"ISU0\"],"
                        "\"Pwm\":[\"PWM-CONTROLLER-0\"],\"Adc\":[\"ADC-CONTROLLER-0\"],"
                        "\"NetworkConfig\":true,\"AllowedConnections\":[\"a.example\"]");
    const struct tatu_manifest other = make(
        "Default", "\"AllowedUdpServerPorts\":[67],\"Gpio\":[0,26,41],\"I2cMaster\":[\"ISU1\"],"
                   "\"SpiMaster\":[\"ISU2\"],\"Uart\":[\"ISU3\"],"
                   "\"NetworkConfig\":true,\"AllowedConnections\":[\"a.example\"]");
    struct tatu_admission admission = {0};
    uint32_t number = 1;
    assert_int_equal(tatu_manifest_admit(&admission, &one, &no_cost, &number), TATU_OK);
    assert_int_equal(tatu_manifest_admit(&admission, &other, &no_cost, &number), TATU_OK);
    assert_int_equal(admission.app_count, 2);
}

static void storage_flash_and_memory_are_shared_by_all(void **state)
{
    (void)state;
    const struct tatu_manifest none = make("Default", "");
    const struct tatu_manifest full = make("Default", "\"MutableStorage\":{\"SizeKB\":64}");
    const struct tatu_manifest little = make("Default", "\"MutableStorage\":{\"SizeKB\":1}");
    struct tatu_admission admission = {0};
    uint32_t number = 0;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tatu_manifest_admit(&admission, &full, &no_cost, &number), TATU_OK);
    }
    assert_int_equal(tatu_manifest_admit(&admission, &little, &no_cost, &number), TATU_ERR_FULL);
    assert_int_equal(number, TATU_NUMBER_PERMISSIONS_REQUESTED_SPACE_NOT_AVAILABLE);

    const struct tatu_manifest_cost whole = {TATU_ADMISSION_FLASH_MAX, TATU_ADMISSION_RAM_MAX};
    const struct tatu_manifest_cost over = {TATU_ADMISSION_FLASH_MAX + 1, 0};
    assert_int_equal(tatu_manifest_admit(&admission, &none, &over, &number), TATU_ERR_FULL);
    assert_int_equal(number, TATU_NUMBER_IMAGE_UPDATE_IMAGE_EXCEEDS_COMPONENT_SIZE_LIMIT);
    assert_int_equal(tatu_manifest_admit(&admission, &none, &whole, &number), TATU_OK);
    const struct tatu_manifest_cost flash = {1, 0}, ram = {0, 1}, most = {0, UINT32_MAX};
    assert_int_equal(tatu_manifest_admit(&admission, &none, &flash, &number), TATU_ERR_FULL);
    assert_int_equal(number, TATU_NUMBER_IMAGE_UPDATE_FAILED_TO_FIND_FREE_SPACE);
    assert_int_equal(tatu_manifest_admit(&admission, &none, &ram, &number), TATU_ERR_FULL);
    assert_int_equal(number, TATU_NUMBER_REST_OUT_OF_MEMORY);
    assert_int_equal(tatu_manifest_admit(&admission, &none, &most, &number), TATU_ERR_FULL);
}

static void there_is_room_for_sixteen_and_no_real_time_core(void **state)
{
    (void)state;
    const struct tatu_manifest none = make("Default", "");
    const struct tatu_manifest real_time = make("RealTimeCapable", "");
    struct tatu_admission admission = {0};
    uint32_t number = 0;
    assert_int_equal(tatu_manifest_admit(&admission, &real_time, &no_cost, &number), TATU_ERR_FULL);
    assert_int_equal(number, TATU_NUMBER_APP_MANAGER_NO_CORE_AVAILABLE);
    for (size_t i = 0; i < TATU_ADMISSION_APP_MAX; i++) {
        assert_int_equal(tatu_manifest_admit(&admission, &none, &no_cost, &number), TATU_OK);
    }
    assert_int_equal(tatu_manifest_admit(&admission, &none, &no_cost, &number), TATU_ERR_FULL);
    assert_int_equal(number, TATU_NUMBER_IMAGE_UPDATE_BAD_IMAGE_COUNT);
}

static void the_most_ports_there_can_be_are_remembered(void **state)
{
    (void)state;
    struct tatu_manifest manifest = make("Default", "");
    struct tatu_admission admission = {0};
    uint32_t number = 0;
    manifest.tcp.count = TATU_MANIFEST_PORT_MAX;
    for (size_t i = 0; i < TATU_ADMISSION_APP_MAX; i++) {
        for (size_t n = 0; n < TATU_MANIFEST_PORT_MAX; n++) {
            manifest.tcp.ports[n] = (uint16_t)(1 + i * TATU_MANIFEST_PORT_MAX + n);
        }
        assert_int_equal(tatu_manifest_admit(&admission, &manifest, &no_cost, &number), TATU_OK);
    }
    assert_int_equal(admission.tcp.count, TATU_COUNT_OF(admission.tcp.ports));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_two_cannot_both_have_the_second_does_not_get),
        cmocka_unit_test(what_two_can_both_have_they_get),
        cmocka_unit_test(storage_flash_and_memory_are_shared_by_all),
        cmocka_unit_test(there_is_room_for_sixteen_and_no_real_time_core),
        cmocka_unit_test(the_most_ports_there_can_be_are_remembered),
    };
    return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
