#include "deploy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_flash.h"
#include "proto/device_errors.h"

#define NOTE_MAX 16u

struct world {
    struct flash flash;
    struct tatu_os_monitor monitor;
    struct tatu_hold hold;
    struct tatu_kept kept;
    struct tatu_deploy deploy;
    struct tatu_deployment deployment;
    uint32_t put_off_s; /* what appman answers; 0: go on */
    enum tatu_err fetch_err;
    uint8_t brings; /* another package than was asked for; 0 the right one */
    int fetched;
    int fetch_max; /* then the network is away; 0 never */
    int rounds;    /* that were not the last */
    int asked;
    int changed;
    size_t note_count;
    struct {
        enum tatu_event_kind kind;
        uint8_t image;
        uint32_t code;
    } notes[NOTE_MAX];
};

static enum tatu_err fetch(void *context, const struct tatu_deployment_image *image,
                           uint32_t handle)
{
    struct world *w = context;
    const uint8_t bytes[4] = {w->brings != 0 ? w->brings : image->image[0]};
    assert_int_equal(tatu_hold_who(&w->hold), TATU_HOLDER_ROUND);
    w->fetched++;
    if (w->fetch_err != TATU_OK || (w->fetch_max != 0 && w->fetched > w->fetch_max)) {
        return w->fetch_err != TATU_OK ? w->fetch_err : TATU_ERR_UNREACHABLE;
    }
    return tatu_os_write_stage(&w->monitor, handle, 0, TATU_SPAN_OF(bytes));
}

static void note(void *context, enum tatu_event_kind kind,
                 const struct tatu_deployment_image *image, uint32_t code)
{
    struct world *w = context;
    assert_true(w->note_count < NOTE_MAX);
    w->notes[w->note_count].kind = kind;
    w->notes[w->note_count].image = image->image[0];
    w->notes[w->note_count++].code = code;
}

static bool may_go(void *context, uint32_t *out_wait_s)
{
    struct world *w = context;
    w->asked++;
    *out_wait_s = w->put_off_s;
    return w->put_off_s == 0;
}

static void changed(void *context, bool is_last)
{
    struct world *w = context;
    w->changed += is_last;
    w->rounds += !is_last;
}

static char folder[] = "/dev/shm/tatu-deploy-XXXXXX";

/* What a process that begins knows. */
static void start_anew(struct world *w)
{
    w->hold = (struct tatu_hold)TATU_HOLD_INIT;
    w->deploy = (struct tatu_deploy){.monitor = &w->monitor,
                                     .hold = &w->hold,
                                     .kept = &w->kept,
                                     .fetch = fetch,
                                     .note = note,
                                     .may_go = may_go,
                                     .changed = changed,
                                     .context = w};
}

static int make_world(void **state)
{
    static struct world w;
    memset(&w, 0, sizeof(w));
    w.monitor = (struct tatu_os_monitor){.call = flash_call, .context = &w.flash, .fd = -1};
    w.kept = (struct tatu_kept){&w.monitor, folder};
    start_anew(&w);
    memset(w.deployment.deployment, 1, sizeof(w.deployment.deployment));
    *state = &w;
    return tatu_kept_drop_half(&w.kept) == TATU_OK ? 0 : -1;
}

static void ask_for(struct world *w, uint8_t package)
{
    struct tatu_deployment_image *image = &w->deployment.images[w->deployment.image_count++];
    memset(image->image, package, sizeof(image->image));
    memset(image->component, w->flash.packages[package - 1].component, sizeof(image->component));
    memset(image->digest, package, sizeof(image->digest));
    image->size_bytes = 4;
}

static enum tatu_err run(struct world *w)
{
    uint32_t wait_s = 77;
    const enum tatu_err err = tatu_deploy_run(&w->deploy, &w->deployment, &wait_s);
    if (err == TATU_OK) {
        assert_int_equal(wait_s, w->deploy.is_ready ? w->put_off_s : 0);
    } else {
        assert_int_equal(wait_s, 77);
    }
    return err;
}

static void assert_nothing_is_held(struct world *w)
{
    assert_int_equal(flash_count_stages(&w->flash), 0);
    assert_int_equal(tatu_hold_who(&w->hold), TATU_HOLDER_NOBODY);
}

