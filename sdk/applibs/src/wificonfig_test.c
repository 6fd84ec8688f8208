#include "applibs/wificonfig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fake_system.h"
#include "proto/network.h"

#include <cmocka.h>

#define ID 5

static const uint8_t ssid[] = {'n', 0, 't'};

/* ---- what is asked ---- */

static int store_open(void)
{
    return WifiConfig_StoreOpenNetwork(ssid, sizeof(ssid));
}

static int store_wpa2(void)
{
    return WifiConfig_StoreWpa2Network(ssid, sizeof(ssid), "password", 8);
}

static void older_calls_store_a_whole_network(void **state)
{
    static const int32_t id = ID;
    struct tatu_net_wifi_new new = {
        .network = {.ssid_len = 3, .security = TATU_NET_WIFI_OPEN, .enabled = 1}};
    uint8_t long_ssid[33] = {1};
    (void)state;
    memcpy(new.network.ssid, ssid, sizeof(ssid));
    fake_answer(0, &id, sizeof(id));
    assert_int_equal(store_open(), 0);
    fake_expect(TATU_NET_WIFI_STORE, 0, 0, 0, &new, sizeof(new));
    new.network.security = TATU_NET_WIFI_PSK;
    new.psk_len = 8;
    memcpy(new.psk, "password", 8);
    assert_int_equal(store_wpa2(), 0);
    fake_expect(TATU_NET_WIFI_STORE, 0, 0, 0, &new, sizeof(new));
    FAKE_PASSES_ON(store_open, EACCES, EAGAIN, ERANGE, EEXIST, ENOMEM, ENOSPC, EINVAL);
    FAKE_PASSES_ON(store_wpa2, EACCES, EAGAIN, ERANGE, EEXIST, ENOMEM, ENOSPC, EINVAL);
    FAKE_FAILS(EFAULT, WifiConfig_StoreOpenNetwork(NULL, 1));
    FAKE_FAILS(ERANGE, WifiConfig_StoreOpenNetwork(ssid, 0));
    FAKE_FAILS(ERANGE, WifiConfig_StoreOpenNetwork(long_ssid, 33));
    FAKE_FAILS(EFAULT, WifiConfig_StoreWpa2Network(ssid, 1, NULL, 8));
    FAKE_FAILS(ERANGE, WifiConfig_StoreWpa2Network(ssid, 1, "p", 65));
}

/* Calls that are a request of one or two numbers, and a payload. */
static int add(void)
{
    return WifiConfig_AddNetwork();
}
static int copy(void)
{
    return WifiConfig_AddDuplicateNetwork(ID, "name");
}
static int find(void)
{
    return WifiConfig_GetNetworkIdByConfigName("name");
}
static int forget(void)
{
    return WifiConfig_ForgetNetworkById(ID);
}
static int set_ssid(void)
{
    return WifiConfig_SetSSID(ID, ssid, sizeof(ssid));
}
static int set_open(void)
{
    return WifiConfig_SetSecurityType(ID, WifiConfig_Security_Open);
}
static int set_eap(void)
{
    return WifiConfig_SetSecurityType(ID, WifiConfig_Security_Wpa2_EAP_TLS);
}
static int enable(void)
{
    return WifiConfig_SetNetworkEnabled(ID, true);
}
static int target(void)
{
    return WifiConfig_SetTargetedScanEnabled(ID, false);
}
static int set_psk(void)
{
    return WifiConfig_SetPSK(ID, "password", 8);
}
static int set_name(void)
{
    return WifiConfig_SetConfigName(ID, "sixteen letters.");
}
static int save_power(void)
{
    return WifiConfig_SetPowerSavingsEnabled(true);
}
static int set_identity(void)
{
    return WifiConfig_SetClientIdentity(ID, "me");
}
static int set_client(void)
{
    return WifiConfig_SetClientCertStoreIdentifier(ID, "mine");
}
static int set_root(void)
{
    return WifiConfig_SetRootCACertStoreIdentifier(ID, "theirs");
}

static const uint8_t name_wire[17] = "name", one_wire[4] = {1}, zero_wire[4] = {0},
                     three_wire[4] = {3};

