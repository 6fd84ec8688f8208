#include "attached.h"

#include "config.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOARDS "boards"   /* folders of boards that have a name */
#define STARTED "started" /* links to boards that were started, by device id */
#define DEVICES "devices" /* what is kept of devices that are no boards of this desk */
#define ID_DIGITS 16      /* of a device id, in a link's name */
enum { API_PORT = 443 };

/* ---- names and folders ----------------------------------------------------------------------- */

static bool is_board_name(const char *text)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(text);
    return len > 0 && len <= CLI_BOARD_NAME_MAX && strspn(text, letters) == len && text[0] != '.' &&
           text[0] != '-';
}

enum tatu_err tatu_cli_board_path(struct tatu_cli *cli, const char *name, char out[PATH_MAX])
{
    if (strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return snprintf(out, PATH_MAX, "%s", name) < PATH_MAX
                   ? TATU_OK
                   : tatu_cli_fail(cli, TATU_ERR_LONG, "the path is too long; use a shorter one");
    }
    if (!is_board_name(name)) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "'%s' is no name of a board: letters, digits, '.', '_' and '-', at "
                             "most %d; choose another, or give a path with a slash",
                             name, CLI_BOARD_NAME_MAX);
    }
    char tail[CLI_BOARD_NAME_MAX + 16];
    (void)snprintf(tail, sizeof(tail), BOARDS "/%s", name);
    return tatu_cli_config_path(cli, tail, out);
}

enum tatu_err tatu_cli_open_board(struct tatu_cli *cli, const char *name, struct tatu_board *out)
{
    char path[PATH_MAX];
    TATU_TRY(tatu_cli_board_path(cli, name, path));
    enum tatu_err err = tatu_board_open(path, out);
    return err == TATU_OK ? TATU_OK : tatu_cli_fail(cli, err, "%s", out->detail);
}

const char *tatu_cli_board_name(const struct tatu_board *board)
{
    const char *slash = strrchr(board->dir, '/');
    return slash == NULL ? board->dir : slash + 1;
}

