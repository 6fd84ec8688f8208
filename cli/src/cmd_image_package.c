/* tatu image-package: an application's folder to a signed package, and a look into one. */
#include "approot.h"
#include "board_config.h"
#include "developer.h"
#include "manifest.h"
#include "package.h"
#include "print.h"
#include "verity.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BOARD_CONFIG_COMPONENT "54415455-0000-4000-8000-00000000bc21"

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

static uint32_t choose_temporary(const struct tatu_cli *cli)
{
    return tatu_cli_option(cli, "--remove-at-boot") != NULL      ? 1
           : tatu_cli_option(cli, "--under-development") != NULL ? 2
                                                                 : 0;
}

static enum tatu_err write_package(struct tatu_cli *cli, struct tatu_cli_package *package)
{
    const char *out = tatu_cli_option(cli, "--out");
    CLI_KEY key = {.pkey = NULL};
    CLI_BYTES bytes = {NULL, 0};
    struct tatu_image_info info;
    package->temporary = choose_temporary(cli);
    TATU_TRY(tatu_cli_build_time(cli, &package->built_s));
    TATU_TRY(tatu_cli_load_developer(cli, tatu_cli_option(cli, "--key"), &key));
    TATU_TRY(tatu_cli_make_package(cli, package, &key, NULL, &bytes, &info));
    TATU_TRY(tatu_cli_write_over(cli, out, 0644, CLI_SPAN(bytes)));
    return tatu_cli_give(cli, tatu_cli_describe_package(&info, CLI_SPAN(bytes)));
}

static enum tatu_err build_package(struct tatu_cli *cli,
                                   const struct tatu_cli_manifest *application,
                                   struct tatu_cli_approot *root)
{
    struct tatu_cli_package package = {.type = TATU_IMAGE_APPLICATION, .name = application->name};
    CLI_BYTES body = {NULL, 0};
    const struct tatu_asxipfs_entry *entry = tatu_cli_find_entry(root, application->entry_point);
    if (entry == NULL || (entry->mode & TATU_ASXIPFS_TYPE_MASK) != TATU_ASXIPFS_FILE ||
        (entry->mode & 0111) == 0) {
        return tatu_cli_fail(cli, TATU_ERR_MANIFEST,
                             "the entry point /%s is not a program in the "
                             "folder; build it, or correct the manifest",
                             application->entry_point);
    }
    memcpy(package.component, application->component, sizeof(package.component));
    TATU_TRY(make_body(cli, root, &package, &body));
    package.body = CLI_SPAN(body);
    return write_package(cli, &package);
}

static enum tatu_err pack_application(struct tatu_cli *cli)
{
    const char *manifest = tatu_cli_option(cli, "--manifest");
    char inside[PATH_MAX];
    struct tatu_cli_manifest application = {.name = ""};
    TATU_TRY(tatu_cli_join(cli, tatu_cli_option(cli, "--input"), "app_manifest.json", inside));
    struct tatu_cli_approot *root = calloc(1, sizeof(*root));
    if (root == NULL) {
        return TATU_ERR_MEMORY;
    }
    enum tatu_err err = tatu_cli_read_manifest(cli, manifest != NULL ? manifest : inside,
                                               tatu_cli_option(cli, "--hardware-definition"),
                                               cli->many, &application);
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

/* ---- board configuration --------------------------------------------------------------------- */

static enum tatu_err read_config(struct tatu_cli *cli, struct tatu_cli_bytes *out,
                                 const char **out_name)
{
    const char *preset = tatu_cli_option(cli, "--preset");
    const char *input = tatu_cli_option(cli, "--input");
    if ((preset == NULL) == (input == NULL)) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "a board configuration is either a --preset or an --input FILE; give "
                             "one of them");
    }
    if (preset != NULL) {
        *out_name = preset;
        return tatu_cli_make_board_config(cli, preset, out);
    }
    *out_name = "board-config";
    TATU_TRY(tatu_cli_read_file(cli, input, BOARD_CONFIG_MAX, out));
    return tatu_cli_check_board_config(cli, input, CLI_SPAN(*out));
}

