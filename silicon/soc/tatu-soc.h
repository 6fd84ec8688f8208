/*
 * SPDX-License-Identifier: GPL-2.0-only
 * What the chip's machine and its devices know of each other. Registers: proto/map.h;
 * behaviour: docs/chip/.
 */
#ifndef TATU_SOC_H
#define TATU_SOC_H

#include "chardev/char-fe.h"
#include "exec/memory.h"
#include "hw/sysbus.h"
#include "proto/map.h"
#include "qom/object.h"
#include "tatu-board.h"

#define TYPE_TATU_FUSES "tatu-fuses"
#define TYPE_TATU_FLASH "tatu-flash"
#define TYPE_TATU_MAILBOX "tatu-mailbox"
#define TYPE_TATU_SYSCTL "tatu-sysctl"
#define TYPE_TATU_VCTL "tatu-vctl"
#define TYPE_TATU_ENGINE "tatu-vault-engine"
#define TYPE_TATU_PANEL "tatu-panel"
#define TYPE_TATU_RTC "tatu-rtc"
#define TYPE_TATU_DEBUG "tatu-debug"
#define TYPE_TATU_UART "tatu-uart"
#define TYPE_TATU_ISU "tatu-isu"
#define TYPE_TATU_PWM "tatu-pwm"
#define TYPE_TATU_ADC "tatu-adc"

OBJECT_DECLARE_SIMPLE_TYPE(TatuFuses, TATU_FUSES)
OBJECT_DECLARE_SIMPLE_TYPE(TatuFlash, TATU_FLASH)
OBJECT_DECLARE_SIMPLE_TYPE(TatuMailbox, TATU_MAILBOX)
OBJECT_DECLARE_SIMPLE_TYPE(TatuSysctl, TATU_SYSCTL)
OBJECT_DECLARE_SIMPLE_TYPE(TatuVctl, TATU_VCTL)
OBJECT_DECLARE_SIMPLE_TYPE(TatuEngine, TATU_ENGINE)
OBJECT_DECLARE_SIMPLE_TYPE(TatuPanel, TATU_PANEL)
OBJECT_DECLARE_SIMPLE_TYPE(TatuRtc, TATU_RTC)
OBJECT_DECLARE_SIMPLE_TYPE(TatuDebug, TATU_DEBUG)
OBJECT_DECLARE_SIMPLE_TYPE(TatuUart, TATU_UART)
OBJECT_DECLARE_SIMPLE_TYPE(TatuIsu, TATU_ISU)
OBJECT_DECLARE_SIMPLE_TYPE(TatuPwm, TATU_PWM)
OBJECT_DECLARE_SIMPLE_TYPE(TatuAdc, TATU_ADC)

#define TATU_REGISTERS_SIZE 0x1000
#define TATU_SECRET_COUNT 3
#define TATU_SECRET_SIZE 32
#define TATU_GPIO_LINES (TATU_MAP_GPIO_COUNT * TATU_MAP_GPIO_LINES)
#define TATU_PFW_LINES 2 /* interrupts of a guarded peripheral, at most */

/** Every register is one aligned 32-bit word; any other access is a bus error. */
#define TATU_WORD_ACCESS                                                                           \
    {                                                                                              \
        .min_access_size = 4, .max_access_size = 4                                                 \
    }

/** Makes `region` a ROM: reads and fetches are memory, each write is a bus error. */
void tatu_init_rom(MemoryRegion *region, Object *owner, const char *name, uint64_t size);

/** As tatu_init_rom, on a file of that size that others may map. Takes `fd`. */
bool tatu_init_rom_from_fd(MemoryRegion *region, Object *owner, const char *name, uint64_t size,
                           int fd, Error **errp);

/** Tells the guest's author (-d guest_errors) and answers with a bus error. */
MemTxResult tatu_bus_error(const char *device, hwaddr offset);

/** The secret's 32 bytes, or NULL while it is not filled. n < TATU_SECRET_COUNT. */
const uint8_t *tatu_fuses_secret(const TatuFuses *fuses, unsigned n);

/** Until reset: secrets, root hashes, class and implementation id are final. */
void tatu_fuses_lock(TatuFuses *fuses);

/** True while the chip is blank or its class has the lab bit. */
bool tatu_fuses_lab(const TatuFuses *fuses);

/** Until reset: slots of identity and attestation can only be used. */
void tatu_engine_lock(TatuEngine *engine);

/** All slots lose their keys: the tamper pin was raised. */
void tatu_engine_wipe(TatuEngine *engine);

/** The same, and until reset no slot is filled from the fuses: the vault core is open for
 * debugging. */
void tatu_engine_expose(TatuEngine *engine);

/** Restarts the whole chip; the first of several reasons counts. */
void tatu_sysctl_reset_chip(TatuSysctl *sysctl, uint32_t reason);
uint32_t tatu_sysctl_reason(const TatuSysctl *sysctl);

/** Ends the process. */
void tatu_sysctl_power_off(void);

/** Handles a write of TATU_SYSCTL_POWER_OFF or _RESET; false when the word is neither. */
bool tatu_sysctl_power(TatuSysctl *sysctl, uint32_t word, uint32_t reason);

/** True from the reset that begins power down to the one that ends it: no core runs. */
bool tatu_sysctl_is_down(const TatuSysctl *sysctl);

/** The WAKEUP pin shows this level. */
void tatu_sysctl_set_wakeup(TatuSysctl *sysctl, bool level);

/** The board's recovery strap and tamper pin show this level. */
void tatu_vctl_set_recovery(TatuVctl *vctl, bool level);
void tatu_vctl_set_tamper(TatuVctl *vctl, bool level);

/** True while the vault keeps the debug port of the core open: TATU_DEBUG_*. */
bool tatu_vctl_debug_is_open(const TatuVctl *vctl, uint32_t core);

/** Program and erase operations since the process started. */
uint64_t tatu_flash_operations(const TatuFlash *flash);

/** Makes serial unit n; `outside` is the other end of its UART, NULL: nobody. With `motion` its I2C
 * and SPI have sensors. Its interrupts: 0 UART, 1 SPI. */
TatuIsu *tatu_isu_new(Object *parent, unsigned n, Chardev *outside, const TatuMotion *motion);

/** The line of its UART. */
TatuLine *tatu_isu_line(TatuIsu *isu);

/** What a channel puts on its pin. */
typedef struct TatuPwmOutput {
    uint32_t period_ns, duty_ns;
    bool inversed, enabled;
} TatuPwmOutput;

const TatuPwmOutput *tatu_pwm_output(const TatuPwm *pwm, unsigned channel);

/** `changed` is called with `opaque` and `controller` each time when an output has changed. */
void tatu_pwm_watch(TatuPwm *pwm, void (*changed)(void *opaque, unsigned controller, unsigned n),
                    void *opaque, unsigned controller);

/** The voltage at a channel's pin, which outlives resets. */
void tatu_adc_set_microvolts(TatuAdc *adc, unsigned channel, uint32_t microvolts);

/** Refuses to start when a closed chip would stand with a debugging door open. */
void tatu_lab_guard(const TatuFuses *fuses);

#endif
