/*
 * jobs_change: creating and changing jobs: what may be sent, what is checked, what is written. Only
 * for domain/jobs/.
 */
#ifndef DOMAIN_JOBS_CHANGE_H
#define DOMAIN_JOBS_CHANGE_H

#include "domain/jobs/jobs.h"

/* All that a job can be created with or changed to. `uuid` is for changes only. */
struct job_input {
    struct uuid uuid;
    struct str job_title, job_description;
    int64_t priority_id, status_id, job_type_id, address_id, agent_id, contractor_id;
    struct decimal job_total_budget, contractor_budget, vat_percentage, total_amount;
    struct date date_works_start_date, date_works_end_date;
    int64_t time_range_id;
    struct str access_details, private_contact_name, private_contact_email, works_order_ref,
        invoice_no, quote_no, completion_details;
    struct ints tenants_ids;
};

enum { JOB_CREATE_FIELDS = 23, JOB_UPDATE_FIELDS };
extern const struct field job_create_fields[JOB_CREATE_FIELDS],
    job_update_fields[JOB_UPDATE_FIELDS];

/* Handlers. */
void job_create(struct call *c, const struct job_input *in);
void job_update(struct call *c, const struct job_input *in);

/* Keeps the job as it is now as a version. */
void job_keep_version(struct call *c, int64_t job_id, struct str message);

/* Lets the contractor be told that the job is theirs. */
void job_tell_contractor(struct call *c, const struct job *job);

#endif
