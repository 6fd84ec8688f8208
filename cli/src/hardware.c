#include "hardware.h"

#include "print.h"

#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SDK_DEFINITIONS "../HardwareDefinitions" /* from where the program is */

enum { DEFINITION_MAX = 1 << 18, CHAIN_MAX = 16 };

void tatu_cli_free_hardware(struct tatu_cli_hardware *hardware)
{
    for (size_t i = 0; i < hardware->count; i++) {
        json_decref(hardware->files[i]);
        free(hardware->paths[i]);
    }
    hardware->count = 0;
}

static const char *text_of(json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

/* A name becomes a word of C. */
static bool is_name(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    if (text == NULL || strlen(text) > CLI_PERIPHERAL_NAME_MAX ||
        strchr(letters, text[0]) == NULL) {
        return false;
    }
    size_t len = 0;
    while (text[len] != '\0' &&
           (strchr(letters, text[len]) || (text[len] >= '0' && text[len] <= '9'))) {
        len++;
    }
    return len > 0 && text[len] == '\0';
}

/* A value goes into the header as it is: a number, in brackets or not. */
static bool is_value(const char *text)
{
    return text != NULL && *text != '\0' && strlen(text) <= CLI_PERIPHERAL_NAME_MAX &&
           strspn(text, "0123456789abcdefABCDEFx()-") == strlen(text);
}

static json_t *find_peripheral(const struct tatu_cli_hardware *hardware, const char *name)
{
    for (size_t i = 0; i < hardware->count; i++) {
        size_t index;
        json_t *peripheral;
        json_array_foreach(json_object_get(hardware->files[i], "Peripherals"), index, peripheral)
        {
            const char *own = text_of(peripheral, "Name");
            if (own != NULL && strcmp(own, name) == 0) {
                return peripheral;
            }
        }
    }
    return NULL;
}

/* Follows mappings to the chip's own entry, which has values. */
static json_t *resolve(const struct tatu_cli_hardware *hardware, json_t *peripheral)
{
    const char *type = text_of(peripheral, "Type");
    for (int step = 0; step < CHAIN_MAX && peripheral != NULL; step++) {
        const char *mapping = text_of(peripheral, "Mapping");
        const char *here = text_of(peripheral, "Type");
        if (type == NULL || here == NULL || strcmp(type, here) != 0) {
            return NULL;
        }
        if (mapping == NULL) {
            return is_value(text_of(peripheral, "MainCoreHeaderValue")) ? peripheral : NULL;
        }
        peripheral = find_peripheral(hardware, mapping);
    }
    return NULL;
}

/* ---- reading ------------------------------------------------------------------------------- */

static enum tatu_err refuse(struct tatu_cli *cli, const char *path, const char *what,
                            const char *name)
{
    return tatu_cli_fail(cli, TATU_ERR_FORMAT, "%s: %s%s; correct the hardware definition", path,
                         what, name);
}

static enum tatu_err load_one(struct tatu_cli *cli, const char *path, json_t **out)
{
    CLI_BYTES text = {NULL, 0};
    json_error_t where;
    TATU_TRY(tatu_cli_read_file(cli, path, DEFINITION_MAX, &text));
    json_t *json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &where);
    if (json == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "%s is not JSON (line %d: %s); correct the hardware definition", path,
                             where.line, where.text);
    }
    const char *type = json_string_value(tatu_cli_find(json, "Metadata.Type"));
    if (type == NULL || strcmp(type, "Azure Sphere Hardware Definition") != 0 ||
        json_integer_value(tatu_cli_find(json, "Metadata.Version")) != 1 ||
        !json_is_array(json_object_get(json, "Peripherals"))) {
        json_decref(json);
        return refuse(cli, path, "not a hardware definition of version 1", "");
    }
    *out = json;
    return TATU_OK;
}

