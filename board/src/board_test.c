#include "panel.h"
#include "power.h"

#include "proto/map.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A desk with one board in it that has everything but a chip to run it. */
struct desk {
    char dir[64];
    char board_dir[96];
    struct tatu_board board;
};

static void put_file(const char *dir, const char *name, const void *bytes, size_t len)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void put_blank_flash(const char *dir)
{
    uint8_t *flash = malloc(TATU_FLASH_SIZE);
    assert_non_null(flash);
    memset(flash, 0xff, TATU_FLASH_SIZE);
    put_file(dir, BOARD_FLASH, flash, TATU_FLASH_SIZE);
    free(flash);
}

static int open_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    (void)strcpy(desk->dir, "/tmp/tatu-board-test.XXXXXX");
    assert_non_null(mkdtemp(desk->dir));
    (void)snprintf(desk->board_dir, sizeof(desk->board_dir), "%s/a,board", desk->dir);
    assert_int_equal(mkdir(desk->board_dir, 0700), 0);
    put_blank_flash(desk->board_dir);
    put_file(desk->board_dir, BOARD_FUSES, "f", 1);
    put_file(desk->board_dir, BOARD_VAULT_ROM, "v", 1);
    put_file(desk->board_dir, BOARD_ACORE_ROM, "a", 1);
    struct tatu_board fresh = {.dir_fd = -1, .endorsed = true};
    (void)strcpy(fresh.dir, desk->board_dir);
    fresh.dir_fd = open(desk->board_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(tatu_board_save(&fresh), TATU_OK);
    tatu_board_close(&fresh);
    assert_int_equal(tatu_board_open(desk->board_dir, &desk->board), TATU_OK);
    *state = desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    if (desk->board.dir_fd >= 0) {
        (void)tatu_board_remove(&desk->board);
    }
    tatu_board_close(&desk->board);
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", desk->dir);
    assert_int_equal(system(command), 0);
    free(desk);
    return 0;
}

static uint8_t read_flash(const struct tatu_board *board, uint32_t at)
{
    uint8_t byte = 0;
    int fd = openat(board->dir_fd, BOARD_FLASH, O_RDONLY);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    (void)close(fd);
    return byte;
}

static enum tatu_err decode(const char *text, struct tatu_board_event *out)
{
    return tatu_board_decode_event((struct tatu_span){(const uint8_t *)text, strlen(text)}, out);
}

static void event_of_a_line_is_its_number_and_level(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct tatu_board_change line;
    } rows[] = {{"gpio 8 1", {8, true}}, {"gpio 0 0", {0, false}}, {"gpio 83 0", {83, false}}};
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_board_event event = {.line = {99, false}};
        assert_int_equal(decode(rows[i].text, &event), TATU_OK);
        assert_int_equal(event.kind, TATU_BOARD_EVENT_LINE);
        assert_int_equal(event.line.line, rows[i].line.line);
        assert_int_equal(event.line.high, rows[i].line.high);
    }
}

static void event_of_a_pwm_channel_is_what_it_does(void **state)
{
    (void)state;
    struct tatu_board_event event;
    assert_int_equal(decode("pwm 2 3 4294967295 1000 1 0", &event), TATU_OK);
    assert_int_equal(event.kind, TATU_BOARD_EVENT_PWM);
    assert_int_equal(event.pwm.controller, 2);
    assert_int_equal(event.pwm.channel, 3);
    assert_int_equal(event.pwm.period_ns, UINT32_MAX);
    assert_int_equal(event.pwm.duty_ns, 1000);
    assert_true(event.pwm.inversed);
    assert_false(event.pwm.enabled);
    assert_int_equal(decode("pwm 0 1 2000000 500000 0 1", &event), TATU_OK);
    assert_int_equal(event.pwm.channel, 1);
    assert_false(event.pwm.inversed);
    assert_true(event.pwm.enabled);
}

