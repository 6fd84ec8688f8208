#include "applibs/powermanagement.h"

#include "control.h"

int PowerManagement_ForceSystemReboot(void)
{
    const struct applibs_request request = {.op = TATU_REQUEST_REBOOT};
    return tatu_applibs_do(&request);
}

int PowerManagement_ForceSystemPowerDown(unsigned int maximum_residency_in_seconds)
{
    const struct applibs_request request = {.op = TATU_REQUEST_POWER_DOWN,
                                            .a = maximum_residency_in_seconds};
    return tatu_applibs_do(&request);
}

int PowerManagement_SetSystemPowerProfile(PowerManagement_System_PowerProfile desired_profile)
{
    const struct applibs_request request = {.op = TATU_REQUEST_POWER_PROFILE,
                                            .a = (uint32_t)desired_profile};
    return tatu_applibs_do(&request);
}
