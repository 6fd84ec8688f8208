/*
 * Admission: whether an application may be installed beside the others. What two applications
 * cannot both have (a port, a pin, a peripheral), and what all of them share (storage, flash,
 * memory). The update service asks before anything is committed, appman again before it starts one.
 * Source: docs/protocol/manifest.md.
 */
#ifndef TATU_OS_MANIFEST_ADMISSION_H
#define TATU_OS_MANIFEST_ADMISSION_H

#include "os/manifest/manifest.h"

/* Of all applications together. */
#define TATU_ADMISSION_APP_MAX 16u
#define TATU_ADMISSION_STORAGE_KB_MAX 256u /* half of the store */
#define TATU_ADMISSION_FLASH_MAX 0x100000u /* bytes of file systems */
#define TATU_ADMISSION_RAM_MAX 0x40000u    /* bytes of an application's own, when it starts */
#define TATU_ADMISSION_DEBUGGER_MAX 1u
#define TATU_ADMISSION_REAL_TIME_MAX 0u /* appman starts no real-time core yet */

/** What an image costs. Zero where it is not known, and then not counted. */
struct tatu_manifest_cost {
    uint32_t flash; /* bytes */
    uint32_t ram;   /* bytes of the entry point's writable segments */
};

struct tatu_admission_ports {
    size_t count;
    uint16_t ports[TATU_ADMISSION_APP_MAX * TATU_MANIFEST_PORT_MAX];
};

/** What those who were admitted have taken. Zero is nobody. */
struct tatu_admission {
    uint32_t app_count;
    uint32_t type_count[3]; /* by enum tatu_manifest_type */
    uint32_t storage_kb;
    uint32_t flash;
    uint32_t ram;
    bool gpio[TATU_MANIFEST_GPIO_MAX];                   /* by pin */
    uint8_t peripherals[TATU_MANIFEST_PERIPHERAL_COUNT]; /* a bit for each instance */
    struct tatu_admission_ports tcp;
    struct tatu_admission_ports udp;
};

/**
 * Admits one more application; the first to ask has it.
 *
 * admission   untouched on failure
 * out_number  0, or why not
 *
 * Errors  EXISTS  another application has that port or peripheral
 *         FULL    storage, flash, memory, or their count would be over its limit
 */
enum tatu_err tatu_manifest_admit(struct tatu_admission *admission,
                                  const struct tatu_manifest *manifest,
                                  const struct tatu_manifest_cost *cost, uint32_t *out_number);

/**
 * Reads what decides about an image from its body: the whole tree is checked, the manifest decoded,
 * the entry point looked at.
 *
 * body        the file system; what follows it is not looked at; hostile
 * component   of the image's metadata
 * out_number  0, or why not
 *
 * Errors  those of tatu_proto_open_asxipfs and tatu_manifest_decode
 *         NOT_FOUND  no manifest, or no file where it says the entry point is
 *         FORMAT     the entry point is no 32-bit Arm program
 *         MANIFEST   it is another component's
 */
enum tatu_err tatu_manifest_read_body(struct tatu_span body, const uint8_t component[16],
                                      struct tatu_manifest *out,
                                      struct tatu_manifest_cost *out_cost, uint32_t *out_number);

#endif
