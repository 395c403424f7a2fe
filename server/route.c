#include "server/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/input.h"
#include "server/log.h"
#include "server/reply.h"

enum { ROWS_MOST = 600, PATHS_BUCKETS = 1024 };

struct route {
    const struct endpoint *row;
    const struct module *module;
    struct route *same_path; /* next row of the path */
};

/* One path and its rows. */
struct place {
    const char *path;
    bool has_values;
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

static void mistake(const struct endpoint *row, const char *what)
{
    fprintf(stderr, "propops: row %s %s %s: %s\n", method_name(row->method), row->path,
        row->action ? row->action : "", what);
    mistakes++;
}

static void check_fields(const struct endpoint *row)
{
    if (row->input.count > 64)
        mistake(row, "more than 64 fields");
    for (size_t i = 0; i < row->input.count; i++) {
        const struct field *f = &row->input.fields[i];
        if (f->type == FIELD_CHOICE && !f->choices)
            mistake(row, "a choice without choices");
        if (f->in_path && !strstr(row->path, f->name))
            mistake(row, "a path field that the path does not have");
    }
}

static void check(const struct endpoint *row)
{
    if (!row->summary || !row->run)
        mistake(row, "needs a summary and .run");
    if (!row->path || row->path[0] != '/')
        mistake(row, "the path must begin with /");
    if (row->access == BY_RIGHT && !row->right)
        mistake(row, "names neither a right nor .access");
    if (row->access != BY_RIGHT && row->right)
        mistake(row, "names a right and an open .access");
    if ((row->access == PUBLIC) != (row->accounts == 0))
        mistake(row, "public rows name no accounts, all others do");
    if (row->method == GET && row->audit)
        mistake(row, "reads leave no audit entry of their own");
    check_fields(row);
}

static struct place *place_of(const char *path)
{
    unsigned bucket = hash_of(str_of(path));

