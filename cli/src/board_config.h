/* Bodies of board configurations: a flattened device tree (Devicetree Specification 0.4, §5) of
 * what is soldered to the chip and the chip's own tree does not know. */
#ifndef BOARD_CONFIG_H
#define BOARD_CONFIG_H

#include "files.h"

enum { BOARD_CONFIG_MAX = 65536, IMAGE_BOARD_CONFIG = 21 };

/** The tree of a preset. Errors: ARGUMENT for a name that does not exist. */
enum tatu_err tatu_cli_make_board_config(struct tatu_cli *cli, const char *preset,
                                         struct tatu_cli_bytes *out);

/** Errors: FORMAT for what is no flattened device tree. */
enum tatu_err tatu_cli_check_board_config(struct tatu_cli *cli, const char *path,
                                          struct tatu_span bytes);

#endif
