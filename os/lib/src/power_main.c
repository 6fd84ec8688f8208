/* The campaign: where power is cut, and the verdict. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "power_state.h"

struct options {
    uint32_t stride;
    uint32_t doubles;
    uint32_t seed;
    const char *flow;
    long at;
    int style;
};

struct campaign {
    struct options options;
    struct tatu_power power;
    const struct tatu_power_flow *flow;
    char before[TATU_POWER_TEXT_MAX];
    char after[TATU_POWER_TEXT_MAX];
    uint32_t operations;
    uint32_t tried;
    uint32_t failed;
};

static void describe(struct campaign *c)
{
    c->power.text[0] = '\0';
    c->flow->describe(&c->power);
}

static void fail(struct campaign *c, const char *what, uint32_t at, int style)
{
    c->failed++;
    printf("FAILED: %s, cut at %u style %d: %s\n", c->flow->name, at, style, what);
    printf("  old: %s\n  new: %s\n  is:  %s\n", c->before, c->after, c->power.text);
    printf("to repeat: --flow '%s' --at %u %d --seed %u\n", c->flow->name, at, style,
           c->options.seed);
}

/* An empty store of a new board, then the flow's start and its end. */
static bool learn(struct campaign *c)
{
    struct tatu_power *power = &c->power;
    fake_power_forget(power);
    fake_disk_done(&power->base);
    (void)fake_disk_add_inode(&power->base, true);
    power->vault = (struct fake_vault){.fail_at = 0};
    power->is_in_order = c->flow->in_order;
    power->call = NULL;
    fake_power_restart(power);
    if (c->flow->prepare != NULL && !c->flow->prepare(power)) {
        return false;
    }
    fake_power_save(power);
    fake_power_restart(power);
    describe(c);
    memcpy(c->before, power->text, sizeof(c->before));
    fake_power_restore(power);
    if (!c->flow->run(power)) {
        return false;
    }
    c->operations = power->count;
    fake_power_restart(power);
    describe(c);
    memcpy(c->after, power->text, sizeof(c->after));
    return c->flow->end == NULL || strcmp(c->after, c->flow->end) == 0;
}

static const char *judge(struct campaign *c, bool is_done)
{
    struct tatu_power *power = &c->power;
    fake_power_restart(power);
    describe(c);
    const bool is_new = strcmp(power->text, c->after) == 0;
    if (!is_new && strcmp(power->text, c->before) != 0 &&
        (c->flow->may_be == NULL || !c->flow->may_be(power->text))) {
        return "neither the old state nor the new one";
    }
    if (is_done && !is_new) {
        return "what was acknowledged is not there";
    }
    fake_power_restart(power);
    if (!c->flow->run(power)) {
        return "the flow cannot be repeated";
    }
    fake_power_restart(power);
    describe(c);
    return strcmp(power->text, c->after) == 0 ? NULL : "repeating does not end it";
}

static void cut_once(struct campaign *c, uint32_t at, int style)
{
    fake_power_restore(&c->power);
    c->tried++;
    c->power.random = c->options.seed + at * 4u + (uint32_t)style + 1u;
    c->power.cut_at = at;
    c->power.style = style;
    const bool is_done = c->flow->run(&c->power);
    c->power.is_off = true; /* a cut that was not reached comes when all is done */
    const char *wrong = judge(c, is_done);
    if (wrong != NULL) {
        fail(c, wrong, at, style);
    }
}

/* Again in what follows: the start, which may mend, or the repetition. */
static void cut_twice(struct campaign *c, uint32_t *seed)
{
    const uint32_t at = fake_disk_draw(seed) % (c->operations + 1);
    const int style = (int)(fake_disk_draw(seed) % POWER_STYLES);
    fake_power_restore(&c->power);
    c->tried++;
    c->power.random = fake_disk_draw(seed);
    c->power.cut_at = at;
    c->power.style = style;
    (void)c->flow->run(&c->power);
    c->power.is_off = true;
    fake_power_restart(&c->power);
    c->power.cut_at = fake_disk_draw(seed) % (c->operations + 4);
    c->power.style = (int)(fake_disk_draw(seed) % POWER_STYLES);
    describe(c);
    const bool is_done = c->flow->run(&c->power);
    c->power.is_off = true;
    const char *wrong = judge(c, is_done);
    if (wrong != NULL) {
        fail(c, wrong, at, style);
    }
}

