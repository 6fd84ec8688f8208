/* A ZIP file of stored members (PKWARE APPNOTE 6.3, method 0). */
#ifndef ZIP_H
#define ZIP_H

#include "files.h"

#include <stdio.h>

enum { CLI_ZIP_MEMBER_MAX = 64 };

struct tatu_cli_zip {
    FILE *file;
    size_t count;
    bool failed;
    uint32_t at;
    struct {
        char name[64];
        uint32_t crc;
        uint32_t len;
        uint32_t at;
    } members[CLI_ZIP_MEMBER_MAX];
};

/** Errors: IO, told. */
enum tatu_err tatu_cli_open_zip(struct tatu_cli *cli, const char *path, struct tatu_cli_zip *out);

/** Adds a member; the first failure is told at the end. */
void tatu_cli_add_to_zip(struct tatu_cli_zip *zip, const char *name, struct tatu_span bytes);

/** Writes the directory and closes the file. Errors: IO, told. */
enum tatu_err tatu_cli_close_zip(struct tatu_cli *cli, const char *path, struct tatu_cli_zip *zip);

#endif
