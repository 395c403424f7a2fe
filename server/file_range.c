#include "server/file_range.h"

/* Digits only: str_to_int would take a sign. */
static bool position(struct str text, int64_t *value)
{
    return text.len > 0 && text.at[0] >= '0' && text.at[0] <= '9' && str_to_int(text, value);
}

static enum range tail(struct str last, int64_t size, int64_t *from, int64_t *end)
{
    int64_t count;

    if (!position(last, &count))
        return RANGE_WHOLE;
    if (count == 0 || size == 0)
        return RANGE_IMPOSSIBLE;
    *from = count < size ? size - count : 0;
    *end = size;
    return RANGE_PART;
}

enum range file_range(struct str header, int64_t size, int64_t *from, int64_t *end)
{
    int64_t first, last;

    if (!header.at)
        return RANGE_WHOLE;
    struct str unit = str_trim(str_cut(&header, '='));
    if (!header.at || !str_equal_ignoring_case(unit, STR("bytes")))
        return RANGE_WHOLE;
    struct str before = str_trim(str_cut(&header, '-')), after = str_trim(header);
    if (!header.at)
        return RANGE_WHOLE;
    if (before.len == 0)
        return tail(after, size, from, end);
    if (!position(before, &first))
        return RANGE_WHOLE;
    if (after.len == 0)
        last = size - 1;
    else if (!position(after, &last) || last < first)
        return RANGE_WHOLE;
    if (first >= size)
        return RANGE_IMPOSSIBLE;
    *from = first;
    *end = last < size ? last + 1 : size;
    return RANGE_PART;
}
