/* Boards by name, and the one that a command's --device means. */
#ifndef ATTACHED_H
#define ATTACHED_H

#include "files.h"

#include "board/board.h"

#include <limits.h>

enum { CLI_BOARD_NAME_MAX = 63 };

/** A device to talk to. */
struct tatu_cli_target {
    char name[CLI_BOARD_NAME_MAX + 1]; /* the board's, or the address again */
    char dir[PATH_MAX]; /* a board's folder; of another device the folder that keeps its files */
    char address[TATU_BOARD_ADDRESS_MAX];
    uint16_t port;
    bool is_board; /* one of this desk, whose device id is known */
    uint8_t device_id[64];
};

/** The folder of a board: NAME is a folder of the configuration, what has a slash a path. Errors:
 *  ARGUMENT, LONG. */
enum tatu_err tatu_cli_board_path(struct tatu_cli *cli, const char *name, char out[PATH_MAX]);

/** Opens a board by name or path. Errors: those of tatu_board_open, told. */
enum tatu_err tatu_cli_open_board(struct tatu_cli *cli, const char *name, struct tatu_board *out);
#define CLI_BOARD __attribute__((cleanup(tatu_board_close))) struct tatu_board

/** Keeps that this board was started, so that it is found when it is attached, wherever its folder
 *  is. A desk without configuration has none to find. */
void tatu_cli_note_started(struct tatu_cli *cli, const struct tatu_board *board);

/** All boards that the desk knows, by name and path, on or off: calls `each` with an open one.
 *  Stops at its first error. */
enum tatu_err tatu_cli_each_board(struct tatu_cli *cli,
                                  enum tatu_err (*each)(struct tatu_cli *cli,
                                                        const struct tatu_board *board,
                                                        void *context),
                                  void *context);

/** The last part of a board's path. */
const char *tatu_cli_board_name(const struct tatu_board *board);

/**
 * The device that --device names (board's name or folder, device id or the first digits of it,
 * address, address:port), else the `device` of 'tatu config set', else the only one attached.
 *
 * Errors    NOT_FOUND  none is attached, or none is meant
 *           ARGUMENT   several are
 *           STATE      the board is off
 */
enum tatu_err tatu_cli_find_target(struct tatu_cli *cli, struct tatu_cli_target *out);

/** A target of an open board. Errors: STATE when it is off. */
enum tatu_err tatu_cli_aim_at(struct tatu_cli *cli, const struct tatu_board *board,
                              struct tatu_cli_target *out);

#endif
