#include <string.h>

#include "server/file_type.h"

/* The last place of `what` in the last `within` bytes; NULL for none. */
static const char *find_last(struct str s, size_t within, struct str what)
{
    const char *found = NULL;
    struct str tail = s.len > within ? (struct str){s.at + s.len - within, within} : s;

    while (tail.len >= what.len) {
        const char *next = memmem(tail.at, tail.len, what.at, what.len);
        if (!next)
            break;
        found = next;
        tail.len -= (size_t)(next + 1 - tail.at);
        tail.at = next + 1;
    }
    return found;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n' || byte == '\f' ||
           byte == '\0';
}

/* The number behind `startxref`; SIZE_MAX when there is none. */
static size_t pdf_start(struct str s, const char *word)
{
    const char *at = word + strlen("startxref"), *end = s.at + s.len;
    size_t start = 0, digits = 0;

    while (at < end && is_blank(*at))
        at++;
    for (; at < end && *at >= '0' && *at <= '9' && digits < 12; at++, digits++)
        start = start * 10 + (size_t)(*at - '0');
    return digits ? start : SIZE_MAX;
}

struct file_fault pdf_fault(struct str s)
{
    const char *end = find_last(s, 2048, STR("%%EOF"));
    const char *word = find_last(s, 4096, STR("startxref"));

    if (s.len < 64 || byte_at(s, 5) < '1' || byte_at(s, 5) > '2' || byte_at(s, 6) != '.')
        return BROKEN("no version");
    if (!end)
        return BROKEN("no end of file");
    for (const char *at = end + 5; at < s.at + s.len; at++)
        if (!is_blank(*at))
            return REFUSED("something behind the end");
    if (!word || word > end)
        return BROKEN("no table of objects");
    if (pdf_start(s, word) >= s.len)
        return BROKEN("its table of objects is missing");
    return FILE_FINE;
}

/* Compound files of the old Office: sectors chained by a table. */
enum { OLE_END = 0xFFFFFFFA, OLE_SECTORS_MOST = 4096, OLE_IN_HEAD = 109 };

/* Sectors have 512 bytes or 4 KB: the head is refused otherwise. */
static unsigned ole_shift(struct str s)
{
    return little16(s, 30) == 12 ? 12 : 9;
}

static size_t ole_sector(struct str s, uint32_t sector)
{
    return ((size_t)sector + 1) << ole_shift(s);
}

static uint32_t ole_next(struct str s, uint32_t sector)
{
    uint32_t per_sector = (1u << ole_shift(s)) / 4;
    uint32_t table = sector / per_sector;

    if (table >= OLE_IN_HEAD)
        return OLE_END;
    uint32_t place = little32(s, 76 + 4 * (size_t)table);
    if (place >= OLE_END)
        return OLE_END;
    return little32(s, ole_sector(s, place) + 4 * (size_t)(sector % per_sector));
}

/* Names in the directory are UTF-16; ours are ASCII. */
static bool ole_is_named(struct str s, size_t entry, const char *name)
{
    size_t len = strlen(name);

    if (little16(s, entry + 64) != 2 * (len + 1))
        return false;
    for (size_t i = 0; i < len; i++)
        if (little16(s, entry + 2 * i) != (uint8_t)name[i])
            return false;
    return true;
}

static bool ole_has(struct str s, const char *name)
{
    uint32_t sector = little32(s, 48);
    size_t size = (size_t)1 << ole_shift(s);

    for (unsigned n = 0; sector < OLE_END && n < OLE_SECTORS_MOST; n++) {
        size_t at = ole_sector(s, sector);
        if (at + size > s.len)
            return false;
        for (size_t entry = at; entry < at + size; entry += 128)
            if (ole_is_named(s, entry, name))
                return true;
        sector = ole_next(s, sector);
    }
    return false;
}

static bool ole_head_is_good(struct str s)
{
    uint32_t shift = little16(s, 30);

    return s.len >= 1536 && little16(s, 28) == 0xFFFE && (shift == 9 || shift == 12);
}

const char *ole_type(struct str s)
{
    if (!ole_head_is_good(s))
        return NULL;
    if (ole_has(s, "WordDocument"))
        return TYPE_DOC;
    return ole_has(s, "Workbook") ? TYPE_XLS : NULL;
}

struct file_fault ole_fault(struct str s)
{
    if (ole_has(s, "Macros") || ole_has(s, "_VBA_PROJECT_CUR") || ole_has(s, "_VBA_PROJECT"))
        return REFUSED("it has macros");
    for (uint32_t i = 0; i < OLE_IN_HEAD; i++) {
        uint32_t place = little32(s, 76 + 4 * (size_t)i);
        if (place < OLE_END && ole_sector(s, place) >= s.len)
            return BROKEN("it is cut off");
    }
    return FILE_FINE;
}

/* Archives: the directory at the end must describe the whole file, from its first byte. */
enum { ZIP_ENTRIES_MOST = 10000, ZIP_END = 22, ZIP_ENTRY = 46, ZIP_RATIO_MOST = 200 };
static const uint64_t zip_unpacked_most = 500 * 1000 * 1000;

