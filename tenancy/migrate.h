/*
 * migrate: brings the platform schema and orgs' schemas up to date from the files under
 * migrations/. Only for tenancy/.
 */
#ifndef TENANCY_MIGRATE_H
#define TENANCY_MIGRATE_H

#include <libpq-fe.h>
#include <stdbool.h>

/* Reads migrations/org; dies when there is none. The digest of all of them tells whether an org is
 * behind. */
void migrations_load(void);
const char *migrations_digest(void);

/* Roles, platform schema and its migrations. False after a message on stderr. */
bool migrate_platform(PGconn *pg);

/* Applies to one org what it lacks, in one transaction. False after a message on stderr; nothing is
 * then changed. */
bool migrate_org(
    PGconn *pg, const char *id, const char *slug, const char *schema, const char *role);

#endif
