#include "domain/attachments/attachments.h"
#include "domain/demo/demo.h"
#include "domain/demo/demo.sql.h"
#include "server/files.h"
#include "tenancy/db.h"

enum { WITH_PHOTOS = 16, WITH_CERTIFICATES = 20 };

/* One job as demo_jobs_to_show gives it. */
struct shown {
    const struct rows *r;
    size_t row;
};

static struct str text_of(const struct shown *s, const char *column)
{
    return row_str(s->r, s->row, column);
}

/* Files are handed in by those who would: the call becomes the contractor's. */
static void become_contractor(struct call *c, const struct shown *s)
{
    struct account *a = call_alloc(c, sizeof *a);

    *a = (struct account){.id = row_int(s->r, s->row, "contractor_id"),
        .uuid = row_uuid(s->r, s->row, "contractor_uuid"),
        .type_id = 5,
        .kind = CONTRACTOR,
        .role_id = NONE,
        .name = text_of(s, "contractor_name")};
    c->account = a;
}

static void add_photo(struct call *c, const struct shown *s, bool repaired)
{
    int64_t job = row_int(s->r, s->row, "id");
    struct str name = repaired ? STR("after.png") : STR("before.png");
    const struct upload picture = {
        name, STR("image/png"), demo_picture(c, (uint64_t)job * 2654435761u, repaired)};
    struct uuid uuid;

    attachments_add_photo(c, job, attachments_take(c, &picture, TAKE_PICTURES), &uuid);
}

static void add_certificate(struct call *c, const struct shown *s, int64_t type, const char *title)
{
    struct str reference = text_of(s, "job_ref"), day = text_of(s, "completed_on"),
               address = text_of(s, "full_address");
    struct str firm = text_of(s, "trading_name"), name = text_of(s, "contractor_name");
    const struct str lines[] = {
        str_of(title),
        STR(""),
        call_print(c, "Reference: %.*s", (int)reference.len, reference.at),
        call_print(c, "Property: %.*s", (int)address.len, address.at),
        call_print(c, "Date of inspection: %.*s", (int)day.len, day.at),
        STR(""),
        STR("Appliances and circuits inspected: all within the property."),
        STR("Result: satisfactory. No immediate danger found."),
        STR(""),
        call_print(c, "Inspected by: %.*s, %.*s", (int)name.len, name.at, (int)firm.len,
            firm.at ? firm.at : ""),
        STR("A specimen for demonstration. It certifies nothing."),
    };
    const struct upload page = {call_print(c, "%.*s.pdf", (int)reference.len, reference.at),
        STR("application/pdf"), demo_page(c, lines, countof(lines))};
    struct uuid uuid;

    attachments_add_document(
        c, row_int(s->r, s->row, "id"), type, attachments_take(c, &page, TAKE_ANY), &uuid);
}

static void end_files(struct call *c, void *arg)
{
    (void)c;
    (void)arg;
    files_loop_stop();
}

void demo_add_files(struct call *c)
{
    /* Ends after what the call itself does at its end. */
    files_loop_start();
    call_at_end(c, end_files, NULL);

    const struct account *system = c->account;
    int64_t gas = row_int(
        db_require(c, sql_demo_file_type, ARG("document.gsc_certificate")), 0, "id");
    int64_t electrical = row_int(
        db_require(c, sql_demo_file_type, ARG("document.eicr_certificate")), 0, "id");
    struct rows *repairs = db_query(c, sql_demo_jobs_to_show, ARG(false), ARG(WITH_PHOTOS));
    struct rows *checks = db_query(c, sql_demo_jobs_to_show, ARG(true), ARG(WITH_CERTIFICATES));
    for (size_t i = 0; i < rows_count(repairs) && !call_faulted(c); i++) {
        const struct shown s = {repairs, i};
        become_contractor(c, &s);
        add_photo(c, &s, false);
        add_photo(c, &s, true);
    }
    for (size_t i = 0; i < rows_count(checks) && !call_faulted(c); i++) {
        const struct shown s = {checks, i};
        bool is_gas = row_int(checks, i, "job_type_id") == 5;
        become_contractor(c, &s);
        add_certificate(c, &s, is_gas ? gas : electrical,
            is_gas ? "Landlord Gas Safety Record" : "Electrical Installation Condition Report");
    }
    c->account = system;
}
