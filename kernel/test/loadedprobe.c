/* A program that does nothing: with another interpreter, with zeroes behind its code. It must not start. */
void _start(void);

static volatile char zeroes[64];

void _start(void)
{
    for (;;) {
        (void)zeroes[0];
    }
}
