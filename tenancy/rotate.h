/*
 * rotate: new data keys for an org. A new version is wrapped and stored; servers learn of it and
 * seal with it a little later; a task seals again in the background what older versions sealed. All
 * versions stay readable: tables that only grow, stored files and tokens in the hands of clients
 * keep theirs.
 */
#ifndef TENANCY_ROTATE_H
#define TENANCY_ROTATE_H

/* One sealed column of a table, its place (tenancy/keys.h), and the column that holds the record's
 * uuid: NOT NULL, with an index. */
struct sealed_column {
    const char *table, *column, *place, *uuid_column;
};

/* NULL-terminated list of the modules' lists; each ends with an empty element. Tables to which the
 * org's role may not UPDATE are not listed. Before verbs run. */
void rotate_register(const struct sealed_column *const *lists);

#endif
