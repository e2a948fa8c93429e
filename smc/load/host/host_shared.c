// SPDX-License-Identifier: MIT
// libc.so.6 and ld-linux.so.2 for shared objects: what glibc has beside
// ISO C, under glibc's names and versions. cdecl.
//
// Weak names are left out on purpose: pthread_mutex_lock, __gmon_start__,
// _ITM_registerTMCloneTable. A library compares their address with 0 to learn
// that there are no threads, no profiler and no transactional memory, which
// is so. [ELF "Symbol Table", STB_WEAK]
#include "smc/load/host/host_shared.h"
#include "kernel/string.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_c.h"
#include "smc/load/host/host_exit.h"
#include "smc/load/host/host_text.h"

static void libc_stack_chk_fail(void)
{
    host_give_up(__builtin_return_address(0),
                 "overwrote the canary of its stack frame");
}

static void libc_assert_fail(const char *assertion, const char *file,
                             uint32_t line, const char *function)
{
    char words[120];

    ksnprintf(words, sizeof words, "failed the assertion %s in %s, %s:%u",
              assertion, function, file, line);
    host_give_up(__builtin_return_address(0), words);
}

static int libc_cxa_atexit(void (*fn)(void *), void *arg, const void *object)
{
    return host_exit_add(fn, arg, object);
}

// The *_chk functions are what _FORTIFY_SOURCE makes of the plain ones. The
// compiler passes how large the buffer really is. [LSB 5.0 "Base Libraries"]
static void check_room(size_t size, size_t room, const void *caller)
{
    if (size > room)
        host_give_up(caller, "would have overflowed a buffer");
}

static int libc_vsnprintf_chk(char *out, size_t size, int flag, size_t room,
                              const char *fmt, va_list ap)
{
    (void)flag;
    check_room(size, room, __builtin_return_address(0));
    return host_vsnprintf(out, size, fmt, ap);
}

static PRINTF_LIKE(5, 6) int libc_snprintf_chk(char *out, size_t size,
                                               int flag, size_t room,
                                               const char *fmt, ...)
{
    va_list ap;
    int len;

    (void)flag;
    check_room(size, room, __builtin_return_address(0));
    va_start(ap, fmt);
    len = host_vsnprintf(out, size, fmt, ap);
    va_end(ap);
    return len;
}

static PRINTF_LIKE(2, 3) int libc_printf_chk(int flag, const char *fmt, ...)
{
    va_list ap;
    int len;

    (void)flag;
    va_start(ap, fmt);
    len = host_vprintf(fmt, ap);
    va_end(ap);
    return len;
}

static PRINTF_LIKE(3, 4) int libc_fprintf_chk(struct host_stream *stream,
                                              int flag, const char *fmt, ...)
{
    va_list ap;
    int len;

    (void)flag;
    va_start(ap, fmt);
    len = host_vfprintf(stream, fmt, ap);
    va_end(ap);
    return len;
}

static void *libc_memcpy_chk(void *dst, const void *src, size_t n, size_t room)
{
    check_room(n, room, __builtin_return_address(0));
    return memcpy(dst, src, n);
}

static char *libc_strdup(const char *text)
{
    char *copy = host_alloc(strlen(text) + 1);

    return copy ? host_strcpy(copy, text) : NULL;
}

// 32-bit offsets, while lseek64 has 64.
static int libc_lseek(int fd, int offset, int whence)
{
    return (int)host_seek(fd, offset, whence);
}

// Unwinders ask where an object has its .eh_frame_hdr. -1 is "in no object":
// no exception can be thrown through here.
static int libc_dl_find_object(void *address, void *result)
{
    (void)address;
    (void)result;
    return -1;
}

// nan("0x123") makes a NaN with the number as its lowest mantissa bits. The
// functions return in st(0), as i386 has it; the kernel's compiler is told to
// use no such register, so that nothing comes between the load and the
// return. [i386 ABI "Function Calling Sequence"; ISO C 7.12.11.2]
static uint64_t payload(const char *text)
{
    const char *end;
    int minus, over;
    uint64_t bits = host_number(text, &end, 0, UINT64_MAX, &minus, &over);

    return *end || over ? 0 : bits;
}