static void lines_that_are_no_event_change_nothing(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "gpio",
        "gpio ",
        "gpio 8",
        "gpio 8 ",
        "gpio 8 2",
        "gpio 84 0",
        "gpio 08 1",
        "gpio 00 1",
        "gpio -1 1",
        "gpio 8 1 ",
        "gpio  8 1",
        "GPIO 8 1",
        "gpio 8 1 1",
        "gpio 100 1",
        "gpio 8  1",
        "gpio8 1",
        " gpio 8 1",
        "gpio 8 01",
        "error gpio 8",
        "pwm",
        "pwm 0 0 0 0 0",
        "pwm 3 0 1 1 0 1",
        "pwm 0 4 1 1 0 1",
        "pwm 0 0 4294967296 1 0 1",
        "pwm 0 0 1 4294967296 0 1",
        "pwm 0 0 1 1 2 1",
        "pwm 0 0 1 1 0 2",
        "pwm 0 0 1 1 0 1 ",
        "pwm 0 0 1 1 0 1 0",
        "pwm 0 0 18446744073709551617 1 0 1",
        "gpiopwm 0 0 1 1 0 1",
        "pwm 0 0 01 1 0 1",
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_board_event event = {.line = {99, false}};
        assert_int_equal(decode(rows[i], &event), TATU_ERR_FORMAT);
        assert_int_equal(event.line.line, 99);
    }
}

static void next_event_passes_over_what_it_does_not_know(void **state)
{
    (void)state;
    int pair[2];
    static const char said[] =
        "error x\ngpio 9 1\nhello\npwm 1 0 5 4 0 1\ngpio 8 0\npwm 1 0 5 4 0 0\n";
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct tatu_board_panel panel = {.fd = pair[0], .lock_fd = -1};
    struct tatu_board_event event;
    struct tatu_board_change change;
    assert_int_equal(write(pair[1], said, sizeof(said) - 1), sizeof(said) - 1);
    assert_int_equal(tatu_board_next_event(&panel, 1000, &event), TATU_OK);
    assert_int_equal(event.line.line, 9);
    assert_int_equal(tatu_board_next_event(&panel, 1000, &event), TATU_OK);
    assert_int_equal(event.pwm.duty_ns, 4);
    assert_int_equal(tatu_board_next_change(&panel, 1000, &change), TATU_OK);
    assert_int_equal(change.line, 8);
    assert_int_equal(tatu_board_next_change(&panel, 1, &change), TATU_ERR_TIMEOUT);
    (void)close(pair[1]);
    assert_int_equal(tatu_board_next_event(&panel, 1000, &event), TATU_ERR_IO);
    tatu_board_close_panel(&panel);
}

static bool has_argument(const struct board_command *command, const char *text)
{
    for (size_t i = 0; i < command->argc; i++) {
        if (strstr(command->argv[i], text) != NULL) {
            return true;
        }
    }
    return false;
}

static void build(struct desk *desk, enum board_run run, struct tatu_board_power how,
                  struct board_command *out)
{
    how.qemu = "/bin/true";
    assert_int_equal(tatu_board_build_command(&desk->board, run, &how, out), TATU_OK);
}

static void debug_doors_are_on_lab_boards_only(void **state)
{
    static const char *const doors[] = {"-gdb", "-qmp", "-qtest", "debug=debug", BOARD_DEBUG};
    struct desk *desk = *state;
    struct board_command command;
    for (int lab = 0; lab < 2; lab++) {
        desk->board.lab = lab;
        (void)strcpy(desk->board.address, "127.0.35.9");
        desk->board.port = 443;
        build(desk, BOARD_RUN_NORMAL, (struct tatu_board_power){NULL}, &command);
        assert_true(has_argument(&command, "hostfwd=tcp:127.0.35.9:443-192.168.35.2:443"));
        for (size_t i = 0; i < TATU_COUNT_OF(doors); i++) {
            assert_int_equal(has_argument(&command, doors[i]), lab);
        }
    }
}

static void every_board_has_a_recovery_port_and_its_strap_is_down(void **state)
{
    struct desk *desk = *state;
    struct board_command command;
    build(desk, BOARD_RUN_NORMAL, (struct tatu_board_power){NULL}, &command);
    assert_true(has_argument(&command, "recovery-port=recovery"));
    assert_true(has_argument(&command, BOARD_RECOVERY));
    assert_false(has_argument(&command, "recovery=on"));
    build(desk, BOARD_RUN_NORMAL, (struct tatu_board_power){.recovery = true}, &command);
    assert_true(has_argument(&command, "recovery=on"));
}

