/* The process that is the chip: its command line, its start and its end. */
#ifndef POWER_H
#define POWER_H

#include "folder.h"

enum {
    COMMAND_ARGUMENT_MAX = 64,
    COMMAND_TEXT_MAX = 8 * TATU_BOARD_PATH_MAX,
};

struct board_command {
    char *argv[COMMAND_ARGUMENT_MAX + 1];
    size_t argc;
    char text[COMMAND_TEXT_MAX];
    size_t used;
    enum tatu_err err; /* sticky: FULL */
};

/* The desk's end of a board's service interface, as tools of the original have it. */
#define BOARD_DESK_NET "192.168.35.0/24"
#define BOARD_DESK_HOST "192.168.35.1"
#define BOARD_DESK_BOARD "192.168.35.2"
#define BOARD_FIRST_ADDRESS 0x7f002302u /* 127.0.35.2 */
#define BOARD_LAST_ADDRESS 0x7f0023feu

enum board_run {
    BOARD_RUN_NORMAL,
    BOARD_RUN_FAB, /* the fab port is a socket, there is no network */
};

/** The whole command line. Paths may hold any character. Errors: FULL, NOT_FOUND. */
enum tatu_err tatu_board_build_command(struct tatu_board *board, enum board_run run,
                                       const struct tatu_board_power *how,
                                       struct board_command *out);

/** Runs it; returns when the chip is up and on its own. Errors: NOT_FOUND, IO. */
enum tatu_err tatu_board_spawn(struct tatu_board *board, const struct board_command *command);

/** Ends the process by the signal and waits until it is gone. Errors: TIMEOUT. */
enum tatu_err tatu_board_end_process(struct tatu_board *board, int signal_number);

#endif
