#include <stdlib.h>
#include <string.h>

#include "bodies.h"
#include "handlers.h"
#include "proto/image.h"
#include "proto/mailbox.h"
#include "service/attest/attest.h"
#include "service/failures/failures.h"

#define SYMBOLISER_MAX 8u /* at once; each is a process of up to a GiB */

/* ---- symbols ---- */

static void put_symbol(struct tatu_json_writer *json, const struct tatu_symbol *symbol)
{
    tatu_json_open_object(json, NULL);
    tatu_json_put_hex(json, "buildId", (struct tatu_span){symbol->build_id, symbol->build_id_len});
    tatu_json_put_int(json, "size", symbol->size_bytes);
    tatu_json_put_time(json, "createdAt", symbol->created_s);
    tatu_json_close_object(json);
}

HANDLER(tatu_api_own_put_symbols)
{
    (void)answer;
    struct work *work = context;
    struct tatu_symbol symbol;
    struct tatu_json_writer json;
    enum tatu_err err = tatu_failures_put_symbols(&work->call, request->body, &symbol);
    if (err == TATU_ERR_NOT_FOUND) {
        return tatu_api_fail(work, TATU_ERR_FORMAT, NULL, "the file has no build id");
    }
    if (err == TATU_ERR_FORMAT || err == TATU_ERR_TYPE) {
        return tatu_api_fail(work, err, NULL, "the body is not a 32-bit Arm ELF file");
    }
    TATU_TRY(err);
    tatu_json_start(&json, work->call.arena);
    put_symbol(&json, &symbol);
    tatu_api_answer_json(work, 200, &json);
    return TATU_OK;
}

HANDLER(tatu_api_own_list_symbols)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_page page;
    struct tatu_symbol_list list;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(tatu_failures_list_symbols(&work->call, &page, &list));
    tatu_api_open_list(work, &json);
    for (size_t i = 0; i < list.count; i++) {
        put_symbol(&json, &list.items[i]);
    }
    tatu_api_close_list(work, &json, &page, list.count, list.more);
    return TATU_OK;
}

/* ---- filters ---- */

struct filter {
    int64_t catalog;
    bool has_device;
    uint8_t device[64];
};

static enum tatu_err get_filter(struct work *work, struct filter *out)
{
    struct filter filter = {0};
    const char *rg = tatu_http_query(work->request, "resourceGroup");
    const char *name = tatu_http_query(work->request, "catalog");
    const char *device = tatu_http_query(work->request, "device");
    if ((rg == NULL) != (name == NULL)) {
        return tatu_api_fail(work, TATU_ERR_ARGUMENT, NULL,
                             "resourceGroup and catalog go together");
    }
    if (rg != NULL) {
        struct tatu_catalog catalog;
        const struct tatu_catalog_key key = {tatu_http_query(work->request, "subscription"), rg,
                                             name};
        TATU_TRY(tatu_fleet_get_catalog(&work->call, &key, &catalog));
        filter.catalog = catalog.id;
    }
    if (device != NULL) {
        if (tatu_base_decode_hex(device, strlen(device), filter.device, sizeof(filter.device)) !=
            TATU_OK) {
            return tatu_api_fail(work, TATU_ERR_ARGUMENT, NULL, "device is 128 hex digits");
        }
        filter.has_device = true;
    }
    *out = filter;
    return TATU_OK;
}

static struct tatu_failure_filter failure_filter(const struct filter *filter)
{
    return (struct tatu_failure_filter){filter->catalog,
                                        filter->has_device ? filter->device : NULL};
}

/* ---- devices ---- */

static const char *class_name(uint32_t board_class)
{
    static const char *const names[] = {"unknown", "virtual", "lab", "silicon"};
    return names[board_class < TATU_COUNT_OF(names) ? board_class : 0];
}

static const char *mode_name(uint32_t mode)
{
    static const char *const names[] = {[TATU_BOOT_NORMAL] = "normal",
                                        [TATU_BOOT_SAFE] = "safe",
                                        [TATU_BOOT_RENEW] = "renew",
                                        [TATU_BOOT_RECOVERY] = "recovery"};
    return mode < TATU_COUNT_OF(names) ? names[mode] : "unknown";
}

