#include <sodium.h>

#include "domain/system/system.h"
#include "domain/system/system.sql.h"
#include "domain/system/tints.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/org.h"

static const char default_colour[] = "#1f6f5c";

struct brand {
    struct str name, short_name, colour, logo;
    struct tint tints[TINTS];
};

static struct brand brand_of(struct call *c)
{
    struct brand b = {.colour = str_of(default_colour)};
    struct tint colour;

    if (c->org) {
        struct rows *r = db_query(c, sql_brand_get);
        b = (struct brand){row_str(r, 0, "name"), row_str(r, 0, "short_name"),
            row_str(r, 0, "colour"), row_str(r, 0, "logo"), {{0}}};
    }
    if (!b.name.at)
        b.name = c->org ? str_of(c->org->name) : STR("PropOps");
    if (!b.short_name.at)
        b.short_name = b.name;
    if (!tint_parse(b.colour, &colour)) {
        b.colour = str_of(default_colour);
        tint_parse(b.colour, &colour);
    }
    tints_make(colour, b.tints);
    return b;
}

/* A plain style sheet, the same for everybody of the host: no flash of other colours, nothing
 * inline. Of what people wrote only digits of colours come into it. */
static void show_sheet(struct call *c, const void *in)
{
    struct brand b = brand_of(c);
    struct buf *css = call_buf(c);
    uint8_t hash[16];
    char tag[33];

    (void)in;
    if (call_faulted(c))
        return;
    buf_text(css, ":root{");
    for (int i = 0; i < TINTS; i++)
        buf_print(
            css, "--brand-%d:#%02x%02x%02x;", i, b.tints[i].red, b.tints[i].green, b.tints[i].blue);
    buf_text(css, "--brand-ink:#ffffff;--ring:light-dark(var(--brand-6),var(--brand-3))}\n");
    crypto_generichash(hash, sizeof hash, (const uint8_t *)css->at, css->len, NULL, 0);
    sodium_bin2hex(tag, sizeof tag, hash, sizeof hash);
    reply_header(c, "cache-control", STR("no-cache"));
    if (!reply_unchanged(c, str_of(tag)))
        reply_bytes(c, "text/css; charset=utf-8", call_copy(c, buf_view(css)));
}

static void show_brand(struct call *c, const void *in)
{
    struct brand b = brand_of(c);
    struct buf *data = call_buf(c);
    struct json j;

    (void)in;
    json_begin(&j, data);
    json_object(&j);
    json_member(&j, &FIELD_STR("name", b.name));
    json_member(&j, &FIELD_STR("short_name", b.short_name));
    json_member(&j, &FIELD_STR("colour", b.colour));
    json_key(&j, "colours");
    json_array(&j);
    for (int i = 0; i < TINTS; i++)
        json_str(
            &j, call_print(c, "#%02x%02x%02x", b.tints[i].red, b.tints[i].green, b.tints[i].blue));
    json_array_end(&j);
    json_member(&j, &FIELD_STR("logo_url", b.logo));
    json_member(&j, &FIELD_FLAG("shared_host", c->shared_host));
    json_key(&j, "flags");
    json_array(&j);
    for (size_t i = 0; c->org && c->org->flags[i]; i++)
        json_text(&j, c->org->flags[i]);
    json_array_end(&j);
    json_object_end(&j);
    reply_data(c, buf_view(data));
}

static const struct endpoint endpoints[] = {
    {
        GET,
        "/brand.css",
        .summary = "The org's colours as a style sheet",
        .access = PUBLIC,
        .reply_type = "text/css",
        .run = RUN(show_sheet),
    },
    {
        GET,
        "/api/branding",
        .summary = "Name and colours of the org",
        .access = PUBLIC,
        .data = DATA_ONE,
        DATA_COLUMNS(MEMBER(name, TEXT), MEMBER(short_name, TEXT), MEMBER(colour, TEXT),
            MEMBER(colours, TEXTS), MEMBER_OR_NULL(logo_url, TEXT), MEMBER(shared_host, BOOLEAN),
            MEMBER(flags, TEXTS)),
        .run = RUN(show_brand),
    },
};

const struct module branding_module = MODULE("branding", endpoints);
