#include "proto/report.h"

#include "crash.h"
#include "proto/smc.h"
#include "statement.h"

static void get_name(struct tatu_cbor_reader *r, struct tatu_crash_module *module)
{
    struct tatu_span name = tatu_cbor_get_text(r);
    if (name.len >= sizeof(module->name)) {
        fail_reader(r, TATU_ERR_LONG);
        return;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (!is_printable(name.data[i])) {
            fail_reader(r, TATU_ERR_FORMAT);
            return;
        }
    }
    copy_bytes((uint8_t *)module->name, name.data, name.len);
}

static void get_module(struct tatu_cbor_reader *r, struct tatu_crash_module *module)
{
    expect_array(r, CRASH_MODULE_PARTS);
    module->base = (uint32_t)get_limited(r, UINT32_MAX);
    module->size = (uint32_t)get_limited(r, UINT32_MAX);
    struct tatu_span build_id = tatu_cbor_get_bytes(r);
    if (build_id.len > TATU_BUILD_ID_MAX) {
        fail_reader(r, TATU_ERR_LONG);
        return;
    }
    copy_bytes(module->build_id, build_id.data, build_id.len);
    module->build_id_len = (uint32_t)build_id.len;
    get_name(r, module);
}

static void get_thread(struct tatu_cbor_reader *r, struct tatu_crash_thread *thread)
{
    uint8_t registers[CRASH_REGISTERS_SIZE] = {0};
    const uint8_t *p = registers;
    expect_array(r, CRASH_THREAD_PARTS);
    tatu_cbor_get_fixed(r, registers, sizeof(registers));
    for (size_t i = 0; i < TATU_COUNT_OF(thread->registers); i++) {
        thread->registers[i] = take_u32(&p);
    }
    thread->stack_base = (uint32_t)get_limited(r, UINT32_MAX);
    thread->stack = tatu_cbor_get_bytes(r);
    if (thread->stack.len > TATU_CRASH_STACK_MAX) {
        fail_reader(r, TATU_ERR_LONG);
    }
}

static void get_crash(struct tatu_cbor_reader *r, struct tatu_crash *crash)
{
    expect_map(r, CRASH_PARTS);
    get_fixed_claim(r, CRASH_COMPONENT, crash->component, sizeof(crash->component));
    get_fixed_claim(r, CRASH_IMAGE, crash->image, sizeof(crash->image));
    crash->signal = (uint32_t)get_uint_claim(r, CRASH_SIGNAL, UINT32_MAX);
    crash->signal_code = (uint32_t)get_uint_claim(r, CRASH_SIGNAL_CODE, UINT32_MAX);
    crash->fault_address = (uint32_t)get_uint_claim(r, CRASH_FAULT_ADDRESS, UINT32_MAX);
    crash->unix_s = get_uint_claim(r, CRASH_UNIX_S, UINT64_MAX);
    expect_key(r, CRASH_MODULES);
    crash->module_count = get_count(r, TATU_CRASH_MODULE_MAX);
    for (size_t i = 0; i < crash->module_count; i++) {
        get_module(r, &crash->modules[i]);
    }
    expect_key(r, CRASH_THREADS);
    crash->thread_count = get_count(r, TATU_CRASH_THREAD_MAX);
    for (size_t i = 0; i < crash->thread_count; i++) {
        get_thread(r, &crash->threads[i]);
    }
    crash->pid = (uint32_t)get_uint_claim(r, CRASH_PID, UINT32_MAX);
}

enum tatu_err tatu_proto_decode_crash(struct tatu_span in, struct tatu_crash *out)
{
    struct tatu_crash crash = {0};
    struct tatu_cbor_reader r;
    if (in.len > TATU_RECORD_MAX) {
        return TATU_ERR_LONG;
    }
    tatu_cbor_open(&r, in);
    get_crash(&r, &crash);
    TATU_TRY(tatu_cbor_close(&r));
    if (crash.thread_count == 0) {
        return TATU_ERR_FORMAT;
    }
    *out = crash;
    return TATU_OK;
}
