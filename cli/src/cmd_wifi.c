/* tatu device wifi: the Wi-Fi networks that an attached device knows. */
#include "device.h"

#include <string.h>

#define NETWORKS "/wifi/config/networks"
#define RADIO "/wifi/interface"

/* ---- add ------------------------------------------------------------------------------------- */

/* Options that go into the request as they are. */
static const struct {
    const char *option;
    const char *name;
} texts[] = {
    {"--ssid", "ssid"},
    {"--psk", "psk"},
    {"--config-name", "configName"},
    {"--client-id", "clientIdentity"},
    {"--client-cert-id", "clientCertStoreIdentifier"},
    {"--root-ca-cert-id", "rootCaCertStoreIdentifier"},
};

static enum tatu_err add(struct tatu_cli *cli)
{
    const bool psk = tatu_cli_option(cli, "--psk") != NULL;
    const bool enterprise = tatu_cli_option(cli, "--client-cert-id") != NULL;
    if (psk && enterprise) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "a network has either a passphrase or a client certificate; give "
                             "--psk or --client-cert-id");
    }
    json_t *body = json_pack("{s:s, s:s}", "securityState",
                             enterprise ? "eaptls"
                             : psk      ? "psk"
                                        : "open",
                             "configState", "enabled");
    for (size_t i = 0; i < TATU_COUNT_OF(texts); i++) {
        const char *value = tatu_cli_option(cli, texts[i].option);
        if (value != NULL && json_object_set_new(body, texts[i].name, json_string(value)) != 0) {
            json_decref(body);
            return tatu_cli_fail(cli, TATU_ERR_FORMAT, "%s is not text; give UTF-8",
                                 texts[i].option);
        }
    }
    if (tatu_cli_option(cli, "--targeted-scan") != NULL) {
        (void)json_object_set_new(body, "targetedScan", json_true());
    }
    return tatu_cli_ask_and_give(cli, "POST", NETWORKS, body);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static enum tatu_err list(struct tatu_cli *cli)
{
    return tatu_cli_ask_and_give_part(cli, NETWORKS, "values");
}

static enum tatu_err network_path(struct tatu_cli *cli, char out[CLI_DEVICE_PATH_MAX])
{
    const char *id = tatu_cli_option(cli, "--id");
    uint64_t number;
    TATU_TRY(tatu_cli_read_number(cli, "--id", id, 0, INT32_MAX, &number));
    return tatu_cli_device_path(cli, NETWORKS, id, out);
}

static enum tatu_err show(struct tatu_cli *cli)
{
    char path[CLI_DEVICE_PATH_MAX];
    TATU_TRY(network_path(cli, path));
    return tatu_cli_ask_and_give(cli, "GET", path, NULL);
}

static enum tatu_err show_status(struct tatu_cli *cli)
{
    return tatu_cli_ask_and_give(cli, "GET", RADIO, NULL);
}

static enum tatu_err scan(struct tatu_cli *cli)
{
    return tatu_cli_ask_and_give_part(cli, "/wifi/scan", "values");
}

static enum tatu_err set_state(struct tatu_cli *cli, const char *state)
{
    char path[CLI_DEVICE_PATH_MAX];
    TATU_TRY(network_path(cli, path));
    return tatu_cli_ask_and_give(cli, "PATCH", path, json_pack("{s:s}", "configState", state));
}

static enum tatu_err enable(struct tatu_cli *cli)
{
    return set_state(cli, "enabled");
}

static enum tatu_err disable(struct tatu_cli *cli)
{
    return set_state(cli, "disabled");
}

static enum tatu_err forget(struct tatu_cli *cli)
{
    char path[CLI_DEVICE_PATH_MAX];
    TATU_TRY(network_path(cli, path));
    TATU_TRY(tatu_cli_ask(cli, "DELETE", path, NULL, NULL));
    return tatu_cli_give(cli, json_pack("{s:s}", "forgotten", tatu_cli_option(cli, "--id")));
}

static enum tatu_err reload(struct tatu_cli *cli)
{
    return tatu_cli_ask_and_give(cli, "PATCH", RADIO, json_pack("{s:b}", "reloadConfig", 1));
}

static const struct tatu_cli_option device_options[] = {CLI_DEVICE_OPTION};
static const struct tatu_cli_option one_options[] = {
    CLI_DEVICE_OPTION,
    {"--id", CLI_REQUIRED, "N", "the network's number, as 'tatu device wifi list' says", "-i"},
};
static const struct tatu_cli_option add_options[] = {
    CLI_DEVICE_OPTION,
    {"--ssid", CLI_REQUIRED, "TEXT", "the network's name", "-s"},
    {"--psk", CLI_OPTIONAL, "TEXT", "its passphrase, for WPA2", "-p --key"},
    {"--client-cert-id", CLI_OPTIONAL, "ID", "client certificate in the store, for EAP-TLS", NULL},
    {"--root-ca-cert-id", CLI_OPTIONAL, "ID", "root certificate in the store, for EAP-TLS", NULL},
    {"--client-id", CLI_OPTIONAL, "TEXT", "identity for EAP-TLS", NULL},
    {"--config-name", CLI_OPTIONAL, "TEXT", "how this entry is called", NULL},
    {"--targeted-scan", CLI_FLAG, NULL, "look for it even if it hides its name", "-t"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "device wifi add",
     CLI_OPTIONS(add_options),
     .run = add,
     .summary = "Add a Wi-Fi network to an attached device"},
    {.words = "device wifi list",
     CLI_OPTIONS(device_options),
     .columns = "id,ssid,configState,connectionState,securityState,targetedScan,configName",
     .run = list,
     .summary = "List the Wi-Fi networks of an attached device"},
    {.words = "device wifi show",
     CLI_OPTIONS(one_options),
     .run = show,
     .summary = "Show a Wi-Fi network of an attached device"},
    {.words = "device wifi show-status",
     CLI_OPTIONS(device_options),
     .run = show_status,
     .summary = "Show the radio of an attached device"},
    {.words = "device wifi scan",
     CLI_OPTIONS(device_options),
     .columns = "ssid,bssid,signal_level,freq,securityState",
     .run = scan,
     .summary = "Look for Wi-Fi networks around an attached device"},
    {.words = "device wifi enable",
     CLI_OPTIONS(one_options),
     .run = enable,
     .summary = "Let the device join a Wi-Fi network"},
    {.words = "device wifi disable",
     CLI_OPTIONS(one_options),
     .run = disable,
     .summary = "Keep the device from a Wi-Fi network"},
    {.words = "device wifi forget",
     .also = "device wifi delete",
     CLI_OPTIONS(one_options),
     .run = forget,
     .summary = "Remove a Wi-Fi network from an attached device"},
    {.words = "device wifi reload-config",
     CLI_OPTIONS(device_options),
     .run = reload,
     .summary = "Let the device read its Wi-Fi configuration again"},
};
CLI_CHAPTER(tatu_cli_wifi, commands);