static void what_is_missing_is_fetched_and_all_is_committed_at_once(void **state)
{
    struct world *w = *state;
    const uint8_t there = flash_add(&w->flash, 'a', "\"Gpio\":[1]");
    const uint8_t gone = flash_add(&w->flash, 'g', "\"Gpio\":[2]");
    const uint8_t new = flash_add(&w->flash, 'n', "\"Gpio\":[2]");
    flash_install(&w->flash, there);
    flash_install(&w->flash, gone);
    ask_for(w, there);
    ask_for(w, new);
    assert_int_equal(run(w), TATU_OK);
    assert_int_equal(w->fetched, 1);
    assert_int_equal(w->flash.commits, 1);
    assert_true(w->flash.installed_count == 2 && flash_has(&w->flash, new));
    assert_int_equal(w->changed, 1);
    assert_int_equal(w->note_count, 1);
    assert_int_equal(w->notes[0].kind, TATU_EVENT_INSTALLED);
    assert_int_equal(w->notes[0].image, new);
    assert_nothing_is_held(w);
    assert_int_equal(run(w), TATU_OK);
    assert_int_equal(w->flash.commits, 1);
}

static void a_deployment_that_cannot_be_granted_is_told_once_and_not_fetched_again(void **state)
{
    struct world *w = *state;
    const uint8_t one = flash_add(&w->flash, 'a', "\"AllowedTcpServerPorts\":[80]");
    const uint8_t other = flash_add(&w->flash, 'b', "\"AllowedTcpServerPorts\":[80]");
    ask_for(w, one);
    ask_for(w, other);
    assert_int_equal(run(w), TATU_ERR_EXISTS);
    assert_int_equal(w->flash.commits, 0);
    assert_int_equal(w->asked, 0);
    assert_int_equal(w->note_count, 1);
    assert_int_equal(w->notes[0].kind, TATU_EVENT_INSTALL_REFUSED);
    assert_int_equal(w->notes[0].image, other);
    assert_int_equal(w->notes[0].code,
                     TATU_NUMBER_LIFETIME_MANAGER_DUPLICATE_TCP_UDP_PORT_DETECTED);
    assert_nothing_is_held(w);
    assert_int_equal(run(w), TATU_OK);
    assert_int_equal(w->fetched, 2);
    /* another deployment is looked at, and this one when the desk has changed something */
    tatu_hold_count_commit(&w->hold);
    assert_int_equal(run(w), TATU_ERR_EXISTS);
    assert_int_equal(w->fetched, 4);
    assert_int_equal(w->note_count, 1);
    w->deployment.deployment[0] = 2;
    w->deployment.image_count = 1;
    assert_int_equal(run(w), TATU_OK);
    assert_true(flash_has(&w->flash, one));
}

static void a_manifest_that_asks_for_what_there_is_not_is_told_by_number(void **state)
{
    struct world *w = *state;
    ask_for(w, flash_add(&w->flash, 'a', "\"Gpio\":[1000]"));
    assert_int_equal(run(w), TATU_ERR_MANIFEST);
    assert_int_equal(w->notes[0].code, TATU_NUMBER_PERIPHERAL_UNDEFINED_GPIO_IN_MANIFEST);
    assert_nothing_is_held(w);
}

static void a_failure_gives_back_all_that_was_staged(void **state)
{
    struct world *w = *state;
    const uint8_t one = flash_add(&w->flash, 'a', "");
    const uint8_t other = flash_add(&w->flash, 'b', "");
    ask_for(w, one);
    ask_for(w, other);
    w->flash.packages[other - 1].err = TATU_ERR_SIGNATURE;
    for (int i = 0; i < 3; i++) { /* and so it can be tried again: nothing is in the way */
        assert_int_equal(run(w), TATU_ERR_SIGNATURE);
        assert_nothing_is_held(w);
    }
    assert_int_equal(w->note_count, 1);
    assert_int_equal(w->notes[0].kind, TATU_EVENT_INSTALL_FAILED);
    assert_int_equal(w->notes[0].code, TATU_ERR_SIGNATURE);
    w->flash.packages[other - 1].err = TATU_OK;
    assert_int_equal(run(w), TATU_OK);
    assert_int_equal(w->flash.installed_count, 2);
}

