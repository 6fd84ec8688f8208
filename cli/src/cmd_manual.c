/* tatu manual, tatu completion: man pages and tab completion, both from the table of commands. */
#include "attached.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 64 };

/* ---- every row ------------------------------------------------------------------------------- */

static const struct tatu_cli_command *row(size_t *chapter, size_t *index)
{
    while (*chapter < tatu_cli_chapter_count) {
        if (*index < tatu_cli_chapters[*chapter]->count) {
            return &tatu_cli_chapters[*chapter]->commands[(*index)++];
        }
        (*chapter)++;
        *index = 0;
    }
    return NULL;
}

/* ---- man pages ------------------------------------------------------------------------------- */

/* Of roff only the backslash and the dash mean something inside a line of ours. */
static void put_roff(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\') {
            (void)fprintf(out, "\\e");
        } else if (*text == '-') {
            (void)fprintf(out, "\\-");
        } else {
            (void)fputc(*text, out);
        }
    }
}

static void put_head(FILE *out, const char *page, const char *summary)
{
    (void)fprintf(out, ".TH \"%s\" 1 \"\" \"tatu %s\" \"Tatu\"\n.SH NAME\n", page,
                  TATU_CLI_VERSION);
    put_roff(out, page);
    (void)fprintf(out, " \\- ");
    put_roff(out, summary);
    (void)fprintf(out, "\n");
}

static void put_option(FILE *out, const struct tatu_cli_option *option)
{
    (void)fprintf(out, ".TP\n.B ");
    put_roff(out, option->name);
    if (option->value != NULL) {
        (void)fprintf(out, " \\fI");
        put_roff(out, option->value);
        (void)fprintf(out, "\\fR");
    }
    (void)fprintf(out, "\n");
    put_roff(out, option->help);
    (void)fprintf(out, "%s.", option->kind == CLI_REQUIRED ? " (needed)" : "");
    if (option->also != NULL) {
        (void)fprintf(out, " Also: ");
        put_roff(out, option->also);
        (void)fprintf(out, ".");
    }
    (void)fprintf(out, "\n");
}

static void put_page(FILE *out, const char *page, const struct tatu_cli_command *command)
{
    put_head(out, page, command->summary);
    (void)fprintf(out, ".SH SYNOPSIS\n.B tatu ");
    put_roff(out, command->words);
    (void)fprintf(out, "\n");
    put_roff(out, command->arguments == NULL ? "" : command->arguments);
    (void)fprintf(out, "%s\n", command->option_count > 0 ? "\n[options]" : "");
    if (command->also != NULL) {
        (void)fprintf(out, ".PP\nAlso: tatu ");
        put_roff(out, command->also);
        (void)fprintf(out, "\n");
    }
    (void)fprintf(out, ".SH OPTIONS\n");
    for (size_t i = 0; i < command->option_count; i++) {
        put_option(out, &command->options[i]);
    }
    (void)fprintf(out, ".TP\n.B \\-o \\fIjson|table\\fR\nThe result as it came, or for people.\n"
                       ".SH EXIT STATUS\n0 done, 1 failed, 2 the command line was wrong. A failure "
                       "is one line: error: NAME: sentence; what to do next.\n"
                       ".SH SEE ALSO\ntatu(1)\n");
}

static void put_overview(FILE *out)
{
    size_t chapter = 0, index = 0;
    put_head(out, "tatu", "secured connected devices from a terminal");
    (void)fprintf(out, ".SH SYNOPSIS\n.B tatu\nCOMMAND [options] [\\-o json|table]\n"
                       ".SH COMMANDS\nEach has a page of its own: tatu\\-COMMAND(1).\n");
    for (const struct tatu_cli_command *command; (command = row(&chapter, &index)) != NULL;) {
        (void)fprintf(out, ".TP\n.B ");
        put_roff(out, command->words);
        (void)fprintf(out, "\n");
        put_roff(out, command->summary);
        (void)fprintf(out, ".\n");
    }
    (void)fprintf(out, ".SH ENVIRONMENT\n.TP\n.B TATU_CONFIG\nThe configuration folder; else "
                       "~/.config/tatu.\n.TP\n.B TATU_DISCOVERY\n\"off\", or the port of the "
                       "discovery service.\n.TP\n.B TATU_QEMU\nThe chip's program.\n");
}

static enum tatu_err write_page(struct tatu_cli *cli, const char *name,
                                const struct tatu_cli_command *command)
{
    char file[WORD_MAX + 8], path[PATH_MAX];
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        return TATU_ERR_MEMORY;
    }
    if (command == NULL) {
        put_overview(out);
    } else {
        put_page(out, name, command);
    }
    (void)snprintf(file, sizeof(file), "%s.1", name);
    enum tatu_err err = fclose(out) == 0 ? TATU_OK : TATU_ERR_MEMORY;
    if (err == TATU_OK) {
        err = tatu_cli_join(cli, tatu_cli_option(cli, "--folder"), file, path);
    }
    if (err == TATU_OK) {
        err = tatu_cli_write_over(cli, path, 0644, (struct tatu_span){(const uint8_t *)text, len});
    }
    free(text);
    return err;
}