static void every_uart_has_a_socket_but_at_the_fab(void **state)
{
    struct desk *desk = *state;
    struct board_command command;
    char text[32];
    for (int n = 0; n < (int)TATU_BOARD_UART_MAX; n++) {
        (void)snprintf(text, sizeof(text), "id=uart%d,path=uart%d.sock", n, n);
        build(desk, BOARD_RUN_NORMAL, (struct tatu_board_power){NULL}, &command);
        assert_true(has_argument(&command, text));
        (void)snprintf(text, sizeof(text), ",uart%d=uart%d", n, n);
        assert_true(has_argument(&command, text));
        build(desk, BOARD_RUN_FAB, (struct tatu_board_power){NULL}, &command);
        assert_false(has_argument(&command, text));
    }
}

static void the_clock_keeps_its_time_in_the_folder(void **state)
{
    struct desk *desk = *state;
    struct board_command command;
    build(desk, BOARD_RUN_NORMAL, (struct tatu_board_power){NULL}, &command);
    assert_true(has_argument(&command, "/a,,board/" BOARD_RTC));
}

static void fab_has_no_network_and_no_doors(void **state)
{
    struct desk *desk = *state;
    struct board_command command;
    desk->board.lab = true;
    build(desk, BOARD_RUN_FAB, (struct tatu_board_power){NULL}, &command);
    assert_true(has_argument(&command, BOARD_FAB));
    assert_false(has_argument(&command, "-netdev"));
    assert_false(has_argument(&command, "-gdb"));
    assert_false(has_argument(&command, BOARD_DEBUG));
    assert_false(has_argument(&command, BOARD_RECOVERY));
}

static void comma_in_a_path_stays_in_the_path(void **state)
{
    struct desk *desk = *state;
    struct board_command command;
    build(desk, BOARD_RUN_NORMAL, (struct tatu_board_power){NULL}, &command);
    assert_true(has_argument(&command, "/a,,board/" BOARD_FLASH));
}

static void open_names_what_is_wrong(void **state)
{
    struct desk *desk = *state;
    struct tatu_board board;
    char path[256];
    assert_int_equal(tatu_board_open("/nowhere/board", &board), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_board_open(desk->dir, &board), TATU_ERR_NOT_FOUND);
    assert_int_equal(chmod(desk->board_dir, 0755), 0);
    assert_int_equal(tatu_board_open(desk->board_dir, &board), TATU_ERR_DENIED);
    assert_int_equal(chmod(desk->board_dir, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/" BOARD_FLASH, desk->board_dir);
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(tatu_board_open(desk->board_dir, &board), TATU_ERR_FORMAT);
    assert_non_null(strstr(board.detail, BOARD_FLASH));
    put_blank_flash(desk->board_dir);
    put_file(desk->board_dir, BOARD_JSON, "{\"format\":1}", 12);
    assert_int_equal(tatu_board_open(desk->board_dir, &board), TATU_ERR_FORMAT);
    assert_int_equal(board.dir_fd, -1);
}

static void record_survives_save_and_open(void **state)
{
    struct desk *desk = *state;
    desk->board.lab = true;
    desk->board.port = 8443;
    (void)strcpy(desk->board.address, "127.0.35.77");
    memset(desk->board.device_id, 0xa5, sizeof(desk->board.device_id));
    assert_int_equal(tatu_board_save(&desk->board), TATU_OK);
    struct tatu_board again;
    assert_int_equal(tatu_board_open(desk->board_dir, &again), TATU_OK);
    assert_true(again.lab);
    assert_int_equal(again.port, 8443);
    assert_string_equal(again.address, "127.0.35.77");
    assert_memory_equal(again.device_id, desk->board.device_id, sizeof(again.device_id));
    tatu_board_close(&again);
}

static void power_on_names_what_is_wrong(void **state)
{
    struct desk *desk = *state;
    struct tatu_board *board = &desk->board;
    char chip[128];
    (void)snprintf(chip, sizeof(chip), "%s/chip", desk->dir);
    const struct tatu_board_power how = {.qemu = chip};
    assert_int_equal(tatu_board_power_on(board, &how), TATU_ERR_NOT_FOUND);
    static const char bad[] = "#!/bin/sh\necho no such machine >&2\nexit 1\n";
    put_file(desk->dir, "chip", bad, sizeof(bad) - 1);
    assert_int_equal(chmod(chip, 0700), 0);
    assert_int_equal(tatu_board_power_on(board, &how), TATU_ERR_IO);
    assert_non_null(strstr(board->detail, "no such machine"));
    board->endorsed = false;
    assert_int_equal(tatu_board_power_on(board, &how), TATU_ERR_STATE);
}

/* Whoever may open 443 gets that, others 8443: both are taken here as far as they can be. */
static void take(const char *text, int fds[2])
{
    static const uint16_t ports[] = {443, 8443};
    struct sockaddr_in address = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, text, &address.sin_addr), 1);
    for (size_t i = 0; i < TATU_COUNT_OF(ports); i++) {
        address.sin_port = htons(ports[i]);
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        (void)bind(fds[i], (struct sockaddr *)&address, sizeof(address));
        (void)listen(fds[i], 1);
    }
}

