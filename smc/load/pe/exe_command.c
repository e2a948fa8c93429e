// SPDX-License-Identifier: MIT
// `exe`: runs a console program for Windows from its entry point to its exit.
//
//   FILE.exe --> load, TLS callbacks --> entry point --> ExitProcess(status)
//                                           |              or a return
//                                           '--> imports: msvcrt, KERNEL32
//
// To the loader a program is a DLL with another entry point: the one of the C
// runtime, mainCRTStartup, which has no arguments, asks the system for the
// command line, and calls main. It is loaded anew for each run, because it
// expects its data to be as they are in the file.
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/open.h"
#include "smc/load/pe/pe.h"
#include "smc/load/report.h"

// What this command is for: not DLLs, not drivers, not what opens windows.
static bool check_program(const struct image *image, struct load_error *error)
{
    const struct pe_detail *detail = image->detail;

    if (image->format != &pe_format)
        return load_fail(error, "not a program for Windows");
    if (detail->header.Characteristics & PE_DLL)
        return load_fail(error, "a DLL, not a program: see `call`");
    if (detail->header.Subsystem != PE_CONSOLE)
        return load_fail(error, "its Subsystem is %u, not %u, the console",
                         detail->header.Subsystem, PE_CONSOLE);
    return detail->header.AddressOfEntryPoint ||
           load_fail(error, "it has no entry point");
}

// Words with spaces in them get their quotes back: a program for Windows is
// given one line and divides it itself.
static void join_words(char *line, size_t size, int argc, char **argv)
{
    size_t len = 0;

    line[0] = '\0';
    for (int i = 0; i < argc && len < size; i++) {
        const char *quote = strchr(argv[i], ' ') || !*argv[i] ? "\"" : "";
        len += (size_t)ksnprintf(line + len, size - len, "%s%s%s%s",
                                 i ? " " : "", quote, argv[i], quote);
    }
}

static int run_image(struct image *image)
{
    const struct pe_detail *detail = image->detail;
    struct call call = {
        .image = image,
        .entry = (uint32_t)(uintptr_t)image->base +
                 detail->header.AddressOfEntryPoint,
    };

    if (!call_image(&call)) {
        kprintf("%s did not end: %s\n", image->name, call.text);
        return 1;
    }
    kprintf("%s ended with status %u\n", image->name, call.result);
    return call.result ? 1 : 0;
}

static int run_exe(int argc, char **argv)
{
    const struct module *file = argc > 1 ? module_find(argv[1]) : NULL;
    struct load_error error;
    struct image *image;
    char line[256];
    int status = 1;

    if (argc < 2)
        return command_usage("exe");
    load_clear(&error, argv[1]);
    if (!file) {
        load_fail(&error, "no such file among the boot modules");
        return report_error(&error);
    }
    image = open_file(file, &error);
    if (!image)
        return report_error(&error);
    join_words(line, sizeof line, argc - 1, argv + 1);
    image->words = line;
    if (check_program(image, &error))
        status = run_image(image);
    else
        report_error(&error);
    image->words = NULL;
    return close_image(image, &error) ? status : report_error(&error);
}

COMMAND(exe, "FILE [WORD...]", "run a console program for Windows", run_exe);
