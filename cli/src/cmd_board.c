/* tatu board: the fab, and one board on the desk. */
#include "chip.h"
#include "config.h"
#include "device.h"
#include "discovery.h"
#include "maker.h"
#include "release.h"
#include "watch.h"

#include "board/board.h"
#include "proto/cose.h"
#include "proto/evidence.h"

#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What './run board' keeps in the configuration folder. */
#define DESK_RELEASE "desk/release"
#define DESK_MAKER "desk/maker"
#define DESK_ROM "desk/vault-rom.bin"
#define DESK_AROM "desk/arom.bin"

enum {
    LOG_CHUNK = 16384,
    LOG_POLL_US = 50000,
    PRESS_DEFAULT_MS = 100,
    PRESS_MAX_MS = 60000,
    WAIT_DEFAULT_MS = 30000,
    WAIT_MAX_MS = 3600000,
};

static enum tatu_err pass(struct tatu_cli *cli, const struct tatu_board *board, enum tatu_err err)
{
    if (err != TATU_OK && board->detail[0] != '\0') {
        return tatu_cli_fail(cli, err, "%s", board->detail);
    }
    return err;
}

static enum tatu_err open_board(struct tatu_cli *cli, struct tatu_board *out)
{
    return tatu_cli_open_board(cli, cli->arguments[0], out);
}

/* ---- the chip's program -------------------------------------------------------------------- */

enum tatu_err tatu_cli_find_chip(struct tatu_cli *cli, char out[PATH_MAX])
{
    static const char *const beside[] = {"../lib/tatu/qemu-system-arm", "../../chip"};
    const char *named = tatu_cli_option(cli, "--qemu");
    if (named == NULL || *named == '\0') {
        named = cli->around->chip;
    }
    if (named != NULL && *named != '\0') {
        (void)snprintf(out, PATH_MAX, "%s", named);
        return TATU_OK;
    }
    char self[PATH_MAX];
    (void)snprintf(self, sizeof(self), "%s", cli->around->self == NULL ? "" : cli->around->self);
    const char *dir = dirname(self);
    for (size_t i = 0; i < TATU_COUNT_OF(beside); i++) {
        TATU_TRY(tatu_cli_join(cli, dir, beside[i], out));
        if (access(out, X_OK) == 0) {
            return TATU_OK;
        }
    }
    return tatu_cli_fail(cli, TATU_ERR_NOT_FOUND,
                         "the chip's program is not to be found; build it "
                         "with tools/setup/qemu.sh and name it in TATU_QEMU");
}

/* ---- create -------------------------------------------------------------------------------- */

/* What the option names, else what './run board' keeps for this desk. */
static enum tatu_err choose(struct tatu_cli *cli, const char *option, const char *kept,
                            char out[PATH_MAX])
{
    const char *named = tatu_cli_option(cli, option);
    if (named != NULL) {
        return snprintf(out, PATH_MAX, "%s", named) < PATH_MAX
                   ? TATU_OK
                   : tatu_cli_fail(cli, TATU_ERR_LONG, "the path is too long; use a shorter one");
    }
    TATU_TRY(tatu_cli_config_path(cli, kept, out));
    return access(out, R_OK) == 0
               ? TATU_OK
               : tatu_cli_fail(cli, TATU_ERR_NOT_FOUND,
                               "%s is not there; give %s, or let './run board NAME' make what a "
                               "board needs",
                               out, option);
}

static enum tatu_err read_part(struct tatu_cli *cli, const char *name, size_t max,
                               struct tatu_cli_bytes *out)
{
    char dir[PATH_MAX], path[PATH_MAX];
    TATU_TRY(choose(cli, "--release", DESK_RELEASE, dir));
    TATU_TRY(tatu_cli_join(cli, dir, name, path));
    return tatu_cli_read_file(cli, path, max, out);
}

/* The root to fuse is the one of the release's own keystore. */
static enum tatu_err read_root_hash(struct tatu_cli *cli, uint8_t out[32])
{
    CLI_BYTES package = {NULL, 0};
    struct tatu_image_info info;
    struct tatu_keystore keystore;
    TATU_TRY(read_part(cli, RELEASE_KEYSTORE, TATU_IMAGE_PACKAGE_MAX, &package));
    enum tatu_err err = tatu_proto_decode_image(CLI_SPAN(package), (uint32_t)package.len, &info);
    if (err == TATU_OK) {
        err =
            tatu_proto_decode_keystore((struct tatu_span){package.data, info.body_len}, &keystore);
    }
    if (err != TATU_OK) {
        return tatu_cli_fail(cli, err, "the release's keystore is damaged; sign the release again");
    }
    const struct tatu_span keys[] = {TATU_SPAN_OF(keystore.root), TATU_SPAN_OF(keystore.root_lms)};
    return tatu_cli_hash(keys, TATU_COUNT_OF(keys), out);
}

