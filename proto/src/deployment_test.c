/* The rows that only one of the smaller statements has. */
#include "samples.h"
#include "testing.h"

#define ROOM 2048u

static void endorsement_has_a_class_that_exists(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    for (uint32_t board_class = 0; board_class <= 4; board_class++) {
        struct tatu_buf buf = TATU_BUF_OF(room);
        struct tatu_endorsement e = sample_endorsement();
        bool good = board_class >= 1 && board_class <= 3;
        e.board_class = board_class;
        expect_err("class", tatu_proto_encode_endorsement(&e, &buf),
                   good ? TATU_OK : TATU_ERR_ARGUMENT);
        e.board_class = 1;
        buf.len = 0;
        assert_int_equal(tatu_proto_encode_endorsement(&e, &buf), TATU_OK);
        room[buf.len - 7] = (uint8_t)board_class; /* before 05 1a and four bytes of time */
        expect_err("class", tatu_proto_decode_endorsement((struct tatu_span){room, buf.len}, &e),
                   good ? TATU_OK : TATU_ERR_FORMAT);
    }
}

static void make_many(struct tatu_deployment *d)
{
    d->image_count = TATU_EVIDENCE_APP_MAX + 1;
}
static void make_none_with_images(struct tatu_deployment *d)
{
    memset(d->deployment, 0, 16);
}
static void make_empty_image(struct tatu_deployment *d)
{
    d->images[1].size_bytes = 0;
}
static void make_large_image(struct tatu_deployment *d)
{
    d->images[1].size_bytes = 0x300001;
}
static void make_component_twice(struct tatu_deployment *d)
{
    memset(d->images[1].component, 0x60, 16);
}

static void deployment_is_not_written_when_it_would_not_be_read(void **state)
{
    (void)state;
    static void (*const spoilers[])(struct tatu_deployment *) = {
        make_many, make_none_with_images, make_empty_image, make_large_image, make_component_twice,
    };
    for (size_t i = 0; i < TATU_COUNT_OF(spoilers); i++) {
        uint8_t room[ROOM];
        struct tatu_buf buf = TATU_BUF_OF(room);
        struct tatu_deployment d = sample_deployment();
        spoilers[i](&d);
        assert_int_equal(tatu_proto_encode_deployment(&d, &buf), TATU_ERR_ARGUMENT);
        assert_int_equal(buf.len, 0);
    }
}

/* Offsets in the sample: 67 + 1 + 1 deployment id; image list from the end: 2 x 72 bytes */
static void deployment_refuses_each_error(void **state)
{
    (void)state;
    uint8_t room[TATU_DEPLOYMENT_MAX + 1] = {0};
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_deployment d = sample_deployment();
    struct tatu_deployment out;
    assert_int_equal(tatu_proto_encode_deployment(&d, &buf), TATU_OK);
    size_t list_at = buf.len - 2 * 72 - 1;
    size_t image2_at = list_at + 1 + 72;
    const struct spoil spoils[] = {
        {"too many images", list_at, 1, 0x91, TATU_ERR_LONG},
        {"an image fewer", list_at, 1, 0x81, TATU_ERR_FORMAT},
        {"an image of three parts", list_at + 1, 1, 0x83, TATU_ERR_FORMAT},
        {"a size in its longest form", image2_at + 35, 1, 0x1a, TATU_ERR_FORMAT},
        {"a size that is text", image2_at + 35, 1, 0x62, TATU_ERR_FORMAT},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(spoils); i++) {
        memset(&out, UNTOUCHED, sizeof(out));
        buf.len = 0;
        assert_int_equal(tatu_proto_encode_deployment(&d, &buf), TATU_OK);
        spoil_bytes(room, &spoils[i]);
        expect_err(spoils[i].promise,
                   tatu_proto_decode_deployment((struct tatu_span){room, buf.len}, &out),
                   spoils[i].err);
        assert_true(is_untouched(&out, sizeof(out)));
    }
    buf.len = 0;
    assert_int_equal(tatu_proto_encode_deployment(&d, &buf), TATU_OK);
    memset(room + image2_at + 19, 0x60, 16);
    expect_err("one component twice",
               tatu_proto_decode_deployment((struct tatu_span){room, buf.len}, &out),
               TATU_ERR_FORMAT);
    memset(room + image2_at + 19, 0x61, 16);
    memset(room + 1 + 1 + 66 + 1 + 1, 0, 16);
    expect_err("no deployment, but images",
               tatu_proto_decode_deployment((struct tatu_span){room, buf.len}, &out),
               TATU_ERR_FORMAT);
    expect_err("over the maximum", tatu_proto_decode_deployment(TATU_SPAN_OF(room), &out),
               TATU_ERR_LONG);
}

static void deployment_of_nothing_is_one(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_deployment d = sample_deployment();
    struct tatu_deployment back;
    memset(d.deployment, 0, 16);
    d.image_count = 0;
    assert_int_equal(tatu_proto_encode_deployment(&d, &buf), TATU_OK);
    assert_int_equal(tatu_proto_decode_deployment((struct tatu_span){room, buf.len}, &back),
                     TATU_OK);
    assert_int_equal(back.image_count, 0);
}