static void run_flow(struct campaign *c)
{
    uint32_t seed = c->options.seed;
    const uint32_t tried = c->tried;
    const uint32_t failed = c->failed;
    if (!learn(c)) {
        c->tried++;
        c->failed++;
        printf("FAILED: %s does not work even with power: '%s'\n", c->flow->name, c->power.text);
        return;
    }
    if (c->options.at >= 0) {
        cut_once(c, (uint32_t)c->options.at, c->options.style);
    } else {
        for (uint32_t at = 0; at <= c->operations; at += c->options.stride) {
            for (int style = 0; style < POWER_STYLES; style++) {
                cut_once(c, at, style);
            }
        }
        for (uint32_t i = 0; i < c->options.doubles; i++) {
            cut_twice(c, &seed);
        }
    }
    printf("%-36s %5u operations, %6u cuts, %u stores lost\n", c->flow->name, c->operations,
           c->tried - tried, c->failed - failed);
    (void)fflush(stdout);
}

static bool parse(int argc, char **argv, struct options *out)
{
    struct options options = {.stride = 1, .doubles = 20, .seed = 1, .at = -1};
    for (int i = 1; i < argc; i++) {
        const bool more = i + 1 < argc;
        if (more && strcmp(argv[i], "--stride") == 0) {
            options.stride = (uint32_t)strtoul(argv[++i], NULL, 0);
        } else if (more && strcmp(argv[i], "--double") == 0) {
            options.doubles = (uint32_t)strtoul(argv[++i], NULL, 0);
        } else if (more && strcmp(argv[i], "--seed") == 0) {
            options.seed = (uint32_t)strtoul(argv[++i], NULL, 0);
        } else if (more && strcmp(argv[i], "--flow") == 0) {
            options.flow = argv[++i];
        } else if (i + 2 < argc && strcmp(argv[i], "--at") == 0) {
            options.at = strtol(argv[++i], NULL, 0);
            options.style = (int)strtol(argv[++i], NULL, 0);
        } else {
            return false;
        }
    }
    *out = options;
    return options.stride > 0 && options.seed != 0 && options.style >= 0 &&
           options.style < POWER_STYLES;
}

static bool open_campaign(struct campaign *c)
{
    struct tatu_power *power = &c->power;
    memcpy(power->root, POWER_FOLDER, sizeof(power->root));
    power->monitor = (struct tatu_os_monitor){.call = fake_power_call, .context = power, .fd = -1};
    fake_power_current = power;
    return mkdtemp(power->root) != NULL;
}

static void close_campaign(struct campaign *c)
{
    struct tatu_power *power = &c->power;
    fake_power_forget(power);
    fake_power_wipe(power);
    (void)rmdir(power->root);
    fake_disk_done(&power->base);
    fake_disk_done(&power->live);
    fake_disk_done(&power->saved);
    for (size_t i = 0; i < power->kept_count; i++) {
        free(power->kept[i].saved);
    }
    fake_power_current = NULL;
}

int tatu_power_main(int argc, char **argv, const struct tatu_power_flow *flows, size_t count)
{
    static struct campaign campaign;
    uint32_t found = 0;
    memset(&campaign, 0, sizeof(campaign));
    if (!parse(argc, argv, &campaign.options) || !open_campaign(&campaign)) {
        (void)fprintf(stderr, "usage: [--stride N] [--double N] [--seed S] [--flow NAME] "
                              "[--at OPERATION STYLE]\n");
        return 2;
    }
    for (size_t i = 0; i < count; i++) {
        campaign.flow = &flows[i];
        if (campaign.options.flow == NULL ||
            strcmp(campaign.options.flow, campaign.flow->name) == 0) {
            run_flow(&campaign);
            found++;
        }
    }
    close_campaign(&campaign);
    printf("%u passed, %u failed\n", campaign.tried - campaign.failed, campaign.failed);
    return found == 0 || campaign.failed != 0;
}
