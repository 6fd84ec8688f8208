/*
 * A board on a desk: one virtual chip with its fuses, flash, serial log, panel and network port,
 * kept in a folder of its own (0700). This room alone knows how the chip is run.
 * What is in the folder: board/README.md.
 */
#ifndef TATU_BOARD_BOARD_H
#define TATU_BOARD_BOARD_H

#include "base/base.h"

#define TATU_BOARD_PATH_MAX 4096u
#define TATU_BOARD_DETAIL_MAX 512u
#define TATU_BOARD_FLASH_SIZE 0x01000000u
#define TATU_BOARD_ENDORSEMENT_MAX 4096u
#define TATU_BOARD_ADDRESS_MAX 16u /* IPv4 as text */
/* What the desk keeps in a board's folder: the API's certificate as it was first seen, and the
 * capability file of a session. */
#define TATU_BOARD_CERTIFICATE "api.crt"
#define TATU_BOARD_SESSION "session.capability"
#define TATU_BOARD_LINE_MAX 84u /* GPIO lines 0..83: twenty-one blocks of four */
#define TATU_BOARD_ADC_MAX 8u   /* channels */
#define TATU_BOARD_UART_MAX 5u  /* of the serial units ISU0..ISU4 */
#define TATU_BOARD_PWM_MAX 3u   /* controllers */
#define TATU_BOARD_PWM_CHANNEL_MAX 4u
#define TATU_BOARD_VOLTAGE_MAX_UV 2500000u
#define TATU_BOARD_ACCELERATION_MAX_MG 16000
#define TATU_BOARD_ROTATION_MAX_MDPS 2000000
#define TATU_BOARD_TEMPERATURE_MIN_MC (-40000)
#define TATU_BOARD_TEMPERATURE_MAX_MC 85000

/** One open board. Filled by tatu_board_open or tatu_board_create, ended by tatu_board_close. */
struct tatu_board {
    char dir[TATU_BOARD_PATH_MAX]; /* absolute */
    int dir_fd;
    bool lab;      /* has debug doors; its endorsement says so */
    bool endorsed; /* an endorsement is in its factory area */
    /* where the desk reaches the board's own API: chosen at the last power on, kept if it can be */
    char address[TATU_BOARD_ADDRESS_MAX]; /* on the loopback, one for each board; empty: not yet */
    uint16_t port;                        /* 443; 8443 for who may not open that */
    uint8_t device_id[64];
    uint8_t attestation[64];
    uint8_t implementation[32];
    /* After a failure: the sentence and the next step, for the operator. Foreign text is escaped.
     */
    char detail[TATU_BOARD_DETAIL_MAX];
};

/** What tatu_board_create needs. All borrowed. */
struct tatu_board_plan {
    const char *dir;       /* must not exist */
    const char *qemu;      /* the program that is the chip */
    const char *vault_rom; /* files; copied, since a mask ROM belongs to its chip */
    const char *acore_rom;
    bool lab;
    uint8_t implementation[32];
    uint8_t root_hash[4][32]; /* zero: unused */
    struct tatu_span flash;   /* TATU_BOARD_FLASH_SIZE bytes */
};

/**
 * Makes a board: blank fuses, the flash image, then the fab exchange with the chip's own ROM.
 *
 * out       open board, not yet endorsed: tatu_board_install_endorsement is the next step. On
 *           failure only out->detail is filled and the folder is gone again.
 *
 * Errors    EXISTS     the folder exists
 *           ARGUMENT   the flash image has another size
 *           NOT_FOUND  a ROM file or the chip's program is missing
 *           IO         the chip did not start, or a file failed
 *           TIMEOUT    the ROM did not answer on its fab port
 *           any error that the ROM answered
 */
enum tatu_err tatu_board_create(const struct tatu_board_plan *plan, struct tatu_board *out);

/**
 * Opens a board's folder. On failure only out->detail is filled.
 *
 * Errors    NOT_FOUND  no such folder, or it is no board
 *           FORMAT     board.json, flash or fuses are damaged
 *           DENIED     the folder is not the caller's own
 */
