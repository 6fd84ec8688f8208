#include "desk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fake_flash.h"
#include "proto/device_errors.h"

#define PACKAGE_LEN 8u

struct world {
    struct flash flash;
    struct tatu_os_monitor monitor;
    struct tatu_hold hold;
    struct tatu_desk desk;
    int reloads;
    int manual_reloads;
    int checks;
    int installed;
    uid_t uid;
    /* of the last answer */
    uint32_t number;
    uint8_t answer[TATU_ANSWER_PAYLOAD_MAX];
    size_t answer_len;
};

static void on_changed(void *context, bool manual)
{
    struct world *w = context;
    w->reloads++;
    w->manual_reloads += manual;
}

static void on_installed(void *context, const struct tatu_verified_image *image)
{
    struct world *w = context;
    (void)image;
    w->installed++;
}

static void on_check(void *context)
{
    struct world *w = context;
    w->checks++;
}

static int make_world(void **state)
{
    static struct world w;
    w = (struct world){.hold = TATU_HOLD_INIT, .uid = TATU_DESK_GATEWAYD_UID};
    w.monitor = (struct tatu_os_monitor){.call = flash_call, .context = &w.flash, .fd = -1};
    w.desk = (struct tatu_desk){.monitor = &w.monitor,
                                .hold = &w.hold,
                                .changed = on_changed,
                                .installed = on_installed,
                                .check = on_check,
                                .context = &w};
    *state = &w;
    return 0;
}

static enum tatu_err ask_with(struct world *w, uint32_t op, uint32_t a, struct tatu_span payload)
{
    const struct tatu_os_asked asked = {
        .ask = {.op = op, .a = a, .payload = payload}, .uid = w->uid, .fd = -1};
    struct tatu_os_reply reply = {.payload = TATU_BUF_OF(w->answer), .fd = -1};
    const enum tatu_err err = tatu_desk_act(&w->desk, &asked, &reply);
    w->number = reply.number;
    w->answer_len = reply.payload.len;
    return err;
}

static enum tatu_err ask(struct world *w, uint32_t op, uint32_t a)
{
    return ask_with(w, op, a, (struct tatu_span){NULL, 0});
}

static void open_stage(struct world *w, uint8_t package)
{
    const uint8_t bytes[PACKAGE_LEN] = {package};
    assert_int_equal(ask(w, TATU_UPDATED_STAGE_BEGIN, PACKAGE_LEN), TATU_OK);
    assert_int_equal(
        ask_with(w, TATU_UPDATED_STAGE_DATA, 0, (struct tatu_span){bytes, PACKAGE_LEN}), TATU_OK);
}

static enum tatu_err stage(struct world *w, uint8_t package)
{
    open_stage(w, package);
    return ask(w, TATU_UPDATED_STAGE_END, 0);
}

static enum tatu_err remove_app(struct world *w, uint8_t component)
{
    uint8_t id[16];
    memset(id, component, sizeof(id));
    return ask_with(w, TATU_UPDATED_REMOVE, 0, TATU_SPAN_OF(id));
}

static uint32_t get_state(struct world *w)
{
    assert_int_equal(ask(w, TATU_UPDATED_STATE, 0), TATU_OK);
    assert_int_equal(w->answer_len, 8 + tatu_get_le32(w->answer + 4) * TATU_UPDATED_IMAGE_SIZE);
    return tatu_get_le32(w->answer);
}

static void sideload_of_one_component_keeps_the_others(void **state)
{
    struct world *w = *state;
    const uint8_t partner = flash_add(&w->flash, 'p', "\"Gpio\":[8]");
    const uint8_t old = flash_add(&w->flash, 'd', "\"Gpio\":[9]");
    const uint8_t new = flash_add(&w->flash, 'd', "\"Gpio\":[9,10]");
    flash_install(&w->flash, old);
    flash_install(&w->flash, partner);
    assert_int_equal(stage(w, new), TATU_OK);
    assert_int_equal(w->answer_len, TATU_UPDATED_IMAGE_SIZE);
    assert_int_equal(w->answer[0], 'd');
    assert_int_equal(w->answer[16], new);
    assert_int_equal(get_state(w), TATU_UPDATED_IS_STAGED);
    assert_int_equal(ask(w, TATU_UPDATED_INSTALL, TATU_UPDATED_AUTO), TATU_OK);
    assert_int_equal(w->number, 0);
    assert_int_equal(w->flash.installed_count, 2);
    assert_true(flash_has(&w->flash, partner) && flash_has(&w->flash, new));
    assert_int_equal(w->reloads, 1);
    assert_int_equal(w->manual_reloads, 0);
    assert_int_equal(w->installed, 1);
    assert_int_equal(get_state(w), 0);
    assert_int_equal(tatu_hold_who(&w->hold), TATU_HOLDER_NOBODY);
}

