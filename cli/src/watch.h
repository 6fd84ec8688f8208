/* The panel in a terminal. */
#ifndef WATCH_H
#define WATCH_H

#include "command.h"

#include "board/board.h"

/**
 * Shows LEDs until q: b presses the button, l presses it long, r is not here (a panel has no
 * reset). With JSON output it prints each change as one line and needs no terminal.
 *
 * Errors    STATE  no terminal
 *           IO     the board went off
 */
enum tatu_err tatu_cli_watch_panel(struct tatu_cli *cli, struct tatu_board_panel *panel);

#endif
