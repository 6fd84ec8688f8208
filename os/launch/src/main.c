/* Init of one container: builds it, starts the application as process 2, waits for it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch_impl.h"

#define PROGRAM_HEAD_BYTES 4096u /* the program headers are at a file's beginning */

static pid_t application;

bool tatu_launch_fail(const char *what)
{
    (void)dprintf(STDERR_FILENO, "launch: %s: %s\n", what, strerror(errno));
    return false;
}

static bool read_spec(struct tatu_launch_spec *out)
{
    const ssize_t got = pread(TATU_LAUNCH_SPEC_FD, out, sizeof(*out), 0);
    (void)close(TATU_LAUNCH_SPEC_FD);
    errno = EINVAL;
    return (got == (ssize_t)sizeof(*out) && tatu_launch_check_spec(out) == TATU_OK) ||
           tatu_launch_fail("specification");
}

static bool build_container(const struct tatu_launch_spec *spec)
{
    char body[TATU_LAUNCH_PATH_MAX];
    if (!tatu_launch_open_body(spec, body, sizeof(body))) {
        return false;
    }
    const bool entered = tatu_launch_enter_root(spec, body);
    return tatu_launch_forget_body() && entered;
}

static bool check_program(const char *path)
{
    uint8_t head[PROGRAM_HEAD_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : read(fd, head, sizeof(head));
    if (fd >= 0) {
        (void)close(fd);
    }
    if (got < 0) {
        return tatu_launch_fail("entry point");
    }
    const enum tatu_err err = tatu_launch_check_program((struct tatu_span){head, (size_t)got});
    if (err != TATU_OK) {
        (void)dprintf(STDERR_FILENO, "launch: program: %s: %s\n", tatu_err_name(err),
                      tatu_err_text(err));
    }
    return err == TATU_OK;
}

static _Noreturn void become_application(const struct tatu_launch_spec *spec)
{
    /* the entry point is a path inside the image */
    char path[TATU_LAUNCH_PATH_MAX];
    char *args[TATU_LAUNCH_ARG_MAX + 1];
    static char image_variable[] = "AZURE_SPHERE_APP=/mnt/app";
    char *const environment[] = {image_variable, NULL};
    char strings[TATU_LAUNCH_ARG_BYTES];
    memcpy(strings, spec->args, sizeof(strings));
    char *at = strings;
    for (uint32_t i = 0; i < spec->arg_count; i++) {
        args[i] = at;
        at += strlen(at) + 1;
    }
    args[spec->arg_count] = NULL;
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    /* a write over the quota is an error, not the end */
    (void)signal(SIGXFSZ, SIG_IGN);
    if (snprintf(path, sizeof(path), "/mnt/app%s", args[0]) < (int)sizeof(path) &&
        tatu_launch_drop_rights(spec) && check_program(path) && tatu_launch_restrict_files(path) &&
        tatu_launch_restrict_calls()) {
        (void)execve(path, args, environment);
        (void)tatu_launch_fail("entry point");
    }
    _exit(TATU_LAUNCH_EXIT_SETUP);
}

static void forward(int number)
{
    if (application > 0) {
        (void)kill(application, number);
    }
}

static bool tell_end(int status)
{
    uint8_t bytes[4];
    tatu_put_le32(bytes, (uint32_t)status);
    return write(TATU_LAUNCH_STATUS_FD, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes);
}

/* Waits for the application; orphans that come to process 1 are reaped on the way. */
static int wait_application(void)
{
    for (;;) {
        int status;
        const pid_t ended = waitpid(-1, &status, 0);
        if (ended == application) {
            return tell_end(status) ? TATU_LAUNCH_EXIT_TOLD : TATU_LAUNCH_EXIT_SETUP;
        }
        if (ended < 0 && errno != EINTR) {
            return TATU_LAUNCH_EXIT_SETUP;
        }
    }
}

int main(void)
{
    static struct tatu_launch_spec spec;
    /* the application does not get it */
    if (fcntl(TATU_LAUNCH_STATUS_FD, F_SETFD, FD_CLOEXEC) != 0 || !read_spec(&spec) ||
        !build_container(&spec)) {
        return TATU_LAUNCH_EXIT_SETUP;
    }
    const struct sigaction pass_on = {.sa_handler = forward};
    application = fork();
    if (application == 0) {
        become_application(&spec);
    }
    if (application < 0 || sigaction(SIGTERM, &pass_on, NULL) != 0) {
        (void)tatu_launch_fail("fork");
        return TATU_LAUNCH_EXIT_SETUP;
    }
    /* from here process 1 only waits and passes SIGTERM on to another user's process */
    if (!tatu_launch_keep_signalling() || !tatu_launch_restrict_process_1()) {
        return TATU_LAUNCH_EXIT_SETUP;
    }
    return wait_application();
}