static void several_are_staged_and_installed_in_one_step(void **state)
{
    struct world *w = *state;
    const uint8_t a = flash_add(&w->flash, 'a', "");
    const uint8_t b = flash_add(&w->flash, 'b', "");
    assert_int_equal(stage(w, a), TATU_OK);
    assert_int_equal(stage(w, b), TATU_OK);
    assert_int_equal(ask(w, TATU_UPDATED_INSTALL, TATU_UPDATED_MANUAL), TATU_OK);
    assert_int_equal(w->flash.commits, 1);
    assert_int_equal(w->flash.installed_count, 2);
    assert_int_equal(w->manual_reloads, 1);
    assert_int_equal(w->installed, 2);
}

static void staging_a_component_again_takes_the_place_of_the_first(void **state)
{
    struct world *w = *state;
    const uint8_t first = flash_add(&w->flash, 'a', "");
    const uint8_t second = flash_add(&w->flash, 'a', "\"Gpio\":[1]");
    assert_int_equal(stage(w, first), TATU_OK);
    assert_int_equal(stage(w, second), TATU_OK);
    assert_int_equal(flash_count_stages(&w->flash), 1);
    assert_int_equal(ask(w, TATU_UPDATED_INSTALL, TATU_UPDATED_AUTO), TATU_OK);
    assert_true(w->flash.installed_count == 1 && flash_has(&w->flash, second));
}

static void what_a_partner_owns_is_refused_by_number(void **state)
{
    struct world *w = *state;
    const uint8_t partner = flash_add(&w->flash, 'p', "\"Gpio\":[8]");
    const uint8_t thief = flash_add(&w->flash, 't', "\"Gpio\":[8]");
    flash_install(&w->flash, partner);
    assert_int_equal(stage(w, thief), TATU_OK);
    assert_int_equal(ask(w, TATU_UPDATED_INSTALL, TATU_UPDATED_AUTO), TATU_ERR_EXISTS);
    assert_int_equal(w->number, TATU_NUMBER_PERIPHERAL_REQUESTED_GPIO_ALREADY_IN_USE);
    assert_int_equal(w->flash.commits, 0);
    assert_int_equal(w->reloads, 0);
    /* nothing stays behind */
    assert_int_equal(flash_count_stages(&w->flash), 0);
    assert_int_equal(tatu_hold_who(&w->hold), TATU_HOLDER_NOBODY);
}

static void an_installed_image_that_is_never_granted_stands_in_nobodys_way(void **state)
{
    struct world *w = *state;
    const uint8_t bad = flash_add(&w->flash, 'b', "\"NoSuch\":1");
    const uint8_t good = flash_add(&w->flash, 'g', "");
    flash_install(&w->flash, bad);
    assert_int_equal(stage(w, good), TATU_OK);
    assert_int_equal(ask(w, TATU_UPDATED_INSTALL, TATU_UPDATED_AUTO), TATU_OK);
    assert_int_equal(w->flash.installed_count, 2);
}

static void a_bad_manifest_is_refused_when_it_is_staged(void **state)
{
    struct world *w = *state;
    const uint8_t bad = flash_add(&w->flash, 'b', "\"PowerControls\":[]");
    assert_int_equal(stage(w, bad), TATU_ERR_MANIFEST);
    assert_int_equal(w->number, 2097201);
    assert_int_equal(w->answer_len, 0);
    assert_int_equal(flash_count_stages(&w->flash), 0);
    assert_int_equal(tatu_hold_who(&w->hold), TATU_HOLDER_NOBODY);
}

