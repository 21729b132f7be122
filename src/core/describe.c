/* What an effect looks like: its name, a detail, its parts; and the tree of it as text.
 *
 * Derived effects are shown as what the user wrote, not as the instructions they come down to: they are known by the
 * closure, or the callback, that their builder put in. The tree is walked with a stack on the heap, which holds only
 * parts still to be shown, one entry for each level and side; a shared part is shown each time.
 */
#include "core/describe.h"

#include <effect/describe.h>
#include <effect/schedule.h>

#include "core/build.h"
#include "core/collection.h"
#include "core/context.h"
#include "core/items.h"
#include "core/sink.h"

/* ---- names */

static const struct eff__closure *closure_in(eff_value_t env)
{
    return env.type == &eff__closure_type ? eff__closure_of(env) : NULL;
}

static const char *without_prefix(const char *builder)
{
    return builder + sizeof "eff_" - 1;
}

static const char *value_name(const eff_t *e)
{
    if (e == &eff__oom_node) return "out_of_memory";
    if (e == &eff__noop_node) return "noop";
    if (e->op == EFF__OP_SUCCEED) return "succeed";
    if (!(e->flags & EFF__CAUSE)) return "fail";
    return eff_cause_tag(eff_as_cause(e->value.value)) == EFF_CAUSE_DIE ? "die" : "fail_cause";
}

static const char *bind_name(const eff_t *e)
{
    if (e->bind.fn == (eff_any_fn)eff__run_env) return "then";
    if (e->bind.fn == (eff_any_fn)eff__return_env) return "map_to";
    if (e->bind.fn == (eff_any_fn)eff__store) return "into";
    if (e->bind.fn == (eff_any_fn)eff__run_env_finally) return "ensuring";
    if (e->op == EFF__OP_ON_EXIT && e->flags & EFF__ON_FAILURE) return "on_error";
    if (e->op == EFF__OP_ON_EXIT && e->flags & EFF__ON_INTERRUPT) return "on_interrupt";
    return eff__op_names[e->op];
}

static const char *fold_name(const eff_t *e)
{
    if (e->fold.bad == (eff_any_fn)eff__run_env) return "or_else";
    if (e->fold.bad == (eff_any_fn)eff__cause_to_exit) return "to_exit";
    if (e->fold.bad == (eff_any_fn)eff__cause_to_defect) return "or_die";
    if (e->fold.bad == (eff_any_fn)eff__failed_to_none) return "option";
    if (e->fold.bad == (eff_any_fn)eff__ended_to_unit) return "ignore";
    if (e->fold.bad == (eff_any_fn)eff__cause_to_unit) return "ignore_cause";
    if (e->fold.good) return "fold";
    return e->flags & EFF__CAUSE ? "catch_cause" : "catch_all";
}

static const char *mask_name(const eff_t *e)
{
    switch ((enum eff__mask_mode)e->kind) {
    case EFF__MASK_OFF: return "uninterruptible";
    case EFF__MASK_ON: return "interruptible";
    case EFF__MASK_FN: return "uninterruptible_mask";
    case EFF__MASK_EXTERNAL: return "external";
    case EFF__MASK_UNBOUND: return "without_deadline";
    case EFF__MASK_ACQUIRE: return "uninterruptible";
    case EFF__MASK_RESTORE: return "acquire_interruptible";
    }
    return "mask";
}

static const char *fork_name(const eff_t *e)
{
    switch ((enum eff__fork_kind)e->kind) {
    case EFF__FORK_CHILD: return "fork";
    case EFF__FORK_IN: return "fork_in";
    case EFF__FORK_SCOPED: return "fork_scoped";
    case EFF__FORK_DAEMON: return "fork_daemon";
    }
    return "fork";
}

static bool is_within(const eff_t *e)
{
    return e->flags & EFF__PAR_UNTIL || e->par.n == 1;
}

static const char *timeout_name(const eff_t *e)
{
    if (is_within(e)) return "within";
    if (e->flags & EFF__PAR_OPTION) return "timeout";
    return e->par.sides[1] && e->par.sides[1]->op == EFF__OP_FAIL ? "timeout_fail" : "timeout_to";
}

