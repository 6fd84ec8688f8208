/* One line of the chip's panel protocol. */
#ifndef PANEL_H
#define PANEL_H

#include "board/board.h"

/** Reads "gpio N 0|1", without its end of line. Errors: FORMAT. */
enum tatu_err tatu_board_decode_change(struct tatu_span line, struct tatu_board_change *out);

#endif
