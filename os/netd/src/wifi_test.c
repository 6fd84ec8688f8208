#include "wifi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct tatu_wifi wifi;

static int set_up(void **state)
{
    (void)state;
    memset(&wifi, 0, sizeof(wifi));
    return 0;
}

static struct tatu_net_wifi_new network(const char *ssid, uint8_t security, const char *psk)
{
    struct tatu_net_wifi_new new = {.network = {.security = security, .enabled = 1},
                                    .psk_len = (uint8_t)strlen(psk)};
    new.network.ssid_len = (uint8_t)strlen(ssid);
    memcpy(new.network.ssid, ssid, strlen(ssid));
    memcpy(new.psk, psk, strlen(psk));
    return new;
}

static enum tatu_netd_fault store(const char *ssid, uint8_t security, const char *psk)
{
    const struct tatu_net_wifi_new new = network(ssid, security, psk);
    uint32_t id = 0;
    return tatu_netd_store_wifi(&wifi, &new, true, &id);
}

static enum tatu_netd_fault set(uint32_t id, enum tatu_net_wifi_field field, const char *value)
{
    return tatu_netd_set_wifi(&wifi, id, field,
                              (struct tatu_span){(const uint8_t *)value, strlen(value)}, true);
}

static void a_network_is_stored_once(void **state)
{
    struct tatu_net_wifi told;
    (void)state;
    assert_int_equal(store("home", TATU_NET_WIFI_PSK, "12345678"), TATU_NETD_OK);
    assert_int_equal(store("home", TATU_NET_WIFI_PSK, "87654321"), TATU_NETD_WIFI_EXISTS_FAULT);
    assert_int_equal(store("home", TATU_NET_WIFI_OPEN, ""), TATU_NETD_OK);
    assert_int_equal(tatu_netd_count_wifi(&wifi), 2);
    assert_int_equal(tatu_netd_get_wifi(&wifi, 0, false, &told), TATU_NETD_OK);
    assert_int_equal(told.has_psk, 1);
    assert_memory_equal(told.ssid, "home", 4);
}

static void a_network_that_cannot_be_is_refused(void **state)
{
    struct tatu_net_wifi_new eap = network("work", TATU_NET_WIFI_EAP_TLS, "");
    uint32_t id = 0;
    (void)state;
    assert_int_equal(store("", TATU_NET_WIFI_OPEN, ""), TATU_NETD_WIFI_SSID_FAULT);
    assert_int_equal(store("a", TATU_NET_WIFI_UNKNOWN, ""), TATU_NETD_WIFI_PROPERTIES_FAULT);
    assert_int_equal(store("a", TATU_NET_WIFI_OPEN, "12345678"), TATU_NETD_WIFI_PROPERTIES_FAULT);
    assert_int_equal(store("a", TATU_NET_WIFI_PSK, ""), TATU_NETD_WIFI_PSK_SHORT_FAULT);
    assert_int_equal(store("a", TATU_NET_WIFI_PSK, "1234567"), TATU_NETD_WIFI_PSK_SHORT_FAULT);
    assert_int_equal(store("a", TATU_NET_WIFI_PSK,
                           "123456789012345678901234567890123456789012345678901234567890123x"),
                     TATU_NETD_WIFI_PSK_LONG_FAULT); /* 64 characters are a key in hex */
    assert_int_equal(tatu_netd_store_wifi(&wifi, &eap, true, &id), TATU_NETD_WIFI_CLIENT_FAULT);
    strcpy(eap.network.client, "cert");
    assert_int_equal(tatu_netd_store_wifi(&wifi, &eap, false, &id), TATU_NETD_WIFI_DENIED_FAULT);
    eap.network.enabled = 7;
    assert_int_equal(tatu_netd_store_wifi(&wifi, &eap, true, &id), TATU_NETD_WIFI_REQUEST_FAULT);
    eap.network.enabled = 1;
    eap.network.ssid_len = 33;
    assert_int_equal(tatu_netd_store_wifi(&wifi, &eap, true, &id), TATU_NETD_WIFI_SSID_FAULT);
    eap.network.ssid_len = 4;
    assert_int_equal(tatu_netd_store_wifi(&wifi, &eap, true, &id), TATU_NETD_OK);
    assert_int_equal(tatu_netd_count_wifi(&wifi), 1);
}

