/* What is let into the store, over the files of tests/data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* cmocka's; ours faults a call */

#include "server/file_type.h"

#define lose(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

/* The bytes stand at the end of their memory, so that reading behind them is seen. */
static struct str load(const char *name)
{
    char path[512];
    const char *here = __FILE__;
    int folder = (int)(strrchr(here, '/') - here);

    snprintf(path, sizeof path, "%.*s/../data/%s", folder, here, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        lose("%s cannot be read", path);
    fseek(f, 0, SEEK_END);
    size_t len = (size_t)ftell(f);
    rewind(f);
    char *bytes = malloc(len);
    assert_int_equal(fread(bytes, 1, len, f), len);
    fclose(f);
    return (struct str){bytes, len};
}

static const struct {
    const char *name, *type;
} good[] = {
    {"photo-rotated-gps.jpg", "image/jpeg"},
    {"photo-progressive.jpg", "image/jpeg"},
    {"photo-motion.jpg", "image/jpeg"},
    {"photo.png", "image/png"},
    {"photo.webp", "image/webp"},
    {"photo-gps.heic", "image/heic"},
    {"photo.gif", "image/gif"},
    {"certificate.pdf", "application/pdf"},
    {"invoice.pdf", "application/pdf"},
    {"works-order.docx", TYPE_DOCX},
    {"meter-readings.csv", "text/csv"},
    {"note.txt", "text/plain"},
};

static const struct {
    const char *name;
    enum error_id fault; /* FILE_TYPE_REFUSED also for no type at all */
} bad[] = {
    {"truncated.jpg", FILE_BROKEN},
    {"truncated.png", FILE_BROKEN},
    {"truncated.pdf", FILE_BROKEN},
    {"truncated.webp", FILE_BROKEN},
    {"truncated.heic", FILE_BROKEN},
    {"truncated.gif", FILE_BROKEN},
    {"truncated.docx", FILE_BROKEN},
    {"damaged.png", FILE_BROKEN},
    {"bomb.png", FILE_TOO_LARGE},
    {"bomb.jpg", FILE_TOO_LARGE},
    {"bomb.gif", FILE_TOO_LARGE},
    {"bomb.docx", FILE_TOO_LARGE},
    {"html.jpg", FILE_TYPE_REFUSED},
    {"polyglot.jpg", FILE_TYPE_REFUSED},
    {"polyglot-pdf.jpg", FILE_TYPE_REFUSED},
    {"junk-before.pdf", FILE_TYPE_REFUSED},
    {"macros.docx", FILE_TYPE_REFUSED},
    {"slip.docx", FILE_TYPE_REFUSED},
    {"script.svg", FILE_TYPE_REFUSED},
};

static enum error_id fault_of(struct str bytes, const char *name)
{
    const char *type = file_type_agreed(file_type_of(bytes), str_of(name), NO_STR);

    return type ? file_fault_of(bytes, type).id : FILE_TYPE_REFUSED;
}

static void what_phones_and_agencies_send_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(good); i++) {
        struct str bytes = load(good[i].name);
        const char *type = file_type_agreed(
            file_type_of(bytes), str_of(good[i].name), str_of(good[i].type));
        if (!type || strcmp(type, good[i].type) != 0)
            lose("%s is %s", good[i].name, type ? type : "nothing");
        struct file_fault fault = file_fault_of(bytes, type);
        if (fault.id != NO_ERROR)
            lose("%s: %s", good[i].name, fault.why);
        free((char *)bytes.at);
    }
}

static void broken_and_hostile_files_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        struct str bytes = load(bad[i].name);
        enum error_id fault = fault_of(bytes, bad[i].name);
        if (fault != bad[i].fault)
            lose("%s: %s", bad[i].name, error_code(fault));
        free((char *)bytes.at);
    }
}

static void a_picture_cut_off_anywhere_is_never_whole(void **state)
{
    static const char *const names[] = {"photo-progressive.jpg", "photo.png", "photo.webp",
        "photo.gif", "photo-gps.heic", "certificate.pdf", "works-order.docx"};

    (void)state;
    for (size_t i = 0; i < countof(names); i++) {
        struct str bytes = load(names[i]);
        for (size_t len = 0; len < bytes.len; len += len < 600 ? 1 : bytes.len / 97) {
            char *copy = malloc(len ? len : 1);
            memcpy(copy, bytes.at, len);
            if (fault_of((struct str){copy, len}, names[i]) == NO_ERROR)
                lose("%s of %zu bytes is taken", names[i], len);
            free(copy);
        }
        free((char *)bytes.at);
    }
}