static const char *par_name(const eff_t *e)
{
    switch ((enum eff__par_kind)e->kind) {
    case EFF__PAR_ALL: return e->flags & EFF__PAR_PAIR ? "zip_par" : "all_par";
    case EFF__PAR_RACE:
        if (e->flags & EFF__PAR_INDEXED) return "race_indexed";
        return e->flags & EFF__PAR_MANY ? "race_all" : "race";
    case EFF__PAR_RACE_FIRST: return e->flags & EFF__PAR_MANY ? "race_first_all" : "race_first";
    case EFF__PAR_RACE_WITH: return "race_with";
    case EFF__PAR_TIMEOUT: return timeout_name(e);
    case EFF__PAR_DISCONNECT: return e->flags & EFF__PAR_SHIELD ? "shield" : "disconnect";
    case EFF__PAR_GRACEFUL: return "graceful";
    case EFF__PAR_TASKS: return e->flags & EFF__PAR_WITHIN ? "task_group_within" : "task_group";
    }
    return "par";
}

static const char *each_name(const eff_t *e)
{
    static const char *const names[] = { "for_each", "for_each_par", "for_each_discard", "for_each_par_discard" };
    if (e->each.fn == eff__run_env) return "replicate";
    if (e->flags & EFF__LIMITED)
        return e->flags & EFF__DISCARD ? "for_each_par_limited_discard" : "for_each_par_limited";
    return names[e->flags & (EFF__PARALLEL | EFF__DISCARD)];
}

/* The value that the user's or the library's callback gets, or the absent value. */
static eff_value_t env_of(const eff_t *e)
{
    switch ((enum eff__op)e->op) {
    case EFF__OP_SYNC:
    case EFF__OP_SUSPEND:
    case EFF__OP_ASYNC: return e->call.env;
    case EFF__OP_MAP:
    case EFF__OP_FLAT_MAP:
    case EFF__OP_ON_EXIT: return e->bind.env;
    case EFF__OP_FOLD: return e->fold.env;
    case EFF__OP_EACH: return e->each.env;
    case EFF__OP_PRIM: return e->prim.value;
    case EFF__OP_SUCCEED:
    case EFF__OP_FAIL:
    case EFF__OP_MASK:
    case EFF__OP_YIELD:
    case EFF__OP_SLEEP:
    case EFF__OP_SERVICE:
    case EFF__OP_PROVIDE:
    case EFF__OP_FORK:
    case EFF__OP_PAR:
    case EFF__OP_GEN:
    case EFF__OP_SCOPED:
    case EFF__OP_BRACKET:
    case EFF__N_OPS: break;
    }
    return (eff_value_t){ .type = NULL, .integer = 0 };
}

bool eff__describe_runs_no_callback(const eff_t *e)
{
    const struct eff__closure *c = closure_in(env_of(e));
    if (c) return !c->fn && !c->when && c->env.type == &eff_unit_type; /* retry, for one, keeps callbacks in env */
    if (e->op == EFF__OP_FOLD) return !e->fold.good && e->fold.bad == (eff_any_fn)eff__run_env;
    if (e->op != EFF__OP_MAP && e->op != EFF__OP_FLAT_MAP && e->op != EFF__OP_ON_EXIT) return false;
    return e->bind.fn == (eff_any_fn)eff__run_env || e->bind.fn == (eff_any_fn)eff__return_env ||
           e->bind.fn == (eff_any_fn)eff__run_env_finally;
}

const char *eff__describe_name(const eff_t *e)
{
    const struct eff__closure *c = closure_in(env_of(e));
    if (c) return without_prefix(c->builder);
    switch ((enum eff__op)e->op) {
    case EFF__OP_SUCCEED:
    case EFF__OP_FAIL: return value_name(e);
    case EFF__OP_MAP:
    case EFF__OP_FLAT_MAP:
    case EFF__OP_ON_EXIT: return bind_name(e);
    case EFF__OP_FOLD: return fold_name(e);
    case EFF__OP_MASK: return mask_name(e);
    case EFF__OP_YIELD: return "yield_now";
    case EFF__OP_PRIM: return e->prim.prim->name;
    case EFF__OP_SERVICE: return e->service.thunk ? eff__op_names[e->op] : "tag_get";
    case EFF__OP_PROVIDE: return e->flags & EFF__LOCALLY ? "locally" : "provide";
    case EFF__OP_FORK: return fork_name(e);
    case EFF__OP_PAR: return par_name(e);
    case EFF__OP_EACH: return each_name(e);
    case EFF__OP_BRACKET: return e->flags & EFF__EFFECTFUL ? "acquire_use_release_effect" : "acquire_use_release";
    case EFF__OP_SYNC:
    case EFF__OP_SUSPEND:
    case EFF__OP_ASYNC:
    case EFF__OP_SLEEP:
    case EFF__OP_GEN:
    case EFF__OP_SCOPED:
    case EFF__N_OPS: break;
    }
    return eff__op_names[e->op];
}