static void an_error_of_the_vault_has_its_number(void **state)
{
    struct world *w = *state;
    static const struct {
        enum tatu_err err;
        uint32_t number;
    } rows[] = {
        {TATU_ERR_SIGNATURE, TATU_NUMBER_IMAGE_UPDATE_VERIFICATION_FAILED},
        {TATU_ERR_KEY_UNKNOWN, TATU_NUMBER_IMAGE_UPDATE_VERIFICATION_FAILED},
        {TATU_ERR_FORMAT, TATU_NUMBER_REST_UPDATE_INVALID_IMAGE},
        {TATU_ERR_TYPE, TATU_NUMBER_REST_UPDATE_UNSUPPORTED_IMAGE_TYPE},
        {TATU_ERR_TIMEOUT, TATU_NUMBER_IMAGE_UPDATE_VERIFICATION_TIMED_OUT},
    };
    const uint8_t package = flash_add(&w->flash, 'a', "");
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        w->flash.packages[package - 1].err = rows[i].err;
        assert_int_equal(stage(w, package), rows[i].err);
        assert_int_equal(w->number, rows[i].number);
        assert_int_equal(flash_count_stages(&w->flash), 0);
    }
}

static void requests_out_of_turn_have_their_number(void **state)
{
    struct world *w = *state;
    const uint8_t bytes[PACKAGE_LEN + 4] = {flash_add(&w->flash, 'a', "")};
    assert_int_equal(ask_with(w, TATU_UPDATED_STAGE_DATA, 0, TATU_SPAN_OF(bytes)), TATU_ERR_STATE);
    assert_int_equal(w->number, TATU_NUMBER_IMAGE_UPDATE_BAD_HANDLE);
    assert_int_equal(ask(w, TATU_UPDATED_STAGE_END, 0), TATU_ERR_STATE);
    assert_int_equal(w->number, TATU_NUMBER_IMAGE_UPDATE_BAD_HANDLE);
    assert_int_equal(ask(w, TATU_UPDATED_INSTALL, TATU_UPDATED_AUTO), TATU_ERR_STATE);
    assert_int_equal(w->number, TATU_NUMBER_PARTITION_NO_IMAGES_TO_INSTALL);
    assert_int_equal(ask(w, TATU_UPDATED_INSTALL, 3), TATU_ERR_ARGUMENT);
    assert_int_equal(w->number, TATU_NUMBER_IMAGE_UPDATE_INVALID_PARAMETER);
    assert_int_equal(tatu_hold_who(&w->hold), TATU_HOLDER_NOBODY);

    assert_int_equal(ask(w, TATU_UPDATED_STAGE_BEGIN, PACKAGE_LEN), TATU_OK);
    assert_int_equal(ask_with(w, TATU_UPDATED_STAGE_DATA, 4, (struct tatu_span){bytes, 4}),
                     TATU_ERR_ARGUMENT); /* not where the last one ended */
    assert_int_equal(w->number, TATU_NUMBER_IMAGE_UPDATE_OFFSET_OUT_OF_BOUNDS);
    assert_int_equal(ask_with(w, TATU_UPDATED_STAGE_DATA, 0, TATU_SPAN_OF(bytes)),
                     TATU_ERR_ARGUMENT); /* more than was said */
    assert_int_equal(ask(w, TATU_UPDATED_STAGE_DATA, 0), TATU_ERR_ARGUMENT);
    w->flash.write_err = TATU_ERR_IO;
    assert_int_equal(ask_with(w, TATU_UPDATED_STAGE_DATA, 0, (struct tatu_span){bytes, 4}),
                     TATU_ERR_IO);
    assert_int_equal(w->number, TATU_NUMBER_IMAGE_UPDATE_WRITE_FAILED);
    w->flash.write_err = TATU_OK;
    assert_int_equal(ask_with(w, TATU_UPDATED_STAGE_DATA, 0, (struct tatu_span){bytes, 4}),
                     TATU_OK);
    assert_int_equal(ask(w, TATU_UPDATED_STAGE_END, 0), TATU_ERR_SHORT);
    assert_int_equal(w->number, TATU_NUMBER_REST_UPDATE_INVALID_IMAGE);
    assert_int_equal(flash_count_stages(&w->flash), 0);
    assert_int_equal(ask(w, 0x3fff, 0), TATU_ERR_UNKNOWN_COMMAND);
}

