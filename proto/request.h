/*
 * Requests between processes of the device OS, and of applications to it: numbers and limits. One
 * request and one answer a connection (SOCK_SEQPACKET, Unix), more where it is said, little-endian:
 *
 *   request  u32 op, u32 a, u32 b, u32 c, then payload
 *   answer   u32 err (enum tatu_err), u32 number, then payload; at most one descriptor
 *
 * `number` is the errno of an application's call, and to the owner's desk Azure Sphere's number
 * (category << 20 | code); 0 when there is none. The code is os/lib/request.h.
 * Source: docs/protocol/requests.md.
 */
#ifndef TATU_PROTO_REQUEST_H
#define TATU_PROTO_REQUEST_H

#include "base/base.h"

#define TATU_REQUEST_HEADER_SIZE 16u
#define TATU_REQUEST_PAYLOAD_MAX 4080u
#define TATU_REQUEST_MAX (TATU_REQUEST_HEADER_SIZE + TATU_REQUEST_PAYLOAD_MAX)
#define TATU_ANSWER_HEADER_SIZE 8u
#define TATU_ANSWER_PAYLOAD_MAX 4088u
#define TATU_ANSWER_MAX (TATU_ANSWER_HEADER_SIZE + TATU_ANSWER_PAYLOAD_MAX)
/* An introduction carries a whole request behind its own header and the component. */
#define TATU_REQUEST_INTRODUCED_MAX (TATU_REQUEST_HEADER_SIZE + 16u + TATU_REQUEST_MAX)

#define TATU_APPMAN_SOCKET "/run/appman.sock"
#define TATU_NETD_SOCKET "/run/netd.sock"
#define TATU_UPDATED_SOCKET "/run/updated.sock"
#define TATU_GATEWAYD_SOCKET "/run/gatewayd.sock"

/* ---- of an application, on /run/control; who serves it is in the upper byte ---- */
enum tatu_request_app {
    TATU_REQUEST_GPIO_INPUT = 1,  /* a = pin -> descriptor of that line */
    TATU_REQUEST_GPIO_OUTPUT = 2, /* a = pin, b = mode, c = first value -> descriptor */
    /* appman */
    TATU_REQUEST_STORAGE_OPEN = 0x10,     /* - -> descriptor of the mutable file */
    TATU_REQUEST_STORAGE_DELETE = 0x11,   /* - -> - */
    TATU_REQUEST_STORAGE_QUOTA = 0x12,    /* - -> u32 bytes used, u32 bytes allowed */
    TATU_REQUEST_MEMORY = 0x20,           /* - -> struct of TATU_REQUEST_MEMORY_SIZE */
    TATU_REQUEST_OS_VERSION = 0x21,       /* - -> text */
    TATU_REQUEST_DEVICEAUTH_READY = 0x22, /* - -> u32 1: its certificate is there and of today */
    TATU_REQUEST_REBOOT = 0x30,           /* - -> - */
    TATU_REQUEST_POWER_DOWN = 0x31,       /* a = seconds until the alarm, 0: none -> - */
    TATU_REQUEST_POWER_PROFILE = 0x32,    /* a = enum tatu_power_profile -> - */
    TATU_REQUEST_EVENTS = 0x40, /* a = mask of TATU_SYSTEM_EVENT_* -> - ; then the connection stays
                                 * and brings messages of TATU_REQUEST_EVENT_SIZE */
    TATU_REQUEST_DEFER = 0x41,  /* a = event, b = minutes -> - */
    TATU_REQUEST_RESUME = 0x42, /* a = event -> - */
    TATU_REQUEST_SET_TIME = 0x50, /* i64 seconds, i32 nanoseconds, u32 0 -> - */
    TATU_REQUEST_SET_RTC = 0x51,  /* - -> - ; the hardware clock becomes the system's */
    /* appman, peripherals: docs/protocol/peripherals.md */
    TATU_REQUEST_UART_OPEN = 0x60, /* a = UART, b = baud, c = form -> descriptor */
    TATU_REQUEST_I2C_OPEN = 0x61,  /* a = unit -> descriptor */
    TATU_REQUEST_SPI_OPEN = 0x62,  /* a = unit, b = chip select, c = 1: active high -> descriptor */
    TATU_REQUEST_PWM_OPEN = 0x63,  /* a = controller -> - ; the connection stays for APPLY */
    TATU_REQUEST_PWM_APPLY = 0x64, /* a = channel, u32 period ns, duty ns, polarity, enabled */
    TATU_REQUEST_ADC_OPEN = 0x65,  /* a = controller -> - ; the connection stays for the next */
    TATU_REQUEST_ADC_READ = 0x66,  /* a = channel -> u32 sample */
    TATU_REQUEST_ADC_BITS = 0x67,  /* a = channel -> u32 bits of a sample */
    TATU_REQUEST_ADC_REFERENCE = 0x68, /* a = channel, b = microvolts -> - */
    /* appman, other applications */
    TATU_REQUEST_CONNECT = 0x70, /* component[16] of a real-time application -> descriptor */
};
#define TATU_REQUEST_COMPONENT_SIZE 16u
#define TATU_REQUEST_UART_FIRST 4u /* the UART of ISU0 */
#define TATU_REQUEST_PWM_STATE_SIZE 16u
#define TATU_REQUEST_NETD_FIRST 0x100u     /* to 0x1ff: proto/network.h */
#define TATU_REQUEST_GATEWAYD_FIRST 0x200u /* to 0x2ff: proto/certstore.h */
#define TATU_REQUEST_APP_END 0x300u