static enum tatu_err check_implementation(struct tatu_cli *cli, const uint8_t implementation[32])
{
    CLI_BYTES cose = {NULL, 0};
    struct tatu_cose_sign1 sealed;
    struct tatu_reference reference;
    TATU_TRY(read_part(cli, RELEASE_REFERENCE, TATU_COSE_PAYLOAD_MAX, &cose));
    if (tatu_proto_decode_sign1(CLI_SPAN(cose), &sealed) != TATU_OK ||
        tatu_proto_decode_reference(sealed.payload, &reference) != TATU_OK) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "the release's reference values are damaged; sign "
                             "the release again");
    }
    if (memcmp(reference.implementation, implementation, 32) != 0) {
        return tatu_cli_fail(cli, TATU_ERR_MEASUREMENT,
                             "the release is for another vault ROM; give "
                             "the ROM it was signed with, or sign it again");
    }
    return TATU_OK;
}

static enum tatu_err endorse(struct tatu_cli *cli, const struct tatu_cli_key *maker,
                             struct tatu_board *board)
{
    struct tatu_endorsement endorsement = {
        .board_class = board->lab ? TATU_CLASS_LAB : TATU_CLASS_VIRTUAL,
        .made_s = (uint64_t)time(NULL),
    };
    memcpy(endorsement.device_id, board->device_id, sizeof(endorsement.device_id));
    memcpy(endorsement.attestation, board->attestation, sizeof(endorsement.attestation));
    memcpy(endorsement.implementation, board->implementation, sizeof(endorsement.implementation));
    uint8_t payload[512], cose[1024];
    struct tatu_buf payload_buf = TATU_BUF_OF(payload), cose_buf = TATU_BUF_OF(cose);
    TATU_TRY(tatu_proto_encode_endorsement(&endorsement, &payload_buf));
    TATU_TRY(tatu_cli_seal(cli, (struct tatu_span){payload, payload_buf.len},
                           TATU_COSE_AAD_ENDORSEMENT, maker, &cose_buf));
    enum tatu_err err =
        tatu_board_install_endorsement(board, (struct tatu_span){cose, cose_buf.len});
    return pass(cli, board, err);
}

static json_t *describe_board(const struct tatu_board *board)
{
    int pid = tatu_board_find_process(board);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "name", tatu_cli_board_name(board),
                             "board", board->dir, "state", pid ? "on" : "off", "class",
                             board->lab ? "lab" : "virtual", "endorsed", (int)board->endorsed,
                             "deviceId", tatu_cli_hex(board->device_id, sizeof(board->device_id)));
    if (json != NULL && pid != 0) {
        (void)json_object_set_new(json, "process", json_integer(pid));
        (void)json_object_set_new(json, "address", json_string(board->address));
        (void)json_object_set_new(json, "port", json_integer(board->port));
    }
    return json;
}

/* Where the board will be; the folder of all boards is made when the first one comes. */
static enum tatu_err find_place(struct tatu_cli *cli, char out[PATH_MAX])
{
    TATU_TRY(tatu_cli_board_path(cli, cli->arguments[0], out));
    return strchr(cli->arguments[0], '/') == NULL ? tatu_cli_make_folders(cli, out) : TATU_OK;
}