static const struct {
    int (*call)(void);
    uint32_t op;
    uint32_t a;
    uint32_t b;
    const void *payload;
    size_t len;
    bool id;        /* it is answered with one */
    int refusal[5]; /* of the system, up to 0 */
} rows[] = {
    {add, TATU_NET_WIFI_ADD, 0, 0, NULL, 0, true, {EACCES, EAGAIN, ENOMEM}},
    {copy, TATU_NET_WIFI_COPY, ID, 0, name_wire, 17, true, {ENODEV, EEXIST, ENOMEM, EINVAL}},
    {find, TATU_NET_WIFI_FIND, 0, 0, name_wire, 17, true, {EACCES, ENODEV}},
    {forget, TATU_NET_WIFI_FORGET, ID, 0, NULL, 0, false, {EACCES, ENODEV, EINVAL}},
    {WifiConfig_ForgetAllNetworks, TATU_NET_WIFI_FORGET_ALL, 0, 0, NULL, 0, false, {EACCES}},
    {WifiConfig_ReloadConfig, TATU_NET_WIFI_RELOAD, 0, 0, NULL, 0, false, {EACCES, EAGAIN}},
    {WifiConfig_PersistConfig, TATU_NET_WIFI_PERSIST, 0, 0, NULL, 0, false, {EINVAL, ENOSPC}},
    {set_ssid, TATU_NET_WIFI_SET, ID, TATU_NET_WIFI_FIELD_SSID, ssid, 3, false, {ERANGE, ENODEV}},
    {set_open,
     TATU_NET_WIFI_SET,
     ID,
     TATU_NET_WIFI_FIELD_SECURITY,
     one_wire,
     4,
     false,
     {EINVAL, ENODEV, EACCES}},
    {set_eap,
     TATU_NET_WIFI_ENTERPRISE_SET,
     ID,
     TATU_NET_WIFI_FIELD_SECURITY,
     three_wire,
     4,
     false,
     {EINVAL, ENODEV, EACCES}},
    {enable, TATU_NET_WIFI_SET, ID, TATU_NET_WIFI_FIELD_ENABLED, one_wire, 4, false, {ENODEV}},
    {target, TATU_NET_WIFI_SET, ID, TATU_NET_WIFI_FIELD_TARGETED, zero_wire, 4, false, {ENODEV}},
    {set_psk, TATU_NET_WIFI_SET, ID, TATU_NET_WIFI_FIELD_PSK, "password", 8, false, {ERANGE}},
    {set_name,
     TATU_NET_WIFI_SET,
     ID,
     TATU_NET_WIFI_FIELD_NAME,
     "sixteen letters.",
     16,
     false,
     {ERANGE, EEXIST, ENODEV}},
    {save_power, TATU_NET_WIFI_POWER_SAVING, 1, 0, NULL, 0, false, {EACCES, ENETDOWN}},
    {set_identity,
     TATU_NET_WIFI_ENTERPRISE_SET,
     ID,
     TATU_NET_WIFI_FIELD_IDENTITY,
     "me",
     2,
     false,
     {EACCES, ERANGE, ENODEV}},
    {set_client,
     TATU_NET_WIFI_ENTERPRISE_SET,
     ID,
     TATU_NET_WIFI_FIELD_CLIENT,
     "mine",
     4,
     false,
     {EACCES, ERANGE, ENODEV}},
    {set_root,
     TATU_NET_WIFI_ENTERPRISE_SET,
     ID,
     TATU_NET_WIFI_FIELD_ROOT,
     "theirs",
     6,
     false,
     {EACCES, ERANGE, ENODEV}},
};

static void each_call_is_its_request(void **state)
{
    static const int32_t id = ID;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t refusals = 0;
        fake_answer(0, &id, rows[i].id ? sizeof(id) : 0);
        assert_int_equal(rows[i].call(), rows[i].id ? ID : 0);
        fake_expect(rows[i].op, rows[i].a, rows[i].b, 0, rows[i].payload, rows[i].len);
        while (refusals < 5 && rows[i].refusal[refusals] != 0) {
            refusals++;
        }
        fake_passes_on(rows[i].call, rows[i].refusal, refusals);
    }
}

