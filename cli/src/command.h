/* One command: its row in the table, its parsed line, its result and its failure. */
#ifndef COMMAND_H
#define COMMAND_H

#include "base/base.h"
#include "cli/cli.h"

#include <jansson.h>

enum {
    CLI_OPTION_MAX = 12,
    CLI_ARGUMENT_MAX = 32,
    CLI_MANY_MAX = 64,
    CLI_FAILURE_MAX = 700,
};

enum tatu_cli_option_kind {
    CLI_OPTIONAL, /* --name VALUE */
    CLI_REQUIRED,
    CLI_FLAG, /* --name */
    CLI_MANY, /* --name VALUE VALUE..., at least one */
};

struct tatu_cli_option {
    const char *name; /* with its dashes */
    enum tatu_cli_option_kind kind;
    const char *value; /* how help calls the value */
    const char *help;
    const char *also; /* other names with their dashes, a blank between two; NULL: none */
};

/* How far down the tree of owned things a command needs to know its place. Each level includes the
 * ones above; a value comes from the option, else from `tatu config set`. */
enum tatu_cli_scope {
    CLI_SCOPE_NONE,
    CLI_SCOPE_SERVICE,
    CLI_SCOPE_GROUP, /* subscription and resource group, which have defaults */
    CLI_SCOPE_CATALOG,
    CLI_SCOPE_PRODUCT,
    CLI_SCOPE_DEVICE_GROUP,
};

enum tatu_cli_place {
    CLI_SUBSCRIPTION,
    CLI_RESOURCE_GROUP,
    CLI_CATALOG,
    CLI_PRODUCT,
    CLI_DEVICE_GROUP,
    CLI_PLACE_COUNT,
};

struct tatu_cli;

struct tatu_cli_command {
    const char *words;     /* "board create" */
    const char *also;      /* what the original's tools call it, a comma between two; NULL: none */
    const char *arguments; /* "DIR", for help; NULL: none */
    const char *argument_also; /* options that may bring the first argument, as in an option */
    uint8_t argument_min;
    uint8_t argument_max;
    enum tatu_cli_scope scope;
    bool names_last; /* the deepest place may be given as the argument instead */
    bool lax;        /* what is missing of catalog and below is not needed */
    bool tail;       /* what follows -- is another program's command line, in many */
    const struct tatu_cli_option *options;
    uint8_t option_count;
    const char *columns; /* of a list in text, "name,properties.description" */
    const char *summary;
    enum tatu_err (*run)(struct tatu_cli *cli);
};

/* --device NAME, for commands that ask an attached device. */
#define CLI_DEVICE_OPTION                                                                          \
    {                                                                                              \
        "--device", CLI_OPTIONAL, "NAME", "board, device id or address; the only one attached",    \
            "-d"                                                                                   \
    }

/** The commands of one file. */
struct tatu_cli_chapter {
    const struct tatu_cli_command *commands;
    size_t count;
};

struct tatu_cli {
    const struct tatu_cli_command *command;
    const struct tatu_cli_surroundings *around;
    FILE *out;
    bool json;
    bool help;
    const char *arguments[CLI_ARGUMENT_MAX];
    size_t argument_count;
    const char *values[CLI_OPTION_MAX];
    const char *many[CLI_MANY_MAX + 1]; /* the last one stays NULL */
    size_t many_count;
    const char *places[CLI_PLACE_COUNT];
    json_t *config; /* loaded once, when first asked for */
    json_t *result;
    char failure_name[64];
    char failure[CLI_FAILURE_MAX];
};

/** Keeps "sentence; what to do next" for the error line and returns err. Escapes foreign bytes. */
enum tatu_err tatu_cli_fail(struct tatu_cli *cli, enum tatu_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The value of an option of this command, NULL when it was not given; a flag gives "". */
const char *tatu_cli_option(const struct tatu_cli *cli, const char *name);

/** A number in decimal or 0x form. Errors: ARGUMENT, told. */
enum tatu_err tatu_cli_read_number(struct tatu_cli *cli, const char *what, const char *text,
                                   uint64_t min, uint64_t max, uint64_t *out);

/** The result to print; takes the reference. Errors: MEMORY when it is NULL. */
enum tatu_err tatu_cli_give(struct tatu_cli *cli, json_t *result);

/** Reads argv into *cli, whose other fields the caller has set. Errors: ARGUMENT, told. */
enum tatu_err tatu_cli_parse(struct tatu_cli *cli, int argc, char **argv);

extern const struct tatu_cli_chapter *const tatu_cli_chapters[];
extern const size_t tatu_cli_chapter_count;

/** How many words of the line are a command's name, whose row is then *out; 0: none is. */
int tatu_cli_find_command(int argc, char **argv, const struct tatu_cli_command **out);

extern const struct tatu_cli_chapter tatu_cli_platform, tatu_cli_maker, tatu_cli_release,
    tatu_cli_confirm, tatu_cli_board, tatu_cli_desk, tatu_cli_login, tatu_cli_settings,
    tatu_cli_catalog, tatu_cli_product, tatu_cli_device_group, tatu_cli_device, tatu_cli_recover,
    tatu_cli_image, tatu_cli_deployment, tatu_cli_symbols, tatu_cli_crash, tatu_cli_event,
    tatu_cli_image_package, tatu_cli_hardware_definition, tatu_cli_device_log, tatu_cli_attached,
    tatu_cli_app, tatu_cli_capability, tatu_cli_certificate, tatu_cli_network, tatu_cli_sideload,
    tatu_cli_support, tatu_cli_wifi, tatu_cli_discovery, tatu_cli_manual, tatu_cli_new;

#define CLI_CHAPTER(name, table) const struct tatu_cli_chapter name = {table, TATU_COUNT_OF(table)}
#define CLI_OPTIONS(table) .options = (table), .option_count = TATU_COUNT_OF(table)

#endif
