#include "cli/cli.h"

#include "command.h"
#include "print.h"
#include "version.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const struct tatu_cli_chapter *const tatu_cli_chapters[] = {
    &tatu_cli_platform,    &tatu_cli_maker,         &tatu_cli_release,
    &tatu_cli_confirm,     &tatu_cli_board,         &tatu_cli_desk,
    &tatu_cli_login,       &tatu_cli_settings,      &tatu_cli_catalog,
    &tatu_cli_product,     &tatu_cli_device_group,  &tatu_cli_device,
    &tatu_cli_device_log,  &tatu_cli_recover,       &tatu_cli_image,
    &tatu_cli_deployment,  &tatu_cli_symbols,       &tatu_cli_crash,
    &tatu_cli_event,       &tatu_cli_image_package, &tatu_cli_hardware_definition,
    &tatu_cli_attached,    &tatu_cli_app,           &tatu_cli_capability,
    &tatu_cli_certificate, &tatu_cli_network,       &tatu_cli_sideload,
    &tatu_cli_support,     &tatu_cli_wifi,          &tatu_cli_discovery,
    &tatu_cli_manual,      &tatu_cli_new,
};
const size_t tatu_cli_chapter_count = TATU_COUNT_OF(tatu_cli_chapters);

enum tatu_err tatu_cli_fail(struct tatu_cli *cli, enum tatu_err err, const char *format, ...)
{
    char text[CLI_FAILURE_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    tatu_cli_escape(text, cli->failure, sizeof(cli->failure));
    (void)snprintf(cli->failure_name, sizeof(cli->failure_name), "%s", tatu_err_name(err));
    return err;
}

enum tatu_err tatu_cli_read_number(struct tatu_cli *cli, const char *what, const char *text,
                                   uint64_t min, uint64_t max, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    unsigned long long value = strtoull(text, &end, hex ? 16 : 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < min ||
        value > max) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "%s must be a number from %llu to %llu; '%s' "
                             "is not",
                             what, (unsigned long long)min, (unsigned long long)max, text);
    }
    *out = value;
    return TATU_OK;
}

enum tatu_err tatu_cli_give(struct tatu_cli *cli, json_t *result)
{
    if (result == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_MEMORY,
                             "the result could not be put together; try again");
    }
    json_decref(cli->result);
    cli->result = result;
    return TATU_OK;
}

/* Whether a command begins with these words: "device" has "device list". NULL: any. */
static bool is_of_noun(const struct tatu_cli_command *command, const char *noun)
{
    size_t len = noun == NULL ? 0 : strlen(noun);
    return noun == NULL || (strncmp(command->words, noun, len) == 0 && command->words[len] == ' ');
}

/* How many there are. */
static size_t list_commands(FILE *out, const char *noun)
{
    size_t count = 0;
    for (size_t i = 0; i < tatu_cli_chapter_count; i++) {
        for (size_t k = 0; k < tatu_cli_chapters[i]->count; k++) {
            const struct tatu_cli_command *command = &tatu_cli_chapters[i]->commands[k];
            if (is_of_noun(command, noun)) {
                (void)fprintf(out, "  %-42s %s\n", command->words, command->summary);
                count++;
            }
        }
    }
    return count;
}

static void list_all_commands(FILE *out)
{
    (void)fprintf(out, "tatu " TATU_CLI_VERSION "\n\n"
                       "usage: tatu COMMAND [options] [-o json|table]; tatu COMMAND --help\n\n");
    (void)list_commands(out, NULL);
}

