#include "tests/unit/a_call.h"

#include "domain/system/tints.h"

enum { COLOURS = 500 };

/* The console's surfaces (css/tokens.css), light and dark, and the colours that nobody draws by
 * chance. */
static const char *const light_surfaces[] = {"#ffffff", "#f5f7f8", "#f0f3f5"};
static const char *const dark_surfaces[] = {"#171c20", "#0f1316", "#1e252a"};
static const char *const edges[] = {"#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff",
    "#ffff00", "#00ffff", "#ff00ff", "#808080", "#010101", "#fefefe"};

static struct tint tint(const char *text)
{
    struct tint t;

    assert_true(tint_parse(str_of(text), &t));
    return t;
}

/* The n-th of colours that look random and are the same in each run. */
static struct tint colour(size_t n)
{
    if (n < countof(edges))
        return tint(edges[n]);
    uint32_t x = (uint32_t)n * 2654435761u;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    return (struct tint){(unsigned char)(x >> 16), (unsigned char)(x >> 8), (unsigned char)x};
}

static void assert_contrast(struct tint of, struct tint a, struct tint b, double least)
{
    double contrast = tint_contrast(a, b);

    if (contrast < least)
        wrong("#%02x%02x%02x: #%02x%02x%02x on #%02x%02x%02x has %.2f:1, not %.1f:1", of.red,
            of.green, of.blue, a.red, a.green, a.blue, b.red, b.green, b.blue, contrast, least);
}

static void white_text_can_be_read_on_every_brand(void **state)
{
    struct tint t[TINTS], white = tint("#ffffff");

    (void)state;
    for (size_t n = 0; n < COLOURS; n++) {
        tints_make(colour(n), t);
        for (int i = 7; i < TINTS; i++)
            assert_contrast(colour(n), white, t[i], 4.5);
    }
}

static void the_ring_and_text_are_seen_on_every_surface(void **state)
{
    struct tint t[TINTS];

    (void)state;
    for (size_t n = 0; n < COLOURS; n++) {
        tints_make(colour(n), t);
        for (size_t i = 0; i < countof(light_surfaces); i++) {
            assert_contrast(colour(n), t[6], tint(light_surfaces[i]), 3.0);
            assert_contrast(colour(n), t[8], tint(light_surfaces[i]), 4.5);
        }
        assert_contrast(colour(n), t[8], t[0], 4.5);
        for (size_t i = 0; i < countof(dark_surfaces); i++)
            assert_contrast(colour(n), t[3], tint(dark_surfaces[i]), 4.5);
    }
}

static void tints_go_from_light_to_dark(void **state)
{
    struct tint t[TINTS], black = tint("#000000");

    (void)state;
    for (size_t n = 0; n < COLOURS; n++) {
        tints_make(colour(n), t);
        for (int i = 1; i < TINTS; i++)
            if (tint_contrast(t[i], black) > tint_contrast(t[i - 1], black) + 0.05)
                wrong("#%02x%02x%02x: tint %d is lighter than the one before", colour(n).red,
                    colour(n).green, colour(n).blue, i);
    }
}

static void a_colour_that_carries_white_text_stays_itself(void **state)
{
    static const char *const brands[] = {"#1f5f8b", "#8a4b1f", "#1f6f5c", "#6b3fa0", "#a02f4b"};
    struct tint t[TINTS];

    (void)state;
    for (size_t i = 0; i < countof(brands); i++) {
        struct tint b = tint(brands[i]);
        tints_make(b, t);
        assert_true(abs(t[7].red - b.red) <= 2 && abs(t[7].green - b.green) <= 2 &&
                    abs(t[7].blue - b.blue) <= 2);
    }
}

static void contrast_is_that_of_the_standard(void **state)
{
    (void)state;
    assert_true(tint_contrast(tint("#000000"), tint("#ffffff")) > 20.99);
    assert_true(tint_contrast(tint("#777777"), tint("#ffffff")) > 4.47 &&
                tint_contrast(tint("#777777"), tint("#ffffff")) < 4.49);
}

static void only_six_digits_are_a_colour(void **state)
{
    static const char *const texts[] = {
        "", "#", "#12345", "#1234567", "123456", "#12345g", "red", "#12 456", "#12345}", "#+12345"};
    struct tint t;

    (void)state;
    for (size_t i = 0; i < countof(texts); i++)
        assert_false(tint_parse(str_of(texts[i]), &t));
    assert_false(tint_parse(NO_STR, &t));
    assert_true(tint_parse(STR("#AbCdEf"), &t));
    assert_true(t.red == 0xab && t.green == 0xcd && t.blue == 0xef);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_text_can_be_read_on_every_brand),
        cmocka_unit_test(the_ring_and_text_are_seen_on_every_surface),
        cmocka_unit_test(tints_go_from_light_to_dark),
        cmocka_unit_test(a_colour_that_carries_white_text_stays_itself),
        cmocka_unit_test(contrast_is_that_of_the_standard),
        cmocka_unit_test(only_six_digits_are_a_colour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
