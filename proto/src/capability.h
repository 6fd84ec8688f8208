/* Layout of a capability file. */
#ifndef TATU_PROTO_SRC_CAPABILITY_H
#define TATU_PROTO_SRC_CAPABILITY_H

#include "bytes.h"
#include "proto/capability.h"

#define VERSION 1u
#define INNER_LEN 204u
#define NUMBER_MAX 13u
#define NUMBER_PLACES 70u

_Static_assert(12u + INNER_LEN == TATU_CAPABILITY_SIZE, "three words, then what they count");
_Static_assert(64u + 2u * NUMBER_PLACES == INNER_LEN, "device id and numbers");

#endif