static void explain_command(const struct tatu_cli_command *command, FILE *out)
{
    (void)fprintf(out, "usage: tatu %s%s%s%s\n%s.\n", command->words,
                  command->arguments == NULL ? "" : " ",
                  command->arguments == NULL ? "" : command->arguments,
                  command->option_count > 0 ? " [options]" : "", command->summary);
    for (size_t i = 0; i < command->option_count; i++) {
        const struct tatu_cli_option *option = &command->options[i];
        (void)fprintf(out, "  %-20s %-10s %s%s\n", option->name,
                      option->value == NULL ? "" : option->value, option->help,
                      option->kind == CLI_REQUIRED ? " (needed)" : "");
        if (option->also != NULL) {
            (void)fprintf(out, "  %-20s %-10s same as %s\n", option->also, "", option->name);
        }
    }
    if (command->argument_also != NULL) {
        (void)fprintf(out, "  %-20s %-10s instead of the first argument\n", command->argument_also,
                      "");
    }
    if (command->also != NULL) {
        (void)fprintf(out, "  also: tatu %s\n", command->also);
    }
    if (command->scope >= CLI_SCOPE_GROUP) {
        (void)fprintf(out, "  --subscription, --resource-group%s%s%s NAME\n",
                      command->scope >= CLI_SCOPE_CATALOG ? ", --catalog" : "",
                      command->scope >= CLI_SCOPE_PRODUCT ? ", --product" : "",
                      command->scope >= CLI_SCOPE_DEVICE_GROUP ? ", --device-group" : "");
    }
}

static enum tatu_err run_command(struct tatu_cli *cli)
{
    if (cli->help) {
        explain_command(cli->command, cli->out);
        return TATU_OK;
    }
    TATU_TRY(cli->command->run(cli));
    if (cli->result != NULL) {
        tatu_cli_print(cli->out, cli->result, cli->json, cli->command->columns);
    }
    if (fflush(cli->out) != 0) {
        return tatu_cli_fail(cli, TATU_ERR_IO,
                             "the output cannot be written: %s; check where it goes",
                             strerror(errno));
    }
    return TATU_OK;
}

/* A noun alone asks what can be done with it. */
static bool list_noun(int argc, char **argv, FILE *out)
{
    const struct tatu_cli_command *command;
    char noun[64] = "";
    bool helps = strcmp(argv[argc - 1], "--help") == 0 || strcmp(argv[argc - 1], "-h") == 0;
    int words = argc - (helps ? 1 : 0);
    if (tatu_cli_find_command(argc, argv, &command) > 0) {
        return false;
    }
    for (int i = 1; i < words; i++) {
        size_t at = strlen(noun);
        (void)snprintf(noun + at, sizeof(noun) - at, "%s%s", i > 1 ? " " : "", argv[i]);
    }
    return words > 1 && list_commands(out, noun) > 0;
}

static bool asks_for(int argc, char **argv, const char *word, const char *option)
{
    return argc == 2 && (strcmp(argv[1], word) == 0 || strcmp(argv[1], option) == 0);
}

int tatu_cli_run(int argc, char **argv, const struct tatu_cli_surroundings *around, FILE *out,
                 FILE *err)
{
    if (asks_for(argc, argv, "help", "--help") || asks_for(argc, argv, "-h", "-h")) {
        list_all_commands(out);
        return 0;
    }
    if (asks_for(argc, argv, "version", "--version")) {
        (void)fprintf(out, TATU_CLI_VERSION "\n");
        return 0;
    }
    if (argc < 2) {
        list_all_commands(err);
        return 2;
    }
    if (list_noun(argc, argv, out)) {
        return 0;
    }
    struct tatu_cli cli = {.around = around, .out = out};
    int status = 2;
    enum tatu_err result = tatu_cli_parse(&cli, argc, argv);
    if (result == TATU_OK) {
        result = run_command(&cli);
        status = result == TATU_OK ? 0 : 1;
    }
    if (result != TATU_OK && cli.failure[0] == '\0') {
        (void)tatu_cli_fail(&cli, result, "%s; see 'tatu %s --help'", tatu_err_text(result),
                            cli.command->words);
    }
    if (result != TATU_OK) {
        (void)fprintf(err, "error: %s: %s\n", cli.failure_name, cli.failure);
    }
    json_decref(cli.result);
    json_decref(cli.config);
    return status;
}
