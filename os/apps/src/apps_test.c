#include "os/apps/apps.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/lib/fake_vault.h"
#include "state.h"

#define PID 1000000 /* more than the kernel of a board gives */
#define PLACE 0x1000u

static char folder[] = "/dev/shm/tatu-apps-XXXXXX";
static char map[64], storage[64];
static struct fake_vault vault;
static struct tatu_os_loop loop;
static struct tatu_os_log test_log;
static struct tatu_smc_app installed; /* the one image the monitor lists */
static int list_failures;             /* so often it does not */

static enum tatu_err list_one(struct tatu_buf *out)
{
    if (list_failures > 0) {
        list_failures--;
        return TATU_ERR_TIMEOUT;
    }
    uint8_t raw[4 + TATU_SMC_APP_SIZE] = {1};
    memcpy(raw + 4, installed.component, 16);
    memcpy(raw + 20, installed.image, 16);
    tatu_put_le32(raw + 100, installed.offset);
    return tatu_base_put_bytes(out, TATU_SPAN_OF(raw));
}

static enum tatu_err call(void *context, uint32_t number, struct tatu_span in, struct tatu_buf *out)
{
    return number == TATU_SMC_LIST_APPS ? list_one(out) : fake_vault_call(context, number, in, out);
}

static const struct tatu_os_monitor monitor = {.call = call, .context = &vault, .fd = -1};
static const struct tatu_apps_world world = {
    .loop = &loop, .monitor = &monitor, .log = &test_log, .uids_file = map, .storage = storage};

/* The installed image as it runs, without a process. */
static struct tatu_app *run(struct tatu_apps *apps)
{
    struct tatu_app *app = &apps->apps[0];
    app->state = TATU_APP_RUNNING;
    app->wanted = true;
    app->image = installed;
    return app;
}

static struct tatu_apps *open_apps(void)
{
    struct tatu_apps *apps = NULL;
    assert_int_equal(tatu_apps_open(&world, &apps), TATU_OK);
    return apps;
}

static int begin(void **state)
{
    (void)state;
    vault = (struct fake_vault){0};
    installed = (struct tatu_smc_app){.component = {1}, .image = {2}, .offset = PLACE};
    assert_int_equal(tatu_os_init_loop(&loop), TATU_OK);
    tatu_os_init_log(&test_log, "test", memfd_create("log", MFD_CLOEXEC));
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)close(test_log.fd);
    tatu_os_done_loop(&loop);
    return 0;
}

static void an_image_that_stays_goes_on(void **state)
{
    struct tatu_apps *apps = open_apps();
    const struct tatu_app *app = run(apps);
    (void)state;
    assert_int_equal(tatu_apps_reload(apps, false), TATU_OK);
    assert_int_equal(app->state, TATU_APP_RUNNING);
    assert_true(app->wanted);
    free(apps);
}

static void an_image_that_came_back_elsewhere_is_started_anew(void **state)
{
    struct tatu_apps *apps = open_apps();
    const struct tatu_app *app = run(apps);
    (void)state;
    installed.offset = 2 * PLACE;
    assert_int_equal(tatu_apps_reload(apps, false), TATU_OK);
    assert_int_equal(app->state, TATU_APP_STOPPING);
    assert_false(app->wanted);
    free(apps);
}

/* Of each a line "test: app : " is written, 13 bytes with its end. */
static void the_last_output_of_an_application_has_an_end(void **state)
{
    struct tatu_apps *apps = open_apps();
    struct tatu_app *app = run(apps);
    static char lines[65536];
    int pair[2];
    (void)state;
    memset(lines, '\n', sizeof(lines));
    assert_int_equal(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(write(pair[1], lines, sizeof(lines)), sizeof(lines));
    app->held = true;
    app->pid = PID;
    app->output.fd = pair[0];
    assert_int_equal(tatu_os_add_watch(&loop, &app->output, EPOLLIN), TATU_OK);
    assert_true(tatu_apps_child_ended(apps, PID, 0));
    assert_int_equal(app->ring.end, 16384);
    assert_in_range(lseek(test_log.fd, 0, SEEK_END), 16384 * 13, 16384 * 13 + 256);
    assert_int_equal(app->state, TATU_APP_STOPPED);
    (void)close(pair[1]);
    free(apps);
}

/* The monitor was busy when the old one had stopped: nobody else would ask again. */
static void a_list_that_could_not_be_read_is_asked_for_again(void **state)
{
    struct tatu_apps *apps = open_apps();
    struct tatu_app *app = run(apps);
    (void)state;
    app->wanted = false;
    app->pid = PID;
    list_failures = 2;
    installed.image[0] = 3;
    assert_true(tatu_apps_child_ended(apps, PID, 0));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(app->state, TATU_APP_ABSENT);
        assert_true(apps->retry_ms > tatu_os_now_ms() && apps->due.at_ms == apps->retry_ms);
        apps->retry_ms = 1;
        apps->due.fire(&apps->due);
    }
    /* refused: the test has no image to read */
    assert_int_equal(app->state, TATU_APP_REFUSED);
    assert_int_equal(app->image.image[0], 3);
    assert_int_equal(apps->retry_ms, 0);
    free(apps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_image_that_stays_goes_on, begin, end),
        cmocka_unit_test_setup_teardown(an_image_that_came_back_elsewhere_is_started_anew, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_list_that_could_not_be_read_is_asked_for_again, begin,
                                        end),
        cmocka_unit_test_setup_teardown(the_last_output_of_an_application_has_an_end, begin, end),
    };
    char command[96];
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    (void)snprintf(map, sizeof(map), "%s/uids", folder);
    (void)snprintf(storage, sizeof(storage), "%s/apps", folder);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command) == 0 ? failed : 1;
}
