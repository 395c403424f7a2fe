/*
 * values: the small value types that inputs, SQL arguments and replies share.
 *
 * Each has one way of being absent, so that one field needs no flag beside it: NONE for numbers,
 * the nil uuid, the zero date, FLAG_ABSENT. As SQL arguments the absent ones are NULL.
 */
#ifndef SERVER_VALUES_H
#define SERVER_VALUES_H

#include "server/str.h"

#define NONE INT64_MIN

struct uuid {
    uint8_t bytes[16];
};

/* An exact decimal with two places, in hundredths: money in pence, percentages in hundredths of a
 * per cent. */
struct decimal {
    int64_t hundredths; /* NONE: absent */
};

/* A day in the calendar of Europe/London. */
struct date {
    int16_t year; /* 0: absent */
    uint8_t month, day;
};

/* Packed, so that _Generic (ARG in tenancy/db.h) tells it from int. */
enum __attribute__((packed)) flag { FLAG_ABSENT = -1, FLAG_NO = 0, FLAG_YES = 1 };

struct ints {
    const int64_t *at;
    size_t count;
};

struct texts {
    const struct str *at;
    size_t count;
};

/* One uploaded file of a multipart body. The bytes live as long as the call. */
struct upload {
    struct str name; /* as sent, for display only: never a path */
    struct str type; /* as claimed; content decides */
    struct str bytes;
};

struct uuid uuid_new(void); /* version 7: random, ordered by time */
bool uuid_is_nil(struct uuid u);
bool uuid_equal(struct uuid a, struct uuid b);
bool uuid_parse(struct str text, struct uuid *u); /* 36 characters, either case */
void uuid_print(struct uuid u, char text[static 37]);

bool date_parse(struct str text, struct date *d); /* YYYY-MM-DD, a day that exists, 1900 to 2199 */
bool date_is_absent(struct date d);
bool decimal_parse(
    struct str text, struct decimal *d); /* -?digits[.d[d]], at most 13 digits before the point */
void decimal_print(struct decimal d, char text[static 24]);

#endif