static enum tatu_err create(struct tatu_cli *cli)
{
    char chip[PATH_MAX], dir[PATH_MAX], rom[PATH_MAX], arom[PATH_MAX], folder[PATH_MAX];
    CLI_KEY maker = {.pkey = NULL};
    CLI_BYTES flash = {NULL, 0};
    struct tatu_board_plan plan = {
        .dir = dir,
        .qemu = chip,
        .vault_rom = rom,
        .acore_rom = arom,
        .lab = tatu_cli_option(cli, "--lab") != NULL,
    };
    TATU_TRY(find_place(cli, dir));
    TATU_TRY(tatu_cli_find_chip(cli, chip));
    TATU_TRY(choose(cli, "--rom", DESK_ROM, rom));
    TATU_TRY(choose(cli, "--arom", DESK_AROM, arom));
    TATU_TRY(choose(cli, "--maker", DESK_MAKER, folder));
    TATU_TRY(tatu_cli_load_maker(cli, folder, &maker));
    TATU_TRY(tatu_cli_implementation_id(cli, plan.vault_rom, plan.implementation));
    TATU_TRY(check_implementation(cli, plan.implementation));
    TATU_TRY(read_root_hash(cli, plan.root_hash[0]));
    TATU_TRY(read_part(cli, RELEASE_FLASH, TATU_BOARD_FLASH_SIZE, &flash));
    plan.flash = CLI_SPAN(flash);
    CLI_BOARD board;
    TATU_TRY(pass(cli, &board, tatu_board_create(&plan, &board)));
    enum tatu_err err = endorse(cli, &maker, &board);
    if (err != TATU_OK) {
        (void)tatu_board_remove(&board);
        return err;
    }
    return tatu_cli_give(cli, describe_board(&board));
}

/* ---- power --------------------------------------------------------------------------------- */

/* Does the same with each board that is named; one result, or a list of them. */
static enum tatu_err with_each(struct tatu_cli *cli,
                               enum tatu_err (*act)(struct tatu_cli *cli, struct tatu_board *board,
                                                    json_t **out))
{
    json_auto_t *results = json_array();
    for (size_t i = 0; i < cli->argument_count; i++) {
        CLI_BOARD board = {.dir_fd = -1};
        json_t *result = NULL;
        TATU_TRY(tatu_cli_open_board(cli, cli->arguments[i], &board));
        TATU_TRY(act(cli, &board, &result));
        (void)json_array_append_new(results, result);
    }
    return tatu_cli_give(
        cli, json_incref(cli->argument_count == 1 ? json_array_get(results, 0) : results));
}

static enum tatu_err start_one(struct tatu_cli *cli, struct tatu_board *board, json_t **out)
{
    char chip[PATH_MAX];
    TATU_TRY(tatu_cli_find_chip(cli, chip));
    const struct tatu_board_power how = {.qemu = chip,
                                         .address = tatu_cli_option(cli, "--address"),
                                         .recovery = tatu_cli_option(cli, "--recovery") != NULL};
    TATU_TRY(pass(cli, board, tatu_board_power_on(board, &how)));
    tatu_cli_note_started(cli, board);
    tatu_cli_start_discovery(cli);
    *out = describe_board(board);
    return TATU_OK;
}

static enum tatu_err start(struct tatu_cli *cli)
{
    return with_each(cli, start_one);
}

static enum tatu_err stop_one(struct tatu_cli *cli, struct tatu_board *board, json_t **out)
{
    bool now = tatu_cli_option(cli, "--now") != NULL;
    TATU_TRY(pass(cli, board, now ? tatu_board_kill(board) : tatu_board_power_off(board)));
    *out = describe_board(board);
    return TATU_OK;
}

static enum tatu_err stop(struct tatu_cli *cli)
{
    return with_each(cli, stop_one);
}

static enum tatu_err reset(struct tatu_cli *cli)
{
    CLI_BOARD board = {.dir_fd = -1};
    TATU_TRY(open_board(cli, &board));
    TATU_TRY(pass(cli, &board, tatu_board_reset(&board)));
    return tatu_cli_give(cli, describe_board(&board));
}

static enum tatu_err status(struct tatu_cli *cli)
{
    CLI_BOARD board = {.dir_fd = -1};
    TATU_TRY(open_board(cli, &board));
    return tatu_cli_give(cli, describe_board(&board));
}

static enum tatu_err remove_one(struct tatu_cli *cli, struct tatu_board *board, json_t **out)
{
    TATU_TRY(pass(cli, board, tatu_board_remove(board)));
    *out = json_pack("{s:s}", "removed", board->dir);
    return TATU_OK;
}

static enum tatu_err remove_board(struct tatu_cli *cli)
{
    return with_each(cli, remove_one);
}

static enum tatu_err destroy_one(struct tatu_cli *cli, struct tatu_board *board, json_t **out)
{
    if (tatu_board_find_process(board) != 0) {
        TATU_TRY(pass(cli, board, tatu_board_kill(board)));
    }
    return remove_one(cli, board, out);
}

