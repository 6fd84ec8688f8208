#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "launch_impl.h"

#include <cmocka.h>

struct program {
    Elf32_Ehdr header;
    Elf32_Phdr table[3];
};

static struct program good_program(void)
{
    return (struct program){
        .header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB},
                   .e_type = ET_DYN,
                   .e_machine = EM_ARM,
                   .e_phoff = sizeof(Elf32_Ehdr),
                   .e_phentsize = sizeof(Elf32_Phdr),
                   .e_phnum = 3},
        .table = {{.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = 100, .p_memsz = 100},
                  {.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_filesz = 10, .p_memsz = 100},
                  {.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W}}};
}

static enum tatu_err check(const struct program *program)
{
    return tatu_launch_check_program(
        (struct tatu_span){(const uint8_t *)program, sizeof(*program)});
}

static void program_of_an_application_is_taken(void **state)
{
    (void)state;
    struct program program = good_program();
    assert_int_equal(check(&program), TATU_OK);
}

static void program_with_a_stack_to_run_is_refused(void **state)
{
    (void)state;
    struct program program = good_program();
    program.table[2].p_flags |= PF_X;
    assert_int_equal(check(&program), TATU_ERR_DENIED);
    /* the kernel's default is another on each machine */
    program.table[2].p_type = PT_NOTE;
    program.table[2].p_flags = PF_R;
    assert_int_equal(check(&program), TATU_ERR_DENIED);
}

static void program_with_a_segment_to_write_and_run_is_refused(void **state)
{
    (void)state;
    struct program program = good_program();
    program.table[0].p_flags |= PF_W;
    assert_int_equal(check(&program), TATU_ERR_DENIED);
    /* what is zeroed by the kernel is writable, whatever the flags say */
    program = good_program();
    program.table[0].p_memsz++;
    assert_int_equal(check(&program), TATU_ERR_DENIED);
}

static void program_of_another_machine_is_refused(void **state)
{
    (void)state;
    struct program program = good_program();
    program.header.e_machine = EM_386;
    assert_int_equal(check(&program), TATU_ERR_FORMAT);
    program = good_program();
    program.header.e_ident[EI_CLASS] = ELFCLASS64;
    assert_int_equal(check(&program), TATU_ERR_FORMAT);
    program = good_program();
    program.header.e_type = ET_CORE;
    assert_int_equal(check(&program), TATU_ERR_FORMAT);
    program = good_program();
    program.header.e_phentsize++;
    assert_int_equal(check(&program), TATU_ERR_FORMAT);
}

static void program_whose_table_is_not_there_is_refused(void **state)
{
    (void)state;
    struct program program = good_program();
    program.header.e_phoff = UINT32_MAX;
    assert_int_equal(check(&program), TATU_ERR_SHORT);
    program = good_program();
    program.header.e_phnum++;
    assert_int_equal(check(&program), TATU_ERR_SHORT);
    assert_int_equal(tatu_launch_check_program((struct tatu_span){(uint8_t *)&program, 51}),
                     TATU_ERR_SHORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(program_of_an_application_is_taken),
        cmocka_unit_test(program_with_a_stack_to_run_is_refused),
        cmocka_unit_test(program_with_a_segment_to_write_and_run_is_refused),
        cmocka_unit_test(program_of_another_machine_is_refused),
        cmocka_unit_test(program_whose_table_is_not_there_is_refused),
    };
    return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