static void each_failure_leaves_what_was_installed(void **state)
{
    struct world *w = *state;
    const uint8_t old = flash_add(&w->flash, 'a', "");
    const uint8_t new = flash_add(&w->flash, 'a', "\"Gpio\":[1]");
    flash_install(&w->flash, old);
    ask_for(w, new);
    w->fetch_err = TATU_ERR_UNREACHABLE;
    assert_int_equal(run(w), TATU_ERR_UNREACHABLE);
    w->fetch_err = TATU_OK;
    w->brings = flash_add(&w->flash, 'x', "");
    assert_int_equal(run(w), TATU_ERR_DIGEST);
    w->brings = 0;
    w->flash.commit_err = TATU_ERR_IO;
    assert_int_equal(run(w), TATU_ERR_IO);
    assert_nothing_is_held(w);
    assert_true(flash_has(&w->flash, old));
    assert_int_equal(w->changed, 0);
}

static void what_is_put_off_is_kept_and_not_fetched_again(void **state)
{
    struct world *w = *state;
    const uint8_t new = flash_add(&w->flash, 'n', "");
    ask_for(w, new);
    w->put_off_s = 10;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run(w), TATU_OK);
        assert_int_equal(tatu_hold_who(&w->hold), TATU_HOLDER_ROUND);
    }
    assert_int_equal(w->fetched, 1);
    assert_int_equal(w->flash.commits, 0);
    w->put_off_s = 0;
    assert_int_equal(run(w), TATU_OK);
    assert_true(flash_has(&w->flash, new));
    assert_int_equal(w->fetched, 1);
    assert_nothing_is_held(w);
}

static void another_deployment_takes_the_place_of_one_that_is_put_off(void **state)
{
    struct world *w = *state;
    ask_for(w, flash_add(&w->flash, 'n', ""));
    w->put_off_s = 10;
    assert_int_equal(run(w), TATU_OK);
    w->put_off_s = 0;
    w->deployment.deployment[0] = 2;
    w->deployment.image_count = 0;
    ask_for(w, flash_add(&w->flash, 'm', ""));
    assert_int_equal(run(w), TATU_OK);
    assert_true(w->flash.installed_count == 1 && flash_has(&w->flash, 2));
    assert_nothing_is_held(w);
    /* or none at all */
    w->put_off_s = 10;
    w->deployment.deployment[0] = 3;
    w->deployment.image_count = 0;
    ask_for(w, 1);
    assert_int_equal(run(w), TATU_OK);
    memset(w->deployment.deployment, 0, sizeof(w->deployment.deployment));
    assert_int_equal(run(w), TATU_OK);
    assert_nothing_is_held(w);
    assert_true(flash_has(&w->flash, 2));
}

static void while_the_desk_stages_a_deployment_waits(void **state)
{
    struct world *w = *state;
    ask_for(w, flash_add(&w->flash, 'n', ""));
    assert_true(tatu_hold_take(&w->hold, TATU_HOLDER_DESK));
    assert_int_equal(run(w), TATU_ERR_BUSY);
    assert_int_equal(w->fetched, 0);
    assert_int_equal(tatu_hold_who(&w->hold), TATU_HOLDER_DESK);
    tatu_hold_give(&w->hold, TATU_HOLDER_DESK);
    assert_int_equal(run(w), TATU_OK);
}

static void what_the_desk_removed_meanwhile_is_fetched_again(void **state)
{
    struct world *w = *state;
    const uint8_t there = flash_add(&w->flash, 'a', "");
    const uint8_t new = flash_add(&w->flash, 'n', "");
    flash_install(&w->flash, there);
    ask_for(w, there);
    ask_for(w, new);
    w->flash.leaves = there;
    assert_int_equal(run(w), TATU_OK);
    assert_int_equal(w->fetched, 2);
    assert_true(flash_has(&w->flash, there) && flash_has(&w->flash, new));
    assert_nothing_is_held(w);
}

