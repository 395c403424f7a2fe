#include "server/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/input.h"
#include "server/log.h"
#include "server/reply.h"

enum { ROWS_MOST = 600, PATHS_BUCKETS = 1024, MODULES_MOST = 100, VALUES_MOST = 4 };

struct route {
    const struct endpoint *row;
    const struct module *module;
    struct route *same_path; /* next row of the path */
};

/* One path and its rows. */
struct place {
    const char *path;
    bool has_values;
    bool has_actions; /* a row of it names one */
    struct route *rows;
    struct place *next;
};

const struct module *const *modules;

static struct route routes[ROWS_MOST];
static size_t count;
static struct place places[ROWS_MOST];
static size_t places_count;
static struct place *buckets[PATHS_BUCKETS];
static struct place *with_values; /* paths with {…}: few, looked through one by one */
static size_t module_starts[MODULES_MOST];
static unsigned mistakes;

const char *method_name(enum method m)
{
    switch (m) {
    case GET:
        return "GET";
    case POST:
        return "POST";
    case PUT:
        return "PUT";
    case DELETE:
        return "DELETE";
    default:
        return "OTHER";
    }
}

static unsigned hash_of(struct str path)
{
    unsigned hash = 2166136261u;

    for (size_t i = 0; i < path.len; i++)
        hash = (hash ^ (unsigned char)path.at[i]) * 16777619u;
    return hash % PATHS_BUCKETS;
}

static void mistake(const struct endpoint *row, const char *what, const char *name)
{
    fprintf(stderr, "propops: row %s %s%s%s: %s%s%s\n", method_name(row->method),
        row->path ? row->path : "(no path)", row->action ? " " : "", row->action ? row->action : "",
        name, *name ? ": " : "", what);
    mistakes++;
}

static bool path_holds(const char *path, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = strchr(path, '{'); at; at = strchr(at + 1, '{'))
        if (strncmp(at + 1, name, len) == 0 && at[1 + len] == '}')
            return true;
    return false;
}

static void check_field(const struct endpoint *row, const struct field *f, bool nested)
{
    bool text = f->type == FIELD_TEXT || f->type == FIELD_SECRET || f->type == FIELD_EMAIL;
    bool object = f->type == FIELD_OBJECT || f->type == FIELD_OBJECTS;

    if (f->type == FIELD_CHOICE && !f->choices)
        mistake(row, "a choice without .choices", f->name);
    if (f->in_path && (nested || !path_holds(row->path, f->name)))
        mistake(row, "the path has no such part", f->name);
    if (object && (!f->fields || (f->type == FIELD_OBJECTS && !f->size)))
        mistake(row, "an object needs .fields, a list of them .size too", f->name);
    if (f->type == FIELD_FILE && row->method == GET)
        mistake(row, "a read takes no file", f->name);
    if ((f->max && f->min > f->max) || (text && f->min < 0))
        mistake(row, "its bounds exclude everything", f->name);
    if (f->required && f->by_default)
        mistake(row, "is required and has a default", f->name);
    for (size_t i = 0; object && i < f->fields_count; i++)
        check_field(row, &f->fields[i], true);
}

static void check_fields(const struct endpoint *row)
{
    const struct input_table *t = &row->input;

    if (t->count > 64)
        mistake(row, "more than 64 fields", "");
    for (size_t i = 0; i < t->count; i++) {
        check_field(row, &t->fields[i], false);
        for (size_t k = 0; k < i; k++)
            if (strcmp(t->fields[i].name, t->fields[k].name) == 0)
                mistake(row, "stands twice", t->fields[i].name);
    }
    for (const char *at = strchr(row->path, '{'); at; at = strchr(at + 1, '{')) {
        bool named = false;
        for (size_t i = 0; i < t->count; i++)
            named |= t->fields[i].in_path &&
                     strncmp(at + 1, t->fields[i].name, strlen(t->fields[i].name)) == 0;
        if (!named)
            mistake(row, "a part of the path has no field with .in_path", at);
    }
    if (t->count <= 64 && !input_defaults_hold(t))
        mistake(row, "a default is no value that its field takes", "");
}