static void fields_are_set_one_by_one(void **state)
{
    struct tatu_net_wifi told;
    uint32_t id = 9;
    (void)state;
    assert_int_equal(tatu_netd_add_wifi(&wifi, &id), TATU_NETD_OK);
    assert_int_equal(id, 0);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_SSID, "home"), TATU_NETD_OK);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_PSK, "12345678"), TATU_NETD_OK);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_NAME, "first"), TATU_NETD_OK);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_IDENTITY, "me"), TATU_NETD_OK);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_CLIENT, "cert"), TATU_NETD_OK);
    assert_int_equal(tatu_netd_get_wifi(&wifi, 0, true, &told), TATU_NETD_OK);
    assert_string_equal(told.name, "first");
    assert_string_equal(told.client, "cert");
    assert_int_equal(tatu_netd_get_wifi(&wifi, 0, false, &told), TATU_NETD_OK);
    assert_string_equal(told.client, "");
    assert_string_equal(told.identity, "");
}

static void a_field_that_cannot_be_is_refused(void **state)
{
    static const uint8_t three[4] = {3}, four[4] = {4}, one[4] = {1};
    const struct tatu_span eap = TATU_SPAN_OF(three), none = TATU_SPAN_OF(four);
    uint32_t id = 0;
    (void)state;
    assert_int_equal(tatu_netd_add_wifi(&wifi, &id), TATU_NETD_OK);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_SSID, ""), TATU_NETD_WIFI_SSID_FAULT);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_SSID, "123456789012345678901234567890123"),
                     TATU_NETD_WIFI_SSID_FAULT);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_NAME, "12345678901234567"),
                     TATU_NETD_WIFI_LENGTH_FAULT);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_CLIENT, ""), TATU_NETD_WIFI_LENGTH_FAULT);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_PSK, "1"), TATU_NETD_WIFI_PSK_SHORT_FAULT);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_ENABLED, "1"), TATU_NETD_WIFI_REQUEST_FAULT);
    assert_int_equal(set(0, (enum tatu_net_wifi_field)99, "1"), TATU_NETD_WIFI_REQUEST_FAULT);
    assert_int_equal(
        tatu_netd_set_wifi(&wifi, 0, TATU_NET_WIFI_FIELD_NAME, (struct tatu_span){one, 2}, true),
        TATU_NETD_WIFI_REQUEST_FAULT); /* a NUL inside */
    assert_int_equal(tatu_netd_set_wifi(&wifi, 0, TATU_NET_WIFI_FIELD_SECURITY, none, true),
                     TATU_NETD_WIFI_REQUEST_FAULT);
    assert_int_equal(tatu_netd_set_wifi(&wifi, 0, TATU_NET_WIFI_FIELD_SECURITY, eap, false),
                     TATU_NETD_WIFI_DENIED_FAULT);
    assert_int_equal(tatu_netd_set_wifi(&wifi, 0, TATU_NET_WIFI_FIELD_SECURITY, eap, true),
                     TATU_NETD_OK);
    assert_int_equal(tatu_netd_set_wifi(&wifi, 0, TATU_NET_WIFI_FIELD_ROOT, eap, false),
                     TATU_NETD_WIFI_DENIED_FAULT);
    assert_int_equal(set(1, TATU_NET_WIFI_FIELD_NAME, "x"), TATU_NETD_WIFI_NOT_FOUND_FAULT);
    assert_int_equal(set(UINT32_MAX, TATU_NET_WIFI_FIELD_NAME, "x"), TATU_NETD_WIFI_ID_FAULT);
}

static void a_name_is_of_one_network(void **state)
{
    uint32_t id = 0;
    (void)state;
    assert_int_equal(tatu_netd_add_wifi(&wifi, &id), TATU_NETD_OK);
    assert_int_equal(tatu_netd_add_wifi(&wifi, &id), TATU_NETD_OK);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_NAME, "home"), TATU_NETD_OK);
    assert_int_equal(set(1, TATU_NET_WIFI_FIELD_NAME, "home"), TATU_NETD_WIFI_NAME_FAULT);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_NAME, "home"), TATU_NETD_OK);
    assert_int_equal(set(1, TATU_NET_WIFI_FIELD_NAME, ""), TATU_NETD_OK);
    assert_int_equal(set(0, TATU_NET_WIFI_FIELD_NAME, ""), TATU_NETD_OK);
    assert_int_equal(set(1, TATU_NET_WIFI_FIELD_NAME, "home"), TATU_NETD_OK);
}