static void flash_that_cannot_be_read_is_no_refusal(void **state)
{
    struct world *w = *state;
    const uint8_t new = flash_add(&w->flash, 'n', "");
    ask_for(w, new);
    w->flash.read_err = TATU_ERR_IO;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run(w), TATU_ERR_IO);
        assert_nothing_is_held(w);
    }
    assert_int_equal(w->note_count, 1);
    assert_int_equal(w->notes[0].kind, TATU_EVENT_INSTALL_FAILED);
    assert_int_equal(w->notes[0].code, TATU_ERR_IO);
    w->flash.read_err = TATU_OK;
    assert_int_equal(run(w), TATU_OK);
    assert_true(flash_has(&w->flash, new));
}

/* Six applications in their old images; of the deployment the last five get new ones, and there is
 * one more. The monitor holds four packages. */
#define OLD(i) ((uint8_t)(i))       /* 1 to 6 */
#define NEW(i) ((uint8_t)((i) + 5)) /* of 2 to 7: 7 to 12 */

static void want_six(struct world *w)
{
    for (uint8_t i = 1; i <= 6; i++) {
        assert_int_equal(flash_add(&w->flash, i, ""), OLD(i));
        flash_install(&w->flash, OLD(i));
    }
    ask_for(w, OLD(1));
    for (uint8_t i = 2; i <= 7; i++) {
        assert_int_equal(flash_add(&w->flash, i, "\"SystemTime\":true"), NEW(i));
        ask_for(w, NEW(i));
    }
}

static void assert_installed(const struct world *w, const uint8_t *packages, size_t count)
{
    assert_int_equal(w->flash.installed_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(flash_has(&w->flash, packages[i]));
    }
}

static const uint8_t all_old[] = {OLD(1), OLD(2), OLD(3), OLD(4), OLD(5), OLD(6)};
static const uint8_t half_new[] = {OLD(1), NEW(2), NEW(3), NEW(4), NEW(5), OLD(6)};
static const uint8_t all_new[] = {OLD(1), NEW(2), NEW(3), NEW(4), NEW(5), NEW(6), NEW(7)};

static void more_than_the_monitor_holds_goes_in_rounds(void **state)
{
    struct world *w = *state;
    uint8_t half[16];
    want_six(w);
    assert_int_equal(run(w), TATU_OK);
    assert_installed(w, all_new, sizeof(all_new));
    assert_int_equal(w->flash.commits, 2);
    assert_int_equal(w->asked, 1);
    assert_int_equal(w->rounds, 1);
    assert_int_equal(w->changed, 1);
    assert_int_equal(w->fetched, 9); /* three of them to be looked at first */
    assert_int_equal(w->note_count, 6);
    for (uint8_t i = 0; i < 6; i++) {
        assert_int_equal(w->notes[i].kind, TATU_EVENT_INSTALLED);
        assert_int_equal(w->notes[i].image, NEW(i + 2));
    }
    assert_nothing_is_held(w);
    assert_int_equal(tatu_kept_load_half(&w->kept, half), TATU_ERR_NOT_FOUND);
    assert_int_equal(run(w), TATU_OK);
    assert_int_equal(w->flash.commits, 2);
}

/* What only a later round would bring is known before the first. */
static void nothing_is_installed_when_one_of_a_later_round_cannot_be(void **state)
{
    struct world *w = *state;
    want_six(w);
    ask_for(w, flash_add(&w->flash, 13, "\"Gpio\":[1]"));
    ask_for(w, flash_add(&w->flash, 14, "\"Gpio\":[1]"));
    assert_int_equal(run(w), TATU_ERR_EXISTS);
    assert_installed(w, all_old, sizeof(all_old));
    assert_int_equal(w->flash.commits, 0);
    assert_int_equal(w->note_count, 1);
    assert_int_equal(w->notes[0].kind, TATU_EVENT_INSTALL_REFUSED);
    assert_int_equal(w->notes[0].image, 14);
    assert_nothing_is_held(w);
    w->deployment.deployment[0] = 2;
    w->deployment.image_count--;
    w->flash.packages[13 - 1].err = TATU_ERR_SIGNATURE;
    assert_int_equal(run(w), TATU_ERR_SIGNATURE);
    assert_installed(w, all_old, sizeof(all_old));
    assert_nothing_is_held(w);
}

