/*
 * embed_sql: writes the named statements of .sql files as C constants, at build time.
 *
 *     embed_sql SOURCE_FOLDER OUTPUT_FOLDER FILE.sql …
 *
 * For each file a header OUTPUT_FOLDER/FILE.sql.h declares its statements;
 * OUTPUT_FOLDER/statements.c defines them all. The format is described in server/statement.h. A
 * mistake is reported as file:line and ends the build.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LINE_MOST = 4000, ITEMS_MOST = 80, TEXT_MOST = 64 * 1024, STATEMENTS_MOST = 4000 };

struct item {
    char name[200], type[40], text[2000], place[120], by[64];
    bool nullable, descending;
};

struct list {
    struct item at[ITEMS_MOST];
    size_t count;
};

struct statement {
    char name[80];
    char text[TEXT_MOST], from[TEXT_MOST];
    char where[4000], scope[6][1000];
    struct list columns, params, filters, orders;
    bool open, listing, ended;
};

static const char *file_name;
static int line_number;
static struct statement now;
static char *names[STATEMENTS_MOST];
static size_t names_count;

static void refuse(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void refuse(const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s:%d: ", file_name, line_number);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
    return text;
}

static void copy(char *to, size_t room, const char *from)
{
    if (strlen(from) >= room)
        refuse("too long: %.60s", from);
    memcpy(to, from, strlen(from) + 1);
}

static void append(char *to, size_t room, const char *line)
{
    size_t len = strlen(to);

    if (len + strlen(line) + 2 > room)
        refuse("the statement is too long");
    snprintf(to + len, room - len, "%s\n", line);
}

static struct item *add(struct list *l)
{
    if (l->count == ITEMS_MOST)
        refuse("too many items");
    return memset(&l->at[l->count++], 0, sizeof l->at[0]);
}

/* "job_title text", "access_details sealed(jobs.access_details by uuid)?": name, type, and ? for
 * may-be-null. */
static void read_column(struct item *i, char *text)
{
    char *space = strpbrk(text, " \t");

    if (!space)
        refuse("'%s' has no type", text);
    *space = '\0';
    copy(i->name, sizeof i->name, text);
    char *type = trim(space + 1);
    size_t len = strlen(type);
    i->nullable = len && type[len - 1] == '?';
    if (i->nullable)
        type[len - 1] = '\0';
    char *by = strstr(type, " by ");
    if (strncmp(type, "sealed(", 7) != 0) {
        copy(i->type, sizeof i->type, trim(type));
        return;
    }
    len = strlen(type);
    if (!by || type[len - 1] != ')')
        refuse("write sealed(kind.field by uuid-column), not '%s'", type);
    type[len - 1] = '\0';
    *by = '\0';
    copy(i->type, sizeof i->type, "sealed");
    copy(i->place, sizeof i->place, trim(type + 7));
    copy(i->by, sizeof i->by, trim(by + 4));
}

/* Items separated by commas outside parentheses. */
static void read_items(struct list *l, char *text, void (*read)(struct item *, char *))
{
    int depth = 0;
    char *from = text;

    for (char *at = text;; at++) {
        depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
        if (*at && !(*at == ',' && depth == 0))
            continue;
        bool last = !*at;
        *at = '\0';
        if (*trim(from))
            read(add(l), trim(from));
        if (last)
            return;
        from = at + 1;
    }
}

/* "uuid uuid": a parameter's name and type. */
static void read_param(struct item *i, char *text)
{
    char *space = strpbrk(text, " \t");

    if (!space)
        refuse("parameter '%s' has no type", text);
    *space = '\0';
    copy(i->name, sizeof i->name, text);
    copy(i->type, sizeof i->type, trim(space + 1));
}

/* "j.created_at DESC timestamptz". */
static void read_order(struct item *i, char *text)
{
    char *type = strrchr(text, ' ');

    if (!type)
        refuse("write 'expression [DESC] type', not '%s'", text);
    copy(i->type, sizeof i->type, type + 1);
    *type = '\0';
    char *expression = trim(text);
    char *direction = strrchr(expression, ' ');
    if (direction && (strcmp(direction + 1, "DESC") == 0 || strcmp(direction + 1, "ASC") == 0)) {
        i->descending = direction[1] == 'D';
        *direction = '\0';
    }
    copy(i->text, sizeof i->text, trim(expression));
}

/* "status_id bigint: j.status_id = ?". */
static void read_filter(char *text)
{
    char *colon = strchr(text, ':');
    struct item *i = add(&now.filters);

    if (!colon || !strchr(colon, '?'))
        refuse("write 'filter name type: condition with one ?'");
    *colon = '\0';
    read_param(i, trim(text));
    copy(i->text, sizeof i->text, trim(colon + 1));
}

