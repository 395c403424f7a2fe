#include "domain/jobs/jobs_change.h"

#include <string.h>

#include "domain/audit/audit.h"
#include "domain/jobs/jobs.sql.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"
#include "tenancy/outbox.h"

enum { MONEY_MOST = 999999999 };

#define JOB_FIELDS(must)                                                                           \
    FIELD(struct job_input, job_title, TEXT, .required = must, .min = 1, .max = 200),              \
        FIELD(struct job_input, job_description, TEXT, .required = must, .min = 1, .max = 20000),  \
        FIELD(struct job_input, priority_id, INTEGER, .required = must),                           \
        FIELD(struct job_input, status_id, INTEGER, .required = must),                             \
        FIELD(struct job_input, job_type_id, INTEGER, .required = must),                           \
        FIELD(struct job_input, address_id, INTEGER, .required = must),                            \
        FIELD(struct job_input, agent_id, INTEGER,                                                 \
            .help = "An agent's own new jobs are theirs unless another is named"),                 \
        FIELD(struct job_input, contractor_id, INTEGER),                                           \
        FIELD(struct job_input, job_total_budget, DECIMAL, .min = 0, .max = MONEY_MOST),           \
        FIELD(struct job_input, contractor_budget, DECIMAL, .min = 0, .max = MONEY_MOST),          \
        FIELD(struct job_input, vat_percentage, DECIMAL, .min = 0, .max = 100,                     \
            .help = "Default 20"),                                                                 \
        FIELD(struct job_input, total_amount, DECIMAL, .min = 0, .max = 2 * (int64_t)MONEY_MOST,   \
            .help = "Always contractor_budget plus VAT; may be sent and must then agree"),         \
        FIELD(struct job_input, date_works_start_date, DATE, .also = "booked_to_complete"),        \
        FIELD(struct job_input, date_works_end_date, DATE),                                        \
        FIELD(struct job_input, time_range_id, INTEGER),                                           \
        FIELD(struct job_input, access_details, TEXT, .max = 2000),                                \
        FIELD(struct job_input, private_contact_name, TEXT, .max = 200),                           \
        FIELD(struct job_input, private_contact_email, EMAIL, .max = 254),                         \
        FIELD(struct job_input, works_order_ref, TEXT, .max = 100),                                \
        FIELD(struct job_input, invoice_no, TEXT, .max = 100),                                     \
        FIELD(struct job_input, quote_no, TEXT, .max = 100),                                       \
        FIELD(struct job_input, completion_details, TEXT, .max = 10000),                           \
        FIELD(struct job_input, tenants_ids, INTEGERS, .max = 50,                                  \
            .help = "The tenants whom the job concerns")

const struct field job_create_fields[JOB_CREATE_FIELDS] = {JOB_FIELDS(true)};
const struct field job_update_fields[JOB_UPDATE_FIELDS] = {
    FIELD(struct job_input, uuid, UUID, .required = true, .help = "The job"),
    JOB_FIELDS(false),
};

/* The bits of jobs_update's mask, in its order. */
static const char *const changeable[] = {"job_title", "job_description", "priority_id", "status_id",
    "job_type_id", "address_id", "agent_id", "contractor_id", "job_total_budget",
    "contractor_budget", "vat_percentage", "date_works_start_date", "date_works_end_date",
    "time_range_id", "access_details", "private_contact_name", "private_contact_email",
    "works_order_ref", "invoice_no", "quote_no", "completion_details"};

enum { BIT_STATUS = 3, BIT_ADDRESS = 5, BIT_COMPLETION = 20 };

/* A change under way: what was sent, what it refers to, and what the job will be. */
struct change {
    const struct job_input *in;
    int64_t mask;
    bool tenants; /* were sent */
    int64_t branch_id, landlord_account_id;
    enum job_stage stage; /* after the change */
    int64_t contractor_id;
};

static int64_t sent_mask(const struct call *c)
{
    int64_t mask = 0;

    for (size_t i = 0; i < countof(changeable); i++)
        if (call_presence(c, changeable[i]) != ABSENT)
            mask |= (int64_t)1 << i;
    return mask;
}

static bool is_sent(const struct call *c, const char *field)
{
    return call_presence(c, field) != ABSENT;
}

/* What a job cannot be without must not be sent as null. */
static void refuse_null(struct call *c)
{
    for (size_t i = 0; i <= BIT_ADDRESS; i++)
        if (call_presence(c, changeable[i]) == GIVEN_NULL)
            fail_field(c, changeable[i], "cannot be empty");
}

static bool own_branch(const struct call *c, int64_t branch)
{
    for (size_t i = 0; i < c->account->branch_ids.count; i++)
        if (c->account->branch_ids.at[i] == branch)
            return true;
    return c->account->kind != AGENT;
}

