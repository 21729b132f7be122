# Shows builders in the reference as users call them. The headers declare eff_map_at(site, e, f, env) and define a macro
# eff_map(e, f, env) that fills the site in; here the function is given the macro's name, without the site, and the
# macro becomes a blank line. docs/Doxyfile runs every header through this. Lines keep their numbers.
#
# Macros that list their arguments, eff_all_par(a, b, c), are not called like their function, eff_all_par_at(site, n,
# effects): both are shown as they are. So are functions without a macro, and macros of other names.

# The whole header at once.
:read
N
$! b read

# Each macro on one line.
:join
s/(\n#define eff_[a-z0-9_]+\([^\n]*)\\(\n+)([^\n]+)/\1\3\2/
t join

# A second blank before "site" marks what is to stay.
s/(_at\(eff_site_t )(site, size_t n, )/\1 \2/g
:rename
s/\b(eff_[a-z0-9_]+)_at\(eff_site_t site, (.*\n)#define \1\([^\n]*/\1(\2/
s/\b(eff_[a-z0-9_]+)_at\(eff_site_t site\)(.*\n)#define \1\([^\n]*/\1(void)\2/
t rename

# A comment may describe the site; it stays where its function keeps it. No comment ends between the two.
s|@param (site where it is composed([^*]\|\*+[^*/])*\*+/\n[^\n]*_at\(eff_site_t +site)|@param  \1|g
s|@param site where it is composed; the macro fills it in\.?||g