static enum tatu_err add_file(struct tatu_cli *cli, struct tatu_cli_hardware *hardware,
                              const char *path)
{
    char resolved[PATH_MAX];
    if (realpath(path, resolved) == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_NOT_FOUND,
                             "the hardware definition %s is not there; check "
                             "the path",
                             path);
    }
    for (size_t i = 0; i < hardware->count; i++) {
        if (strcmp(hardware->paths[i], resolved) == 0) {
            return TATU_OK; /* two files import the same chip */
        }
    }
    if (hardware->count == CLI_HARDWARE_FILE_MAX) {
        return tatu_cli_fail(cli, TATU_ERR_LONG, "%s imports more than %d files; use fewer", path,
                             CLI_HARDWARE_FILE_MAX);
    }
    json_t *json = NULL;
    TATU_TRY(load_one(cli, resolved, &json));
    hardware->files[hardware->count] = json;
    hardware->paths[hardware->count] = strdup(resolved);
    return hardware->paths[hardware->count++] != NULL ? TATU_OK : TATU_ERR_MEMORY;
}

/* Where a definition is: as it is named from `beside`, then in the folders, then in the SDK. */
static enum tatu_err find_file(struct tatu_cli *cli, const char *beside, const char *name,
                               const char *const *folders, char out[PATH_MAX])
{
    char self[PATH_MAX];
    if (name[0] == '/') {
        (void)snprintf(out, PATH_MAX, "%s", name);
        return TATU_OK;
    }
    TATU_TRY(tatu_cli_join(cli, beside, name, out));
    for (size_t i = 0; access(out, F_OK) != 0 && folders != NULL && folders[i] != NULL; i++) {
        TATU_TRY(tatu_cli_join(cli, folders[i], name, out));
    }
    if (access(out, F_OK) == 0) {
        return TATU_OK;
    }
    char sdk[PATH_MAX];
    (void)snprintf(self, sizeof(self), "%s", cli->around->self == NULL ? "." : cli->around->self);
    TATU_TRY(tatu_cli_join(cli, dirname(self), SDK_DEFINITIONS, sdk));
    return tatu_cli_join(cli, sdk, name, out);
}

/* The list of files is its own work list: each one's imports are added behind it. */
static enum tatu_err add_imports(struct tatu_cli *cli, struct tatu_cli_hardware *hardware,
                                 size_t at, const char *const *folders)
{
    size_t index;
    json_t *import;
    json_array_foreach(json_object_get(hardware->files[at], "Imports"), index, import)
    {
        char own[PATH_MAX], path[PATH_MAX];
        const char *name = text_of(import, "Path");
        if (name == NULL) {
            return refuse(cli, hardware->paths[at], "an import without a path", "");
        }
        (void)snprintf(own, sizeof(own), "%s", hardware->paths[at]);
        TATU_TRY(find_file(cli, dirname(own), name, folders, path));
        if (access(path, F_OK) != 0) {
            return tatu_cli_fail(cli, TATU_ERR_NOT_FOUND,
                                 "%s imports %s, which is in no folder that is searched; name its "
                                 "folder (CMake: TARGET_DIRECTORY, tatu: --search)",
                                 hardware->paths[at], name);
        }
        TATU_TRY(add_file(cli, hardware, path));
    }
    return TATU_OK;
}

static enum tatu_err check_peripherals(struct tatu_cli *cli,
                                       const struct tatu_cli_hardware *hardware)
{
    for (size_t i = 0; i < hardware->count; i++) {
        size_t index;
        json_t *peripheral;
        json_array_foreach(json_object_get(hardware->files[i], "Peripherals"), index, peripheral)
        {
            const char *name = text_of(peripheral, "Name");
            if (!is_name(name)) {
                return refuse(cli, hardware->paths[i], "a peripheral's name is no word of C", "");
            }
            if (find_peripheral(hardware, name) != peripheral) {
                return refuse(cli, hardware->paths[i], "a name twice: ", name);
            }
            if (resolve(hardware, peripheral) == NULL) {
                return refuse(cli, hardware->paths[i], "mapped to nothing of its type: ", name);
            }
        }
    }
    return TATU_OK;
}

enum tatu_err tatu_cli_read_hardware(struct tatu_cli *cli, const char *path,
                                     const char *const *folders, struct tatu_cli_hardware *out)
{
    struct tatu_cli_hardware hardware = {.count = 0};
    char found[PATH_MAX];
    TATU_TRY(find_file(cli, ".", path, folders, found));
    enum tatu_err err = add_file(cli, &hardware, access(found, F_OK) == 0 ? found : path);
    for (size_t i = 0; i < hardware.count && err == TATU_OK; i++) {
        err = add_imports(cli, &hardware, i, folders);
    }
    if (err == TATU_OK) {
        err = check_peripherals(cli, &hardware);
    }
    if (err != TATU_OK) {
        tatu_cli_free_hardware(&hardware);
        return err;
    }
    *out = hardware;
    return TATU_OK;
}