struct zip {
    size_t at, end; /* of the directory */
    uint32_t entries;
};

static bool zip_open(struct str s, struct zip *z)
{
    const char *end = s.len >= ZIP_END ? find_last(s, ZIP_END + 65535, STR("PK\x05\x06")) : NULL;

    if (!end)
        return false;
    size_t at = (size_t)(end - s.at);
    z->entries = little16(s, at + 10);
    z->at = little32(s, at + 16);
    z->end = at;
    return at + ZIP_END + little16(s, at + 20) == s.len &&
           (uint64_t)z->at + little32(s, at + 12) == at;
}

static struct str zip_name(struct str s, size_t entry)
{
    return bytes_from(s, entry + ZIP_ENTRY, little16(s, entry + 28));
}

static size_t zip_next(struct str s, size_t entry)
{
    return entry + ZIP_ENTRY + little16(s, entry + 28) + little16(s, entry + 30) +
           little16(s, entry + 32);
}

static bool zip_has(struct str s, const struct zip *z, const char *name)
{
    size_t at = z->at;

    for (uint32_t i = 0; i < z->entries && bytes_are(s, at, STR("PK\x01\x02")); i++) {
        if (str_is(zip_name(s, at), name))
            return true;
        at = zip_next(s, at);
    }
    return false;
}

const char *zip_type(struct str s)
{
    static const struct {
        const char *part, *type;
    } parts[] = {
        {"word/document.xml", TYPE_DOCX},
        {"xl/workbook.xml", TYPE_XLSX},
        {"ppt/presentation.xml", TYPE_PPTX},
    };
    struct zip z;

    /* Of a cut-off archive the local names still tell what it was to be. */
    bool whole = zip_open(s, &z);
    for (size_t i = 0; i < countof(parts); i++)
        if (whole
                ? zip_has(s, &z, "[Content_Types].xml") && zip_has(s, &z, parts[i].part)
                : bytes_hold(s, STR("[Content_Types].xml")) && bytes_hold(s, str_of(parts[i].part)))
            return parts[i].type;
    return NULL;
}

static bool zip_name_is_safe(struct str name)
{
    if (name.len == 0 || name.at[0] == '/' || bytes_hold(name, STR("..")))
        return false;
    return !memchr(name.at, '\\', name.len) && !memchr(name.at, '\0', name.len);
}

static struct file_fault zip_entry_fault(struct str s, const struct zip *z, size_t at)
{
    uint32_t method = little16(s, at + 10), packed = little32(s, at + 20);
    uint32_t unpacked = little32(s, at + 24), mode = little32(s, at + 38) >> 16;
    struct str name = zip_name(s, at);

    if (!bytes_are(s, at, STR("PK\x01\x02")) || zip_next(s, at) > z->end)
        return BROKEN("its directory is damaged");
    if (little16(s, at + 8) & 1)
        return REFUSED("it is encrypted");
    if ((method != 0 && method != 8) || !zip_name_is_safe(name) || (mode & 0170000) == 0120000)
        return REFUSED("an entry that no document has");
    if (unpacked > 1000000 && unpacked / ZIP_RATIO_MOST > packed)
        return LARGE("an entry unpacks to too much");
    if (bytes_hold(name, STR("vbaProject")))
        return REFUSED("it has macros");
    if (little32(s, at + 42) >= z->at || !bytes_are(s, little32(s, at + 42), STR("PK\x03\x04")))
        return BROKEN("an entry is missing");
    return FILE_FINE;
}

struct file_fault zip_fault(struct str s)
{
    uint64_t unpacked = 0;
    struct zip z;

    if (!zip_open(s, &z))
        return BROKEN("no directory at its end");
    if (z.entries > ZIP_ENTRIES_MOST)
        return LARGE("too many entries");
    size_t at = z.at;
    for (uint32_t i = 0; i < z.entries; i++) {
        struct file_fault fault = zip_entry_fault(s, &z, at);
        if (fault.id != NO_ERROR)
            return fault;
        unpacked += little32(s, at + 24);
        at = zip_next(s, at);
    }
    if (at != z.end)
        return BROKEN("its directory is damaged");
    return unpacked > zip_unpacked_most ? LARGE("it unpacks to too much") : FILE_FINE;
}

/* Begins like a page, an image or a program in text form. */
static bool is_markup(struct str s)
{
    struct str start = str_trim(s);

    return byte_at(start, 0) == '<' || bytes_are(start, 0, STR("#!")) ||
           bytes_are(start, 0, STR("%!"));
}

bool is_text(struct str s)
{
    if (bytes_are(s, 0, STR("\xef\xbb\xbf")))
        s = (struct str){s.at + 3, s.len - 3};
    if (s.len == 0 || is_markup(s) || holds_other_file(bytes_from(s, 0, 4096)))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t byte = (uint8_t)s.at[i];
        if ((byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t' && byte != '\f') ||
            byte == 0x7F)
            return false;
    }
    return str_is_utf8(s);
}