static void read_scope(char *text)
{
    static const char *const kinds[] = {"", "staff", "agent", "landlord", "tenant", "contractor"};
    char *colon = strchr(text, ':');

    if (!colon)
        refuse("write 'scope kind: condition'");
    *colon = '\0';
    for (size_t i = 1; i < 6; i++)
        if (strcmp(trim(text), kinds[i]) == 0)
            return copy(now.scope[i], sizeof now.scope[i], trim(colon + 1));
    refuse("there is no kind of account '%s'", text);
}

static bool directive(char *comment, const char *word, char **rest)
{
    size_t len = strlen(word);

    if (strncmp(comment, word, len) != 0)
        return false;
    *rest = trim(comment + len);
    return true;
}

/* A comment line of a statement, until the next one's name: also behind its semicolon. Free text is
 * passed over. */
static void read_comment(char *comment)
{
    char *rest;

    if (directive(comment, "returns:", &rest))
        read_items(&now.columns, rest, read_column);
    else if (directive(comment, "params:", &rest))
        read_items(&now.params, rest, read_param);
    else if (directive(comment, "filter ", &rest))
        read_filter(rest);
    else if (directive(comment, "scope ", &rest))
        read_scope(rest);
    else if (directive(comment, "where:", &rest))
        copy(now.where, sizeof now.where, rest);
    else if (directive(comment, "order:", &rest))
        read_items(&now.orders, rest, read_order);
    else if (strcmp(comment, "from") == 0)
        now.listing = true;
}

static void write_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '\n')
            fputs(text[1] ? "\\n\"\n        \"" : "", out);
        else if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if (*text == '?')
            fputs("\\?", out);
        else
            fputc(*text, out);
    }
    fputc('"', out);
}

static void write_constant(FILE *out, const char *type)
{
    static const char *const types[][2] = {
        {"bigint", "BIGINT"},
        {"text", "TEXT"},
        {"uuid", "UUID"},
        {"boolean", "BOOLEAN"},
        {"numeric", "NUMERIC"},
        {"date", "DATE"},
        {"instant", "INSTANT"},
        {"json", "JSON"},
        {"bytes", "BYTES"},
        {"bigint[]", "BIGINTS"},
        {"text[]", "TEXTS"},
        {"uuid[]", "UUIDS"},
        {"sealed", "SEALED"},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i][0], type) == 0) {
            fprintf(out, "COLUMN_%s", types[i][1]);
            return;
        }
    refuse("statement %s: there is no column type '%s'", now.name, type);
}

static void write_columns(FILE *out)
{
    if (!now.columns.count)
        return;
    fprintf(out, "static const struct column %s_columns[] = {\n", now.name);
    for (size_t i = 0; i < now.columns.count; i++) {
        const struct item *c = &now.columns.at[i];
        fprintf(out, "    {.name = \"%s\", .type = ", c->name);
        write_constant(out, c->type);
        fprintf(out, ", .nullable = %s", c->nullable ? "true" : "false");
        fprintf(out, ", .key = \"\\\"%s\\\":\", .key_len = %zu", c->name, strlen(c->name) + 3);
        if (*c->place)
            fprintf(out, ", .place = \"%s\", .by = \"%s\"", c->place, c->by);
        fputs("},\n", out);
    }
    fputs("};\n", out);
}

static void write_params(FILE *out)
{
    if (!now.params.count)
        return;
    fprintf(out, "static const struct parameter %s_params[] = {\n", now.name);
    for (size_t i = 0; i < now.params.count; i++)
        fprintf(out, "    {\"%s\", \"%s\"},\n", now.params.at[i].name, now.params.at[i].type);
    fputs("};\n", out);
}

static void write_filters(FILE *out)
{
    if (!now.filters.count)
        return;
    fprintf(out, "static const struct filter %s_filters[] = {\n", now.name);
    for (size_t i = 0; i < now.filters.count; i++) {
        fprintf(out, "    {\"%s\", \"%s\", ", now.filters.at[i].name, now.filters.at[i].type);
        write_string(out, now.filters.at[i].text);
        fputs("},\n", out);
    }
    fputs("};\n", out);
}

static void write_orders(FILE *out)
{
    if (!now.orders.count)
        return;
    fprintf(out, "static const struct order %s_orders[] = {\n", now.name);
    for (size_t i = 0; i < now.orders.count; i++) {
        fputs("    {", out);
        write_string(out, now.orders.at[i].text);
        fprintf(out, ", %s, \"%s\"},\n", now.orders.at[i].descending ? "true" : "false",
            now.orders.at[i].type);
    }
    fputs("};\n", out);
}

static void write_list_member(FILE *out, const char *member, const struct list *l)
{
    if (l->count)
        fprintf(out, "    .%s = %s_%s,\n    .%s_count = %zu,\n", member, now.name, member, member,
            l->count);
}

