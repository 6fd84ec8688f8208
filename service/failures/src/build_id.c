/* The build id of an uploaded file, found without the large library: this runs in the service. */
#include "service/failures/failures.h"

#include <elf.h>
#include <string.h>

#define NOTE_HEAD_SIZE 12u

static struct tatu_span rest(struct tatu_span whole, size_t at)
{
    return (struct tatu_span){whole.data + at, whole.len - at};
}

static size_t align_4(size_t len)
{
    return (len + 3) & ~(size_t)3;
}

/* Notes: {u32 name len, u32 data len, u32 type, name, data}, both padded to 4. */
static enum tatu_err scan_notes(struct tatu_span notes, struct tatu_span *out)
{
    while (notes.len >= NOTE_HEAD_SIZE) {
        size_t name_len = tatu_get_le32(notes.data);
        size_t data_len = tatu_get_le32(notes.data + 4);
        uint32_t type = tatu_get_le32(notes.data + 8);
        struct tatu_span name, data;
        if (tatu_base_take_span(notes, NOTE_HEAD_SIZE, name_len, &name) != TATU_OK ||
            tatu_base_take_span(notes, NOTE_HEAD_SIZE + align_4(name_len), data_len, &data) !=
                TATU_OK) {
            return TATU_ERR_FORMAT;
        }
        if (type == NT_GNU_BUILD_ID && name_len == 4 && memcmp(name.data, "GNU", 4) == 0 &&
            data_len > 0 && data_len <= TATU_BUILD_ID_MAX) {
            *out = data;
            return TATU_OK;
        }
        size_t step = NOTE_HEAD_SIZE + align_4(name_len) + align_4(data_len);
        if (step > notes.len) {
            break;
        }
        notes = rest(notes, step);
    }
    return TATU_ERR_NOT_FOUND;
}

static enum tatu_err check_header(struct tatu_span elf, Elf32_Ehdr *out)
{
    if (elf.len < sizeof(*out) || memcmp(elf.data, ELFMAG, SELFMAG) != 0) {
        return TATU_ERR_FORMAT;
    }
    memcpy(out, elf.data, sizeof(*out));
    if (out->e_ident[EI_CLASS] != ELFCLASS32 || out->e_ident[EI_DATA] != ELFDATA2LSB ||
        out->e_machine != EM_ARM) {
        return TATU_ERR_TYPE;
    }
    bool shapes = out->e_shnum == 0 || out->e_shentsize == sizeof(Elf32_Shdr);
    return shapes ? TATU_OK : TATU_ERR_FORMAT;
}

enum tatu_err tatu_failures_find_build_id(struct tatu_span elf, struct tatu_span *out)
{
    Elf32_Ehdr header;
    struct tatu_span table;
    TATU_TRY(check_header(elf, &header));
    if (tatu_base_take_span(elf, header.e_shoff, (size_t)header.e_shnum * sizeof(Elf32_Shdr),
                            &table) != TATU_OK) {
        return TATU_ERR_FORMAT;
    }
    for (size_t i = 0; i < header.e_shnum; i++) {
        Elf32_Shdr section;
        struct tatu_span notes;
        memcpy(&section, table.data + i * sizeof(section), sizeof(section));
        if (section.sh_type != SHT_NOTE) {
            continue;
        }
        if (tatu_base_take_span(elf, section.sh_offset, section.sh_size, &notes) != TATU_OK) {
            return TATU_ERR_FORMAT;
        }
        enum tatu_err err = scan_notes(notes, out);
        if (err != TATU_ERR_NOT_FOUND) {
            return err;
        }
    }
    return TATU_ERR_NOT_FOUND;
}
