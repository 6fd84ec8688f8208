/* The system behind /run/control as tests of applibs see it: a real server of requests (os/lib) in
 * a thread, which notes what was asked and answers what it was told. */
#ifndef TATU_SDK_TEST_FAKE_SYSTEM_H
#define TATU_SDK_TEST_FAKE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/request.h"

struct fake_ask {
    uint32_t op;
    uint32_t a;
    uint32_t b;
    uint32_t c;
    uint8_t payload[65536]; /* with what came behind it */
    size_t len;
};

/** The last request, and how many there were since the start. */
extern struct fake_ask fake_asked;
extern unsigned int fake_count;
/** The connection that was kept for events, -1 for none. */
extern int fake_listener;

/** For cmocka: starts and stops the server, and points applibs to it. */
int fake_set_up(void **state);
int fake_tear_down(void **state);

/** From now on each request is answered with this errno; 0: done, with payload. */
void fake_answer(uint32_t number, const void *payload, size_t len);
/** Done, and a descriptor, of /dev/null. */
void fake_answer_descriptor(void);
/** Answers that are none of the protocol. */
void fake_answer_badly(void);
/** The page of a long answer: payload behind the first `a` pieces of `size` bytes, with `count` in
 * front. */
void fake_answer_list(const void *pieces, size_t size, uint32_t count);

/** The last request was exactly this. */
void fake_expect(uint32_t op, uint32_t a, uint32_t b, uint32_t c, const void *payload, size_t len);

/** The call fails with each errno that the server gives. */
void fake_passes_on(int (*call)(void), const int *numbers, size_t count);
#define FAKE_PASSES_ON(call, ...)                                                                  \
    fake_passes_on((call), (const int[]){__VA_ARGS__},                                             \
                   sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

/** The expression is -1 and errno is number. */
#define FAKE_FAILS(number, expression)                                                             \
    do {                                                                                           \
        errno = 0;                                                                                 \
        assert_int_equal((expression), -1);                                                        \
        assert_int_equal(errno, (number));                                                         \
    } while (0)

#endif