static void reference_refuses_each_error(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_reference r = sample_reference();
    struct tatu_reference out;
    assert_int_equal(tatu_proto_encode_reference(&r, &buf), TATU_OK);
    size_t list_at = 1 + 1 + 6 + 1 + 34 + 1;
    const struct spoil spoils[] = {
        {"a space in the release", 4, 1, ' ', TATU_ERR_FORMAT},
        {"a NUL in the release", 4, 1, 0, TATU_ERR_FORMAT},
        {"an empty release", 2, 1, 0x60, TATU_ERR_FORMAT},
        {"too many measurements", list_at, 1, 0x89, TATU_ERR_LONG},
        {"an image type without a name", list_at + 2, 1, 3, TATU_ERR_FORMAT},
        {"an image type twice", list_at + 2, 1, 4, TATU_ERR_FORMAT},
        {"current as a number", (uint32_t)buf.len - 1, 1, 1, TATU_ERR_FORMAT},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(spoils); i++) {
        memset(&out, UNTOUCHED, sizeof(out));
        buf.len = 0;
        assert_int_equal(tatu_proto_encode_reference(&r, &buf), TATU_OK);
        spoil_bytes(room, &spoils[i]);
        expect_err(spoils[i].promise,
                   tatu_proto_decode_reference((struct tatu_span){room, buf.len}, &out),
                   spoils[i].err);
        assert_true(is_untouched(&out, sizeof(out)));
    }
}

static void reference_without_measurements_is_none(void **state)
{
    (void)state;
    static const uint8_t head[] = {0xa4, 0x01, 0x61, 'r', 0x02, 0x58, 0x20};
    uint8_t room[sizeof(head) + 32 + 4] = {0};
    struct tatu_reference out;
    memcpy(room, head, sizeof(head));
    memcpy(room + sizeof(head) + 32, "\x03\x80\x04\xf5", 4);
    assert_int_equal(tatu_proto_decode_reference(TATU_SPAN_OF(room), &out), TATU_ERR_FORMAT);
}

static void release_of_33_is_long(void **state)
{
    (void)state;
    uint8_t room[ROOM] = {0xa4, 0x01, 0x78, 0x21};
    struct tatu_reference out;
    memset(room + 4, 'r', 33);
    assert_int_equal(tatu_proto_decode_reference(TATU_SPAN_OF(room), &out), TATU_ERR_LONG);
}

static void reference_is_not_written_when_it_would_not_be_read(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_reference r = sample_reference();
    r.release[0] = '\0';
    assert_int_equal(tatu_proto_encode_reference(&r, &buf), TATU_ERR_ARGUMENT);
    memset(r.release, 'r', sizeof(r.release));
    assert_int_equal(tatu_proto_encode_reference(&r, &buf), TATU_ERR_ARGUMENT);
    r = sample_reference();
    r.measurement_count = TATU_MEASUREMENT_MAX + 1;
    assert_int_equal(tatu_proto_encode_reference(&r, &buf), TATU_ERR_ARGUMENT);
    r.measurement_count = 0;
    assert_int_equal(tatu_proto_encode_reference(&r, &buf), TATU_ERR_ARGUMENT);
    r = sample_reference();
    r.measurements[1].image_type = 5;
    assert_int_equal(tatu_proto_encode_reference(&r, &buf), TATU_ERR_ARGUMENT);
    assert_int_equal(buf.len, 0);
}

static void deployment_meets_its_limits(void **state)
{
    (void)state;
    static uint8_t room[TATU_DEPLOYMENT_MAX];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_deployment d = sample_deployment();
    struct tatu_deployment back;
    d.image_count = TATU_EVIDENCE_APP_MAX;
    for (size_t i = 0; i < d.image_count; i++) {
        memset(d.images[i].component, (int)i, 16);
        d.images[i].size_bytes = 0x300000;
    }
    assert_int_equal(tatu_proto_encode_deployment(&d, &buf), TATU_OK);
    assert_int_equal(tatu_proto_decode_deployment((struct tatu_span){room, buf.len}, &back),
                     TATU_OK);
    assert_int_equal(back.images[15].size_bytes, 0x300000);
    /* 4096 bytes are not too long, only not a deployment */
    assert_int_equal(tatu_proto_decode_deployment(TATU_SPAN_OF(room), &back), TATU_ERR_FORMAT);
}

static void release_meets_its_limits(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_reference r = sample_reference();
    struct tatu_reference back;
    memset(r.release, '~', 32);
    r.release[0] = '!';
    assert_int_equal(tatu_proto_encode_reference(&r, &buf), TATU_OK);
    assert_int_equal(tatu_proto_decode_reference((struct tatu_span){room, buf.len}, &back),
                     TATU_OK);
    assert_string_equal(back.release, r.release);
    r.release[0] = 0x7f;
    assert_int_equal(tatu_proto_encode_reference(&r, &buf), TATU_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endorsement_has_a_class_that_exists),
        cmocka_unit_test(deployment_is_not_written_when_it_would_not_be_read),
        cmocka_unit_test(deployment_refuses_each_error),
        cmocka_unit_test(deployment_of_nothing_is_one),
        cmocka_unit_test(reference_refuses_each_error),
        cmocka_unit_test(reference_without_measurements_is_none),
        cmocka_unit_test(release_of_33_is_long),
        cmocka_unit_test(reference_is_not_written_when_it_would_not_be_read),
        cmocka_unit_test(deployment_meets_its_limits),
        cmocka_unit_test(release_meets_its_limits),
    };
    return cmocka_run_group_tests_name("deployment", tests, NULL, NULL);
}
