/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Repetition count test and adaptive proportion test. No QEMU in it: the tests run it alone.
 */
#include "tatu-health.h"

static bool repeats(TatuHealth *h, uint8_t sample)
{
    h->run = h->run > 0 && sample == h->last ? h->run + 1 : 1;
    h->last = sample;
    return h->run >= TATU_HEALTH_REPETITIONS;
}

static bool dominates(TatuHealth *h, uint8_t sample)
{
    if (h->seen == 0) {
        h->first = sample;
        h->same = 0;
    }
    h->same += sample == h->first;
    h->seen = (h->seen + 1) % TATU_HEALTH_WINDOW;
    return h->same >= TATU_HEALTH_PROPORTION;
}

bool tatu_health_feed(TatuHealth *health, uint8_t sample)
{
    bool repeated = repeats(health, sample);
    bool dominated = dominates(health, sample);

    return !repeated && !dominated;
}
