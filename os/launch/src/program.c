/* What a program's headers ask of the kernel. */
#include <elf.h>
#include <string.h>

#include "launch_impl.h"

static bool is_arm_program(const Elf32_Ehdr *header)
{
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
           header->e_ident[EI_CLASS] == ELFCLASS32 && header->e_ident[EI_DATA] == ELFDATA2LSB &&
           (header->e_type == ET_EXEC || header->e_type == ET_DYN) && header->e_machine == EM_ARM &&
           header->e_phentsize == sizeof(Elf32_Phdr);
}

/* Memory past a segment's bytes in the file is always writable. */
static bool is_written_and_run(const Elf32_Phdr *entry)
{
    return (entry->p_flags & PF_X) != 0 &&
           ((entry->p_flags & PF_W) != 0 ||
            (entry->p_type == PT_LOAD && entry->p_memsz != entry->p_filesz));
}

enum tatu_err tatu_launch_check_program(struct tatu_span head)
{
    Elf32_Ehdr header;
    struct tatu_span table;
    bool says_stack = false;
    if (head.len < sizeof(header)) {
        return TATU_ERR_SHORT;
    }
    memcpy(&header, head.data, sizeof(header));
    if (!is_arm_program(&header)) {
        return TATU_ERR_FORMAT;
    }
    TATU_TRY(tatu_base_take_span(head, header.e_phoff, (size_t)header.e_phnum * sizeof(Elf32_Phdr),
                                 &table));
    for (size_t i = 0; i < header.e_phnum; i++) {
        Elf32_Phdr entry;
        memcpy(&entry, table.data + i * sizeof(entry), sizeof(entry));
        if ((entry.p_type == PT_LOAD || entry.p_type == PT_GNU_STACK) &&
            is_written_and_run(&entry)) {
            return TATU_ERR_DENIED;
        }
        says_stack |= entry.p_type == PT_GNU_STACK;
    }
    return says_stack ? TATU_OK : TATU_ERR_DENIED;
}