static void put_evidence(struct tatu_json_writer *json, const struct tatu_evidence *e, bool full)
{
    tatu_json_put_int(json, "bootSet", e->boot_set);
    tatu_json_put_bool(json, "fallback", e->fallback);
    tatu_json_put_int(json, "bootCount", (int64_t)e->boot_count);
    tatu_json_put_int(json, "uptimeMs", (int64_t)e->uptime_ms);
    tatu_json_put_int(json, "lifecycle", e->lifecycle);
    tatu_json_put_bool(json, "debugOpen", e->debug_open);
    tatu_json_put_text(json, "mode", mode_name(e->mode));
    tatu_json_open_array(json, "capabilities");
    for (uint32_t number = 0; number < 32; number++) {
        if ((e->capabilities >> number & 1) != 0) {
            tatu_json_put_int(json, NULL, number);
        }
    }
    tatu_json_close_array(json);
    if (!full) {
        return;
    }
    tatu_json_open_array(json, "measurements");
    for (size_t i = 0; i < e->measurement_count; i++) {
        const struct tatu_measurement *m = &e->measurements[i];
        tatu_json_open_object(json, NULL);
        tatu_json_put_text(json, "imageType", tatu_proto_image_type_name(m->image_type));
        tatu_json_put_int(json, "securityVersion", m->security_version);
        tatu_json_put_hex(json, "digest", TATU_SPAN_OF(m->digest));
        tatu_json_close_object(json);
    }
    tatu_json_close_array(json);
    tatu_json_open_array(json, "applications");
    for (size_t i = 0; i < e->app_count; i++) {
        tatu_json_open_object(json, NULL);
        tatu_json_put_guid(json, "componentId", e->apps[i].component);
        tatu_json_put_guid(json, "imageId", e->apps[i].image);
        tatu_json_put_hex(json, "digest", TATU_SPAN_OF(e->apps[i].digest));
        tatu_json_close_object(json);
    }
    tatu_json_close_array(json);
}

static void put_device(struct work *work, struct tatu_json_writer *json,
                       const struct tatu_device *device, bool full)
{
    struct tatu_evidence *evidence = TATU_ARENA_ONE(work->call.arena, struct tatu_evidence);
    tatu_json_open_object(json, NULL);
    tatu_json_put_hex(json, "deviceId", TATU_SPAN_OF(device->id));
    tatu_json_put_bool(json, "claimed", device->catalog_id != 0);
    tatu_json_put_text(json, "resourceGroup", device->rg);
    tatu_json_put_text(json, "catalog", device->catalog);
    tatu_json_put_text(json, "product", device->product);
    tatu_json_put_text(json, "group", device->group);
    tatu_json_put_text(json, "maker", device->maker);
    tatu_json_put_text(json, "boardClass", class_name(device->board_class));
    tatu_json_put_hex(json, "implementation", TATU_SPAN_OF(device->implementation));
    tatu_json_put_time(json, "claimedAt", device->claimed_s);
    tatu_json_put_time(json, "lastSeen", device->seen_s);
    tatu_json_put_time(json, "lastAttestation", device->attested_s);
    tatu_json_put_time(json, "lastDeploymentRequest", device->deployment_s);
    if (tatu_attest_read_evidence(device, evidence) == TATU_OK) {
        tatu_json_put_int(json, "verdict", device->verdict);
        tatu_json_put_text(json, "verdictName", tatu_err_name((enum tatu_err)device->verdict));
        tatu_json_put_text(json, "release", device->release);
        put_evidence(json, evidence, full);
    }
    tatu_json_close_object(json);
}

HANDLER(tatu_api_own_list_devices)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_page page;
    struct filter filter;
    struct tatu_device_list list;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(get_filter(work, &filter));
    const struct tatu_device_filter device_filter = {filter.catalog, false, 0,
                                                     filter.has_device ? filter.device : NULL};
    TATU_TRY(tatu_fleet_list_devices(&work->call, &device_filter, &page, &list));
    tatu_api_open_list(work, &json);
    for (size_t i = 0; i < list.count; i++) {
        put_device(work, &json, &list.items[i], false);
    }
    tatu_api_close_list(work, &json, &page, list.count, list.more);
    return TATU_OK;
}

HANDLER(tatu_api_own_get_device)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_device device;
    struct tatu_json_writer json;
    uint8_t id[64];
    tatu_api_get_device_id(work, id);
    TATU_TRY(tatu_fleet_get_device(&work->call, id, &device));
    tatu_json_start(&json, work->call.arena);
    put_device(work, &json, &device, true);
    tatu_api_answer_json(work, 200, &json);
    return TATU_OK;
}