    for (size_t i = 0; i < places_count; i++)
        if (strcmp(places[i].path, path) == 0)
            return &places[i];
    struct place *p = &places[places_count++];
    *p = (struct place){.path = path, .has_values = strchr(path, '{') != NULL};
    struct place **list = p->has_values ? &with_values : &buckets[bucket];
    p->next = *list;
    *list = p;
    return p;
}

static bool same_action(const struct endpoint *a, const struct endpoint *b)
{
    return (!a->action && !b->action) || (a->action && b->action && strcmp(a->action, b->action) == 0);
}

static void add(const struct module *m, const struct endpoint *row)
{
    struct place *p = place_of(row->path);

    if (count == ROWS_MOST)
        die("more than %d rows: raise ROWS_MOST in route.c", ROWS_MOST);
    for (struct route *r = p->rows; r; r = r->same_path)
        if (r->row->method == row->method && same_action(r->row, row))
            mistake(row, "stands twice");
    struct route *r = &routes[count++];
    *r = (struct route){.row = row, .module = m};
    struct route **end = &p->rows;
    while (*end)
        end = &(*end)->same_path;
    *end = r;
}

void routes_build(const struct module *const *all)
{
    for (size_t m = 0; all[m]; m++)
        for (size_t i = 0; i < all[m]->count; i++) {
            check(&all[m]->endpoints[i]);
            add(all[m], &all[m]->endpoints[i]);
        }
    if (mistakes)
        die("%u mistakes in the rows above", mistakes);
}

/* Compares a path with a pattern; what stands at {…} goes into values. */
static bool fits(const char *pattern, struct str path, struct str values[4])
{
    struct str want = str_of(pattern), have = path;
    size_t taken = 0;

    while (want.at && have.at) {
        struct str w = str_cut(&want, '/'), h = str_cut(&have, '/');
        if (w.len && w.at[0] == '{') {
            if (h.len == 0 || taken == 4)
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

static const char *action_as_post(const struct endpoint *row)
{
    return row->action ? row->action : row->method == PUT ? "update" : "delete";
}

static bool answers(const struct endpoint *row, enum method method, struct str action)
{
    if (row->method == method) {
        if (!row->action)
            return true;
        return action.at ? str_is(action, row->action) : row->action_optional;
    }
    bool by_post = method == POST && (row->method == PUT || row->method == DELETE);
    return by_post && action.at && str_is(action, action_as_post(row));
}

/* An exact action comes before a row without one. */
static const struct endpoint *choose(const struct place *p, enum method method, struct str action)
{
    const struct endpoint *open = NULL;

    for (const struct route *r = p->rows; r; r = r->same_path) {
        if (!answers(r->row, method, action))
            continue;
        if (r->row->action || r->row->method != method)
            return r->row;
        open = r->row;
    }
    return open;
}

static bool method_known(const struct place *p, enum method method)
{
    for (const struct route *r = p->rows; r; r = r->same_path)
        if (r->row->method == method || (method == POST && r->row->method != GET))
            return true;
    return false;
}

static void refuse_method(struct call *c, const struct place *p)
{
    struct buf *allowed = call_buf(c);
    static const enum method all[] = {GET, POST, PUT, DELETE};

    for (size_t i = 0; i < countof(all); i++)
        if (method_known(p, all[i]))
            buf_print(allowed, "%s%s", allowed->len ? ", " : "", method_name(all[i]));
    reply_header(c, "allow", buf_view(allowed));
    fail(c, METHOD_NOT_ALLOWED);
}

static void refuse_action(struct call *c, const struct place *p, enum method method)
{
    struct buf *known = call_buf(c);

    for (const struct route *r = p->rows; r; r = r->same_path)
        if (r->row->method == method || (method == POST && r->row->method != GET))
            buf_print(known, "%s%s", known->len ? ", " : "",
                r->row->method == method ? (r->row->action ? r->row->action : "none") : action_as_post(r->row));
    fail_field(c, "action", "must be one of: %.*s", (int)known->len, known->at);
}

bool route_find(struct call *c)
{
    const struct place *p = find_place(c);
    enum method method = c->request.method;

    if (!p) {
        fail(c, NOT_FOUND);
        return false;
    }
    /* Errors of a path speak the language of its module, even before the row is known. */
    const struct route *first = p->rows;
    if (!method_known(p, method)) {
        refuse_method(c, p);
        return false;
    }
    bool has_actions = false;
    for (const struct route *r = first; r; r = r->same_path)
        has_actions |= r->row->action || r->row->method == PUT || r->row->method == DELETE;
    if (has_actions)
        c->action = input_peek(c, "action");
    if (call_faulted(c))
        return false;
    if (c->action.at && c->action.len == 0)
        c->action = NO_STR;
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
    for (size_t i = 0; i < count; i++)
        if (routes[i].row == row)
            return i;
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
    bool first = true;

    for (size_t i = 0; i < countof(names); i++)
        if (row->accounts & 1 << i) {
            buf_print(out, "%s%s", first ? "" : ",", names[i]);
            first = false;
        }
}

static void print_fields(struct buf *out, const struct endpoint *row, bool required)
{
    static const char *const types[] = {"integer", "decimal", "text", "secret", "email", "choice", "uuid", "date", "boolean",
        "integers", "texts", "file", "object", "objects"};
    bool first = true;

    for (size_t i = 0; i < row->input.count; i++) {
        const struct field *f = &row->input.fields[i];
        if (required && !f->required)
            continue;
        buf_print(out, "%s%s:%s", first ? "" : ",", f->name, types[f->type]);
        first = false;
    }
}

void routes_print(struct buf *out)
{
    buf_text(out, "method\tpath\taction\tpermission\taccounts\tcsrf\tmodule\tsummary\taudit\trequired\tfields\treply\n");
    for (size_t i = 0; i < count; i++) {
        const struct endpoint *row = routes[i].row;
        buf_print(out, "%s\t%s\t%s\t", method_name(row->method), row->path, row->action ? row->action : "");
        print_rights(out, row);
        buf_char(out, '\t');
        print_accounts(out, row);
        buf_print(out, "\t%s\t%s\t%s\t%s\t", route_wants_csrf(row) ? "yes" : "no", routes[i].module->name, row->summary,
            row->audit ? row->audit : "");
        print_fields(out, row, true);
        buf_char(out, '\t');
        print_fields(out, row, false);
        buf_print(out, "\t%s\n", row->reply_type ? row->reply_type : "application/json");
    }
}
