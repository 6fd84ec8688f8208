/* Unwinding and names by elfutils. Runs in a process of its own: symbol files come from outside. */
#include "frames.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROCESS_ID 1 /* of the process we play for the library */
#define GENERAL_REGISTERS 16
#define PATH_MAX_BYTES 4096

struct unwinder {
    const struct tatu_crash *crash;
    const struct tatu_crash_thread *thread;
    struct tatu_stack *stack;
    Dwfl *dwfl;
};

/* ---- files: only what we report ourselves; nothing is searched for ---- */

static int find_no_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
                       char **file_name, Elf **elf)
{
    (void)module;
    (void)data;
    (void)name;
    (void)base;
    (void)file_name;
    (void)elf;
    return -1;
}

static int find_no_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
                             const char *file_name, const char *link_file, GElf_Word link_crc,
                             char **out_name)
{
    (void)module;
    (void)data;
    (void)name;
    (void)base;
    (void)file_name;
    (void)link_file;
    (void)link_crc;
    (void)out_name;
    return -1;
}

static const Dwfl_Callbacks file_callbacks = {
    .find_elf = find_no_elf,
    .find_debuginfo = find_no_debuginfo,
};

static bool report_modules(Dwfl *dwfl, const char *symbol_dir, const struct tatu_crash *crash)
{
    bool any = false;
    dwfl_report_begin(dwfl);
    for (size_t i = 0; i < crash->module_count; i++) {
        const struct tatu_crash_module *module = &crash->modules[i];
        char hex[2 * TATU_BUILD_ID_MAX + 1];
        char path[PATH_MAX_BYTES];
        tatu_base_encode_hex((struct tatu_span){module->build_id, module->build_id_len}, hex);
        int len = snprintf(path, sizeof(path), "%s/%s", symbol_dir, hex);
        if (module->build_id_len > 0 && len > 0 && (size_t)len < sizeof(path) &&
            access(path, R_OK) == 0) {
            any |= dwfl_report_elf(dwfl, module->name, path, -1, module->base, false) != NULL;
        }
    }
    return dwfl_report_end(dwfl, NULL, NULL) == 0 && any;
}

/* ---- the process the library unwinds ---- */

static pid_t next_thread(Dwfl *dwfl, void *context, void **thread_context)
{
    (void)dwfl;
    if (*thread_context != NULL) {
        return 0;
    }
    *thread_context = context;
    return PROCESS_ID;
}

static bool get_thread(Dwfl *dwfl, pid_t id, void *context, void **thread_context)
{
    (void)dwfl;
    *thread_context = context;
    return id == PROCESS_ID;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *context)
{
    (void)dwfl;
    const struct unwinder *unwinder = context;
    const struct tatu_crash_thread *thread = unwinder->thread;
    struct tatu_span word;
    if (address < thread->stack_base || address > UINT32_MAX ||
        tatu_base_take_span(thread->stack, (size_t)(address - thread->stack_base), 4, &word) !=
            TATU_OK) {
        return false;
    }
    *result = tatu_get_le32(word.data);
    return true;
}

static bool set_registers(Dwfl_Thread *thread, void *context)
{
    const struct unwinder *unwinder = context;
    Dwarf_Word registers[GENERAL_REGISTERS];
    for (size_t i = 0; i < GENERAL_REGISTERS; i++) {
        registers[i] = unwinder->thread->registers[i];
    }
    if (!dwfl_thread_state_registers(thread, 0, GENERAL_REGISTERS, registers)) {
        return false;
    }
    dwfl_thread_state_register_pc(thread, registers[REGISTER_PC] & ~(Dwarf_Word)1);
    return true;
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
    .next_thread = next_thread,
    .get_thread = get_thread,
    .memory_read = read_memory,
    .set_initial_registers = set_registers,
};

