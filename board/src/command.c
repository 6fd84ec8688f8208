#include "power.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void add(struct board_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct board_command *command, const char *format, ...)
{
    if (command->err != TATU_OK) {
        return;
    }
    size_t room = sizeof(command->text) - command->used;
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(command->text + command->used, room, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= room || command->argc == COMMAND_ARGUMENT_MAX) {
        command->err = TATU_ERR_FULL;
        return;
    }
    command->argv[command->argc++] = command->text + command->used;
    command->used += (size_t)len + 1;
}

/* In an option list a comma ends a value; doubled it is a comma. */
static void escape_path(const char *path, char *out, size_t cap)
{
    size_t at = 0;
    for (; *path != '\0' && at + 2 < cap; path++) {
        out[at++] = *path;
        if (*path == ',') {
            out[at++] = ',';
        }
    }
    out[at] = '\0';
}

static void add_machine(const struct tatu_board *board, enum board_run run, bool recovery,
                        struct board_command *command)
{
    /* absolute: the chip's process leaves the folder once it is on its own */
    char dir[2 * TATU_BOARD_PATH_MAX];
    escape_path(board->dir, dir, sizeof(dir));
    add(command, "-machine");
    add(command,
        "tatu,vault-rom=%s/" BOARD_VAULT_ROM ",arom=%s/" BOARD_ACORE_ROM ",fuses=%s/" BOARD_FUSES
        ",flash=%s/" BOARD_FLASH ",rtc=%s/" BOARD_RTC ",panel=panel,fab=fab%s%s%s",
        dir, dir, dir, dir, dir,
        run == BOARD_RUN_FAB
            ? ",blank=on"
            : ",recovery-port=recovery,uart0=uart0,uart1=uart1,uart2=uart2,uart3=uart3,uart4=uart4",
        run == BOARD_RUN_NORMAL && board->lab ? ",debug=debug" : "",
        recovery ? ",recovery=on" : "");
}

static void add_socket(struct board_command *command, const char *name, const char *path)
{
    add(command, "-chardev");
    add(command, "socket,id=%s,path=%s,server=on,wait=off", name, path);
}

static void add_consoles(struct board_command *command)
{
    add(command, "-chardev");
    add(command, "file,id=log,path=" BOARD_LOG ",append=on,mux=on");
    for (int core = 0; core < 2; core++) {
        add(command, "-serial");
        add(command, "chardev:log");
    }
    add_socket(command, "panel", BOARD_PANEL);
}

/* The first interface is the way out. The second is the desk's: nothing goes out there, and of the
 * board only its API is seen, and the debugger's two ports while an application is debugged. */
static void add_network(const struct tatu_board *board, struct board_command *command)
{
    add(command, "-netdev");
    add(command, "user,id=n0,restrict=off");
    add(command, "-device");
    add(command, "virtio-net-device,netdev=n0");
    add(command, "-netdev");
    add(command,
        "user,id=n1,restrict=on,ipv6=off,net=" BOARD_DESK_NET ",host=" BOARD_DESK_HOST
        ",hostfwd=tcp:%s:%u-" BOARD_DESK_BOARD ":443,hostfwd=tcp:%s:2345-" BOARD_DESK_BOARD
        ":2345,hostfwd=tcp:%s:2342-" BOARD_DESK_BOARD ":2342",
        board->address, (unsigned)board->port, board->address, board->address);
    add(command, "-device");
    add(command, "virtio-net-device,netdev=n1");
}

static void add_lab_doors(struct board_command *command)
{
    add(command, "-gdb");
    add(command, "unix:" BOARD_GDB ",server=on,wait=off");
    add(command, "-qmp");
    add(command, "unix:" BOARD_QMP ",server=on,wait=off");
    add(command, "-qtest");
    add(command, "unix:" BOARD_QTEST ",server=on,wait=off");
    add(command, "-qtest-log");
    add(command, "/dev/null");
    add_socket(command, "debug", BOARD_DEBUG);
}

static void add_ports(const struct tatu_board *board, enum board_run run,
                      struct board_command *command)
{
    if (run == BOARD_RUN_FAB) {
        add_socket(command, "fab", BOARD_FAB);
        return;
    }
    add(command, "-chardev");
    add(command, "null,id=fab");
    add_socket(command, "recovery", BOARD_RECOVERY);
    add_socket(command, "uart0", BOARD_UART(0));
    add_socket(command, "uart1", BOARD_UART(1));
    add_socket(command, "uart2", BOARD_UART(2));
    add_socket(command, "uart3", BOARD_UART(3));
    add_socket(command, "uart4", BOARD_UART(4));
    add_network(board, command);
    if (board->lab) {
        add_lab_doors(command);
    }
}

enum tatu_err tatu_board_build_command(struct tatu_board *board, enum board_run run,
                                       const struct tatu_board_power *how,
                                       struct board_command *out)
{
    if (access(how->qemu, X_OK) != 0) {
        return tatu_board_note(board, TATU_ERR_NOT_FOUND,
                               "the chip's program %s cannot be run; build it with "
                               "tools/setup/qemu.sh and name it in TATU_QEMU",
                               how->qemu);
    }
    *out = (struct board_command){.err = TATU_OK};
    add(out, "%s", how->qemu);
    add_machine(board, run, how->recovery, out);
    add(out, "-nodefaults");
    add(out, "-no-user-config");
    add(out, "-display");
    add(out, "none");
    add(out, "-daemonize");
    add(out, "-pidfile");
    add(out, BOARD_PID);
    add_consoles(out);
    add_ports(board, run, out);
    if (out->err != TATU_OK) {
        return tatu_board_note(board, out->err, "the path %s is too long; use a shorter one",
                               board->dir);
    }
    return TATU_OK;
}