/* Whatever stands in the bytes, nothing outside them is read and the end is reached. */
static void nonsense_in_any_place_is_read_safely(void **state)
{
    (void)state;
    srand(4711);
    for (size_t i = 0; i < countof(good); i++) {
        struct str bytes = load(good[i].name);
        char *copy = malloc(bytes.len);
        for (int round = 0; round < 300; round++) {
            memcpy(copy, bytes.at, bytes.len);
            for (int n = rand() % 8; n >= 0; n--) {
                size_t span = round & 1 && bytes.len > 512 ? 512 : bytes.len;
                copy[(size_t)rand() % span] = (char)(rand() & 1 ? 255 : rand());
            }
            fault_of((struct str){copy, bytes.len}, good[i].name);
        }
        free(copy);
        free((char *)bytes.at);
    }
}

static void names_and_claims_must_not_contradict_the_content(void **state)
{
    static const struct {
        const char *type, *name, *claimed, *agreed;
    } cases[] = {
        {"image/jpeg", "a.jpg", "image/jpeg", "image/jpeg"},
        {"image/jpeg", "a.JPEG", "image/jpg; x=1", "image/jpeg"},
        {"image/jpeg", "IMG_0001", "", "image/jpeg"},
        {"image/jpeg", "v1.2", NULL, "image/jpeg"},
        {"image/jpeg", "a.png", "image/jpeg", NULL},
        {"image/jpeg", "a.jpg", "image/png", NULL},
        {"image/jpeg", "a.exe", NULL, NULL},
        {"image/jpeg", "a.jpg", "application/octet-stream", "image/jpeg"},
        {"image/heic", "a.heic", "image/heif", "image/heic"},
        {"text/plain", "a.csv", "application/vnd.ms-excel", "text/csv"},
        {"text/plain", "a.html", "text/html", NULL},
        {"text/plain", "a.txt", "text/plain; charset=utf-8", "text/plain"},
        {NULL, "a.bin", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        const char *agreed = file_type_agreed(
            cases[i].type, str_of(cases[i].name), str_of(cases[i].claimed));
        if (cases[i].agreed ? !agreed || strcmp(agreed, cases[i].agreed) != 0 : agreed != NULL)
            lose("%s as %s: %s", cases[i].name, cases[i].claimed, agreed ? agreed : "nothing");
    }
}

/* A compound file of the old Word: head, one table sector, one directory sector. */
static struct str make_doc(const char *extra)
{
    size_t len = 512 * 3;
    uint8_t *at = calloc(1, len);
    const char *names[] = {"Root Entry", "WordDocument", extra};

    memcpy(at, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
    at[28] = 0xFE;
    at[29] = 0xFF;
    at[30] = 9;
    at[48] = 1;
    memset(at + 76, 0xFF, 436);
    memset(at + 76, 0, 4);
    memset(at + 512, 0xFF, 512);
    memset(at + 512 + 4, 0xFE, 1);
    for (size_t i = 0; i < 3 && names[i]; i++) {
        uint8_t *entry = at + 1024 + 128 * i;
        for (size_t k = 0; names[i][k]; k++)
            entry[2 * k] = (uint8_t)names[i][k];
        entry[64] = (uint8_t)(2 * (strlen(names[i]) + 1));
    }
    return (struct str){(char *)at, len};
}

static void old_word_files_are_known_by_their_directory(void **state)
{
    struct str plain = make_doc(NULL), macros = make_doc("Macros");

    (void)state;
    assert_string_equal(file_type_of(plain), TYPE_DOC);
    assert_int_equal(file_fault_of(plain, TYPE_DOC).id, NO_ERROR);
    assert_int_equal(file_fault_of(macros, TYPE_DOC).id, FILE_TYPE_REFUSED);
    ((char *)plain.at)[1024 + 128] = 'X';
    assert_null(file_type_of(plain));
    free((char *)plain.at);
    free((char *)macros.at);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_phones_and_agencies_send_is_taken),
        cmocka_unit_test(broken_and_hostile_files_are_refused),
        cmocka_unit_test(a_picture_cut_off_anywhere_is_never_whole),
        cmocka_unit_test(nonsense_in_any_place_is_read_safely),
        cmocka_unit_test(names_and_claims_must_not_contradict_the_content),
        cmocka_unit_test(old_word_files_are_known_by_their_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
