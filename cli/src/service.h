/* The service as the commands see it: places to paths, JSON in and out, errors by their names. */
#ifndef SERVICE_H
#define SERVICE_H

#include "http.h"

enum { CLI_PATH_LEN_MAX = 2048 };

/**
 * The ARM path of a place of this command line and what is below it:
 * "/subscriptions/../catalogs/C/products/P/deviceGroups/G" as deep as `depth` says.
 *
 * tail      "images", "devices/ID"...: appended behind a slash, already encoded; NULL: none
 */
enum tatu_err tatu_cli_arm_path(struct tatu_cli *cli, enum tatu_cli_scope depth, const char *tail,
                                char out[CLI_PATH_LEN_MAX]);

/** The path of what Tatu adds to such a place:
 * "/tatu/v1/catalogs/RG/C/products/P/…?subscription=S".
 */
enum tatu_err tatu_cli_own_path(struct tatu_cli *cli, enum tatu_cli_scope depth,
                                char out[CLI_PATH_LEN_MAX]);

/**
 * Calls the service that `tatu login` stored. ARM paths get their api-version.
 *
 * body      JSON, taken; NULL: none
 * out       the answer's JSON, null when it had none; the caller's; NULL: not wanted
 *
 * Errors    STATE when there is no login; those of tatu_cli_exchange; the service's own, by name
 */
enum tatu_err tatu_cli_call(struct tatu_cli *cli, const char *method, const char *path,
                            json_t *body, json_t **out);

/** The same with a raw body. */
enum tatu_err tatu_cli_send(struct tatu_cli *cli, const char *method, const char *path,
                            struct tatu_span body, json_t **out);

/** All pages of a list as one array. POST lists get an empty object as body. */
enum tatu_err tatu_cli_list(struct tatu_cli *cli, const char *method, const char *path,
                            json_t **out);

/** Calls a service other than the stored one: login looks before it stores. */
enum tatu_err tatu_cli_probe(struct tatu_cli *cli, const char *service, const char *token,
                             const char *ca_pem, const char *path, json_t **out);

/** Turns an error answer into the error line; also used for the board's own API. */
enum tatu_err tatu_cli_tell_status(struct tatu_cli *cli, const char *who,
                                   const struct tatu_cli_answer *answer);

/** `tatu X list`: one ARM list below a place. */
enum tatu_err tatu_cli_give_list(struct tatu_cli *cli, const char *method,
                                 enum tatu_cli_scope depth, const char *tail);

/** `tatu X show|create`: one ARM resource as the result. */
enum tatu_err tatu_cli_give_call(struct tatu_cli *cli, const char *method,
                                 enum tatu_cli_scope depth, const char *tail, json_t *body);

#endif
