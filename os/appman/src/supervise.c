#include "os/appman/appman.h"
#include "os/lib/loop.h"

#include <stdio.h>

enum tatu_err tatu_appman_add_service(struct tatu_appman_services *services,
                                      const struct tatu_appman_service *service, uint64_t now_ms)
{
    if (services->count == TATU_APPMAN_SERVICE_MAX) {
        return TATU_ERR_FULL;
    }
    services->slots[services->count++] = (struct tatu_appman_slot){
        .service = service, .state = TATU_APPMAN_WAITING, .next_ms = now_ms};
    return TATU_OK;
}

static void fail(struct tatu_appman_slot *slot, uint64_t now_ms)
{
    slot->pid = 0;
    slot->failures++;
    if (slot->failures >= TATU_APPMAN_FAILURES_MAX) {
        slot->state = TATU_APPMAN_LOST;
        return;
    }
    slot->state = TATU_APPMAN_WAITING;
    slot->next_ms = now_ms + tatu_os_get_backoff(slot->failures, TATU_APPMAN_BACKOFF_FIRST_MS,
                                                 TATU_APPMAN_BACKOFF_MAX_MS);
}

uint64_t tatu_appman_start_due(struct tatu_appman_services *services, uint64_t now_ms)
{
    uint64_t soonest = 0;

    for (size_t i = 0; i < services->count; i++) {
        struct tatu_appman_slot *slot = &services->slots[i];

        if (slot->state == TATU_APPMAN_WAITING && slot->next_ms <= now_ms) {
            slot->starts++;
            slot->started_ms = now_ms;
            slot->state = TATU_APPMAN_RUNNING;
            if (services->start(services->context, slot->service, &slot->pid) != TATU_OK) {
                fail(slot, now_ms);
            }
        }
        if (slot->state == TATU_APPMAN_WAITING && (soonest == 0 || slot->next_ms < soonest)) {
            soonest = slot->next_ms;
        }
    }
    return soonest;
}

const struct tatu_appman_slot *tatu_appman_note_end(struct tatu_appman_services *services,
                                                    pid_t pid, uint64_t now_ms)
{
    for (size_t i = 0; i < services->count; i++) {
        struct tatu_appman_slot *slot = &services->slots[i];

        if (slot->state == TATU_APPMAN_RUNNING && slot->pid == pid) {
            if (now_ms - slot->started_ms >= TATU_APPMAN_HEALTHY_MS) {
                slot->failures = 0;
            }
            fail(slot, now_ms);
            return slot;
        }
    }
    return NULL;
}

uint64_t tatu_appman_steady_at(const struct tatu_appman_services *services)
{
    uint64_t last_start = 0;

    for (size_t i = 0; i < services->count; i++) {
        const struct tatu_appman_slot *slot = &services->slots[i];

        if (slot->state != TATU_APPMAN_RUNNING) {
            return 0;
        }
        if (slot->started_ms > last_start) {
            last_start = slot->started_ms;
        }
    }
    return last_start + TATU_APPMAN_STEADY_MS;
}

static const char *state_name(enum tatu_appman_state state)
{
    switch (state) {
    case TATU_APPMAN_ABSENT:
        return "absent";
    case TATU_APPMAN_WAITING:
        return "waiting";
    case TATU_APPMAN_RUNNING:
        return "running";
    case TATU_APPMAN_LOST:
        return "lost";
    }
    return "?";
}

void tatu_appman_describe_services(const struct tatu_appman_services *services, char *out,
                                   size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < services->count && used < size; i++) {
        const struct tatu_appman_slot *slot = &services->slots[i];
        int len = snprintf(out + used, size - used, "service %s %s pid %d starts %u\n",
                           slot->service->name, state_name(slot->state), (int)slot->pid,
                           (unsigned)slot->starts);

        used += len < 0 ? 0 : (size_t)len;
    }
}
