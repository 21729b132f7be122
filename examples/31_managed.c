/* A plugin inside a libevent program: the host's callbacks start effects, which all use one connection. It is opened for
 * the first of them, and closed when the host unloads the plugin, after what still runs has ended. */
#include <effect/effect.h>
#include <event2/event.h>
#include <stdio.h>

typedef struct link {
    int n_sent;
} link_t;
EFF_DECLARE_SERVICE(link, link_t);
EFF_DEFINE_SERVICE(link, link_t);

static link_t the_link;

static eff_value_t connected(eff_value_t env)
{
    (void)env;
    puts("connected");
    return link_value(&the_link);
}
static eff_t *open_link(void)
{
    return eff_delay(eff_sync(connected, eff_unit), eff_millis(5));
}
static void close_link(link_t *l)
{
    printf("closed after %d messages\n", l->n_sent);
}
eff_layer_t *link_live(void);
EFF_DEFINE_LAYER(link_live, link, link_t, open_link, close_link, EFF_NO_NEEDS);

static eff_t *send_message(link_t *l, eff_value_t text)
{
    printf("message %d: %s\n", ++l->n_sent, eff_as_string(text));
    return eff_noop();
}
static eff_t *message(const char *text)
{
    return link_with(send_message, eff_string(text));
}

static void unloaded(void *arg)
{
    eff_runtime_free(arg);
    puts("unloaded");
}

int main(void)
{
    struct event_base *base = event_base_new();
    eff_runtime_t *plugin = eff_managed_runtime(&(eff_runtime_options_t){ .base = base }, link_live());
    if (!plugin) return 70;

    (void)eff_runtime_fork(plugin, message("hello"), NULL, NULL, NULL);
    (void)eff_runtime_fork(plugin, message("is anybody there?"), NULL, NULL, NULL);
    event_base_dispatch(base); /* ends when nothing of the plugin runs: that the link is open keeps no loop alive */

    eff_t *watch = eff_ensuring(eff_sleep(eff_seconds(3600)), message("goodbye"));
    (void)eff_runtime_fork(plugin, watch, NULL, NULL, NULL);
    event_base_loop(base, EVLOOP_NONBLOCK);

    eff_runtime_shutdown(plugin, unloaded, plugin);
    event_base_dispatch(base);
    event_base_free(base);
    return 0;
}

/* expected output:
connected
message 1: hello
message 2: is anybody there?
message 3: goodbye
closed after 3 messages
unloaded
*/
