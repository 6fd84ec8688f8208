/*
 * The kernel's credential of a process: who it is and what it may ask the Security Monitor for.
 * Source: docs/protocol/credential.md.
 */
#ifndef TATU_OS_LIB_CREDENTIAL_H
#define TATU_OS_LIB_CREDENTIAL_H

#include "base/base.h"
#include "proto/image.h"

struct tatu_os_credential {
    uint8_t component[16];            /* zero: a process of the OS */
    char tenant[TATU_GUID_TEXT_SIZE]; /* "" for none */
    uint32_t rights;                  /* TATU_RIGHT_* */
};

/**
 * Gives this process a credential in place of appman's, for good; children and the programs it
 * becomes have it too. Needs /proc.
 *
 * Errors    DENIED this is not appman's credential;  IO no /proc, or the kernel has none
 */
enum tatu_err tatu_os_take_credential(const struct tatu_os_credential *credential);

#endif
