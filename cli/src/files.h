/* Whole files in and out, with the sentence when it fails. */
#ifndef FILES_H
#define FILES_H

#include "command.h"

/** Bytes the holder owns; free with tatu_cli_free_bytes (or CLI_BYTES at scope end). */
struct tatu_cli_bytes {
    uint8_t *data;
    size_t len;
};
void tatu_cli_free_bytes(struct tatu_cli_bytes *bytes);
#define CLI_BYTES __attribute__((cleanup(tatu_cli_free_bytes))) struct tatu_cli_bytes
#define CLI_SPAN(bytes) ((struct tatu_span){(bytes).data, (bytes).len})

/** Zeroed bytes. Errors: MEMORY. */
enum tatu_err tatu_cli_alloc(struct tatu_cli *cli, size_t len, struct tatu_cli_bytes *out);

/** Reads a regular file; a NUL follows the bytes. Errors: NOT_FOUND, IO, LONG, MEMORY. */
enum tatu_err tatu_cli_read_file(struct tatu_cli *cli, const char *path, size_t max,
                                 struct tatu_cli_bytes *out);

/** "a/b" in a buffer of PATH_MAX. Errors: LONG. */
enum tatu_err tatu_cli_join(struct tatu_cli *cli, const char *dir, const char *name, char *out);

/** A folder of 0700 that is there afterwards. Errors: IO. */
enum tatu_err tatu_cli_make_folder(struct tatu_cli *cli, const char *path);

/** Writes a file that must not exist (O_EXCL). Errors: EXISTS, IO. */
enum tatu_err tatu_cli_write_new(struct tatu_cli *cli, const char *path, unsigned mode,
                                 struct tatu_span bytes);

/** Writes a file, whole or not at all, over the one that may be there. Errors: IO. */
enum tatu_err tatu_cli_write_over(struct tatu_cli *cli, const char *path, unsigned mode,
                                  struct tatu_span bytes);

#endif