static void bad_arguments_are_refused_before_asking(void **state)
{
    static char large[8192];
    WifiConfig_ClientIdentity identity;
    const unsigned int before = fake_count;
    (void)state;
    FAKE_FAILS(EFAULT, WifiConfig_AddDuplicateNetwork(ID, NULL));
    FAKE_FAILS(ERANGE, WifiConfig_AddDuplicateNetwork(ID, ""));
    FAKE_FAILS(ERANGE, WifiConfig_AddDuplicateNetwork(ID, "seventeen letters"));
    FAKE_FAILS(EFAULT, WifiConfig_GetNetworkIdByConfigName(NULL));
    FAKE_FAILS(ERANGE, WifiConfig_GetNetworkIdByConfigName("seventeen letters"));
    FAKE_FAILS(EFAULT, WifiConfig_SetSSID(ID, NULL, 3));
    FAKE_FAILS(ERANGE, WifiConfig_SetSSID(ID, (uint8_t *)large, sizeof(large)));
    FAKE_FAILS(EFAULT, WifiConfig_SetPSK(ID, NULL, 8));
    FAKE_FAILS(ERANGE, WifiConfig_SetPSK(ID, large, sizeof(large)));
    FAKE_FAILS(EFAULT, WifiConfig_SetConfigName(ID, NULL));
    FAKE_FAILS(ERANGE, WifiConfig_SetConfigName(ID, ""));
    FAKE_FAILS(EFAULT, WifiConfig_SetClientIdentity(ID, NULL));
    FAKE_FAILS(EFAULT, WifiConfig_SetClientCertStoreIdentifier(ID, NULL));
    FAKE_FAILS(EFAULT, WifiConfig_SetRootCACertStoreIdentifier(ID, NULL));
    FAKE_FAILS(EFAULT, WifiConfig_GetClientIdentity(ID, NULL));
    FAKE_FAILS(EFAULT, WifiConfig_GetClientCertStoreIdentifier(ID, NULL));
    FAKE_FAILS(EFAULT, WifiConfig_GetRootCACertStoreIdentifier(ID, NULL));
    assert_int_equal(fake_count, before);
    (void)identity;
}

/* ---- EAP-TLS ---- */

static int get_identity(void)
{
    WifiConfig_ClientIdentity out;
    return WifiConfig_GetClientIdentity(ID, &out);
}
static int get_client(void)
{
    CertStore_Identifier out;
    return WifiConfig_GetClientCertStoreIdentifier(ID, &out);
}
static int get_root(void)
{
    CertStore_Identifier out;
    return WifiConfig_GetRootCACertStoreIdentifier(ID, &out);
}

static void what_is_of_eap_tls_is_told(void **state)
{
    WifiConfig_ClientIdentity identity;
    CertStore_Identifier identifier;
    struct tatu_net_wifi network = {.client = "mine", .root = "theirs"};
    (void)state;
    memset(network.identity, 'i', sizeof(network.identity)); /* without its end */
    fake_answer(0, &network, sizeof(network));
    assert_int_equal(WifiConfig_GetClientIdentity(ID, &identity), 0);
    fake_expect(TATU_NET_WIFI_ENTERPRISE_GET, ID, 0, 0, NULL, 0);
    assert_int_equal(strlen(identity.identity), WIFICONFIG_EAP_IDENTITY_MAX_LENGTH);
    assert_int_equal(WifiConfig_GetClientCertStoreIdentifier(ID, &identifier), 0);
    assert_string_equal(identifier.identifier, "mine");
    assert_int_equal(WifiConfig_GetRootCACertStoreIdentifier(ID, &identifier), 0);
    assert_string_equal(identifier.identifier, "theirs");
    memset(&network, 0, sizeof(network));
    fake_answer(0, &network, sizeof(network));
    FAKE_FAILS(ENODATA, get_identity());
    FAKE_FAILS(ENODATA, get_client());
    FAKE_FAILS(ENODATA, get_root());
    FAKE_PASSES_ON(get_identity, EACCES, ENODEV, EINVAL);
    FAKE_PASSES_ON(get_client, EACCES, ENODEV, EINVAL);
    FAKE_PASSES_ON(get_root, EACCES, ENODEV, EINVAL);
}

/* ---- lists ---- */

static struct tatu_net_wifi stored[TATU_NET_WIFI_MAX];

static void fill_stored(void)
{
    for (int32_t i = 0; i < (int32_t)TATU_NET_WIFI_MAX; i++) {
        stored[i] = (struct tatu_net_wifi){.id = i + 100,
                                           .ssid_len = 2,
                                           .security = (uint8_t)(1 + i % 2),
                                           .enabled = (uint8_t)(i % 2),
                                           .connected = i == 3,
                                           .ssid = {'a', (uint8_t)i}};
    }
    fake_answer_list(stored, sizeof(stored[0]), TATU_NET_WIFI_MAX);
}

