/* Power fails while the store is opened, erased, and while appman keeps time and restarts. */
#include "os/lib/power.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/appman/appman.h"
#include "os/lib/store.h"
#include "proto/map.h"

static const struct tatu_os_log silent = {.fd = -1};
static bool is_half_erased; /* what cannot be mounted then */
static bool mounts_anything;

struct path {
    char text[64];
};

static const char *path_of(const struct tatu_power *power, const char *name, struct path *out)
{
    (void)snprintf(out->text, sizeof(out->text), "%s/%s", tatu_power_root(power), name);
    return out->text;
}

static int mount_store(void *context)
{
    (void)context;
    return is_half_erased && !mounts_anything ? EINVAL : 0;
}

static int unmount_store(void *context)
{
    (void)context;
    return 0;
}

static int erase_store(void *context)
{
    struct tatu_power *power = context;
    is_half_erased = true;
    const int problem = tatu_power_erase(power);
    is_half_erased = problem != 0;
    return problem;
}

static bool open_store(struct tatu_power *power)
{
    const struct tatu_appman_flash flash = {
        .mount = mount_store, .unmount = unmount_store, .erase = erase_store, .context = power};
    return tatu_appman_open_store(&flash, tatu_power_root(power), tatu_power_monitor(power),
                                  &silent, 1) == TATU_OK;
}

static bool save(struct tatu_power *power, const char *name)
{
    struct path path;
    const struct tatu_span bytes = {(const uint8_t *)name, strlen(name)};
    return tatu_os_save_file(path_of(power, name, &path), bytes) == TATU_OK;
}

static bool begin(struct tatu_power *power)
{
    is_half_erased = mounts_anything = false;
    tatu_power_keep(power, &is_half_erased, sizeof(is_half_erased));
    return open_store(power) && save(power, "one") && save(power, "two");
}

static bool has(const struct tatu_power *power, const char *name)
{
    uint8_t bytes[8];
    struct path path;
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    return tatu_os_load_file(path_of(power, name, &path), &buf) == TATU_OK &&
           buf.len == strlen(name) && memcmp(bytes, name, buf.len) == 0;
}

static void describe(struct tatu_power *power)
{
    tatu_power_say(power, "%s", open_store(power) ? "open" : "NOT OPEN");
    tatu_power_say(power, " one %d two %d", has(power, "one"), has(power, "two"));
    tatu_power_say(power, " told %d", tatu_power_vault(power)->records != 0);
}

/* Of another time: the vault has counted on. */
static bool begin_old(struct tatu_power *power)
{
    const bool done = begin(power);
    tatu_power_vault(power)->counters[TATU_APPMAN_STORE_COUNTER] += 3;
    return done;
}

/* The driver mounts what is left of it, too. */
static bool begin_old_lenient(struct tatu_power *power)
{
    const bool done = begin_old(power);
    mounts_anything = true;
    return done;
}

/* ---- time, restarts ---- */

static bool keep_time(struct tatu_power *power)
{
    struct path path;
    return tatu_appman_save_time(path_of(power, "time", &path), 1800000000) == TATU_OK;
}

static bool begin_time(struct tatu_power *power)
{
    struct path path;
    return tatu_appman_save_time(path_of(power, "time", &path), 1700000000) == TATU_OK;
}

static void say_time(struct tatu_power *power)
{
    struct path path;
    uint64_t unix_s = 0;
    const enum tatu_err err = tatu_appman_load_time(path_of(power, "time", &path), &unix_s);
    tatu_power_say(power, "%s %llu", tatu_err_name(err), (unsigned long long)unix_s);
}

static enum tatu_err load_restarts(struct tatu_power *power, uint8_t *out)
{
    struct path path;
    struct tatu_buf buf = {out, 0, 1};
    return tatu_os_load_file(path_of(power, "restarts", &path), &buf);
}

/* Nobody is told that it was counted: true when it was. */
static bool count_restart(struct tatu_power *power, uint32_t reason, uint8_t expected)
{
    struct path path;
    uint8_t count = 99;
    struct tatu_appman_boot boot = {
        .monitor = tatu_power_monitor(power), .log = &silent, .reset_reason = reason};
    tatu_appman_count_restart(&boot, path_of(power, "restarts", &path));
    return load_restarts(power, &count) == TATU_OK && count == expected &&
           !tatu_power_is_off(power);
}

static bool begin_restarts(struct tatu_power *power)
{
    return count_restart(power, TATU_RESET_WATCHDOG, 1) &&
           count_restart(power, TATU_RESET_WATCHDOG, 2);
}

static bool forgive(struct tatu_power *power)
{
    return count_restart(power, TATU_RESET_POWER_ON, 0);
}

static void say_restarts(struct tatu_power *power)
{
    uint8_t count = 99;
    const enum tatu_err err = load_restarts(power, &count);
    tatu_power_say(power, "%s %u", tatu_err_name(err), count);
}

static const struct tatu_power_flow flows[] = {
    {"the first store of a board", NULL, open_store, describe, NULL, false,
     "open one 0 two 0 told 0"},
    {"a store is opened", begin, open_store, describe, NULL, false, "open one 1 two 1 told 0"},
    {"a store of another time is erased", begin_old, open_store, describe, NULL, true,
     "open one 0 two 0 told 1"},
    {"and what is left of it is mounted", begin_old_lenient, open_store, describe, NULL, true,
     "open one 0 two 0 told 1"},
    {"time is kept", begin_time, keep_time, say_time, NULL, false, "OK 1800000000"},
    {"restarts are forgiven", begin_restarts, forgive, say_restarts, NULL, false, "OK 0"},
};

int main(int argc, char **argv)
{
    return tatu_power_main(argc, argv, flows, TATU_COUNT_OF(flows));
}
