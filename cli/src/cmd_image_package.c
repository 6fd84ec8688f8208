/* tatu image-package: an application's folder to a signed package, and a look into one. */
#include "approot.h"
#include "config.h"
#include "manifest.h"
#include "package.h"
#include "print.h"
#include "verity.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- body ---------------------------------------------------------------------------------- */

static enum tatu_err write_file_system(struct tatu_cli *cli, struct tatu_cli_approot *root,
                                       struct tatu_buf *buf)
{
    enum tatu_err err = tatu_proto_encode_asxipfs(root->entries, root->count, buf);
    if (err != TATU_OK) {
        return tatu_cli_fail(cli, err,
                             "the application's files cannot be packed: %s; look at names, "
                             "depth and sizes",
                             tatu_err_text(err));
    }
    return TATU_OK;
}

/* File system, then its hash tree. */
static enum tatu_err make_body(struct tatu_cli *cli, struct tatu_cli_approot *root,
                               struct tatu_cli_package *package, struct tatu_cli_bytes *out)
{
    const size_t cap = TATU_ASXIPFS_SIZE_MAX + TATU_IMAGE_PACKAGE_MAX / 64;
    CLI_BYTES body = {NULL, 0};
    TATU_TRY(tatu_cli_alloc(cli, cap, &body));
    struct tatu_buf buf = {body.data, 0, TATU_ASXIPFS_SIZE_MAX};
    TATU_TRY(write_file_system(cli, root, &buf));
    uint32_t tree_len = tatu_proto_verity_tree_len((uint32_t)buf.len);
    if (buf.len + tree_len > cap) {
        return tatu_cli_fail(cli, TATU_ERR_LONG, "the application is too large; make it smaller");
    }
    struct tatu_buf tree = {body.data + buf.len, 0, tree_len};
    TATU_TRY(
        tatu_cli_build_verity((struct tatu_span){body.data, buf.len}, tree, package->verity_root));
    package->verity_data_len = (uint32_t)buf.len;
    *out = (struct tatu_cli_bytes){body.data, buf.len + tree_len};
    body.data = NULL;
    return TATU_OK;
}

/* ---- pack ---------------------------------------------------------------------------------- */

/* The developer's key is made when it is first needed, in the configuration folder. */
static enum tatu_err load_developer_key(struct tatu_cli *cli, struct tatu_cli_key *out)
{
    const char *named = tatu_cli_option(cli, "--key");
    if (named != NULL) {
        return tatu_cli_load_key(cli, named, out);
    }
    char path[PATH_MAX];
    TATU_TRY(tatu_cli_config_path(cli, "developer.pem", path));
    TATU_TRY(tatu_cli_load_config(cli));
    TATU_TRY(tatu_cli_save_config(cli)); /* makes the folder */
    enum tatu_err err = tatu_cli_make_key(cli, path);
    if (err != TATU_OK && err != TATU_ERR_EXISTS) {
        return err;
    }
    return tatu_cli_load_key(cli, path, out);
}

static enum tatu_err build_package(struct tatu_cli *cli,
                                   const struct tatu_cli_manifest *application,
                                   struct tatu_cli_approot *root)
{
    struct tatu_cli_package package = {.type = TATU_IMAGE_APPLICATION, .name = application->name};
    CLI_KEY key = {.pkey = NULL};
    CLI_BYTES body = {NULL, 0};
    CLI_BYTES bytes = {NULL, 0};
    struct tatu_image_info info;
    const struct tatu_asxipfs_entry *entry = tatu_cli_find_entry(root, application->entry_point);
    if (entry == NULL || (entry->mode & TATU_ASXIPFS_TYPE_MASK) != TATU_ASXIPFS_FILE ||
        (entry->mode & 0111) == 0) {
        return tatu_cli_fail(cli, TATU_ERR_MANIFEST,
                             "the entry point /%s is not a program in the "
                             "folder; build it, or correct the manifest",
                             application->entry_point);
    }
    memcpy(package.component, application->component, sizeof(package.component));
    TATU_TRY(tatu_cli_build_time(cli, &package.built_s));
    TATU_TRY(load_developer_key(cli, &key));
    TATU_TRY(make_body(cli, root, &package, &body));
    package.body = CLI_SPAN(body);
    TATU_TRY(tatu_cli_make_package(cli, &package, &key, NULL, &bytes, &info));
    TATU_TRY(tatu_cli_write_over(cli, tatu_cli_option(cli, "--out"), 0644, CLI_SPAN(bytes)));
    return tatu_cli_give(cli, tatu_cli_describe_package(&info, CLI_SPAN(bytes)));
}