static int count_stored(void)
{
    return (int)WifiConfig_GetStoredNetworkCount();
}
static int get_stored(void)
{
    WifiConfig_StoredNetwork out[2];
    return (int)WifiConfig_GetStoredNetworks(out, 2);
}

static void stored_networks_are_told_over_pages(void **state)
{
    WifiConfig_StoredNetwork out[TATU_NET_WIFI_MAX + 1];
    (void)state;
    fill_stored();
    assert_int_equal(WifiConfig_GetStoredNetworkCount(), TATU_NET_WIFI_MAX);
    assert_int_equal(WifiConfig_GetStoredNetworks(out, TATU_NET_WIFI_MAX + 1), TATU_NET_WIFI_MAX);
    for (size_t i = 0; i < TATU_NET_WIFI_MAX; i++) {
        assert_int_equal(out[i].ssidLength, 2);
        assert_int_equal(out[i].ssid[1], i);
        assert_int_equal(out[i].security, 1 + i % 2);
        assert_int_equal(out[i].isEnabled, i % 2);
        assert_int_equal(out[i].isConnected, i == 3);
    }
    out[2].ssid[1] = 77;
    assert_int_equal(WifiConfig_GetStoredNetworks(out, 2), 2);
    assert_int_equal(out[2].ssid[1], 77);
    FAKE_FAILS(EFAULT, WifiConfig_GetStoredNetworks(NULL, 1));
    FAKE_FAILS(ERANGE, WifiConfig_GetStoredNetworks(out, 0));
    FAKE_FAILS(EINVAL, z__WifiConfig_GetStoredNetworks(out, 1, 2));
    FAKE_PASSES_ON(count_stored, EACCES, EAGAIN);
    FAKE_PASSES_ON(get_stored, EACCES, EAGAIN);
}

static void a_stored_network_is_forgotten_and_kept_so(void **state)
{
    WifiConfig_StoredNetwork out[TATU_NET_WIFI_MAX];
    (void)state;
    fill_stored();
    assert_int_equal(WifiConfig_GetStoredNetworks(out, TATU_NET_WIFI_MAX), TATU_NET_WIFI_MAX);
    /* the double answers forgetting with a list, which is no answer of it; what was asked counts */
    FAKE_FAILS(EIO, WifiConfig_ForgetNetwork(&out[30]));
    fake_expect(TATU_NET_WIFI_FORGET, 130, 0, 0, NULL, 0);
    out[30].ssid[0] = 'b';
    FAKE_FAILS(ENODEV, WifiConfig_ForgetNetwork(&out[30]));
    FAKE_FAILS(EFAULT, WifiConfig_ForgetNetwork(NULL));
    FAKE_FAILS(EINVAL, z__WifiConfig_ForgetNetwork(&out[1], 2));
    out[1].z__magicAndVersion++;
    FAKE_FAILS(EINVAL, WifiConfig_ForgetNetwork(&out[1]));
    out[2].ssidLength = 0;
    FAKE_FAILS(EINVAL, WifiConfig_ForgetNetwork(&out[2]));
    out[2].ssidLength = 33;
    FAKE_FAILS(EINVAL, WifiConfig_ForgetNetwork(&out[2]));
}

static const struct tatu_net_wifi_heard heard[2] = {{.id = ID,
                                                     .mhz = 5180,
                                                     .ssid_len = 3,
                                                     .security = TATU_NET_WIFI_PSK,
                                                     .rssi = -61,
                                                     .bssid = {1, 2, 3, 4, 5, 6},
                                                     .ssid = {'n', 'e', 't'}},
                                                    {.id = -1, .ssid_len = 200}};

static int get_current(void)
{
    WifiConfig_ConnectedNetwork out;
    return WifiConfig_GetCurrentNetwork(&out);
}
static int scan(void)
{
    return (int)WifiConfig_TriggerScanAndGetScannedNetworkCount();
}

