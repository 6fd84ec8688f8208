/* tatu new: an application to begin with. */
#include "keys.h"
#include "templates.h"

#include "proto/image.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LEN_MAX = 31 }; /* as much of a name as an image keeps */

static enum tatu_err check_name(struct tatu_cli *cli, const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t len = strlen(name);
    if (len == 0 || len > NAME_LEN_MAX || strspn(name, letters) != len || name[0] == '-') {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "'%s' is no name of an application: letters, digits, '_' and '-', at "
                             "most %d; choose another",
                             name, NAME_LEN_MAX);
    }
    return TATU_OK;
}

/* A random GUID (RFC 9562, version 4). */
static enum tatu_err make_component(char out[TATU_GUID_TEXT_SIZE])
{
    uint8_t guid[16];
    TATU_TRY(tatu_cli_random(guid, sizeof(guid)));
    guid[7] = (uint8_t)((guid[7] & 0x0f) | 0x40);
    guid[8] = (uint8_t)((guid[8] & 0x3f) | 0x80);
    tatu_proto_format_guid(guid, out);
    return TATU_OK;
}

static void fill(FILE *out, const char *text, const char *name, const char *component)
{
    while (*text != '\0') {
        if (strncmp(text, "@NAME@", 6) == 0) {
            (void)fprintf(out, "%s", name);
            text += 6;
        } else if (strncmp(text, "@COMPONENT@", 11) == 0) {
            (void)fprintf(out, "%s", component);
            text += 11;
        } else {
            (void)fputc(*text++, out);
        }
    }
}

static enum tatu_err write_one(struct tatu_cli *cli, const char *dir,
                               const struct tatu_cli_template *template, const char *name,
                               const char *component)
{
    char path[PATH_MAX];
    char *text = NULL;
    size_t len = 0;
    TATU_TRY(tatu_cli_join(cli, dir, template->path, path));
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        return TATU_ERR_MEMORY;
    }
    fill(out, template->text, name, component);
    enum tatu_err err = fclose(out) == 0 ? TATU_OK : TATU_ERR_MEMORY;
    if (err == TATU_OK) {
        err = tatu_cli_write_new(cli, path, 0644, (struct tatu_span){(const uint8_t *)text, len});
    }
    free(text);
    return err;
}

static enum tatu_err make(struct tatu_cli *cli)
{
    const char *name = cli->arguments[0];
    const char *dir = tatu_cli_option(cli, "--directory");
    char component[TATU_GUID_TEXT_SIZE], inner[PATH_MAX];
    dir = dir != NULL ? dir : name;
    TATU_TRY(check_name(cli, name));
    TATU_TRY(make_component(component));
    TATU_TRY(tatu_cli_make_folder(cli, dir));
    TATU_TRY(tatu_cli_join(cli, dir, ".vscode", inner));
    TATU_TRY(tatu_cli_make_folder(cli, inner));
    for (size_t i = 0; i < tatu_cli_template_count; i++) {
        TATU_TRY(write_one(cli, dir, &tatu_cli_templates[i], name, component));
    }
    return tatu_cli_give(cli, json_pack("{s:s, s:s, s:s}", "application", name, "folder", dir,
                                        "componentId", component));
}

static const struct tatu_cli_option options[] = {
    {"--directory", CLI_OPTIONAL, "DIR", "where to; a folder of its name", NULL},
};

static const struct tatu_cli_command commands[] = {
    {.words = "new",
     .arguments = "NAME",
     .argument_min = 1,
     .argument_max = 1,
     CLI_OPTIONS(options),
     .run = make,
     .summary = "Make the sources of a new application"},
};
CLI_CHAPTER(tatu_cli_new, commands);