static enum tatu_err destroy(struct tatu_cli *cli)
{
    return with_each(cli, destroy_one);
}

static enum tatu_err add_to_list(struct tatu_cli *cli, const struct tatu_board *board,
                                 void *context)
{
    (void)cli;
    return json_array_append_new(context, describe_board(board)) == 0 ? TATU_OK : TATU_ERR_MEMORY;
}

static enum tatu_err list_boards(struct tatu_cli *cli)
{
    json_auto_t *list = json_array();
    TATU_TRY(tatu_cli_each_board(cli, add_to_list, list));
    return tatu_cli_give(cli, json_incref(list));
}

/* The one that tools pin: as PEM, or in JSON. */
static enum tatu_err show_certificate(struct tatu_cli *cli)
{
    const bool renew = tatu_cli_option(cli, "--renew") != NULL;
    CLI_BOARD board = {.dir_fd = -1};
    CLI_BYTES pem = {NULL, 0};
    char kept[PATH_MAX];
    struct tatu_cli_target target = {.is_board = true};
    TATU_TRY(open_board(cli, &board));
    TATU_TRY(tatu_cli_join(cli, board.dir, TATU_BOARD_CERTIFICATE, kept));
    if (renew || access(kept, F_OK) != 0) {
        TATU_TRY(tatu_cli_aim_at(cli, &board, &target));
    } else {
        (void)snprintf(target.dir, sizeof(target.dir), "%s", board.dir);
    }
    TATU_TRY(tatu_cli_device_certificate(cli, &target, renew, &pem));
    if (cli->json) {
        return tatu_cli_give(cli, json_pack("{s:s, s:s}", "name", tatu_cli_board_name(&board),
                                            "certificate", (const char *)pem.data));
    }
    (void)fwrite(pem.data, 1, pem.len, cli->out);
    return TATU_OK;
}

/* ---- log ----------------------------------------------------------------------------------- */

/* What a chip prints must not steer the terminal: of the control bytes only line ends and tabs
 * pass. */
static void print_log(FILE *out, struct tatu_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.data[i];
        bool harmless =
            (byte >= ' ' && byte != 0x7f && byte < 0x80) || byte == '\n' || byte == '\t';
        if (harmless) {
            (void)fputc(byte, out);
        } else if (byte != '\r' && byte != 0) {
            (void)fputc('?', out);
        }
    }
}

static enum tatu_err show_log(struct tatu_cli *cli)
{
    CLI_BOARD board = {.dir_fd = -1};
    bool follow = tatu_cli_option(cli, "-f") != NULL;
    TATU_TRY(open_board(cli, &board));
    for (uint64_t at = 0;;) {
        uint8_t bytes[LOG_CHUNK];
        struct tatu_buf buf = TATU_BUF_OF(bytes);
        bool running = tatu_board_find_process(&board) != 0;
        TATU_TRY(tatu_board_read_log(&board, at, &buf));
        print_log(cli->out, (struct tatu_span){bytes, buf.len});
        at += buf.len;
        if (buf.len > 0) {
            continue;
        }
        if (!follow || !running || fflush(cli->out) != 0) {
            return TATU_OK;
        }
        (void)usleep(LOG_POLL_US);
    }
}

static enum tatu_err wait_for(struct tatu_cli *cli)
{
    CLI_BOARD board = {.dir_fd = -1};
    const char *text = tatu_cli_option(cli, "--ms");
    const char *from = tatu_cli_option(cli, "--from");
    uint64_t wait_ms = WAIT_DEFAULT_MS, at = 0, end;
    if (text != NULL) {
        TATU_TRY(tatu_cli_read_number(cli, "--ms", text, 0, WAIT_MAX_MS, &wait_ms));
    }
    if (from != NULL) {
        TATU_TRY(tatu_cli_read_number(cli, "--from", from, 0, INT64_MAX, &at));
    }
    TATU_TRY(open_board(cli, &board));
    enum tatu_err err =
        tatu_board_wait_line(&board, at, cli->arguments[1], (uint32_t)wait_ms, &end);
    TATU_TRY(pass(cli, &board, err));
    return tatu_cli_give(cli, json_pack("{s:I}", "end", (json_int_t)end));
}

/* ---- panel --------------------------------------------------------------------------------- */

