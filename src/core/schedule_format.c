/* Printing a schedule as the expression that it was composed as; see schedule_program.h. */
#include "core/schedule_program.h"

#include "core/misuse.h"

static bool is_binary(const struct instruction *in)
{
    return in->op == OP_BOTH || in->op == OP_EITHER || in->op == OP_AND_THEN;
}

/* Whether its text is put in parentheses: an operation below one of another kind. */
static bool is_grouped(const struct instruction *in)
{
    bool operation =
        is_binary(in) || in->op == OP_WHILE || in->op == OP_UNTIL || in->op == OP_UP_TO || in->op == OP_JITTERED;
    if (!operation || !in->to_parent) return false;
    const struct instruction *parent = in + in->to_parent;
    return is_binary(parent) ? parent->op != in->op : is_binary(in);
}

/* The first few. */
static void format_delays(const struct instruction *in, eff_buffer_t *out)
{
    enum { SHOWN = 8 };
    size_t n = eff__schedule_n_delays(in);
    eff_buffer_add(out, "delays(");
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        if (i > 0) eff_buffer_add(out, ", ");
        eff_duration_format(eff__schedule_delay_at(in, i), out);
    }
    eff_buffer_add(out, n > SHOWN ? ", ...)" : ")");
}

static const char *const timed_names[] = { [OP_SPACED] = "spaced",
                                           [OP_EXPONENTIAL] = "exponential",
                                           [OP_FIBONACCI] = "fibonacci",
                                           [OP_FIXED] = "fixed",
                                           [OP_WINDOWED] = "windowed" };

static void format_leaf(const struct instruction *in, eff_buffer_t *out)
{
    if (in->op == OP_RECURS) {
        eff_buffer_printf(out, "recurs(%llu)", (unsigned long long)in->times);
    } else if (in->op == OP_FOREVER) {
        eff_buffer_add(out, "forever");
    } else if (in->op == OP_DELAYS) {
        format_delays(in, out);
    } else {
        eff_buffer_printf(out, "%s(", timed_names[in->op]);
        eff_duration_format(in->delay, out);
        if (in->op == OP_EXPONENTIAL) eff_buffer_printf(out, ", x%g", in->factor);
        eff_buffer_add(out, ")");
    }
}

/* Opens the parentheses of everything that begins with this leaf. */
static void open_groups(const struct instruction *leaf, eff_buffer_t *out)
{
    for (const struct instruction *in = leaf; in->to_parent;) {
        in += in->to_parent;
        if (in - in->n + 1 != leaf) break;
        if (is_grouped(in)) eff_buffer_add(out, "(");
    }
}

/* What stands after the operand; nothing for operations that stand between two. */
static void format_change(const struct instruction *in, eff_buffer_t *out)
{
    if (in->op == OP_WHILE) eff_buffer_add(out, " while <predicate>");
    if (in->op == OP_UNTIL) eff_buffer_add(out, " until <predicate>");
    if (in->op == OP_JITTERED) eff_buffer_printf(out, " jittered(x%g to x%g)", in->least, in->greatest);
    if (in->op != OP_UP_TO) return;
    eff_buffer_add(out, " up to ");
    eff_duration_format(in->delay, out);
}

static const char *between(uint32_t op)
{
    return op == OP_BOTH ? " && " : op == OP_EITHER ? " || " : " then ";
}

void eff_schedule_format(const eff_schedule_t *s, eff_buffer_t *out)
{
    if (!s) {
        eff__misuse("argument 1 of eff_schedule_format is NULL");
        return;
    }
    if (eff__schedule_is_oom(s)) eff_buffer_add(out, "out of memory");
    if (eff__schedule_is_mistaken(s)) eff_buffer_add(out, "a schedule with a missing part");
    for (size_t i = 0; i < s->n; i++) {
        const struct instruction *in = &s->program[i];
        if (in->n == 1) open_groups(in, out);
        if (in->op == OP_FIRST || in->op == OP_SECOND) continue;
        if (in->n == 1) format_leaf(in, out);
        else format_change(in, out);
        if (is_grouped(in)) eff_buffer_add(out, ")");
        /* A right side, and the operand of a change, come directly before their parent; a left side does not. */
        if (in->to_parent > 1) eff_buffer_add(out, between(in[in->to_parent].op));
    }
}
