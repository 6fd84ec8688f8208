#include "approot.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MANIFEST "app_manifest.json"

void tatu_cli_free_approot(struct tatu_cli_approot *root)
{
    for (size_t i = 0; i < root->count; i++) {
        free(root->paths[i]);
        tatu_cli_free_bytes(&root->files[i]);
    }
    root->count = 0;
}

const struct tatu_asxipfs_entry *tatu_cli_find_entry(const struct tatu_cli_approot *root,
                                                     const char *path)
{
    for (size_t i = 0; i < root->count; i++) {
        if (strcmp(root->entries[i].path, path) == 0) {
            return &root->entries[i];
        }
    }
    return NULL;
}

static enum tatu_err add_entry(struct tatu_cli *cli, struct tatu_cli_approot *root,
                               const char *path, uint16_t mode, struct tatu_cli_bytes *bytes)
{
    if (root->count == TATU_ASXIPFS_NODE_MAX) {
        return tatu_cli_fail(cli, TATU_ERR_LONG,
                             "the application has more than %u files and folders; "
                             "remove some",
                             TATU_ASXIPFS_NODE_MAX - 1);
    }
    char *copy = strdup(path);
    if (copy == NULL) {
        return TATU_ERR_MEMORY;
    }
    size_t at = root->count++;
    root->paths[at] = copy;
    root->files[at] = *bytes;
    root->entries[at] =
        (struct tatu_asxipfs_entry){.path = copy, .mode = mode, .bytes = CLI_SPAN(*bytes)};
    *bytes = (struct tatu_cli_bytes){NULL, 0};
    return TATU_OK;
}

static enum tatu_err add_file(struct tatu_cli *cli, struct tatu_cli_approot *root,
                              const FTSENT *item, const char *path)
{
    CLI_BYTES bytes = {NULL, 0};
    TATU_TRY(tatu_cli_read_file(cli, item->fts_accpath, TATU_ASXIPFS_SIZE_MAX, &bytes));
    uint16_t mode = (item->fts_statp->st_mode & S_IXUSR) != 0 ? 0755 : 0644;
    return add_entry(cli, root, path, (uint16_t)(TATU_ASXIPFS_FILE | mode), &bytes);
}

static enum tatu_err add_item(struct tatu_cli *cli, struct tatu_cli_approot *root, const char *dir,
                              const FTSENT *item)
{
    const char *path = item->fts_path + strlen(dir);
    path += strspn(path, "/");
    struct tatu_cli_bytes none = {NULL, 0};
    switch (item->fts_info) {
    case FTS_DP:
        return TATU_OK; /* seen before what is in it */
    case FTS_D:
        return item->fts_level == 0
                   ? TATU_OK
                   : add_entry(cli, root, path, TATU_ASXIPFS_DIRECTORY | 0755, &none);
    case FTS_F:
        /* the manifest is given by name; one in the folder would be a second truth */
        return strcmp(path, MANIFEST) == 0 ? TATU_OK : add_file(cli, root, item, path);
    default:
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "%s is neither a file nor a folder; an "
                             "application has only these",
                             item->fts_path);
    }
}

static enum tatu_err walk(struct tatu_cli *cli, const char *dir, struct tatu_cli_approot *root)
{
    char *paths[] = {(char *)(uintptr_t)dir, NULL};
    FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (fts == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_IO, "%s cannot be read: %s; check the path", dir,
                             strerror(errno));
    }
    enum tatu_err err = TATU_OK;
    for (FTSENT *item; err == TATU_OK && (item = fts_read(fts)) != NULL;) {
        err = add_item(cli, root, dir, item);
    }
    (void)fts_close(fts);
    return err;
}

enum tatu_err tatu_cli_read_approot(struct tatu_cli *cli, const char *dir,
                                    struct tatu_span manifest, struct tatu_cli_approot *out)
{
    struct stat st;
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return tatu_cli_fail(cli, TATU_ERR_NOT_FOUND,
                             "%s is not a folder; build the application "
                             "first",
                             dir);
    }
    out->count = 0;
    CLI_BYTES copy = {NULL, 0};
    enum tatu_err err = tatu_cli_alloc(cli, manifest.len, &copy);
    if (err == TATU_OK) {
        memcpy(copy.data, manifest.data, manifest.len);
        err = add_entry(cli, out, MANIFEST, TATU_ASXIPFS_FILE | 0644, &copy);
    }
    if (err == TATU_OK) {
        err = walk(cli, dir, out);
    }
    if (err != TATU_OK) {
        tatu_cli_free_approot(out);
    }
    return err;
}