static enum tatu_err watch(struct tatu_cli *cli)
{
    CLI_BOARD board = {.dir_fd = -1};
    struct tatu_board_panel panel;
    TATU_TRY(open_board(cli, &board));
    TATU_TRY(pass(cli, &board, tatu_board_open_panel(&board, &panel)));
    enum tatu_err err = tatu_cli_watch_panel(cli, &panel);
    tatu_board_close_panel(&panel);
    return err;
}

/* Collects what the LEDs do for a while after the press. */
static void collect_changes(struct tatu_board_panel *panel, uint64_t ms, json_t *changes)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t end = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + (int64_t)ms;
    for (;;) {
        struct tatu_board_change change;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t left = end - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
        if (left <= 0 || tatu_board_next_change(panel, (int)left, &change) != TATU_OK) {
            return;
        }
        (void)json_array_append_new(
            changes, json_pack("{s:i, s:i}", "line", (int)change.line, "level", (int)change.high));
    }
}

static enum tatu_err press(struct tatu_cli *cli)
{
    CLI_BOARD board = {.dir_fd = -1};
    struct tatu_board_panel panel;
    const char *hold = tatu_cli_option(cli, "--ms");
    const char *look = tatu_cli_option(cli, "--watch-ms");
    uint64_t line, hold_ms = PRESS_DEFAULT_MS, look_ms = 0;
    TATU_TRY(tatu_cli_read_number(cli, "N", cli->arguments[1], 0, TATU_BOARD_LINE_MAX - 1, &line));
    if (hold != NULL) {
        TATU_TRY(tatu_cli_read_number(cli, "--ms", hold, 1, PRESS_MAX_MS, &hold_ms));
    }
    if (look != NULL) {
        TATU_TRY(tatu_cli_read_number(cli, "--watch-ms", look, 1, PRESS_MAX_MS, &look_ms));
    }
    TATU_TRY(open_board(cli, &board));
    TATU_TRY(pass(cli, &board, tatu_board_open_panel(&board, &panel)));
    json_auto_t *changes = json_array();
    enum tatu_err err = tatu_board_press_button(&panel, (uint8_t)line, (uint32_t)hold_ms);
    if (err == TATU_OK) {
        collect_changes(&panel, look_ms, changes);
    }
    tatu_board_close_panel(&panel);
    TATU_TRY(err);
    return tatu_cli_give(cli, json_pack("{s:i, s:i, s:O}", "pressed", (int)line, "ms", (int)hold_ms,
                                        "changes", changes));
}

/* ---- workshop ------------------------------------------------------------------------------ */

static enum tatu_err flip(struct tatu_cli *cli)
{
    CLI_BOARD board = {.dir_fd = -1};
    uint64_t offset;
    TATU_TRY(tatu_cli_read_number(cli, "OFFSET", cli->arguments[1], 0, TATU_BOARD_FLASH_SIZE - 1,
                                  &offset));
    TATU_TRY(open_board(cli, &board));
    TATU_TRY(pass(cli, &board, tatu_board_flip_byte(&board, (uint32_t)offset)));
    return tatu_cli_give(cli, json_pack("{s:I}", "flipped", (json_int_t)offset));
}

static enum tatu_err install(struct tatu_cli *cli)
{
    CLI_BOARD board = {.dir_fd = -1};
    CLI_BYTES flash = {NULL, 0};
    TATU_TRY(open_board(cli, &board));
    TATU_TRY(read_part(cli, RELEASE_FLASH, TATU_BOARD_FLASH_SIZE, &flash));
    TATU_TRY(pass(cli, &board, tatu_board_install_flash(&board, CLI_SPAN(flash))));
    return tatu_cli_give(cli, describe_board(&board));
}

