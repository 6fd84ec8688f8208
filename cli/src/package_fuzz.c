/* Any bytes as a package: what is shown of one that decodes reads nothing behind its end. */
#include "package.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct tatu_cli_surroundings nowhere = {.config = "/nonexistent"};
    struct tatu_cli cli = {.around = &nowhere, .out = stdout};
    struct tatu_image_info info;
    const char *signer = NULL;
    uint8_t *copy = malloc(size > 0 ? size : 1); /* of its own: a sanitizer sees the end */
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    const struct tatu_span bytes = {copy, size};
    if (tatu_proto_decode_image(bytes, (uint32_t)size, &info) == TATU_OK) {
        json_decref(tatu_cli_describe_package(&info, bytes));
        (void)tatu_cli_find_signer(&cli, "it", bytes, &info, &signer);
    }
    free(copy);
    return 0;
}
