/* Hardware definitions: names an application uses for the pins and buses of its board. */
#ifndef HARDWARE_H
#define HARDWARE_H

#include "files.h"

enum { CLI_HARDWARE_FILE_MAX = 8, CLI_PERIPHERAL_NAME_MAX = 63 };

/** A definition with its imports, which come before what imports them. */
struct tatu_cli_hardware {
    json_t *files[CLI_HARDWARE_FILE_MAX];
    char *paths[CLI_HARDWARE_FILE_MAX];
    size_t count;
};
void tatu_cli_free_hardware(struct tatu_cli_hardware *hardware);

/**
 * Reads a definition and what it imports; import paths are relative to the file that names them.
 *
 * Errors    NOT_FOUND, IO of a file
 *           FORMAT     not a hardware definition of version 1; a name twice; a mapping to nothing
 *           LONG       more than CLI_HARDWARE_FILE_MAX files
 */
enum tatu_err tatu_cli_read_hardware(struct tatu_cli *cli, const char *path,
                                     struct tatu_cli_hardware *out);

/** What the manifest says instead of "$name" in the list of `type`; borrowed, NULL: unknown. */
json_t *tatu_cli_find_pin(const struct tatu_cli_hardware *hardware, const char *type,
                          const char *name);

/** The header for C that defines every name. */
enum tatu_err tatu_cli_write_header(struct tatu_cli *cli, const struct tatu_cli_hardware *hardware,
                                    const char *path);

#endif