static void check_access(const struct endpoint *row)
{
    if (row->access == BY_RIGHT && !row->right)
        mistake(row, "names neither a right nor .access", "");
    if (row->access != BY_RIGHT && row->right)
        mistake(row, "names a right and an open .access", "");
    if ((row->access == PUBLIC) != (row->accounts == 0))
        mistake(row, "public rows name no accounts, all others do", "");
}

/* The reply's shape must be told: a listing is a list by itself, of others nobody can know. */
static void check_data(const struct endpoint *row)
{
    bool told = row->data != DATA_NONE || (row->sql && row->sql->from);

    if (row->method == GET && row->sql && !told)
        mistake(row, "a read with .sql says .data = DATA_ONE or DATA_LIST", "");
}

static void check(const struct endpoint *row)
{
    size_t values = 0;

    if (!row->path || row->path[0] != '/')
        return mistake(row, "the path must begin with /", "");
    for (const char *at = row->path; *at; at++)
        values += *at == '{';
    if (values > VALUES_MOST)
        mistake(row, "more than four parts in braces", "");
    if (!row->summary || !row->run)
        mistake(row, "needs a summary and .run", "");
    if (row->method != GET && row->method != POST && row->method != PUT && row->method != DELETE)
        mistake(row, "is neither GET, POST, PUT nor DELETE", "");
    if (row->action_optional && !row->action)
        mistake(row, "an action that is optional must have a name", "");
    if (row->method == GET && row->audit)
        mistake(row, "reads leave no audit entry of their own", "");
    check_data(row);
    check_access(row);
    check_fields(row);
}

/* Whether two paths can be the same one: they differ in the names of their {…} only. */
static bool same_shape(const char *a, const char *b)
{
    struct str left = str_of(a), right = str_of(b);

    while (left.at && right.at) {
        struct str l = str_cut(&left, '/'), r = str_cut(&right, '/');
        bool values = l.len && r.len && l.at[0] == '{' && r.at[0] == '{';
        if (!values && !str_equal(l, r))
            return false;
    }
    return !left.at && !right.at;
}

static struct place *place_of(const struct endpoint *row)
{
    unsigned bucket = hash_of(str_of(row->path));

    for (size_t i = 0; i < places_count; i++) {
        if (strcmp(places[i].path, row->path) == 0)
            return &places[i];
        if (same_shape(places[i].path, row->path))
            mistake(row, "has the shape of another path", places[i].path);
    }
    struct place *p = &places[places_count++];
    *p = (struct place){.path = row->path, .has_values = strchr(row->path, '{') != NULL};
    struct place **list = p->has_values ? &with_values : &buckets[bucket];
    while (*list)
        list = &(*list)->next;
    *list = p;
    return p;
}

