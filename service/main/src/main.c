#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "options.h"
#include "service.h"
#include "service/failures/failures.h"

#define PROGRAM_PATH_MAX 4096

static const char usage[] =
    "usage: tatu-service --data DIR [--operator ADDR:PORT] [--front ADDR:PORT]\n"
    "                    [--update ADDR:PORT] [--host NAME-OR-IP]... [--accept-clock]\n"
    "Port 0 takes any free port; DIR/service.json says which. --accept-clock: the time is true\n"
    "although this folder knew a later one.\n";

int main(int argc, char **argv)
{
    struct options options;
    const char *why = NULL;
    if (options_decode(argc, (const char *const *)argv, &options, &why) != TATU_OK) {
        (void)fprintf(stderr, "tatu-service: wrong argument: %s\n%s", why, usage);
        return 2;
    }
    if (options.help) {
        (void)fputs(usage, stdout);
        return 0;
    }
    if (options.symbolise != NULL) {
        return tatu_failures_symboliser_main(options.symbolise);
    }
    /* a peer that is gone and a file that may not grow are errors of one request */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    char program[PROGRAM_PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (len <= 0) {
        (void)fputs("tatu-service: /proc is not mounted\n", stderr);
        return 1;
    }
    program[len] = 0;
    return service_run(&options, program);
}
