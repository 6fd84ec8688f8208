/* The host's side of a recovery: answers a device that asks for images, from a folder of them.
 * docs/protocol/recovery.md. It verifies nothing: the device does. */
#ifndef RECOVERY_H
#define RECOVERY_H

#include "files.h"

#include "proto/recovery.h"

enum { RECOVERY_TYPE_MAX = 32 }; /* types are below that */

struct tatu_cli_recovery {
    struct tatu_cli *cli;
    const char *dir; /* of NAME.imagepackage */
    int fd;          /* the port */
    uint8_t stage;   /* of the last HELLO; 0: none came */
    uint32_t err;    /* that it told */
    bool done;
    uint16_t image_type; /* of the image at hand */
    struct tatu_cli_bytes image;
    bool sent[RECOVERY_TYPE_MAX]; /* to its end */
    uint64_t sent_len;
    unsigned percent; /* of the installation, as told last */
    struct tatu_recovery_line line;
    struct tatu_span input; /* received, not yet looked at; inside of buffer */
    uint8_t buffer[4096];
};

void tatu_cli_end_recovery(struct tatu_cli_recovery *recovery);

/**
 * Waits for the device's next message and does what it asks.
 *
 * Errors   TIMEOUT   none came, and nothing is told
 *          IO        the port is gone
 *          NOT_FOUND, IO, LONG of a file that the device needs; it is told so
 *          VERSION   the device speaks another protocol
 *          any error with which the device refused what it got
 */
enum tatu_err tatu_cli_step_recovery(struct tatu_cli_recovery *recovery, int timeout_ms);

#endif
