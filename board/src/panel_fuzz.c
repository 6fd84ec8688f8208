/* Whatever the chip's side of the panel says, an event is only ever of a line or channel there is.
 */
#include "panel.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_possible(const struct tatu_board_event *event)
{
    switch (event->kind) {
    case TATU_BOARD_EVENT_LINE:
        return event->line.line < TATU_BOARD_LINE_MAX;
    case TATU_BOARD_EVENT_PWM:
        return event->pwm.controller < TATU_BOARD_PWM_MAX &&
               event->pwm.channel < TATU_BOARD_PWM_CHANNEL_MAX;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t begin = 0;
    for (size_t at = 0; at <= size; at++) {
        if (at < size && data[at] != '\n') {
            continue;
        }
        struct tatu_board_event event;
        if (tatu_board_decode_event((struct tatu_span){data + begin, at - begin}, &event) ==
                TATU_OK &&
            !is_possible(&event)) {
            abort();
        }
        begin = at + 1;
    }
    return 0;
}
