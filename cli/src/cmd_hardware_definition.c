/* tatu hardware-definition: headers for C from the board's description. */
#include "hardware.h"

#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define HEADERS "inc/hw" /* beside the definition */

enum { HEADER_MAX = 1 << 18 };

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

/* --out, else inc/hw/NAME.h beside the definition. */
static enum tatu_err choose_header(struct tatu_cli *cli, const struct tatu_cli_hardware *hardware,
                                   char out[PATH_MAX])
{
    char name[CLI_HEADER_NAME_MAX], beside[PATH_MAX], tail[CLI_HEADER_NAME_MAX + 16];
    const char *named = tatu_cli_option(cli, "--out");
    if (named != NULL) {
        return snprintf(out, PATH_MAX, "%s", named) < PATH_MAX
                   ? TATU_OK
                   : tatu_cli_fail(cli, TATU_ERR_LONG,
                                   "the path of the header is too long; use a shorter one");
    }
    (void)snprintf(beside, sizeof(beside), "%s", hardware->paths[0]);
    TATU_TRY(tatu_cli_header_name(cli, hardware->paths[0], name));
    (void)snprintf(tail, sizeof(tail), HEADERS "/%s", name);
    return tatu_cli_join(cli, dirname(beside), tail, out);
}

static enum tatu_err write_header(struct tatu_cli *cli, const struct tatu_cli_hardware *hardware,
                                  size_t at, const char *path)
{
    CLI_BYTES text = {NULL, 0};
    TATU_TRY(tatu_cli_make_header(cli, hardware, at, &text));
    TATU_TRY(make_way(cli, path));
    return tatu_cli_write_over(cli, path, 0644, CLI_SPAN(text));
}

static enum tatu_err generate_header(struct tatu_cli *cli)
{
    char path[PATH_MAX], beside[PATH_MAX];
    struct tatu_cli_hardware hardware
        __attribute__((cleanup(tatu_cli_free_hardware))) = {.count = 0};
    json_auto_t *paths = json_array();
    TATU_TRY(tatu_cli_read_hardware(cli, tatu_cli_option(cli, "--hardware-definition-file"),
                                    cli->many, &hardware));
    TATU_TRY(choose_header(cli, &hardware, path));
    TATU_TRY(write_header(cli, &hardware, 0, path));
    const bool imports = tatu_cli_option(cli, "--with-imports") != NULL;
    for (size_t i = 1; i < hardware.count && imports; i++) {
        char name[CLI_HEADER_NAME_MAX], import[PATH_MAX];
        (void)snprintf(beside, sizeof(beside), "%s", path);
        TATU_TRY(tatu_cli_header_name(cli, hardware.paths[i], name));
        TATU_TRY(tatu_cli_join(cli, dirname(beside), name, import));
        TATU_TRY(write_header(cli, &hardware, i, import));
    }
    for (size_t i = 0; i < hardware.count; i++) {
        (void)json_array_append_new(paths, json_string(hardware.paths[i]));
    }
    return tatu_cli_give(cli, json_pack("{s:s, s:O}", "header", path, "definitions", paths));
}

static enum tatu_err test_header(struct tatu_cli *cli)
{
    char path[PATH_MAX];
    CLI_BYTES made = {NULL, 0};
    CLI_BYTES there = {NULL, 0};
    struct tatu_cli_hardware hardware
        __attribute__((cleanup(tatu_cli_free_hardware))) = {.count = 0};
    const char *definition = tatu_cli_option(cli, "--hardware-definition-file");
    TATU_TRY(tatu_cli_read_hardware(cli, definition, cli->many, &hardware));
    TATU_TRY(choose_header(cli, &hardware, path));
    TATU_TRY(tatu_cli_make_header(cli, &hardware, 0, &made));
    TATU_TRY(tatu_cli_read_file(cli, path, HEADER_MAX, &there));
    if (made.len != there.len || memcmp(made.data, there.data, made.len) != 0) {
        return tatu_cli_fail(cli, TATU_ERR_DIGEST,
                             "%s is not what %s says; run 'tatu hardware-definition "
                             "generate-header --hardware-definition-file %s'",
                             path, definition, definition);
    }
    return tatu_cli_give(cli, json_pack("{s:s}", "upToDate", path));
}

#define COMMON_OPTIONS                                                                             \
    {"--hardware-definition-file", CLI_REQUIRED, "FILE", "hardware definition, JSON",              \
     "--definition --input -i"},                                                                   \
        {"--out", CLI_OPTIONAL, "FILE", "the header; inc/hw/NAME.h beside the definition",         \
         "--output-file -p"},                                                                      \
    {                                                                                              \
        "--search", CLI_MANY, "DIR...", "folders in which imports are looked for",                 \
            "--hardware-definition-directories"                                                    \
    }

static const struct tatu_cli_option generate_options[] = {
    COMMON_OPTIONS,
    {"--with-imports", CLI_FLAG, NULL, "headers of what it imports too, in the same folder", NULL},
};
static const struct tatu_cli_option test_options[] = {COMMON_OPTIONS};

static const struct tatu_cli_command commands[] = {
    {.words = "hardware-definition generate-header",
     CLI_OPTIONS(generate_options),
     .run = generate_header,
     .summary = "Make the header that names a board's pins"},
    {.words = "hardware-definition test-header",
     CLI_OPTIONS(test_options),
     .run = test_header,
     .summary = "Check that the header is the definition's"},
};
CLI_CHAPTER(tatu_cli_hardware_definition, commands);