bool route_action(const struct endpoint *row, enum method method, const char **action)
{
    *action = row->action;
    if (row->method == method)
        return true;
    if (method != POST || (row->method != PUT && row->method != DELETE))
        return false;
    if (!row->action)
        *action = row->method == PUT ? "update" : "delete";
    return true;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Two rows of a path must never both be meant by one request. */
static void check_against(const struct endpoint *row, const struct endpoint *other)
{
    static const enum method methods[] = {GET, POST, PUT, DELETE};
    const char *a, *b;

    if (row->method == other->method && row->action_optional && other->action_optional)
        mistake(row, "two rows answer without an action", "");
    if (row->method == other->method && (row->action_optional || other->action_optional) &&
        (!row->action || !other->action))
        mistake(row, "an optional action beside a row without one", "");
    for (size_t i = 0; i < countof(methods); i++)
        if (route_action(row, methods[i], &a) && route_action(other, methods[i], &b) &&
            same_text(a, b))
            mistake(row, "another row has the same action by this method", method_name(methods[i]));
}

static void add(const struct module *m, const struct endpoint *row)
{
    if (count == ROWS_MOST)
        die("more than %d rows: raise ROWS_MOST in route.c", ROWS_MOST);
    struct place *p = place_of(row);
    for (struct route *r = p->rows; r; r = r->same_path)
        check_against(row, r->row);
    struct route *r = &routes[count++];
    *r = (struct route){.row = row, .module = m};
    p->has_actions |= row->action != NULL;
    struct route **end = &p->rows;
    while (*end)
        end = &(*end)->same_path;
    *end = r;
}

static void forget_all(void)
{
    memset(buckets, 0, sizeof buckets);
    with_values = NULL;
    count = places_count = 0;
    mistakes = 0;
}

void routes_build(const struct module *const *all)
{
    forget_all();
    modules = all;
    for (size_t m = 0; all[m]; m++) {
        if (m == MODULES_MOST)
            die("more than %d modules: raise MODULES_MOST in route.c", MODULES_MOST);
        module_starts[m] = count;
        for (size_t i = 0; i < all[m]->count; i++) {
            check(&all[m]->endpoints[i]);
            if (all[m]->endpoints[i].path)
                add(all[m], &all[m]->endpoints[i]);
        }
    }
    if (mistakes)
        die("%u mistakes in the rows above", mistakes);
}

/* Compares a path with a pattern; what stands at {…} goes into values. */
static bool fits(const char *pattern, struct str path, struct str values[VALUES_MOST])
{
    struct str want = str_of(pattern), have = path;
    size_t taken = 0;

    while (want.at && have.at) {
        struct str w = str_cut(&want, '/'), h = str_cut(&have, '/');
        if (w.len && w.at[0] == '{') {
            if (h.len == 0 || taken == VALUES_MOST)
                return false;
            values[taken++] = h;
        } else if (!str_equal(w, h)) {
            return false;
        }
    }
    return !want.at && !have.at;
}

static const struct place *find_place(struct call *c)
{
    struct str path = c->request.path;

    for (const struct place *p = buckets[hash_of(path)]; p; p = p->next)
        if (str_is(path, p->path))
            return p;
    for (const struct place *p = with_values; p; p = p->next)
        if (fits(p->path, path, c->path_values))
            return p;
    return NULL;
}

static bool method_known(const struct place *p, enum method method)
{
    const char *action;

    for (const struct route *r = p->rows; r; r = r->same_path)
        if (route_action(r->row, method, &action))
            return true;
    return false;
}

/* Words that a client may send to a row that needs none. */
static bool says_what_the_method_does(enum method method, struct str action)
{
    switch (method) {
    case GET:
        return str_is(action, "get") || str_is(action, "list");
    case POST:
        return str_is(action, "create");
    case PUT:
        return str_is(action, "update");
    case DELETE:
        return str_is(action, "delete");
    default:
        return false;
    }
}

/* Whether an action tells rows apart here, so that one that nobody knows is a mistake. */
static bool action_counts(const struct place *p, enum method method)
{
    const char *action;

    for (const struct route *r = p->rows; r; r = r->same_path)
        if (route_action(r->row, method, &action) && action)
            return true;
    return false;
}

static const struct endpoint *choose(const struct place *p, enum method method, struct str action)
{
    const struct endpoint *open = NULL;
    const char *name;

    for (const struct route *r = p->rows; r; r = r->same_path) {
        if (!route_action(r->row, method, &name))
            continue;
        if (name && str_is(action, name))
            return r->row;
        bool direct = r->row->method == method;
        if (direct && (!name || (r->row->action_optional && !action.at)))
            open = r->row;
    }
    bool fine = !action.at || !action_counts(p, method) ||
                says_what_the_method_does(method, action);
    return fine ? open : NULL;
}

static void refuse_method(struct call *c, const struct place *p)
{
    static const enum method all[] = {GET, POST, PUT, DELETE};
    struct buf *allowed = call_buf(c);

    for (size_t i = 0; i < countof(all); i++)
        if (method_known(p, all[i]))
            buf_print(allowed, "%s%s", allowed->len ? ", " : "",
                all[i] == GET ? "GET, HEAD" : method_name(all[i]));
    reply_header(c, "allow", buf_view(allowed));
    fail(c, METHOD_NOT_ALLOWED);
}

static void refuse_action(struct call *c, const struct place *p, enum method method)
{
    struct buf *known = call_buf(c);
    const char *action;

    for (const struct route *r = p->rows; r; r = r->same_path)
        if (route_action(r->row, method, &action) && action)
            buf_print(known, "%s%s", known->len ? ", " : "", action);
    fail_field(c, "action", "%s one of: %.*s",
        c->action.at ? "must be" : "is required:", (int)known->len, known->at ? known->at : "");
}

bool route_find(struct call *c)
{
    const struct place *p = find_place(c);
    enum method method = c->request.method;

    if (!p) {
        fail(c, NOT_FOUND);
        return false;
    }
    if (!method_known(p, method)) {
        refuse_method(c, p);
        return false;
    }
    if (p->has_actions || action_counts(p, method))
        c->action = input_peek(c, "action");
    if (c->action.len == 0)
        c->action = NO_STR;
    if (call_faulted(c))
        return false;
    c->endpoint = choose(p, method, c->action);
    if (!c->endpoint)
        refuse_action(c, p, method);
    return c->endpoint != NULL;
}

size_t routes_count(void)
{
    return count;
}

const struct endpoint *route_at(size_t i)
{
    return routes[i].row;
}

size_t route_index(const struct endpoint *row)
{
    uintptr_t at = (uintptr_t)row;

    for (size_t m = 0; modules[m]; m++) {
        uintptr_t first = (uintptr_t)modules[m]->endpoints;
        uintptr_t end = (uintptr_t)(modules[m]->endpoints + modules[m]->count);
        if (at >= first && at < end)
            return module_starts[m] + (size_t)(row - modules[m]->endpoints);
    }
    abort();
}

const struct module *route_module(const struct endpoint *row)
{
    return routes[route_index(row)].module;
}

bool route_wants_csrf(const struct endpoint *row)
{
    return row->method != GET && row->access != PUBLIC && row->csrf != CSRF_NEVER;
}

static void print_rights(struct buf *out, const struct endpoint *row)
{
    if (row->right)
        buf_text(out, row->right);
    for (size_t i = 0; i < countof(row->also_rights) && row->also_rights[i]; i++)
        buf_print(out, " | %s", row->also_rights[i]);
}

static void print_accounts(struct buf *out, const struct endpoint *row)
{
    static const char *const names[] = {"staff", "agent", "landlord", "tenant", "contractor"};
    const char *before = "";

    if (row->access == PUBLIC)
        return buf_text(out, "public");
    for (size_t i = 0; i < countof(names); i++)
        if (row->accounts & 1 << i) {
            buf_print(out, "%s%s", before, names[i]);
            before = ",";
        }
}

static void print_fields(struct buf *out, const struct endpoint *row, bool required)
{
    static const char *const types[] = {"integer", "decimal", "text", "secret", "email", "choice",
        "uuid", "date", "boolean", "integers", "texts", "file", "object", "objects"};
    const char *before = "";

    for (size_t i = 0; i < row->input.count; i++) {
        const struct field *f = &row->input.fields[i];
        if (required && !f->required)
            continue;
        buf_print(out, "%s%s:%s", before, f->name, types[f->type]);
        before = ",";
    }
}

void routes_print(struct buf *out)
{
    buf_text(out, "method\tpath\taction\tpermission\taccounts\tcsrf\tmodule\tsummary\taudit\t"
                  "required\tfields\treply\n");
    for (size_t i = 0; i < count; i++) {
        const struct endpoint *row = routes[i].row;
        buf_print(out, "%s\t%s\t%s\t", method_name(row->method), row->path,
            row->action ? row->action : "");
        print_rights(out, row);
        buf_char(out, '\t');
        print_accounts(out, row);
        buf_print(out, "\t%s\t%s\t%s\t%s\t", route_wants_csrf(row) ? "yes" : "no",
            routes[i].module->name, row->summary, row->audit ? row->audit : "");
        print_fields(out, row, true);
        buf_char(out, '\t');
        print_fields(out, row, false);
        buf_print(out, "\t%s\n", row->reply_type ? row->reply_type : "application/json");
    }
}
