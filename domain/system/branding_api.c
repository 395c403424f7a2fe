#include <sodium.h>

#include "domain/system/system.h"
#include "domain/system/system.sql.h"
#include "domain/system/tints.h"
#include "server/reply.h"
#include "tenancy/db.h"
#include "tenancy/org.h"

static const char default_colour[] = "#1f6f5c";

struct brand {
    struct str name, colour;
};

static struct brand brand_of(struct call *c)
{
    struct rows *r = c->org ? db_query(c, sql_brand_get) : NULL;
    struct str name = r ? row_str(r, 0, "name") : NO_STR,
               colour = r ? row_str(r, 0, "colour") : NO_STR;

    if (!name.at)
        name = c->org ? str_of(c->org->name) : STR("PropOps");
    return (struct brand){name, colour.at ? colour : str_of(default_colour)};
}

/* A plain style sheet, the same for everybody of the host: no flash of other colours, nothing
 * inline. */
static void show_sheet(struct call *c, const void *in)
{
    struct brand b = brand_of(c);
    struct tint brand, tints[TINTS];
    struct buf *css = call_buf(c);
    uint8_t hash[16];
    char tag[33];

    (void)in;
    if (call_faulted(c))
        return;
    if (!tint_parse(b.colour, &brand))
        tint_parse(str_of(default_colour), &brand);
    tints_make(brand, tints);
    buf_text(css, ":root{");
    for (int i = 0; i < TINTS; i++)
        buf_print(css, "--brand-%d:#%02x%02x%02x;", i, tints[i].red, tints[i].green, tints[i].blue);
    buf_text(css, "--brand-ink:#ffffff;--ring:var(--brand-6)}\n");
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
    json_member(&j, &FIELD_STR("colour", b.colour));
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
        .run = RUN(show_brand),
    },
};

const struct module branding_module = MODULE("branding", endpoints);
