/* The socket through which one container asks for its peripherals. */
#ifndef TATU_APPS_CONTROL_H
#define TATU_APPS_CONTROL_H

#include "os/apps/apps.h"

/** Makes the listening socket of an application at its place below /run/apps. -1 and errno. */
int tatu_apps_open_control(const struct tatu_app *app, char *out_path, size_t path_size);

/** Takes one connection, which does not block. -1: there is none. */
int tatu_apps_accept_control(const struct tatu_app *app);

/** Reads the one request of a connection, answers it and closes it. False: it has not come yet. */
bool tatu_apps_answer_control(const struct tatu_app *app, int fd);

/** What a request may have: 0, or an errno. Decided by the manifest alone. */
int tatu_apps_check_request(const struct tatu_manifest *manifest, const uint32_t request[4]);

#endif
