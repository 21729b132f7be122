/* What the walk finds: a regular file, open for reading, or why something could not be opened. A value: its drop closes
 * the file, so it may be dropped wherever it happens to be when the program ends. */
#ifndef FOUND_H
#define FOUND_H

#include <effect/type.h>

#include <stddef.h>

typedef struct found {
    eff_value_t path;  /* as it is to be shown: a string */
    eff_value_t error; /* why it could not be opened; absent: it is open */
    int fd;            /* or -1 */
    int64_t size;
    int64_t changed_ns;  /* when its contents last changed */
    size_t known_files;  /* met by the walk so far */
    int64_t known_bytes; /* what those have */
} found_t;
EFF_DECLARE_TYPE(found, found_t);

static inline bool found_is_open(const found_t *f)
{
    return !f->error.type;
}

#endif
