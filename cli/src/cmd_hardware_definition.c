/* tatu hardware-definition: headers for C from the board's description. */
#include "hardware.h"

#include <limits.h>
#include <string.h>

/* Makes the folders on the way to the file. */
static enum tatu_err make_way(struct tatu_cli *cli, const char *path)
{
    char part[PATH_MAX];
    int len = snprintf(part, sizeof(part), "%s", path);
    if (len < 0 || (size_t)len >= sizeof(part)) {
        return tatu_cli_fail(cli, TATU_ERR_LONG,
                             "the path of the header is too long; use a shorter "
                             "one");
    }
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        TATU_TRY(tatu_cli_make_folder(cli, part));
        *slash = '/';
    }
    return TATU_OK;
}

static enum tatu_err generate_header(struct tatu_cli *cli)
{
    const char *out = tatu_cli_option(cli, "--out");
    struct tatu_cli_hardware hardware
        __attribute__((cleanup(tatu_cli_free_hardware))) = {.count = 0};
    TATU_TRY(tatu_cli_read_hardware(cli, tatu_cli_option(cli, "--definition"), &hardware));
    TATU_TRY(make_way(cli, out));
    TATU_TRY(tatu_cli_write_header(cli, &hardware, out));
    return tatu_cli_give(cli, json_pack("{s:s}", "header", out));
}

static const struct tatu_cli_option options[] = {
    {"--definition", CLI_REQUIRED, "FILE", "hardware definition, JSON"},
    {"--out", CLI_REQUIRED, "FILE", "the header"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "hardware-definition generate-header",
     CLI_OPTIONS(options),
     .run = generate_header,
     .summary = "Make the header that names a board's pins"},
};
CLI_CHAPTER(tatu_cli_hardware_definition, commands);