enum tatu_err tatu_board_open(const char *dir, struct tatu_board *out);
void tatu_board_close(struct tatu_board *board);

/** What the desk kept of the board's API is no longer true: its store was written anew. */
void tatu_board_forget_certificate(const struct tatu_board *board);

/** Removes a board that is off, files and folder. Errors: STATE, IO. */
enum tatu_err tatu_board_remove(struct tatu_board *board);

/* ---- power --------------------------------------------------------------------------------- */

/** The process that is the chip, 0 when the board is off. */
int tatu_board_find_process(const struct tatu_board *board);

/** How a board is switched on. All borrowed. */
struct tatu_board_power {
    const char *qemu;    /* the program that is the chip */
    const char *address; /* 127.x.y.z for the board's API; NULL: as before, or the first free one */
    bool recovery; /* the recovery strap is up; it stays so until tatu_board_set_pin lowers it */
};

/**
 * Starts the chip, detached from the caller.
 *
 * Errors    STATE      it runs already, or it never got its endorsement
 *           BUSY       the address is in use, or another command works on the folder
 *           ARGUMENT   the address is not one of the loopback
 *           NOT_FOUND  the program is missing
 *           IO         the program ended at once; detail has its last words
 */
enum tatu_err tatu_board_power_on(struct tatu_board *board, const struct tatu_board_power *how);

/** Takes the power away in an orderly way. Errors: STATE when it is off; TIMEOUT. */
enum tatu_err tatu_board_power_off(struct tatu_board *board);

/** Presses the reset button. Errors: STATE, BUSY (panel in use). */
enum tatu_err tatu_board_reset(struct tatu_board *board);

/** Pulls the plug: nothing on the host side gets a chance to finish. Errors: STATE, TIMEOUT. */
enum tatu_err tatu_board_kill(struct tatu_board *board);

/* ---- serial log ------------------------------------------------------------------------------ */

/** Reads log bytes from `at` on; out->len stays 0 at the end. The log begins anew at power on. */
enum tatu_err tatu_board_read_log(const struct tatu_board *board, uint64_t at,
                                  struct tatu_buf *out);

/**
 * Waits until a line of the log that starts at or after `from` contains `text`.
 *
 * out_end   log offset behind that line (or what there is of it)
 *
 * Errors    TIMEOUT; STATE when the board went off without it
 */
enum tatu_err tatu_board_wait_line(struct tatu_board *board, uint64_t from, const char *text,
                                   uint32_t timeout_ms, uint64_t *out_end);

/* ---- panel: buttons, LEDs, voltages, motion, PWM -------------------------------------------- */

struct tatu_board_panel {
    int fd;
    int lock_fd;
    size_t used;
    char text[256]; /* received, not yet a whole line */
};

struct tatu_board_change {
    uint8_t line;
    bool high;
};

/** What a PWM channel does. */
struct tatu_board_pwm {
    uint8_t controller;
    uint8_t channel;
    bool inversed; /* low for duty_ns, then high */
    bool enabled;
    uint32_t period_ns;
    uint32_t duty_ns;
};

/** What the chip shows to the board. */
struct tatu_board_event {
    enum {
        TATU_BOARD_EVENT_LINE,
        TATU_BOARD_EVENT_PWM,
    } kind;
    union {
        struct tatu_board_change line;
        struct tatu_board_pwm pwm;
    };
};

/** How the board moves and how warm it is; within TATU_BOARD_*_MAX_*. */
struct tatu_board_motion {
    int32_t acceleration_mg[3]; /* x, y, z; at rest on the desk 0, 0, 1000 */
    int32_t rotation_mdps[3];   /* thousandths of a degree per second */
    int32_t temperature_mc;     /* thousandths of a degree Celsius */
};

/** One at a time. Errors: STATE (off), BUSY (another panel is open), IO. */
enum tatu_err tatu_board_open_panel(struct tatu_board *board, struct tatu_board_panel *out);
void tatu_board_close_panel(struct tatu_board_panel *panel);

