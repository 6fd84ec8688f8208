/* What the files about the network share. */
#ifndef TATU_APPLIBS_NETWORKING_H
#define TATU_APPLIBS_NETWORKING_H

#include <netinet/in.h>

#include "control.h"
#include "proto/network.h"

#pragma GCC visibility push(hidden)

/** A name of an interface, ended and filled with zeros. Returns 0, or -1 and errno: EFAULT, ENOENT
 * no interface can have it. */
int tatu_applibs_put_interface(const char *name, char out[TATU_NET_NAME_SIZE]);

/** Asks what has the name of an interface for its payload, and is answered with `size` bytes. */
int tatu_applibs_ask_interface(uint32_t op, uint32_t a, const char *name, void *out, size_t size);

/** IPv4 in IPv6's form; 0.0.0.0 is none, which is all zero. */
void tatu_applibs_put_address(struct in_addr address, uint8_t out[16]);

/** The length of a mask's prefix; 0 for what is no mask. */
uint8_t tatu_applibs_get_prefix(struct in_addr mask);

/** Copies a text into a field, and zeros behind it. Returns 0, or -1 and errno: EFAULT, ERANGE. */
int tatu_applibs_put_text(const char *text, char *out, size_t size);

#pragma GCC visibility pop

#endif
