/* An answer as it is put together: a status, a type and a body on the heap; JSON is written into
 * it piece by piece. */
#ifndef TATU_GATEWAYD_REPLY_H
#define TATU_GATEWAYD_REPLY_H

#include "base/base.h"

#define TATU_REPLY_MAX 262144u /* bytes of body: some 500 rules of the firewall */

struct tatu_reply {
    uint16_t status;
    bool binary;       /* application/octet-stream, else JSON */
    bool has_restart;  /* the board restarts when the answer is out */
    bool failed;       /* no memory, or over TATU_REPLY_MAX */
    const char *allow; /* methods, for 405 and OPTIONS */
    char *data;
    size_t len;
    size_t cap;
};

void tatu_reply_free(struct tatu_reply *reply);
/** Drops what is there. */
void tatu_reply_clear(struct tatu_reply *reply, uint16_t status);

void tatu_reply_put(struct tatu_reply *reply, const void *bytes, size_t len);
void tatu_reply_put_text(struct tatu_reply *reply, const char *text);
void tatu_reply_format(struct tatu_reply *reply, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* JSON. A comma comes by itself: where the last byte is neither '{', '[' nor ':'. */
void tatu_json_open(struct tatu_reply *reply, const char *key, char bracket); /* key NULL: item */
void tatu_json_close(struct tatu_reply *reply, char bracket);
void tatu_json_put_string(struct tatu_reply *reply, const char *key, const char *text);
/** len bytes that may be anything: what is not UTF-8 becomes U+FFFD. */
void tatu_json_put_bytes(struct tatu_reply *reply, const char *key, struct tatu_span text);
void tatu_json_put_number(struct tatu_reply *reply, const char *key, uint64_t value);
void tatu_json_put_int(struct tatu_reply *reply, const char *key, int64_t value);
void tatu_json_put_bool(struct tatu_reply *reply, const char *key, bool value);
/** The GUID's text. */
void tatu_json_put_guid(struct tatu_reply *reply, const char *key, const uint8_t guid[16]);
void tatu_json_put_hex(struct tatu_reply *reply, const char *key, struct tatu_span bytes);

#endif