static void check(void)
{
    char *text = trim(now.text);

    if (!*text)
        refuse("statement %s is empty", now.name);
    if (now.listing && (!now.orders.count || !now.columns.count))
        refuse("listing %s needs 'returns:' and 'order:'", now.name);
    for (size_t i = 0; i < names_count; i++)
        if (strcmp(names[i], now.name) == 0)
            refuse("there is a statement %s already", now.name);
}

static void write_statement(FILE *out, FILE *header)
{
    if (!now.open)
        return;
    check();
    fprintf(header, "extern const struct statement sql_%s;\n", now.name);
    write_columns(out);
    write_params(out);
    write_filters(out);
    write_orders(out);
    fprintf(out, "const struct statement sql_%s = {\n    .name = \"%s\",\n    .text =\n        ",
        now.name, now.name);
    write_string(out, trim(now.text));
    fputs(",\n", out);
    if (now.listing) {
        fputs("    .from =\n        ", out);
        write_string(out, trim(now.from));
        fputs(",\n", out);
    }
    if (*now.where) {
        fputs("    .where = ", out);
        write_string(out, now.where);
        fputs(",\n", out);
    }
    for (size_t i = 1; i < 6; i++)
        if (*now.scope[i]) {
            fprintf(out, "    .scope[%zu] = ", i);
            write_string(out, now.scope[i]);
            fputs(",\n", out);
        }
    write_list_member(out, "columns", &now.columns);
    write_list_member(out, "params", &now.params);
    write_list_member(out, "filters", &now.filters);
    write_list_member(out, "orders", &now.orders);
    fprintf(out, "    .number = %zu,\n};\n\n", names_count);
    if (names_count == STATEMENTS_MOST)
        refuse("too many statements");
    names[names_count++] = strdup(now.name);
    now.open = false;
}

static void read_line(char *line, FILE *out, FILE *header)
{
    char *text = trim(line), *rest;

    if (strncmp(text, "--", 2) == 0) {
        char *comment = trim(text + 2);
        if (directive(comment, "name:", &rest)) {
            write_statement(out, header);
            memset(&now, 0, sizeof now);
            copy(now.name, sizeof now.name, rest);
            now.open = true;
        } else if (now.open) {
            read_comment(comment);
        }
        return;
    }
    if (!*text)
        return;
    if (!now.open)
        refuse("text outside a statement: begin with '-- name: …'");
    if (now.ended)
        refuse("text behind the semicolon of %s: begin the next with '-- name: …'", now.name);
    size_t len = strlen(text);
    bool ends = text[len - 1] == ';';
    if (ends)
        text[len - 1] = '\0';
    if (now.listing)
        append(now.from, sizeof now.from, text);
    else
        append(now.text, sizeof now.text, text);
    now.ended = ends;
}

static void make_folders(const char *path)
{
    char folder[1000];

    copy(folder, sizeof folder, path);
    for (char *at = folder + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(folder, 0777);
        *at = '/';
    }
}

static FILE *open_or_die(const char *path, const char *mode)
{
    FILE *f = fopen(path, mode);

    if (!f) {
        perror(path);
        exit(1);
    }
    return f;
}

static void embed(const char *source, const char *output, const char *name, FILE *out)
{
    char path[1000], line[LINE_MOST];

    file_name = name;
    line_number = 0;
    snprintf(path, sizeof path, "%s/%s.h", output, name);
    make_folders(path);
    FILE *header = open_or_die(path, "w");
    fprintf(header,
        "/* The statements of %s. */\n#pragma once\n\n#include \"server/statement.h\"\n\n", name);
    snprintf(path, sizeof path, "%s/%s", source, name);
    FILE *in = open_or_die(path, "r");
    while (fgets(line, sizeof line, in)) {
        line_number++;
        if (strlen(line) == sizeof line - 1)
            refuse("a line of over %d bytes", LINE_MOST - 2);
        read_line(line, out, header);
    }
    if (now.open && !now.ended)
        refuse("the last statement does not end with a semicolon");
    write_statement(out, header);
    fclose(in);
    if (fclose(header) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    char path[1000];

    if (argc < 3) {
        fputs("usage: embed_sql SOURCE_FOLDER OUTPUT_FOLDER FILE.sql …\n", stderr);
        return 2;
    }
    snprintf(path, sizeof path, "%s/statements.c", argv[2]);
    make_folders(path);
    FILE *out = open_or_die(path, "w");
    fputs("#include \"server/statement.h\"\n\n", out);
    for (int i = 3; i < argc; i++)
        fprintf(out, "#include \"%s.h\"\n", argv[i]);
    fputc('\n', out);
    for (int i = 3; i < argc; i++)
        embed(argv[1], argv[2], argv[i], out);
    fputs("const struct statement *const all_statements[] = {\n", out);
    for (size_t i = 0; i < names_count; i++)
        fprintf(out, "    &sql_%s,\n", names[i]);
    fprintf(out, "    NULL,\n};\n\nconst size_t all_statements_count = %zu;\n", names_count);
    return fclose(out) == 0 ? 0 : 1;
}
