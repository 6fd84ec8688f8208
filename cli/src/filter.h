/* Lists of /tatu/v1 that take resource group, catalog and device as filters. */
#ifndef FILTER_H
#define FILTER_H

#include "service.h"

/** `tatu crash|event|device list`: what /tatu/v1/NAME has, filtered by the places that are known.
 */
enum tatu_err tatu_cli_give_filtered(struct tatu_cli *cli, const char *name);

/** `tatu crash|device show ID`. */
enum tatu_err tatu_cli_give_one(struct tatu_cli *cli, const char *name, const char *id);

#define CLI_FILTERED .scope = CLI_SCOPE_CATALOG, .lax = true

#endif
