/* Walking a directory tree: a stack of open directories, each read and sorted when it is entered. Everything here that
 * touches the disk runs on the blocking pool, in steps of one directory or one file. */
#include "walk.h"

#include "found.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void found_clear(found_t *f)
{
    if (f->fd >= 0) close(f->fd);
    eff_value_decref(f->path);
    eff_value_decref(f->error);
}
EFF_DEFINE_TYPE(found, found_t, .drop = found_clear);

static void place_clear(place_t *p)
{
    eff_value_decref(p->directory);
    eff_value_decref(p->shown_as);
}
EFF_STATIC_TYPE(place, place_t, .drop = place_clear);

struct level {
    struct level *up;
    DIR *dir;
    char *prefix; /* of the paths in it: ends in '/' */
    char **names; /* sorted; that of a directory ends in '/', which makes the paths come in order */
    size_t n_names, at;
};

typedef struct walk {
    place_t *place;
    struct level *top; /* NULL: at the end */
    size_t known_files;
    int64_t known_bytes;
} walk_t;

static void level_free(struct level *l)
{
    for (size_t i = 0; i < l->n_names; i++)
        free(l->names[i]);
    free(l->names);
    free(l->prefix);
    if (l->dir) closedir(l->dir);
    free(l);
}

static void leave(walk_t *w)
{
    struct level *l = w->top;
    w->top = l->up;
    level_free(l);
}

static void walk_clear(walk_t *w)
{
    while (w->top)
        leave(w);
    place_decref(w->place);
}
EFF_STATIC_TYPE(walk, walk_t, .drop = walk_clear);

/* ---- reading a directory */

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_own(const place_t *place, const struct stat *st)
{
    for (size_t i = 0; i < place->n_own; i++)
        if (st->st_dev == place->own[i].st_dev && st->st_ino == place->own[i].st_ino) return true;
    return false;
}

static bool add_name(struct level *l, const char *name, const char *end)
{
    if ((l->n_names & (l->n_names - 1)) == 0) { /* a power of two: full */
        char **more = realloc(l->names, (l->n_names ? 2 * l->n_names : 1) * sizeof *more);
        if (!more) return false;
        l->names = more;
    }
    if (asprintf(&l->names[l->n_names], "%s%s", name, end) < 0) return false;
    l->n_names++;
    return true;
}

/* False, with errno: it could not be read. */
static bool read_names(walk_t *w, struct level *l)
{
    struct dirent *d;
    while (errno = 0, (d = readdir(l->dir))) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0) continue;
        struct stat st;
        bool known = fstatat(dirfd(l->dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
        bool is_directory = known && S_ISDIR(st.st_mode);
        if (known && !is_directory && (!S_ISREG(st.st_mode) || is_own(w->place, &st))) continue;
        /* What is not known counts as a file: opening it will tell why. */
        if (!add_name(l, d->d_name, is_directory ? "/" : "")) return false;
        if (is_directory) continue;
        w->known_files++;
        if (known) w->known_bytes += st.st_size;
    }
    if (errno) return false;
    if (l->n_names) qsort(l->names, l->n_names, sizeof *l->names, by_bytes);
    return true;
}

/* Enters the directory that fd is open for, which it consumes. False, with errno: it could not be read. */
static bool enter(walk_t *w, int fd, char *prefix)
{
    struct level *l = calloc(1, sizeof *l);
    if (l) l->dir = fdopendir(fd);
    if (!l || !l->dir) {
        int err = errno;
        close(fd);
        free(prefix);
        free(l);
        errno = err;
        return false;
    }
    l->prefix = prefix;
    if (!read_names(w, l)) {
        int err = errno;
        level_free(l);
        errno = err;
        return false;
    }
    l->up = w->top;
    w->top = l;
    return true;
}

static eff_t *open_root(eff_value_t place) /* on the pool */
{
    place_t *p = place_of(place);
    if (eff_is_oom(p->directory) || eff_is_oom(p->shown_as)) return eff_out_of_memory();
    const char *directory = eff_as_string(p->directory), *shown = eff_as_string(p->shown_as);
    size_t n = strlen(shown);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return eff_fail_errno("cannot open %s", directory);

    eff_value_t walk = walk_make((walk_t){ .place = place_incref(p) });
    char *prefix = NULL;
    if (eff_is_oom(walk) || asprintf(&prefix, "%s%s", shown, n && shown[n - 1] == '/' ? "" : "/") < 0) {
        close(fd);
        eff_value_decref(walk);
        return eff_out_of_memory();
    }
    if (enter(walk_of(walk), fd, prefix)) return eff_succeed(walk);
    eff_t *e = eff_fail_errno("cannot read %s", directory);
    eff_value_decref(walk);
    return e;
}

eff_t *walk_open(place_t place)
{
    return eff_blocking(open_root, place_make(place));
}

/* ---- the next file */

static eff_value_t hand_out(walk_t *w, found_t f)
{
    f.known_files = w->known_files;
    f.known_bytes = w->known_bytes;
    return eff_some(found_make(f));
}

static eff_value_t could_not(walk_t *w, const char *path, const char *what)
{
    eff_value_t why = eff_error_errno(errno, "%s", what);
    return hand_out(w, (found_t){ .path = eff_string(path), .error = why, .fd = -1 });
}

static eff_value_t next_file(walk_t *w, const char *name, const char *path)
{
    /* Another process may have put something else there, such as a link, or a pipe on which an open would hang. */
    int fd = openat(dirfd(w->top->dir), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return could_not(w, path, "cannot open");
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return eff_unit;
    }
    int64_t changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    return hand_out(w, (found_t){ .path = eff_string(path), .fd = fd, .size = st.st_size, .changed_ns = changed });
}

/* Consumes path. */
static eff_value_t next_directory(walk_t *w, char *name, char *path)
{
    name[strlen(name) - 1] = 0; /* with the '/' at its end, a link would be followed */
    int fd = openat(dirfd(w->top->dir), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    eff_value_t path_value = eff_string(path);
    eff_value_t result = eff_unit;
    if (fd < 0) {
        w->known_files++; /* it is handed out as one */
        result = could_not(w, path, "cannot open");
        free(path);
    } else if (!enter(w, fd, path)) {
        w->known_files++;
        result = could_not(w, eff_as_string(path_value), "cannot read");
    }
    eff_value_decref(path_value);
    return result;
}

/* Succeeds with some(file), none at the end, or unit: nothing yet. */
static eff_t *step(eff_value_t walk) /* on the pool */
{
    walk_t *w = walk_of(walk);
    while (w->top && w->top->at == w->top->n_names)
        leave(w);
    if (!w->top) return eff_succeed(eff_none());

    char *name = w->top->names[w->top->at++], *path;
    if (asprintf(&path, "%s%s", w->top->prefix, name) < 0) return eff_out_of_memory();
    if (name[strlen(name) - 1] == '/') return eff_succeed(next_directory(w, name, path));
    eff_value_t file = next_file(w, name, path);
    free(path);
    return eff_succeed(file);
}

static bool is_nothing_yet(eff_value_t v, eff_value_t env)
{
    return eff_value_is(v, &eff_unit_type);
}

eff_value_t walk_items(eff_value_t walk)
{
    eff_t *next = eff_blocking(step, eff_value_incref(walk));
    next = eff_loop_while(next, is_nothing_yet, eff_unit);
    return eff_pull(next);
}
