/* app_manifest.json on its way into a package. */
#ifndef MANIFEST_H
#define MANIFEST_H

#include "files.h"

enum {
    CLI_MANIFEST_MAX = 16384,   /* the device reads no more */
    CLI_MANIFEST_NAME_MAX = 31, /* bytes of Name that an image keeps */
    CLI_MANIFEST_ENTRY_MAX = 99,
    CLI_APPLICATION_RUNTIME = 12, /* of the sysroot, as images declare it */
};

struct tatu_cli_manifest {
    char name[CLI_MANIFEST_NAME_MAX + 1];
    uint8_t component[16];
    char entry_point[CLI_MANIFEST_ENTRY_MAX + 1]; /* without its leading slash */
    struct tatu_cli_bytes text;                   /* what goes into the package */
};

/**
 * Reads and checks a manifest and puts the board's pins in the places of their names.
 *
 * hardware  path of a hardware definition; NULL: none
 * folders   where it and its imports are looked for too
 *
 * Errors    MANIFEST    not JSON, a key that must be there is not, a name no definition knows
 *           CAPABILITY  a capability that does not exist
 *           those of the files
 */
enum tatu_err tatu_cli_read_manifest(struct tatu_cli *cli, const char *path, const char *hardware,
                                     const char *const *folders, struct tatu_cli_manifest *out);

#endif
