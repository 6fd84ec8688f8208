/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Noise source, health tests and DRBG as one device without registers; the engine and the fuses use
 * it. The noise is the host's getrandom, not QEMU's guest source: -seed makes that one predictable.
 */
#include "qemu/osdep.h"

#include "qapi/error.h"
#include "qemu/error-report.h"
#include "tatu-drbg.h"
#include "tatu-health.h"
#include "tatu-random.h"
#include <sys/random.h>

/* A whole window for each seed: one of a source that is not healthy any more is never used. */
#define SEED_SAMPLES TATU_HEALTH_WINDOW
#define STUCK 0x5a
#define BIASED 0x03 /* two of eight bits still move */

QEMU_BUILD_BUG_ON(SEED_SAMPLES *TATU_HEALTH_BITS_PER_SAMPLE / 8 < TATU_DRBG_SEED_SIZE);
QEMU_BUILD_BUG_ON(TATU_HEALTH_STARTUP % TATU_HEALTH_WINDOW != 0);

enum fault { FAULT_NONE, FAULT_STUCK, FAULT_BIASED, FAULT_COUNT };

static const char *const fault_names[FAULT_COUNT] = {"none", "stuck", "biased"};

struct TatuRandom {
    SysBusDevice parent;
    enum fault fault;
    TatuHealth health;
    TatuDrbg drbg;
    bool failed;
};

static void draw(uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t n = getrandom(out, len, 0);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            error_report("the host gives no random bytes: %s; the chip stops", strerror(errno));
            exit(EXIT_FAILURE);
        }
        out += n;
        len -= n;
    }
}

/* Raw samples, each tested. */
static bool sample(TatuRandom *s, uint8_t *out, size_t count)
{
    draw(out, count);
    for (size_t i = 0; i < count; i++) {
        out[i] = s->fault == FAULT_STUCK ? STUCK : out[i];
        out[i] &= s->fault == FAULT_BIASED ? BIASED : 0xff;
        if (!tatu_health_feed(&s->health, out[i])) {
            s->failed = true;
            explicit_bzero(&s->drbg, sizeof(s->drbg));
            return false;
        }
    }
    return true;
}

static void start(TatuRandom *s)
{
    uint8_t thrown_away[TATU_HEALTH_STARTUP], seed[SEED_SAMPLES];

    if (sample(s, thrown_away, sizeof(thrown_away)) && sample(s, seed, sizeof(seed))) {
        tatu_drbg_instantiate(&s->drbg, seed, sizeof(seed), "tatu-1");
    }
    explicit_bzero(seed, sizeof(seed));
}

static void reseed(TatuRandom *s)
{
    uint8_t seed[SEED_SAMPLES];

    if (sample(s, seed, sizeof(seed))) {
        tatu_drbg_reseed(&s->drbg, seed, sizeof(seed));
    }
    explicit_bzero(seed, sizeof(seed));
}

bool tatu_random(TatuRandom *s, uint8_t *out, size_t len)
{
    assert(len <= TATU_DRBG_REQUEST_MAX);
    if (!s->failed && s->drbg.requests >= TATU_DRBG_RESEED_INTERVAL) {
        reseed(s);
    }
    if (s->failed) {
        memset(out, 0, len);
        return false;
    }
    tatu_drbg_generate(&s->drbg, out, len);
    return true;
}

bool tatu_random_has_failed(const TatuRandom *s)
{
    return s->failed;
}

bool tatu_random_is_faulty(void)
{
    Object *found = object_resolve_path_type("", TYPE_TATU_RANDOM, NULL);

    return found != NULL && TATU_RANDOM(found)->fault != FAULT_NONE;
}

static char *get_fault(Object *obj, Error **errp)
{
    return g_strdup(fault_names[TATU_RANDOM(obj)->fault]);
}

/* At any time: a source may fail long after it started. */
static void set_fault(Object *obj, const char *value, Error **errp)
{
    for (int n = 0; n < FAULT_COUNT; n++) {
        if (strcmp(value, fault_names[n]) == 0) {
            TATU_RANDOM(obj)->fault = n;
            return;
        }
    }
    error_setg(errp, "a fault of the noise source is none, stuck or biased, not '%s'", value);
}

static void random_reset(Object *obj)
{
    TatuRandom *s = TATU_RANDOM(obj);

    explicit_bzero(&s->drbg, sizeof(s->drbg));
    memset(&s->health, 0, sizeof(s->health));
    s->failed = false;
    start(s);
}

/* Nothing before the first reset. */
static void random_init(Object *obj)
{
    TATU_RANDOM(obj)->failed = true;
}

static void random_class_init(ObjectClass *klass, void *data)
{
    object_class_property_add_str(klass, "fault", get_fault, set_fault);
    RESETTABLE_CLASS(klass)->phases.hold = random_reset;
}

static const TypeInfo random_types[] = {{
    .name = TYPE_TATU_RANDOM,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuRandom),
    .instance_init = random_init,
    .class_init = random_class_init,
}};

DEFINE_TYPES(random_types)
