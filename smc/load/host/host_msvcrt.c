// SPDX-License-Identifier: MIT
// msvcrt.dll: what the C runtime of Windows has beside ISO C; cdecl.
//
// Half of these names are no functions for programs but the start-up code's
// side of the runtime. mingw-w64 links crtexe.c into every program; its
// mainCRTStartup asks for the arguments, runs the constructors, calls main
// and passes the result to exit. [mingw-w64 crt/crtexe.c]
#include "kernel/module.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_c.h"
#include "smc/load/host/host_dll.h"
#include "smc/load/host/host_exit.h"
#include "smc/load/host/host_text.h"

static void crt_amsg_exit(int code)
{
    call_end((uint32_t)(uintptr_t)__builtin_return_address(0),
             "%s gave up with runtime error %d", call_owner()->name, code);
}

// Locks guard against other threads. Calls into images come from the shell,
// one at a time, so there is never another one.
static void crt_lock(int number)
{
    (void)number;
}

// Settings of a runtime that this one does not have: the kind of program, the
// handler of mathematical errors, the handler of a signal. Nothing is lost,
// as none of these errors and signals ever comes. 0 is "none before".
static int crt_ignore(void)
{
    return 0;
}

// The tables of constructors: a NULL is a gap. [PE ".CRT$XC*"]
static void crt_initterm(void (**from)(void), void (**to)(void))
{
    for (; from < to; from++)
        if (*from)
            (*from)();
}

static void *crt_onexit(void (*fn)(void *))
{
    return host_exit_add(fn, NULL, NULL) == 0 ? (void *)(uintptr_t)fn : NULL;
}

static void crt_cexit(void)
{
    host_exit_run(NULL);
}

// What `exe` was given; otherwise the words behind the file's name in the
// boot module's string are what would be typed behind a program's name.
const char *host_command_line(void)
{
    const struct module *file = module_find(call_owner()->name);

    if (call_owner()->words)
        return call_owner()->words;
    return file ? file->cmdline : call_owner()->name;
}

// No variables, and the NULL that ends them.
static char *no_environment[1];
static char **crt_initenv = no_environment;
static char *command_line;
static int mode_of_files, mode_of_commits;

// Cuts a line into words at its spaces, in place. Quotes hold a word together
// and go, so that what is written is never ahead of what is read.
static int cut_words(char *text, char **words)
{
    char *to = text;
    int count = 0;

    while (*text) {
        bool quoted = false, more = *text != ' ';
        if (more)
            words[count++] = to;
        for (; *text && (quoted || *text != ' '); text++)
            if (*text == '"')
                quoted = !quoted;
            else
                *to++ = *text;
        if (*text)
            text++;
        if (more)
            *to++ = '\0';
    }
    return count;
}

// argv and its strings in one block: |p0 p1 .. NULL| "name\0word\0..." |
static int crt_getmainargs(int *argc, char ***argv, char ***env, int wild,
                           void *startup)
{
    const char *line = host_command_line();
    size_t len = strlen(line) + 1;
    // At most every other character begins a word.
    char **words = host_zalloc(len / 2 + 2, sizeof *words + 2);

    (void)wild;
    (void)startup;
    if (!words)
        return -1;
    *argc = cut_words(memcpy(words + len / 2 + 2, line, len), words);
    *argv = words;
    *env = no_environment;
    return 0;
}

static char **crt_p_acmdln(void)
{
    command_line = (char *)(uintptr_t)host_command_line();
    return &command_line;
}

static int *crt_p_fmode(void)
{
    return &mode_of_files;
}

static int *crt_p_commode(void)
{
    return &mode_of_commits;
}

static struct host_stream *crt_iob_func(void)
{
    return host_streams;
}

// struct lconv: ten strings, then eight numbers of which 127 means "not
// available". The locale "C" has a decimal point and nothing else.
static struct {
    const char *point, *text[9];
    char number[8];
} conventions = {".",
                 {"", "", "", "", "", "", "", "", ""},
                 {127, 127, 127, 127, 127, 127, 127, 127}};

static void *crt_localeconv(void)
{
    return &conventions;
}

static const char *crt_setlocale(int category, const char *name)
{
    (void)category;
    return !name || !*name || strcmp(name, "C") == 0 ? "C" : NULL;
}

