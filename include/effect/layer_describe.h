/** @file
 * Looking at layers, which are data: as text, JSON and graphs, and for mistakes in the wiring. Nothing is built for that.
 *
 *     eff_buffer_t text = EFF_BUFFER_INIT;
 *     size_t n_problems = eff_layer_check(app, EFF_TAGS(&server_tag), &text);
 *     eff_layer_describe(app, &text);
 *     puts(eff_buffer_text(&text));
 *     eff_buffer_done(&text);
 *
 * A layer with a name (eff_layer_named; those of the library have one) is shown as one thing, unless its inside is asked
 * for. Services that the library passes through layers for itself are not shown.
 */
#ifndef EFFECT_LAYER_DESCRIBE_H
#define EFFECT_LAYER_DESCRIBE_H

#include <effect/layer.h>

EFF_BEGIN_DECLS

/** How layers are described; zero means the default. With `size` set, what an older header did not have yet is not read. */
typedef struct eff_layer_describe_options {
    size_t size; /**< sizeof(eff_layer_describe_options_t), or 0 */
    bool inside; /**< what layers with a name are made of is shown too */
} eff_layer_describe_options_t;

/** Describes a layer as text: a line for each part, indented below what it is a part of, with what it provides, what it
 *  needs, and who provides that. One that was mentioned before is "(see above)". Nothing for NULL.
 *
 *      wire (app.c:31): provides config, pool, users
 *        config_live: provides config
 *        pool_live: provides pool; needs config (by config_live)
 *        users_live: provides users; needs pool (by pool_live)
 *
 *  O(mentions). Below 40 levels lines are indented no further.
 *  @borrows{layer}
 *  @param out what the text is added to
 *  @see eff_layer_check, for what is wrong with it */
EFF_API void eff_layer_describe(const eff_layer_t *layer, eff_buffer_t *out);
/** eff_layer_describe() with options.
 *  @borrows{layer}
 *  @param options borrows; NULL: all defaults
 *  @param out what the text is added to */
EFF_API void eff_layer_describe_with(const eff_layer_t *layer, const eff_layer_describe_options_t *options,
                                     eff_buffer_t *out);
/** Describes a layer as JSON: an object of "layers", which are objects of "name", "kind", "site", "provides" and "needs"
 *  (arrays of names), and "parts" (places in the list, of which the whole is at 0); and of "arrows", which are objects of
 *  "from", "to" (such places) and "service": the one at "from" needs it, the one at "to" provides it; null: none here.
 *  @borrows{layer} @return new, for json_decref; NULL when out of memory, and for NULL */
EFF_API struct json_t *eff_layer_to_json(const eff_layer_t *layer);
/** eff_layer_to_json() with options.
 *  @borrows{layer}
 *  @param options borrows; NULL: all defaults
 *  @return new, for json_decref; NULL when out of memory, and for NULL */
EFF_API struct json_t *eff_layer_to_json_with(const eff_layer_t *layer, const eff_layer_describe_options_t *options);
/** Describes a layer as a graph for Graphviz (`dot -Tsvg`): what builds a service is a box, what combines them a frame
 *  around them, and an arrow with the name of a service leads from who needs it to who provides it. Nothing for NULL.
 *  @borrows{layer}
 *  @param out what the text is added to */
EFF_API void eff_layer_to_dot(const eff_layer_t *layer, eff_buffer_t *out);
/** eff_layer_to_dot() with options.
 *  @borrows{layer}
 *  @param options borrows; NULL: all defaults
 *  @param out what the text is added to */
EFF_API void eff_layer_to_dot_with(const eff_layer_t *layer, const eff_layer_describe_options_t *options,
                                   eff_buffer_t *out);
/** Looks for mistakes in the wiring, without building anything: services that are needed and provided by nobody (those of
 *  default tags are there always), circles, services that two parts of a merge or wiring provide, parts that nobody
 *  needs (a Logger, or another service with a default, needs nobody to name it), and those of `wanted` that are not
 *  provided. Each line names the layers, and says what can be done.
 *
 *      eff_buffer_t problems = EFF_BUFFER_INIT;
 *      if (eff_layer_check(app, EFF_TAGS(&server_tag), &problems) > 0) fputs(eff_buffer_text(&problems), stderr);
 *
 *  Layers with a name are looked into. What eff_layer_suspend and eff_layer_catch_all make of a layer is not known before,
 *  so where they are no part counts as unused.
 *  @borrows{layer}
 *  @param wanted the tags the program asks for, ended by NULL; NULL: not known, so no part counts as unused
 *  @param out a line is added for each; NULL: nowhere
 *  @return how many there are; that there was no memory for looking counts as one */
EFF_API size_t eff_layer_check(const eff_layer_t *layer, const eff_tag_t *const *wanted, eff_buffer_t *out);

EFF_END_DECLS
#endif
