#include "command.h"

#include "config.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *option;
    const char *setting;
    enum tatu_cli_scope scope;
} places[CLI_PLACE_COUNT] = {
    [CLI_SUBSCRIPTION] = {"--subscription", "subscription", CLI_SCOPE_GROUP},
    [CLI_RESOURCE_GROUP] = {"--resource-group", "resource-group", CLI_SCOPE_GROUP},
    [CLI_CATALOG] = {"--catalog", "catalog", CLI_SCOPE_CATALOG},
    [CLI_PRODUCT] = {"--product", "product", CLI_SCOPE_PRODUCT},
    [CLI_DEVICE_GROUP] = {"--device-group", "device-group", CLI_SCOPE_DEVICE_GROUP},
};

/* The command line being read. */
struct line {
    int argc;
    char **argv;
    int at;
    bool only_arguments; /* after "--" */
};

/* What the original's first tool let one write short. */
static const struct {
    const char *brief;
    const char *word;
} synonyms[] = {{"dev", "device"}, {"sl", "sideload"}, {"cap", "capability"}, {"img", "image"}};

static bool is_word(const char *given, const char *word, size_t len)
{
    for (size_t i = 0; i < TATU_COUNT_OF(synonyms); i++) {
        if (strcmp(given, synonyms[i].brief) == 0) {
            given = synonyms[i].word;
        }
    }
    return strlen(given) == len && memcmp(given, word, len) == 0;
}

/* How many words of the line are this name, which ends at a comma; 0: it is another. */
static int match_words(const char *name, int argc, char **argv)
{
    int count = 0;
    while (*name != '\0' && *name != ',') {
        size_t len = strcspn(name, " ,");
        if (1 + count >= argc || !is_word(argv[1 + count], name, len)) {
            return 0;
        }
        count++;
        name += len + (name[len] == ' ');
    }
    return count;
}

static int match_command(const struct tatu_cli_command *command, int argc, char **argv)
{
    int best = match_words(command->words, argc, argv);
    for (const char *name = command->also; name != NULL && best == 0;) {
        best = match_words(name, argc, argv);
        name = strchr(name, ',');
        name = name == NULL ? NULL : name + 1;
    }
    return best;
}

int tatu_cli_find_command(int argc, char **argv, const struct tatu_cli_command **out)
{
    int best = 0;
    for (size_t i = 0; i < tatu_cli_chapter_count; i++) {
        for (size_t k = 0; k < tatu_cli_chapters[i]->count; k++) {
            int count = match_command(&tatu_cli_chapters[i]->commands[k], argc, argv);
            if (count > best) {
                best = count;
                *out = &tatu_cli_chapters[i]->commands[k];
            }
        }
    }
    return best;
}

/* Option names are compared without regard to case and inner dashes: --component-id is also
 * --componentId. */
static bool is_same_option(const char *known, size_t known_len, const char *name, size_t name_len)
{
    size_t i = 0, k = 0;
    if (known_len <= 2 || name_len <= 2) { /* -i is not -I */
        return known_len == name_len && memcmp(known, name, name_len) == 0;
    }
    if (name[0] != '-' || name[1] != '-') {
        return false;
    }
    for (;;) {
        while (i < known_len && known[i] == '-') {
            i++;
        }
        while (k < name_len && name[k] == '-') {
            k++;
        }
        if (i == known_len || k == name_len) {
            return i == known_len && k == name_len;
        }
        if (tolower((unsigned char)known[i++]) != tolower((unsigned char)name[k++])) {
            return false;
        }
    }
}

static bool is_option(const char *known, const char *also, const char *name, size_t name_len)
{
    if (known != NULL && is_same_option(known, strlen(known), name, name_len)) {
        return true;
    }
    while (also != NULL && *also != '\0') {
        size_t len = strcspn(also, " ");
        if (is_same_option(also, len, name, name_len)) {
            return true;
        }
        also += len + (also[len] == ' ');
    }
    return false;
}