static enum tatu_err pack_application(struct tatu_cli *cli)
{
    struct tatu_cli_manifest application = {.name = ""};
    struct tatu_cli_approot *root = calloc(1, sizeof(*root));
    if (root == NULL) {
        return TATU_ERR_MEMORY;
    }
    enum tatu_err err =
        tatu_cli_read_manifest(cli, tatu_cli_option(cli, "--manifest"),
                               tatu_cli_option(cli, "--hardware-definition"), &application);
    if (err == TATU_OK) {
        err = tatu_cli_read_approot(cli, tatu_cli_option(cli, "--input"),
                                    CLI_SPAN(application.text), root);
    }
    if (err == TATU_OK) {
        err = build_package(cli, &application, root);
    }
    tatu_cli_free_approot(root);
    free(root);
    tatu_cli_free_bytes(&application.text);
    return err;
}

/* ---- show ---------------------------------------------------------------------------------- */

static enum tatu_err list_files(struct tatu_cli *cli, struct tatu_span body, json_t *files)
{
    struct tatu_asxipfs fs;
    struct tatu_asxipfs_walk walk;
    enum tatu_err err = tatu_proto_open_asxipfs(body, &fs);
    if (err != TATU_OK) {
        return tatu_cli_fail(cli, err,
                             "the file system in the package is damaged: %s; pack it again",
                             tatu_err_text(err));
    }
    tatu_proto_start_asxipfs(&fs, &walk);
    for (;;) {
        struct tatu_asxipfs_node node;
        if (tatu_proto_next_asxipfs(&walk, &node) != TATU_OK) {
            return TATU_OK;
        }
        if ((node.mode & TATU_ASXIPFS_TYPE_MASK) == TATU_ASXIPFS_FILE) {
            char path[TATU_ASXIPFS_PATH_MAX + 1];
            tatu_cli_escape(walk.path, path, sizeof(path));
            (void)json_array_append_new(
                files, json_pack("{s:s, s:I}", "path", path, "size", (json_int_t)node.data.len));
        }
    }
}

static enum tatu_err show(struct tatu_cli *cli)
{
    CLI_BYTES bytes = {NULL, 0};
    struct tatu_image_info info;
    TATU_TRY(tatu_cli_read_file(cli, cli->arguments[0], TATU_IMAGE_PACKAGE_MAX, &bytes));
    TATU_TRY(tatu_cli_read_package(cli, cli->arguments[0], CLI_SPAN(bytes), &info));
    TATU_TRY(tatu_cli_give(cli, tatu_cli_describe_package(&info, CLI_SPAN(bytes))));
    if (info.type != TATU_IMAGE_APPLICATION) {
        return TATU_OK;
    }
    json_t *files = json_array();
    (void)json_object_set_new(cli->result, "files", files);
    return list_files(cli, (struct tatu_span){bytes.data, info.body_len}, files);
}

static const struct tatu_cli_option pack_options[] = {
    {"--input", CLI_REQUIRED, "DIR", "the application's files"},
    {"--manifest", CLI_REQUIRED, "FILE", "app_manifest.json"},
    {"--out", CLI_REQUIRED, "FILE", "the package"},
    {"--hardware-definition", CLI_OPTIONAL, "FILE", "names the manifest's pins"},
    {"--key", CLI_OPTIONAL, "FILE", "key to sign with; the developer key"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "image-package pack-application",
     CLI_OPTIONS(pack_options),
     .run = pack_application,
     .summary = "Pack and sign an application"},
    {.words = "image-package show",
     .arguments = "FILE",
     .argument_min = 1,
     .argument_max = 1,
     .run = show,
     .summary = "Show what is in an image package"},
};
CLI_CHAPTER(tatu_cli_image_package, commands);