static void a_fifth_image_finds_no_room(void **state)
{
    struct world *w = *state;
    for (uint8_t i = 0; i < TATU_DESK_STAGED_MAX; i++) {
        assert_int_equal(stage(w, flash_add(&w->flash, (uint8_t)('a' + i), "")), TATU_OK);
    }
    assert_int_equal(ask(w, TATU_UPDATED_STAGE_BEGIN, 4), TATU_ERR_FULL);
    assert_int_equal(w->number, TATU_NUMBER_IMAGE_UPDATE_FAILED_TO_FIND_FREE_SPACE);
    assert_int_equal(ask(w, TATU_UPDATED_INSTALL, TATU_UPDATED_AUTO), TATU_OK);
    assert_int_equal(w->flash.installed_count, 4);
}

static void while_a_deployment_is_under_way_the_documented_number_is_answered(void **state)
{
    struct world *w = *state;
    static const uint32_t held[] = {TATU_UPDATED_STAGE_BEGIN, TATU_UPDATED_STAGE_DATA,
                                    TATU_UPDATED_STAGE_END, TATU_UPDATED_INSTALL,
                                    TATU_UPDATED_REMOVE};
    assert_true(tatu_hold_take(&w->hold, TATU_HOLDER_ROUND));
    for (size_t i = 0; i < TATU_COUNT_OF(held); i++) {
        assert_int_equal(ask(w, held[i], TATU_UPDATED_AUTO), TATU_ERR_BUSY);
        assert_int_equal(w->number, 7340071);
    }
    assert_int_equal(w->flash.calls, 0);
    assert_int_equal(get_state(w), TATU_UPDATED_IS_UPDATING);
    assert_int_equal(ask(w, TATU_UPDATED_CHECK, 0), TATU_OK);
    assert_int_equal(w->checks, 1);
    tatu_hold_give(&w->hold, TATU_HOLDER_ROUND);
    assert_int_equal(ask(w, TATU_UPDATED_STAGE_BEGIN, 4), TATU_OK);
    /* and the other way round */
    assert_false(tatu_hold_take(&w->hold, TATU_HOLDER_ROUND));
}

static void removed_is_that_component_alone(void **state)
{
    struct world *w = *state;
    const uint8_t a = flash_add(&w->flash, 'a', "");
    const uint8_t b = flash_add(&w->flash, 'b', "");
    flash_install(&w->flash, a);
    flash_install(&w->flash, b);
    assert_int_equal(remove_app(w, 'x'), TATU_OK); /* not there: nothing to do */
    assert_int_equal(w->flash.commits, 0);
    assert_int_equal(w->reloads, 0);
    assert_int_equal(remove_app(w, 'a'), TATU_OK);
    assert_true(w->flash.installed_count == 1 && flash_has(&w->flash, b));
    assert_int_equal(w->reloads, 1);
    assert_int_equal(tatu_hold_commits(&w->hold), 1);
    assert_int_equal(ask(w, TATU_UPDATED_REMOVE, 0), TATU_ERR_ARGUMENT);
    assert_int_equal(w->number, TATU_NUMBER_REST_APP_CANNOT_PARSE_COMPONENT_ID);
    w->flash.commit_err = TATU_ERR_BUSY;
    assert_int_equal(remove_app(w, 'b'), TATU_ERR_BUSY);
    assert_int_equal(w->number, TATU_NUMBER_REST_APP_IS_BUSY);
    assert_int_equal(tatu_hold_who(&w->hold), TATU_HOLDER_NOBODY);
}

static void an_image_that_is_there_already_may_be_brought_again(void **state)
{
    struct world *w = *state;
    const uint8_t a = flash_add(&w->flash, 'a', "");
    flash_install(&w->flash, a);
    assert_int_equal(stage(w, a), TATU_OK);
    assert_int_equal(w->answer_len, 0);
    assert_int_equal(ask(w, TATU_UPDATED_INSTALL, TATU_UPDATED_AUTO), TATU_OK);
    assert_int_equal(w->flash.commits, 0);
    assert_int_equal(w->flash.installed_count, 1);
    assert_int_equal(ask(w, TATU_UPDATED_INSTALL, TATU_UPDATED_AUTO), TATU_ERR_STATE);
}

static void a_commit_that_fails_is_told_and_given_back(void **state)
{
    struct world *w = *state;
    assert_int_equal(stage(w, flash_add(&w->flash, 'a', "")), TATU_OK);
    w->flash.commit_err = TATU_ERR_IO;
    assert_int_equal(ask(w, TATU_UPDATED_INSTALL, TATU_UPDATED_AUTO), TATU_ERR_IO);
    assert_int_equal(w->number, TATU_NUMBER_IMAGE_UPDATE_IMAGE_INSTALL_FAILED);
    assert_int_equal(flash_count_stages(&w->flash), 0);
    assert_int_equal(w->installed, 0);
}

