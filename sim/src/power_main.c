/*
 * The power campaign: power fails at every lasting operation of every flow, and the board restarts
 * on what survived; then twice in a row, at places drawn from a seed.
 *
 * power [--stride N] [--double N] [--seed S] [--flow NAME] [--at OPERATION STYLE]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

struct options {
    uint32_t stride; /* every so many operations only */
    uint32_t doubles;
    uint32_t seed;
    const char *flow;
    long at;
    int style;
};

struct campaign {
    struct options options;
    struct tatu_sim_board *board;
    const struct tatu_sim_flow *flow;
    char before[TATU_SIM_STATE_MAX];
    char after[TATU_SIM_STATE_MAX];
    struct tatu_sim_ratchets ratchets;
    uint32_t operations; /* of the flow */
    uint32_t tried;
    uint32_t failed;
};

static uint32_t draw(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void fail(struct campaign *c, const char *what, uint32_t at, int style)
{
    c->failed++;
    printf("FAILED: %s, cut at %u style %d: %s\n", c->flow->name, at, style, what);
    printf("to repeat: power --flow '%s' --at %u %d --seed %u\n", c->flow->name, at, style,
           c->options.seed);
}

/* A healthy boot, and what it finds. */
static bool settle(struct tatu_sim_board *board, char out[TATU_SIM_STATE_MAX])
{
    if (!tatu_sim_boot(board) || !tatu_sim_heal(board)) {
        return false;
    }
    tatu_sim_describe(board, out);
    return true;
}

/* What the flow starts from and ends in, and how many operations it has. */
static bool learn(struct campaign *c)
{
    tatu_sim_free(c->board);
    c->board = tatu_sim_make();
    if (c->board == NULL || !c->flow->prepare(c->board)) {
        return false;
    }
    tatu_sim_save(c->board);
    tatu_sim_read_ratchets(c->board, &c->ratchets);
    if (!settle(c->board, c->before)) {
        return false;
    }
    tatu_sim_restore(c->board);
    if (!tatu_sim_boot(c->board)) {
        return false;
    }
    uint32_t first = tatu_sim_operations(c->board);
    if (!c->flow->run(c->board)) {
        return false;
    }
    c->operations = tatu_sim_operations(c->board) - first;
    return settle(c->board, c->after);
}

static bool fell(const struct campaign *c)
{
    struct tatu_sim_ratchets now;
    tatu_sim_read_ratchets(c->board, &now);
    for (size_t i = 0; i < TATU_COUNT_OF(now.value); i++) {
        if (now.value[i] < c->ratchets.value[i]) {
            return true;
        }
    }
    return false;
}

static const char *judge(struct campaign *c, bool done)
{
    char state[TATU_SIM_STATE_MAX];
    if (!settle(c->board, state)) {
        return "the board does not come up";
    }
    if (fell(c)) {
        return "a number that may only rise has fallen";
    }
    bool is_old = strcmp(state, c->before) == 0;
    bool is_new = strcmp(state, c->after) == 0;
    if (!is_old && !is_new) {
        printf("  old: %s\n  new: %s\n  is:  %s\n", c->before, c->after, state);
        return "neither the old state nor the new one";
    }
    if (c->flow->is_either) {
        return NULL;
    }
    if (done && !is_new) {
        return "what was acknowledged is not there";
    }
    if (!is_new && !c->flow->run(c->board)) {
        return "the flow cannot be repeated";
    }
    return settle(c->board, state) && strcmp(state, c->after) == 0 ? NULL
                                                                   : "repeating does not end it";
}

/* A cut that was not reached does not happen any more. */
static void disarm(struct tatu_sim_board *board)
{
    if (!tatu_sim_is_off(board)) {
        tatu_sim_cut(board, UINT32_MAX, 0);
    }
}

static void cut_once(struct campaign *c, uint32_t at, int style)
{
    tatu_sim_restore(c->board);
    c->tried++;
    if (!tatu_sim_boot(c->board)) {
        fail(c, "the start does not boot", at, style);
        return;
    }
    tatu_sim_cut(c->board, at, style);
    bool done = c->flow->run(c->board);
    disarm(c->board);
    const char *wrong = judge(c, done);
    if (wrong != NULL) {
        fail(c, wrong, at, style);
    }
}

/* Power fails in the flow, then again in the boot or the repetition that follows. */
static void cut_twice(struct campaign *c, uint32_t *seed)
{
    uint32_t at = draw(seed) % (c->operations + 1);
    int style = (int)(draw(seed) % TATU_SIM_CUT_STYLES);
    tatu_sim_restore(c->board);
    c->tried++;
    if (!tatu_sim_boot(c->board)) {
        fail(c, "the start does not boot", at, style);
        return;
    }
    tatu_sim_cut(c->board, at, style);
    (void)c->flow->run(c->board);
    disarm(c->board);
    bool up = tatu_sim_boot(c->board);
    if (!up) {
        fail(c, "the board does not come up after the first cut", at, style);
        return;
    }
    tatu_sim_cut(c->board, draw(seed) % (c->operations + 8), (int)(draw(seed) % 4));
    bool done = tatu_sim_boot(c->board) && c->flow->run(c->board);
    disarm(c->board);
    const char *wrong = judge(c, done);
    if (wrong != NULL) {
        fail(c, wrong, at, style);
    }
}

static void run_flow(struct campaign *c)
{
    uint32_t seed = c->options.seed;
    uint32_t tried = c->tried;
    uint32_t failed = c->failed;
    if (!learn(c)) {
        c->failed++;
        printf("FAILED: %s does not work even with power\n", c->flow->name);
        return;
    }
    if (c->options.at >= 0) {
        cut_once(c, (uint32_t)c->options.at, c->options.style);
    } else {
        for (uint32_t at = 0; at <= c->operations; at += c->options.stride) {
            /* short flows in all four ways, long ones in turn */
            int styles = c->operations < 400 ? TATU_SIM_CUT_STYLES : 1;
            for (int n = 0; n < styles; n++) {
                cut_once(c, at, (int)(at / c->options.stride + (uint32_t)n) % TATU_SIM_CUT_STYLES);
            }
        }
        for (uint32_t i = 0; i < c->options.doubles; i++) {
            cut_twice(c, &seed);
        }
    }
    printf("%-28s %5u operations, %6u cuts, %u boards lost\n", c->flow->name, c->operations,
           c->tried - tried, c->failed - failed);
    (void)fflush(stdout);
}

static bool parse(int argc, char **argv, struct options *out)
{
    struct options options = {.stride = 1, .doubles = 100, .seed = 1, .at = -1};
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
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
    return options.stride > 0 && options.seed != 0;
}

int main(int argc, char **argv)
{
    struct campaign campaign = {.tried = 0};
    uint32_t flows = 0;
    if (!parse(argc, argv, &campaign.options)) {
        (void)fprintf(stderr, "usage: power [--stride N] [--double N] [--seed S] [--flow NAME] "
                              "[--at OPERATION STYLE]\n");
        return 2;
    }
    for (uint32_t i = 0; i < tatu_sim_flow_count; i++) {
        campaign.flow = &tatu_sim_flows[i];
        if (campaign.options.flow == NULL ||
            strcmp(campaign.options.flow, campaign.flow->name) == 0) {
            run_flow(&campaign);
            flows++;
        }
    }
    tatu_sim_free(campaign.board);
    if (flows == 0) {
        (void)fprintf(stderr, "power: no such flow\n");
        return 2;
    }
    printf("%u passed, %u failed\n", campaign.tried - campaign.failed, campaign.failed);
    return campaign.failed != 0;
}
