#include "deviceauth.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/lib/file.h"
#include "proto/image.h"

#define ATTESTD_UID 111
#define PATH_SIZE 320            /* a root and any file name */
#define CERTIFICATE_LIFE_S 86400 /* docs/protocol/device-service.md */

static bool has_place(const struct tatu_app *app)
{
    return app->state != TATU_APP_ABSENT && app->state != TATU_APP_REFUSED &&
           app->manifest.has_tenant;
}

static const struct tatu_app *find_wanted(const struct tatu_apps *apps, const char *component)
{
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        const struct tatu_app *app = &apps->apps[i];
        if (has_place(app) && strcmp(app->component, component) == 0) {
            return app;
        }
    }
    return NULL;
}

static bool has_text(const char *path, const char *text)
{
    char there[TATU_GUID_TEXT_SIZE] = {0};
    TATU_OS_CLOSING int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd >= 0 && read(fd, there, sizeof(there) - 1) >= 0 && strcmp(there, text) == 0;
}

/* True: it was not there, or of another tenant. attestd owns the folder, so that it can put the
 * certificate there; whose it is to be it reads in a file that it does not own. */
static bool make_one(const struct tatu_apps *apps, const struct tatu_app *app, const char *root)
{
    char folder[PATH_SIZE], path[PATH_SIZE], tenant[TATU_GUID_TEXT_SIZE];
    (void)snprintf(folder, sizeof(folder), "%s/%s", root, app->component);
    (void)snprintf(path, sizeof(path), "%s/%s/tenant", root, app->component);
    tatu_proto_format_guid(app->manifest.tenant, tenant);
    if (has_text(path, tenant)) {
        return false;
    }
    if ((mkdir(folder, 0755) != 0 && errno != EEXIST) || !tatu_os_make_text(path, 0444, tenant) ||
        (geteuid() == 0 && chown(folder, ATTESTD_UID, ATTESTD_UID) != 0)) {
        tatu_os_log(apps->world->log, TATU_OS_LOG_WARNING,
                    "app %s: no place for its certificate: %s", app->manifest.name,
                    strerror(errno));
    }
    return true;
}

static void remove_one(const char *root, const char *component)
{
    static const char *const files[] = {"cert.pem", "cert.pem.new", "sign", "tenant"};
    char path[PATH_SIZE];
    for (size_t i = 0; i < TATU_COUNT_OF(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s/%s", root, component, files[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof(path), "%s/%s", root, component);
    (void)rmdir(path);
}

/* Whether a folder's name is one of a component; "update" is attestd's own. */
static bool is_component(const char *name)
{
    uint8_t guid[16];
    return tatu_proto_parse_guid(name, strlen(name), guid) == TATU_OK;
}

static bool remove_others(const struct tatu_apps *apps, const char *root)
{
    TATU_OS_CLOSING_FOLDER DIR *folder = opendir(root);
    const struct dirent *entry;
    bool changed = false;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (is_component(entry->d_name) && find_wanted(apps, entry->d_name) == NULL) {
            remove_one(root, entry->d_name);
            changed = true;
        }
    }
    return changed;
}

bool tatu_apps_sync_deviceauth(const struct tatu_apps *apps, const char *root)
{
    bool changed = remove_others(apps, root);
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        const struct tatu_app *app = &apps->apps[i];
        if (has_place(app)) {
            changed |= make_one(apps, app, root);
        }
    }
    return changed;
}

bool tatu_apps_has_certificate(const struct tatu_app *app, const char *root, int64_t now_s)
{
    char path[PATH_SIZE];
    struct stat info;
    (void)snprintf(path, sizeof(path), "%s/%s/cert.pem", root, app->component);
    return stat(path, &info) == 0 && now_s - (int64_t)info.st_mtime < CERTIFICATE_LIFE_S;
}
