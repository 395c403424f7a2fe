#include "server/file_type.h"

#include <stdio.h>
#include <string.h>

#include "server/fiber.h"

bool bytes_are(struct str s, size_t at, struct str what)
{
    return at <= s.len && s.len - at >= what.len && memcmp(s.at + at, what.at, what.len) == 0;
}

bool bytes_hold(struct str s, struct str what)
{
    return s.len && memmem(s.at, s.len, what.at, what.len) != NULL;
}

struct str bytes_from(struct str s, size_t at, size_t most)
{
    if (at >= s.len)
        return STR("");
    return (struct str){s.at + at, s.len - at < most ? s.len - at : most};
}

struct file_fault size_fault(uint64_t width, uint64_t height)
{
    if (width == 0 || height == 0)
        return BROKEN("a picture without size");
    if (width > SIDE_MOST || height > SIDE_MOST || width * height > PIXELS_MOST)
        return LARGE("too many pixels");
    return FILE_FINE;
}

bool holds_other_file(struct str rest)
{
    static const struct str signs[] = {STR("PK\x03\x04"), STR("PK\x05\x06"), STR("%PDF-"),
        STR("Rar!\x1a\x07"), STR("7z\xbc\xaf\x27\x1c"),
        STR("\x7f"
            "ELF"),
        STR("<script"), STR("<html"), STR("<!DOCTYPE"), STR("<?php"),
        STR("This program cannot be run in DOS mode")};

    for (size_t i = 0; i < countof(signs); i++)
        if (bytes_hold(rest, signs[i]))
            return true;
    return false;
}

static const char *head_type(struct str s)
{
    if (bytes_are(s, 0, STR("\xff\xd8\xff")))
        return "image/jpeg";
    if (bytes_are(s, 0, STR("\x89PNG\r\n\x1a\n")))
        return "image/png";
    if (bytes_are(s, 0, STR("GIF87a")) || bytes_are(s, 0, STR("GIF89a")))
        return "image/gif";
    if (bytes_are(s, 0, STR("RIFF")) && bytes_are(s, 8, STR("WEBP")))
        return "image/webp";
    if (bytes_are(s, 0, STR("%PDF-")))
        return "application/pdf";
    if (bytes_are(s, 0, STR("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")))
        return ole_type(s);
    if (bytes_are(s, 0, STR("PK\x03\x04")))
        return zip_type(s);
    return is_heic(s) ? "image/heic" : NULL;
}

const char *file_type_of(struct str bytes)
{
    const char *type = head_type(bytes);

    return type ? type : is_text(bytes) ? "text/plain" : NULL;
}

static struct file_fault text_fault(struct str s)
{
    return is_text(s) ? FILE_FINE : REFUSED("not plain text");
}

static const struct {
    const char *type;
    struct file_fault (*fault)(struct str s);
    const char *extensions[5];
} types[] = {
    {"image/jpeg", jpeg_fault, {"jpg", "jpeg", "jpe", "jfif"}},
    {"image/png", png_fault, {"png"}},
    {"image/gif", gif_fault, {"gif"}},
    {"image/webp", webp_fault, {"webp"}},
    {"image/heic", heic_fault, {"heic", "heif"}},
    {"application/pdf", pdf_fault, {"pdf"}},
    {TYPE_DOC, ole_fault, {"doc"}},
    {TYPE_XLS, ole_fault, {"xls"}},
    {TYPE_DOCX, zip_fault, {"docx"}},
    {TYPE_XLSX, zip_fault, {"xlsx"}},
    {TYPE_PPTX, zip_fault, {"pptx"}},
    {"text/plain", text_fault, {"txt", "text", "log"}},
    {"text/csv", text_fault, {"csv"}},
};

struct file_fault file_fault_of(struct str bytes, const char *type)
{
    for (size_t i = 0; i < countof(types); i++)
        if (strcmp(types[i].type, type) == 0)
            return types[i].fault(bytes);
    return REFUSED("a type that is not taken");
}

/* What stands behind the last dot: NO_STR for none, and for what no extension looks like. */
static struct str extension_of(struct str name)
{
    size_t dot = name.len;
    bool has_letter = false;

    while (dot > 0 && name.at[dot - 1] != '.')
        dot--;
    struct str extension = {name.at + dot, name.len - dot};
    if (dot == 0 || extension.len == 0 || extension.len > 5)
        return NO_STR;
    for (size_t i = 0; i < extension.len; i++) {
        char letter = (char)(extension.at[i] | 0x20);
        has_letter |= letter >= 'a' && letter <= 'z';
    }
    return has_letter ? extension : NO_STR;
}

static bool has_extension(const char *type, struct str extension)
{
    for (size_t i = 0; i < countof(types); i++)
        for (size_t k = 0; strcmp(types[i].type, type) == 0 && types[i].extensions[k]; k++)
            if (str_equal_ignoring_case(extension, str_of(types[i].extensions[k])))
                return true;
    return false;
}

/* Claims that say nothing, and other names for the same. */
static bool claim_agrees(const char *type, struct str claimed)
{
    static const struct {
        const char *claimed, *type;
    } same[] = {
        {"application/octet-stream", NULL},
        {"binary/octet-stream", NULL},
        {"image/jpg", "image/jpeg"},
        {"image/pjpeg", "image/jpeg"},
        {"image/heif", "image/heic"},
        {"text/csv", "text/plain"},
        {"text/plain", "text/csv"},
        {"application/csv", "text/csv"},
        {"application/vnd.ms-excel", "text/csv"}, /* what browsers say where Excel owns .csv */
        {"application/x-pdf", "application/pdf"},
    };
    struct str rest = claimed;
    struct str bare = claimed.at ? str_trim(str_cut(&rest, ';')) : NO_STR;

    if (bare.len == 0 || str_equal_ignoring_case(bare, str_of(type)))
        return true;
    for (size_t i = 0; i < countof(same); i++)
        if (str_equal_ignoring_case(bare, str_of(same[i].claimed)) &&
            (!same[i].type || strcmp(same[i].type, type) == 0))
            return true;
    return false;
}

const char *file_type_agreed(const char *type, struct str name, struct str claimed)
{
    struct str extension = name.at ? extension_of(name) : NO_STR;

    if (!type)
        return NULL;
    if (strcmp(type, "text/plain") == 0 && extension.at && has_extension("text/csv", extension))
        type = "text/csv";
    if (extension.at && !has_extension(type, extension))
        return NULL;
    return claim_agrees(type, claimed) ? type : NULL;
}

struct acceptance {
    const struct upload *upload;
    const char *found, *type;
    struct file_fault fault;
};

static void look(void *arg)
{
    struct acceptance *a = arg;

    a->found = file_type_of(a->upload->bytes);
    a->type = file_type_agreed(a->found, a->upload->name, a->upload->type);
    if (a->type)
        a->fault = file_fault_of(a->upload->bytes, a->type);
}

const char *file_accept(struct call *c, const struct upload *upload)
{
    struct acceptance a = {.upload = upload};

    if (call_faulted(c))
        return NULL;
    if (!offload(look, &a)) {
        fail_with(c, BUSY, "no worker to look at a file");
        return NULL;
    }
    if (!a.type)
        fail_with(c, FILE_TYPE_REFUSED, "content %s, claimed %.*s", a.found ? a.found : "unknown",
            (int)(upload->type.len < 80 ? upload->type.len : 80),
            upload->type.at ? upload->type.at : "");
    else if (a.fault.id != NO_ERROR)
        fail_with(c, a.fault.id, "%s: %s", a.type, a.fault.why);
    return call_faulted(c) ? NULL : a.type;
}