/* Places a value has: those of the command's own table, then the scope's. */
static const char **find_slot(struct tatu_cli *cli, const char *name, size_t name_len,
                              const struct tatu_cli_option **out_option)
{
    for (size_t i = 0; i < cli->command->option_count; i++) {
        const struct tatu_cli_option *option = &cli->command->options[i];
        if (is_option(option->name, option->also, name, name_len)) {
            *out_option = &cli->command->options[i];
            return &cli->values[i];
        }
    }
    static const struct tatu_cli_option place_option = {"", CLI_OPTIONAL, "NAME", ""};
    for (size_t i = 0; i < CLI_PLACE_COUNT; i++) {
        if (cli->command->scope >= places[i].scope &&
            is_option(places[i].option, NULL, name, name_len)) {
            *out_option = &place_option;
            return &cli->places[i];
        }
    }
    return NULL;
}

static enum tatu_err take_many(struct tatu_cli *cli, struct line *line, const char *name)
{
    while (line->at < line->argc && line->argv[line->at][0] != '-') {
        if (cli->many_count == CLI_MANY_MAX) {
            return tatu_cli_fail(cli, TATU_ERR_ARGUMENT, "%s takes at most %d values; give fewer",
                                 name, CLI_MANY_MAX);
        }
        cli->many[cli->many_count++] = line->argv[line->at++];
    }
    if (cli->many_count == 0) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT, "%s needs a value; see 'tatu %s --help'", name,
                             cli->command->words);
    }
    return TATU_OK;
}

static enum tatu_err take_tail(struct tatu_cli *cli, struct line *line)
{
    if (line->argc - line->at > CLI_MANY_MAX) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT, "more than %d words follow --; give fewer",
                             CLI_MANY_MAX);
    }
    while (line->at < line->argc) {
        cli->many[cli->many_count++] = line->argv[line->at++];
    }
    return TATU_OK;
}

static enum tatu_err take_output(struct tatu_cli *cli, const char *value)
{
    if (value != NULL && strcmp(value, "json") == 0) {
        cli->json = true;
        return TATU_OK;
    }
    if (value != NULL && (strcmp(value, "table") == 0 || strcmp(value, "text") == 0)) {
        cli->json = false;
        return TATU_OK;
    }
    return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                         "the output is 'json' or 'table'; give one of these to -o");
}

static const char *take_value(struct line *line, const char *equals)
{
    if (equals != NULL) {
        return equals + 1;
    }
    return line->at < line->argc ? line->argv[line->at++] : NULL;
}

static enum tatu_err take_argument(struct tatu_cli *cli, const char *value, const char *word)
{
    if (value == NULL || *value == '\0') {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT, "%s needs a value; see 'tatu %s --help'", word,
                             cli->command->words);
    }
    if (cli->argument_count == cli->command->argument_max) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "'%s' is one word too many; see 'tatu %s --help'", value,
                             cli->command->words);
    }
    cli->arguments[cli->argument_count++] = value;
    return TATU_OK;
}

static enum tatu_err take_option(struct tatu_cli *cli, struct line *line)
{
    const char *word = line->argv[line->at++];
    const char *equals = strchr(word, '=');
    size_t name_len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        cli->help = true;
        return TATU_OK;
    }
    if (strcmp(word, "-o") == 0 || (name_len == 8 && memcmp(word, "--output", 8) == 0)) {
        return take_output(cli, take_value(line, equals));
    }
    const struct tatu_cli_option *option = NULL;
    const char **slot = find_slot(cli, word, name_len, &option);
    if (slot == NULL && is_option(NULL, cli->command->argument_also, word, name_len)) {
        return take_argument(cli, take_value(line, equals), word);
    }
    if (slot == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "'tatu %s' has no option %.*s; see 'tatu %s "
                             "--help'",
                             cli->command->words, (int)name_len, word, cli->command->words);
    }
    if (*slot != NULL && option->kind != CLI_MANY) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT, "%.*s is given twice; give it once",
                             (int)name_len, word);
    }
    if (option->kind == CLI_FLAG || (option->kind == CLI_MANY && equals == NULL)) {
        *slot = "";
        return option->kind == CLI_FLAG ? TATU_OK : take_many(cli, line, option->name);
    }
    *slot = take_value(line, equals);
    if (*slot == NULL || **slot == '\0') {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT, "%.*s needs a value; see 'tatu %s --help'",
                             (int)name_len, word, cli->command->words);
    }
    if (option->kind == CLI_MANY && cli->many_count < CLI_MANY_MAX) {
        cli->many[cli->many_count++] = *slot;
    }
    return TATU_OK;
}