// Unlike snprintf: -1 if the text was cut, and then no NUL.
static int crt_vsnprintf(char *out, size_t size, const char *fmt, va_list ap)
{
    char *whole = host_vasprintf(fmt, ap);
    size_t len = whole ? strlen(whole) : 0;

    if (!whole)
        return -1;
    memcpy(out, whole, len < size ? len + 1 : size);
    host_free(whole);
    return len <= size ? (int)len : -1;
}

static PRINTF_LIKE(3, 4) int crt_snprintf(char *out, size_t size,
                                          const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = crt_vsnprintf(out, size, fmt, ap);
    va_end(ap);
    return len;
}

static char *crt_strdup(const char *text)
{
    char *copy = host_alloc(strlen(text) + 1);

    return copy ? host_strcpy(copy, text) : NULL;
}

static int crt_lseek(int fd, int offset, int whence)
{
    return (int)host_seek(fd, offset, whence);
}

static int crt_fileno(const struct host_stream *stream)
{
    return stream->fd;
}

static int crt_isatty(int fd)
{
    return fd >= 0 && fd <= 2;
}

// Wide characters have 16 bits on Windows. Only those of Latin-1 have a
// narrow form in the locale "C".
static size_t crt_wcslen(const uint16_t *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n;
}

// (size_t)-1 for a character that has none. Without `out` only the length.
static size_t crt_wcstombs(char *out, const uint16_t *text, size_t size)
{
    size_t n = 0;

    for (; text[n] && (!out || n < size); n++) {
        if (text[n] > 255)
            return (size_t)-1;
        if (out)
            out[n] = (char)text[n];
    }
    if (out && n < size)
        out[n] = '\0';
    return n;
}

static int crt_wopen(const uint16_t *path, int flags)
{
    char name[100];

    if (crt_wcstombs(name, path, sizeof name) >= sizeof name) {
        host_errno = HOST_ENOENT;
        return -1;
    }
    return host_open(name, flags);
}

// The width of a character in bytes, for a macro of old headers.
static int crt_mb_cur_max = 1;

static const struct host_symbol symbols[] = {
    HOST_CODE("__getmainargs", crt_getmainargs),
    HOST_DATA("__initenv", crt_initenv),
    HOST_CODE("__iob_func", crt_iob_func),
    HOST_CODE("__lconv_init", crt_ignore),
    HOST_DATA("__mb_cur_max", crt_mb_cur_max),
    HOST_CODE("__p__acmdln", crt_p_acmdln),
    HOST_CODE("__p__commode", crt_p_commode),
    HOST_CODE("__p__fmode", crt_p_fmode),
    HOST_CODE("__set_app_type", crt_ignore),
    HOST_CODE("__setusermatherr", crt_ignore),
    HOST_CODE("_amsg_exit", crt_amsg_exit),
    HOST_CODE("_cexit", crt_cexit),
    HOST_CODE("_close", host_close),
    HOST_CODE("_errno", thread_errno),
    HOST_CODE("_exit", call_exit),
    HOST_CODE("_fileno", crt_fileno),
    HOST_CODE("_initterm", crt_initterm),
    {"_iob", host_streams, sizeof host_streams},
    HOST_CODE("_isatty", crt_isatty),
    HOST_CODE("_lock", crt_lock),
    HOST_CODE("_lseek", crt_lseek),
    HOST_CODE("_lseeki64", host_seek),
    HOST_CODE("_onexit", crt_onexit),
    HOST_CODE("_open", host_open),
    HOST_CODE("_read", host_read),
    HOST_CODE("_snprintf", crt_snprintf),
    HOST_CODE("_strdup", crt_strdup),
    HOST_CODE("_stricmp", host_strcasecmp),
    HOST_CODE("_unlock", crt_lock),
    HOST_CODE("_vsnprintf", crt_vsnprintf),
    HOST_CODE("_wopen", crt_wopen),
    HOST_CODE("_write", host_write),
    HOST_CODE("localeconv", crt_localeconv),
    HOST_CODE("setlocale", crt_setlocale),
    HOST_CODE("signal", crt_ignore),
    HOST_CODE("wcslen", crt_wcslen),
    HOST_CODE("wcstombs", crt_wcstombs),
};
HOST_FAMILY(host_msvcrt, "msvcrt", "msvcrt.dll, beside ISO C", symbols);
