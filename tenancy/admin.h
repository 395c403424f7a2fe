/*
 * admin: blocking SQL for verbs and for the directory's own thread. Never on a loop. Only for
 * tenancy/.
 */
#ifndef TENANCY_ADMIN_H
#define TENANCY_ADMIN_H

#include <libpq-fe.h>
#include <stdbool.h>

/* A connection to the platform's database: as its administrator, or as the server's own login role.
 * NULL: admin_error says why. */
PGconn *admin_connect(bool as_server);

/* One statement; NULL on failure. PQclear the result. */
PGresult *admin_query(PGconn *pg, const char *sql, int count, const char *const *values);

/* Several statements without parameters; false on failure. */
bool admin_script(PGconn *pg, const char *sql);

const char *admin_cell(const PGresult *r, int row, int column); /* NULL for SQL NULL */
const char *admin_error(void); /* of this thread's last failure, one line */

#endif
