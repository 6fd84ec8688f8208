#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/lib/log.h"
#include "os/lib/loop.h"
#include "os/lib/vault.h"
#include "server.h"

#define PORT 443
#define NAME_ID_BYTES 8 /* of the device id */
#define NAME_END ".devices.tatu.local"

struct gatewayd {
    struct tatu_os_loop loop;
    struct tatu_os_monitor monitor;
    struct tatu_os_log log;
    struct tatu_gateway gateway;
    struct tatu_server server;
};

/* The new owner's certificate needs a new proof. attestd may be busy with its service: it finds the
 * word when it comes to it, and nobody waits for its answer. */
static void on_claimed(void *context)
{
    static const char word[] = "renew";
    const struct gatewayd *gatewayd = context;
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/attestd.sock"};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const bool told = fd >= 0 &&
                      connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                      send(fd, word, strlen(word), MSG_NOSIGNAL) == (ssize_t)strlen(word);
    tatu_os_log(&gatewayd->log, told ? TATU_OS_LOG_NOTICE : TATU_OS_LOG_WARNING, "claimed%s",
                told ? "" : ", but attestd cannot be told");
    if (fd >= 0) {
        (void)close(fd);
    }
}

static enum tatu_err start(struct gatewayd *gatewayd)
{
    struct tatu_vault_info info;
    char name[2 * NAME_ID_BYTES + sizeof(NAME_END)];
    TATU_TRY(tatu_os_open_monitor(TATU_OS_MONITOR_PATH, &gatewayd->monitor));
    TATU_TRY(tatu_os_get_vault_info(&gatewayd->monitor, &info));
    tatu_base_encode_hex((struct tatu_span){info.device_id, NAME_ID_BYTES}, name);
    memcpy(name + 2 * NAME_ID_BYTES, NAME_END, sizeof(NAME_END));
    TATU_TRY(tatu_os_init_loop(&gatewayd->loop));
    TATU_TRY(tatu_gatewayd_start_server(&gatewayd->server, &gatewayd->loop, &gatewayd->gateway,
                                        name, PORT));
    tatu_os_log(&gatewayd->log, TATU_OS_LOG_NOTICE, "%s at port %d", name, PORT);
    return tatu_os_run_loop(&gatewayd->loop);
}

int main(void)
{
    static struct gatewayd gatewayd;
    tatu_os_init_log(&gatewayd.log, "gatewayd", STDERR_FILENO);
    gatewayd.gateway = (struct tatu_gateway){
        .monitor = &gatewayd.monitor, .claimed = on_claimed, .context = &gatewayd};
    const enum tatu_err err = start(&gatewayd);
    tatu_os_log(&gatewayd.log, TATU_OS_LOG_ERROR, "ends: %s", tatu_err_name(err));
    return 1;
}
