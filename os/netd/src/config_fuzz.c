#include <stdlib.h>
#include <string.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes over a good file, so that the parts are reached; what is accepted is written as it came. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t file[TATU_CONFIG_FILE_SIZE], again[TATU_CONFIG_FILE_SIZE];
    struct tatu_config config;
    tatu_netd_init_config(&config);
    tatu_netd_encode_config(&config, file);
    for (size_t at = 0; size - at >= 3 && at < size; at += 3) {
        file[(data[at] << 8 | data[at + 1]) % sizeof(file)] = data[at + 2];
    }
    if (tatu_netd_decode_config(TATU_SPAN_OF(file), &config) == TATU_OK) {
        tatu_netd_encode_config(&config, again);
        if (memcmp(file, again, sizeof(file)) != 0) {
            abort();
        }
    }
    return 0;
}
