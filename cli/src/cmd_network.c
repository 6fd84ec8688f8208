/* tatu device network: interfaces, firewall and proxy of an attached device. */
#include "device.h"

#include <string.h>

#define INTERFACES "/net/interfaces"
#define PROXY "/net/proxy"

/* ---- interfaces ------------------------------------------------------------------------------ */

static enum tatu_err show_status(struct tatu_cli *cli)
{
    return tatu_cli_ask_and_give(cli, "GET", "/net/status", NULL);
}

static enum tatu_err show_diagnostics(struct tatu_cli *cli)
{
    const char *id = tatu_cli_option(cli, "--network");
    char path[CLI_DEVICE_PATH_MAX];
    if (id == NULL) {
        return tatu_cli_ask_and_give_part(cli, "/wifi/diagnostics/networks", "values");
    }
    TATU_TRY(tatu_cli_device_path(cli, "/wifi/diagnostics/networks", id, path));
    return tatu_cli_ask_and_give(cli, "GET", path, NULL);
}

static enum tatu_err list_interfaces(struct tatu_cli *cli)
{
    return tatu_cli_ask_and_give_part(cli, INTERFACES, "interfaces");
}

static enum tatu_err change(struct tatu_cli *cli, json_t *body)
{
    char path[CLI_DEVICE_PATH_MAX];
    enum tatu_err err =
        tatu_cli_device_path(cli, INTERFACES, tatu_cli_option(cli, "--interface"), path);
    if (err != TATU_OK) {
        json_decref(body);
        return err;
    }
    TATU_TRY(tatu_cli_ask(cli, "PATCH", path, body, NULL));
    return tatu_cli_ask_and_give(cli, "GET", path, NULL);
}

static enum tatu_err enable(struct tatu_cli *cli)
{
    return change(cli, json_pack("{s:b}", "interfaceUp", 1));
}

static enum tatu_err disable(struct tatu_cli *cli)
{
    return change(cli, json_pack("{s:b}", "interfaceUp", 0));
}

static enum tatu_err update_interface(struct tatu_cli *cli)
{
    return change(
        cli, json_pack("{s:s}", "hardwareAddress", tatu_cli_option(cli, "--hardware-address")));
}

/* ---- firewall -------------------------------------------------------------------------------- */

/* A row of text has its hook beside it; JSON stays as it came. */
static enum tatu_err list_rules(struct tatu_cli *cli)
{
    json_auto_t *answer = NULL;
    json_auto_t *rows = json_array();
    size_t index, at;
    json_t *ruleset, *rule;
    TATU_TRY(tatu_cli_ask(cli, "GET", "/net/firewall/rulesets", NULL, &answer));
    if (cli->json) {
        return tatu_cli_give(cli, json_incref(answer));
    }
    json_array_foreach(json_object_get(answer, "rulesets"), index, ruleset)
    {
        json_array_foreach(json_object_get(ruleset, "rules"), at, rule)
        {
            (void)json_object_set(rule, "hook", json_object_get(ruleset, "hook"));
            (void)json_array_append(rows, rule);
        }
    }
    return tatu_cli_give(cli, json_incref(rows));
}

/* ---- proxy ----------------------------------------------------------------------------------- */

static enum tatu_err show_proxy(struct tatu_cli *cli)
{
    return tatu_cli_ask_and_give(cli, "GET", PROXY, NULL);
}

static enum tatu_err read_switch(struct tatu_cli *cli, const char *text, bool *out)
{
    bool on = text == NULL || strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0;
    if (!on && strcasecmp(text, "false") != 0 && strcasecmp(text, "no") != 0) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT, "'%s' is neither; give true or false", text);
    }
    *out = on;
    return TATU_OK;
}

/* "a, b,c" as a list. */
static json_t *split(const char *text)
{
    json_t *list = json_array();
    while (text != NULL && *text != '\0') {
        text += strspn(text, ", ");
        size_t len = strcspn(text, ", ");
        if (len > 0) {
            (void)json_array_append_new(list, json_stringn(text, len));
        }
        text += len;
    }
    return list;
}

static enum tatu_err apply_proxy(struct tatu_cli *cli)
{
    const char *authentication = tatu_cli_option(cli, "--authentication");
    const char *user = tatu_cli_option(cli, "--username");
    const char *password = tatu_cli_option(cli, "--password");
    uint64_t port;
    bool on;
    TATU_TRY(
        tatu_cli_read_number(cli, "--port", tatu_cli_option(cli, "--port"), 1, UINT16_MAX, &port));
    TATU_TRY(read_switch(cli, tatu_cli_option(cli, "--enable"), &on));
    json_t *body = json_pack("{s:b, s:s, s:i, s:s, s:o}", "enabled", (int)on, "address",
                             tatu_cli_option(cli, "--address"), "port", (int)port,
                             "authenticationType", authentication, "noProxyAddresses",
                             split(tatu_cli_option(cli, "--no-proxy-addresses")));
    if (user != NULL) {
        (void)json_object_set_new(body, "username", json_string(user));
    }
    if (password != NULL) {
        (void)json_object_set_new(body, "password", json_string(password));
    }
    TATU_TRY(tatu_cli_ask(cli, "POST", PROXY, body, NULL));
    return show_proxy(cli);
}

