/* The configuration folder: config.json (0600: it holds the token) and the developer key. */
#ifndef CONFIG_H
#define CONFIG_H

#include "command.h"

/** The folder's path in a buffer of PATH_MAX. Errors: NOT_FOUND when there is no home. */
enum tatu_err tatu_cli_config_path(struct tatu_cli *cli, const char *name, char *out);

/** A default that `tatu config set` stored, or the built-in one; NULL when there is neither. */
enum tatu_err tatu_cli_get_setting(struct tatu_cli *cli, const char *name, const char **out);

/** Makes each missing folder above the path's last part. Errors: IO. */
enum tatu_err tatu_cli_make_folders(struct tatu_cli *cli, const char *path);

/** Loads the configuration into cli->config (empty when there is none). Errors: FORMAT, DENIED. */
enum tatu_err tatu_cli_load_config(struct tatu_cli *cli);

/** Writes cli->config. */
enum tatu_err tatu_cli_save_config(struct tatu_cli *cli);

/** Whether `tatu config set` knows the name. */
bool tatu_cli_is_setting(const char *name);

#endif