/* ---- details */

/* The value on one line, of bounded length; strings in quotes. */
static void add_value(eff_value_t v, eff_buffer_t *out)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    size_t n = text.size;
    if (n > EFF__DESCRIBE_VALUE) {
        n = EFF__DESCRIBE_VALUE;
        while (n > 0 && ((unsigned char)text.text[n] & 0xc0) == 0x80)
            n--; /* not inside a character of UTF-8 */
    }
    const char *quote = eff_value_is(v, &eff_string_type) ? "\"" : "";
    eff_buffer_add(out, quote);
    struct eff__sink sink = { out, NULL };
    eff__sink_escaped(&sink, eff_buffer_text(&text), n);
    if (n < text.size || text.truncated) eff_buffer_add(out, "...");
    eff_buffer_add(out, quote);
    eff_buffer_done(&text);
}

static void add_failure(const eff_t *e, eff_buffer_t *out)
{
    if (!(e->flags & EFF__CAUSE)) {
        add_value(e->value.value, out);
        return;
    }
    const eff_cause_t *cause = eff_as_cause(e->value.value);
    eff_value_t v;
    bool leaf = !eff_cause_sides(cause, NULL, NULL);
    if (leaf && (eff_cause_defect(cause, &v) || eff_cause_failure(cause, &v))) add_value(v, out);
    else if (leaf) eff_buffer_add(out, eff_cause_is_empty(cause) ? "empty" : "interrupt");
    else eff_buffer_add(out, eff_cause_tag(cause) == EFF_CAUSE_BOTH ? "both" : "then");
}

static void add_items(const eff_t *e, eff_buffer_t *out)
{
    eff_value_t items = e->each.items;
    if (eff_value_is(items, &eff_array_type)) eff_buffer_printf(out, "%zu items", eff_array_size(items));
    else eff_value_format(items, out);
    if (e->flags & EFF__LIMITED) return;
    if (e->flags & EFF__PARALLEL && e->each.limit > 0) eff_buffer_printf(out, ", %zu at once", e->each.limit);
}

void eff__describe_detail(const eff_t *e, eff_buffer_t *out)
{
    const struct eff__closure *c = closure_in(env_of(e));
    if (c && (eff_value_is(c->env, &eff_schedule_type) || eff_value_is(c->env, &eff_duration_type)))
        eff_value_format(c->env, out);
    if (e == &eff__oom_node || e == &eff__noop_node) return;
    switch ((enum eff__op)e->op) {
    case EFF__OP_SUCCEED: add_value(e->value.value, out); break;
    case EFF__OP_FAIL: add_failure(e, out); break;
    case EFF__OP_MAP:
        if (e->bind.fn == (eff_any_fn)eff__return_env) add_value(e->bind.env, out);
        break;
    case EFF__OP_SLEEP: eff_duration_format(e->sleep.duration, out); break;
    case EFF__OP_PAR:
        if (e->kind == EFF__PAR_GRACEFUL) eff_duration_format((eff_duration_t){ e->par.grace }, out);
        else if (e->kind == EFF__PAR_TIMEOUT && !is_within(e))
            eff_duration_format((eff_duration_t){ e->par.time }, out);
        break;
    case EFF__OP_SERVICE: eff_buffer_add(out, eff__tag_name(e->service.tag)); break;
    case EFF__OP_PROVIDE:
        if (e->provide.tag) eff_buffer_add(out, eff__tag_name(e->provide.tag));
        else eff_value_format(e->provide.value, out);
        break;
    case EFF__OP_EACH: add_items(e, out); break;
    case EFF__OP_GEN: eff_buffer_add(out, e->gen.def->name); break;
    case EFF__OP_FLAT_MAP:
    case EFF__OP_FOLD:
    case EFF__OP_ON_EXIT:
    case EFF__OP_MASK:
    case EFF__OP_SYNC:
    case EFF__OP_SUSPEND:
    case EFF__OP_ASYNC:
    case EFF__OP_YIELD:
    case EFF__OP_PRIM:
    case EFF__OP_FORK:
    case EFF__OP_SCOPED:
    case EFF__OP_BRACKET:
    case EFF__N_OPS: break;
    }
}

