/* The application's own control socket, word by word: what applibs would never send. */
#ifndef HOSTILE_CONTROL_H
#define HOSTILE_CONTROL_H

#include <stddef.h>
#include <stdint.h>

/* Numbers of requests; docs/protocol/requests.md. */
enum control_op {
    CONTROL_GPIO_INPUT = 1,
    CONTROL_STORAGE_OPEN = 0x10,
    CONTROL_STORAGE_DELETE = 0x11,
    CONTROL_STORAGE_QUOTA = 0x12,
    CONTROL_INTRODUCE = 0x8000,
};

/** Connects to a socket by its path; -1 and errno. */
int control_connect(const char *path);

/**
 * One request on the control socket, and its answer.
 *
 * args     op and the three words behind it
 * payload  len bytes that follow; may be NULL when len is 0
 * out_fd   NULL, or the descriptor that came with the answer, -1 for none
 *
 * Returns -1 when there was no answer, else the error of the answer; *out_number is its second
 * word.
 */
int64_t control_ask(const uint32_t args[4], const void *payload, size_t len, uint32_t *out_number,
                    int *out_fd);

#endif