/* ---- using --------------------------------------------------------------------------------- */

json_t *tatu_cli_find_pin(const struct tatu_cli_hardware *hardware, const char *type,
                          const char *name)
{
    json_t *peripheral = find_peripheral(hardware, name);
    const char *own = text_of(peripheral, "Type");
    if (own == NULL || strcmp(own, type) != 0) {
        return NULL;
    }
    json_t *chip = resolve(hardware, peripheral);
    json_t *value = json_object_get(chip, "AppManifestValue");
    const char *text = json_string_value(value);
    if (text != NULL && strcmp(type, "Gpio") == 0 && *text != '\0' &&
        strspn(text, "0123456789") == strlen(text) && strlen(text) <= 4) {
        (void)json_object_set_new(chip, "AppManifestValue", json_integer(strtol(text, NULL, 10)));
        value = json_object_get(chip, "AppManifestValue"); /* a manifest has pins as numbers */
    }
    return json_is_integer(value) || json_is_string(value) ? value : NULL;
}

static void print_line(FILE *out, const char *text)
{
    char line[256];
    tatu_cli_escape(text, line, sizeof(line));
    (void)fprintf(out, "%s\n", line);
}

enum tatu_err tatu_cli_header_name(struct tatu_cli *cli, const char *path,
                                   char out[CLI_HEADER_NAME_MAX])
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    size_t len = dot == NULL ? strlen(name) : (size_t)(dot - name);
    if (len + 3 > CLI_HEADER_NAME_MAX) {
        return tatu_cli_fail(cli, TATU_ERR_LONG, "the name %s is too long; use a shorter one",
                             name);
    }
    (void)snprintf(out, CLI_HEADER_NAME_MAX, "%.*s.h", (int)len, name);
    return TATU_OK;
}

/* Top, where it comes from, the headers of what it imports: the order in which projects that keep
 * their headers have them. */
static enum tatu_err print_head(struct tatu_cli *cli, FILE *out,
                                const struct tatu_cli_hardware *hardware, size_t at)
{
    size_t index;
    json_t *item;
    const char *slash = strrchr(hardware->paths[at], '/');
    json_array_foreach(
        tatu_cli_find(hardware->files[at], "Description.MainCoreHeaderFileTopContent"), index, item)
    {
        print_line(out, json_is_string(item) ? json_string_value(item) : "");
    }
    (void)fprintf(out,
                  "\n// This file is autogenerated from ../../%s.  Do not edit it directly.\n\n"
                  "#pragma once\n",
                  slash == NULL ? hardware->paths[at] : slash + 1);
    json_array_foreach(json_object_get(hardware->files[at], "Imports"), index, item)
    {
        char name[CLI_HEADER_NAME_MAX];
        TATU_TRY(tatu_cli_header_name(cli, text_of(item, "Path"), name));
        (void)fprintf(out, "#include \"%s\"\n", name);
    }
    return TATU_OK;
}

static void print_names(FILE *out, json_t *peripherals)
{
    size_t index;
    json_t *item;
    json_array_foreach(peripherals, index, item)
    {
        const char *comment = text_of(item, "Comment");
        const char *mapping = text_of(item, "Mapping");
        (void)fprintf(out, "\n");
        if (comment != NULL && *comment != '\0') {
            (void)fprintf(out, "// ");
            print_line(out, comment);
        }
        (void)fprintf(out, "#define %s %s\n", text_of(item, "Name"),
                      mapping != NULL ? mapping : text_of(item, "MainCoreHeaderValue"));
    }
}

enum tatu_err tatu_cli_make_header(struct tatu_cli *cli, const struct tatu_cli_hardware *hardware,
                                   size_t at, struct tatu_cli_bytes *out)
{
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);
    if (stream == NULL) {
        return TATU_ERR_MEMORY;
    }
    enum tatu_err err = print_head(cli, stream, hardware, at);
    print_names(stream, json_object_get(hardware->files[at], "Peripherals"));
    if (fclose(stream) != 0 || err != TATU_OK) {
        free(text);
        return err != TATU_OK ? err : TATU_ERR_MEMORY;
    }
    *out = (struct tatu_cli_bytes){(uint8_t *)text, len};
    return TATU_OK;
}