static void the_network_in_use_is_told(void **state)
{
    WifiConfig_ConnectedNetwork out;
    (void)state;
    fake_answer(0, &heard[0], sizeof(heard[0]));
    assert_int_equal(WifiConfig_GetCurrentNetwork(&out), 0);
    fake_expect(TATU_NET_WIFI_CURRENT, 0, 0, 0, NULL, 0);
    assert_int_equal(out.ssidLength, 3);
    assert_memory_equal(out.ssid, "net", 3);
    assert_int_equal(out.bssid[5], 6);
    assert_int_equal(out.security, WifiConfig_Security_Wpa2_Psk);
    assert_int_equal(out.frequencyMHz, 5180);
    assert_int_equal(out.signalRssi, -61);
    assert_int_equal(WifiConfig_GetConnectedNetworkId(), ID);
    FAKE_FAILS(EFAULT, WifiConfig_GetCurrentNetwork(NULL));
    FAKE_FAILS(EINVAL, z__WifiConfig_GetCurrentNetwork(&out, 0));
    FAKE_PASSES_ON(get_current, EACCES, EAGAIN, ENOTCONN, ENETDOWN);
    FAKE_PASSES_ON(WifiConfig_GetConnectedNetworkId, EACCES, EAGAIN, ENOTCONN, ENETDOWN);
}

static void networks_that_were_heard_are_told_again(void **state)
{
    WifiConfig_ScannedNetwork out[3];
    (void)state;
    assert_int_equal(WifiConfig_GetScannedNetworks(out, 3), 0);
    fake_answer(0, heard, sizeof(heard));
    assert_int_equal(scan(), 2);
    fake_expect(TATU_NET_WIFI_SCAN, 0, 0, 0, NULL, 0);
    const unsigned int before = fake_count;
    assert_int_equal(WifiConfig_GetScannedNetworks(out, 3), 2);
    assert_memory_equal(out[0].ssid, "net", 3);
    assert_int_equal(out[0].signalRssi, -61);
    assert_int_equal(out[1].ssidLength, WIFICONFIG_SSID_MAX_LENGTH); /* never more than there is */
    assert_int_equal(WifiConfig_GetScannedNetworks(out, 1), 1);
    assert_int_equal(fake_count, before);
    FAKE_FAILS(EFAULT, WifiConfig_GetScannedNetworks(NULL, 1));
    FAKE_FAILS(ERANGE, WifiConfig_GetScannedNetworks(out, 0));
    FAKE_FAILS(EINVAL, z__WifiConfig_GetScannedNetworks(out, 1, 2));
    FAKE_PASSES_ON(scan, EACCES, EAGAIN, ENETDOWN);
    assert_int_equal(WifiConfig_GetScannedNetworks(out, 3), 2);
}

static int diagnose(void)
{
    WifiConfig_NetworkDiagnostics out;
    return WifiConfig_GetNetworkDiagnostics(ID, &out);
}

static void what_went_wrong_is_told(void **state)
{
    static const struct tatu_net_wifi_failure failure = {.at_s = 1700000000,
                                                         .error = 17,
                                                         .cert_error = 4,
                                                         .cert_depth = 1,
                                                         .enabled = 1,
                                                         .cert_subject = "/CN=radius"};
    WifiConfig_NetworkDiagnostics out;
    (void)state;
    fake_answer(0, &failure, sizeof(failure));
    assert_int_equal(WifiConfig_GetNetworkDiagnostics(ID, &out), 0);
    fake_expect(TATU_NET_WIFI_DIAGNOSTICS, ID, 0, 0, NULL, 0);
    assert_true(out.isEnabled);
    assert_false(out.isConnected);
    assert_int_equal(out.error, 17);
    assert_int_equal(out.timestamp, 1700000000);
    assert_int_equal(out.certError, 4);
    assert_int_equal(out.certDepth, 1);
    assert_string_equal(out.certSubject.name, "/CN=radius");
    FAKE_FAILS(EFAULT, WifiConfig_GetNetworkDiagnostics(ID, NULL));
    FAKE_FAILS(EINVAL, z__WifiConfig_GetNetworkDiagnostics(ID, &out, 3));
    FAKE_PASSES_ON(diagnose, EACCES, EAGAIN, ENODEV, EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(older_calls_store_a_whole_network),
        cmocka_unit_test(each_call_is_its_request),
        cmocka_unit_test(bad_arguments_are_refused_before_asking),
        cmocka_unit_test(what_is_of_eap_tls_is_told),
        cmocka_unit_test(stored_networks_are_told_over_pages),
        cmocka_unit_test(a_stored_network_is_forgotten_and_kept_so),
        cmocka_unit_test(the_network_in_use_is_told),
        cmocka_unit_test(networks_that_were_heard_are_told_again),
        cmocka_unit_test(what_went_wrong_is_told),
    };
    return cmocka_run_group_tests_name("wificonfig", tests, fake_set_up, fake_tear_down);
}