static enum tatu_err manual(struct tatu_cli *cli)
{
    size_t chapter = 0, index = 0;
    json_int_t count = 1;
    TATU_TRY(tatu_cli_make_folder(cli, tatu_cli_option(cli, "--folder")));
    TATU_TRY(write_page(cli, "tatu", NULL));
    for (const struct tatu_cli_command *command; (command = row(&chapter, &index)) != NULL;) {
        char name[WORD_MAX];
        (void)snprintf(name, sizeof(name), "tatu-%s", command->words);
        for (char *c = name; *c != '\0'; c++) {
            *c = *c == ' ' ? '-' : *c;
        }
        TATU_TRY(write_page(cli, name, command));
        count++;
    }
    return tatu_cli_give(cli, json_pack("{s:I}", "pages", count));
}

/* ---- completion ------------------------------------------------------------------------------ */

static const char bash_script[] =
    "# Tab completion of tatu for bash: source it, or put it where bash-completion looks.\n"
    "_tatu() {\n"
    "    local IFS=$'\\n'\n"
    "    COMPREPLY=($(tatu completion next -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
    "}\n"
    "complete -o default -F _tatu tatu\n";

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* One candidate a line, each once: rows of one noun stand together, but aliases do not. */
static void offer(FILE *out, const char *word, size_t len, const char *begun, json_t *told)
{
    char text[WORD_MAX];
    if (len >= sizeof(text)) {
        return;
    }
    memcpy(text, word, len);
    text[len] = '\0';
    if (begins(text, begun) && json_object_get(told, text) == NULL) {
        (void)json_object_set_new(told, text, json_true());
        (void)fprintf(out, "%s\n", text);
    }
}

/* The word of a command's name that follows the words that are there. */
static void offer_words(struct tatu_cli *cli, size_t count, const char *begun, json_t *told)
{
    size_t chapter = 0, index = 0;
    for (const struct tatu_cli_command *command; (command = row(&chapter, &index)) != NULL;) {
        const char *at = command->words;
        bool fits = true;
        for (size_t i = 0; i < count && fits; i++) {
            size_t len = strcspn(at, " ");
            fits = len > 0 && strlen(cli->many[i]) == len && memcmp(at, cli->many[i], len) == 0;
            at += len + (at[len] == ' ');
        }
        if (fits && *at != '\0') {
            offer(cli->out, at, strcspn(at, " "), begun, told);
        }
    }
}

struct offering {
    const char *begun;
    json_t *told;
};

static enum tatu_err offer_board(struct tatu_cli *cli, const struct tatu_board *board,
                                 void *context)
{
    const struct offering *offering = context;
    const char *name = tatu_cli_board_name(board);
    offer(cli->out, name, strlen(name), offering->begun, offering->told);
    return TATU_OK;
}

static void offer_options(struct tatu_cli *cli, const struct tatu_cli_command *command,
                          const char *before, const char *begun, json_t *told)
{
    struct offering offering = {begun, told};
    const bool board = command->arguments != NULL && begins(command->arguments, "NAME|DIR");
    if (strcmp(before, "--device") == 0 || strcmp(before, "--board") == 0 ||
        (board && begun[0] != '-')) {
        (void)tatu_cli_each_board(cli, offer_board, &offering);
        cli->failure[0] = '\0';
        return;
    }
    if (strcmp(before, "-o") == 0) {
        offer(cli->out, "json", 4, begun, told);
        offer(cli->out, "table", 5, begun, told);
        return;
    }
    for (size_t i = 0; i < command->option_count && begun[0] == '-'; i++) {
        offer(cli->out, command->options[i].name, strlen(command->options[i].name), begun, told);
    }
}

/* What may stand where the last word is being written. */
static enum tatu_err complete_line(struct tatu_cli *cli)
{
    json_auto_t *told = json_object();
    char *words[CLI_MANY_MAX + 2] = {NULL};
    const size_t count = cli->many_count == 0 ? 0 : cli->many_count - 1;
    const char *begun = cli->many_count == 0 ? "" : cli->many[count];
    const struct tatu_cli_command *command = NULL;
    for (size_t i = 0; i < count; i++) {
        words[i + 1] = (char *)(uintptr_t)cli->many[i];
    }
    offer_words(cli, count, begun, told);
    if (tatu_cli_find_command((int)count + 1, words, &command) > 0) {
        offer_options(cli, command, cli->many[count - 1], begun, told);
    }
    return TATU_OK;
}

static enum tatu_err completion(struct tatu_cli *cli)
{
    if (strcmp(cli->arguments[0], "bash") == 0) {
        (void)fprintf(cli->out, "%s", bash_script);
        return TATU_OK;
    }
    if (strcmp(cli->arguments[0], "next") == 0) {
        return complete_line(cli);
    }
    return tatu_cli_fail(cli, TATU_ERR_ARGUMENT, "there is no completion for '%s'; there is bash",
                         cli->arguments[0]);
}

static const struct tatu_cli_option manual_options[] = {
    {"--folder", CLI_REQUIRED, "DIR", "where the pages go", NULL},
};

static const struct tatu_cli_command commands[] = {
    {.words = "manual",
     CLI_OPTIONS(manual_options),
     .run = manual,
     .summary = "Write the man pages"},
    {.words = "completion",
     .arguments = "bash|next [-- WORD...]",
     .argument_min = 1,
     .argument_max = 1,
     .tail = true,
     .run = completion,
     .summary = "Print what a shell completes lines with"},
};
CLI_CHAPTER(tatu_cli_manual, commands);