static void a_copy_is_disabled_and_has_its_own_name(void **state)
{
    struct tatu_net_wifi told;
    uint32_t id = 0;
    (void)state;
    assert_int_equal(store("home", TATU_NET_WIFI_PSK, "12345678"), TATU_NETD_OK);
    assert_int_equal(tatu_netd_copy_wifi(&wifi, 0, "second", &id), TATU_NETD_OK);
    assert_int_equal(tatu_netd_get_wifi(&wifi, id, true, &told), TATU_NETD_OK);
    assert_int_equal(told.enabled, 0);
    assert_int_equal(told.has_psk, 1);
    assert_string_equal(told.name, "second");
    assert_int_equal(tatu_netd_copy_wifi(&wifi, 0, "second", &id), TATU_NETD_WIFI_NAME_FAULT);
    assert_int_equal(tatu_netd_copy_wifi(&wifi, 0, "", &id), TATU_NETD_WIFI_LENGTH_FAULT);
    assert_int_equal(tatu_netd_copy_wifi(&wifi, 5, "third", &id), TATU_NETD_WIFI_NOT_FOUND_FAULT);
    assert_int_equal(tatu_netd_find_wifi(&wifi, "second", &id), TATU_NETD_OK);
    assert_int_equal(id, 1);
    assert_int_equal(tatu_netd_find_wifi(&wifi, "third", &id), TATU_NETD_WIFI_NOT_FOUND_FAULT);
}

static void there_is_a_limit_and_what_is_forgotten_makes_room(void **state)
{
    uint32_t id = 0;
    (void)state;
    for (size_t i = 0; i < TATU_NET_WIFI_MAX; i++) {
        assert_int_equal(tatu_netd_add_wifi(&wifi, &id), TATU_NETD_OK);
    }
    assert_int_equal(tatu_netd_add_wifi(&wifi, &id), TATU_NETD_WIFI_LIMIT_FAULT);
    assert_int_equal(tatu_netd_forget_wifi(&wifi, 7), TATU_NETD_OK);
    assert_int_equal(tatu_netd_forget_wifi(&wifi, 7), TATU_NETD_WIFI_NOT_FOUND_FAULT);
    assert_int_equal(tatu_netd_add_wifi(&wifi, &id), TATU_NETD_OK);
    assert_int_equal(id, 7);
}

static void what_is_kept_is_read_again(void **state)
{
    static uint8_t file[TATU_WIFI_FILE_MAX];
    static struct tatu_wifi again;
    struct tatu_buf out = TATU_BUF_OF(file), small = {file, 0, 100};
    uint32_t id = 0;
    (void)state;
    assert_int_equal(store("home", TATU_NET_WIFI_PSK, "12345678"), TATU_NETD_OK);
    assert_int_equal(store("other", TATU_NET_WIFI_OPEN, ""), TATU_NETD_OK);
    assert_int_equal(tatu_netd_encode_wifi(&wifi, &small), TATU_NETD_WIFI_SPACE_FAULT);
    assert_int_equal(small.len, 0);
    assert_int_equal(tatu_netd_encode_wifi(&wifi, &out), TATU_NETD_OK);
#define DECODE(len) tatu_netd_decode_wifi((struct tatu_span){file, (len)}, &again)
    assert_int_equal(DECODE(out.len), TATU_OK);
    assert_memory_equal(&wifi, &again, sizeof(wifi));
    assert_int_equal(DECODE(11), TATU_ERR_SHORT);
    assert_int_equal(DECODE(out.len - 1), TATU_ERR_SHORT);
    assert_int_equal(DECODE(out.len + 1), TATU_ERR_LONG);
    file[12 + 4] = 33; /* SSID's length */
    assert_int_equal(DECODE(out.len), TATU_ERR_FORMAT);
    file[8] = 38;
    assert_int_equal(DECODE(out.len), TATU_ERR_LONG);
    file[4] = 9;
    assert_int_equal(DECODE(out.len), TATU_ERR_VERSION);
    assert_memory_equal(&wifi, &again, sizeof(wifi)); /* untouched by all these */
#undef DECODE
    assert_int_equal(tatu_netd_add_wifi(&wifi, &id), TATU_NETD_OK);
    assert_int_equal(tatu_netd_encode_wifi(&wifi, &out), TATU_NETD_WIFI_PROPERTIES_FAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
        TEST(a_network_is_stored_once),
        TEST(a_network_that_cannot_be_is_refused),
        TEST(fields_are_set_one_by_one),
        TEST(a_field_that_cannot_be_is_refused),
        TEST(a_name_is_of_one_network),
        TEST(a_copy_is_disabled_and_has_its_own_name),
        TEST(there_is_a_limit_and_what_is_forgotten_makes_room),
        TEST(what_is_kept_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
