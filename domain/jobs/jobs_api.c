#include "domain/audit/audit.h"
#include "domain/jobs/jobs.h"
#include "domain/jobs/jobs.sql.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"

struct list_jobs {
    struct list_input list;
    struct str search;
    int64_t status_id, priority_id, job_type_id, agent_id, contractor_id, created_by;
    enum flag has_photos, has_documents;
};

static const struct field list_fields[] = {
    FIELD(struct list_jobs, search, TEXT, .max = 100, .help = "In title, reference and description"),
    FIELD(struct list_jobs, status_id, INTEGER),
    FIELD(struct list_jobs, priority_id, INTEGER),
    FIELD(struct list_jobs, job_type_id, INTEGER),
    FIELD(struct list_jobs, agent_id, INTEGER),
    FIELD(struct list_jobs, contractor_id, INTEGER),
    FIELD(struct list_jobs, created_by, INTEGER),
    FIELD(struct list_jobs, has_photos, BOOLEAN),
    FIELD(struct list_jobs, has_documents, BOOLEAN),
    LIST_FIELDS(struct list_jobs, 200),
};

struct one_job {
    struct uuid uuid;
};

static const struct field one_job_fields[] = {
    FIELD(struct one_job, uuid, UUID, .required = true, .help = "The job"),
};

/* All that a job can be created with or changed to. `uuid` is for changes only. */
struct job_input {
    struct uuid uuid;
    struct str job_title, job_description;
    int64_t priority_id, status_id, job_type_id, address_id, agent_id, contractor_id;
    struct decimal job_total_budget, contractor_budget, vat_percentage;
    struct date date_works_start_date, date_works_end_date;
    int64_t time_range_id;
    struct str access_details, private_contact_name, private_contact_email, works_order_ref, invoice_no, quote_no, completion_details;
    struct ints tenants_ids;
};

#define MONEY_MOST 9999999999999
#define JOB_FIELDS(must) \
    FIELD(struct job_input, job_title, TEXT, .required = must, .min = 1, .max = 200), \
    FIELD(struct job_input, job_description, TEXT, .required = must, .min = 1, .max = 10000), \
    FIELD(struct job_input, priority_id, INTEGER, .required = must), \
    FIELD(struct job_input, status_id, INTEGER, .required = must), \
    FIELD(struct job_input, job_type_id, INTEGER, .required = must), \
    FIELD(struct job_input, address_id, INTEGER, .required = must), \
    FIELD(struct job_input, agent_id, INTEGER), \
    FIELD(struct job_input, contractor_id, INTEGER), \
    FIELD(struct job_input, job_total_budget, DECIMAL, .min = 0, .max = MONEY_MOST), \
    FIELD(struct job_input, contractor_budget, DECIMAL, .min = 0, .max = MONEY_MOST), \
    FIELD(struct job_input, vat_percentage, DECIMAL, .min = 0, .max = 100, .help = "Default 20"), \
    FIELD(struct job_input, date_works_start_date, DATE, .also = "booked_to_complete"), \
    FIELD(struct job_input, date_works_end_date, DATE), \
    FIELD(struct job_input, time_range_id, INTEGER), \
    FIELD(struct job_input, access_details, TEXT, .max = 2000), \
    FIELD(struct job_input, private_contact_name, TEXT, .max = 200), \
    FIELD(struct job_input, private_contact_email, EMAIL, .max = 254), \
    FIELD(struct job_input, works_order_ref, TEXT, .max = 100), \
    FIELD(struct job_input, invoice_no, TEXT, .max = 100), \
    FIELD(struct job_input, quote_no, TEXT, .max = 100), \
    FIELD(struct job_input, completion_details, TEXT, .max = 10000), \
    FIELD(struct job_input, tenants_ids, INTEGERS, .max = 50, .help = "The tenants whom the job concerns")

static const struct field create_fields[] = {JOB_FIELDS(true)};
static const struct field update_fields[] = {
    FIELD(struct job_input, uuid, UUID, .required = true, .help = "The job"),
    JOB_FIELDS(false),
};

/* The bits of jobs_update's mask, in its order. */
static const char *const updatable[] = {"job_title", "job_description", "priority_id", "status_id", "job_type_id", "address_id",
    "agent_id", "contractor_id", "job_total_budget", "contractor_budget", "vat_percentage", "date_works_start_date",
    "date_works_end_date", "time_range_id", "access_details", "private_contact_name", "private_contact_email", "works_order_ref",
    "invoice_no", "quote_no", "completion_details"};

enum { BIT_TITLE = 0, BIT_TYPE = 4, BIT_STATUS = 3, BIT_ADDRESS = 5, BIT_COMPLETION = 20 };

