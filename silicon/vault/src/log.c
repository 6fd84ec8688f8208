#include "log.h"

void tatu_vault_log(struct tatu_vault_chip *chip, const char *text)
{
    while (*text != '\0') {
        tatu_vault_chip_print(chip, *text++);
    }
}

void tatu_vault_log_number(struct tatu_vault_chip *chip, uint32_t number)
{
    char digits[11];
    size_t at = sizeof(digits) - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    tatu_vault_log(chip, digits + at);
}

void tatu_vault_log_hex(struct tatu_vault_chip *chip, const char *who, const char *what,
                        struct tatu_span bytes)
{
    char text[2 * 64 + 1];
    tatu_base_encode_hex(bytes, text);
    tatu_vault_log(chip, who);
    tatu_vault_log(chip, what);
    tatu_vault_log(chip, text);
    tatu_vault_log(chip, "\n");
}

static void begin_set(struct tatu_vault_chip *chip, const char *who, uint8_t set, const char *what)
{
    tatu_vault_log(chip, who);
    static const char *const names[] = {" set A: ", " set B: ", " recovery: "};
    tatu_vault_log(chip, names[set]);
    tatu_vault_log(chip, what);
}

void tatu_vault_log_set(struct tatu_vault_chip *chip, const char *who, uint8_t set,
                        const char *what)
{
    begin_set(chip, who, set, what);
    tatu_vault_log(chip, "\n");
}

void tatu_vault_log_err(struct tatu_vault_chip *chip, const char *who, const char *what,
                        enum tatu_err err)
{
    tatu_vault_log(chip, who);
    tatu_vault_log(chip, what);
    tatu_vault_log(chip, ", ");
    tatu_vault_log(chip, tatu_err_name(err));
    tatu_vault_log(chip, "\n");
}

void tatu_vault_log_verdict(struct tatu_vault_chip *chip, const char *who, uint8_t set,
                            const char *what, enum tatu_err err, uint32_t version)
{
    begin_set(chip, who, set, what);
    if (err != TATU_OK) {
        tatu_vault_log_err(chip, " refused", "", err);
        return;
    }
    tatu_vault_log(chip, " verified, version ");
    tatu_vault_log_number(chip, version);
    tatu_vault_log(chip, "\n");
}
