#include "options.h"

#include <string.h>

/* Options with one value; the repeatable --host is apart. */
static const char **find_place(struct options *options, const char *name)
{
    const struct {
        const char *name;
        const char **place;
    } table[] = {
        {"--data", &options->data},           {"--operator", &options->operator_address},
        {"--front", &options->front_address}, {"--update", &options->update_address},
        {"--symbolise", &options->symbolise},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(table); i++) {
        if (strcmp(table[i].name, name) == 0) {
            return table[i].place;
        }
    }
    return NULL;
}

static enum tatu_err take_value(struct options *options, const char *name, const char *value)
{
    if (strcmp(name, "--host") == 0) {
        if (options->host_count == TATU_HOST_MAX) {
            return TATU_ERR_LONG;
        }
        options->hosts[options->host_count++] = value;
        return TATU_OK;
    }
    const char **place = find_place(options, name);
    if (place == NULL) {
        return TATU_ERR_ARGUMENT;
    }
    *place = value;
    return TATU_OK;
}

enum tatu_err options_decode(int argc, const char *const *argv, struct options *out,
                             const char **why)
{
    struct options options = {
        .operator_address = "127.0.0.1:8443",
        .front_address = "0.0.0.0:8444",
        .update_address = "0.0.0.0:8445",
    };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            options.help = true;
            continue;
        }
        if (strcmp(argv[i], "--accept-clock") == 0) {
            options.accept_clock = true;
            continue;
        }
        if (i + 1 == argc || take_value(&options, argv[i], argv[i + 1]) != TATU_OK) {
            *why = argv[i];
            return TATU_ERR_ARGUMENT;
        }
        i++;
    }
    if (options.data == NULL && options.symbolise == NULL && !options.help) {
        *why = "--data is missing";
        return TATU_ERR_ARGUMENT;
    }
    *out = options;
    return TATU_OK;
}