/* The network, or the power, is away after the first round. */
static void what_is_half_done_goes_on_and_nobody_puts_it_off(void **state)
{
    struct world *w = *state;
    want_six(w);
    w->fetch_max = 7;
    assert_int_equal(run(w), TATU_ERR_UNREACHABLE);
    assert_installed(w, half_new, sizeof(half_new));
    assert_nothing_is_held(w);
    start_anew(w);
    w->put_off_s = 10;
    w->fetch_max = 0;
    w->fetched = 0;
    assert_int_equal(run(w), TATU_OK);
    assert_installed(w, all_new, sizeof(all_new));
    assert_int_equal(w->asked, 1);
    assert_int_equal(w->fetched, 2); /* it was admitted before */
    /* and that is over */
    w->deployment.deployment[0] = 2;
    w->deployment.image_count = 0;
    ask_for(w, OLD(1));
    assert_int_equal(run(w), TATU_OK);
    assert_int_equal(w->asked, 2);
    assert_installed(w, all_new, sizeof(all_new));
}

static void another_deployment_ends_what_is_half_done(void **state)
{
    struct world *w = *state;
    uint8_t half[16];
    want_six(w);
    w->fetch_max = 7;
    assert_int_equal(run(w), TATU_ERR_UNREACHABLE);
    start_anew(w);
    w->fetch_max = 0;
    w->put_off_s = 10;
    w->deployment.deployment[0] = 2;
    w->deployment.image_count = 0;
    for (uint8_t i = 1; i <= 6; i++) {
        ask_for(w, OLD(i));
    }
    assert_int_equal(run(w), TATU_OK);
    assert_installed(w, all_old, sizeof(all_old));
    assert_int_equal(w->asked, 1);
    assert_int_equal(tatu_kept_load_half(&w->kept, half), TATU_ERR_NOT_FOUND);
    assert_nothing_is_held(w);
}

static void a_flash_without_room_for_one_is_full(void **state)
{
    struct world *w = *state;
    want_six(w);
    w->flash.room = 0;
    w->flash.is_narrow = true;
    assert_int_equal(run(w), TATU_ERR_FULL);
    assert_installed(w, all_old, sizeof(all_old));
    assert_int_equal(w->notes[0].kind, TATU_EVENT_INSTALL_FAILED);
    assert_int_equal(w->notes[0].code, TATU_ERR_FULL);
    assert_nothing_is_held(w);
    w->flash.room = 1; /* one by one */
    assert_int_equal(run(w), TATU_OK);
    assert_installed(w, all_new, sizeof(all_new));
    assert_int_equal(w->flash.commits, 6);
}

#define IN_WORLD(test) cmocka_unit_test_setup(test, make_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(what_is_missing_is_fetched_and_all_is_committed_at_once),
        IN_WORLD(a_deployment_that_cannot_be_granted_is_told_once_and_not_fetched_again),
        IN_WORLD(a_manifest_that_asks_for_what_there_is_not_is_told_by_number),
        IN_WORLD(a_failure_gives_back_all_that_was_staged),
        IN_WORLD(each_failure_leaves_what_was_installed),
        IN_WORLD(what_is_put_off_is_kept_and_not_fetched_again),
        IN_WORLD(another_deployment_takes_the_place_of_one_that_is_put_off),
        IN_WORLD(while_the_desk_stages_a_deployment_waits),
        IN_WORLD(what_the_desk_removed_meanwhile_is_fetched_again),
        IN_WORLD(flash_that_cannot_be_read_is_no_refusal),
        IN_WORLD(more_than_the_monitor_holds_goes_in_rounds),
        IN_WORLD(nothing_is_installed_when_one_of_a_later_round_cannot_be),
        IN_WORLD(what_is_half_done_goes_on_and_nobody_puts_it_off),
        IN_WORLD(another_deployment_ends_what_is_half_done),
        IN_WORLD(a_flash_without_room_for_one_is_full),
    };
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    const int failed = cmocka_run_group_tests_name("update deployment", tests, NULL, NULL);
    return rmdir(folder) == 0 ? failed : 1;
}
