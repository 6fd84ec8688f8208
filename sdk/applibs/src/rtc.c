#include "applibs/rtc.h"

#include "control.h"

int clock_systohc(void)
{
    const struct applibs_request request = {.op = TATU_REQUEST_SET_RTC};
    return tatu_applibs_do(&request);
}
