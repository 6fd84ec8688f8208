/* Starting and stopping one application's container, and what it uses. */
#ifndef TATU_APPS_CONTAINER_H
#define TATU_APPS_CONTAINER_H

#include "memory.h"
#include "state.h"

/**
 * Makes cgroup, firewall, control socket and specification and starts launch in them. Fills pid,
 * control.fd, output.fd and status_fd.
 * Errors   IO           a part could not be made; nothing is left of it
 *          UNREACHABLE, TIMEOUT  netd does not answer, so the firewall is not in force
 */
enum tatu_err tatu_apps_start_container(struct tatu_app *app);

/** Sends process 1 of the container a signal; SIGKILL ends all of it. */
void tatu_apps_signal_container(const struct tatu_app *app, int number);

/** How the application ended, in the form of wait(2): its own end when launch told of one, else
 * that of launch, which could not build the container or was killed. */
int tatu_apps_read_end(const struct tatu_app *app, int launch_status);

/** Whether one of its processes was killed over its memory; before it is cleaned. */
bool tatu_apps_was_over_memory(const struct tatu_app *app);

/** Closes what start opened (the watches are the caller's to remove) and removes the cgroup. */
void tatu_apps_clean_container(struct tatu_app *app);

/** What all applications use now; keeps the peak. Errors: IO nothing was started yet. */
enum tatu_err tatu_apps_measure(struct tatu_apps *apps, struct tatu_apps_memory *out);

/** Appends TATU_REQUEST_MEMORY_SIZE bytes of it to an answer. Errors: FULL. */
enum tatu_err tatu_apps_put_memory(struct tatu_apps *apps, struct tatu_os_reply *reply);

#endif
