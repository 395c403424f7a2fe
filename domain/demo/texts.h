/*
 * texts: names, streets, repairs and what people say about them, for the demo agency. Made up;
 * telephone numbers elsewhere are of the ranges that are kept for drama.
 */
#ifndef DOMAIN_DEMO_TEXTS_H
#define DOMAIN_DEMO_TEXTS_H

enum {
    DEMO_FIRST_NAMES = 40,
    DEMO_LAST_NAMES = 43,
    DEMO_BRANCHES = 3,
    DEMO_STREETS = 12,
    DEMO_REPAIRS = 36,
    DEMO_DETAILS = 14,
    DEMO_ACCESS = 10,
    DEMO_NOTES = 12
};

struct demo_branch {
    const char *name, *code, *address, *city, *dialling, *outward[3], *streets[DEMO_STREETS];
};

/* type: id of the job type, 1 to 9. done: what the contractor writes in the end. */
struct demo_repair {
    int type;
    const char *title, *description, *done;
};

extern const char *const demo_first_names[DEMO_FIRST_NAMES];
extern const char *const demo_last_names[DEMO_LAST_NAMES];
extern const struct demo_branch demo_branches[DEMO_BRANCHES];
extern const struct demo_repair demo_repairs[DEMO_REPAIRS];
extern const char *const demo_details[DEMO_DETAILS]; /* a last sentence of a description */
extern const char *const demo_access[DEMO_ACCESS];
extern const char *const demo_notes[DEMO_NOTES];

#endif
