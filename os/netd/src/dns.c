#include "dns.h"

#include <string.h>

#include "addresses.h"
#include "proto/network.h"

enum { HEADER_SIZE = 12, RECORD_SIZE = 10, LABEL_MAX = 63, ALIAS_MAX = 8, CLASS_INTERNET = 1 };
enum { FLAG_ANSWER = 0x8000, FLAG_OPCODE = 0x7800, FLAG_RECURSION = 0x0100, FLAG_CAN = 0x0080 };

/* A message and how far it was read. */
struct reader {
    struct tatu_span in;
    size_t at;
};

struct record {
    char name[TATU_DNS_NAME_SIZE];
    uint16_t type;
    uint16_t class;
    uint32_t ttl_s;
    size_t data_at;
    size_t data_len;
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static bool is_name_character(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* One label, at `at`, to the end of the text. */
static enum tatu_err put_label(struct tatu_span in, size_t at, char *text, size_t *len)
{
    const size_t label_len = in.data[at];
    if (in.len - at - 1 < label_len) {
        return TATU_ERR_SHORT;
    }
    if (*len + label_len + 2 > TATU_DNS_NAME_SIZE) {
        return TATU_ERR_FORMAT;
    }
    for (size_t i = 0; i < label_len; i++) {
        if (!is_name_character(in.data[at + 1 + i])) {
            return TATU_ERR_FORMAT;
        }
        text[(*len)++] = (char)in.data[at + 1 + i];
    }
    text[(*len)++] = '.';
    return TATU_OK;
}

/* Where the rest of the name is. A pointer may only lead back, so it ends. */
static enum tatu_err follow(struct tatu_span in, size_t at, size_t start, size_t *out_to)
{
    if (in.len - at < 2) {
        return TATU_ERR_SHORT;
    }
    const size_t to = get16(in.data + at) & 0x3fffu;
    if (to >= start) {
        return TATU_ERR_FORMAT;
    }
    *out_to = to;
    return TATU_OK;
}

/* The name at the reader's place, which is behind it afterwards. */
static enum tatu_err get_name(struct reader *reader, char out[TATU_DNS_NAME_SIZE])
{
    char text[TATU_DNS_NAME_SIZE];
    size_t at = reader->at, start = reader->at, len = 0;
    bool jumped = false;
    while (at < reader->in.len && reader->in.data[at] != 0) {
        const uint8_t first = reader->in.data[at];
        if (first > LABEL_MAX && first < 0xc0) {
            return TATU_ERR_FORMAT;
        }
        if (first <= LABEL_MAX) {
            TATU_TRY(put_label(reader->in, at, text, &len));
            at += 1u + first;
            continue;
        }
        size_t to = 0;
        TATU_TRY(follow(reader->in, at, start, &to));
        reader->at = jumped ? reader->at : at + 2;
        jumped = true;
        at = start = to;
    }
    if (at >= reader->in.len) {
        return TATU_ERR_SHORT;
    }
    reader->at = jumped ? reader->at : at + 1;
    len -= len != 0; /* the last dot */
    memcpy(out, text, len);
    out[len] = '\0';
    return TATU_OK;
}

static enum tatu_err get_numbers(struct reader *reader, size_t len, const uint8_t **out)
{
    if (reader->in.len - reader->at < len) {
        return TATU_ERR_SHORT;
    }
    *out = reader->in.data + reader->at;
    reader->at += len;
    return TATU_OK;
}

/* The header's flags; the reader is at the question. */
static enum tatu_err start(struct tatu_span in, struct reader *reader, uint16_t *out_flags)
{
    if (in.len > TATU_DNS_MESSAGE_MAX) {
        return TATU_ERR_LONG;
    }
    if (in.len < HEADER_SIZE) {
        return TATU_ERR_SHORT;
    }
    *reader = (struct reader){in, HEADER_SIZE};
    *out_flags = get16(in.data + 2);
    return (*out_flags & FLAG_OPCODE) == 0 && get16(in.data + 4) == 1 ? TATU_OK : TATU_ERR_FORMAT;
}

static enum tatu_err get_question(struct reader *reader, struct tatu_dns_question *out)
{
    const uint8_t *numbers = NULL;
    TATU_TRY(get_name(reader, out->name));
    TATU_TRY(get_numbers(reader, 4, &numbers));
    out->id = get16(reader->in.data);
    out->type = get16(numbers);
    return get16(numbers + 2) == CLASS_INTERNET ? TATU_OK : TATU_ERR_FORMAT;
}

enum tatu_err tatu_netd_decode_dns_query(struct tatu_span in, struct tatu_dns_question *out)
{
    struct reader reader;
    struct tatu_dns_question question;
    uint16_t flags = 0;
    TATU_TRY(start(in, &reader, &flags));
    if ((flags & FLAG_ANSWER) != 0) {
        return TATU_ERR_FORMAT;
    }
    TATU_TRY(get_question(&reader, &question));
    *out = question;
    return TATU_OK;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t length_of(const char *name)
{
    const size_t len = strlen(name);
    return len != 0 && name[len - 1] == '.' ? len - 1 : len;
}

bool tatu_netd_is_same_name(const char *a, const char *b)
{
    const size_t len = length_of(a);
    if (len != length_of(b)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

static enum tatu_err get_record(struct reader *reader, struct record *out)
{
    const uint8_t *numbers = NULL;
    TATU_TRY(get_name(reader, out->name));
    TATU_TRY(get_numbers(reader, RECORD_SIZE, &numbers));
    out->type = get16(numbers);
    out->class = get16(numbers + 2);
    out->ttl_s = (uint32_t)get16(numbers + 4) << 16 | get16(numbers + 6);
    out->data_len = get16(numbers + 8);
    out->data_at = reader->at;
    return get_numbers(reader, out->data_len, &numbers);
}

static enum tatu_err keep_address(struct tatu_span in, const struct record *record,
                                  struct tatu_dns_answer *answer)
{
    const size_t len = record->type == TATU_DNS_A ? 4 : 16;
    if (record->data_len != len) {
        return TATU_ERR_FORMAT;
    }
    if (answer->count == TATU_DNS_FOUND_MAX) {
        return TATU_OK;
    }
    const uint8_t *data = in.data + record->data_at;
    uint8_t *to = answer->found[answer->count++];
    if (len == 16) {
        memcpy(to, data, len);
    } else {
        tatu_netd_map_ipv4((uint32_t)get16(data) << 16 | get16(data + 2), to);
    }
    return TATU_OK;
}

static void take_ttl(struct tatu_dns_answer *answer, const struct record *record)
{
    if (record->ttl_s < answer->ttl_s) {
        answer->ttl_s = record->ttl_s;
    }
}

/* What the answer says about one name: addresses, or another name to go on with. */
static enum tatu_err read_records(struct reader reader, const struct tatu_dns_question *question,
                                  char name[TATU_DNS_NAME_SIZE], bool *out_alias,
                                  struct tatu_dns_answer *answer)
{
    const size_t count = get16(reader.in.data + 6);
    char next[TATU_DNS_NAME_SIZE];
    *out_alias = false;
    for (size_t i = 0; i < count; i++) {
        struct record record;
        TATU_TRY(get_record(&reader, &record));
        if (record.class != CLASS_INTERNET || !tatu_netd_is_same_name(record.name, name)) {
            continue;
        }
        if (record.type == question->type &&
            (record.type == TATU_DNS_A || record.type == TATU_DNS_AAAA)) {
            TATU_TRY(keep_address(reader.in, &record, answer));
            take_ttl(answer, &record);
        } else if (record.type == TATU_DNS_CNAME) {
            struct reader data = {reader.in, record.data_at};
            TATU_TRY(get_name(&data, next));
            take_ttl(answer, &record);
            *out_alias = true;
        }
    }
    if (*out_alias) {
        memcpy(name, next, sizeof(next));
    }
    return TATU_OK;
}

enum tatu_err tatu_netd_decode_dns_answer(struct tatu_span in,
                                          const struct tatu_dns_question *question,
                                          struct tatu_dns_answer *out)
{
    struct reader reader;
    struct tatu_dns_question told;
    struct tatu_dns_answer answer = {.ttl_s = UINT32_MAX};
    uint16_t flags = 0;
    bool alias = true;
    TATU_TRY(start(in, &reader, &flags));
    if ((flags & FLAG_ANSWER) == 0) {
        return TATU_ERR_FORMAT;
    }
    TATU_TRY(get_question(&reader, &told));
    if (told.id != question->id || told.type != question->type ||
        !tatu_netd_is_same_name(told.name, question->name)) {
        return TATU_ERR_FOREIGN;
    }
    for (size_t i = 0; i < ALIAS_MAX && alias && answer.count == 0; i++) {
        TATU_TRY(read_records(reader, question, told.name, &alias, &answer));
    }
    answer.rcode = (uint8_t)(flags & 0x0f);
    answer.ttl_s = answer.count == 0 ? 0 : answer.ttl_s;
    *out = answer;
    return TATU_OK;
}

/* ---- writing ---- */

static enum tatu_err put16(struct tatu_buf *out, uint16_t value)
{
    const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    return tatu_base_put_bytes(out, TATU_SPAN_OF(bytes));
}

static enum tatu_err put_name(struct tatu_buf *out, const char *name)
{
    size_t len = length_of(name);
    if (len > TATU_DNS_NAME_SIZE - 3) {
        return TATU_ERR_FORMAT;
    }
    while (len != 0) {
        const char *dot = memchr(name, '.', len);
        const size_t label = dot == NULL ? len : (size_t)(dot - name);
        const uint8_t first = (uint8_t)label;
        if (label == 0 || label > LABEL_MAX) {
            return TATU_ERR_FORMAT;
        }
        TATU_TRY(tatu_base_put_bytes(out, (struct tatu_span){&first, 1}));
        TATU_TRY(tatu_base_put_bytes(out, (struct tatu_span){(const uint8_t *)name, label}));
        const size_t used = dot == NULL ? label : label + 1;
        name += used;
        len -= used;
    }
    return tatu_base_put_bytes(out, (struct tatu_span){(const uint8_t *)"", 1});
}

static enum tatu_err put_head(const struct tatu_dns_question *question, uint16_t flags,
                              uint16_t answers, uint16_t more, struct tatu_buf *out)
{
    TATU_TRY(put16(out, question->id));
    TATU_TRY(put16(out, flags));
    TATU_TRY(put16(out, 1));
    TATU_TRY(put16(out, answers));
    TATU_TRY(put16(out, 0));
    TATU_TRY(put16(out, more));
    TATU_TRY(put_name(out, question->name));
    TATU_TRY(put16(out, question->type));
    return put16(out, CLASS_INTERNET);
}

enum tatu_err tatu_netd_encode_dns_query(const struct tatu_dns_question *question,
                                         struct tatu_buf *out)
{
    /* EDNS: no name, how much we take, nothing else */
    static const uint8_t room[] = {
        0, 0, TATU_DNS_OPT, TATU_DNS_MESSAGE_MAX >> 8, TATU_DNS_MESSAGE_MAX & 0xff, 0, 0, 0, 0,
        0, 0};
    struct tatu_dns_question small = *question;
    struct tatu_buf whole = *out;
    for (size_t i = 0; small.name[i] != '\0'; i++) {
        small.name[i] = lower(small.name[i]);
    }
    TATU_TRY(put_head(&small, FLAG_RECURSION, 0, 1, &whole));
    TATU_TRY(tatu_base_put_bytes(&whole, TATU_SPAN_OF(room)));
    *out = whole;
    return TATU_OK;
}

static bool fits_type(const uint8_t address[16], uint16_t type)
{
    return type == (tatu_net_is_ipv4(address) ? TATU_DNS_A : TATU_DNS_AAAA);
}

static enum tatu_err put_record(const struct tatu_dns_question *question, uint32_t ttl_s,
                                const uint8_t address[16], struct tatu_buf *out)
{
    const size_t len = question->type == TATU_DNS_A ? 4 : 16;
    TATU_TRY(put16(out, 0xc000 | HEADER_SIZE)); /* the question's name */
    TATU_TRY(put16(out, question->type));
    TATU_TRY(put16(out, CLASS_INTERNET));
    TATU_TRY(put16(out, (uint16_t)(ttl_s >> 16)));
    TATU_TRY(put16(out, (uint16_t)ttl_s));
    TATU_TRY(put16(out, (uint16_t)len));
    return tatu_base_put_bytes(out, (struct tatu_span){address + 16 - len, len});
}

enum tatu_err tatu_netd_encode_dns_answer(const struct tatu_dns_question *question,
                                          const struct tatu_dns_answer *answer,
                                          struct tatu_buf *out)
{
    struct tatu_buf whole = *out;
    uint16_t count = 0;
    for (size_t i = 0; i < answer->count; i++) {
        count = (uint16_t)(count + fits_type(answer->found[i], question->type));
    }
    TATU_TRY(put_head(question, FLAG_ANSWER | FLAG_RECURSION | FLAG_CAN | answer->rcode, count, 0,
                      &whole));
    for (size_t i = 0; i < answer->count; i++) {
        if (fits_type(answer->found[i], question->type)) {
            TATU_TRY(put_record(question, answer->ttl_s, answer->found[i], &whole));
        }
    }
    *out = whole;
    return TATU_OK;
}
