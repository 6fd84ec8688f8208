/* Comparison of measurements with reference values. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "service/attest/attest.h"

/** Whether the set holds each boot image exactly once. */
bool tatu_attest_is_complete_reference(const struct tatu_reference *reference);

/** Whether evidence measured exactly what the reference lists; a keystore may come in addition. */
bool tatu_attest_matches_reference(const struct tatu_reference *reference,
                                   const struct tatu_evidence *evidence);

/** The release the evidence runs; NOT_FOUND when it is none we know. */
enum tatu_err tatu_attest_find_reference(const struct tatu_call *call,
                                         const struct tatu_evidence *evidence,
                                         struct tatu_reference *out);

#endif
