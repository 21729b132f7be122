/* Stepping a schedule; see schedule_program.h. */
#include "core/schedule_program.h"

size_t eff__schedule_state_size(const eff_schedule_t *s)
{
    return s->n_words * sizeof(union word) + s->depth * sizeof(struct answer);
}

bool eff__schedule_needs_time(const eff_schedule_t *s)
{
    return s->needs_time;
}

bool eff__schedule_needs_random(const eff_schedule_t *s)
{
    return s->needs_random;
}

void eff__schedule_start(const eff_schedule_t *s, void *state)
{
    union word *word = state;
    for (size_t i = 0; i < s->n; i++) {
        const struct instruction *in = &s->program[i];
        if (in->op == OP_RECURS) (word++)->times = in->times;
        else if (in->op == OP_EXPONENTIAL) (word++)->scale = 1;
        else if (in->op == OP_FIBONACCI) (word++)->ns = in->delay.ns, (word++)->ns = in->delay.ns;
        else if (in->op == OP_DELAYS || in->op == OP_FIRST) (word++)->times = 0;
        else if (in->op == OP_WINDOWED || in->op == OP_UP_TO) (word++)->ns = NEVER;
        else if (in->op == OP_FIXED) (word++)->ns = NEVER, (word++)->ns = NEVER;
    }
}

static struct answer next_exponential(const struct instruction *in, union word *word)
{
    /* The first delay is exact; infinity times zero is NaN, which scales to zero. */
    eff_duration_t delay = word->scale > 1 ? eff_duration_scale(in->delay, word->scale) : in->delay;
    word->scale *= in->factor;
    return (struct answer){ delay, true };
}

static struct answer next_fibonacci(union word word[2])
{
    eff_duration_t delay = { word[0].ns }, after = { word[1].ns };
    word[0].ns = after.ns;
    word[1].ns = eff_duration_add(delay, after).ns;
    return (struct answer){ delay, true };
}

static struct answer next_delay(const struct instruction *in, union word *word)
{
    if (word->times == eff__schedule_n_delays(in)) return (struct answer){ { 0 }, false };
    return (struct answer){ eff__schedule_delay_at(in, word->times++), true };
}

/* The time since it was first asked, which may be now. */
static eff_duration_t elapsed(union word *first, eff_instant_t now)
{
    if (first->ns == NEVER) first->ns = now.ns;
    return eff_instant_since(now, (eff_instant_t){ first->ns });
}

/* To the next boundary of its windows, which is never now. */
static eff_duration_t to_boundary(eff_duration_t interval, eff_duration_t since)
{
    if (interval.ns <= 0 || since.ns <= 0) return interval;
    return (eff_duration_t){ interval.ns - since.ns % interval.ns };
}

/* When a round took so long that a whole interval was missed, the next one starts at once, but what was missed is not
 * made up for. */
static struct answer next_fixed(const struct instruction *in, union word word[2], eff_instant_t now)
{
    eff_duration_t since = elapsed(&word[0], now), delay = to_boundary(in->delay, since);
    if (word[1].ns != NEVER && eff_instant_add((eff_instant_t){ word[1].ns }, in->delay).ns < now.ns) delay.ns = 0;
    word[1].ns = eff_instant_add(now, delay).ns;
    return (struct answer){ delay, true };
}

/* Both must go on, after the longer delay. */
static struct answer both(struct answer a, struct answer b)
{
    bool b_later = eff_duration_compare(a.delay, b.delay) < 0;
    return (struct answer){ b_later ? b.delay : a.delay, a.go && b.go };
}

/* One must go on, after the shorter delay of those that do. */
static struct answer either(struct answer a, struct answer b)
{
    if (!a.go) return b;
    if (!b.go) return a;
    return eff_duration_compare(b.delay, a.delay) < 0 ? b : a;
}

/* Random bits for the next instruction that asks in the same step: the finalizer of SplitMix64, under which those of
 * one moment differ as if each had been drawn. */
static uint64_t next_bits(uint64_t bits)
{
    bits += UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    return bits ^ bits >> 31;
}

/* Multiplied with a factor that the bits choose, from the least up to the greatest. */
static eff_duration_t jittered(const struct instruction *in, eff_duration_t delay, uint64_t bits)
{
    double part = (double)(bits >> 11) * 0x1.0p-53; /* of the way from the one to the other */
    return eff_duration_scale(delay, in->least + (in->greatest - in->least) * part);
}

/* Goes to the end of the half that follows. */
#define SKIP_HALF() (word += in->n_words, i += in->n_half)

bool eff__schedule_next(const eff_schedule_t *s, void *state, struct eff__moment moment, eff_value_t input,
                        eff_duration_t *ret_delay)
{
    const eff_instant_t now = moment.now;
    union word *word = state;
    struct answer *top = (struct answer *)(void *)(word + s->n_words); /* one past the last answer */
    if (s->n == 0) return false;
    for (size_t i = 0; i < s->n; i++) {
        const struct instruction *in = &s->program[i];
        switch ((enum eff__schedule_op)in->op) {
        case OP_RECURS:
            *top++ = (struct answer){ { 0 }, word->times > 0 };
            if (word->times) word->times--;
            word++;
            break;
        case OP_SPACED: *top++ = (struct answer){ in->delay, true }; break;
        case OP_EXPONENTIAL: *top++ = next_exponential(in, word++); break;
        case OP_FIBONACCI:
            *top++ = next_fibonacci(word);
            word += 2;
            break;
        case OP_DELAYS: *top++ = next_delay(in, word++); break;
        case OP_FOREVER: *top++ = (struct answer){ { 0 }, true }; break;
        case OP_FIXED:
            *top++ = next_fixed(in, word, now);
            word += 2;
            break;
        case OP_WINDOWED: *top++ = (struct answer){ to_boundary(in->delay, elapsed(word++, now)), true }; break;
        case OP_FIRST:
            if ((word++)->times) SKIP_HALF();
            break;
        case OP_SECOND: {
            union word *done = word - in->n_before - 1;
            if (!done->times && top[-1].go) {
                SKIP_HALF();
                break;
            }
            if (!done->times) top--;
            done->times = 1;
            break;
        }
        case OP_AND_THEN: break;
        case OP_BOTH:
            top--;
            top[-1] = both(top[-1], top[0]);
            break;
        case OP_EITHER:
            top--;
            top[-1] = either(top[-1], top[0]);
            break;
        case OP_WHILE: top[-1].go = top[-1].go && in->holds(input, in->env); break;
        case OP_UNTIL: top[-1].go = top[-1].go && !in->holds(input, in->env); break;
        case OP_JITTERED:
            top[-1].delay = jittered(in, top[-1].delay, moment.bits);
            moment.bits = next_bits(moment.bits);
            break;
        case OP_UP_TO: {
            bool in_time = eff_duration_compare(elapsed(word++, now), in->delay) < 0;
            top[-1].go = top[-1].go && in_time;
            break;
        }
        }
    }
    *ret_delay = top[-1].delay;
    return top[-1].go;
}
