/* tatu maker: whoever makes boards, and tells the service so. */
#include "maker.h"
#include "print.h"
#include "service.h"

#include "board/board.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_MAX = 4096, IMPORT_MAX = CLI_MANY_MAX };

enum tatu_err tatu_cli_load_maker(struct tatu_cli *cli, const char *dir, struct tatu_cli_key *out)
{
    char path[PATH_MAX];
    TATU_TRY(tatu_cli_join(cli, dir, MAKER_KEY, path));
    return tatu_cli_load_key(cli, path, out);
}

static enum tatu_err read_name(struct tatu_cli *cli, const char *dir, json_t **out)
{
    char path[PATH_MAX];
    CLI_BYTES text = {NULL, 0};
    TATU_TRY(tatu_cli_join(cli, dir, MAKER_RECORD, path));
    TATU_TRY(tatu_cli_read_file(cli, path, RECORD_MAX, &text));
    json_t *json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_string(json_object_get(json, "name"))) {
        json_decref(json);
        return tatu_cli_fail(cli, TATU_ERR_FORMAT, "%s is damaged; make the maker's folder again",
                             path);
    }
    *out = json;
    return TATU_OK;
}

static enum tatu_err init(struct tatu_cli *cli)
{
    const char *dir = tatu_cli_option(cli, "--dir");
    const char *name = tatu_cli_option(cli, "--name");
    char path[PATH_MAX];
    CLI_KEY key = {.pkey = NULL};
    TATU_TRY(tatu_cli_make_folder(cli, dir));
    TATU_TRY(tatu_cli_join(cli, dir, MAKER_KEY, path));
    TATU_TRY(tatu_cli_make_key(cli, path));
    TATU_TRY(tatu_cli_load_key(cli, path, &key));
    json_t *record = json_pack("{s:s, s:o}", "name", name != NULL ? name : "maker", "publicKey",
                               tatu_cli_hex(key.public_key, sizeof(key.public_key)));
    TATU_TRY(tatu_cli_give(cli, record));
    char *text = json_dumps(record, JSON_INDENT(2));
    if (text == NULL) {
        return TATU_ERR_MEMORY;
    }
    enum tatu_err err = tatu_cli_join(cli, dir, MAKER_RECORD, path);
    if (err == TATU_OK) {
        err = tatu_cli_write_new(cli, path, 0600,
                                 (struct tatu_span){(const uint8_t *)text, strlen(text)});
    }
    free(text);
    return err;
}

static enum tatu_err maker_path(struct tatu_cli *cli, json_t *record, const char *tail,
                                char path[CLI_PATH_LEN_MAX])
{
    (void)snprintf(path, CLI_PATH_LEN_MAX, "/tatu/v1/makers/");
    TATU_TRY(tatu_cli_put_segment(cli, json_string_value(json_object_get(record, "name")), path,
                                  CLI_PATH_LEN_MAX - 16));
    (void)strcat(path, tail);
    return TATU_OK;
}

static enum tatu_err register_maker(struct tatu_cli *cli)
{
    const char *dir = tatu_cli_option(cli, "--maker");
    char path[CLI_PATH_LEN_MAX];
    CLI_KEY key = {.pkey = NULL};
    json_auto_t *record = NULL;
    json_t *answer = NULL;
    TATU_TRY(tatu_cli_load_maker(cli, dir, &key));
    TATU_TRY(read_name(cli, dir, &record));
    TATU_TRY(maker_path(cli, record, "", path));
    json_t *body =
        json_pack("{s:o}", "publicKey", tatu_cli_hex(key.public_key, sizeof(key.public_key)));
    TATU_TRY(tatu_cli_call(cli, "PUT", path, body, &answer));
    return tatu_cli_give(cli, answer);
}

static enum tatu_err describe_board(struct tatu_cli *cli, const char *dir, json_t **out)
{
    struct tatu_board board;
    uint8_t cose[TATU_BOARD_ENDORSEMENT_MAX];
    struct tatu_buf buf = TATU_BUF_OF(cose);
    enum tatu_err err = tatu_board_open(dir, &board);
    if (err == TATU_OK) {
        err = tatu_board_read_endorsement(&board, &buf);
    }
    if (err != TATU_OK) {
        (void)tatu_cli_fail(cli, err, "%s", board.detail);
        tatu_board_close(&board);
        return err;
    }
    *out =
        json_pack("{s:o, s:o}", "deviceId", tatu_cli_hex(board.device_id, sizeof(board.device_id)),
                  "endorsement", tatu_cli_hex(cose, buf.len));
    tatu_board_close(&board);
    return *out == NULL ? TATU_ERR_MEMORY : TATU_OK;
}

/* With an import the maker says whose a board is to be, so that its bare id can be claimed. */
static enum tatu_err import_boards(struct tatu_cli *cli)
{
    char path[CLI_PATH_LEN_MAX];
    json_auto_t *record = NULL;
    json_auto_t *devices = json_array();
    json_t *answer = NULL;
    TATU_TRY(read_name(cli, tatu_cli_option(cli, "--maker"), &record));
    for (size_t i = 0; i < cli->many_count; i++) {
        json_t *device = NULL;
        TATU_TRY(describe_board(cli, cli->many[i], &device));
        (void)json_array_append_new(devices, device);
    }
    TATU_TRY(maker_path(cli, record, "/imports", path));
    json_t *body = json_pack("{s:s, s:s, s:O}", "resourceGroup", cli->places[CLI_RESOURCE_GROUP],
                             "catalog", cli->places[CLI_CATALOG], "devices", devices);
    TATU_TRY(tatu_cli_call(cli, "POST", path, body, &answer));
    return tatu_cli_give(cli, answer);
}

static enum tatu_err list_makers(struct tatu_cli *cli)
{
    json_t *list = NULL;
    TATU_TRY(tatu_cli_list(cli, "GET", "/tatu/v1/makers", &list));
    return tatu_cli_give(cli, list);
}

static const struct tatu_cli_option init_options[] = {
    {"--dir", CLI_REQUIRED, "DIR", "folder for maker.pem"},
    {"--name", CLI_OPTIONAL, "NAME", "what the service will call the maker; 'maker'"},
};
static const struct tatu_cli_option register_options[] = {
    {"--maker", CLI_REQUIRED, "DIR", "the maker's folder"},
};
static const struct tatu_cli_option import_options[] = {
    {"--maker", CLI_REQUIRED, "DIR", "the maker's folder"},
    {"--boards", CLI_MANY, "DIR...", "boards the catalog may claim by their bare id"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "maker init",
     CLI_OPTIONS(init_options),
     .run = init,
     .summary = "Make the key that endorses boards"},
    {.words = "maker register",
     CLI_OPTIONS(register_options),
     .scope = CLI_SCOPE_SERVICE,
     .run = register_maker,
     .summary = "Put the maker on the service's list"},
    {.words = "maker import",
     CLI_OPTIONS(import_options),
     .scope = CLI_SCOPE_CATALOG,
     .run = import_boards,
     .summary = "Tell the service that boards are for a catalog"},
    {.words = "maker list",
     .scope = CLI_SCOPE_SERVICE,
     .run = list_makers,
     .columns = "name,thumbprint,createdAt",
     .summary = "List the makers the service trusts"},
};
CLI_CHAPTER(tatu_cli_maker, commands);
