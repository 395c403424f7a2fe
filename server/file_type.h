/*
 * file_type: what file_type.c shares with the readers of single formats. For these files only.
 *
 * All of them read structure only, never pixels or text, in time linear in the bytes, without
 * recursion and without memory of their own.
 */
#ifndef SERVER_FILE_TYPE_H
#define SERVER_FILE_TYPE_H

#include "server/files.h"

enum { SIDE_MOST = 12000, PIXELS_MOST = 50 * 1000 * 1000, FRAMES_MOST = 200 };

#define FILE_FINE     ((struct file_fault){NO_ERROR, NULL})
#define BROKEN(text)  ((struct file_fault){FILE_BROKEN, text})
#define LARGE(text)   ((struct file_fault){FILE_TOO_LARGE, text})
#define REFUSED(text) ((struct file_fault){FILE_TYPE_REFUSED, text})

#define TYPE_DOCX "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#define TYPE_XLSX "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#define TYPE_PPTX "application/vnd.openxmlformats-officedocument.presentationml.presentation"
#define TYPE_DOC  "application/msword"
#define TYPE_XLS  "application/vnd.ms-excel"

/* Bytes by position: 0 behind the end, so that a reader may look before it checks. */
static inline uint8_t byte_at(struct str s, size_t i)
{
    return i < s.len ? (uint8_t)s.at[i] : 0;
}

static inline uint32_t big16(struct str s, size_t i)
{
    return (uint32_t)byte_at(s, i) << 8 | byte_at(s, i + 1);
}

static inline uint32_t big32(struct str s, size_t i)
{
    return big16(s, i) << 16 | big16(s, i + 2);
}

static inline uint32_t little16(struct str s, size_t i)
{
    return byte_at(s, i) | (uint32_t)byte_at(s, i + 1) << 8;
}

static inline uint32_t little24(struct str s, size_t i)
{
    return little16(s, i) | (uint32_t)byte_at(s, i + 2) << 16;
}

static inline uint32_t little32(struct str s, size_t i)
{
    return little16(s, i) | little16(s, i + 2) << 16;
}

bool bytes_are(struct str s, size_t at, struct str what);
bool bytes_hold(struct str s, struct str what);
struct str bytes_from(struct str s, size_t at, size_t most); /* empty behind the end */

/* Fault of a picture of this size. */
struct file_fault size_fault(uint64_t width, uint64_t height);
/* Of what stands behind the end of a picture: an archive, a program, a page. */
bool holds_other_file(struct str rest);

/* file_type_images.c */
struct file_fault jpeg_fault(struct str s);
struct file_fault png_fault(struct str s);
struct file_fault gif_fault(struct str s);
struct file_fault webp_fault(struct str s);
bool is_heic(struct str s);
struct file_fault heic_fault(struct str s);

/* file_type_documents.c */
struct file_fault pdf_fault(struct str s);
const char *ole_type(struct str s); /* NULL: none that we take */
struct file_fault ole_fault(struct str s);
const char *zip_type(struct str s);
struct file_fault zip_fault(struct str s);
bool is_text(struct str s);

#endif
