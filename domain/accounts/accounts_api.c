#include "domain/accounts/accounts.h"
#include "domain/accounts/accounts.sql.h"
#include "domain/accounts/passwords.h"
#include "domain/accounts/session.h"
#include "domain/accounts/throttle.h"
#include "domain/audit/audit.h"
#include "server/endpoint.h"
#include "server/log.h"
#include "server/rights.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"
#include "tenancy/org.h"

enum { ORGS_TRIED_MOST = 64 };

static const struct account nobody = {.role_id = NONE, .hierarchy_level = 1000};

struct login_input {
    struct str email, password, session, org;
    enum flag remember_me;
};

static const char *const session_kinds[] = {"bearer", "cookie", NULL};

static const struct field login_fields[] = {
    FIELD(struct login_input, email, EMAIL, .required = true, .max = 254),
    FIELD(struct login_input, password, SECRET, .required = true, .max = 128),
    FIELD(struct login_input, session, CHOICE, .choices = session_kinds, .by_default = "bearer",
        .help = "cookie for browsers"),
    FIELD(struct login_input, remember_me, BOOLEAN, .by_default = "0",
        .help = "Keeps a cookie session for 30 days"),
    FIELD(struct login_input, org, TEXT, .max = 40,
        .help = "On the shared host, when several orgs know the address"),
};

/* Where tries of strangers are counted whose org is not known. */
static const struct org *org_of_strangers(void)
{
    const struct org *o;

    for (size_t i = 0; (o = org_at(i)); i++)
        if (o->is_operator)
            return o;
    return org_at(0);
}

/* On the shared host the e-mail address tells the org, or the caller does. All orgs are asked,
 * whatever the first ones say: how long that takes must tell nothing. */
struct place {
    bool known;   /* c->org is where the address is to be looked for */
    bool several; /* more orgs know it; c->org is the first */
};

static struct place find_org_by_email(struct call *c, const struct login_input *in)
{
    const struct org *found = in->org.at ? org_by_slug(in->org) : NULL;
    struct place p = {.known = found != NULL};

    for (size_t i = 0; !in->org.at && i < ORGS_TRIED_MOST && org_at(i); i++) {
        c->org = org_at(i);
        if (rows_count(db_glance(
                c, sql_account_for_login, ARG_BYTES(lookup_key(c, "email", in->email)))) == 0)
            continue;
        p = (struct place){.known = true, .several = p.known};
        if (!found)
            found = c->org;
    }
    c->org = found ? found : org_of_strangers();
    if (!c->org)
        fail(c, CREDENTIALS_WRONG);
    return p;
}

static bool may_use_shared_host(struct rows *account)
{
    struct str role = row_str(account, 0, "role_name");

    return str_is(role, "SysOps") || str_is(role, "API");
}

static void write_user(struct call *c, struct json *j, struct rows *account)
{
    static const char *const types[] = {"", "Staff", "Agent", "Landlord", "Tenant", "Contractor"};

    json_key(j, "user");
    json_object(j);
    json_member(j, &FIELD_ID("uuid", row_uuid(account, 0, "uuid")));
    json_member(j, &FIELD_STR("name", row_str(account, 0, "name")));
    json_member(j, &FIELD_STR("email", row_sealed(c, account, 0, "email")));
    json_member(j, &FIELD_STR("account_type", str_of(types[row_int(account, 0, "type_id")])));
    json_member(j, &FIELD_STR("role", row_str(account, 0, "role_name")));
    json_object_end(j);
}

static void answer_login(
    struct call *c, const struct login_input *in, struct rows *account, struct str network)
{
    struct new_session n = {row_int(account, 0, "id"), network, in->remember_me == FLAG_YES};
    bool cookie = str_is(in->session, "cookie");
    struct str expires = NO_STR, token = NO_STR;
    int64_t session = NONE;
    struct json j;

    if (cookie)
        session = session_begin_cookie(c, &n);
    else
        token = session_begin_bearer(c, &n, &expires);
    reply_header(c, "cache-control", STR("no-store"));
    if (call_faulted(c))
        return;
    reply_begin(c, &j);
    if (cookie) {
        throttle_know_device(c, in->email);
        json_member(&j, &FIELD_STR("csrf_token", session_csrf_token(c, session)));
    } else {
        json_member(&j, &FIELD_STR("token", token));
        json_member(&j, &FIELD_STR("token_type", STR("Bearer")));
        json_member(&j, &FIELD_STR("expires_at", expires));
        json_member(&j,
            &FIELD_STR("usage", STR("Send it with every request: Authorization: Bearer <token>")));
    }
    write_user(c, &j, account);
    json_object_end(&j);
}

