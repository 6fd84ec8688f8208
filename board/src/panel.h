/* One line of the chip's panel protocol. */
#ifndef PANEL_H
#define PANEL_H

#include "board/board.h"

/** Reads a line that shows something, without its end of line. Errors: FORMAT. */
enum tatu_err tatu_board_decode_event(struct tatu_span line, struct tatu_board_event *out);

#endif