/* All references at once, so that every unknown one is named. */
static void check_references(struct call *c, struct change *k)
{
    static const char *const names[] = {
        "priority_id", "job_type_id", "agent_id", "contractor_id", "time_range_id", "tenants_ids"};
    const struct job_input *in = k->in;
    struct rows *r = db_query(c, sql_jobs_references, ARG(in->priority_id), ARG(in->status_id),
        ARG(in->job_type_id), ARG(in->address_id), ARG(in->agent_id), ARG(in->contractor_id),
        ARG(in->time_range_id), ARG(in->tenants_ids));

    if (call_faulted(c))
        return;
    k->branch_id = row_int(r, 0, "branch_id");
    k->landlord_account_id = row_int(r, 0, "landlord_account_id");
    for (size_t i = 0; i < countof(names); i++)
        if (!row_bool(r, 0, names[i]))
            fail_field(c, names[i], "does not exist");
    if (in->status_id != NONE && row_null(r, 0, "stage"))
        fail_field(c, "status_id", "does not exist");
    else if (in->status_id != NONE)
        k->stage = job_stage_of(row_str(r, 0, "stage"));
    if (in->address_id != NONE && (k->branch_id == NONE || !own_branch(c, k->branch_id)))
        fail_field(c, "address_id", "does not exist, or its branch takes no new jobs");
}

static bool is_before(const struct date *a, const struct date *b)
{
    return (a->year * 12 + a->month) * 31 + a->day < (b->year * 12 + b->month) * 31 + b->day;
}

static void check_dates(struct call *c, struct date starts, struct date ends)
{
    if (!date_is_absent(starts) && !date_is_absent(ends) && is_before(&ends, &starts))
        fail_field(c, "date_works_end_date", "is before the start");
}

/* Clients that reckon with binary fractions may be a penny off. */
static void check_total(
    struct call *c, struct decimal sent, struct decimal budget, struct decimal vat)
{
    struct decimal total = job_total(budget, vat);
    char text[24];

    if (sent.hundredths == NONE)
        return;
    if (total.hundredths == NONE)
        return fail_field(c, "total_amount", "follows from contractor_budget, which is missing");
    decimal_print(total, text);
    if (sent.hundredths < total.hundredths - 1 || sent.hundredths > total.hundredths + 1)
        fail_field(c, "total_amount", "is contractor_budget plus VAT: %s", text);
}

static void check_step(struct call *c, const struct change *k, enum job_stage from)
{
    if (call_faulted(c))
        return;
    enum error_id reason = job_move(from, k->stage, c->account->kind);
    if (!reason)
        reason = job_needs(k->stage, k->contractor_id);
    if (reason)
        fail_with(c, reason, "stage %d to %d", (int)from, (int)k->stage);
}

void job_keep_version(struct call *c, int64_t job_id, struct str message)
{
    db_query(c, sql_jobs_commit, ARG(uuid_new()), ARG(job_id), ARG(message), ARG(c->account->id),
        ARG(c->account->name));
}

void job_tell_contractor(struct call *c, const struct job *job)
{
    struct json j;

    db_query(c, sql_jobs_notified, ARG(job->id));
    json_begin(&j, call_buf(c));
    json_object(&j);
    json_member(&j, &FIELD_ID("job_uuid", job->uuid));
    json_member(&j, &FIELD_STR("job_ref", job->reference));
    json_member(&j, &FIELD_INT("contractor_id", job->contractor_id));
    json_member(&j, &FIELD_INT("agent_id", job->agent_id));
    json_object_end(&j);
    outbox_later(c, "job_assigned", job->uuid, buf_view(j.out));
}

/* Names of what was sent, for the version's message and the activity log. */
static struct str names_of(struct call *c, const struct change *k)
{
    struct buf *out = call_buf(c);

    for (size_t i = 0; i < countof(changeable); i++)
        if (k->mask >> i & 1)
            buf_print(out, "%s%s", out->len ? ", " : "", changeable[i]);
    if (k->tenants)
        buf_print(out, "%stenants_ids", out->len ? ", " : "");
    return buf_view(out);
}

static void tell_audit(struct call *c, const struct job *job, struct str changed)
{
    struct json j;

    json_begin(&j, call_buf(c));
    json_object(&j);
    json_member(&j, &FIELD_STR("job_ref", job->reference));
    json_member(&j, &FIELD_STR("fields", changed));
    json_object_end(&j);
    c->audit.details = buf_view(j.out);
    audit_about(c, job->uuid);
}

/* Empty text clears as null does. */
static struct str text_or_none(struct str text)
{
    return text.len ? text : NO_STR;
}

#define SEALED(field) ARG_BYTES(seal(c, "jobs." #field, uuid, text_or_none(in->field)))
#define VALUES_OF(in)                                                                              \
    ARG((in)->job_title), ARG((in)->job_description), ARG((in)->priority_id),                      \
        ARG((in)->status_id), ARG((in)->job_type_id), ARG((in)->address_id), ARG((in)->agent_id),  \
        ARG((in)->contractor_id), ARG((in)->job_total_budget), ARG((in)->contractor_budget),       \
        ARG((in)->vat_percentage), ARG((in)->date_works_start_date),                               \
        ARG((in)->date_works_end_date), ARG((in)->time_range_id), SEALED(access_details),          \
        SEALED(private_contact_name), SEALED(private_contact_email),                               \
        ARG(text_or_none((in)->works_order_ref)), ARG(text_or_none((in)->invoice_no)),             \
        ARG(text_or_none((in)->quote_no)), ARG(text_or_none((in)->completion_details))