/* The account of the right password, as a row; counts the try, and faults the call for a wrong one.
 */
static struct rows *check_password(
    struct call *c, const struct login_input *in, bool known, struct throttle *tries)
{
    struct str fresh;

    throttle_take(c, tries, in->email);
    struct rows *account = db_glance(c, sql_account_for_login, ARG_BYTES(tries->account));
    struct str hash = known ? row_str(account, 0, "password_hash") : NO_STR;
    enum password_answer answer = password_check(c, in->password, hash, &fresh);

    if (answer == PASSWORD_NOT_CHECKED) {
        throttle_take_back(c, tries);
        fail_with(c, BUSY, "too many logins at once");
    } else if (answer == PASSWORD_WRONG || row_int(account, 0, "status_id") != 1) {
        audit_about(c, row_uuid(account, 0, "uuid"));
        fail(c, CREDENTIALS_WRONG);
    } else {
        throttle_forget(c, tries);
        audit_about(c, row_uuid(account, 0, "uuid"));
        audit_by(c, row_int(account, 0, "id"), row_str(account, 0, "name"));
    }
    if (fresh.at)
        db_query(c, sql_password_rehash, ARG(row_int(account, 0, "id")), ARG(fresh));
    return account;
}

/* The session that the browser had is over once another begins in its place. */
static void end_session_before(struct call *c, const struct org *org, int64_t session_id)
{
    const struct org *now = c->org;

    c->org = org;
    db_glance(c, sql_session_end, ARG(session_id));
    c->org = now;
}

static void login(struct call *c, const struct login_input *in)
{
    const struct account *before = c->account;
    const struct org *org_before = c->org;
    struct throttle tries = {0};
    struct place place = {.known = true};

    /* Another site could sign its visitors in as somebody whose inbox it reads. */
    if (str_is(in->session, "cookie") && !session_same_site(c))
        return fail_with(c, CSRF_INVALID, "a login from another site");
    c->account = &nobody;
    if (c->shared_host)
        place = find_org_by_email(c, in);
    struct rows *account = check_password(c, in, place.known, &tries);
    if (!call_faulted(c) && place.several)
        fail_field(c, "org", "say which: several organisations know this address");
    if (!call_faulted(c) && c->shared_host && !may_use_shared_host(account))
        return fail_with(c, FORBIDDEN, "not a role of the shared host");
    if (before->by_cookie && str_is(in->session, "cookie"))
        end_session_before(c, org_before, before->session_id);
    db_query(c, sql_account_logged_in, ARG(row_int(account, 0, "id")));
    answer_login(c, in, account, tries.network);
}

static void logout(struct call *c, const void *in)
{
    (void)in;
    audit_about(c, c->account->uuid);
    session_end_own(c);
    reply_done(c, "Signed out");
}

/* The documented way for browsers: a link. Another site must not be able to end a session by an
 * image. */
static void logout_by_link(struct call *c, const void *in)
{
    (void)in;
    if (!session_same_site(c))
        return fail_with(c, CSRF_INVALID, "a link from another site");
    c->audit.type = "logout"; /* reading rows name none */
    c->audit.subject = "account";
    audit_about(c, c->account->uuid);
    session_end_own(c);
    reply_header(c, "location", STR("/"));
    reply_bytes(c, "text/plain; charset=utf-8", STR(""));
    reply_status(c, 303);
}

static void give_csrf_token(struct call *c, const void *in)
{
    struct buf *data = call_buf(c);
    struct json j;

    (void)in;
    json_begin(&j, data);
    json_object(&j);
    json_member(&j, &FIELD_STR("token", session_csrf_token(c, c->account->session_id)));
    json_object_end(&j);
    reply_header(c, "cache-control", STR("no-store"));
    reply_data(c, buf_view(data), FIELD_STR("message", STR("CSRF token issued")));
}

struct profile_input {
    struct uuid user_uuid;
};