/* u64 total, user mode, peak of user mode: bytes of all customer applications */
#define TATU_REQUEST_MEMORY_SIZE 24u
/* u32 event, status, minutes it can still be deferred by, type */
#define TATU_REQUEST_EVENT_SIZE 16u

/* Azure Sphere's own values. */
enum tatu_power_profile {
    TATU_POWER_SAVER = 0,
    TATU_POWER_BALANCED = 1, /* at each start of the board */
    TATU_POWER_HIGH_PERFORMANCE = 2,
};
enum tatu_system_event {
    TATU_SYSTEM_EVENT_READY = 1,     /* an update is ready to be installed */
    TATU_SYSTEM_EVENT_STARTED = 2,   /* its download began */
    TATU_SYSTEM_EVENT_NO_UPDATE = 4, /* there is none */
};
#define TATU_SYSTEM_EVENT_ALL 7u
enum tatu_system_event_status {
    TATU_SYSTEM_EVENT_NO_STATUS = 0,
    TATU_SYSTEM_EVENT_PENDING = 1, /* it is going to happen, unless it is deferred */
    TATU_SYSTEM_EVENT_FINAL = 2,   /* it is going to happen */
    TATU_SYSTEM_EVENT_DEFERRED = 3,
    TATU_SYSTEM_EVENT_COMPLETE = 4,
};
enum tatu_system_event_type {
    TATU_SYSTEM_EVENT_NO_TYPE = 0,
    TATU_SYSTEM_EVENT_APP = 1,
    TATU_SYSTEM_EVENT_SYSTEM = 2,
};

/* ---- between processes of the OS ---- */

/* To netd and gatewayd, by root alone: an application's connection comes as a descriptor and is to
 * be answered. a = its user; payload = component[16], then the request as it came. No answer. */
#define TATU_REQUEST_INTRODUCE 0x8000u

