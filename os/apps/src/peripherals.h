/*
 * Peripherals of applications other than pins: UART, I2C and SPI as a descriptor of the device, PWM
 * and ADC as a connection that stays. Each is one application's alone, for as long as it is open.
 * Source: docs/protocol/peripherals.md §3.
 */
#ifndef TATU_APPS_PERIPHERALS_H
#define TATU_APPS_PERIPHERALS_H

#include "state.h"

/** What a request that opens a peripheral may have: 0, or an errno. Decided by the manifest alone.
 */
int tatu_apps_check_peripheral(const struct tatu_manifest *manifest, const struct tatu_ask *ask);

/** UART_OPEN, I2C_OPEN, SPI_OPEN: fills reply->fd. 0, or an errno. The kernel holds it for who has
 * the descriptor: a lock of the open file, which ends with its last copy. */
int tatu_apps_open_device(struct tatu_app *app, const struct tatu_ask *ask,
                          struct tatu_os_reply *reply);

/** PWM_OPEN, ADC_OPEN: keeps the connection, on which the other requests come. 0, or an errno. */
int tatu_apps_hold_controller(struct tatu_app *app, const struct tatu_os_asked *asked,
                              struct tatu_os_reply *reply);

/** Ends what an application holds: it has ended. */
void tatu_apps_drop_controllers(struct tatu_app *app);

#endif
