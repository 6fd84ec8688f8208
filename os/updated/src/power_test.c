/* Power fails while a deployment is installed that does not go in at once, and while the last
 * sequence is kept. What the monitor does in one step is cut in its own campaign; here it is one
 * operation. */
#include "os/lib/power.h"

#include <stdio.h>
#include <string.h>

#include "deploy.h"
#include "fake_flash.h"
#include "kept.h"

#define OLD_COUNT 6u
#define NEW_FIRST 7u /* of component 2; up to component 7 */

static struct flash flash;
static struct tatu_deployment deployment;
static size_t room;

static enum tatu_err call(void *context, uint32_t number, struct tatu_span in, struct tatu_buf *out)
{
    struct tatu_power *power = context;
    const enum tatu_power_fate fate =
        number == TATU_SMC_COMMIT_APPS ? tatu_power_meet(power) : TATU_POWER_DONE;
    if (fate == TATU_POWER_NOT_DONE) {
        return TATU_ERR_IO;
    }
    const enum tatu_err err = flash_call(&flash, number, in, out);
    return fate == TATU_POWER_UNTOLD ? TATU_ERR_IO : err;
}

/* What a reset leaves of the monitor: nothing is staged. */
static void start(struct tatu_power *power)
{
    memset(flash.stages, 0, sizeof(flash.stages));
    flash.is_narrow = room != 0;
    flash.room = room;
    tatu_power_set_call(power, call, power);
}

/* ---- a deployment in rounds ---- */

static void add(uint8_t image, uint8_t component)
{
    struct tatu_deployment_image *wanted = &deployment.images[deployment.image_count++];
    memset(wanted->image, image, sizeof(wanted->image));
    memset(wanted->component, component, sizeof(wanted->component));
    memset(wanted->digest, image, sizeof(wanted->digest));
    wanted->size_bytes = 4;
}

/* Six applications; five of them get new images, one stays, one is new. */
static bool prepare_deployment(struct tatu_power *power)
{
    memset(&flash, 0, sizeof(flash));
    memset(&deployment, 0, sizeof(deployment));
    memset(deployment.deployment, 5, sizeof(deployment.deployment));
    for (uint8_t i = 1; i <= OLD_COUNT; i++) {
        flash_install(&flash, flash_add(&flash, i, ""));
    }
    add(1, 1);
    for (uint8_t i = 2; i <= OLD_COUNT + 1; i++) {
        add(flash_add(&flash, i, "\"SystemTime\":true"), i);
    }
    tatu_power_keep(power, flash.installed, sizeof(flash.installed));
    tatu_power_keep(power, &flash.installed_count, sizeof(flash.installed_count));
    room = 0;
    start(power);
    return true;
}

/* Old and new ones fill the flash but for one. */
static bool prepare_narrow(struct tatu_power *power)
{
    const bool done = prepare_deployment(power);
    room = 1;
    return done;
}

static enum tatu_err fetch(void *context, const struct tatu_deployment_image *image,
                           uint32_t handle)
{
    const uint8_t bytes[4] = {image->image[0]};
    return tatu_os_write_stage(context, handle, 0, TATU_SPAN_OF(bytes));
}

static void note(void *context, enum tatu_event_kind kind,
                 const struct tatu_deployment_image *image, uint32_t code)
{
    (void)context;
    (void)kind;
    (void)image;
    (void)code;
}

/* They let it begin; what has begun they would put off for ever. */
static bool may_go(void *context, uint32_t *out_wait_s)
{
    (void)context;
    *out_wait_s = 60;
    return !flash_has(&flash, NEW_FIRST);
}

static void changed(void *context, bool is_last)
{
    (void)context;
    (void)is_last;
}

static bool deploy(struct tatu_power *power)
{
    struct tatu_os_monitor monitor = *tatu_power_monitor(power);
    struct tatu_hold hold = TATU_HOLD_INIT;
    const struct tatu_kept kept = {&monitor, tatu_power_root(power)};
    struct tatu_deploy deploying = {.monitor = &monitor,
                                    .hold = &hold,
                                    .kept = &kept,
                                    .fetch = fetch,
                                    .note = note,
                                    .may_go = may_go,
                                    .changed = changed,
                                    .context = &monitor};
    uint32_t wait_s = 1;
    start(power);
    return tatu_deploy_run(&deploying, &deployment, &wait_s) == TATU_OK && wait_s == 0;
}

/* Of each component which image is installed. */
static void say_installed(struct tatu_power *power)
{
    start(power);
    for (uint8_t i = 1; i <= OLD_COUNT + 1; i++) {
        const bool is_old = i <= OLD_COUNT && flash_has(&flash, i);
        const bool is_new = i > 1 && flash_has(&flash, (uint8_t)(NEW_FIRST + i - 2));
        tatu_power_say(power, "%c", is_old && is_new ? '!' : is_old ? 'o' : is_new ? 'n' : '-');
    }
}

/* Every component there, in its old or its new image. */
static bool may_be_half(const char *text)
{
    return strlen(text) == OLD_COUNT + 1 && strspn(text, "on") >= OLD_COUNT;
}

/* ---- the last sequence ---- */

static const uint8_t tenant[16] = {7};

static bool save_sequence(struct tatu_power *power, uint64_t sequence)
{
    const struct tatu_kept kept = {tatu_power_monitor(power), tatu_power_root(power)};
    return tatu_kept_save_sequence(&kept, tenant, sequence) == TATU_OK;
}

static bool save_first(struct tatu_power *power)
{
    return save_sequence(power, 41);
}

static bool save_next(struct tatu_power *power)
{
    return save_sequence(power, 42);
}

static void say_sequence(struct tatu_power *power)
{
    const struct tatu_kept kept = {tatu_power_monitor(power), tatu_power_root(power)};
    uint64_t sequence = 0;
    const enum tatu_err err = tatu_kept_load_sequence(&kept, tenant, &sequence);
    tatu_power_say(power, "%s %llu", tatu_err_name(err), (unsigned long long)sequence);
}

static const struct tatu_power_flow flows[] = {
    {"a deployment in two rounds", prepare_deployment, deploy, say_installed, may_be_half, false,
     "onnnnnn"},
    {"one by one", prepare_narrow, deploy, say_installed, may_be_half, false, "onnnnnn"},
    {"the last sequence", save_first, save_next, say_sequence, NULL, false, "OK 42"},
};

int main(int argc, char **argv)
{
    return tatu_power_main(argc, argv, flows, TATU_COUNT_OF(flows));
}
