/* Capability files: who signs them, and what the service knows of the device they are for. */
#ifndef CAPABILITY_H
#define CAPABILITY_H

#include "device.h"

/** What the service knows of a device; NULL when nobody is logged in, or it does not know it. The
 *  caller's. */
enum tatu_err tatu_cli_find_place(struct tatu_cli *cli, const uint8_t device_id[64],
                                  json_t **out_or_null);

/**
 * A capability file for one device: signed by the service when the device's catalog lets it sign,
 * else by the developer key.
 *
 * place     of tatu_cli_find_place; NULL: the developer key signs
 */
enum tatu_err tatu_cli_get_capability(struct tatu_cli *cli, const uint8_t device_id[64],
                                      uint32_t set, json_t *place, struct tatu_cli_bytes *out);

/** The ARM path of the device's group, and below it. Its parts are kept in cli->places, borrowed
 * from place. */
enum tatu_err tatu_cli_place_path(struct tatu_cli *cli, json_t *place, const char *tail,
                                  char *out /* CLI_PATH_LEN_MAX */);

/** Moves the device to another group of its product. Errors: those of the service. */
enum tatu_err tatu_cli_move_to_group(struct tatu_cli *cli, const uint8_t device_id[64],
                                     json_t *place, const char *group);

#endif
