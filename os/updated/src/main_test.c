/* The program itself, its rounds and its monitor made up: that the socket is served meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fake_flash.h"
#include "os/lib/request.h"
#include "proto/device_errors.h"
#include "updater.h"

#define LISTENING_FD 3
#define PATIENCE_MS 2000u
#define NEVER_MS UINT64_C(3600000)

int tatu_updated_main(void);

static struct flash flash;
static struct tatu_hold *hold;
static sem_t started, may_end;
static int reloads, events;
static char path[] = "/tmp/tatu-updated-XXXXXX";
static char socket_path[sizeof(path) + 8];

/* ---- what the program is linked with ---- */

enum tatu_err tatu_os_open_monitor(const char *device, struct tatu_os_monitor *out)
{
    (void)device;
    *out = (struct tatu_os_monitor){.call = flash_call, .context = &flash, .fd = -1};
    return TATU_OK;
}

void tatu_updater_init(struct tatu_updater *updater, const struct tatu_os_monitor *monitor,
                       const struct tatu_os_log *log, struct tatu_hold *of)
{
    (void)updater;
    (void)monitor;
    (void)log;
    hold = of;
}

/* A round that has a deployment under way until the test lets it end. */
uint64_t tatu_updater_advance(struct tatu_updater *updater)
{
    (void)updater;
    const bool is_mine = tatu_hold_take(hold, TATU_HOLDER_ROUND);
    (void)sem_post(&started);
    (void)sem_wait(&may_end);
    if (is_mine) {
        tatu_hold_give(hold, TATU_HOLDER_ROUND);
    }
    return NEVER_MS;
}

void tatu_updater_add_event(const struct tatu_updater *updater, enum tatu_event_kind kind,
                            const struct tatu_deployment_image *image, uint32_t code)
{
    (void)updater;
    (void)image;
    events += kind == TATU_EVENT_INSTALLED && code == 0;
}

void tatu_updater_tell_changed(const struct tatu_updater *updater, bool manual)
{
    (void)updater;
    (void)manual;
    reloads++;
}

/* ---- the test ---- */

static void *run_program(void *context)
{
    (void)context;
    (void)tatu_updated_main();
    return NULL;
}

static int start_program(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;
    (void)state;
    if (mkdtemp(path) == NULL || sem_init(&started, 0, 0) != 0 || sem_init(&may_end, 0, 0) != 0) {
        return -1;
    }
    /* what an earlier life left, long after the first stage */
    flash.last_handle = 1000;
    flash.stages[0].handle = 3;
    flash.stages[2].handle = 999;
    (void)snprintf(socket_path, sizeof(socket_path), "%s/s", path);
    strcpy(address.sun_path, socket_path);
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
    return fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                   listen(fd, 8) == 0 && (fd == LISTENING_FD || dup2(fd, LISTENING_FD) >= 0) &&
                   pthread_create(&thread, NULL, run_program, NULL) == 0
               ? 0
               : -1;
}

static int clean_up(void **state)
{
    (void)state;
    return unlink(socket_path) == 0 && rmdir(path) == 0 ? 0 : -1;
}

static enum tatu_err ask(uint32_t op, uint32_t a, struct tatu_span payload, uint32_t *out_number,
                         uint32_t *out_state)
{
    const struct tatu_ask wanted = {.op = op, .a = a, .payload = payload};
    static uint8_t bytes[TATU_ANSWER_PAYLOAD_MAX];
    struct tatu_buf answer = TATU_BUF_OF(bytes);
    const enum tatu_err err =
        tatu_os_ask(socket_path, &wanted, PATIENCE_MS, out_number, &answer, NULL);
    *out_state = answer.len >= 4 ? tatu_get_le32(bytes) : 0;
    return err;
}

static const struct tatu_span nothing = {NULL, 0};

static void desk_is_answered_while_a_round_waits(void **state)
{
    uint32_t number = 0, flags = 0;
    (void)state;
    assert_int_equal(sem_wait(&started), 0);
    assert_int_equal(flash_count_stages(&flash), 0);
    assert_int_equal(ask(TATU_UPDATED_STATE, 0, nothing, &number, &flags), TATU_OK);
    assert_int_equal(flags, TATU_UPDATED_IS_UPDATING);
    assert_int_equal(ask(TATU_UPDATED_STAGE_BEGIN, 8, nothing, &number, &flags), TATU_ERR_BUSY);
    assert_int_equal(number, TATU_NUMBER_IMAGE_UPDATE_OTA_UPDATE_IN_PROGRESS);
    /* a check now means: once more when this one ends */
    assert_int_equal(ask(TATU_UPDATED_CHECK, 0, nothing, &number, &flags), TATU_OK);
    (void)sem_post(&may_end);
    assert_int_equal(sem_wait(&started), 0);
    (void)sem_post(&may_end);
}

static void a_package_is_sideloaded_between_rounds(void **state)
{
    uint8_t bytes[8] = {flash_add(&flash, 'a', "")};
    uint32_t number = 0, flags = 0;
    (void)state;
    do {
        assert_int_equal(ask(TATU_UPDATED_STATE, 0, nothing, &number, &flags), TATU_OK);
    } while (flags != 0);
    assert_int_equal(ask(TATU_UPDATED_STAGE_BEGIN, 8, nothing, &number, &flags), TATU_OK);
    assert_int_equal(ask(TATU_UPDATED_STAGE_DATA, 0, TATU_SPAN_OF(bytes), &number, &flags),
                     TATU_OK);
    assert_int_equal(ask(TATU_UPDATED_STAGE_END, 0, nothing, &number, &flags), TATU_OK);
    assert_int_equal(ask(TATU_UPDATED_INSTALL, TATU_UPDATED_AUTO, nothing, &number, &flags),
                     TATU_OK);
    assert_int_equal(number, 0);
    assert_int_equal(flash.installed_count, 1);
    assert_int_equal(reloads, 1);
    assert_int_equal(events, 1);
    /* and a check begins a round at once */
    assert_int_equal(ask(TATU_UPDATED_CHECK, 0, nothing, &number, &flags), TATU_OK);
    assert_int_equal(sem_wait(&started), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(desk_is_answered_while_a_round_waits),
        cmocka_unit_test(a_package_is_sideloaded_between_rounds),
    };
    if (getuid() != 0) {
        return 77; /* only root and gatewayd are served */
    }
    return cmocka_run_group_tests_name("update program", tests, start_program, clean_up);
}
