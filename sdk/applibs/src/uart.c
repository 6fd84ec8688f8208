#include "applibs/uart.h"

#include <errno.h>
#include <stddef.h>

#include "control.h"

#define MAGIC 0xde2a0000u
#define DEFAULT_BAUD 115200u

void z__UART_InitConfig(UART_Config *uartConfig, uint32_t structVersion)
{
    /* there is nobody to tell: a version that is not there makes what z__UART_Open refuses */
    if (uartConfig == NULL || !tatu_applibs_is_v1(structVersion, MAGIC)) {
        return;
    }
    *uartConfig = (UART_Config){.z__magicAndVersion = MAGIC | 1,
                                .baudRate = DEFAULT_BAUD,
                                .blockingMode = UART_BlockingMode_NonBlocking,
                                .dataBits = UART_DataBits_Eight,
                                .parity = UART_Parity_None,
                                .stopBits = UART_StopBits_One,
                                .flowControl = UART_FlowControl_None};
}

static bool is_config(const UART_Config *config)
{
    return config->z__magicAndVersion == (MAGIC | 1) && config->baudRate != 0 &&
           config->blockingMode == UART_BlockingMode_NonBlocking &&
           config->dataBits >= UART_DataBits_Five && config->dataBits <= UART_DataBits_Eight &&
           config->parity <= UART_Parity_Odd && config->stopBits >= UART_StopBits_One &&
           config->stopBits <= UART_StopBits_Two && config->flowControl <= UART_FlowControl_XONXOFF;
}

int z__UART_Open(UART_Id uartId, const UART_Config *uartConfig)
{
    if (uartConfig == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (!is_config(uartConfig)) {
        return tatu_applibs_fail(EINVAL);
    }
    if (uartId < 0) {
        return tatu_applibs_fail(ENODEV);
    }
    const struct applibs_request request = {
        .op = TATU_REQUEST_UART_OPEN,
        .a = (uint32_t)uartId,
        .b = uartConfig->baudRate,
        .c = uartConfig->dataBits | (uint32_t)uartConfig->parity << 8 |
             (uint32_t)uartConfig->stopBits << 16 | (uint32_t)uartConfig->flowControl << 24};
    return tatu_applibs_ask_descriptor(&request);
}
