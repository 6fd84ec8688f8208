/*
 * Application manifest: app_manifest.json of an image, as Azure Sphere documents it.
 * Source: docs/protocol/manifest.md.
 */
#ifndef TATU_OS_MANIFEST_H
#define TATU_OS_MANIFEST_H

#include "base/base.h"
#include "proto/device_errors.h"

#define TATU_MANIFEST_MAX 16384u   /* bytes of JSON */
#define TATU_MANIFEST_DEPTH_MAX 8u /* of JSON; the parser recurses */
#define TATU_MANIFEST_NAME_MAX 31u /* bytes kept of Name */
#define TATU_MANIFEST_PATH_MAX 100u
#define TATU_MANIFEST_ARG_MAX 15u
#define TATU_MANIFEST_ARG_BYTES 900u
#define TATU_MANIFEST_GPIO_MAX 84u
#define TATU_MANIFEST_HOST_COUNT_MAX 16u
#define TATU_MANIFEST_HOST_MAX 128u
#define TATU_MANIFEST_PORT_MAX 16u /* of TCP, and of UDP */
#define TATU_MANIFEST_PEER_MAX 8u
#define TATU_MANIFEST_STORAGE_KB_MAX 64u
#define TATU_MANIFEST_RUNTIME 12u /* the newest application runtime that this OS has */

enum tatu_manifest_type {
    TATU_MANIFEST_DEFAULT = 0,
    TATU_MANIFEST_REAL_TIME,
    TATU_MANIFEST_DEBUGGER,
};

/** What is either asked for or not: bits of tatu_manifest.capabilities. */
enum tatu_manifest_capability {
    TATU_CAN_CERT_STORE = 1 << 0,
    TATU_CAN_DHCP_SERVICE = 1 << 1,
    TATU_CAN_ENTERPRISE_WIFI_CONFIG = 1 << 2,
    TATU_CAN_HARDWARE_ADDRESS_CONFIG = 1 << 3,
    TATU_CAN_HEAP_MEM_STATS = 1 << 4,
    TATU_CAN_NETWORK_CONFIG = 1 << 5,
    TATU_CAN_READ_NETWORK_PROXY_CONFIG = 1 << 6,
    TATU_CAN_SNTP_SERVICE = 1 << 7,
    TATU_CAN_SOFTWARE_UPDATE_DEFERRAL = 1 << 8,
    TATU_CAN_SYSTEM_EVENT_NOTIFICATIONS = 1 << 9,
    TATU_CAN_SYSTEM_TIME = 1 << 10,
    TATU_CAN_TIME_SYNC_CONFIG = 1 << 11,
    TATU_CAN_WIFI_CONFIG = 1 << 12,
    TATU_CAN_MUTABLE_STORAGE = 1 << 13,
    /* PowerControls */
    TATU_CAN_FORCE_REBOOT = 1 << 14,
    TATU_CAN_FORCE_POWER_DOWN = 1 << 15,
    TATU_CAN_SET_POWER_PROFILE = 1 << 16,
};

enum tatu_manifest_peripheral {
    TATU_MANIFEST_UART = 0,
    TATU_MANIFEST_SPI,
    TATU_MANIFEST_I2C,
    TATU_MANIFEST_PWM,
    TATU_MANIFEST_ADC,
    TATU_MANIFEST_I2S,
    TATU_MANIFEST_PERIPHERAL_COUNT,
};

struct tatu_manifest_ports {
    size_t count;
    uint16_t ports[TATU_MANIFEST_PORT_MAX]; /* none twice */
};

struct tatu_manifest {
    char name[TATU_MANIFEST_NAME_MAX + 1];
    uint8_t component[16];
    enum tatu_manifest_type type;
    uint32_t runtime;        /* TargetApplicationRuntimeVersion; 0: not said */
    uint32_t malloc_version; /* 1 or 2; 0: not said */
    char entry_point[TATU_MANIFEST_PATH_MAX];
    size_t arg_count;
    char args[TATU_MANIFEST_ARG_BYTES]; /* NUL-separated */
    size_t args_len;
    uint32_t capabilities;                               /* TATU_CAN_* */
    bool gpio[TATU_MANIFEST_GPIO_MAX];                   /* by pin */
    uint8_t peripherals[TATU_MANIFEST_PERIPHERAL_COUNT]; /* a bit for each instance */
    size_t host_count;
    char hosts[TATU_MANIFEST_HOST_COUNT_MAX][TATU_MANIFEST_HOST_MAX];
    struct tatu_manifest_ports tcp;
    struct tatu_manifest_ports udp;
    size_t peer_count; /* AllowedApplicationConnections */
    uint8_t peers[TATU_MANIFEST_PEER_MAX][16];
    uint32_t storage_kb; /* MutableStorage */
    bool has_tenant;     /* DeviceAuthentication */
    uint8_t tenant[16];
};

/**
 * Reads a manifest.
 *
 * json        the file's bytes; hostile
 * out         filled on success
 * out_number  0, or on failure why, in the original's numbers; docs/protocol/manifest.md lists them
 *
 * Errors  LONG        over TATU_MANIFEST_MAX
 *         FORMAT      not JSON, or a duplicate key
 *         VERSION     SchemaVersion other than 1, or a runtime that this OS does not have
 *         CAPABILITY  a key of Capabilities that is not documented, or one only the system may ask
 *                     for
 *         TYPE        an ApplicationType that is not documented
 *         MANIFEST    a key that must be there is not, or a value of the wrong kind or range
 * Source  docs/protocol/manifest.md
 */
enum tatu_err tatu_manifest_decode(struct tatu_span json, struct tatu_manifest *out,
                                   uint32_t *out_number);

#endif
