/* /run/appman.sock: answers `status` and `reload`. */
#ifndef TATU_OS_APPMAN_CONTROL_H
#define TATU_OS_APPMAN_CONTROL_H

#include "os/appman/appman.h"
#include "os/lib/loop.h"

#define TATU_APPMAN_CONNECTION_MAX 4u
#define TATU_APPMAN_REQUEST_SIZE 64u
#define TATU_APPMAN_ANSWER_SIZE 2048u

struct tatu_appman_control {
    struct tatu_os_loop *loop;
    /** Acts on a request and writes text behind the error number of the answer. */
    enum tatu_err (*act)(void *context, enum tatu_appman_request request, char *out, size_t size);
    void *context;
    struct tatu_os_watch listening;
    struct tatu_os_watch connections[TATU_APPMAN_CONNECTION_MAX]; /* fd -1: free */
};

/** Serves connections to this listening socket. The callbacks are set before. Errors: IO. */
enum tatu_err tatu_appman_serve_control(struct tatu_appman_control *control,
                                        struct tatu_os_loop *loop, int listening_fd);

#endif
