/* tatu get-support-data, show-sdk-version: what whoever helps will ask for. */
#include "device.h"
#include "version.h"
#include "zip.h"

#include <libgen.h>
#include <string.h>

enum { SERIAL_MAX = 4 << 20, VERSION_MAX = 64 };

/* ---- the bundle ------------------------------------------------------------------------------ */

static const struct {
    const char *path;
    const char *name;
} parts[] = {
    {"/status", "status.json"},
    {"/osversion", "osversion.json"},
    {"/abi_versions", "abi_versions.json"},
    {"/device/security_state", "security_state.json"},
    {"/device/manufacturing_state", "manufacturing_state.json"},
    {"/device/capabilities", "capabilities.json"},
    {"/images", "images.json"},
    {"/stats/memory/groups/applications", "memory.json"},
    {"/net/status", "net_status.json"},
    {"/net/interfaces", "net_interfaces.json"},
    {"/net/firewall/rulesets", "net_firewall.json"},
    {"/net/proxy", "net_proxy.json"},
    {"/wifi/interface", "wifi_interface.json"},
    {"/wifi/config/networks", "wifi_networks.json"},
    {"/wifi/diagnostics/networks", "wifi_diagnostics.json"},
    {"/certstore/certs", "certificates.json"},
    {"/certstore/space", "certificate_space.json"},
    {"/log", "device_log.bin"},
    {"/telemetry", "telemetry.bin"},
};

/* What cannot be had leaves the reason in its place: a bundle of a sick device is of use too. */
static void add_part(struct tatu_cli *cli, const struct tatu_cli_target *target, size_t i,
                     struct tatu_cli_zip *zip, size_t *out_refused)
{
    const struct tatu_cli_ask ask = {.method = "GET", .path = parts[i].path};
    char name[80], text[CLI_FAILURE_MAX + 80];
    CLI_BYTES bytes = {NULL, 0};
    if (tatu_cli_ask_bytes(cli, target, &ask, &bytes) == TATU_OK) {
        tatu_cli_add_to_zip(zip, parts[i].name, CLI_SPAN(bytes));
        return;
    }
    (void)snprintf(name, sizeof(name), "%.*s.error.txt", (int)strcspn(parts[i].name, "."),
                   parts[i].name);
    int len = snprintf(text, sizeof(text), "error: %s: %s\n", cli->failure_name, cli->failure);
    tatu_cli_add_to_zip(zip, name, (struct tatu_span){(const uint8_t *)text, (size_t)len});
    cli->failure[0] = '\0';
    (*out_refused)++;
}

static void add_serial(struct tatu_cli *cli, const struct tatu_cli_target *target,
                       struct tatu_cli_zip *zip)
{
    static const char *const names[] = {"serial.log", "serial.before.log"};
    for (size_t i = 0; i < TATU_COUNT_OF(names); i++) {
        char path[PATH_MAX];
        CLI_BYTES text = {NULL, 0};
        if (tatu_cli_join(cli, target->dir, names[i], path) == TATU_OK &&
            tatu_cli_read_file(cli, path, SERIAL_MAX, &text) == TATU_OK) {
            tatu_cli_add_to_zip(zip, names[i], CLI_SPAN(text));
        }
        cli->failure[0] = '\0';
    }
}

static enum tatu_err get_support_data(struct tatu_cli *cli)
{
    const char *to = tatu_cli_option(cli, "--destination");
    struct tatu_cli_target target;
    struct tatu_cli_zip zip;
    size_t refused = 0;
    TATU_TRY(tatu_cli_find_target(cli, &target));
    TATU_TRY(tatu_cli_open_zip(cli, to, &zip));
    tatu_cli_add_to_zip(
        &zip, "sdk_version.txt",
        (struct tatu_span){(const uint8_t *)TATU_CLI_VERSION "\n", sizeof(TATU_CLI_VERSION)});
    for (size_t i = 0; i < TATU_COUNT_OF(parts); i++) {
        add_part(cli, &target, i, &zip, &refused);
    }
    if (target.is_board) {
        add_serial(cli, &target, &zip);
    }
    const size_t count = zip.count;
    TATU_TRY(tatu_cli_close_zip(cli, to, &zip));
    if (refused == TATU_COUNT_OF(parts)) {
        return tatu_cli_fail(cli, TATU_ERR_UNREACHABLE,
                             "the device %s is not responding; %s has only what the desk knows",
                             target.name, to);
    }
    return tatu_cli_give(cli, json_pack("{s:s, s:I, s:I}", "file", to, "files", (json_int_t)count,
                                        "refused", (json_int_t)refused));
}

/* ---- version --------------------------------------------------------------------------------- */

/* An SDK has its version in a file above the program's folder; else the program's own counts. */
static enum tatu_err show_sdk_version(struct tatu_cli *cli)
{
    char self[PATH_MAX], path[PATH_MAX];
    CLI_BYTES text = {NULL, 0};
    (void)snprintf(self, sizeof(self), "%s", cli->around->self == NULL ? "." : cli->around->self);
    TATU_TRY(tatu_cli_join(cli, dirname(self), "../VERSION", path));
    if (tatu_cli_read_file(cli, path, VERSION_MAX, &text) != TATU_OK) {
        cli->failure[0] = '\0';
        return tatu_cli_give(cli, json_pack("{s:s}", "sdkVersion", TATU_CLI_VERSION));
    }
    text.data[strcspn((const char *)text.data, "\r\n")] = '\0';
    return tatu_cli_give(cli, json_pack("{s:s}", "sdkVersion", (const char *)text.data));
}

static const struct tatu_cli_option bundle_options[] = {
    CLI_DEVICE_OPTION,
    {"--destination", CLI_REQUIRED, "FILE", "the bundle, a ZIP file", "--output-file"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "get-support-data",
     CLI_OPTIONS(bundle_options),
     .run = get_support_data,
     .summary = "Gather what helps to understand an attached device into a file"},
    {.words = "show-sdk-version",
     .also = "show-version",
     .run = show_sdk_version,
     .summary = "Show the version of this SDK"},
};
CLI_CHAPTER(tatu_cli_support, commands);