/** Drives a line from outside. Errors: ARGUMENT, IO. */
enum tatu_err tatu_board_set_line(struct tatu_board_panel *panel, uint8_t line, bool high);

/** Presses a button for a time: buttons pull their line low. Errors: ARGUMENT, IO. */
enum tatu_err tatu_board_press_button(struct tatu_board_panel *panel, uint8_t line,
                                      uint32_t hold_ms);

enum tatu_board_pin {
    TATU_BOARD_PIN_WAKEUP,   /* idles high; its fall ends power down, if the chip chose so */
    TATU_BOARD_PIN_TAMPER,   /* up: the chip was opened, and destroys its secrets for good */
    TATU_BOARD_PIN_RECOVERY, /* strap, read at each reset: up is recovery */
};

/** Drives a pin from outside. Errors: IO. */
enum tatu_err tatu_board_set_pin(struct tatu_board_panel *panel, enum tatu_board_pin pin,
                                 bool high);

/** Puts a voltage on a pin of the ADC; channel 0 is the potentiometer. Errors: ARGUMENT, IO. */
enum tatu_err tatu_board_set_voltage(struct tatu_board_panel *panel, uint8_t channel,
                                     uint32_t microvolts);

/** Moves the board. Errors: ARGUMENT (nothing was sent), IO. */
enum tatu_err tatu_board_set_motion(struct tatu_board_panel *panel,
                                    const struct tatu_board_motion *motion);

/** Leads what a UART sends back to it, or out to its socket again. Errors: ARGUMENT, IO. */
enum tatu_err tatu_board_set_loop(struct tatu_board_panel *panel, uint8_t uart, bool loop);

/** The next change of what the chip shows; on connect what it shows now comes first. Errors:
 *  TIMEOUT, IO (the board went off). */
enum tatu_err tatu_board_next_event(struct tatu_board_panel *panel, int timeout_ms,
                                    struct tatu_board_event *out);

/** The same, of lines alone. */
enum tatu_err tatu_board_next_change(struct tatu_board_panel *panel, int timeout_ms,
                                     struct tatu_board_change *out);

/* ---- serial ports of the bench --------------------------------------------------------------- */

enum tatu_board_port {
    TATU_BOARD_PORT_RECOVERY, /* docs/protocol/recovery.md */
    TATU_BOARD_PORT_DEBUG,    /* docs/chip/debug.md; lab boards only */
    TATU_BOARD_PORT_UART,     /* + n, n < TATU_BOARD_UART_MAX: the UART of ISUn */
};

struct tatu_board_wire {
    int fd;
    int lock_fd;
};

/** Connects to a port; one at a time. Errors: STATE (off, no such port), BUSY (in use), IO. */
enum tatu_err tatu_board_open_wire(struct tatu_board *board, enum tatu_board_port port,
                                   struct tatu_board_wire *out);
void tatu_board_close_wire(struct tatu_board_wire *wire);

/** Appends the endorsement of the factory area. Errors: NOT_FOUND when there is none, IO, FULL. */
enum tatu_err tatu_board_read_endorsement(struct tatu_board *board, struct tatu_buf *out);

/* ---- workshop: only while the board is off --------------------------------------------------- */

/** Inverts one byte of flash. Errors: STATE, BUSY, ARGUMENT (offset), IO. */
enum tatu_err tatu_board_flip_byte(struct tatu_board *board, uint32_t offset);

/** Writes a whole flash image but for the factory area, which belongs to the board. Errors: as
 *  above; ARGUMENT for another size. */
enum tatu_err tatu_board_install_flash(struct tatu_board *board, struct tatu_span image);

/** Writes the maker's endorsement to the factory area: u32 length, COSE_Sign1. Errors: as above;
 *  LONG over TATU_BOARD_ENDORSEMENT_MAX. */
enum tatu_err tatu_board_install_endorsement(struct tatu_board *board, struct tatu_span cose);

#endif
