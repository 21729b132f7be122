/* hashdir: hashes all files of a directory, side by side. */
#include "demo.h"
#include "names.h"
#include "session.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "usage: hashdir [--jobs N] [--resume FILE] DIR\n"
                            "       hashdir [--demo]\n"
                            "\n"
                            "Prints the SHA-256 of every regular file below DIR, in the form of sha256sum.\n"
                            "Symbolic links below DIR are not followed.\n"
                            "\n"
                            "  --jobs N       hash N files at once, 1 to 64 (4)\n"
                            "  --resume FILE  remember what is done in FILE, and do not do it again\n"
                            "  --demo         hash a temporary folder of known files\n"
                            "\n"
                            "The exit code is 0, or 1 if a file could not be read, or 2 if the arguments are wrong.\n";

enum { RUN_SESSION = -1, WRONG_ARGUMENTS = 2 };

static int complain(const char *what, const char *about)
{
    fprintf(stderr, "hashdir: %s%s\nTry: hashdir --help\n", what, about);
    return WRONG_ARGUMENTS;
}

/* RUN_SESSION, or the exit code. */
static int parse_arguments(int argc, char **argv, options_t *ret_options, bool *ret_demo)
{
    enum { JOBS, RESUME, DEMO, HELP };
    static const struct option known[] = { { "jobs", required_argument, NULL, JOBS },
                                           { "resume", required_argument, NULL, RESUME },
                                           { "demo", no_argument, NULL, DEMO },
                                           { "help", no_argument, NULL, HELP },
                                           { NULL, 0, NULL, 0 } };
    *ret_options = (options_t){ .n_jobs = DEFAULT_JOBS };
    *ret_demo = argc == 1;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
        char *end;
        long n;
        switch (option) {
        case JOBS:
            n = strtol(optarg, &end, 10);
            if (end == optarg || *end || n < 1 || n > MAX_JOBS) return complain("--jobs wants 1 to 64, not ", optarg);
            ret_options->n_jobs = (size_t)n;
            break;
        case RESUME: ret_options->resume = optarg; break;
        case DEMO: *ret_demo = true; break;
        case HELP: return fputs(usage, stdout) < 0 || fflush(stdout) != 0;
        case ':': return complain("a value is missing after ", argv[optind - 1]);
        default: return complain("unknown option ", argv[optind - 1]);
        }
    }
    if (*ret_demo && argc > 2) return complain("--demo stands alone", "");
    if (!*ret_demo && optind == argc) return complain("which directory?", "");
    if (optind + 1 < argc) return complain("one directory only, not also ", argv[optind + 1]);
    ret_options->directory = ret_options->shown_as = argv[optind];
    return RUN_SESSION;
}

static eff_t *tell(eff_value_t error, eff_value_t env)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_add(&text, "hashdir: ");
    name_show(eff_as_error(error)->message, &text); /* there is a path in it */
    eff_value_t line = eff_string(eff_buffer_text(&text));
    eff_buffer_done(&text);
    return eff_map_to(eff_ignore(eff_print_error_line(line)), eff_int(1));
}

int main(int argc, char **argv)
{
    options_t options;
    bool is_demo;
    int code = parse_arguments(argc, argv, &options, &is_demo);
    if (code != RUN_SESSION) return code;

    eff_t *e = is_demo ? demo() : session(options);
    e = eff_catch_type(e, &eff_error_type, tell, eff_unit);
    return eff_main(e);
}
