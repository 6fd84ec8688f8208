#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/lib/log.h"
#include "os/lib/loop.h"
#include "prover.h"

#define RENEW_DELAY_MS 50u
#define CONTROL_FD 3 /* appman hands the listening socket over */

struct attestd {
    struct tatu_os_loop loop;
    struct tatu_os_monitor monitor;
    struct tatu_os_log log;
    struct tatu_signer signer;
    struct tatu_prover prover;
    struct tatu_os_timer due;
    struct tatu_os_watch control;
};

static void on_due(struct tatu_os_timer *timer)
{
    struct attestd *attestd = timer->context;
    const uint64_t wait_ms = tatu_prover_advance(&attestd->prover);
    tatu_os_set_timer(&attestd->loop, timer, tatu_os_now_ms() + wait_ms + 1);
}

/* One connection, one word: "renew". */
static void on_control(struct tatu_os_watch *watch, uint32_t events)
{
    (void)events;
    struct attestd *attestd = watch->context;
    char word[16] = {0};
    uint32_t answer = TATU_ERR_UNKNOWN_COMMAND;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    const struct timeval patience = {0, 100000};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (recv(fd, word, sizeof(word) - 1, 0) > 0 && strcmp(word, "renew") == 0) {
        answer = TATU_OK;
        tatu_prover_renew(&attestd->prover);
        /* a claim, a deployment and appman tell of one change: one proof for all of them */
        tatu_os_set_timer(&attestd->loop, &attestd->due, tatu_os_now_ms() + RENEW_DELAY_MS);
    }
    (void)send(fd, &answer, sizeof(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)close(fd);
}

int main(void)
{
    static struct attestd attestd;
    tatu_os_init_log(&attestd.log, "attestd", STDERR_FILENO);
    attestd.prover = (struct tatu_prover){
        .monitor = &attestd.monitor, .log = &attestd.log, .signer = &attestd.signer};
    attestd.due = (struct tatu_os_timer){.fire = on_due, .context = &attestd};
    attestd.control =
        (struct tatu_os_watch){.ready = on_control, .context = &attestd, .fd = CONTROL_FD};
    enum tatu_err err = tatu_os_open_monitor(TATU_OS_MONITOR_PATH, &attestd.monitor);
    err = err == TATU_OK ? tatu_os_init_loop(&attestd.loop) : err;
    err = err == TATU_OK ? tatu_signer_start(&attestd.signer, &attestd.monitor) : err;
    err = err == TATU_OK ? tatu_os_add_watch(&attestd.loop, &attestd.control, EPOLLIN) : err;
    if (err == TATU_OK) {
        tatu_os_set_timer(&attestd.loop, &attestd.due, tatu_os_now_ms() + 1);
        err = tatu_os_run_loop(&attestd.loop);
    }
    tatu_os_log(&attestd.log, TATU_OS_LOG_ERROR, "ends: %s", tatu_err_name(err));
    return 1;
}
