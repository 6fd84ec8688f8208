#include "applibs/pwm.h"

#include <errno.h>

#include "control.h"

int PWM_Open(PWM_ControllerId pwm)
{
    const struct applibs_request request = {.op = TATU_REQUEST_PWM_OPEN, .a = pwm};
    return tatu_applibs_ask_connection(&request);
}

int PWM_Apply(int pwmFd, PWM_ChannelId pwmChannel, const PwmState *newState)
{
    uint8_t state[TATU_REQUEST_PWM_STATE_SIZE], nothing;
    if (newState == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    tatu_put_le32(state, newState->period_nsec);
    tatu_put_le32(state + 4, newState->dutyCycle_nsec);
    tatu_put_le32(state + 8, (uint32_t)newState->polarity);
    tatu_put_le32(state + 12, newState->enabled ? 1 : 0);
    const struct applibs_request request = {
        .op = TATU_REQUEST_PWM_APPLY, .a = pwmChannel, .payload = state, .len = sizeof(state)};
    return tatu_applibs_ask_on(pwmFd, &request, &nothing, 0) < 0 ? -1 : 0;
}
