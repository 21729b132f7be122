/* The demo. One of its files vanishes between the moment it is seen and the moment it is opened: a hasher of its own
 * removes it, and leaves the hashing to the usual one. */
#include "demo.h"

#include "hasher.h"
#include "session.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the folder: a value whose drop removes it, so that it goes whatever happens */

typedef struct folder {
    char *path;
    bool exists;
} folder_t;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    remove(path);
    return 0;
}

static void folder_clear(folder_t *f)
{
    if (f->exists) nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(f->path);
}
EFF_STATIC_TYPE(folder, folder_t, .drop = folder_clear);

static int write_file(const char *folder, const char *name, const char *text, size_t n)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0) return -1;
    FILE *file = fopen(path, "wx");
    free(path);
    if (!file) return -1;
    bool written = fwrite(text, 1, n, file) == n;
    return fclose(file) == 0 && written ? 0 : -1;
}

static int make_nested(const char *folder, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0) return -1;
    int result = mkdir(path, 0700);
    free(path);
    return result;
}

static int fill(const char *folder)
{
    enum { LARGE = 3000000 };
    char *large = malloc(LARGE);
    if (!large) return -1;
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (char)(i % 251);
    bool filled = write_file(folder, "abc", "abc", 3) == 0 && write_file(folder, "empty", "", 0) == 0 &&
                  write_file(folder, "large", large, LARGE) == 0 &&
                  write_file(folder, "two\nlines", "a name with a newline", 21) == 0 &&
                  write_file(folder, "vanished", "soon", 4) == 0 && make_nested(folder, "nested") == 0 &&
                  make_nested(folder, "nested/deeper") == 0 &&
                  write_file(folder, "nested/deeper/file", "hello\n", 6) == 0;
    free(large);
    return filled ? 0 : -1;
}

static eff_t *make_now(eff_value_t env) /* on the pool */
{
    eff_value_t folder = folder_make((folder_t){ .exists = false });
    if (eff_is_oom(folder)) return eff_out_of_memory();
    folder_t *f = folder_of(folder);
    const char *tmp = getenv("TMPDIR");
    if (asprintf(&f->path, "%s/hashdir-XXXXXX", tmp && *tmp ? tmp : P_tmpdir) < 0) f->path = NULL;

    eff_t *e = NULL;
    if (!f->path) e = eff_out_of_memory();
    else if (!mkdtemp(f->path)) e = eff_fail_errno("cannot make %s", f->path);
    else if (f->exists = true, fill(f->path) < 0) e = eff_fail_errno("cannot fill %s", f->path);
    if (!e) return eff_succeed(folder);
    eff_value_decref(folder);
    return e;
}

/* ---- the hasher that removes a file first */

struct remover {
    hasher_t hasher; /* first, so that a pointer to it is one to the whole */
    hasher_t *usual; /* borrowed */
    const char *folder;
};

static eff_value_t remove_file(eff_value_t remover)
{
    struct remover *r = eff_as_ptr(remover);
    char *path;
    if (asprintf(&path, "%s/vanished", r->folder) < 0) return eff_oom_value();
    unlink(path);
    free(path);
    return eff_unit;
}

static eff_t *remove_and_hash(hasher_t *hasher, found_t *file, progress_t *progress)
{
    struct remover *r = (struct remover *)hasher;
    return eff_then(eff_sync(remove_file, eff_ptr(r)), r->usual->hash(r->usual, file, progress));
}

/* ---- all together */

struct show {
    folder_t *folder;
    struct remover remover;
};

static void show_drop(struct show *s)
{
    folder_decref(s->folder);
}

static eff_t *hash_folder(hasher_t *usual, eff_value_t show)
{
    struct show *s = eff_as_ptr(show);
    const char *path = s->folder->path;
    s->remover = (struct remover){ .hasher.hash = remove_and_hash, .usual = usual, .folder = path };
    eff_t *e = session((options_t){ .directory = path, .shown_as = "demo", .n_jobs = DEFAULT_JOBS });
    return hasher_provide(e, &s->remover.hasher);
}

static eff_t *show_step(struct show *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(folder_into(eff_blocking(make_now, eff_unit), &s->folder));
    EFF_AWAIT(hasher_with(hash_folder, eff_ptr(s)));
    EFF_GEN_END(eff_int(0)); /* and not 1: the file that vanished was meant to */
}
EFF_DEFINE_GEN(show, struct show, show_step, .drop = show_drop);

eff_t *demo(void)
{
    return show((struct show){ .folder = NULL });
}