/* ---- parts */

static const eff_t *source_of(const eff_t *e)
{
    switch ((enum eff__op)e->op) {
    case EFF__OP_MAP:
    case EFF__OP_FLAT_MAP:
    case EFF__OP_ON_EXIT:
    case EFF__OP_MASK:
    case EFF__OP_SCOPED: return e->bind.source;
    case EFF__OP_FOLD: return e->fold.source;
    case EFF__OP_PROVIDE: return e->provide.source;
    case EFF__OP_FORK: return e->fork.source;
    case EFF__OP_BRACKET: return e->bracket.source;
    case EFF__OP_EACH: return eff_value_is(e->each.items, &eff_pull_type) ? e->each.items.ptr : NULL;
    case EFF__OP_SUCCEED:
    case EFF__OP_FAIL:
    case EFF__OP_SYNC:
    case EFF__OP_SUSPEND:
    case EFF__OP_ASYNC:
    case EFF__OP_YIELD:
    case EFF__OP_PRIM:
    case EFF__OP_SLEEP:
    case EFF__OP_SERVICE:
    case EFF__OP_PAR:
    case EFF__OP_GEN:
    case EFF__N_OPS: break;
    }
    return NULL;
}

const eff_t *eff__describe_part(const eff_t *e, size_t i)
{
    if (e->op == EFF__OP_PAR) {
        eff_t *const *sides = e->par.n > 2 ? e->par.more : e->par.sides;
        size_t n = e->par.n;
        if (e->kind == EFF__PAR_TASKS) n = 0;         /* its body is a callback */
        else if (e->kind == EFF__PAR_GRACEFUL) n = 1; /* the other measures the time */
        return i < n ? sides[i] : NULL;
    }
    const eff_t *source = source_of(e);
    if (source && i-- == 0) return source;
    if (i > 0) return NULL;
    eff_value_t env = env_of(e);
    const struct eff__closure *c = closure_in(env);
    if (c) return c->effect;
    return env.type == &eff_effect_type ? env.ptr : NULL;
}

/* ---- text */

struct entry {
    const eff_t *e; /* borrowed from the tree */
    size_t level;
};

struct stack {
    struct entry *entries; /* owned */
    size_t n, capacity;
};

static bool push(struct stack *s, const eff_t *e, size_t level)
{
    if (s->n == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 32;
        struct entry *entries = eff__realloc(s->entries, capacity * sizeof *entries);
        if (!entries) return false;
        s->entries = entries;
        s->capacity = capacity;
    }
    s->entries[s->n++] = (struct entry){ e, level };
    return true;
}

/* Pushes the parts so that the first comes off first. Of a group's, only as many as can still be shown. */
static bool push_parts(struct stack *s, const eff_t *e, size_t level)
{
    size_t n = 0;
    while (n < EFF__DESCRIBE_LINES && eff__describe_part(e, n))
        n++;
    while (n-- > 0)
        if (!push(s, eff__describe_part(e, n), level)) return false;
    return true;
}

static void add_line(const eff_t *e, size_t level, eff_buffer_t *out)
{
    for (size_t i = 0; i < level && i < EFF__DESCRIBE_LEVELS; i++)
        eff_buffer_add(out, "  ");
    eff_buffer_add(out, eff__describe_name(e));
    eff_buffer_t detail = EFF_BUFFER_INIT;
    eff__describe_detail(e, &detail);
    if (detail.size) eff_buffer_printf(out, " %s", detail.text);
    if (detail.truncated) out->truncated = true;
    eff_buffer_done(&detail);
    if (e->site) {
        size_t n = 0;
        while (e->site[n] && e->site[n] != '(')
            n++;
        eff_buffer_printf(out, e->site[n] ? " %s" : " (%s)", e->site);
    }
    eff_buffer_add(out, "\n");
}

void eff_describe(const eff_t *e, eff_buffer_t *out)
{
    struct stack s = { NULL, 0, 0 };
    size_t n_lines = 0;
    if (e && !push(&s, e, 0)) out->truncated = true;
    while (s.n > 0 && !out->truncated) {
        if (n_lines++ == EFF__DESCRIBE_LINES) {
            eff_buffer_add(out, "...\n");
            break;
        }
        struct entry at = s.entries[--s.n];
        add_line(at.e, at.level, out);
        if (!push_parts(&s, at.e, at.level + 1)) out->truncated = true;
    }
    eff__raw_free(s.entries);
}
