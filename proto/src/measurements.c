#include "proto/image.h"
#include "statement.h"

bool tatu_measurements_are_sound(const struct tatu_measurement *measurements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (tatu_proto_image_type_name(measurements[i].image_type) == NULL) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (measurements[i].image_type == measurements[j].image_type) {
                return false;
            }
        }
    }
    return true;
}