static int64_t sent_mask(const struct call *c)
{
    int64_t mask = 0;

    for (size_t i = 0; i < countof(updatable); i++)
        if (call_presence(c, updatable[i]) != ABSENT)
            mask |= (int64_t)1 << i;
    return mask;
}

/* What cannot be cleared must not be sent empty. */
static void refuse_empty(struct call *c)
{
    for (size_t i = BIT_TITLE; i <= BIT_ADDRESS; i++)
        if (call_presence(c, updatable[i]) == GIVEN_NULL)
            fail_field(c, updatable[i], "cannot be empty");
}

/* All references at once, so that every unknown one is named. */
static struct rows *check_references(struct call *c, const struct job_input *in)
{
    struct rows *r = db_query(c, sql_jobs_references, ARG(in->priority_id), ARG(in->status_id), ARG(in->job_type_id), ARG(in->address_id),
        ARG(in->agent_id), ARG(in->contractor_id), ARG(in->time_range_id), ARG(in->tenants_ids));
    static const char *const flags[] = {"priority_id", "job_type_id", "agent_id", "contractor_id", "time_range_id", "tenants_ids"};

    if (call_faulted(c))
        return r;
    for (size_t i = 0; i < countof(flags); i++)
        if (!row_bool(r, 0, flags[i]))
            fail_field(c, flags[i], "does not exist");
    if (in->status_id != NONE && row_null(r, 0, "stage"))
        fail_field(c, "status_id", "does not exist");
    if (in->address_id != NONE && row_null(r, 0, "branch_id"))
        fail_field(c, "address_id", "does not exist, or its branch takes no new jobs");
    return r;
}

static bool own_branch(const struct call *c, int64_t branch)
{
    for (size_t i = 0; i < c->account->branch_ids.count; i++)
        if (c->account->branch_ids.at[i] == branch)
            return true;
    return c->account->kind != AGENT;
}

static void check_dates(struct call *c, const struct job_input *in)
{
    const struct date *a = &in->date_works_start_date, *b = &in->date_works_end_date;

    if (date_is_absent(*a) || date_is_absent(*b))
        return;
    if ((b->year * 400 + b->month * 31 + b->day) < (a->year * 400 + a->month * 31 + a->day))
        fail_field(c, "date_works_end_date", "is before the start");
}

static void keep_version(struct call *c, int64_t job_id, const char *message)
{
    db_query(c, sql_jobs_commit, ARG(uuid_new()), ARG(job_id), ARG(message), ARG(c->account->id), ARG(c->account->name));
}

static void write_values(struct call *c, const struct job_input *in, int64_t id, struct uuid uuid, int64_t mask, struct rows *references)
{
    db_query(c, sql_jobs_update, ARG(id), ARG(mask), ARG(in->job_title), ARG(in->job_description), ARG(in->priority_id), ARG(in->status_id),
        ARG(in->job_type_id), ARG(in->address_id), ARG(row_int(references, 0, "branch_id")), ARG(row_int(references, 0, "landlord_account_id")),
        ARG(in->agent_id), ARG(in->contractor_id), ARG(in->job_total_budget), ARG(in->contractor_budget), ARG(in->vat_percentage),
        ARG(in->date_works_start_date), ARG(in->date_works_end_date), ARG(in->time_range_id),
        ARG_BYTES(seal(c, "jobs.access_details", uuid, in->access_details)),
        ARG_BYTES(seal(c, "jobs.private_contact_name", uuid, in->private_contact_name)),
        ARG_BYTES(seal(c, "jobs.private_contact_email", uuid, in->private_contact_email)), ARG(in->works_order_ref), ARG(in->invoice_no),
        ARG(in->quote_no), ARG(in->completion_details));
    if (call_presence(c, "tenants_ids") == ABSENT)
        return;
    db_query(c, sql_jobs_tenants_clear, ARG(id));
    db_query(c, sql_jobs_tenants_add, ARG(id), ARG(in->tenants_ids));
}

static void create(struct call *c, const struct job_input *in)
{
    struct uuid uuid = uuid_new();

    check_dates(c, in);
    struct rows *references = check_references(c, in);
    int64_t branch = row_int(references, 0, "branch_id");
    enum job_stage stage = job_stage_of(row_str(references, 0, "stage"));
    if (!call_faulted(c) && stage != STAGE_NEW && !job_stage_allows(STAGE_NEW, stage, c->account->kind))
        return fail_field(c, "status_id", "a new job cannot begin there");
    if (!call_faulted(c) && !own_branch(c, branch))
        return fail_field(c, "address_id", "does not exist, or its branch takes no new jobs");
    struct str reference = call_print(c, "JOB-%lld", (long long)row_int(db_query(c, sql_jobs_number), 0, "number"));
    struct rows *made = db_query(c, sql_jobs_create, ARG(uuid), ARG(reference), ARG(branch), ARG(row_int(references, 0, "landlord_account_id")),
        ARG(c->account->id), ARG(in->job_title), ARG(in->job_description), ARG(in->priority_id), ARG(in->status_id), ARG(in->job_type_id),
        ARG(in->address_id));
    int64_t id = row_int(made, 0, "id");
    write_values(c, in, id, uuid, sent_mask(c), references);
    keep_version(c, id, "Created");
    audit_about(c, uuid);
    reply_done(c, "Job created successfully", FIELD_INT("job_id", id), FIELD_ID("job_uuid", uuid), FIELD_STR("job_ref", reference));
}

