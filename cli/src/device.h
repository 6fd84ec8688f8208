/* The device API (docs/protocol/device-api.md) as the commands see it. */
#ifndef DEVICE_H
#define DEVICE_H

#include "attached.h"

#define CLI_DEVICE_CERTIFICATE TATU_BOARD_CERTIFICATE
#define CLI_DEVICE_SESSION TATU_BOARD_SESSION

enum { CLI_CAPABILITY_FILE_MAX = 1024, CLI_CAPABILITY_FILE_MIN = 392 };

struct tatu_cli_ask {
    const char *method;
    const char *path;
    json_t *body;           /* taken; NULL: none */
    struct tatu_span bytes; /* an image, when there is no JSON */
    long timeout_s;         /* 0: the usual */
    long wait_s;            /* so long a device that does not answer is asked again */
};

/**
 * Asks a device. Its certificate is the one it showed first, which is kept beside it; the
 * capability file that 'tatu device capability apply' put there goes along.
 *
 * out       the answer's JSON, the caller's; NULL: not wanted
 *
 * Errors    the device's own, told as "Device error CATEGORY.CODE"; those of tatu_cli_exchange
 */
enum tatu_err tatu_cli_ask_device(struct tatu_cli *cli, const struct tatu_cli_target *target,
                                  const struct tatu_cli_ask *ask, json_t **out);

/** The same for an answer that is bytes. */
enum tatu_err tatu_cli_ask_bytes(struct tatu_cli *cli, const struct tatu_cli_target *target,
                                 const struct tatu_cli_ask *ask, struct tatu_cli_bytes *out);

/** Asks a device that is no board of this desk for its id. */
enum tatu_err tatu_cli_learn_id(struct tatu_cli *cli, struct tatu_cli_target *target);

/** The device of --device, asked once. */
enum tatu_err tatu_cli_ask(struct tatu_cli *cli, const char *method, const char *path, json_t *body,
                           json_t **out);

/** The same, and the answer is the command's result. */
enum tatu_err tatu_cli_ask_and_give(struct tatu_cli *cli, const char *method, const char *path,
                                    json_t *body);

/** The answer's array of this name, or the answer itself for NULL, as the command's result. */
enum tatu_err tatu_cli_ask_and_give_part(struct tatu_cli *cli, const char *path, const char *part);

/** "PREFIX/NAME" with the name encoded. Errors: LONG. */
enum { CLI_DEVICE_PATH_MAX = 256 };
enum tatu_err tatu_cli_device_path(struct tatu_cli *cli, const char *prefix, const char *name,
                                   char out[CLI_DEVICE_PATH_MAX]);

/** A GUID of the command line, as it is. Errors: ARGUMENT, told. */
enum tatu_err tatu_cli_check_guid(struct tatu_cli *cli, const char *text);

/** The certificate, PEM: the one that was kept, or, when there is none or `anew`, the one that the
 *  device shows now, which is kept. */
enum tatu_err tatu_cli_device_certificate(struct tatu_cli *cli,
                                          const struct tatu_cli_target *target, bool anew,
                                          struct tatu_cli_bytes *out);

#endif
