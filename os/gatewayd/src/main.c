#include <errno.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certrequest.h"
#include "certstore.h"
#include "os/lib/log.h"
#include "os/lib/loop.h"
#include "os/lib/store.h"
#include "os/lib/vault.h"
#include "server.h"

#define PORT 443
#define SERVICE_INTERFACE "azspheresvc"
#define NAME_ID_BYTES 8 /* of the device id */
#define NAME_END ".devices.tatu.local"
#define LISTEN_FD 3 /* TATU_GATEWAYD_SOCKET, from appman */
#define KLOG_READ_ALL 3
#define UPDATE_CERTIFICATE "/run/deviceauth/update/cert.pem"

struct gatewayd {
    struct tatu_os_loop loop;
    struct tatu_os_monitor monitor;
    struct tatu_os_log log;
    struct tatu_gateway gateway;
    struct tatu_certstore certs;
    struct tatu_certrequests requests;
    struct tatu_os_server store_server;
    struct tatu_server server;
    int upload_fd; /* to updated, while an image is on its way; -1 none */
};

static void close_upload(struct gatewayd *gatewayd)
{
    if (gatewayd->upload_fd >= 0) {
        (void)close(gatewayd->upload_fd);
    }
    gatewayd->upload_fd = -1;
}

/* An image's pieces, some hundred, share a connection. */
static enum tatu_err ask_to_stage(struct gatewayd *gatewayd, const struct tatu_ask *request,
                                  uint32_t timeout_ms, uint32_t *out_number, struct tatu_buf *out)
{
    if (request->op == TATU_UPDATED_STAGE_BEGIN) {
        close_upload(gatewayd); /* of an upload that was given up */
    }
    if (gatewayd->upload_fd < 0) {
        TATU_TRY(tatu_os_connect(TATU_UPDATED_SOCKET, timeout_ms, &gatewayd->upload_fd));
    }
    const enum tatu_err err = tatu_os_ask_on(gatewayd->upload_fd, request, out_number, out, NULL);
    if (err != TATU_OK || request->op == TATU_UPDATED_STAGE_END) {
        close_upload(gatewayd);
    }
    return err;
}

static enum tatu_err ask(void *context, const char *path, const struct tatu_ask *request,
                         uint32_t timeout_ms, uint32_t *out_number, struct tatu_buf *out)
{
    switch (request->op) {
    case TATU_UPDATED_STAGE_BEGIN:
    case TATU_UPDATED_STAGE_DATA:
    case TATU_UPDATED_STAGE_END:
        return ask_to_stage(context, request, timeout_ms, out_number, out);
    default:
        return tatu_os_ask(path, request, timeout_ms, out_number, out, NULL);
    }
}

static enum tatu_err read_log(void *context, struct tatu_buf *out)
{
    (void)context;
    const int len = klogctl(KLOG_READ_ALL, (char *)out->data, (int)out->cap);
    if (len < 0) {
        return errno == EPERM ? TATU_ERR_DENIED : TATU_ERR_IO;
    }
    out->len = (size_t)len;
    return TATU_OK;
}

static bool is_authenticated(void *context)
{
    struct stat status;
    (void)context;
    return stat(UPDATE_CERTIFICATE, &status) == 0;
}

/* The new owner's certificate needs a new proof. */
static void tell_attestd(const struct gatewayd *gatewayd)
{
    const bool told = tatu_os_tell_attestd();
    tatu_os_log(&gatewayd->log, told ? TATU_OS_LOG_NOTICE : TATU_OS_LOG_WARNING, "claimed%s",
                told ? "" : ", but attestd cannot be told");
}

static void tell(void *context, enum tatu_gateway_event event)
{
    const struct gatewayd *gatewayd = context;
    const struct tatu_ask restart = {.op = TATU_APPMAN_RESTART};
    switch (event) {
    case TATU_GATEWAY_CLAIMED:
        tell_attestd(gatewayd);
        break;
    case TATU_GATEWAY_RESTART: {
        const enum tatu_err err = tatu_os_tell(TATU_APPMAN_SOCKET, &restart);
        tatu_os_log(&gatewayd->log, TATU_OS_LOG_NOTICE, "restart: %s", tatu_err_name(err));
        break;
    }
    }
}

static void serve_applications(struct gatewayd *gatewayd)
{
    int listens = 0;
    socklen_t len = sizeof(listens);
    tatu_certrequests_init(&gatewayd->requests, &gatewayd->certs, &gatewayd->loop);
    if (getsockopt(LISTEN_FD, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0 || listens == 0 ||
        tatu_os_serve(&gatewayd->store_server, &gatewayd->loop, LISTEN_FD, tatu_certrequests_act,
                      &gatewayd->requests) != TATU_OK) {
        tatu_os_log(&gatewayd->log, TATU_OS_LOG_WARNING,
                    "no socket for applications: they have no certificate store");
    }
}

static enum tatu_err start(struct gatewayd *gatewayd)
{
    static char name[2 * NAME_ID_BYTES + sizeof(NAME_END)];
    static const struct tatu_server_setup setup = {
        .name = name,
        .port = PORT,
        .interface = SERVICE_INTERFACE,
        .identity_path = TATU_CERTSTORE_FOLDER "/server",
    };
    struct tatu_vault_info info;
    TATU_TRY(tatu_os_open_monitor(TATU_OS_MONITOR_PATH, &gatewayd->monitor));
    TATU_TRY(tatu_os_get_vault_info(&gatewayd->monitor, &info));
    tatu_base_encode_hex((struct tatu_span){info.device_id, NAME_ID_BYTES}, name);
    memcpy(name + 2 * NAME_ID_BYTES, NAME_END, sizeof(NAME_END));
    TATU_TRY(tatu_os_init_loop(&gatewayd->loop));
    tatu_certstore_init(&gatewayd->certs, &gatewayd->monitor, TATU_CERTSTORE_FOLDER);
    serve_applications(gatewayd);
    TATU_TRY(
        tatu_gatewayd_start_server(&gatewayd->server, &gatewayd->loop, &gatewayd->gateway, &setup));
    tatu_os_log(&gatewayd->log, TATU_OS_LOG_NOTICE, "%s at port %d", name, PORT);
    return tatu_os_run_loop(&gatewayd->loop);
}

int main(void)
{
    static struct gatewayd gatewayd = {.upload_fd = -1};
    tatu_os_init_log(&gatewayd.log, "gatewayd", STDERR_FILENO);
    gatewayd.gateway = (struct tatu_gateway){
        .monitor = &gatewayd.monitor,
        .certs = &gatewayd.certs,
        .ask = ask,
        .read_log = read_log,
        .is_authenticated = is_authenticated,
        .tell = tell,
        .context = &gatewayd,
        .release_path = "/etc/tatu-release",
    };
    const enum tatu_err err = start(&gatewayd);
    tatu_os_log(&gatewayd.log, TATU_OS_LOG_ERROR, "ends: %s", tatu_err_name(err));
    return 1;
}
