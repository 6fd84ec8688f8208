/* tatu crash: crashes of applications, with their stacks. */
#include "filter.h"
#include "print.h"

#include <string.h>

enum { TEXT_MAX = 200 };

static const char *text_of(json_t *json, const char *path, char out[TEXT_MAX])
{
    const char *text = json_string_value(tatu_cli_find(json, path));
    tatu_cli_escape(text == NULL ? "?" : text, out, TEXT_MAX);
    return out;
}

static void print_frame(FILE *out, size_t index, json_t *frame)
{
    char function[TEXT_MAX], file[TEXT_MAX], module[TEXT_MAX], address[TEXT_MAX], kind[TEXT_MAX];
    json_t *line = json_object_get(frame, "line");
    (void)fprintf(out, "  #%zu  %s", index, text_of(frame, "function", function));
    if (json_object_get(frame, "file") != NULL) {
        (void)fprintf(out, "  %s:%" JSON_INTEGER_FORMAT, text_of(frame, "file", file),
                      json_integer_value(line));
    }
    json_t *raw = json_object_get(frame, "address");
    if (json_is_integer(raw)) {
        (void)snprintf(address, sizeof(address), "0x%08llx",
                       (unsigned long long)json_integer_value(raw));
    } else {
        (void)text_of(frame, "address", address);
    }
    (void)fprintf(out, "  (%s %s, %s)\n", text_of(frame, "module", module), address,
                  text_of(frame, "kind", kind));
}

static void print_stack(FILE *out, json_t *crash)
{
    char device[TEXT_MAX], when[TEXT_MAX], component[TEXT_MAX];
    size_t index;
    json_t *frame;
    (void)fprintf(out, "signal %" JSON_INTEGER_FORMAT " in %s\nat %s\non %s\n",
                  json_integer_value(json_object_get(crash, "signal")),
                  text_of(crash, "componentId", component), text_of(crash, "occurredAt", when),
                  text_of(crash, "deviceId", device));
    json_array_foreach(json_object_get(crash, "frames"), index, frame)
    {
        print_frame(out, index, frame);
    }
}

static enum tatu_err list(struct tatu_cli *cli)
{
    return tatu_cli_give_filtered(cli, "crashes");
}

static enum tatu_err show(struct tatu_cli *cli)
{
    TATU_TRY(tatu_cli_give_one(cli, "crashes", cli->arguments[0]));
    if (!cli->json) {
        print_stack(cli->out, cli->result);
        json_decref(cli->result);
        cli->result = NULL;
    }
    return TATU_OK;
}

static const struct tatu_cli_option list_options[] = {
    {"--device", CLI_OPTIONAL, "ID", "of this device only"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "crash list",
     CLI_FILTERED,
     CLI_OPTIONS(list_options),
     .run = list,
     .columns = "id,signal,module,occurredAt,groupCount,componentId",
     .summary = "List crashes, newest first"},
    {.words = "crash show",
     .arguments = "ID",
     .argument_min = 1,
     .argument_max = 1,
     .scope = CLI_SCOPE_SERVICE,
     .run = show,
     .summary = "Show a crash with its stack"},
};
CLI_CHAPTER(tatu_cli_crash, commands);