/* ---- crashes ---- */

static void put_crash_facts(struct tatu_json_writer *json, const struct tatu_stored_crash *crash)
{
    tatu_json_put_int(json, "id", crash->id);
    tatu_json_put_hex(json, "deviceId", TATU_SPAN_OF(crash->device_id));
    tatu_json_put_guid(json, "componentId", crash->component);
    tatu_json_put_guid(json, "imageId", crash->image);
    tatu_json_put_int(json, "signal", crash->signal);
    tatu_json_put_int(json, "signalCode", crash->signal_code);
    tatu_json_put_int(json, "faultAddress", crash->fault_address);
    tatu_json_put_text(json, "module", crash->module);
    tatu_json_put_hex(json, "buildId", crash->build_id);
    tatu_json_put_time(json, "occurredAt", crash->at_s);
    tatu_json_put_time(json, "receivedAt", crash->received_s);
    tatu_json_put_hex(json, "group", crash->group);
    tatu_json_put_int(json, "groupCount", crash->group_count);
}

HANDLER(tatu_api_own_list_crashes)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_page page;
    struct filter filter;
    struct tatu_crash_list list;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(get_filter(work, &filter));
    const struct tatu_failure_filter failures = failure_filter(&filter);
    TATU_TRY(tatu_failures_list_crashes(&work->call, &failures, &page, &list));
    tatu_api_open_list(work, &json);
    for (size_t i = 0; i < list.count; i++) {
        tatu_json_open_object(&json, NULL);
        put_crash_facts(&json, &list.items[i]);
        tatu_json_close_object(&json);
    }
    tatu_api_close_list(work, &json, &page, list.count, list.more);
    return TATU_OK;
}

static void put_frames(const struct work *work, struct tatu_json_writer *json,
                       const struct tatu_crash *crash, const struct tatu_stack *stack)
{
    static const char *const kinds[] = {[TATU_FRAME_PC] = "pc",
                                        [TATU_FRAME_CFI] = "cfi",
                                        [TATU_FRAME_LR] = "lr",
                                        [TATU_FRAME_GUESS] = "guess"};
    tatu_json_open_array(json, "frames");
    for (uint32_t i = 0; i < stack->count; i++) {
        const struct tatu_frame *frame = &stack->frames[i];
        tatu_json_open_object(json, NULL);
        tatu_json_put_int(json, "index", i);
        tatu_json_put_text(json, "kind", kinds[frame->kind]);
        tatu_json_put_text(json, "address",
                           tatu_arena_format(work->call.arena, "0x%08x", frame->address));
        if (frame->module < crash->module_count) {
            const struct tatu_crash_module *module = &crash->modules[frame->module];
            tatu_json_put_text(json, "module", module->name);
            tatu_json_put_hex(json, "buildId",
                              (struct tatu_span){module->build_id, module->build_id_len});
            tatu_json_put_text(
                json, "offset",
                tatu_arena_format(work->call.arena, "0x%x", frame->address - module->base));
        }
        tatu_json_put_text(json, "function", frame->function[0] == 0 ? NULL : frame->function);
        if (frame->line != 0) {
            tatu_json_put_text(json, "file", frame->file);
            tatu_json_put_int(json, "line", frame->line);
        }
        tatu_json_close_object(json);
    }
    tatu_json_close_array(json);
}

static void put_registers(const struct work *work, struct tatu_json_writer *json,
                          const struct tatu_crash_thread *thread)
{
    static const char *const names[17] = {"r0", "r1",  "r2",  "r3",  "r4", "r5", "r6", "r7",  "r8",
                                          "r9", "r10", "r11", "r12", "sp", "lr", "pc", "cpsr"};
    tatu_json_open_object(json, "registers");
    for (size_t i = 0; i < TATU_COUNT_OF(names); i++) {
        tatu_json_put_text(json, names[i],
                           tatu_arena_format(work->call.arena, "0x%08x", thread->registers[i]));
    }
    tatu_json_close_object(json);
}

