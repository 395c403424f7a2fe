#include "domain/system/tints.h"

#include <math.h>
#include <stdlib.h>

struct oklch {
    double lightness, chroma, hue;
};

static double to_linear(double v)
{
    v /= 255;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double to_byte(double v)
{
    v = v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
    return v * 255;
}

static struct oklch to_oklch(struct tint t)
{
    double r = to_linear(t.red), g = to_linear(t.green), b = to_linear(t.blue);
    double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    double m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    double s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    double a = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s;
    double c = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s;

    return (struct oklch){
        0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s, hypot(a, c), atan2(c, a)};
}

static bool in_gamut(double v)
{
    return v > -0.5 && v < 255.5;
}

static bool to_rgb(struct oklch k, double rgb[3])
{
    double a = k.chroma * cos(k.hue), b = k.chroma * sin(k.hue);
    double l = pow(k.lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
    double m = pow(k.lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
    double s = pow(k.lightness - 0.0894841775 * a - 1.2914855480 * b, 3);

    rgb[0] = to_byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
    rgb[1] = to_byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
    rgb[2] = to_byte(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
    return in_gamut(rgb[0]) && in_gamut(rgb[1]) && in_gamut(rgb[2]);
}

static unsigned char byte_of(double v)
{
    return (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : lround(v));
}

/* Colours outside of what a screen shows lose chroma, never lightness: lightness carries the
 * contrast. */
static struct tint from_oklch(struct oklch k)
{
    double rgb[3];

    while (!to_rgb(k, rgb) && k.chroma > 0.001)
        k.chroma *= 0.95;
    return (struct tint){byte_of(rgb[0]), byte_of(rgb[1]), byte_of(rgb[2])};
}

static double luminance(struct tint t)
{
    return 0.2126 * to_linear(t.red) + 0.7152 * to_linear(t.green) + 0.0722 * to_linear(t.blue);
}

double tint_contrast(struct tint a, struct tint b)
{
    double x = luminance(a), y = luminance(b);

    return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

bool tint_parse(struct str text, struct tint *t)
{
    char digits[7] = "";

    if (text.len != 7 || text.at[0] != '#')
        return false;
    for (int i = 0; i < 6; i++) {
        char d = text.at[i + 1];
        if (!((d >= '0' && d <= '9') || (d >= 'a' && d <= 'f') || (d >= 'A' && d <= 'F')))
            return false;
        digits[i] = d;
    }
    unsigned long value = strtoul(digits, NULL, 16);
    *t = (struct tint){
        (unsigned char)(value >> 16), (unsigned char)(value >> 8), (unsigned char)value};
    return true;
}

static struct tint darkened_until(struct oklch *k, double contrast)
{
    static const struct tint white = {255, 255, 255};
    struct tint t = from_oklch(*k);

    while (tint_contrast(t, white) < contrast && k->lightness > 0) {
        k->lightness -= 0.005;
        t = from_oklch(*k);
    }
    return t;
}

/* Contrasts with white. The ring's surfaces are not all white, so it has more than its 3:1 there,
 * and so has tint 8, which is text on them. */
enum { RING = 6, FILL = 7, TEXT = 8, DARKEST = 9 };
static const double contrasts[TINTS] = {[RING] = 3.5, [FILL] = 4.5, [TEXT] = 5.5, [DARKEST] = 7};

void tints_make(struct tint brand, struct tint tints[static TINTS])
{
    static const double lightness[TINTS] = {
        0.975, 0.945, 0.90, 0.84, 0.77, 0.69, 0.62, 0.58, 0.47, 0.39};
    static const double chroma[TINTS] = {0.15, 0.25, 0.4, 0.6, 0.8, 0.95, 1, 1, 0.9, 0.75};
    struct oklch base = to_oklch(brand);
    double darker_than = 1;

    for (int i = 0; i < TINTS; i++) {
        struct oklch k = {fmin(lightness[i], darker_than), base.chroma * chroma[i], base.hue};
        /* The colour itself, where white text can be read on it. */
        if (i == FILL)
            k.lightness = fmin(k.lightness, base.lightness);
        tints[i] = contrasts[i] > 0 ? darkened_until(&k, contrasts[i]) : from_oklch(k);
        darker_than = i >= FILL ? fmax(k.lightness - 0.05, 0) : 1;
    }
}
