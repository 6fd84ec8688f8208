/* Looking into evidence before it is decoded as a whole. */
#ifndef TATU_PROTO_SRC_EVIDENCE_FIND_H
#define TATU_PROTO_SRC_EVIDENCE_FIND_H

#include "base/base.h"

/** Errors: LONG, SHORT, FORMAT; VERSION when the profile is not ours. */
enum tatu_err tatu_evidence_check_profile(struct tatu_span in);

#endif
