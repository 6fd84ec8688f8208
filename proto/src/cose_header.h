/* Numbers of COSE that reader and writer share. Source: RFC 9052 §2, §3.1, §4.2; RFC 9053 §2.1. */
#ifndef TATU_PROTO_SRC_COSE_HEADER_H
#define TATU_PROTO_SRC_COSE_HEADER_H

#define TAG_SIGN1 18u
#define SIGN1_PARTS 4u
#define SIGNATURE_LEN 64u
#define HEADER_ALG 1
#define HEADER_CONTENT_TYPE 3
#define HEADER_KID 4
#define ALG_ES256 (-7)

#endif
