#include "silicon/harness/bare/bare.h"

volatile uint32_t fault;
uint32_t kept_sp;
static uint32_t passed;
static uint32_t failed;
uint8_t *const page = (uint8_t *)PAGE_AT;
uint32_t answer_len;
uint32_t rights = ALL_RIGHTS;

void *memcpy(void *to, const void *from, size_t len)
{
    volatile uint8_t *d = to;
    const uint8_t *s = from;
    while (len-- > 0) {
        *d++ = *s++;
    }
    return to;
}

void *memset(void *to, int byte, size_t len)
{
    volatile uint8_t *d = to;
    while (len-- > 0) {
        *d++ = (uint8_t)byte;
    }
    return to;
}

bool is_same(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a;
    const uint8_t *y = b;
    while (len > 0 && *x == *y) {
        x++;
        y++;
        len--;
    }
    return len == 0;
}

/* ---- console -----------------------------------------------------------------------------------
 */

void print(const char *text)
{
    for (; *text != '\0'; text++) {
        while ((*(volatile uint32_t *)(TATU_MAP_UART_BASE + 0x18) & 0x20) != 0) {
        }
        *(volatile uint32_t *)TATU_MAP_UART_BASE = (uint8_t)*text;
    }
}

void print_number(uint32_t n)
{
    char digits[11];
    int at = 10;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    print(digits + at);
}

void check(bool good, const char *name)
{
    print(good ? "[NS] pass " : "[NS] FAIL ");
    print(name);
    print("\n");
    passed += good;
    failed += !good;
}

void restart(uint32_t function)
{
    uint32_t r[4] = {function, 0, 0, 0};
    print("[NS] ");
    print_number(passed);
    print(" passed, ");
    print_number(failed);
    print(" failed\n");
    smc(r);
}

/* ---- calls -------------------------------------------------------------------------------------
 */

uint32_t call_at(uint32_t address, uint32_t len)
{
    uint32_t r[4] = {TATU_SMC_CALL, address, len, 0};
    smc(r);
    answer_len = r[1];
    return r[0];
}

uint32_t call(uint32_t number, const void *arguments, uint32_t len)
{
    tatu_put_le32(page, number);
    tatu_put_le32(page + 4, rights);
    memcpy(page + HEAD, arguments, len);
    return call_at(PAGE_AT, HEAD + len);
}

uint32_t call_word(uint32_t number, uint32_t word)
{
    uint8_t bytes[4];
    tatu_put_le32(bytes, word);
    return call(number, bytes, sizeof(bytes));
}

uint32_t call_kind(uint32_t number, uint16_t kind, const void *bytes, uint32_t len)
{
    tatu_put_le32(page, number);
    tatu_put_le32(page + 4, rights);
    tatu_put_le32(page + HEAD, kind);
    memcpy(page + HEAD + 4, bytes, len);
    return call_at(PAGE_AT, HEAD + 4 + len);
}