void tatu_cli_note_started(struct tatu_cli *cli, const struct tatu_board *board)
{
    char path[PATH_MAX], name[sizeof(STARTED) + ID_DIGITS + 1], id[129], before[PATH_MAX];
    tatu_base_encode_hex(TATU_SPAN_OF(board->device_id), id);
    (void)snprintf(name, sizeof(name), STARTED "/%.*s", ID_DIGITS, id);
    if (tatu_cli_config_path(cli, STARTED, path) != TATU_OK ||
        tatu_cli_make_folders(cli, path) != TATU_OK || tatu_cli_make_folder(cli, path) != TATU_OK ||
        tatu_cli_config_path(cli, name, path) != TATU_OK) {
        cli->failure[0] = '\0'; /* the board runs all the same */
        return;
    }
    ssize_t len = readlink(path, before, sizeof(before) - 1);
    before[len > 0 ? len : 0] = '\0';
    if (strcmp(before, board->dir) != 0) {
        (void)unlink(path);
        (void)symlink(board->dir, path);
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

typedef enum tatu_err (*each_board)(struct tatu_cli *cli, const struct tatu_board *board,
                                    void *context);

static enum tatu_err visit(struct tatu_cli *cli, const char *path, each_board each, void *context)
{
    CLI_BOARD board = {.dir_fd = -1};
    return tatu_board_open(path, &board) == TATU_OK ? each(cli, &board, context) : TATU_OK;
}

/* A link to what is a named board is left out: the name has told it. A link to nothing goes. */
static bool is_told(struct tatu_cli *cli, const char *path)
{
    char target[PATH_MAX], named[PATH_MAX], resolved[PATH_MAX];
    if (realpath(path, target) == NULL) {
        (void)unlink(path);
        return true;
    }
    char *slash = strrchr(target, '/');
    if (tatu_cli_config_path(cli, BOARDS, named) != TATU_OK || realpath(named, resolved) == NULL) {
        return false;
    }
    *slash = '\0';
    return strcmp(target, resolved) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum tatu_err visit_folder(struct tatu_cli *cli, const char *folder, bool links,
                                  each_board each, void *context)
{
    char dir[PATH_MAX], path[PATH_MAX];
    struct dirent **entries = NULL;
    enum tatu_err err = TATU_OK;
    TATU_TRY(tatu_cli_config_path(cli, folder, dir));
    int count = scandir(dir, &entries, NULL, by_name);
    for (int i = 0; i < count; i++) {
        if (err == TATU_OK && entries[i]->d_name[0] != '.') {
            err = tatu_cli_join(cli, dir, entries[i]->d_name, path);
            if (err == TATU_OK && !(links && is_told(cli, path))) {
                err = visit(cli, path, each, context);
            }
        }
        free(entries[i]);
    }
    free(entries);
    return err;
}

enum tatu_err tatu_cli_each_board(struct tatu_cli *cli, each_board each, void *context)
{
    TATU_TRY(visit_folder(cli, BOARDS, false, each, context));
    return visit_folder(cli, STARTED, true, each, context);
}

/* ---- the one that is meant ------------------------------------------------------------------- */

enum tatu_err tatu_cli_aim_at(struct tatu_cli *cli, const struct tatu_board *board,
                              struct tatu_cli_target *out)
{
    if (tatu_board_find_process(board) == 0) {
        return tatu_cli_fail(cli, TATU_ERR_STATE,
                             "the board is off; start it with 'tatu board start %s'",
                             tatu_cli_board_name(board));
    }
    *out = (struct tatu_cli_target){.port = board->port, .is_board = true};
    (void)snprintf(out->name, sizeof(out->name), "%.*s", CLI_BOARD_NAME_MAX,
                   tatu_cli_board_name(board));
    (void)snprintf(out->dir, sizeof(out->dir), "%s", board->dir);
    (void)snprintf(out->address, sizeof(out->address), "%s", board->address);
    memcpy(out->device_id, board->device_id, sizeof(out->device_id));
    return TATU_OK;
}

struct search {
    const char *wanted; /* NULL: any that is on */
    size_t found;
    size_t off; /* fit but are off */
    struct tatu_cli_target target;
    char names[256];
};

static bool fits(const struct tatu_board *board, const char *wanted)
{
    char id[129], with_port[TATU_BOARD_ADDRESS_MAX + 8], resolved[PATH_MAX];
    size_t len = strlen(wanted);
    tatu_base_encode_hex(TATU_SPAN_OF(board->device_id), id);
    (void)snprintf(with_port, sizeof(with_port), "%s:%u", board->address, (unsigned)board->port);
    return strcmp(wanted, tatu_cli_board_name(board)) == 0 || strcmp(wanted, board->address) == 0 ||
           strcmp(wanted, with_port) == 0 || (len >= 8 && strncasecmp(id, wanted, len) == 0) ||
           (strchr(wanted, '/') != NULL && realpath(wanted, resolved) != NULL &&
            strcmp(resolved, board->dir) == 0);
}

static enum tatu_err look_at(struct tatu_cli *cli, const struct tatu_board *board, void *context)
{
    struct search *search = context;
    if (search->wanted != NULL && !fits(board, search->wanted)) {
        return TATU_OK;
    }
    if (tatu_board_find_process(board) == 0) {
        search->off++;
        return TATU_OK;
    }
    size_t at = strlen(search->names);
    (void)snprintf(search->names + at, sizeof(search->names) - at, "%s%s",
                   search->found > 0 ? ", " : "", tatu_cli_board_name(board));
    search->found++;
    return tatu_cli_aim_at(cli, board, &search->target);
}

/* 192.168.35.2 or 10.1.2.3:8443: a device that is none of this desk's boards. */
static enum tatu_err aim_at_address(struct tatu_cli *cli, const char *text,
                                    struct tatu_cli_target *out)
{
    struct tatu_cli_target target = {.port = API_PORT};
    char folder[sizeof(DEVICES) + TATU_BOARD_ADDRESS_MAX + 8];
    size_t len = strcspn(text, ":");
    struct in_addr in;
    uint64_t port;
    if (len >= sizeof(target.address)) {
        return TATU_ERR_NOT_FOUND;
    }
    memcpy(target.address, text, len);
    if (inet_pton(AF_INET, target.address, &in) != 1) {
        return TATU_ERR_NOT_FOUND;
    }
    if (text[len] == ':') {
        TATU_TRY(tatu_cli_read_number(cli, "the port", text + len + 1, 1, UINT16_MAX, &port));
        target.port = (uint16_t)port;
    }
    (void)snprintf(target.name, sizeof(target.name), "%s", text);
    (void)snprintf(folder, sizeof(folder), DEVICES "/%s-%u", target.address, (unsigned)target.port);
    TATU_TRY(tatu_cli_config_path(cli, folder, target.dir));
    TATU_TRY(tatu_cli_make_folders(cli, target.dir));
    TATU_TRY(tatu_cli_make_folder(cli, target.dir));
    *out = target;
    return TATU_OK;
}

static enum tatu_err tell_none(struct tatu_cli *cli, const struct search *search)
{
    if (search->wanted == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_NOT_FOUND,
                             "no device is attached; start a board with 'tatu board start NAME', "
                             "or name a device with --device");
    }
    if (search->off > 0) {
        return tatu_cli_fail(cli, TATU_ERR_STATE,
                             "the board %s is off; start it with 'tatu board start %s'",
                             search->wanted, search->wanted);
    }
    return tatu_cli_fail(cli, TATU_ERR_NOT_FOUND,
                         "no attached device is called '%s'; see 'tatu device list-attached'",
                         search->wanted);
}

enum tatu_err tatu_cli_find_target(struct tatu_cli *cli, struct tatu_cli_target *out)
{
    struct search search = {.wanted = tatu_cli_option(cli, "--device")};
    if (search.wanted == NULL) {
        TATU_TRY(tatu_cli_get_setting(cli, "device", &search.wanted));
    }
    TATU_TRY(tatu_cli_each_board(cli, look_at, &search));
    if (search.found == 1) {
        *out = search.target;
        return TATU_OK;
    }
    if (search.found > 1) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "several devices are attached (%s); name one with --device",
                             search.names);
    }
    if (search.wanted != NULL && search.off == 0) {
        enum tatu_err err = aim_at_address(cli, search.wanted, out);
        if (err == TATU_OK || cli->failure[0] != '\0') {
            return err;
        }
    }
    return tell_none(cli, &search);
}
