/*
 * rows: the inside of query results. Only for tenancy/.
 */
#ifndef TENANCY_ROWS_H
#define TENANCY_ROWS_H

#include <libpq-fe.h>

#include "tenancy/db.h"

struct rows {
    PGresult *result; /* NULL: empty */
    const struct statement *of;
    size_t count;
    unsigned extra; /* columns behind the declared ones: a listing's cursor keys */
};

extern const struct rows no_rows;

/* Text of the i-th column behind the declared ones. */
struct str row_extra(const struct rows *r, size_t row, unsigned i);

#endif
