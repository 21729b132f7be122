/* What fibers share: a number of permits, which a semaphore gives out, and one thing at a time, under a mutex. */
#include <effect/effect.h>

#include <inttypes.h>

/* Four gigabytes, whoever needs them: the backup wants three, and the small jobs that come later do not overtake it. */
static eff_t *job(eff_semaphore_t *memory, const char *name, size_t gigabytes)
{
    eff_t *e = eff_print_line(eff_printf("%s starts", name));
    e = eff_then(e, eff_sleep(eff_millis(10)));
    e = eff_then(e, eff_print_line(eff_printf("%s is done", name)));
    return eff_with_permits(memory, gigabytes, e);
}

static eff_t *jobs(void)
{
    eff_semaphore_t *memory = eff_semaphore_new(4);
    eff_t *thumbnails = job(memory, "thumbnails", 1), *index = job(memory, "index", 1);
    eff_t *e = eff_all_par(job(memory, "import", 2), job(memory, "backup", 3), thumbnails, index);
    eff_semaphore_decref(memory); /* the effects have references of their own */
    return e;
}

/* An account, read and written over a slow connection. Callbacks need no lock, but between the two others have their
 * turn. */
static int64_t balance;

static eff_value_t read_balance(eff_value_t env)
{
    (void)env;
    return eff_int(balance);
}
static eff_value_t write_balance(eff_value_t new_balance, eff_value_t env)
{
    (void)env;
    balance = eff_as_int(new_balance);
    return eff_unit;
}
static eff_t *write_more(eff_value_t old, eff_value_t amount)
{
    eff_t *slow = eff_delay(eff_succeed(eff_int(eff_as_int(old) + eff_as_int(amount))), eff_millis(10));
    return eff_map(slow, write_balance, eff_unit);
}

static eff_t *deposit(int64_t amount)
{
    return eff_flat_map(eff_sync(read_balance, eff_unit), write_more, eff_int(amount));
}

static eff_t *deposit_locked(eff_mutex_t *account, int64_t amount)
{
    return eff_with_lock(account, deposit(amount));
}

int main(void)
{
    eff_mutex_t *account = eff_mutex_new();
    eff_t *unlocked = eff_then(eff_zip_par(deposit(10), deposit(20)), eff_sync(read_balance, eff_unit));
    eff_t *both = eff_zip_par(deposit_locked(account, 10), deposit_locked(account, 20));
    eff_t *locked = eff_then(both, eff_sync(read_balance, eff_unit));
    eff_mutex_decref(account);

    eff_t *e = eff_then(jobs(), eff_flat_map(unlocked, eff_print_value, eff_literal("without a lock: ")));
    return eff_main(eff_then(e, eff_flat_map(locked, eff_print_value, eff_literal("30 more, with one: "))));
}

/* expected output:
import starts
import is done
backup starts
thumbnails starts
backup is done
thumbnails is done
index starts
index is done
without a lock: 20
30 more, with one: 50
*/
