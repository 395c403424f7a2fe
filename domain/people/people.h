/*
 * people: tenants and landlords, who are records of an org.
 *
 * Owns tenants, tenant_tokens, landlords. Contact fields are sealed; names, e-mail addresses and
 * numbers are found through a blind index whose candidates are opened and compared, so a search
 * gives what a substring filter would. Which tenants an account sees is decided by the policy in
 * migration 0005. Start reading at the rows at the end of people_api.c, then in people.sql.
 */
#ifndef DOMAIN_PEOPLE_H
#define DOMAIN_PEOPLE_H

#include "server/endpoint.h"
#include "tenancy/db.h"
#include "tenancy/rotate.h"

struct new_tenant {
    struct str name, email, number_primary, number_work;
    int64_t address_id, account_id; /* NONE without */
};

/* Makes a tenant with its search tokens and gives its id. An agent's tenant without an address
 * belongs to the agent's first branch. */
int64_t people_create_tenant(struct call *c, const struct new_tenant *t, struct uuid *uuid);

struct new_landlord {
    struct str name, email, phone;
    int64_t account_id; /* NONE without a login */
};

/* Makes a landlord's record and gives its id. */
int64_t people_create_landlord(struct call *c, const struct new_landlord *l, struct uuid *uuid);

/* A problem of the field tenants_ids unless each id is of a tenant that the account sees. An empty
 * list is fine. */
void people_require_tenants(struct call *c, struct ints ids);

/* The tenants that jobs concern, by job: columns job_id, id, uuid, tenant_name, tenant_email,
 * tenant_number_primary and tenant_number_work (sealed: row_sealed). Only of jobs that the account
 * sees. */
struct rows *people_of_jobs(struct call *c, struct ints job_ids);

/* Names of one job's tenants with commas between; empty without any. */
struct str people_names_of_job(struct call *c, int64_t job_id);

extern const struct module people_module;
extern const struct sealed_column people_sealed_columns[];

#endif
