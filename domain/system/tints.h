/*
 * tints: from one brand colour to the ten tints of the console, in OKLCH (Ottosson 2020), from
 * light (0) to dark (9).
 *
 * Whatever the colour: white text has a contrast of at least 4.5:1 on tints 7, 8 and 9; tint 8 as
 * text has it on every light surface and on tint 0, tint 3 on every dark one; and the focus ring,
 * tint 6 in light and tint 3 in dark mode, has 3:1 on every surface (WCAG 2.2, 1.4.3 and 1.4.11).
 */
#ifndef DOMAIN_SYSTEM_TINTS_H
#define DOMAIN_SYSTEM_TINTS_H

#include "server/str.h"

enum { TINTS = 10 };

struct tint {
    unsigned char red, green, blue;
};

/* "#rrggbb"; false for anything else. */
bool tint_parse(struct str text, struct tint *t);
void tints_make(struct tint brand, struct tint tints[static TINTS]);
double tint_contrast(struct tint a, struct tint b); /* 1 to 21 */

#endif
