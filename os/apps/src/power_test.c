/* Power fails while applications come, go, and have their files made and deleted: each has its own
 * user and its own file, and nobody ever has what was another's. */
#include "os/lib/power.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/apps/apps.h"
#include "os/lib/file.h"
#include "os/lib/store.h"
#include "state.h"
#include "storage.h"
#include "users.h"

#define COUNT_MAX 4u

/* What the monitor lists: one step of its own, cut in the campaign of the monitor. */
static struct {
    size_t count;
    uint8_t components[COUNT_MAX];
} installed;

struct boot {
    struct tatu_os_loop loop;
    struct tatu_os_log log;
    struct tatu_apps_world world;
    char uids[64], storage[64];
    struct tatu_apps *apps;
};

static enum tatu_err list(void *context, uint32_t number, struct tatu_span in, struct tatu_buf *out)
{
    uint8_t raw[4 + COUNT_MAX * TATU_SMC_APP_SIZE] = {(uint8_t)installed.count};
    (void)context;
    (void)in;
    if (number != TATU_SMC_LIST_APPS) {
        return TATU_ERR_UNKNOWN_COMMAND;
    }
    for (size_t i = 0; i < installed.count; i++) {
        memset(raw + 4 + i * TATU_SMC_APP_SIZE, installed.components[i], 32);
    }
    return tatu_base_put_bytes(out,
                               (struct tatu_span){raw, 4 + installed.count * TATU_SMC_APP_SIZE});
}

static void close_boot(struct boot *boot)
{
    free(boot->apps);
    tatu_os_done_loop(&boot->loop);
}

/* As appman does at each start of the board. Their images cannot be read here: no program runs. */
static bool start(struct tatu_power *power, struct boot *out)
{
    *out = (struct boot){.log = {.fd = -1}};
    (void)snprintf(out->uids, sizeof(out->uids), "%s/uids", tatu_power_root(power));
    (void)snprintf(out->storage, sizeof(out->storage), "%s/apps", tatu_power_root(power));
    out->world = (struct tatu_apps_world){.loop = &out->loop,
                                          .log = &out->log,
                                          .monitor = tatu_power_monitor(power),
                                          .uids_file = out->uids,
                                          .storage = out->storage};
    tatu_power_set_call(power, list, NULL);
    return tatu_os_init_loop(&out->loop) == TATU_OK &&
           tatu_apps_open(&out->world, &out->apps) == TATU_OK &&
           tatu_apps_reload(out->apps, false) == TATU_OK;
}
#define BOOT __attribute__((cleanup(close_boot))) struct boot

static void name(uint8_t component, char out[TATU_GUID_TEXT_SIZE])
{
    uint8_t bytes[16];
    memset(bytes, component, sizeof(bytes));
    tatu_proto_format_guid(bytes, out);
}

static uint32_t user_of(const struct boot *boot, uint8_t component)
{
    uint8_t bytes[16];
    uint32_t uid = 0;
    memset(bytes, component, sizeof(bytes));
    return tatu_apps_find_user(boot->apps, bytes, &uid) == TATU_OK ? uid : 0;
}

/* The application's descriptor; -1: it gets none. */
static int open_file(const struct boot *boot, uint8_t component)
{
    char text[TATU_GUID_TEXT_SIZE];
    const uint32_t uid = user_of(boot, component);
    int fd = -1;
    name(component, text);
    return uid != 0 && tatu_apps_open_storage(boot->storage, text, uid, &fd) == 0 ? fd : -1;
}