static enum tatu_err take_word(struct tatu_cli *cli, struct line *line)
{
    const char *word = line->argv[line->at];
    if (!line->only_arguments && strcmp(word, "--") == 0) {
        line->only_arguments = true;
        line->at++;
        return cli->command->tail ? take_tail(cli, line) : TATU_OK;
    }
    if (!line->only_arguments && word[0] == '-' && word[1] != '\0') {
        return take_option(cli, line);
    }
    line->at++;
    return take_argument(cli, word, word);
}

static enum tatu_err check_complete(struct tatu_cli *cli)
{
    const struct tatu_cli_command *command = cli->command;
    if (cli->argument_count < command->argument_min) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT, "'tatu %s' needs %s; see 'tatu %s --help'",
                             command->words, command->arguments, command->words);
    }
    for (size_t i = 0; i < command->option_count; i++) {
        if (command->options[i].kind == CLI_REQUIRED && cli->values[i] == NULL) {
            return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                                 "'tatu %s' needs %s %s; see 'tatu %s --help'", command->words,
                                 command->options[i].name, command->options[i].value,
                                 command->words);
        }
    }
    return TATU_OK;
}

/* The deepest place of a command that makes or shows one: the argument is its name. */
static enum tatu_cli_place deepest_place(enum tatu_cli_scope scope)
{
    return scope == CLI_SCOPE_DEVICE_GROUP ? CLI_DEVICE_GROUP
           : scope == CLI_SCOPE_PRODUCT    ? CLI_PRODUCT
                                           : CLI_CATALOG;
}

static enum tatu_err fill_places(struct tatu_cli *cli)
{
    const struct tatu_cli_command *command = cli->command;
    if (command->names_last && cli->argument_count > 0) {
        cli->places[deepest_place(command->scope)] = cli->arguments[0];
    }
    for (size_t i = 0; i < CLI_PLACE_COUNT; i++) {
        if (cli->places[i] != NULL || command->scope < places[i].scope) {
            continue;
        }
        TATU_TRY(tatu_cli_get_setting(cli, places[i].setting, &cli->places[i]));
        if (cli->places[i] == NULL && !command->lax) {
            return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                                 "no %s is named; give %s NAME, or 'tatu "
                                 "config set %s NAME' once",
                                 places[i].setting, places[i].option, places[i].setting);
        }
    }
    return TATU_OK;
}

enum tatu_err tatu_cli_parse(struct tatu_cli *cli, int argc, char **argv)
{
    const int words = tatu_cli_find_command(argc, argv, &cli->command);
    if (words == 0) {
        char line[CLI_FAILURE_MAX / 4] = "";
        for (int i = 1; i < argc && argv[i][0] != '-'; i++) {
            size_t at = strlen(line);
            (void)snprintf(line + at, sizeof(line) - at, "%s%s", i > 1 ? " " : "", argv[i]);
        }
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "there is no command '%s'; 'tatu help' lists them", line);
    }
    struct line line = {argc, argv, 1 + words, false};
    while (line.at < line.argc) {
        TATU_TRY(take_word(cli, &line));
    }
    if (cli->help) {
        return TATU_OK;
    }
    TATU_TRY(check_complete(cli));
    return fill_places(cli);
}

const char *tatu_cli_option(const struct tatu_cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->command->option_count; i++) {
        if (strcmp(cli->command->options[i].name, name) == 0) {
            return cli->values[i];
        }
    }
    return NULL;
}
