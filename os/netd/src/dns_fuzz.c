#include <stdlib.h>
#include <string.h>

#include "dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
    if (memchr(name, '\0', TATU_DNS_NAME_SIZE) == NULL) {
        abort();
    }
}

/* What is read can be written, and then says the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct tatu_span in = {data, size};
    struct tatu_dns_question question, again;
    struct tatu_dns_answer answer;
    uint8_t room[TATU_DNS_MESSAGE_MAX];
    struct tatu_buf out = TATU_BUF_OF(room);
    /* the question of an answer is its own */
    uint8_t copy[TATU_DNS_MESSAGE_MAX];
    if (size < 12 || size > sizeof(copy)) {
        return 0;
    }
    memcpy(copy, data, size);
    copy[2] &= 0x7f;
    if (tatu_netd_decode_dns_query((struct tatu_span){copy, size}, &question) != TATU_OK) {
        return 0;
    }
    check_name(question.name);
    if (tatu_netd_encode_dns_query(&question, &out) == TATU_OK &&
        (tatu_netd_decode_dns_query((struct tatu_span){out.data, out.len}, &again) != TATU_OK ||
         !tatu_netd_is_same_name(again.name, question.name))) {
        abort();
    }
    if (tatu_netd_decode_dns_answer(in, &question, &answer) == TATU_OK &&
        answer.count > TATU_DNS_FOUND_MAX) {
        abort();
    }
    return 0;
}
