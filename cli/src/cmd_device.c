/* tatu device: claiming, and what the service knows of a device. */
#include "attached.h"
#include "filter.h"
#include "keys.h"
#include "print.h"

#include "board/board.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    BOARD_ANSWER_TIMEOUT_S = 30,
    BOARD_WAIT_S = 120, /* a board just switched on needs a moment until its API answers */
};

static bool is_device_id(const char *id)
{
    return strlen(id) == 128 && strspn(id, "0123456789abcdefABCDEF") == 128;
}

/* ---- claim --------------------------------------------------------------------------------- */

static enum tatu_err get_nonce(struct tatu_cli *cli, json_t **out)
{
    char path[CLI_PATH_LEN_MAX] = "/tatu/v1/catalogs/";
    TATU_TRY(tatu_cli_put_segment(cli, cli->places[CLI_RESOURCE_GROUP], path, sizeof(path)));
    (void)strncat(path, "/", sizeof(path) - strlen(path) - 1);
    TATU_TRY(tatu_cli_put_segment(cli, cli->places[CLI_CATALOG], path, sizeof(path)));
    (void)strncat(path, "/claimNonce?subscription=", sizeof(path) - strlen(path) - 1);
    TATU_TRY(tatu_cli_put_segment(cli, cli->places[CLI_SUBSCRIPTION], path, sizeof(path)));
    return tatu_cli_call(cli, "POST", path, json_object(), out);
}

static time_t now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static enum tatu_err post_to_board(struct tatu_cli *cli, const struct tatu_board *board,
                                   const char *text, struct tatu_cli_answer *out)
{
    char url[64];
    (void)snprintf(url, sizeof(url), "https://%s:%u/tatu/v1/claim", board->address,
                   (unsigned)board->port);
    struct tatu_cli_request request = {
        .method = "POST",
        .url = url,
        .any_certificate = true,
        .body = {(const uint8_t *)text, strlen(text)},
        .timeout_s = BOARD_ANSWER_TIMEOUT_S,
    };
    for (const time_t end = now_s() + BOARD_WAIT_S;;) {
        enum tatu_err err = tatu_cli_exchange(cli, &request, out);
        if ((err != TATU_ERR_UNREACHABLE && err != TATU_ERR_TIMEOUT) || now_s() >= end) {
            return err;
        }
        (void)sleep(1);
    }
}

static enum tatu_err read_statement(struct tatu_cli *cli, const struct tatu_cli_answer *answer,
                                    json_t **out)
{
    if (answer->status != 200) {
        return tatu_cli_tell_status(cli, "the board", answer);
    }
    json_t *json =
        json_loadb((const char *)answer->body.data, answer->body.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_string(json_object_get(json, "statement")) ||
        !json_is_string(json_object_get(json, "endorsement"))) {
        json_decref(json);
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "the board's answer holds no claim statement; look "
                             "at its log");
    }
    *out = json;
    return TATU_OK;
}

/* The board's vault signs that it wants to belong to this catalog, over the service's nonce. */
static enum tatu_err ask_board(struct tatu_cli *cli, const struct tatu_board *board, json_t *nonce,
                               json_t **out)
{
    json_auto_t *body =
        json_pack("{s:O, s:O, s:O}", "nonce", json_object_get(nonce, "nonce"), "tenant",
                  json_object_get(nonce, "tenant"), "ownerKey", json_object_get(nonce, "ownerKey"));
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    if (text == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "the service's claim nonce is incomplete; look at "
                             "the service's version");
    }
    struct tatu_cli_answer answer;
    enum tatu_err err = post_to_board(cli, board, text, &answer);
    free(text);
    TATU_TRY(err);
    err = read_statement(cli, &answer, out);
    tatu_cli_free_bytes(&answer.body);
    return err;
}

static enum tatu_err put_claim(struct tatu_cli *cli, const char *device_id, json_t *proof)
{
    char tail[160];
    (void)snprintf(tail, sizeof(tail), "devices/%s", device_id);
    json_t *body = proof == NULL ? json_pack("{s:{}}", "properties")
                                 : json_pack("{s:{s:o}}", "properties", "tatu", proof);
    return tatu_cli_give_call(cli, "PUT", CLI_SCOPE_DEVICE_GROUP, tail, body);
}

static enum tatu_err open_running(struct tatu_cli *cli, const char *dir, struct tatu_board *out)
{
    TATU_TRY(tatu_cli_open_board(cli, dir, out));
    if (tatu_board_find_process(out) == 0) {
        return tatu_cli_fail(cli, TATU_ERR_STATE,
                             "the board is off; start it with 'tatu board "
                             "start %s'",
                             dir);
    }
    return TATU_OK;
}

static enum tatu_err claim_board(struct tatu_cli *cli, const char *dir)
{
    struct tatu_board board __attribute__((cleanup(tatu_board_close))) = {.dir_fd = -1};
    json_auto_t *nonce = NULL;
    json_t *proof = NULL;
    char device_id[129];
    TATU_TRY(open_running(cli, dir, &board));
    TATU_TRY(get_nonce(cli, &nonce));
    TATU_TRY(ask_board(cli, &board, nonce, &proof));
    tatu_base_encode_hex(TATU_SPAN_OF(board.device_id), device_id);
    return put_claim(cli, device_id, proof);
}

static enum tatu_err claim(struct tatu_cli *cli)
{
    const char *dir = tatu_cli_option(cli, "--board");
    const char *id = tatu_cli_option(cli, "--device-id");
    if ((dir == NULL) == (id == NULL)) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "a claim needs either --board DIR or --device-id "
                             "ID; give one of them");
    }
    if (dir != NULL) {
        return claim_board(cli, dir);
    }
    if (!is_device_id(id)) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "a device id has 128 hex digits; see 'tatu board "
                             "status'");
    }
    return put_claim(cli, id, NULL);
}

/* ---- the rest ------------------------------------------------------------------------------ */

static enum tatu_err assign(struct tatu_cli *cli)
{
    if (!is_device_id(cli->arguments[0])) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "a device id has 128 hex digits; see 'tatu "
                             "device list'");
    }
    /* a claim of what the catalog owns already only moves it */
    return put_claim(cli, cli->arguments[0], NULL);
}

static enum tatu_err list(struct tatu_cli *cli)
{
    return tatu_cli_give_filtered(cli, "devices");
}

static enum tatu_err show(struct tatu_cli *cli)
{
    return tatu_cli_give_one(cli, "devices", cli->arguments[0]);
}

static const struct tatu_cli_option claim_options[] = {
    {"--board", CLI_OPTIONAL, "NAME|DIR", "a running board, which signs the claim"},
    {"--device-id", CLI_OPTIONAL, "ID", "a device that its maker imported for the catalog"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "device claim",
     CLI_OPTIONS(claim_options),
     .scope = CLI_SCOPE_DEVICE_GROUP,
     .run = claim,
     .summary = "Make a device the catalog's own"},
    {.words = "device assign",
     .arguments = "ID",
     .argument_min = 1,
     .argument_max = 1,
     .scope = CLI_SCOPE_DEVICE_GROUP,
     .run = assign,
     .summary = "Move a device to a device group"},
    {.words = "device list",
     CLI_FILTERED,
     .run = list,
     .columns = "deviceId,group,verdictName,release,lastSeen",
     .summary = "List devices"},
    {.words = "device show",
     .arguments = "ID",
     .argument_min = 1,
     .argument_max = 1,
     .scope = CLI_SCOPE_SERVICE,
     .run = show,
     .summary = "Show what a device last proved"},
};
CLI_CHAPTER(tatu_cli_device, commands);
