/* The discovery service: which devices are attached, for tools of the original that ask it on
 * port 48938 of the loopback. */
#ifndef DISCOVERY_H
#define DISCOVERY_H

#include "command.h"

enum { CLI_DISCOVERY_PORT = 48938 };

/** Serves until no board of this desk has run for some seconds. Errors: BUSY when the port is in
 * use. */
enum tatu_err tatu_cli_serve_discovery(struct tatu_cli *cli, uint16_t port);

/** Starts it in the background for a board that was switched on; one that runs is enough.
 *  TATU_DISCOVERY=off: it is not wanted; a number: its port. */
void tatu_cli_start_discovery(struct tatu_cli *cli);

/** The port that TATU_DISCOVERY names, else the usual one; 0: it is not wanted. */
uint16_t tatu_cli_discovery_port(const struct tatu_cli *cli);

#endif
