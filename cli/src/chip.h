/* The chip's program, for commands that switch a board on. */
#ifndef CHIP_H
#define CHIP_H

#include "command.h"

#include <limits.h>

/** Named by --qemu or TATU_QEMU; else where it is installed; else where the build puts it. Errors:
 *  NOT_FOUND, told. */
enum tatu_err tatu_cli_find_chip(struct tatu_cli *cli, char out[PATH_MAX]);

#endif
