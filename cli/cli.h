/*
 * The `tatu` command: what a releaser, a maker, an owner and a developer do from a terminal.
 * One call runs one command line; it touches nothing but what the command names.
 */
#ifndef TATU_CLI_CLI_H
#define TATU_CLI_CLI_H

#include <stdint.h>
#include <stdio.h>

/** What the command takes from around it. Borrowed; any may be NULL. */
struct tatu_cli_surroundings {
    const char *config;    /* TATU_CONFIG: the configuration folder */
    const char *home;      /* HOME: the folder is .config/tatu in it otherwise */
    const char *chip;      /* TATU_QEMU: the program that is the chip */
    const char *epoch;     /* SOURCE_DATE_EPOCH: seconds that packages carry instead of now */
    const char *self;      /* where this program is */
    const char *discovery; /* TATU_DISCOVERY: "off", or the port of the discovery service */
};

/**
 * Runs one command line. Results go to `out`, a failure is one line on `err`:
 * "error: NAME: sentence; what to do next".
 *
 * Answer    exit status: 0 done, 1 failed, 2 the command line was wrong
 */
int tatu_cli_run(int argc, char **argv, const struct tatu_cli_surroundings *around, FILE *out,
                 FILE *err);

#endif
