/* The socket through which one container asks: for peripherals, its file, the system's services. */
#ifndef TATU_APPS_CONTROL_H
#define TATU_APPS_CONTROL_H

#include "state.h"

/** Makes the listening socket of an application at its place below /run/apps. -1 and errno. */
int tatu_apps_open_control(const struct tatu_app *app, char *out_path, size_t path_size);

/** Acts on one request of an application (context: struct tatu_app); a tatu_os_act. */
enum tatu_err tatu_apps_answer(void *context, const struct tatu_os_asked *asked,
                               struct tatu_os_reply *reply);

/** What a request for a pin may have: 0, or an errno. Decided by the manifest alone. */
int tatu_apps_check_gpio(const struct tatu_manifest *manifest, const struct tatu_ask *ask);

/** The error that goes with an errno. */
enum tatu_err tatu_apps_error_of(int problem);

/** Whether an application may ask this at all: 0, or an errno. Decided by the manifest alone.
 *  *out_server is who is to answer; NULL: we are. */
int tatu_apps_check_request(const struct tatu_manifest *manifest, uint32_t op,
                            const char **out_server);

#endif