/* A contractor moves the own job along and says how it was done; the rest is the office's. */
static void check_contractors_part(struct call *c, int64_t mask)
{
    int64_t own = (int64_t)1 << BIT_STATUS | (int64_t)1 << BIT_COMPLETION;

    if (c->account->kind == CONTRACTOR && ((mask & ~own) || call_presence(c, "tenants_ids") != ABSENT))
        fail(c, JOB_NOT_YOURS_TO_EDIT);
}

static void check_move(struct call *c, const struct job *job, int64_t mask, struct rows *references)
{
    enum job_stage to = job_stage_of(row_str(references, 0, "stage"));
    bool moves = (mask >> BIT_STATUS & 1) != 0;

    if (call_faulted(c))
        return;
    if (job->stage == STAGE_ARCHIVED && (!moves || to == STAGE_ARCHIVED))
        fail(c, JOB_ARCHIVED);
    else if (moves && !job_stage_allows(job->stage, to, c->account->kind))
        fail_with(c, JOB_STAGE_REFUSED, "from %d to %d", (int)job->stage, (int)to);
}

static void update(struct call *c, const struct job_input *in)
{
    int64_t mask = sent_mask(c);

    refuse_empty(c);
    check_dates(c, in);
    struct job *job = jobs_require(c, in->uuid);
    check_contractors_part(c, mask);
    struct rows *references = check_references(c, in);
    check_move(c, job, mask, references);
    if (!call_faulted(c) && in->address_id != NONE && !own_branch(c, row_int(references, 0, "branch_id")))
        return fail_field(c, "address_id", "does not exist, or its branch takes no new jobs");
    write_values(c, in, job->id, job->uuid, mask, references);
    keep_version(c, job->id, "Updated");
    audit_about(c, job->uuid);
    reply_done(c, "Job updated successfully", FIELD_INT("job_id", job->id), FIELD_ID("job_uuid", job->uuid), FIELD_STR("job_ref", job->reference));
}

static void remove_job(struct call *c, const struct one_job *in)
{
    struct job *job = jobs_require(c, in->uuid);

    db_query(c, sql_jobs_delete, ARG(job->id));
    audit_about(c, job->uuid);
    reply_done(c, "Job deleted successfully", FIELD_STR("job_ref", job->reference));
}

struct restore_input {
    struct uuid uuid, commit_uuid;
};

static const struct field restore_fields[] = {
    FIELD(struct restore_input, uuid, UUID, .required = true, .help = "The job"),
    FIELD(struct restore_input, commit_uuid, UUID, .required = true, .help = "The version to go back to"),
};

static void restore(struct call *c, const struct restore_input *in)
{
    struct job *job = jobs_require(c, in->uuid);

    if (!call_faulted(c) && job->stage == STAGE_ARCHIVED)
        return fail(c, JOB_ARCHIVED);
    struct rows *r = db_require(c, sql_jobs_restore, ARG(job->id), ARG(in->commit_uuid));
    keep_version(c, job->id, call_print(c, "Restored version %lld", (long long)row_int(r, 0, "restored")).at);
    audit_about(c, job->uuid);
    reply_done(c, "Job restored", FIELD_INT("version", row_int(r, 0, "version")));
}

static void list_commits(struct call *c, const struct one_job *in)
{
    jobs_require(c, in->uuid);
    reply_rows(c, db_query(c, sql_jobs_commits, ARG(in->uuid)));
}

static void list_agents(struct call *c, const void *in)
{
    (void)in;
    reply_rows(c, db_query(c, sql_job_people, ARG(2)));
}

static void list_contractors(struct call *c, const void *in)
{
    (void)in;
    reply_rows(c, db_query(c, sql_job_people, ARG(5)));
}

/* Clients are the landlords who may log in. */
static void list_clients(struct call *c, const void *in)
{
    (void)in;
    reply_rows(c, db_query(c, sql_job_people, ARG(3)));
}

struct pin_input {
    struct uuid job_uuid;
};

static const struct field pin_fields[] = {
    FIELD(struct pin_input, job_uuid, UUID, .required = true, .help = "The job"),
};

