/* multipart/form-data: fields, files, and every way of being broken. */
#include "a_call.h"

#include <stdio.h>

#include "server/body.h"

#define FIELD_PART(name, value)                                                                    \
    "--edge\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART(name, file, bytes)                                                               \
    "--edge\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"" file                \
    "\"\r\nContent-Type: image/png\r\n\r\n" bytes "\r\n"
#define END "--edge--\r\n"

static struct pairs parse(struct call *c, const char *type, struct str text)
{
    struct pairs p = {0};

    call_with_body(c, POST, NULL, type, text);
    multipart_parse(c, str_of(type), c->request.body, &p);
    return p;
}

static void fields_and_files_are_read(void **state)
{
    struct call c;
    struct pairs p = parse(&c, MULTIPART_TYPE,
        BYTES(FIELD_PART("note", "two\r\nlines") FILE_PART("photo", "roof.png", "\0\r\n--edg\xff")
                FIELD_PART("empty", "") END));
    (void)state;
    assert_false(call_faulted(&c));
    assert_int_equal(p.count, 3);
    assert_int_equal(p.files, 1);
    assert_text(p.first->name, "note");
    assert_text(p.first->value, "two\r\nlines");
    const struct upload *u = p.first->next->upload;
    assert_text(u->name, "roof.png");
    assert_text(u->type, "image/png");
    assert_int_equal(u->bytes.len, 9);
    assert_memory_equal(u->bytes.at, "\0\r\n--edg\xff", 9);
    assert_true(
        u->bytes.at > c.request.body.at && u->bytes.at < c.request.body.at + c.request.body.len);
    assert_text(p.first->next->next->value, "");
    call_over(&c);
}

static void unusual_but_right_bodies_are_read(void **state)
{
    static const struct {
        const char *type;
        struct str body;
        unsigned count;
    } cases[] = {
        {MULTIPART_TYPE, BYTES(END), 0},
        {MULTIPART_TYPE, BYTES("--edge--"), 0},
        {MULTIPART_TYPE,
            BYTES("preamble with --edge in it\r\n" FIELD_PART("a", "1") END "epilogue"), 1},
        {"multipart/form-data; charset=utf-8; boundary=\"edge\"", BYTES(FIELD_PART("a", "1") END),
            1},
        {"Multipart/Form-Data; BOUNDARY=edge", BYTES(FIELD_PART("a", "1") END), 1},
        {"multipart/form-data; boundary=\"e d g:e\"",
            BYTES("--e d g:e\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--e d g:e--"),
            1},
        {MULTIPART_TYPE,
            BYTES("--edge \t\r\ncontent-disposition:form-data;name=a\r\n\r\n1\r\n" END), 1},
        {MULTIPART_TYPE, BYTES(FILE_PART("photo", "", "") END), 0},
        {MULTIPART_TYPE,
            BYTES("--edge\r\nContent-Transfer-Encoding: binary\r\nContent-Disposition: form-data; "
                  "name=a\r\n\r\n1\r\n" END),
            1},
        {MULTIPART_TYPE,
            BYTES("--edge\r\nContent-Disposition: form-data; foo=\"x;name=b\"; "
                  "name=\"a\"\r\n\r\n1\r\n" END),
            1},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct call c;
        struct pairs p = parse(&c, cases[i].type, cases[i].body);
        if (call_faulted(&c) || p.count != cases[i].count)
            wrong("case %zu: %u fields, %s", i, p.count, c.fault.detail);
        if (p.count)
            assert_text(p.first->name, "a");
        call_over(&c);
    }
}

static void broken_bodies_are_refused(void **state)
{
    static const struct {
        const char *type;
        struct str body;
    } cases[] = {
        {"multipart/form-data", BYTES(FIELD_PART("a", "1") END)},
        {"multipart/form-data; boundary=", BYTES(FIELD_PART("a", "1") END)},
        {"multipart/form-data; boundary=\"edge", BYTES(FIELD_PART("a", "1") END)},
        {"multipart/form-data; boundary=\"edge \"", BYTES(FIELD_PART("a", "1") END)},
        {"multipart/form-data; boundary=ed{ge", BYTES("--ed{ge--")},
        {"multipart/form-data; boundary="
         "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhh",
            BYTES("--")},
        {MULTIPART_TYPE, BYTES("nothing of the kind")},
        {MULTIPART_TYPE, BYTES("--edge")},
        {MULTIPART_TYPE, BYTES("--edge\r\n")},
        {MULTIPART_TYPE, BYTES("--edge\r\nContent-Disposition: form-data; name=a")},
        {MULTIPART_TYPE, BYTES("--edge\r\nContent-Disposition: form-data; name=a\r\n\r\n")},
        {MULTIPART_TYPE, BYTES(FIELD_PART("a", "1"))},
        {MULTIPART_TYPE, BYTES(FIELD_PART("a", "1") "--edge")},
        {MULTIPART_TYPE, BYTES(FIELD_PART("a", "1") "--edge-")},
        {MULTIPART_TYPE, BYTES(FILE_PART("a", "x", "half of a fi"))},
        {MULTIPART_TYPE,
            BYTES("--edgeX\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" END)},
        {MULTIPART_TYPE, BYTES("--edge\nContent-Disposition: form-data; name=a\n\n1\n--edge--\n")},
        {MULTIPART_TYPE, BYTES("--edge\r\n\r\nno head\r\n" END)},
        {MULTIPART_TYPE, BYTES("--edge\r\nContent-Type: text/plain\r\n\r\n1\r\n" END)},
        {MULTIPART_TYPE, BYTES("--edge\r\nContent-Disposition: form-data\r\n\r\n1\r\n" END)},
        {MULTIPART_TYPE,
            BYTES("--edge\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n1\r\n" END)},
        {MULTIPART_TYPE,
            BYTES("--edge\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n" END)},
        {MULTIPART_TYPE,
            BYTES("--edge\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n" END)},
        {MULTIPART_TYPE, BYTES("--edge\r\nContent-Disposition: form-data; name=a\r\n"
                               "Content-Disposition: form-data; name=b\r\n\r\n1\r\n" END)},
        {MULTIPART_TYPE, BYTES("--edge\r\nContent-Disposition: form-data; name=a\r\n"
                               "Content-Transfer-Encoding: base64\r\n\r\nMQ==\r\n" END)},
        {MULTIPART_TYPE, BYTES(FIELD_PART("a\xff", "1") END)},
        {MULTIPART_TYPE, BYTES(FIELD_PART("a", "\xff") END)},
        {MULTIPART_TYPE, BYTES(FIELD_PART("a", "\0") END)},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct call c;
        parse(&c, cases[i].type, cases[i].body);
        if (c.fault.id != BODY_MALFORMED)
            wrong("case %zu was read", i);
        call_over(&c);
    }
}

