/* What is kept: settings and Wi-Fi networks, each in a sealed file of its own. */
#include <stdio.h>

#include "os/lib/store.h"
#include "os/netd/netd.h"
#include "state.h"

struct path {
    char text[TATU_OS_STORE_PATH_MAX];
};

static const char *path_of(const struct netd *netd, const char *name, struct path *out)
{
    (void)snprintf(out->text, sizeof(out->text), "%s/%s", netd->folder, name);
    return out->text;
}

static enum tatu_netd_fault fault_of(enum tatu_err err)
{
    return err == TATU_OK         ? TATU_NETD_OK
           : err == TATU_ERR_FULL ? TATU_NETD_NO_SPACE_FAULT
                                  : TATU_NETD_FAILED_FAULT;
}

enum tatu_netd_fault tatu_netd_keep_config(struct netd *netd, const struct tatu_config *config)
{
    struct path path;
    uint8_t file[TATU_CONFIG_FILE_SIZE];
    tatu_netd_encode_config(config, file);
    const enum tatu_err err =
        tatu_os_save_sealed(&netd->monitor, path_of(netd, TATU_NETD_SETTINGS, &path),
                            TATU_NETD_SETTINGS_LABEL, TATU_SPAN_OF(file));
    tatu_base_wipe(file, sizeof(file));
    if (err == TATU_OK) {
        netd->config = *config;
    } else {
        tatu_os_log(&netd->log, TATU_OS_LOG_ERROR, "settings are not kept: %s", tatu_err_name(err));
    }
    return fault_of(err);
}

void tatu_netd_load_config(struct netd *netd)
{
    struct path path;
    uint8_t file[TATU_CONFIG_FILE_SIZE];
    struct tatu_buf out = TATU_BUF_OF(file);
    tatu_netd_init_config(&netd->config);
    enum tatu_err err = tatu_os_load_sealed(
        &netd->monitor, path_of(netd, TATU_NETD_SETTINGS, &path), TATU_NETD_SETTINGS_LABEL, &out);
    if (err == TATU_ERR_NOT_FOUND) {
        return;
    }
    if (err == TATU_OK) {
        err = tatu_netd_decode_config((struct tatu_span){out.data, out.len}, &netd->config);
    }
    if (err != TATU_OK) {
        tatu_os_log(&netd->log, TATU_OS_LOG_ERROR, "settings are not read: %s", tatu_err_name(err));
    }
}

void tatu_netd_load_wifi(struct netd *netd)
{
    struct path path;
    uint8_t file[TATU_WIFI_FILE_MAX];
    struct tatu_buf out = TATU_BUF_OF(file);
    netd->has_wifi = true;
    tatu_base_wipe(&netd->wifi, sizeof(netd->wifi));
    enum tatu_err err = tatu_os_load_sealed(&netd->monitor, path_of(netd, TATU_NETD_WIFI, &path),
                                            TATU_NETD_WIFI_LABEL, &out);
    if (err == TATU_OK) {
        err = tatu_netd_decode_wifi((struct tatu_span){out.data, out.len}, &netd->wifi);
        tatu_base_wipe(out.data, out.len);
    }
    if (err != TATU_OK && err != TATU_ERR_NOT_FOUND) {
        tatu_os_log(&netd->log, TATU_OS_LOG_ERROR, "Wi-Fi networks are not read: %s",
                    tatu_err_name(err));
    }
}

enum tatu_netd_fault tatu_netd_keep_wifi(struct netd *netd)
{
    struct path path;
    uint8_t file[TATU_WIFI_FILE_MAX];
    struct tatu_buf out = TATU_BUF_OF(file);
    NETD_TRY(tatu_netd_encode_wifi(&netd->wifi, &out));
    const enum tatu_err err =
        tatu_os_save_sealed(&netd->monitor, path_of(netd, TATU_NETD_WIFI, &path),
                            TATU_NETD_WIFI_LABEL, (struct tatu_span){out.data, out.len});
    tatu_base_wipe(out.data, out.len);
    return err == TATU_ERR_FULL ? TATU_NETD_WIFI_SPACE_FAULT : fault_of(err);
}