static enum tatu_err pack_board_config(struct tatu_cli *cli)
{
    struct tatu_cli_package package = {.type = IMAGE_BOARD_CONFIG};
    CLI_BYTES body = {NULL, 0};
    TATU_TRY(read_config(cli, &body, &package.name));
    TATU_TRY(tatu_proto_parse_guid(BOARD_CONFIG_COMPONENT, strlen(BOARD_CONFIG_COMPONENT),
                                   package.component));
    package.body = CLI_SPAN(body);
    return write_package(cli, &package);
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

static void print_time(FILE *out, const char *title, json_int_t seconds, bool local)
{
    const time_t when = (time_t)seconds;
    struct tm parts;
    char text[32] = "?";
    if ((local ? localtime_r(&when, &parts) : gmtime_r(&when, &parts)) != NULL) {
        (void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
    }
    (void)fprintf(out, "  %-20s %s\n", title, text);
}

static void print_field(FILE *out, const char *title, json_t *value)
{
    char text[128];
    tatu_cli_escape(json_is_string(value) ? json_string_value(value) : "?", text, sizeof(text));
    (void)fprintf(out, "  %-20s %s\n", title, text);
}

static void print_abi(FILE *out, const char *section, const char *title, json_t *list)
{
    size_t index;
    json_t *item;
    if (json_array_size(list) > 0) {
        (void)fprintf(out, "Section: %s\n", section);
    }
    json_array_foreach(list, index, item)
    {
        (void)fprintf(out, "  %-20s %s, Version %lld\n", title,
                      json_string_value(json_object_get(item, "type")),
                      (long long)json_integer_value(json_object_get(item, "version")));
    }
}

/* The same sections, fields and order as the original's tool prints. */
static void print_sections(FILE *out, json_t *shown)
{
    const json_int_t built = json_integer_value(json_object_get(shown, "builtAt"));
    const json_int_t temporary = json_integer_value(json_object_get(shown, "temporary"));
    (void)fprintf(out, "Image package metadata:\nSection: Identity\n");
    print_field(out, "Image Type:", json_object_get(shown, "imageTypeTitle"));
    print_field(out, "Component ID:", json_object_get(shown, "componentId"));
    print_field(out, "Image ID:", json_object_get(shown, "imageId"));
    (void)fprintf(out, "Section: Signature\n  %-20s ECDsa256\n", "Signing Type:");
    print_field(out, "Cert:", json_object_get(shown, "signedBy"));
    print_field(out, "Signer:", json_object_get(shown, "signer"));
    if (built != 0) {
        (void)fprintf(out, "Section: Debug\n");
        print_field(out, "Image Name:", json_object_get(shown, "name"));
        print_time(out, "Built On (UTC):", built, false);
        print_time(out, "Built On (Local):", built, true);
    }
    (void)fprintf(out, "Section: Temporary Image\n  %-20s %s\n  %-20s %s\n",
                  "Remove image at boot:", temporary == 1 ? "True" : "False",
                  "Under development:", temporary == 2 ? "True" : "False");
    print_abi(out, "ABI Depends", "Depends on:", json_object_get(shown, "abiDepends"));
    print_abi(out, "ABI Provides", "Provides:", json_object_get(shown, "abiProvides"));
}

static enum tatu_err finish_show(struct tatu_cli *cli)
{
    size_t index;
    json_t *file;
    if (cli->json) {
        return TATU_OK;
    }
    print_sections(cli->out, cli->result);
    json_array_foreach(json_object_get(cli->result, "files"), index, file)
    {
        (void)fprintf(cli->out, "%s  %-40s %lld\n", index == 0 ? "Files:\n" : "",
                      json_string_value(json_object_get(file, "path")),
                      (long long)json_integer_value(json_object_get(file, "size")));
    }
    json_decref(cli->result);
    cli->result = NULL;
    return TATU_OK;
}

static enum tatu_err show(struct tatu_cli *cli)
{
    CLI_BYTES bytes = {NULL, 0};
    struct tatu_image_info info;
    const char *path = cli->arguments[0];
    const char *signer = NULL;
    TATU_TRY(tatu_cli_read_file(cli, path, TATU_IMAGE_PACKAGE_MAX, &bytes));
    TATU_TRY(tatu_cli_read_package(cli, path, CLI_SPAN(bytes), &info));
    TATU_TRY(tatu_cli_give(cli, tatu_cli_describe_package(&info, CLI_SPAN(bytes))));
    if (info.type == TATU_IMAGE_APPLICATION) {
        json_t *files = json_array();
        (void)json_object_set_new(cli->result, "files", files);
        TATU_TRY(list_files(cli, (struct tatu_span){bytes.data, info.body_len}, files));
    }
    TATU_TRY(tatu_cli_find_signer(cli, path, CLI_SPAN(bytes), &info, &signer));
    (void)json_object_set_new(cli->result, "signer", json_string(signer));
    return finish_show(cli);
}

#define SIGNING_OPTIONS                                                                            \
    {"--out", CLI_REQUIRED, "FILE", "the package", "--destination --output-file -d"},              \
        {"--key", CLI_OPTIONAL, "FILE", "key to sign with; the developer key", NULL},              \
        {"--remove-at-boot", CLI_FLAG, NULL, "an image that the next start removes", NULL},        \
    {                                                                                              \
        "--under-development", CLI_FLAG, NULL, "an image that says it is under development", NULL  \
    }

static const struct tatu_cli_option pack_options[] = {
    {"--input", CLI_REQUIRED, "DIR", "the application's files", "--input-directory -i"},
    {"--manifest", CLI_OPTIONAL, "FILE", "app_manifest.json; that of the folder", NULL},
    {"--hardware-definition", CLI_OPTIONAL, "FILE", "names the manifest's pins",
     "--target-definition-filename -n"},
    {"--search", CLI_MANY, "DIR...", "folders in which definitions are looked for",
     "--hardware-definitions --target-directory"},
    SIGNING_OPTIONS,
};
static const struct tatu_cli_option config_options[] = {
    {"--preset", CLI_OPTIONAL, "NAME", "lan-enc28j60-isu0-int5 or lan-enc28j60-isu1-int2", NULL},
    {"--input", CLI_OPTIONAL, "FILE", "a flattened device tree", "-i"},
    SIGNING_OPTIONS,
};

static const struct tatu_cli_command commands[] = {
    {.words = "image-package pack-application",
     .also = "image package-application",
     CLI_OPTIONS(pack_options),
     .run = pack_application,
     .summary = "Pack and sign an application"},
    {.words = "image-package pack-board-config",
     .also = "image package-board-config",
     CLI_OPTIONS(config_options),
     .run = pack_board_config,
     .summary = "Pack and sign a board configuration"},
    {.words = "image-package show",
     .also = "image show-package",
     .arguments = "FILE",
     .argument_also = "--image-package --image -f",
     .argument_min = 1,
     .argument_max = 1,
     .run = show,
     .summary = "Show what is in an image package, and whose it is"},
};
CLI_CHAPTER(tatu_cli_image_package, commands);