enum tatu_request_appman {
    TATU_APPMAN_RELOAD =
        0x1000, /* - -> - ; reads LIST_APPS again. a = 1: what is new stays stopped */
    TATU_APPMAN_RESTART = 0x1001,     /* - -> - ; the board */
    TATU_APPMAN_LIST = 0x1002,        /* - -> n * TATU_APPMAN_APP_SIZE: applications */
    TATU_APPMAN_APP_STATE = 0x1003,   /* component[16] -> TATU_APPMAN_APP_SIZE */
    TATU_APPMAN_APP_TRIGGER = 0x1004, /* a = TATU_APPMAN_TRIGGER_*, component[16] -> as APP_STATE */
    TATU_APPMAN_QUOTA = 0x1005,       /* component[16] -> u32 KiB used, u32 KiB allowed */
    TATU_APPMAN_MEMORY = 0x1006,      /* - -> as TATU_REQUEST_MEMORY */
    TATU_APPMAN_APP_LOG = 0x1007,     /* a = position, component[16] -> u32 next position, bytes */
    TATU_APPMAN_UPDATE_EVENT = 0x1008,  /* a = event, b = status, c = type -> u32 1: go on, 0: not
                                         * yet; u32 seconds to ask again in. READY with status 0
                                         * asks; READY with COMPLETE when it is installed */
    TATU_APPMAN_SERVICES = 0x1009,      /* - -> text, a line for each service */
    TATU_APPMAN_OS_VERSION = 0x100a,    /* - -> text */
    TATU_APPMAN_POWER_PROFILE = 0x100b, /* - -> u32 enum tatu_power_profile, u32 percent of the
                                         * processor that applications may use together */
};
enum tatu_appman_trigger {
    TATU_APPMAN_TRIGGER_START = 1,
    TATU_APPMAN_TRIGGER_START_DEBUG = 2,
    TATU_APPMAN_TRIGGER_STOP = 3,
};
/* component[16], image[16], u32 enum tatu_appman_app_state, u32 user, u32 starts, u32 milliseconds
 * from its last end to its last start, char name[32] */
#define TATU_APPMAN_APP_SIZE 80u
enum tatu_appman_app_state {
    TATU_APPMAN_APP_STOPPED = 0, /* by the owner, or not started by an install of its own */
    TATU_APPMAN_APP_WAITING = 1, /* ended; starts again soon */
    TATU_APPMAN_APP_RUNNING = 2,
    TATU_APPMAN_APP_STOPPING = 3,
    TATU_APPMAN_APP_DEBUGGING = 4,
    TATU_APPMAN_APP_REFUSED = 5, /* its manifest cannot be granted here */
};

enum tatu_request_netd {
    TATU_NETD_ALLOW = 0x2000, /* a = user; docs/protocol/os.md: the firewall of one application */
};

/* Of gatewayd and root. */
enum tatu_request_updated {
    TATU_UPDATED_STATE = 0x3000,       /* - -> u32 TATU_UPDATED_IS_*, u32 n,
                                        * n * TATU_UPDATED_IMAGE_SIZE: what is staged */
    TATU_UPDATED_STAGE_BEGIN = 0x3001, /* a = bytes of the package -> - ; ends an open one. The
                                        * connection stays for the others, up to an error */
    TATU_UPDATED_STAGE_DATA = 0x3002,  /* a = offset, bytes in order, whole words but at the end */
    TATU_UPDATED_STAGE_END = 0x3003,   /* - -> n * TATU_UPDATED_IMAGE_SIZE: n = 1, the image, or 0
                                        * when it is there already */
    TATU_UPDATED_INSTALL = 0x3004,     /* a = TATU_UPDATED_AUTO or _MANUAL -> - */
    TATU_UPDATED_REMOVE = 0x3005,      /* component[16] -> - ; also when it is not there */
    TATU_UPDATED_CHECK = 0x3006,       /* - -> - ; asks the service soon */
};
#define TATU_UPDATED_IS_UPDATING 1u /* a deployment is on its way into flash */
#define TATU_UPDATED_IS_STAGED 2u   /* there are images to install */
#define TATU_UPDATED_AUTO 1u        /* what is installed is started */
#define TATU_UPDATED_MANUAL 2u      /* what is new stays stopped */
/* component[16], image[16], u32 image type, u32 bytes of its body, char name[32] */
#define TATU_UPDATED_IMAGE_SIZE 72u

#endif
