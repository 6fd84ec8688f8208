#include "fault.h"

static const struct {
    enum tatu_err err;
    uint32_t number;
    uint32_t desk;
} faults[] = {{TATU_OK, 0, 0},
#define ROW(name, err, number, desk) {TATU_ERR_##err, number, desk},
              TATU_NETD_FAULTS(ROW)
#undef ROW
};

enum tatu_err tatu_netd_tell_fault(enum tatu_netd_fault fault, bool desk, uint32_t *out_number)
{
    *out_number = desk ? faults[fault].desk : faults[fault].number;
    return faults[fault].err;
}
