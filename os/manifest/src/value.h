/* Values of a manifest, one kind each. */
#ifndef TATU_OS_MANIFEST_VALUE_H
#define TATU_OS_MANIFEST_VALUE_H

#include <jansson.h>

#include "os/manifest/manifest.h"
#include "proto/image.h"

/** False: no text that is a GUID; then out is not changed. */
bool tatu_manifest_get_guid(const json_t *value, uint8_t out[16]);

/** An absolute path without empty, "." and ".." parts. */
bool tatu_manifest_is_path(const char *path);

/** A host name, or an IPv4 or IPv6 address, of less than TATU_MANIFEST_HOST_MAX bytes. */
bool tatu_manifest_is_host(const char *text);

bool tatu_manifest_has_port(const struct tatu_manifest_ports *ports, uint16_t port);

/** The bit of "ISU0", "PWM-CONTROLLER-1"... False: this chip has none of that name. */
bool tatu_manifest_find_peripheral(enum tatu_manifest_peripheral what, const char *name,
                                   uint8_t *out_bit);

/** Whether one asks for a serial unit (ISU) that the other, or the same, asks for in another use:
 * it is one of UART, SPI, I2C at a time. Both are bits of instances by peripheral. */
bool tatu_manifest_share_unit(const uint8_t one[TATU_MANIFEST_PERIPHERAL_COUNT],
                              const uint8_t other[TATU_MANIFEST_PERIPHERAL_COUNT]);

#endif
