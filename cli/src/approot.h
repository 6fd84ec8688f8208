/* An application's folder as entries for the file system writer. */
#ifndef APPROOT_H
#define APPROOT_H

#include "files.h"

#include "proto/asxipfs.h"

struct tatu_cli_approot {
    size_t count;
    struct tatu_asxipfs_entry entries[TATU_ASXIPFS_NODE_MAX];
    char *paths[TATU_ASXIPFS_NODE_MAX];
    struct tatu_cli_bytes files[TATU_ASXIPFS_NODE_MAX];
};
void tatu_cli_free_approot(struct tatu_cli_approot *root);

/**
 * Reads the folder, and the manifest as "app_manifest.json" at its top. Permissions are made the
 * same for everybody: what the owner may execute is 0755, the rest 0644.
 *
 * Errors    NOT_FOUND  no such folder
 *           FORMAT     something that is neither file nor folder
 *           LONG       more than the file system holds
 */
enum tatu_err tatu_cli_read_approot(struct tatu_cli *cli, const char *dir,
                                    struct tatu_span manifest, struct tatu_cli_approot *out);

/** The entry of a path, NULL when there is none. */
const struct tatu_asxipfs_entry *tatu_cli_find_entry(const struct tatu_cli_approot *root,
                                                     const char *path);

#endif
