#include "proto/report.h"

#include "crash.h"
#include "proto/smc.h"
#include "statement.h"

static size_t name_len(const struct tatu_crash_module *module)
{
    size_t len = 0;
    while (len < sizeof(module->name) && module->name[len] != '\0') {
        len++;
    }
    return len;
}

static bool is_crash_sound(const struct tatu_crash *crash)
{
    if (crash->module_count > TATU_CRASH_MODULE_MAX || crash->thread_count == 0 ||
        crash->thread_count > TATU_CRASH_THREAD_MAX) {
        return false;
    }
    for (size_t i = 0; i < crash->module_count; i++) {
        if (crash->modules[i].build_id_len > TATU_BUILD_ID_MAX ||
            name_len(&crash->modules[i]) == sizeof(crash->modules[i].name)) {
            return false;
        }
    }
    for (size_t i = 0; i < crash->thread_count; i++) {
        if (crash->threads[i].stack.len > TATU_CRASH_STACK_MAX) {
            return false;
        }
    }
    return true;
}

/* A name comes from a core file, that is from the application: what is not printable is replaced,
 * because a report that is lost over a strange name helps nobody. */
static void put_module(struct tatu_cbor_writer *w, const struct tatu_crash_module *module)
{
    uint8_t name[sizeof(module->name)];
    size_t len = name_len(module);
    for (size_t i = 0; i < len; i++) {
        name[i] = is_printable((uint8_t)module->name[i]) ? (uint8_t)module->name[i] : '?';
    }
    tatu_cbor_put_array(w, CRASH_MODULE_PARTS);
    tatu_cbor_put_uint(w, module->base);
    tatu_cbor_put_uint(w, module->size);
    put_fixed(w, module->build_id, module->build_id_len);
    tatu_cbor_put_text_span(w, (struct tatu_span){name, len});
}

static void put_thread(struct tatu_cbor_writer *w, const struct tatu_crash_thread *thread)
{
    uint8_t registers[CRASH_REGISTERS_SIZE];
    uint8_t *p = registers;
    for (size_t i = 0; i < TATU_COUNT_OF(thread->registers); i++) {
        give_u32(&p, thread->registers[i]);
    }
    tatu_cbor_put_array(w, CRASH_THREAD_PARTS);
    put_fixed(w, registers, sizeof(registers));
    tatu_cbor_put_uint(w, thread->stack_base);
    tatu_cbor_put_bytes(w, thread->stack);
}

static void put_crash(struct tatu_cbor_writer *w, const struct tatu_crash *crash)
{
    tatu_cbor_put_map(w, CRASH_PARTS);
    put_fixed_claim(w, CRASH_COMPONENT, crash->component, sizeof(crash->component));
    put_fixed_claim(w, CRASH_IMAGE, crash->image, sizeof(crash->image));
    put_uint_claim(w, CRASH_SIGNAL, crash->signal);
    put_uint_claim(w, CRASH_SIGNAL_CODE, crash->signal_code);
    put_uint_claim(w, CRASH_FAULT_ADDRESS, crash->fault_address);
    put_uint_claim(w, CRASH_UNIX_S, crash->unix_s);
    tatu_cbor_put_int(w, CRASH_MODULES);
    tatu_cbor_put_array(w, crash->module_count);
    for (size_t i = 0; i < crash->module_count; i++) {
        put_module(w, &crash->modules[i]);
    }
    tatu_cbor_put_int(w, CRASH_THREADS);
    tatu_cbor_put_array(w, crash->thread_count);
    for (size_t i = 0; i < crash->thread_count; i++) {
        put_thread(w, &crash->threads[i]);
    }
    put_uint_claim(w, CRASH_PID, crash->pid);
}

enum tatu_err tatu_proto_encode_crash(const struct tatu_crash *crash, struct tatu_buf *out)
{
    if (!is_crash_sound(crash)) {
        return TATU_ERR_ARGUMENT;
    }
    struct tatu_buf record = {out->data, out->len, out->cap};
    if (record.cap - record.len > TATU_RECORD_MAX) {
        record.cap = record.len + TATU_RECORD_MAX;
    }
    struct tatu_cbor_writer w;
    tatu_cbor_init(&w, &record);
    put_crash(&w, crash);
    TATU_TRY(tatu_cbor_done(&w));
    out->len = record.len;
    return TATU_OK;
}
