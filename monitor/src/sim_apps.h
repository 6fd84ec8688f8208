/* Helpers of tests that stage and commit applications. An application is named by one byte: image
 * and component ids are 16 times it, and so are its contents. */
#ifndef TATU_MONITOR_SIM_APPS_H
#define TATU_MONITOR_SIM_APPS_H

#include "apps.h"
#include "sim_fixture.h"
#include "stage.h"
#include "table.h"
#include "vault.h"

#define SIM_APP_MAX (64u * 1024u)

static struct tatu_monitor_vault vault;
static struct tatu_monitor_apps apps;

/* Power on with what is in flash: every good entry of the table is installed. */
static inline void apps_open(void)
{
    enum tatu_err refused[2];
    vault = (struct tatu_monitor_vault){.chip = chip};
    tatu_monitor_init_apps(&apps, chip, &vault);
    assert_int_equal(tatu_monitor_open_table(&apps, refused), TATU_OK);
    for (uint32_t i = 0; i < apps.table.app_count; i++) {
        (void)tatu_monitor_verify_app(&apps, i);
    }
}

static inline const uint8_t *app_package(uint8_t name, uint32_t len)
{
    static uint8_t bytes[SIM_APP_MAX];
    const struct sim_package package = {TATU_IMAGE_APPLICATION, name, name, len, 1};
    assert_true(len <= sizeof(bytes));
    sim_make_package(&package, bytes);
    return bytes;
}

/* Begins and writes; the handle. */
static inline uint32_t app_write(uint8_t name, uint32_t len)
{
    const uint8_t *bytes = app_package(name, len);
    uint32_t handle = 0;
    assert_int_equal(tatu_monitor_begin_stage(&apps, TATU_IMAGE_APPLICATION, len, &handle),
                     TATU_OK);
    for (uint32_t at = 0; at < len; at += 4000) {
        struct tatu_span piece = {bytes + at, len - at < 4000 ? len - at : 4000};
        assert_int_equal(tatu_monitor_write_stage(&apps, handle, at, piece), TATU_OK);
    }
    return handle;
}

/* Begins, writes and has it verified; the handle. */
static inline uint32_t app_stage(uint8_t name, uint32_t len)
{
    struct tatu_verified_image image;
    uint32_t handle = app_write(name, len);
    assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_OK);
    assert_int_equal(image.image[0], name);
    return handle;
}

static inline enum tatu_err app_commit(const char *names)
{
    uint8_t ids[32 * 16];
    size_t count = strlen(names);
    for (size_t i = 0; i < count; i++) {
        memset(ids + i * 16, names[i], 16);
    }
    return tatu_monitor_commit_apps(&apps, ids, (uint32_t)count);
}

/* The installed applications' names, in order. */
static inline const char *app_names(void)
{
    static char names[TATU_TABLE_APP_MAX + 1];
    for (uint32_t i = 0; i < apps.installed_count; i++) {
        names[i] = (char)apps.installed[i].image.image[0];
    }
    names[apps.installed_count] = '\0';
    return names;
}

#endif
