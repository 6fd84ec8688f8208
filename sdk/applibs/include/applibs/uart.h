/*
 * UART for high-level applications: read(), write() and poll() on its descriptor, which never
 * blocks. Define UART_STRUCTS_VERSION before this is included; the only version is 1.
 */
#pragma once

#include <stdint.h>

#ifndef UART_STRUCTS_VERSION
#define UART_STRUCTS_VERSION 1
#endif
#if UART_STRUCTS_VERSION != 1
#error "applibs/uart.h: there is no such UART_STRUCTS_VERSION; use 1"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** A UART's number on the chip, as in the hardware definition. */
typedef int UART_Id;

/** Bits per second. */
typedef uint32_t UART_BaudRate_Type;

typedef uint8_t UART_BlockingMode_Type;
typedef enum {
    UART_BlockingMode_NonBlocking = 0,
} UART_BlockingMode;

typedef uint8_t UART_DataBits_Type;
typedef enum {
    UART_DataBits_Five = 5,
    UART_DataBits_Six = 6,
    UART_DataBits_Seven = 7,
    UART_DataBits_Eight = 8,
} UART_DataBits;

typedef uint8_t UART_Parity_Type;
typedef enum {
    UART_Parity_None = 0,
    UART_Parity_Even = 1,
    UART_Parity_Odd = 2,
} UART_Parity;

typedef uint8_t UART_StopBits_Type;
typedef enum {
    UART_StopBits_One = 1,
    UART_StopBits_Two = 2,
} UART_StopBits;

typedef uint8_t UART_FlowControl_Type;
typedef enum {
    UART_FlowControl_None = 0,
    UART_FlowControl_RTSCTS = 1,
    UART_FlowControl_XONXOFF = 2,
} UART_FlowControl;

/** How a UART is opened; made by UART_InitConfig. */
struct z__UART_Config_v1 {
    uint32_t z__magicAndVersion;
    UART_BaudRate_Type baudRate;
    UART_BlockingMode_Type blockingMode;
    UART_DataBits_Type dataBits;
    UART_Parity_Type parity;
    UART_StopBits_Type stopBits;
    UART_FlowControl_Type flowControl;
};
typedef struct z__UART_Config_v1 UART_Config;

/* What programs link to: the functions below, told which version of the struct they use. */
void z__UART_InitConfig(UART_Config *uartConfig, uint32_t structVersion);
int z__UART_Open(UART_Id uartId, const UART_Config *uartConfig);

/** Fills a configuration: 115200 baud, eight data bits, no parity, one stop bit, no flow control.
 */
static inline void UART_InitConfig(UART_Config *uartConfig)
{
    z__UART_InitConfig(uartConfig, UART_STRUCTS_VERSION);
}

/**
 * Opens a UART for this application alone.
 * Returns a file descriptor to be closed with close(), or -1 and errno:
 *   EFAULT  uartConfig is NULL
 *   EINVAL  uartConfig was not made by UART_InitConfig, has a value that does not exist, or a speed
 *           that this UART cannot keep
 *   EACCES  the UART is not in the manifest's Uart capability
 *   EBUSY   it is open already
 *   ENODEV  the chip has no such UART
 *   EIO     the system does not answer
 */
static inline int UART_Open(UART_Id uartId, const UART_Config *uartConfig)
{
    return z__UART_Open(uartId, uartConfig);
}

#ifdef __cplusplus
}
#endif
