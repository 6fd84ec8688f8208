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

/** In the child that becomes it, last: its files and its system calls. Errors: NOT_FOUND it has no
 *  row in the table of walls; those of os/lib/walls.h. */
enum tatu_err tatu_appman_restrict_service(const struct tatu_appman_service *service);
/** System calls that nothing on this device makes, appman included, are gone for all. */
enum tatu_err tatu_appman_restrict_itself(void);

/** Starts its program with its rights. socket is -1 or handed over. Errors: MEMORY. */
enum tatu_err tatu_appman_spawn(const struct tatu_appman_service *service, int socket,
                                pid_t *out_pid);

/** The store's own flash, for tatu_appman_open_store. */
extern const struct tatu_appman_flash tatu_appman_store_flash;
/** In its place when it cannot be used: what is kept there is gone with the power. Errors: IO. */
enum tatu_err tatu_appman_mount_memory_store(void);
/** The folder of a service in the store, private to it. Errors: IO. */
enum tatu_err tatu_appman_make_kept(const struct tatu_appman_service *service);

/** The hardware clock becomes the system's. An errno; 0 is success. */
int tatu_appman_set_rtc(void);
/** Percent of the processor for all applications together. */
int tatu_appman_limit_apps(uint32_t percent);
/** It rings in so many seconds. An errno; 0 is success. */
int tatu_appman_set_alarm(uint32_t seconds);
/** Everything off until the pin falls, or the alarm rings. Does not return but with an error. */
enum tatu_err tatu_appman_power_down(const struct tatu_os_monitor *monitor, bool alarm);

/** Does not return. */
_Noreturn void tatu_appman_restart_machine(void);

#endif
