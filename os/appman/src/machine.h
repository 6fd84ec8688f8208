/* What only process 1 of the device does: mounts, settings, starting a service, restarting. */
#ifndef TATU_OS_APPMAN_MACHINE_H
#define TATU_OS_APPMAN_MACHINE_H

#include "os/appman/appman.h"

/** One step that failed, for the log: what, on which path, errno. */
struct tatu_appman_failure {
    const char *what;
    const char *path;
    int number;
};

/** Mounts, devices, kernel settings, control groups: all, or the first that failed in out. */
enum tatu_err tatu_appman_set_up_machine(struct tatu_appman_failure *out);

/** A listening socket at its place. -1 and errno. */
int tatu_appman_listen(const struct tatu_appman_place *place);

/** Makes the places, the control group and the socket of a service; once. -1: it has no socket. */
enum tatu_err tatu_appman_prepare_service(const struct tatu_appman_service *service,
                                          int *out_socket, struct tatu_appman_failure *out);

/** Starts its program with its rights. socket is -1 or handed over. Errors: MEMORY. */
enum tatu_err tatu_appman_spawn(const struct tatu_appman_service *service, int socket,
                                pid_t *out_pid);

/** Does not return. */
_Noreturn void tatu_appman_restart_machine(void);

#endif