static void libc_strtof_nan(const char *text)
{
    uint32_t bits = 0x7fc00000 | (payload(text) & 0x3fffff);

    __asm__ volatile("flds %0" : : "m"(bits));
}

static void libc_strtod_nan(const char *text)
{
    uint64_t bits = 0x7ff8000000000000 | (payload(text) & 0x7ffffffffffff);

    __asm__ volatile("fldl %0" : : "m"(bits));
}

static void libc_strtold_nan(const char *text)
{
    struct {
        uint64_t mantissa;
        uint16_t exponent;
    } bits = {0xc000000000000000 | (payload(text) & 0x3fffffffffffffff),
              0x7fff};

    __asm__ volatile("fldt %0" : : "m"(bits));
}

// libm names it for nanf128, so that it must have an address.
static void libc_strtof128_nan(void)
{
    host_refuse("__strtof128_nan", __builtin_return_address(0));
}

static struct host_stream *const libc_stdin = &host_streams[0];
static struct host_stream *const libc_stdout = &host_streams[1];
static struct host_stream *const libc_stderr = &host_streams[2];

// No variables, and the NULL that ends them.
static char *no_environment[1];
static char **libc_environ = no_environment;

static const struct host_symbol symbols[] = {
    HOST_CODE("__assert_fail", libc_assert_fail),
    HOST_CODE("__cxa_atexit", libc_cxa_atexit),
    HOST_CODE("__cxa_finalize", host_exit_run),
    HOST_CODE("__errno_location", thread_errno),
    HOST_CODE("__fprintf_chk", libc_fprintf_chk),
    HOST_CODE("__memcpy_chk", libc_memcpy_chk),
    HOST_CODE("__printf_chk", libc_printf_chk),
    HOST_CODE("__snprintf_chk", libc_snprintf_chk),
    HOST_CODE("__stack_chk_fail", libc_stack_chk_fail),
    HOST_CODE("__strtod_nan", libc_strtod_nan),
    HOST_CODE("__strtof128_nan", libc_strtof128_nan),
    HOST_CODE("__strtof_nan", libc_strtof_nan),
    HOST_CODE("__strtold_nan", libc_strtold_nan),
    HOST_CODE("__vsnprintf_chk", libc_vsnprintf_chk),
    HOST_CODE("_dl_find_object", libc_dl_find_object),
    {"_rtld_global_ro", host_rtld_block, HOST_RTLD_SIZE},
    HOST_CODE("close", host_close),
    HOST_DATA("environ", libc_environ),
    HOST_CODE("lseek", libc_lseek),
    HOST_CODE("lseek64", host_seek),
    HOST_CODE("open", host_open),
    HOST_CODE("read", host_read),
    HOST_DATA("stderr", libc_stderr),
    HOST_DATA("stdin", libc_stdin),
    HOST_DATA("stdout", libc_stdout),
    HOST_CODE("strcasecmp", host_strcasecmp),
    HOST_CODE("strdup", libc_strdup),
    HOST_CODE("strnlen", strnlen),
    HOST_CODE("write", host_write),
};
HOST_FAMILY(host_libc, "libc", "libc.so.6 and ld-linux.so.2, beside ISO C",
            symbols);

bool host_shared_library(const char *soname)
{
    return strcmp(soname, "libc.so.6") == 0 ||
           strcmp(soname, "ld-linux.so.2") == 0;
}

uint32_t host_shared_symbol(const char *soname, const char *name,
                            const char *version, uint32_t *size)
{
    const struct host_symbol *symbol = host_find(&host_libc, name);
    bool loader = strcmp(soname, "ld-linux.so.2") == 0;

    if (!symbol)
        symbol = host_find(&host_c, name);
    // The one name of ld-linux.so.2 is none of libc.so.6's.
    if (!symbol || !host_shared_library(soname) ||
        loader != (symbol->address == host_rtld_block) ||
        (version && !host_shared_version(soname, version)))
        return 0;
    if (loader)
        host_rtld_fill();
    *size = symbol->size;
    return (uint32_t)(uintptr_t)symbol->address;
}