/* The device tells no password, so one with a password has to be applied anew. */
static enum tatu_err switch_proxy(struct tatu_cli *cli, bool on)
{
    json_auto_t *proxy = NULL;
    TATU_TRY(tatu_cli_ask(cli, "GET", PROXY, NULL, &proxy));
    if (json_object_size(proxy) == 0) {
        return tatu_cli_fail(cli, TATU_ERR_NOT_FOUND,
                             "the device has no proxy; set one with 'tatu device network proxy "
                             "apply'");
    }
    const char *authentication = json_string_value(json_object_get(proxy, "authenticationType"));
    if (authentication != NULL && strcmp(authentication, "basic") == 0) {
        return tatu_cli_fail(cli, TATU_ERR_STATE,
                             "the proxy's password is not told by the device; give all of it "
                             "with 'tatu device network proxy apply --enable %s'",
                             on ? "true" : "false");
    }
    (void)json_object_set_new(proxy, "enabled", json_boolean(on));
    TATU_TRY(tatu_cli_ask(cli, "POST", PROXY, json_incref(proxy), NULL));
    return show_proxy(cli);
}

static enum tatu_err enable_proxy(struct tatu_cli *cli)
{
    return switch_proxy(cli, true);
}

static enum tatu_err disable_proxy(struct tatu_cli *cli)
{
    return switch_proxy(cli, false);
}

static enum tatu_err delete_proxy(struct tatu_cli *cli)
{
    return tatu_cli_ask_and_give(cli, "DELETE", PROXY, NULL);
}

/* ---- table ----------------------------------------------------------------------------------- */

#define INTERFACE_OPTION                                                                           \
    {                                                                                              \
        "--interface", CLI_REQUIRED, "NAME", "such as eth0", "--interface-name -n"                 \
    }

static const struct tatu_cli_option device_options[] = {CLI_DEVICE_OPTION};
static const struct tatu_cli_option interface_options[] = {CLI_DEVICE_OPTION, INTERFACE_OPTION};
static const struct tatu_cli_option update_options[] = {
    CLI_DEVICE_OPTION,
    INTERFACE_OPTION,
    {"--hardware-address", CLI_REQUIRED, "MAC", "as 02:11:22:33:44:55", NULL},
};
static const struct tatu_cli_option diagnostics_options[] = {
    CLI_DEVICE_OPTION,
    {"--network", CLI_OPTIONAL, "ID", "of a Wi-Fi network; all", "-n"},
};
static const struct tatu_cli_option proxy_options[] = {
    CLI_DEVICE_OPTION,
    {"--address", CLI_REQUIRED, "HOST", "the proxy's name or address", "-a"},
    {"--port", CLI_REQUIRED, "PORT", "its port", "-p"},
    {"--authentication", CLI_REQUIRED, "KIND", "anonymous or basic", "--authentication-type -t"},
    {"--enable", CLI_OPTIONAL, "true|false", "whether it is used; true", "-e"},
    {"--username", CLI_OPTIONAL, "NAME", "for basic", "-u"},
    {"--password", CLI_OPTIONAL, "TEXT", "for basic", "-w"},
    {"--no-proxy-addresses", CLI_OPTIONAL, "LIST", "hosts asked directly, with commas between",
     "-n"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "device network show-status",
     CLI_OPTIONS(device_options),
     .run = show_status,
     .summary = "Show whether an attached device is on the net"},
    {.words = "device network show-diagnostics",
     .also = "device wifi show-diagnostics",
     CLI_OPTIONS(diagnostics_options),
     .columns = "networkId,ssid,error,timestamp",
     .run = show_diagnostics,
     .summary = "Show why Wi-Fi networks could not be joined"},
    {.words = "device network list-interfaces",
     CLI_OPTIONS(device_options),
     .columns = "interfaceName,interfaceUp,connectedToNetwork,ipAcquired,connectedToInternet,"
                "ipAddresses,hardwareAddress",
     .run = list_interfaces,
     .summary = "List the interfaces of an attached device"},
    {.words = "device network update-interface",
     CLI_OPTIONS(update_options),
     .run = update_interface,
     .summary = "Change the hardware address of an interface"},
    {.words = "device network list-firewall-rules",
     CLI_OPTIONS(device_options),
     .columns = "hook,action,uid,protocol,sourceIP,destinationIP,destinationPortRange,packets",
     .run = list_rules,
     .summary = "List the firewall rules of an attached device"},
    {.words = "device network enable",
     CLI_OPTIONS(interface_options),
     .run = enable,
     .summary = "Switch an interface on"},
    {.words = "device network disable",
     CLI_OPTIONS(interface_options),
     .run = disable,
     .summary = "Switch an interface off"},
    {.words = "device network proxy show",
     CLI_OPTIONS(device_options),
     .run = show_proxy,
     .summary = "Show an attached device's proxy"},
    {.words = "device network proxy apply",
     CLI_OPTIONS(proxy_options),
     .run = apply_proxy,
     .summary = "Set an attached device's proxy"},
    {.words = "device network proxy enable",
     CLI_OPTIONS(device_options),
     .run = enable_proxy,
     .summary = "Use the proxy"},
    {.words = "device network proxy disable",
     CLI_OPTIONS(device_options),
     .run = disable_proxy,
     .summary = "Do not use the proxy"},
    {.words = "device network proxy delete",
     CLI_OPTIONS(device_options),
     .run = delete_proxy,
     .summary = "Forget the proxy"},
};
CLI_CHAPTER(tatu_cli_network, commands);
