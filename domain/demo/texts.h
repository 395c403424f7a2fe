/*
 * texts: names, streets and repairs for the demo agency. Made up; telephone numbers are of the ranges kept for drama.
 */
#ifndef DOMAIN_DEMO_TEXTS_H
#define DOMAIN_DEMO_TEXTS_H

#include <stdint.h>

enum { DEMO_FIRST_NAMES = 40, DEMO_LAST_NAMES = 43, DEMO_STREETS = 32, DEMO_REPAIRS = 16, DEMO_NOTES = 8 };

struct demo_repair {
    int64_t type_id;
    const char *title, *description;
};

extern const char *const demo_first_names[DEMO_FIRST_NAMES];
extern const char *const demo_last_names[DEMO_LAST_NAMES];
extern const char *const demo_streets[DEMO_STREETS];
extern const struct demo_repair demo_repairs[DEMO_REPAIRS];
extern const char *const demo_notes[DEMO_NOTES];

#endif
