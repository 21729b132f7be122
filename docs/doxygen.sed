# Shows builders in the reference as users call them. The headers declare eff_map_at(site, e, f, env) and define a macro
# eff_map(e, f, env) that fills the site in; here the function is given the macro's name, without the site, and the
# macro becomes blank lines (so that line numbers stay). docs/Doxyfile runs every header through this.
/^#define eff_[a-z0-9_]+\(/ {
    :join
    /\\$/ {
        N
        b join
    }
    /_at\(/ s/[^\n]+//g
}
s/\b(eff_[a-z0-9_]+)_at\(eff_site_t site, /\1(/
s/\b(eff_[a-z0-9_]+)_at\(eff_site_t site\)/\1(void)/
