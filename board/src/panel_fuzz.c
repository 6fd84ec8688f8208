/* Whatever the chip's side of the panel says, a change is only ever a known line and a level. */
#include "panel.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t begin = 0;
    for (size_t at = 0; at <= size; at++) {
        if (at < size && data[at] != '\n') {
            continue;
        }
        struct tatu_board_change change = {.line = 0xff};
        if (tatu_board_decode_change((struct tatu_span){data + begin, at - begin}, &change) ==
                TATU_OK &&
            change.line >= TATU_BOARD_LINE_MAX) {
            abort();
        }
        begin = at + 1;
    }
    return 0;
}
