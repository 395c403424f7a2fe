#include <sodium.h>
#include <string.h>

#include "domain/accounts/accounts.h"
#include "domain/accounts/accounts.sql.h"
#include "domain/accounts/session.h"
#include "domain/audit/audit.h"
#include "server/endpoint.h"
#include "server/fiber.h"
#include "server/log.h"
#include "server/rights.h"
#include "tenancy/db.h"
#include "tenancy/keys.h"
#include "tenancy/org.h"

/* From the fifth failure on, the next try must wait: 1 s, 2 s, 4 s … one minute at most. Nobody is
 * ever locked out. */
enum { FREE_FAILURES = 5, LONGEST_DELAY = 60, ORGS_TRIED_MOST = 64 };

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

struct check {
    struct str password;
    const char *hash;
    bool right;
};

/* Hash of nothing that anybody knows: what an unknown name is checked against, so that it takes as
 * long. */
static const char nobodys_hash[] = "$argon2id$v=19$m=65536,t=2,p=1$m3Zp2X0vQ0yq0m0h1q6e3w$"
                                   "4v3Hn8h1y6m0B7l3f5k9s2d4g6h8j0a1c3e5g7i9k1M";

static void check_blocking(void *arg)
{
    struct check *k = arg;

    k->right = crypto_pwhash_str_verify(k->hash, k->password.at, k->password.len) == 0;
}

static bool password_is_right(struct call *c, struct str password, struct str hash)
{
    struct check k = {password, hash.at ? hash.at : nobodys_hash, false};

    if (call_faulted(c))
        return false;
    if (!offload_heavy(check_blocking, &k))
        fail_with(c, BUSY, "too many logins at once");
    return k.right && hash.at;
}

/* Refuses while the delay that earlier failures earned has not passed. */
static void check_throttle(struct call *c, struct str subject)
{
    struct rows *r = db_glance(c, sql_login_failures_get, ARG_BYTES(subject));
    int64_t failures = row_int(r, 0, "failures"), age = row_int(r, 0, "age");

    if (rows_count(r) == 0 || failures < FREE_FAILURES)
        return;
    int64_t shift = failures - FREE_FAILURES,
            delay = shift > 5 ? LONGEST_DELAY : (int64_t)1 << shift;
    if (age >= delay)
        return;
    reply_header(c, "retry-after", call_print(c, "%lld", (long long)(delay - age)));
    fail(c, RATE_LIMITED);
}

/* On the shared host the address alone must tell the org; with two of them, the caller says which.
 */
static void find_org_by_email(struct call *c, const struct login_input *in)
{
    const struct org *found = NULL;

    if (in->org.at) {
        c->org = org_by_slug(in->org);
        if (!c->org)
            fail(c, CREDENTIALS_WRONG);
        return;
    }
    for (size_t i = 0; i < ORGS_TRIED_MOST && org_at(i); i++) {
        c->org = org_at(i);
        if (rows_count(db_glance(
                c, sql_account_for_login, ARG_BYTES(lookup_key(c, "email", in->email)))) == 0)
            continue;
        if (found)
            return fail_field(c, "org", "say which: several orgs know this address");
        found = c->org;
    }
    c->org = found ? found : org_at(0);
    if (!c->org)
        fail(c, CREDENTIALS_WRONG);
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

static void answer_login(struct call *c, const struct login_input *in, struct rows *account)
{
    struct str expires = NO_STR, token = NO_STR;
    bool cookie = str_is(in->session, "cookie");
    struct json j;

    if (cookie)
        session_begin_cookie(c, row_int(account, 0, "id"), in->remember_me == FLAG_YES);
    else
        token = session_begin_bearer(c, row_int(account, 0, "id"), &expires);
    reply_header(c, "cache-control", STR("no-store"));
    if (call_faulted(c))
        return;
    reply_begin(c, &j);
    if (cookie) {
        json_member(&j, &FIELD_STR("csrf_token", accounts_csrf_token(c)));
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

static void login(struct call *c, const struct login_input *in)
{
    if (c->shared_host)
        find_org_by_email(c, in);
    if (call_faulted(c))
        return;
    struct str by_name = lookup_key(c, "email", in->email),
               by_address = lookup_key(c, "login.address", c->request.address);
    check_throttle(c, by_name);
    struct rows *account = db_glance(c, sql_account_for_login, ARG_BYTES(by_name));
    bool right = password_is_right(c, in->password, row_str(account, 0, "password_hash"));
    if (!call_faulted(c) && (!right || row_int(account, 0, "status_id") != 1)) {
        db_glance(c, sql_login_failure_add, ARG_BYTES(by_name));
        db_glance(c, sql_login_failure_add, ARG_BYTES(by_address));
        return fail(c, CREDENTIALS_WRONG);
    }
    if (!call_faulted(c) && c->shared_host && !may_use_shared_host(account))
        return fail_with(c, FORBIDDEN, "not a role of the shared host");
    db_query(c, sql_login_failures_clear, ARG_BYTES(by_name));
    db_query(c, sql_account_logged_in, ARG(row_int(account, 0, "id")));
    audit_about(c, row_uuid(account, 0, "uuid"));
    answer_login(c, in, account);
}

static void logout(struct call *c, const void *in)
{
    (void)in;
    session_end_own(c);
    reply_done(c, "Signed out");
}

/* The documented way for browsers: a link. Another site must not be able to end a session by an
 * image. */
static void logout_by_link(struct call *c, const void *in)
{
    struct str site = call_header(c, "sec-fetch-site");

    (void)in;
    if (site.at && !str_is(site, "same-origin") && !str_is(site, "none"))
        return fail(c, CSRF_INVALID);
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
    json_member(&j, &FIELD_STR("token", accounts_csrf_token(c)));
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

static struct uuid whose_profile(struct call *c, struct uuid wanted)
{
    if (uuid_is_nil(wanted) || uuid_equal(wanted, c->account->uuid))
        return c->account->uuid;
    if (c->account->kind != STAFF)
        fail(c, NOT_FOUND);
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

/* Nobody acts on somebody stronger, gives a role stronger than the own, or changes the own role. */
static void check_power(struct call *c, const struct profile_change *in, struct rows *target)
{
    int64_t level = row_int(target, 0, "level");
    bool self = uuid_equal(row_uuid(target, 0, "uuid"), c->account->uuid);

    if (!self && level != NONE && level < c->account->hierarchy_level)
        return fail_with(c, FORBIDDEN, "a stronger account");
    if (!self && !call_has_right(c, "api.users.users.manage"))
        return fail_with(c, FORBIDDEN, "somebody else's profile");
    if (sent(c, "branch_id") && c->account->kind != STAFF)
        return fail_with(c, FORBIDDEN, "branch_id is for staff");
    if (!sent(c, "role_id"))
        return;
    int64_t wanted = row_int(db_query(c, sql_role_level, ARG(in->role_id)), 0, "level");
    if (wanted == NONE)
        fail_field(c, "role_id", "is no role of this org");
    else if (self || c->account->kind != STAFF || wanted < c->account->hierarchy_level ||
             row_int(target, 0, "type_id") != 1)
        fail_with(c, FORBIDDEN, "that role may not be given");
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
            MEMBER(usage, TEXT), MEMBER(csrf_token, TEXT), MEMBER(user, JSON)),
        .audit = "login",
        .subject = "account",
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
            MEMBER(permissions, JSON), MEMBER(role, JSON)),
        .db = NO_DATABASE,
        .run = RUN(show_permissions),
    },
};

const struct module accounts_module = MODULE("users", endpoints);
