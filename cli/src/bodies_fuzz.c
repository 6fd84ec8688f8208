/* What a build leaves beside the root file system is text from elsewhere: no line of it may be read
 * past its end, and what is taken is always whole blocks of an image that can exist. */
#include "bodies.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    uint32_t len = 0;
    uint8_t root[32];
    if (tatu_cli_read_verity_text(text, &len, root) == TATU_OK &&
        (len == 0 || len % TATU_VERITY_BLOCK_SIZE != 0 || len > TATU_IMAGE_PACKAGE_MAX)) {
        abort();
    }
    free(text);
    return 0;
}