static void a_board_takes_a_free_address_of_the_loopback(void **state)
{
    struct desk *desk = *state;
    int fds[2];
    take("127.0.35.201", fds);
    struct tatu_board_power how = {.qemu = "/nowhere", .address = "127.0.35.201"};
    assert_int_equal(tatu_board_power_on(&desk->board, &how), TATU_ERR_BUSY);
    how.address = "10.0.2.2";
    assert_int_equal(tatu_board_power_on(&desk->board, &how), TATU_ERR_ARGUMENT);
    /* the one it had is taken: another, and all else is as it was */
    (void)strcpy(desk->board.address, "127.0.35.201");
    how.address = NULL;
    assert_int_equal(tatu_board_power_on(&desk->board, &how), TATU_ERR_NOT_FOUND);
    assert_string_not_equal(desk->board.address, "127.0.35.201");
    assert_int_equal(strncmp(desk->board.address, "127.0.35.", 9), 0);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void a_board_that_is_off_has_no_panel_and_cannot_be_stopped(void **state)
{
    struct desk *desk = *state;
    struct tatu_board_panel panel;
    struct tatu_board_wire wire;
    assert_int_equal(tatu_board_open_panel(&desk->board, &panel), TATU_ERR_STATE);
    assert_int_equal(tatu_board_open_wire(&desk->board, TATU_BOARD_PORT_RECOVERY, &wire),
                     TATU_ERR_STATE);
    assert_int_equal(tatu_board_power_off(&desk->board), TATU_ERR_STATE);
    assert_int_equal(tatu_board_reset(&desk->board), TATU_ERR_STATE);
    assert_int_equal(tatu_board_kill(&desk->board), TATU_ERR_STATE);
}

static void pins_are_orders_of_the_panel(void **state)
{
    (void)state;
    int pair[2];
    char text[64];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct tatu_board_panel panel = {.fd = pair[0], .lock_fd = -1};
    assert_int_equal(tatu_board_set_pin(&panel, TATU_BOARD_PIN_WAKEUP, false), TATU_OK);
    assert_int_equal(tatu_board_set_pin(&panel, TATU_BOARD_PIN_TAMPER, true), TATU_OK);
    assert_int_equal(tatu_board_set_pin(&panel, TATU_BOARD_PIN_RECOVERY, false), TATU_OK);
    ssize_t len = read(pair[1], text, sizeof(text));
    static const char orders[] = "wakeup 0\ntamper 1\nrecovery 0\n";
    assert_int_equal(len, sizeof(orders) - 1);
    assert_memory_equal(text, orders, sizeof(orders) - 1);
    tatu_board_close_panel(&panel);
    (void)close(pair[1]);
}

static void what_the_hand_does_is_orders_of_the_panel(void **state)
{
    (void)state;
    int pair[2];
    char text[256];
    static const char orders[] = "set 83 0\nadc 7 2500000\nloop 4 1\naccel -16000 0 1000\n"
                                 "gyro 2000000 -1 0\ntemperature -40000\n";
    struct tatu_board_motion motion = {{-16000, 0, 1000}, {2000000, -1, 0}, -40000};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct tatu_board_panel panel = {.fd = pair[0], .lock_fd = -1};
    assert_int_equal(tatu_board_set_line(&panel, 83, false), TATU_OK);
    assert_int_equal(tatu_board_set_voltage(&panel, 7, 2500000), TATU_OK);
    assert_int_equal(tatu_board_set_loop(&panel, 4, true), TATU_OK);
    assert_int_equal(tatu_board_set_motion(&panel, &motion), TATU_OK);
    assert_int_equal(read(pair[1], text, sizeof(text)), sizeof(orders) - 1);
    assert_memory_equal(text, orders, sizeof(orders) - 1);
    tatu_board_close_panel(&panel);
    (void)close(pair[1]);
}

static void orders_out_of_range_are_not_sent(void **state)
{
    (void)state;
    static const struct tatu_board_motion wrong[] = {
        {{16001, 0, 0}, {0}, 0},     {{0, 0, -16001}, {0}, 0}, {{0}, {0, 2000001, 0}, 0},
        {{0}, {-2000001, 0, 0}, 0},  {{0}, {0}, 85001},        {{0}, {0}, -40001},
        {{INT32_MIN, 0, 0}, {0}, 0},
    };
    int pair[2];
    char byte;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    struct tatu_board_panel panel = {.fd = pair[0], .lock_fd = -1};
    assert_int_equal(tatu_board_set_line(&panel, 84, true), TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_board_set_voltage(&panel, 8, 0), TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_board_set_voltage(&panel, 0, 2500001), TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_board_set_loop(&panel, 5, true), TATU_ERR_ARGUMENT);
    for (size_t i = 0; i < TATU_COUNT_OF(wrong); i++) {
        assert_int_equal(tatu_board_set_motion(&panel, &wrong[i]), TATU_ERR_ARGUMENT);
    }
    assert_int_equal(read(pair[1], &byte, 1), -1);
    tatu_board_close_panel(&panel);
    (void)close(pair[1]);
}

/* Stands in for the chip: holds the lock of the pid file as the chip's process does. */
static pid_t run_pretender(const struct tatu_board *board)
{
    int told[2];
    assert_int_equal(pipe(told), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = openat(board->dir_fd, BOARD_PID, O_RDWR | O_CREAT, 0600);
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        if (fd < 0 || fcntl(fd, F_SETLK, &lock) != 0 || write(told[1], "x", 1) != 1) {
            _exit(1);
        }
        pause();
        _exit(0);
    }
    char byte;
    assert_int_equal(read(told[0], &byte, 1), 1);
    (void)close(told[0]);
    (void)close(told[1]);
    return pid;
}

static void a_running_board_is_found_and_its_flash_is_left_alone(void **state)
{
    struct desk *desk = *state;
    struct tatu_board *board = &desk->board;
    pid_t pid = run_pretender(board);
    assert_int_equal(tatu_board_find_process(board), pid);
    assert_int_equal(tatu_board_flip_byte(board, 0), TATU_ERR_STATE);
    const struct tatu_board_power how = {.qemu = "/bin/true"};
    assert_int_equal(tatu_board_power_on(board, &how), TATU_ERR_STATE);
    assert_int_equal(tatu_board_remove(board), TATU_ERR_STATE);
    assert_int_equal(read_flash(board, 0), 0xff);
    /* the pretender is our own child: collect it, so that its lock goes with it */
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(tatu_board_find_process(board), 0);
}

static int serve(const struct tatu_board *board, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", board->dir_fd,
                   name);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

static void ports_serve_one_at_a_time_and_debug_is_for_lab_boards(void **state)
{
    struct desk *desk = *state;
    struct tatu_board *board = &desk->board;
    struct tatu_board_wire wire, second;
    pid_t pid = run_pretender(board);
    assert_int_equal(tatu_board_open_wire(board, TATU_BOARD_PORT_RECOVERY, &wire), TATU_ERR_IO);
    int listener = serve(board, BOARD_RECOVERY);
    assert_int_equal(tatu_board_open_wire(board, TATU_BOARD_PORT_RECOVERY, &wire), TATU_OK);
    assert_int_equal(tatu_board_open_wire(board, TATU_BOARD_PORT_RECOVERY, &second), TATU_ERR_BUSY);
    assert_non_null(strstr(board->detail, "another recovery port"));
    tatu_board_close_wire(&wire);
    assert_int_equal(tatu_board_open_wire(board, TATU_BOARD_PORT_RECOVERY, &wire), TATU_OK);
    tatu_board_close_wire(&wire);
    int uart_listener = serve(board, BOARD_UART(4));
    assert_int_equal(tatu_board_open_wire(board, TATU_BOARD_PORT_UART + 4, &wire), TATU_OK);
    assert_int_equal(tatu_board_open_wire(board, TATU_BOARD_PORT_UART + 4, &second), TATU_ERR_BUSY);
    assert_non_null(strstr(board->detail, "another connection to UART 4"));
    tatu_board_close_wire(&wire);
    (void)close(uart_listener);
    assert_int_equal(tatu_board_open_wire(board, TATU_BOARD_PORT_DEBUG, &wire), TATU_ERR_STATE);
    board->lab = true;
    int debug_listener = serve(board, BOARD_DEBUG);
    assert_int_equal(tatu_board_open_wire(board, TATU_BOARD_PORT_DEBUG, &wire), TATU_OK);
    tatu_board_close_wire(&wire);
    (void)close(listener);
    (void)close(debug_listener);
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void flip_inverts_one_byte_and_flips_back(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(tatu_board_flip_byte(&desk->board, 0x30100), TATU_OK);
    assert_int_equal(read_flash(&desk->board, 0x30100), 0x00);
    assert_int_equal(read_flash(&desk->board, 0x300ff), 0xff);
    assert_int_equal(read_flash(&desk->board, 0x30101), 0xff);
    assert_int_equal(tatu_board_flip_byte(&desk->board, 0x30100), TATU_OK);
    assert_int_equal(read_flash(&desk->board, 0x30100), 0xff);
    assert_int_equal(tatu_board_flip_byte(&desk->board, TATU_FLASH_SIZE), TATU_ERR_ARGUMENT);
}

static void a_new_flash_image_keeps_the_endorsement(void **state)
{
    struct desk *desk = *state;
    static const uint8_t endorsement[] = {0xd2, 0x84, 1, 2, 3};
    uint8_t *image = calloc(1, TATU_FLASH_SIZE);
    assert_non_null(image);
    assert_int_equal(tatu_board_install_endorsement(&desk->board, TATU_SPAN_OF(endorsement)),
                     TATU_OK);
    struct tatu_span span = {image, TATU_FLASH_SIZE};
    assert_int_equal(tatu_board_install_flash(&desk->board, span), TATU_OK);
    assert_int_equal(read_flash(&desk->board, 0), 0);
    assert_int_equal(read_flash(&desk->board, TATU_FLASH_SIZE - 1), 0);
    assert_int_equal(read_flash(&desk->board, TATU_FLASH_FACTORY_AT), sizeof(endorsement));
    assert_int_equal(read_flash(&desk->board, TATU_FLASH_FACTORY_AT + 4), 0xd2);
    uint8_t read_back[64];
    struct tatu_buf buf = TATU_BUF_OF(read_back);
    assert_int_equal(tatu_board_read_endorsement(&desk->board, &buf), TATU_OK);
    assert_int_equal(buf.len, sizeof(endorsement));
    assert_memory_equal(read_back, endorsement, sizeof(endorsement));
    span.len--;
    assert_int_equal(tatu_board_install_flash(&desk->board, span), TATU_ERR_ARGUMENT);
    span.len = TATU_BOARD_ENDORSEMENT_MAX + 1;
    assert_int_equal(tatu_board_install_endorsement(&desk->board, span), TATU_ERR_LONG);
    free(image);
}

static void one_command_at_a_time_works_on_the_flash(void **state)
{
    struct desk *desk = *state;
    int lock = -1;
    assert_int_equal(tatu_board_lock(&desk->board, &lock), TATU_OK);
    assert_int_equal(tatu_board_flip_byte(&desk->board, 0), TATU_ERR_BUSY);
    tatu_board_close_fd(&lock);
    assert_int_equal(tatu_board_flip_byte(&desk->board, 0), TATU_OK);
}

static void log_line_is_found_from_where_one_asks(void **state)
{
    struct desk *desk = *state;
    static const char text[] = "[ROM] one\n[VAULT] two\n[ROM] one again";
    put_file(desk->board_dir, BOARD_LOG, text, sizeof(text) - 1);
    uint64_t end = 0;
    assert_int_equal(tatu_board_wait_line(&desk->board, 0, "[ROM] one", 0, &end), TATU_OK);
    assert_int_equal(end, 9);
    assert_int_equal(tatu_board_wait_line(&desk->board, end, "[ROM] one", 0, &end), TATU_OK);
    assert_int_equal(end, 31);
    assert_int_equal(tatu_board_wait_line(&desk->board, 0, "one\n[V", 0, &end), TATU_ERR_STATE);
    pid_t pid = run_pretender(&desk->board);
    assert_int_equal(tatu_board_wait_line(&desk->board, 0, "three", 40, &end), TATU_ERR_TIMEOUT);
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void create_leaves_nothing_behind_when_it_fails(void **state)
{
    struct desk *desk = *state;
    char dir[128], rom[128];
    (void)snprintf(dir, sizeof(dir), "%s/new", desk->dir);
    (void)snprintf(rom, sizeof(rom), "%s/" BOARD_VAULT_ROM, desk->board_dir);
    uint8_t *image = calloc(1, TATU_FLASH_SIZE);
    assert_non_null(image);
    struct tatu_board_plan plan = {.dir = dir,
                                   .qemu = "/bin/false",
                                   .vault_rom = rom,
                                   .acore_rom = "/nowhere",
                                   .flash = {image, TATU_FLASH_SIZE}};
    struct tatu_board board;
    struct stat st;
    assert_int_equal(tatu_board_create(&plan, &board), TATU_ERR_NOT_FOUND);
    assert_int_equal(stat(dir, &st), -1);
    plan.acore_rom = rom;
    assert_int_equal(tatu_board_create(&plan, &board), TATU_ERR_IO);
    assert_int_equal(stat(dir, &st), -1);
    plan.flash.len = 5;
    assert_int_equal(tatu_board_create(&plan, &board), TATU_ERR_ARGUMENT);
    plan.flash.len = TATU_FLASH_SIZE;
    plan.dir = desk->board_dir;
    assert_int_equal(tatu_board_create(&plan, &board), TATU_ERR_EXISTS);
    assert_int_equal(read_flash(&desk->board, 0), 0xff);
    free(image);
}

int main(void)
{
#define DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_of_a_line_is_its_number_and_level),
        cmocka_unit_test(event_of_a_pwm_channel_is_what_it_does),
        cmocka_unit_test(lines_that_are_no_event_change_nothing),
        cmocka_unit_test(next_event_passes_over_what_it_does_not_know),
        cmocka_unit_test(what_the_hand_does_is_orders_of_the_panel),
        cmocka_unit_test(orders_out_of_range_are_not_sent),
        DESK(every_uart_has_a_socket_but_at_the_fab),
        DESK(debug_doors_are_on_lab_boards_only),
        DESK(every_board_has_a_recovery_port_and_its_strap_is_down),
        DESK(the_clock_keeps_its_time_in_the_folder),
        DESK(ports_serve_one_at_a_time_and_debug_is_for_lab_boards),
        DESK(pins_are_orders_of_the_panel),
        DESK(fab_has_no_network_and_no_doors),
        DESK(comma_in_a_path_stays_in_the_path),
        DESK(open_names_what_is_wrong),
        DESK(record_survives_save_and_open),
        DESK(power_on_names_what_is_wrong),
        DESK(a_board_takes_a_free_address_of_the_loopback),
        DESK(a_board_that_is_off_has_no_panel_and_cannot_be_stopped),
        DESK(a_running_board_is_found_and_its_flash_is_left_alone),
        DESK(flip_inverts_one_byte_and_flips_back),
        DESK(a_new_flash_image_keeps_the_endorsement),
        DESK(one_command_at_a_time_works_on_the_flash),
        DESK(log_line_is_found_from_where_one_asks),
        DESK(create_leaves_nothing_behind_when_it_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