static int on_frame(Dwfl_Frame *frame, void *context)
{
    struct unwinder *unwinder = context;
    Dwarf_Addr address = 0;
    if (!dwfl_frame_pc(frame, &address, NULL) || address > UINT32_MAX ||
        unwinder->stack->count == TATU_FRAME_MAX) {
        return DWARF_CB_ABORT;
    }
    enum tatu_frame_kind kind = unwinder->stack->count == 0 ? TATU_FRAME_PC : TATU_FRAME_CFI;
    uint32_t pc = (uint32_t)address & ~1u;
    if (tatu_failures_find_module(unwinder->crash, pc) == TATU_CRASH_MODULE_MAX &&
        kind == TATU_FRAME_CFI) {
        return DWARF_CB_ABORT; /* the end, or nonsense */
    }
    (void)tatu_failures_add_frame(unwinder->crash, unwinder->stack, kind, pc);
    return DWARF_CB_OK;
}

/* ---- names ---- */

/* A return address belongs to the call before it. */
static Dwarf_Addr call_address(const struct tatu_frame *frame)
{
    return frame->kind == TATU_FRAME_PC ? frame->address : frame->address - 1;
}

static void name_frame(Dwfl *dwfl, struct tatu_frame *frame)
{
    Dwarf_Addr address = call_address(frame);
    Dwfl_Module *module = dwfl_addrmodule(dwfl, address);
    if (module == NULL) {
        return;
    }
    const char *function = dwfl_module_addrname(module, address);
    if (function != NULL) {
        (void)snprintf(frame->function, sizeof(frame->function), "%s", function);
    }
    Dwfl_Line *line = dwfl_module_getsrc(module, address);
    int number = 0;
    const char *file = line == NULL ? NULL : dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL);
    if (file != NULL && number > 0) {
        size_t len = strlen(file);
        size_t cut = len < sizeof(frame->file) ? 0 : len - sizeof(frame->file) + 1;
        (void)snprintf(frame->file, sizeof(frame->file), "%s", file + cut);
        frame->line = (uint32_t)number;
    }
}

/* A known module's code is where its functions are; an unknown module is taken at its word. */
static bool is_code(void *context, uint32_t address)
{
    Dwfl_Module *module = dwfl_addrmodule(context, address - 1);
    return module == NULL || dwfl_module_addrname(module, address - 1) != NULL;
}

static void unwind_thread(struct unwinder *unwinder)
{
    const struct tatu_crash *crash = unwinder->crash;
    unwinder->stack->count = 0;
    (void)dwfl_getthread_frames(unwinder->dwfl, PROCESS_ID, on_frame, unwinder);
    if (unwinder->stack->count == 0) {
        (void)tatu_failures_add_frame(crash, unwinder->stack, TATU_FRAME_PC,
                                      unwinder->thread->registers[REGISTER_PC] & ~1u);
    }
    if (unwinder->stack->count == 1) {
        tatu_failures_add_link(crash, unwinder->thread, unwinder->stack);
    }
    tatu_failures_add_guesses(crash, unwinder->thread, is_code, unwinder->dwfl, unwinder->stack);
    for (uint32_t i = 0; i < unwinder->stack->count; i++) {
        name_frame(unwinder->dwfl, &unwinder->stack->frames[i]);
    }
}

static bool symbolise_thread(const char *symbol_dir, const struct tatu_crash *crash, size_t at,
                             struct tatu_stack *stack)
{
    Dwfl *dwfl = dwfl_begin(&file_callbacks);
    if (dwfl == NULL) {
        return false;
    }
    struct unwinder unwinder = {crash, &crash->threads[at], stack, dwfl};
    bool known = report_modules(dwfl, symbol_dir, crash) &&
                 dwfl_attach_state(dwfl, NULL, PROCESS_ID, &thread_callbacks, &unwinder);
    if (known) {
        unwind_thread(&unwinder);
    }
    dwfl_end(dwfl);
    return known;
}

void tatu_failures_symbolise(const char *symbol_dir, const struct tatu_crash *crash,
                             struct tatu_stacks *out)
{
    tatu_failures_stack_plain(crash, out);
    for (uint32_t i = 0; i < out->count; i++) {
        struct tatu_stack stack = {0};
        if (symbolise_thread(symbol_dir, crash, i, &stack)) {
            out->threads[i] = stack;
        }
    }
}
