/* The folder's files: names, records, locks, and the sentence kept after a failure. */
#ifndef FOLDER_H
#define FOLDER_H

#include "board/board.h"

#define BOARD_JSON "board.json"
#define BOARD_FUSES "fuses.bin"
#define BOARD_FLASH "flash.bin"
#define BOARD_VAULT_ROM "vault-rom.bin"
#define BOARD_ACORE_ROM "arom.bin"
#define BOARD_LOG "serial.log"
#define BOARD_LOG_BEFORE "serial.before.log"
#define BOARD_PID "pid"
#define BOARD_PANEL "panel.sock"
#define BOARD_PANEL_LOCK "panel.lock"
#define BOARD_FAB "fab.sock"
#define BOARD_WORDS "qemu.log"
#define BOARD_GDB "gdb.sock"
#define BOARD_QMP "qmp.sock"
#define BOARD_QTEST "qtest.sock"
#define BOARD_RTC "rtc.bin"
#define BOARD_RECOVERY "recovery.sock"
#define BOARD_RECOVERY_LOCK "recovery.lock"
#define BOARD_DEBUG "debug.sock"
#define BOARD_DEBUG_LOCK "debug.lock"
#define BOARD_UART(n) "uart" #n ".sock"
#define BOARD_UART_LOCK(n) "uart" #n ".lock"

/** Keeps the sentence (and after "; " the next step) in board->detail and returns err. */
enum tatu_err tatu_board_note(struct tatu_board *board, enum tatu_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Closes the descriptor at scope end: int fd __attribute__((cleanup(tatu_board_close_fd))). */
void tatu_board_close_fd(int *fd);

/** Writes board.json, whole or not at all. */
enum tatu_err tatu_board_save(struct tatu_board *board);

/** Locks the folder for one command until out_fd is closed. Errors: BUSY. */
enum tatu_err tatu_board_lock(struct tatu_board *board, int *out_fd);

enum tatu_err tatu_board_write_all(int fd, const void *data, size_t len);

/** A new file of 0600 with these bytes; EXISTS when it is there. */
enum tatu_err tatu_board_make_file(struct tatu_board *board, const char *name,
                                   struct tatu_span bytes);

void tatu_board_sleep_ms(uint32_t ms);
uint64_t tatu_board_now_ms(void);

/** Connects to a socket of the folder, however long its path is. */
enum tatu_err tatu_board_connect(const struct tatu_board *board, const char *name, int *out_fd);

#endif
