/* tatu symbols: programs with debug information, so that crashes get names. */
#include "service.h"

#include <string.h>

enum { SYMBOLS_MAX = 16 << 20 };

static enum tatu_err add(struct tatu_cli *cli)
{
    CLI_BYTES bytes = {NULL, 0};
    json_t *answer = NULL;
    TATU_TRY(tatu_cli_read_file(cli, cli->arguments[0], SYMBOLS_MAX, &bytes));
    if (bytes.len < 4 || memcmp(bytes.data,
                                "\x7f"
                                "ELF",
                                4) != 0) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "%s is not an ELF file; give the program before it "
                             "was stripped",
                             cli->arguments[0]);
    }
    TATU_TRY(tatu_cli_send(cli, "PUT", "/tatu/v1/symbols", CLI_SPAN(bytes), &answer));
    return tatu_cli_give(cli, answer);
}

static enum tatu_err list(struct tatu_cli *cli)
{
    json_t *symbols = NULL;
    TATU_TRY(tatu_cli_list(cli, "GET", "/tatu/v1/symbols", &symbols));
    return tatu_cli_give(cli, symbols);
}

static const struct tatu_cli_command commands[] = {
    {.words = "symbols add",
     .arguments = "FILE",
     .argument_min = 1,
     .argument_max = 1,
     .scope = CLI_SCOPE_SERVICE,
     .run = add,
     .summary = "Upload a program with its symbols"},
    {.words = "symbols list",
     .scope = CLI_SCOPE_SERVICE,
     .run = list,
     .columns = "buildId,size",
     .summary = "List the symbols the service has"},
};
CLI_CHAPTER(tatu_cli_symbols, commands);
