/* Starting and stopping one application's container. */
#ifndef TATU_APPS_CONTAINER_H
#define TATU_APPS_CONTAINER_H

#include "os/apps/apps.h"

/**
 * Makes cgroup, allow-list, control socket and specification and starts launch in them. Fills pid,
 * control_fd, output_fd and status_fd.
 * Errors   IO           a part could not be made; nothing is left of it
 *          UNREACHABLE  netd does not answer, so the allow-list is not in force
 */
enum tatu_err tatu_apps_start_container(struct tatu_app *app);

/** Sends every process of the container a signal. */
void tatu_apps_signal_container(const struct tatu_app *app, int number);

/** How the application ended, in the form of wait(2): its own end when launch told of one, else
 * that of launch, which could not build the container or was killed. */
int tatu_apps_read_end(const struct tatu_app *app, int launch_status);

/** Closes what start opened and removes the cgroup. */
void tatu_apps_clean_container(struct tatu_app *app);

#endif
