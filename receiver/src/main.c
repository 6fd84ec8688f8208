#include "receiver/receiver.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: tatu-receiver --ca CATALOG-CA.pem --listen ADDR:PORT [--cert FILE --key FILE]\n"
    "                     [--host NAME-OR-IP]...\n"
    "Without --cert a certificate is made for this run; a --cert that does not exist is made\n"
    "and kept. JSON lines on stdout: ready, ring, refused.\n";

static const char **find_place(struct tatu_receiver_options *options, const char *name)
{
    const struct {
        const char *name;
        const char **place;
    } table[] = {
        {"--ca", &options->ca_path},
        {"--listen", &options->address},
        {"--cert", &options->cert_path},
        {"--key", &options->key_path},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(table); i++) {
        if (strcmp(name, table[i].name) == 0) {
            return table[i].place;
        }
    }
    if (strcmp(name, "--host") == 0 && options->host_count < TATU_COUNT_OF(options->hosts)) {
        return &options->hosts[options->host_count++];
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct tatu_receiver_options options = {0};
    for (int i = 1; i < argc; i += 2) {
        const char **place = i + 1 < argc ? find_place(&options, argv[i]) : NULL;
        if (place == NULL) {
            (void)fprintf(stderr, "tatu-receiver: wrong argument: %s\n%s", argv[i], usage);
            return 2;
        }
        *place = argv[i + 1];
    }
    if (options.ca_path == NULL || options.address == NULL ||
        (options.cert_path == NULL) != (options.key_path == NULL)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    return tatu_receiver_run(&options);
}
