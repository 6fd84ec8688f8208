/* Hardware definitions: names an application uses for the pins and buses of its board. */
#ifndef HARDWARE_H
#define HARDWARE_H

#include "files.h"

enum { CLI_HARDWARE_FILE_MAX = 16, CLI_PERIPHERAL_NAME_MAX = 63 };

/** A definition with its imports, which come before what imports them. */
struct tatu_cli_hardware {
    json_t *files[CLI_HARDWARE_FILE_MAX];
    char *paths[CLI_HARDWARE_FILE_MAX];
    size_t count;
};
void tatu_cli_free_hardware(struct tatu_cli_hardware *hardware);

/**
 * Reads a definition and what it imports. An import is looked for in the folder of the file that
 * names it, then in `folders`, then in the SDK's own.
 *
 * path      the definition; a plain name is looked for in the same way
 * folders   NULL at the end; NULL: none
 *
 * Errors    NOT_FOUND, IO of a file
 *           FORMAT     not a hardware definition of version 1; a name twice; a mapping to nothing
 *           LONG       more than CLI_HARDWARE_FILE_MAX files
 */
enum tatu_err tatu_cli_read_hardware(struct tatu_cli *cli, const char *path,
                                     const char *const *folders, struct tatu_cli_hardware *out);

/** What the manifest says instead of "$name" in the list of `type`; borrowed, NULL: unknown. */
json_t *tatu_cli_find_pin(const struct tatu_cli_hardware *hardware, const char *type,
                          const char *name);

/** The header for C of one of the files: its own names; those of its imports it includes. The
 *  caller frees *out. Errors: MEMORY. */
enum tatu_err tatu_cli_make_header(struct tatu_cli *cli, const struct tatu_cli_hardware *hardware,
                                   size_t at, struct tatu_cli_bytes *out);

/** "mt3620.h" for ".../mt3620.json". Errors: LONG. */
enum { CLI_HEADER_NAME_MAX = 128 };
enum tatu_err tatu_cli_header_name(struct tatu_cli *cli, const char *path,
                                   char out[CLI_HEADER_NAME_MAX]);

#endif