static void reply_changed(struct call *c, const char *message, const struct job *job)
{
    reply_done(c, message, FIELD_INT("job_id", job->id), FIELD_ID("job_uuid", job->uuid),
        FIELD_STR("job_ref", job->reference));
}

static struct job insert(struct call *c, const struct job_input *in, const struct change *k)
{
    struct uuid uuid = uuid_new();
    struct str reference = call_print(
        c, "JOB-%lld", (long long)row_int(db_query(c, sql_jobs_number), 0, "number"));
    struct rows *made = db_query(c, sql_jobs_create, ARG(uuid), ARG(reference), ARG(k->branch_id),
        ARG(k->landlord_account_id), ARG(c->account->id), VALUES_OF(in));

    return (struct job){.id = row_int(made, 0, "id"),
        .uuid = uuid,
        .reference = reference,
        .agent_id = in->agent_id,
        .contractor_id = in->contractor_id};
}

void job_create(struct call *c, const struct job_input *sent)
{
    struct job_input *in = call_alloc(c, sizeof *in);

    *in = *sent;
    if (c->account->kind == AGENT && in->agent_id == NONE)
        in->agent_id = c->account->id;
    struct change k = {.in = in, .stage = STAGES, .contractor_id = in->contractor_id};
    check_dates(c, in->date_works_start_date, in->date_works_end_date);
    check_total(c, in->total_amount, in->contractor_budget, in->vat_percentage);
    check_references(c, &k);
    check_step(c, &k, STAGE_NEW);
    struct job job = insert(c, in, &k);
    db_query(c, sql_jobs_tenants_add, ARG(job.id), ARG(in->tenants_ids));
    if (job.contractor_id != NONE)
        job_tell_contractor(c, &job);
    job_keep_version(c, job.id, STR("Created"));
    tell_audit(c, &job, NO_STR);
    reply_changed(c, "Job created successfully", &job);
}

/* A contractor moves the own job along and says how it was done; the rest is the office's. */
static void check_contractors_part(struct call *c, const struct change *k)
{
    int64_t own = (int64_t)1 << BIT_STATUS | (int64_t)1 << BIT_COMPLETION;

    if (!call_faulted(c) && c->account->kind == CONTRACTOR && ((k->mask & ~own) || k->tenants))
        fail(c, JOB_NOT_YOURS_TO_EDIT);
}

static void check_change(struct call *c, struct change *k, const struct job *job)
{
    const struct job_input *in = k->in;

    check_contractors_part(c, k);
    check_dates(c, is_sent(c, "date_works_start_date") ? in->date_works_start_date : job->starts,
        is_sent(c, "date_works_end_date") ? in->date_works_end_date : job->ends);
    check_total(c, in->total_amount,
        is_sent(c, "contractor_budget") ? in->contractor_budget : job->contractor_budget,
        is_sent(c, "vat_percentage") ? in->vat_percentage : job->vat_percentage);
    check_references(c, k);
    check_step(c, k, job->stage);
}

static void write(
    struct call *c, const struct job_input *in, const struct change *k, const struct job *job)
{
    struct uuid uuid = job->uuid;

    db_query(c, sql_jobs_update, ARG(job->id), ARG(k->mask), ARG(k->branch_id),
        ARG(k->landlord_account_id), VALUES_OF(in));
    if (!k->tenants)
        return;
    db_query(c, sql_jobs_tenants_clear, ARG(job->id));
    db_query(c, sql_jobs_tenants_add, ARG(job->id), ARG(in->tenants_ids));
}

void job_update(struct call *c, const struct job_input *in)
{
    struct change k = {.in = in, .mask = sent_mask(c), .tenants = is_sent(c, "tenants_ids")};

    refuse_null(c);
    struct job *job = jobs_require(c, in->uuid);
    int64_t contractor_before = job->contractor_id;
    k.stage = job->stage;
    k.contractor_id = is_sent(c, "contractor_id") ? in->contractor_id : contractor_before;
    check_change(c, &k, job);
    if (k.mask || k.tenants) {
        write(c, in, &k, job);
        job->contractor_id = k.contractor_id;
        job->agent_id = is_sent(c, "agent_id") ? in->agent_id : job->agent_id;
        if (job->contractor_id != NONE && job->contractor_id != contractor_before)
            job_tell_contractor(c, job);
        job_keep_version(c, job->id, call_print(c, "Changed %s", call_copy(c, names_of(c, &k)).at));
    }
    tell_audit(c, job, names_of(c, &k));
    reply_changed(c, "Job updated successfully", job);
}
