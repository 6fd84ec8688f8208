#include "os/crashd/crashd.h"

#include <elf.h>
#include <string.h>

/* Offsets in the 32-bit ARM note payloads (struct elf_prstatus, siginfo) */
#define PRSTATUS_SIZE 148u
#define PRSTATUS_SIGNAL 12u
#define PRSTATUS_REGISTERS 72u
#define REGISTER_COUNT 17u
#define REGISTER_SP 13u
#define SIGINFO_CODE 8u
#define SIGINFO_ADDRESS 12u

struct segment {
    uint32_t file_at;
    uint32_t address;
    uint32_t file_len;
};

struct core {
    struct tatu_core_source source;
    uint32_t at; /* bytes taken from the source */
    size_t segment_count;
    struct segment segments[TATU_CORE_SEGMENT_MAX];
    uint32_t note_at;
    uint32_t note_len;
};

static enum tatu_err take(struct core *core, uint8_t *room, uint32_t len)
{
    if (len > UINT32_MAX - core->at || !core->source.read(core->source.context, room, len)) {
        return TATU_ERR_SHORT;
    }
    core->at += len;
    return TATU_OK;
}

static enum tatu_err skip_to(struct core *core, uint32_t at)
{
    return at < core->at ? TATU_ERR_FORMAT : take(core, NULL, at - core->at);
}

static enum tatu_err read_header(struct core *core, uint16_t *out_count)
{
    Elf32_Ehdr header;
    TATU_TRY(take(core, (uint8_t *)&header, sizeof(header)));
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS32 ||
        header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_CORE ||
        header.e_machine != EM_ARM || header.e_phentsize != sizeof(Elf32_Phdr)) {
        return TATU_ERR_FORMAT;
    }
    TATU_TRY(skip_to(core, header.e_phoff));
    *out_count = header.e_phnum;
    return TATU_OK;
}

static enum tatu_err read_segments(struct core *core)
{
    uint16_t count;
    TATU_TRY(read_header(core, &count));
    for (uint16_t i = 0; i < count; i++) {
        Elf32_Phdr entry;
        TATU_TRY(take(core, (uint8_t *)&entry, sizeof(entry)));
        if (entry.p_type == PT_NOTE && core->note_len == 0) {
            core->note_at = entry.p_offset;
            core->note_len = entry.p_filesz;
        } else if (entry.p_type == PT_LOAD && entry.p_filesz != 0) {
            if (core->segment_count == TATU_CORE_SEGMENT_MAX) {
                return TATU_ERR_LONG;
            }
            core->segments[core->segment_count++] =
                (struct segment){entry.p_offset, entry.p_vaddr, entry.p_filesz};
        }
    }
    return core->note_len == 0 ? TATU_ERR_FORMAT : TATU_OK;
}

static void take_thread(struct tatu_span note, struct tatu_crash *crash)
{
    if (note.len < PRSTATUS_SIZE || crash->thread_count == TATU_CRASH_THREAD_MAX) {
        return;
    }
    struct tatu_crash_thread *thread = &crash->threads[crash->thread_count++];
    for (size_t i = 0; i < REGISTER_COUNT; i++) {
        thread->registers[i] = tatu_get_le32(note.data + PRSTATUS_REGISTERS + 4 * i);
    }
    thread->stack_base = thread->registers[REGISTER_SP];
    thread->stack = (struct tatu_span){NULL, 0};
    if (crash->thread_count == 1) {
        crash->signal = tatu_get_le16(note.data + PRSTATUS_SIGNAL);
    }
}

static void take_siginfo(struct tatu_span note, struct tatu_crash *crash)
{
    if (note.len >= SIGINFO_ADDRESS + 4) {
        crash->signal_code = tatu_get_le32(note.data + SIGINFO_CODE);
        crash->fault_address = tatu_get_le32(note.data + SIGINFO_ADDRESS);
    }
}

/* One mapped file: only its first page tells what it is; later pieces widen it. */
static void take_mapping(const uint8_t *entry, const char *name, size_t name_len,
                         struct tatu_crash *crash)
{
    const uint32_t start = tatu_get_le32(entry), end = tatu_get_le32(entry + 4);
    struct tatu_crash_module *last =
        crash->module_count > 0 ? &crash->modules[crash->module_count - 1] : NULL;
    char text[sizeof(last->name)] = {0};
    memcpy(text, name, name_len < sizeof(text) ? name_len : sizeof(text) - 1);
    if (end <= start) {
        return;
    }
    if (last != NULL && strcmp(last->name, text) == 0 && start >= last->base) {
        last->size = end - last->base;
        return;
    }
    if (tatu_get_le32(entry + 8) != 0 || crash->module_count == TATU_CRASH_MODULE_MAX) {
        return;
    }
    struct tatu_crash_module *module = &crash->modules[crash->module_count++];
    *module = (struct tatu_crash_module){.base = start, .size = end - start};
    memcpy(module->name, text, sizeof(text));
}

/* NT_FILE: count, page size, count x {start, end, page offset}, count x name. */
static void take_files(struct tatu_span note, struct tatu_crash *crash)
{
    if (note.len < 8) {
        return;
    }
    const uint32_t count = tatu_get_le32(note.data);
    if (count > (note.len - 8) / 12) {
        return;
    }
    size_t at = 8 + (size_t)count * 12;
    for (uint32_t i = 0; i < count && at < note.len; i++) {
        const uint8_t *name = note.data + at;
        const uint8_t *end = memchr(name, 0, note.len - at);
        if (end == NULL) {
            return;
        }
        take_mapping(note.data + 8 + (size_t)i * 12, (const char *)name, (size_t)(end - name),
                     crash);
        at += (size_t)(end - name) + 1;
    }
}

