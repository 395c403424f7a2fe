/*
 * directory: what verbs ask of the directory beyond org.h. Only for tenancy/.
 */
#ifndef TENANCY_DIRECTORY_H
#define TENANCY_DIRECTORY_H

#include <libpq-fe.h>

#include "tenancy/org.h"

/* Reads the directory over this connection; false when it cannot be read (admin_error says why). */
bool directory_read(PGconn *pg);

/* Reads it once without following changes; dies with a message when it cannot. */
void directory_load(void);

/* An org in any state but erased; NULL when there is none. */
const struct org *org_any_by_slug(struct str slug);

#endif