static const struct tatu_cli_option create_options[] = {
    {"--release", CLI_OPTIONAL, "DIR", "signed release for its flash; this desk's"},
    {"--maker", CLI_OPTIONAL, "DIR", "the maker's folder; this desk's"},
    {"--rom", CLI_OPTIONAL, "FILE", "mask ROM of the vault; this desk's"},
    {"--arom", CLI_OPTIONAL, "FILE", "mask ROM of the A-core; this desk's"},
    {"--lab", CLI_FLAG, NULL, "a lab board: debug doors, and its endorsement says so"},
    {"--qemu", CLI_OPTIONAL, "FILE", "the chip's program"},
};
static const struct tatu_cli_option start_options[] = {
    {"--recovery", CLI_FLAG, NULL, "with the recovery strap up, for 'tatu device recover'"},
    {"--address", CLI_OPTIONAL, "ADDRESS",
     "of the board's API, 127.x.y.z; as before, or a free one"},
    {"--qemu", CLI_OPTIONAL, "FILE", "the chip's program"},
};
static const struct tatu_cli_option stop_options[] = {
    {"--now", CLI_FLAG, NULL, "pull the plug"},
};
static const struct tatu_cli_option log_options[] = {
    {"-f", CLI_FLAG, NULL, "follow it until the board goes off"},
};
static const struct tatu_cli_option wait_options[] = {
    {"--ms", CLI_OPTIONAL, "N", "how long at most; 30000"},
    {"--from", CLI_OPTIONAL, "N", "log offset to begin at; 0"},
};
static const struct tatu_cli_option press_options[] = {
    {"--ms", CLI_OPTIONAL, "N", "how long; 100"},
    {"--watch-ms", CLI_OPTIONAL, "N", "afterwards tell for so long what the lines do"},
};
static const struct tatu_cli_option watch_options[] = {
    {"--note", CLI_OPTIONAL, "TEXT", "a line to show below the panel"},
};
static const struct tatu_cli_option certificate_options[] = {
    {"--renew", CLI_FLAG, NULL, "take the one it shows now: after a recovery"},
};
static const struct tatu_cli_option install_options[] = {
    {"--release", CLI_REQUIRED, "DIR", "signed release to write"},
};

#define ON_BOARD .arguments = "NAME|DIR", .argument_min = 1, .argument_max = 1
#define ON_BOARDS .arguments = "NAME|DIR...", .argument_min = 1, .argument_max = CLI_ARGUMENT_MAX
#define ON_BOARD_WITH(what) .arguments = "NAME|DIR " what, .argument_min = 2, .argument_max = 2

static const struct tatu_cli_command commands[] = {
    {.words = "board create",
     ON_BOARD,
     CLI_OPTIONS(create_options),
     .run = create,
     .summary = "Make a board: the fab, with its endorsement"},
    {.words = "board start",
     ON_BOARDS,
     CLI_OPTIONS(start_options),
     .run = start,
     .summary = "Switch a board on"},
    {.words = "board stop",
     ON_BOARDS,
     CLI_OPTIONS(stop_options),
     .run = stop,
     .summary = "Switch a board off"},
    {.words = "board reset", ON_BOARD, .run = reset, .summary = "Press the reset button"},
    {.words = "board status", ON_BOARD, .run = status, .summary = "Show a board"},
    {.words = "board log",
     ON_BOARD,
     CLI_OPTIONS(log_options),
     .run = show_log,
     .summary = "Show the serial log since power on"},
    {.words = "board wait",
     ON_BOARD_WITH("TEXT"),
     CLI_OPTIONS(wait_options),
     .run = wait_for,
     .summary = "Wait for a line of the serial log"},
    {.words = "board watch",
     ON_BOARD,
     CLI_OPTIONS(watch_options),
     .run = watch,
     .summary = "The panel: LEDs and buttons"},
    {.words = "board press",
     ON_BOARD_WITH("N"),
     CLI_OPTIONS(press_options),
     .run = press,
     .summary = "Press the button on GPIO N"},
    {.words = "board flip",
     ON_BOARD_WITH("OFFSET"),
     .run = flip,
     .summary = "Invert one byte in the flash of a board that is off"},
    {.words = "board install",
     ON_BOARD,
     CLI_OPTIONS(install_options),
     .run = install,
     .summary = "Write another release to the flash of a board that is off"},
    {.words = "board remove",
     ON_BOARDS,
     .run = remove_board,
     .summary = "Destroy a board that is off"},
    {.words = "board destroy",
     ON_BOARDS,
     .run = destroy,
     .summary = "Pull a board's plug and destroy it"},
    {.words = "board list",
     .run = list_boards,
     .columns = "name,state,class,address,port,board",
     .summary = "List the boards of this desk"},
    {.words = "board certificate",
     ON_BOARD,
     CLI_OPTIONS(certificate_options),
     .run = show_certificate,
     .summary = "Show the certificate of a board's API, PEM"},
};
CLI_CHAPTER(tatu_cli_board, commands);
