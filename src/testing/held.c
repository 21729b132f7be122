/* What a test holds itself, in its variables: no leak. As garbage collectors that know nothing of types do (Boehm and
 * Weiser 1988), everything is taken for a pointer that could be one: the C stack of those who called the kit, and the
 * static variables of the program and its libraries. What a test keeps in memory of malloc is not seen. */
#include <link.h>
#include <pthread.h>

#include "testing/environment.h"

struct pieces {
    struct eff__held *held;
    size_t n;
};

static void add(struct pieces *p, const void *start, size_t size)
{
    if (p->n < EFF__TEST_HELD && size > 0) p->held[p->n++] = (struct eff__held){ start, size };
}

/* The segments of a program or library that can be written to. */
static int add_variables(struct dl_phdr_info *object, size_t size, void *arg)
{
    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &object->dlpi_phdr[i];
        if (h->p_type == PT_LOAD && h->p_flags & PF_W && h->p_flags & PF_R)
            add((struct pieces *)arg, (const char *)object->dlpi_addr + h->p_vaddr, h->p_memsz);
    }
    return 0;
}

/* AddressSanitizer may keep the variables of a function in a frame of its own making, elsewhere, to which the one on the
 * stack then points. */
/* NOLINTBEGIN(bugprone-reserved-identifier): its own names */
extern void *__asan_get_current_fake_stack(void) __attribute__((weak));
extern void *__asan_addr_is_in_fake_stack(void *fake_stack, void *address, void **start, void **end)
    __attribute__((weak));
/* NOLINTEND(bugprone-reserved-identifier) */

__attribute__((no_sanitize_address)) static void add_fake_frames(struct pieces *p, const char *from, const char *to)
{
    void *fake = __asan_get_current_fake_stack ? __asan_get_current_fake_stack() : NULL, *start, *end;
    if (!fake) return;
    for (void *const volatile *word = (void *const volatile *)from; (const char *)(word + 1) <= to; word++) {
        if (!__asan_addr_is_in_fake_stack(fake, *word, &start, &end)) continue;
        bool known = false;
        for (size_t i = 0; i < p->n; i++)
            known |= p->held[i].start == start;
        if (!known) add(p, start, (size_t)((const char *)end - (const char *)start));
    }
}

static void add_stack(struct pieces *p, const char *frame)
{
    pthread_attr_t attr;
    void *low;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attr) != 0) return;
    if (pthread_attr_getstack(&attr, &low, &size) == 0) {
        const char *high = (const char *)low + size;
        if (frame >= (const char *)low && frame < high) {
            add(p, frame, (size_t)(high - frame));
            add_fake_frames(p, frame, high);
        }
    }
    pthread_attr_destroy(&attr);
}

size_t eff__test_held(const void *frame, struct eff__held *ret_held)
{
    struct pieces p = { .held = ret_held };
    add_stack(&p, (const char *)frame);
    (void)dl_iterate_phdr(add_variables, &p);
    return p.n;
}