static const struct field profile_fields[] = {
    FIELD(struct profile_input, user_uuid, UUID,
        .help = "Staff may name another user; default oneself"),
};

/* One's own, or with a key for it anybody's. Outside of the office nobody else is known to exist.
 */
static struct uuid whose_profile(struct call *c, struct uuid wanted)
{
    if (uuid_is_nil(wanted) || uuid_equal(wanted, c->account->uuid))
        return c->account->uuid;
    if (c->account->kind != STAFF)
        fail(c, NOT_FOUND);
    else if (!call_has_right(c, "api.users.users.manage"))
        fail_with(c, FORBIDDEN, "somebody else's profile");
    return wanted;
}

static void show_profile(struct call *c, const struct profile_input *in)
{
    reply_row(c, db_query(c, sql_profile_get, ARG(whose_profile(c, in->user_uuid))));
}

struct profile_change {
    struct uuid user_uuid;
    struct str first_name, last_name, phone;
    int64_t branch_id, role_id;
};

static const struct field profile_change_fields[] = {
    FIELD(struct profile_change, user_uuid, UUID, .help = "Default oneself"),
    FIELD(struct profile_change, first_name, TEXT, .min = 1, .max = 100),
    FIELD(struct profile_change, last_name, TEXT, .min = 1, .max = 100),
    FIELD(struct profile_change, phone, TEXT, .max = 40),
    FIELD(struct profile_change, branch_id, INTEGER, .min = 1, .max = INT64_MAX,
        .help = "Staff only"),
    FIELD(struct profile_change, role_id, INTEGER, .min = 1, .max = INT64_MAX,
        .help = "Never stronger than one's own"),
};

static bool sent(const struct call *c, const char *field)
{
    return call_presence(c, field) != ABSENT;
}

/* A role is given by those who are as strong and hold all that it holds. */
static void check_role(struct call *c, const struct profile_change *in, struct rows *target)
{
    bool self = uuid_equal(row_uuid(target, 0, "uuid"), c->account->uuid);
    int64_t level = row_int(db_query(c, sql_role_level, ARG(in->role_id)), 0, "level");
    struct texts keys = row_texts(c, db_query(c, sql_role_keys, ARG(in->role_id)), 0, "keys");

    if (level == NONE)
        return fail_field(c, "role_id", "is no role of this org");
    if (self || c->account->kind != STAFF || level < c->account->hierarchy_level ||
        row_int(target, 0, "type_id") != 1)
        return fail_with(c, FORBIDDEN, "that role may not be given");
    for (size_t i = 0; i < keys.count; i++)
        if (!rights_have(c->account->rights, keys.at[i]))
            return fail_with(
                c, FORBIDDEN, "the role holds %.*s", (int)keys.at[i].len, keys.at[i].at);
}

/* Nobody acts on somebody stronger, gives a role stronger than the own, or changes the own role. */
static void check_power(struct call *c, const struct profile_change *in, struct rows *target)
{
    int64_t level = row_int(target, 0, "level");
    bool self = uuid_equal(row_uuid(target, 0, "uuid"), c->account->uuid);

    if (!self && level != NONE && level < c->account->hierarchy_level)
        return fail_with(c, FORBIDDEN, "a stronger account");
    if (sent(c, "branch_id") && c->account->kind != STAFF)
        return fail_with(c, FORBIDDEN, "branch_id is for staff");
    if (sent(c, "role_id"))
        check_role(c, in, target);
}

static void change_profile(struct call *c, const struct profile_change *in)
{
    struct rows *target = db_require(c, sql_profile_lock, ARG(whose_profile(c, in->user_uuid)));
    struct uuid uuid = row_uuid(target, 0, "uuid");

    check_power(c, in, target);
    db_query(c, sql_profile_update, ARG(row_int(target, 0, "id")),
        ARG((bool)(in->first_name.at != NULL)), ARG(in->first_name),
        ARG((bool)(in->last_name.at != NULL)), ARG(in->last_name), ARG(sent(c, "phone")),
        ARG_BYTES(in->phone.len ? seal(c, "accounts.phone", uuid, in->phone) : NO_STR),
        ARG(sent(c, "branch_id")), ARG(in->branch_id), ARG(sent(c, "role_id")), ARG(in->role_id));
    /* Whoever has other powers from now on signs in anew. */
    if (sent(c, "role_id") && in->role_id != row_int(target, 0, "role_id"))
        db_query(c, sql_sessions_end_all, ARG(row_int(target, 0, "id")));
    audit_about(c, uuid);
    reply_done(c, "Profile updated successfully");
}