static bool write_file(const struct boot *boot, uint8_t component, const char *text)
{
    TATU_OS_CLOSING int fd = open_file(boot, component);
    return fd >= 0 && ftruncate(fd, 0) == 0 &&
           write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool delete_file(const struct boot *boot, uint8_t component)
{
    char text[TATU_GUID_TEXT_SIZE];
    name(component, text);
    const int problem = tatu_apps_delete_storage(boot->storage, text);
    return problem == 0 || problem == ENOENT;
}

static bool install(struct tatu_power *power, const char *components)
{
    const enum tatu_power_fate fate = tatu_power_meet(power);
    if (fate != TATU_POWER_NOT_DONE) {
        installed.count = strlen(components);
        memcpy(installed.components, components, installed.count);
    }
    return fate == TATU_POWER_DONE;
}

static void describe(struct tatu_power *power)
{
    BOOT boot;
    if (!start(power, &boot)) {
        tatu_power_say(power, "NO START");
        return;
    }
    for (size_t i = 0; i < installed.count; i++) {
        const uint8_t component = installed.components[i];
        char text[16] = "";
        TATU_OS_CLOSING int fd = open_file(&boot, component);
        const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        tatu_power_say(power, "%c %u '%s'%s ", component, (unsigned)user_of(&boot, component), text,
                       got < 0 ? " NO FILE" : "");
    }
}

/* ---- the flows ---- */

static bool prepare_one(struct tatu_power *power)
{
    BOOT boot = {.apps = NULL};
    tatu_power_keep(power, &installed, sizeof(installed));
    return install(power, "a") && start(power, &boot) && write_file(&boot, 'a', "of a");
}

static bool prepare_two(struct tatu_power *power)
{
    BOOT boot = {.apps = NULL};
    return prepare_one(power) && install(power, "ab") && start(power, &boot) &&
           write_file(&boot, 'b', "of b");
}

static bool add_other(struct tatu_power *power)
{
    BOOT boot = {.apps = NULL};
    return install(power, "ab") && start(power, &boot) && write_file(&boot, 'b', "of b");
}

static bool may_be_adding(const char *text)
{
    static const char *const rows[] = {"a 1000 'of a' b 1001 '' ", "a 1000 'of a' b 1001 'of' "};
    return strcmp(text, rows[0]) == 0 || strcmp(text, rows[1]) == 0;
}

static bool remove_other(struct tatu_power *power)
{
    BOOT boot = {.apps = NULL};
    return install(power, "a") && start(power, &boot);
}

static bool exchange_other(struct tatu_power *power)
{
    BOOT boot = {.apps = NULL};
    return install(power, "ac") && start(power, &boot);
}

static bool delete_one(struct tatu_power *power)
{
    BOOT boot = {.apps = NULL};
    return start(power, &boot) && delete_file(&boot, 'a');
}

static bool delete_and_write(struct tatu_power *power)
{
    BOOT boot = {.apps = NULL};
    return start(power, &boot) && delete_file(&boot, 'a') && write_file(&boot, 'a', "again");
}

static bool may_be_writing(const char *text)
{
    static const char *const rows[] = {"a 1000 '' b 1001 'of b' ", "a 1000 'ag' b 1001 'of b' "};
    return strcmp(text, rows[0]) == 0 || strcmp(text, rows[1]) == 0;
}

/* The map is of another chip, or was touched. */
static bool prepare_refused(struct tatu_power *power)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "%s/uids", tatu_power_root(power));
    return prepare_two(power) &&
           tatu_os_save_file(path, (struct tatu_span){(const uint8_t *)"no map", 6}) == TATU_OK;
}

static bool boot_only(struct tatu_power *power)
{
    BOOT boot = {.apps = NULL};
    return start(power, &boot);
}

static const struct tatu_power_flow flows[] = {
    {"an application is added", prepare_one, add_other, describe, may_be_adding, true,
     "a 1000 'of a' b 1001 'of b' "},
    {"an application is removed", prepare_two, remove_other, describe, NULL, true,
     "a 1000 'of a' "},
    {"another comes in its place", prepare_two, exchange_other, describe, NULL, true,
     "a 1000 'of a' c 1002 '' "},
    {"a mutable file is deleted", prepare_two, delete_one, describe, NULL, true,
     "a 1000 '' b 1001 'of b' "},
    {"deleted and written again", prepare_two, delete_and_write, describe, may_be_writing, true,
     "a 1000 'again' b 1001 'of b' "},
    {"a map of users is refused", prepare_refused, boot_only, describe, NULL, true,
     "a 1000 '' b 1001 '' "},
};

int main(int argc, char **argv)
{
    return tatu_power_main(argc, argv, flows, TATU_COUNT_OF(flows));
}