static void put_stacks(const struct work *work, struct tatu_json_writer *json,
                       const struct tatu_crash *crash, const struct tatu_stacks *stacks)
{
    if (stacks->count > 0) {
        put_frames(work, json, crash, &stacks->threads[0]);
    }
    tatu_json_open_array(json, "threads");
    for (uint32_t i = 0; i < stacks->count; i++) {
        tatu_json_open_object(json, NULL);
        put_registers(work, json, &crash->threads[i]);
        put_frames(work, json, crash, &stacks->threads[i]);
        tatu_json_close_object(json);
    }
    tatu_json_close_array(json);
}

/* A crash whose stacks a child process is working out; in the request's arena. */
struct crash_answer {
    struct tatu_api *api;
    struct tatu_arena *arena;
    struct tatu_stored_crash stored;
    struct tatu_crash crash;
    struct tatu_symboliser symboliser;
    struct tatu_stacks stacks;
    struct tatu_http_later later;
};

/* The request is gone by now: only what is in its arena is left. */
static void finish_crash(void *context, struct tatu_span bytes, struct tatu_http_answer *answer)
{
    struct crash_answer *crash = context;
    struct work work = {.api = crash->api, .call = {.arena = crash->arena}, .answer = answer};
    struct tatu_json_writer json;
    crash->api->symbolisers--;
    tatu_failures_end_symboliser(&crash->symboliser, &crash->crash, bytes, &crash->stacks);
    tatu_json_start(&json, crash->arena);
    tatu_json_open_object(&json, NULL);
    put_crash_facts(&json, &crash->stored);
    put_stacks(&work, &json, &crash->crash, &crash->stacks);
    tatu_json_close_object(&json);
    tatu_api_answer_json(&work, 200, &json);
}

HANDLER(tatu_api_own_get_crash)
{
    (void)request;
    struct work *work = context;
    struct tatu_arena *arena = work->call.arena;
    struct crash_answer *crash = TATU_ARENA_ONE(arena, struct crash_answer);
    int64_t id = strtoll(tatu_api_param(work, "number"), NULL, 10);
    TATU_TRY(tatu_failures_get_crash(&work->call, id, &crash->stored));
    TATU_TRY(tatu_proto_decode_crash(crash->stored.payload, &crash->crash));
    if (work->api->symbolisers == SYMBOLISER_MAX) {
        return TATU_ERR_BUSY;
    }
    TATU_TRY(tatu_failures_start_symboliser(
        work->api->program,
        tatu_arena_format(arena, "%s/symbols", tatu_store_dir(work->call.store)),
        crash->stored.payload, &crash->symboliser));
    work->api->symbolisers++;
    crash->api = work->api;
    crash->arena = arena;
    crash->later = (struct tatu_http_later){.fd = crash->symboliser.fd,
                                            .max = TATU_SYMBOLISER_ANSWER_SIZE,
                                            .wait_ms = TATU_SYMBOLISER_WAIT_MS,
                                            .finish = finish_crash,
                                            .context = crash};
    answer->later = &crash->later;
    return TATU_OK;
}

/* ---- events ---- */

HANDLER(tatu_api_own_list_events)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_page page;
    struct filter filter;
    struct tatu_event_list list;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(get_filter(work, &filter));
    const struct tatu_failure_filter failures = failure_filter(&filter);
    TATU_TRY(tatu_failures_list_events(&work->call, &failures, &page, &list));
    tatu_api_open_list(work, &json);
    for (size_t i = 0; i < list.count; i++) {
        const struct tatu_stored_event *event = &list.items[i];
        tatu_json_open_object(&json, NULL);
        tatu_json_put_int(&json, "id", event->id);
        tatu_json_put_hex(&json, "deviceId", TATU_SPAN_OF(event->device_id));
        tatu_json_put_text(&json, "kind", event->kind);
        if (event->has_component) {
            tatu_json_put_guid(&json, "componentId", event->component);
            tatu_json_put_guid(&json, "imageId", event->image);
        }
        tatu_json_put_int(&json, "code", event->code);
        tatu_json_put_text(&json, "codeName", tatu_err_name((enum tatu_err)event->code));
        tatu_json_put_text(&json, "text", event->text);
        tatu_json_put_time(&json, "occurredAt", event->at_s);
        tatu_json_put_time(&json, "receivedAt", event->received_s);
        tatu_json_close_object(&json);
    }
    tatu_api_close_list(work, &json, &page, list.count, list.more);
    return TATU_OK;
}