static void show_permissions(struct call *c, const void *in)
{
    static const char *const types[] = {"", "Staff", "Agent", "Landlord", "Tenant", "Contractor"};
    const struct account *a = c->account;
    struct json j;

    (void)in;
    reply_begin(c, &j);
    json_member(&j, &FIELD_INT("account_type_id", a->type_id));
    json_member(&j, &FIELD_STR("account_type", str_of(types[a->type_id])));
    json_key(&j, "permissions");
    json_object(&j);
    for (size_t i = 0; i < rights_count(a->rights); i++) {
        json_key_str(&j, rights_at(a->rights, i));
        json_flag(&j, true);
    }
    json_object_end(&j);
    json_key(&j, "role");
    json_object(&j);
    json_member(&j, &FIELD_INT("id", a->role_id));
    json_member(&j, &FIELD_STR("name", a->role_name.len ? a->role_name : NO_STR));
    json_object_end(&j);
    json_object_end(&j);
}

static const struct endpoint endpoints[] = {
    {
        POST,
        "/api/auth/login",
        .summary = "Authenticate and get bearer token",
        .access = PUBLIC,
        .input = INPUT(login_input, login_fields),
        REPLY(MEMBER(token, TEXT), MEMBER(token_type, TEXT), MEMBER(expires_at, INSTANT),
            MEMBER(usage, TEXT), MEMBER(csrf_token, TEXT),
            MEMBER_OBJECT(user, MEMBER(uuid, UUID), MEMBER(name, TEXT), MEMBER(email, TEXT),
                MEMBER(account_type, TEXT), MEMBER_OR_NULL(role, TEXT))),
        .audit = "login",
        .subject = "account",
        .csrf = CSRF_NEVER, /* the handler judges where it comes from, signed in already or not */
        .rate = {30, 60, RATE_BY_ADDRESS},
        .run = RUN(login),
    },
    {
        POST,
        "/api/auth/logout",
        .summary = "End the session that makes the call",
        .access = SIGNED_IN,
        .accounts = EVERYBODY,
        .audit = "logout",
        .subject = "account",
        .run = RUN(logout),
    },
    {
        GET,
        "/logout",
        .summary = "Log out of the browser session",
        .access = SIGNED_IN,
        .accounts = EVERYBODY,
        .db = TRANSACTION,
        .reply_type = "text/plain",
        .run = RUN(logout_by_link),
    },
    {
        GET,
        "/api/security/csrf-token",
        .summary = "Get a CSRF token",
        .access = SIGNED_IN,
        .accounts = EVERYBODY,
        .data = DATA_ONE,
        DATA_COLUMNS(MEMBER(token, TEXT)),
        .db = NO_DATABASE,
        .run = RUN(give_csrf_token),
    },
    {
        GET,
        "/api/users/profile",
        .summary = "Get profile",
        .access = SIGNED_IN,
        .accounts = EVERYBODY,
        .input = INPUT(profile_input, profile_fields),
        .sql = &sql_profile_get,
        .data = DATA_ONE,
        .run = RUN(show_profile),
    },
    {
        PUT,
        "/api/users/profile",
        .summary = "Update profile",
        .access = SIGNED_IN,
        .accounts = EVERYBODY,
        .input = INPUT(profile_change, profile_change_fields),
        .audit = "profile_updated",
        .subject = "account",
        .run = RUN(change_profile),
    },
    {
        GET,
        "/api/users/permissions",
        .summary = "Get user permissions",
        .access = SIGNED_IN,
        .accounts = EVERYBODY,
        REPLY(MEMBER(account_type_id, BIGINT), MEMBER(account_type, TEXT),
            MEMBER(permissions, FLAGS),
            MEMBER_OBJECT(role, MEMBER_OR_NULL(id, BIGINT), MEMBER_OR_NULL(name, TEXT))),
        .db = NO_DATABASE,
        .run = RUN(show_permissions),
    },
};

const struct module accounts_module = MODULE("users", endpoints);