static void who_begins_and_goes_away_gives_its_place_back(void **state)
{
    struct world *w = *state;
    assert_int_equal(tatu_desk_tick(&w->desk, tatu_os_now_ms()), 0);
    assert_int_equal(stage(w, flash_add(&w->flash, 'a', "")), TATU_OK);
    open_stage(w, 1);
    const uint64_t now_ms = tatu_os_now_ms();
    assert_true(tatu_desk_tick(&w->desk, now_ms) > now_ms);
    assert_int_equal(flash_count_stages(&w->flash), 2);
    assert_int_equal(tatu_desk_tick(&w->desk, now_ms + TATU_DESK_IDLE_MS), 0);
    assert_int_equal(flash_count_stages(&w->flash), 0);
    assert_true(tatu_hold_take(&w->hold, TATU_HOLDER_ROUND));
}

static void nobody_but_gatewayd_and_root_is_served(void **state)
{
    struct world *w = *state;
    static const uid_t others[] = {1, 110, 111, 112, 1000, (uid_t)-1};
    for (size_t i = 0; i < TATU_COUNT_OF(others); i++) {
        w->uid = others[i];
        assert_int_equal(ask(w, TATU_UPDATED_STATE, 0), TATU_ERR_DENIED);
        assert_int_equal(remove_app(w, 'a'), TATU_ERR_DENIED);
    }
    w->uid = 0;
    assert_int_equal(ask(w, TATU_UPDATED_STATE, 0), TATU_OK);
    const struct tatu_os_asked introduced = {.ask = {.op = TATU_UPDATED_STATE}, .introduced = true};
    struct tatu_os_reply reply = {.payload = TATU_BUF_OF(w->answer), .fd = -1};
    assert_int_equal(tatu_desk_act(&w->desk, &introduced, &reply), TATU_ERR_DENIED);
}

static void an_image_that_cannot_be_looked_at_is_not_installed(void **state)
{
    struct world *w = *state;
    const uint8_t a = flash_add(&w->flash, 'a', "");
    w->flash.read_err = TATU_ERR_IO;
    assert_int_equal(stage(w, a), TATU_ERR_IO);
    assert_int_equal(w->number, TATU_NUMBER_IMAGE_UPDATE_VERIFICATION_FAILED);
    w->flash.read_err = TATU_OK;
    assert_int_equal(stage(w, a), TATU_OK);
    w->flash.read_err = TATU_ERR_IO;
    assert_int_equal(ask(w, TATU_UPDATED_INSTALL, TATU_UPDATED_AUTO), TATU_ERR_IO);
    assert_int_equal(w->number, TATU_NUMBER_IMAGE_UPDATE_IMAGE_INSTALL_FAILED);
    assert_int_equal(w->flash.commits, 0);
}

#define IN_WORLD(test) cmocka_unit_test_setup(test, make_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(sideload_of_one_component_keeps_the_others),
        IN_WORLD(several_are_staged_and_installed_in_one_step),
        IN_WORLD(staging_a_component_again_takes_the_place_of_the_first),
        IN_WORLD(what_a_partner_owns_is_refused_by_number),
        IN_WORLD(an_installed_image_that_is_never_granted_stands_in_nobodys_way),
        IN_WORLD(a_bad_manifest_is_refused_when_it_is_staged),
        IN_WORLD(an_error_of_the_vault_has_its_number),
        IN_WORLD(requests_out_of_turn_have_their_number),
        IN_WORLD(a_fifth_image_finds_no_room),
        IN_WORLD(while_a_deployment_is_under_way_the_documented_number_is_answered),
        IN_WORLD(removed_is_that_component_alone),
        IN_WORLD(an_image_that_is_there_already_may_be_brought_again),
        IN_WORLD(a_commit_that_fails_is_told_and_given_back),
        IN_WORLD(an_image_that_cannot_be_looked_at_is_not_installed),
        IN_WORLD(who_begins_and_goes_away_gives_its_place_back),
        IN_WORLD(nobody_but_gatewayd_and_root_is_served),
    };
    return cmocka_run_group_tests_name("update desk", tests, NULL, NULL);
}