static void toggle_pin(struct call *c, const struct pin_input *in)
{
    struct job *job = jobs_require(c, in->job_uuid);
    bool pinned = rows_count(db_query(c, sql_jobs_pin, ARG(c->account->id), ARG(job->id))) == 1;

    if (!pinned)
        db_query(c, sql_jobs_unpin, ARG(c->account->id), ARG(job->id));
    audit_about(c, job->uuid);
    reply_done(c, pinned ? "Job pinned" : "Job unpinned", FIELD_FLAG("is_pinned", pinned));
}

#define JOB_PARTIES (STAFF | AGENT | LANDLORD | TENANT | CONTRACTOR)
#define READS(name, text) GET, "/api/jobs/manage", name, .summary = "Jobs read: " text, .right = "api.jobs.manage.manage", \
    .shipped_to = MINIMAL, .accounts = JOB_PARTIES
#define WRITES(name, text) POST, "/api/jobs/manage", name, .summary = "Jobs write: " text, .right = "api.jobs.manage.manage", \
    .shipped_to = MINIMAL, .subject = "job"

static const struct endpoint endpoints[] = {
    {
        READS("list", "list"),
        .action_optional = true,
        .also_rights = {"api.jobs.manage.list"},
        .input = INPUT(list_jobs, list_fields),
        .sql = &sql_jobs_list,
        .data = DATA_LIST,
        .run = list_page,
    },
    {
        READS("get", "get"),
        .input = INPUT(one_job, one_job_fields),
        .sql = &sql_jobs_get,
        .data = DATA_ONE,
        .run = show_one,
    },
    {
        READS("get_file_types", "get_file_types"),
        .sql = &sql_job_file_types_list,
        .data = DATA_LIST,
        .run = show_all,
    },
    {
        READS("get_creators", "get_creators"),
        .sql = &sql_job_creators,
        .data = DATA_LIST,
        .run = show_all,
    },
    {
        READS("get_job_agents", "get_job_agents"),
        .sql = &sql_job_people,
        .data = DATA_LIST,
        .run = RUN(list_agents),
    },
    {
        READS("get_job_contractors", "get_job_contractors"),
        .sql = &sql_job_people,
        .data = DATA_LIST,
        .run = RUN(list_contractors),
    },
    {
        READS("get_job_clients", "get_job_clients"),
        .sql = &sql_job_people,
        .data = DATA_LIST,
        .run = RUN(list_clients),
    },
    {
        READS("list_commits", "list_commits"),
        .input = INPUT(one_job, one_job_fields),
        .sql = &sql_jobs_commits,
        .data = DATA_LIST,
        .run = RUN(list_commits),
    },
    {
        READS("preview_delete", "preview_delete"),
        .input = INPUT(one_job, one_job_fields),
        .sql = &sql_jobs_preview_delete,
        .data = DATA_ONE,
        .run = show_one,
    },
    {
        WRITES("create", "create"),
        .accounts = STAFF | AGENT,
        .input = INPUT(job_input, create_fields),
        REPLY(MEMBER(job_id, BIGINT), MEMBER(job_uuid, UUID), MEMBER(job_ref, TEXT)),
        .audit = "job_created",
        .run = RUN(create),
    },
    {
        WRITES("update", "update"),
        .accounts = STAFF | AGENT | CONTRACTOR,
        .input = INPUT(job_input, update_fields),
        REPLY(MEMBER(job_id, BIGINT), MEMBER(job_uuid, UUID), MEMBER(job_ref, TEXT)),
        .audit = "job_updated",
        .run = RUN(update),
    },
    {
        WRITES("delete", "delete"),
        .accounts = STAFF | AGENT,
        .input = INPUT(one_job, one_job_fields),
        REPLY(MEMBER(job_ref, TEXT)),
        .audit = "job_deleted",
        .run = RUN(remove_job),
    },
    {
        WRITES("restore_commit", "restore_commit"),
        .accounts = STAFF | AGENT,
        .input = INPUT(restore_input, restore_fields),
        REPLY(MEMBER(version, BIGINT)),
        .audit = "job_restored",
        .run = RUN(restore),
    },
    {
        POST, "/api/jobs/toggle-pin",
        .summary = "Toggle pin status of a job",
        .right = "api.jobs.toggle-pin.manage",
        .shipped_to = MINIMAL,
        .accounts = EVERYBODY,
        .input = INPUT(pin_input, pin_fields),
        REPLY(MEMBER(is_pinned, BOOLEAN)),
        .audit = "job_pin_toggled",
        .subject = "job",
        .run = RUN(toggle_pin),
    },
};

const struct module jobs_module = MODULE("jobs", endpoints);