static size_t padded(size_t len)
{
    return (len + 3) & ~(size_t)3;
}

static enum tatu_err take_notes(struct tatu_span notes, struct tatu_crash *crash)
{
    size_t at = 0;
    while (notes.len - at >= 12) {
        const uint32_t name_len = tatu_get_le32(notes.data + at);
        const uint32_t len = tatu_get_le32(notes.data + at + 4);
        const uint32_t type = tatu_get_le32(notes.data + at + 8);
        struct tatu_span note;
        if (name_len > 64 || len > notes.len) {
            return TATU_ERR_FORMAT;
        }
        TATU_TRY(tatu_base_take_span(notes, at + 12 + padded(name_len), len, &note));
        if (type == NT_PRSTATUS) {
            take_thread(note, crash);
        } else if (type == NT_SIGINFO) {
            take_siginfo(note, crash);
        } else if (type == NT_FILE) {
            take_files(note, crash);
        }
        at += 12 + padded(name_len) + padded(len);
        if (at > notes.len) {
            break;
        }
    }
    return crash->thread_count == 0 ? TATU_ERR_FORMAT : TATU_OK;
}

/* The build id in the first page of a mapped ELF file. */
static void take_build_id(struct tatu_span page, struct tatu_crash_module *module)
{
    struct tatu_span table, notes;
    if (page.len < sizeof(Elf32_Ehdr) || memcmp(page.data, ELFMAG, SELFMAG) != 0) {
        return;
    }
    const uint32_t table_at = tatu_get_le32(page.data + offsetof(Elf32_Ehdr, e_phoff));
    const uint16_t count = tatu_get_le16(page.data + offsetof(Elf32_Ehdr, e_phnum));
    if (tatu_base_take_span(page, table_at, (size_t)count * sizeof(Elf32_Phdr), &table) !=
        TATU_OK) {
        return;
    }
    for (uint16_t i = 0; i < count; i++) {
        Elf32_Phdr entry;
        memcpy(&entry, table.data + (size_t)i * sizeof(entry), sizeof(entry));
        if (entry.p_type != PT_NOTE ||
            tatu_base_take_span(page, entry.p_offset, entry.p_filesz, &notes) != TATU_OK ||
            notes.len < 16) {
            continue;
        }
        const uint32_t len = tatu_get_le32(notes.data + 4);
        if (tatu_get_le32(notes.data) == 4 && tatu_get_le32(notes.data + 8) == NT_GNU_BUILD_ID &&
            memcmp(notes.data + 12, "GNU", 4) == 0 && len <= TATU_BUILD_ID_MAX &&
            len <= notes.len - 16) {
            memcpy(module->build_id, notes.data + 16, len);
            module->build_id_len = len;
            return;
        }
    }
}

static enum tatu_err take_module_page(struct core *core, const struct segment *segment,
                                      struct tatu_core_work *work, struct tatu_crash *crash)
{
    for (size_t i = 0; i < crash->module_count; i++) {
        struct tatu_crash_module *module = &crash->modules[i];
        if (module->base == segment->address && segment->file_len >= TATU_CORE_PAGE) {
            TATU_TRY(skip_to(core, segment->file_at));
            TATU_TRY(take(core, work->page, TATU_CORE_PAGE));
            take_build_id(TATU_SPAN_OF(work->page), module);
            return TATU_OK;
        }
    }
    return TATU_OK;
}

static enum tatu_err take_stacks(struct core *core, const struct segment *segment,
                                 struct tatu_core_work *work, struct tatu_crash *crash)
{
    for (size_t i = 0; i < crash->thread_count; i++) {
        struct tatu_crash_thread *thread = &crash->threads[i];
        const uint32_t into = thread->stack_base - segment->address;
        if (thread->stack_base < segment->address || into >= segment->file_len ||
            thread->stack.len != 0 || segment->file_at > UINT32_MAX - into) {
            continue;
        }
        const uint32_t left = segment->file_len - into;
        const uint32_t len = left < TATU_CRASH_STACK_MAX ? left : TATU_CRASH_STACK_MAX;
        if (segment->file_at + into < core->at) {
            continue; /* two stacks in one segment, the upper one first: only the first is kept */
        }
        TATU_TRY(skip_to(core, segment->file_at + into));
        TATU_TRY(take(core, work->stacks[i], len));
        thread->stack = (struct tatu_span){work->stacks[i], len};
    }
    return TATU_OK;
}

enum tatu_err tatu_crashd_decode_core(struct tatu_core_source source, struct tatu_core_work *work,
                                      struct tatu_crash *out)
{
    struct core core = {.source = source};
    struct tatu_crash crash = *out;
    crash.thread_count = crash.module_count = 0;
    TATU_TRY(read_segments(&core));
    if (core.note_len > sizeof(work->notes)) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(skip_to(&core, core.note_at));
    TATU_TRY(take(&core, work->notes, core.note_len));
    TATU_TRY(take_notes((struct tatu_span){work->notes, core.note_len}, &crash));
    for (size_t i = 0; i < core.segment_count; i++) {
        /* a dump cut short still tells what came before the cut */
        if (take_module_page(&core, &core.segments[i], work, &crash) != TATU_OK ||
            take_stacks(&core, &core.segments[i], work, &crash) != TATU_OK) {
            break;
        }
    }
    *out = crash;
    return TATU_OK;
}