/* Every beginning of a good body is a body cut short, and nothing is read beyond it. */
static void every_truncation_is_refused(void **state)
{
    static const struct str whole = BYTES(
        FIELD_PART("note", "text") FILE_PART("photo", "a\\\"b.png", "bytes") "--edge--");
    (void)state;
    for (size_t len = 1; len < whole.len; len++) {
        struct call c;
        parse(&c, MULTIPART_TYPE, (struct str){whole.at, len});
        if (c.fault.id != BODY_MALFORMED)
            wrong("the first %zu bytes were taken for a whole body", len);
        call_over(&c);
    }
}

static void file_names_are_for_display(void **state)
{
    static const struct {
        const char *sent, *shown;
    } cases[] = {
        {"roof.jpg", "roof.jpg"},
        {"../../etc/passwd", "passwd"},
        {"C:\\\\Users\\\\sam\\\\roof.jpg", "roof.jpg"},
        {"C:\\Users\\sam\\roof.jpg", "roof.jpg"},
        {"/", "file"},
        {"..", "file"},
        {".", "file"},
        {"   ", "file"},
        {" roof .jpg ", "roof .jpg"},
        {"a\x01\x7f\tb.png", "ab.png"},
        {"a%22b.png", "a\"b.png"},
        {"a\\\"b.png", "a\"b.png"},
        {"a%0d%0Ab.png", "ab.png"},
        {"100%25.png", "100%25.png"},
        {"50%", "50%"},
        {"\xff\xfe.png", "file"},
        {"d\xC3\xA9g\xC3\xA2t.jpg", "d\xC3\xA9g\xC3\xA2t.jpg"},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        char body[400];
        struct call c;
        int len = snprintf(body, sizeof body,
            "--edge\r\nContent-Disposition: form-data; name=\"a\"; "
            "filename=\"%s\"\r\n\r\nx\r\n" END,
            cases[i].sent);
        struct pairs p = parse(&c, MULTIPART_TYPE, (struct str){body, (size_t)len});
        assert_int_equal(p.count, 1);
        assert_text(p.first->upload->name, cases[i].shown);
        assert_text(p.first->upload->type, "application/octet-stream");
        call_over(&c);
    }
}

static void a_long_file_name_is_cut_between_letters(void **state)
{
    struct str body = repeated("--edge\r\nContent-Disposition: form-data; name=a; filename=\"x",
        "\xC3\xA9", 300, "\"\r\n\r\nx\r\n" END);
    struct call c;
    struct pairs p = parse(&c, MULTIPART_TYPE, body);

    (void)state;
    assert_int_equal(p.first->upload->name.len, FILE_NAME_MOST);
    assert_true(str_is_utf8(p.first->upload->name));
    call_over(&c);
    free((char *)body.at);
}

static void bounded(const char *head, const char *text, size_t times, const char *tail, bool fine)
{
    struct str body = repeated(head, text, times, tail);
    struct call c;

    parse(&c, MULTIPART_TYPE, body);
    assert_int_equal(c.fault.id, fine ? NO_ERROR : BODY_MALFORMED);
    call_over(&c);
    free((char *)body.at);
}

static void parts_files_and_heads_are_bounded(void **state)
{
    (void)state;
    bounded("", FIELD_PART("a", "1"), PARTS_MOST, END, true);
    bounded("", FIELD_PART("a", "1"), PARTS_MOST + 1, END, false);
    bounded("", FILE_PART("a", "f", "1"), FILES_MOST, END, true);
    bounded("", FILE_PART("a", "f", "1"), FILES_MOST + 1, END, false);
    bounded("--edge\r\nContent-Disposition: form-data; name=a\r\nX: ", "x", 3000,
        "\r\n\r\n1\r\n" END, true);
    bounded("--edge\r\nContent-Disposition: form-data; name=a\r\nX: ", "x", 5000,
        "\r\n\r\n1\r\n" END, false);
    bounded("--edge\r\nX: ", "x", 20000000, "", false);
    bounded("--edge\r\nContent-Disposition: form-data; name=a\r\n\r\n", "x", VALUE_MOST + 1,
        "\r\n" END, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_and_files_are_read),
        cmocka_unit_test(unusual_but_right_bodies_are_read),
        cmocka_unit_test(broken_bodies_are_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(file_names_are_for_display),
        cmocka_unit_test(a_long_file_name_is_cut_between_letters),
        cmocka_unit_test(parts_files_and_heads_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
