// SPDX-License-Identifier: MIT
// KERNEL32.dll: the Windows below msvcrt, as far as a console program of
// mingw-w64 and its start-up code ask for it; stdcall.
//
// There is one process with one thread. What is about others answers as
// Windows does when there are none.
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_c.h"
#include "smc/load/host/host_dll.h"
#include "smc/load/thread.h"

bool host_last_error(uint32_t number)
{
    thread_set_last_error(number);
    return false;
}

static STDCALL uint32_t k32_get_last_error(void)
{
    return thread_last_error();
}

static STDCALL void k32_set_last_error(uint32_t number)
{
    thread_set_last_error(number);
}

// A critical section keeps other threads out. There are none: calls into
// images come from the shell, one at a time.
static STDCALL void k32_critical_section(void *section)
{
    (void)section;
}

// Thread-local slots, of the only thread: thread.h keeps them where compiled
// code may look for them, behind %fs.
static STDCALL uint32_t k32_tls_alloc(void)
{
    uint32_t slot;

    if (thread_slot_alloc(call_owner(), &slot))
        return slot;
    host_last_error(HOST_NOT_ENOUGH_MEMORY);
    return 0xffffffff; // TLS_OUT_OF_INDEXES
}

// NULL is a legal value, which is why success is told by the last error.
static STDCALL uint32_t k32_tls_get_value(uint32_t slot)
{
    uint32_t value = 0;
    bool found = thread_slot_get(slot, &value);

    thread_set_last_error(found ? 0 : HOST_INVALID_PARAMETER);
    return value;
}

static STDCALL uint32_t k32_tls_set_value(uint32_t slot, uint32_t value)
{
    return thread_slot_set(slot, value) ||
           host_last_error(HOST_INVALID_PARAMETER);
}

static STDCALL uint32_t k32_tls_free(uint32_t slot)
{
    return thread_slot_free(slot) || host_last_error(HOST_INVALID_PARAMETER);
}

// The processor sleeps between ticks. INFINITE would end the machine's use.
static STDCALL void k32_sleep(uint32_t ms)
{
    uint64_t end = clock_us() + (uint64_t)ms * 1000;

    if (ms == 0xffffffff)
        host_give_up(__builtin_return_address(0), "slept for ever");
    while (clock_us() < end)
        wait_for_interrupt();
}

static STDCALL uint32_t k32_get_tick_count(void)
{
    return (uint32_t)u64_div(clock_us(), 1000);
}

static STDCALL uint32_t k32_performance_counter(uint64_t *count)
{
    *count = clock_us();
    return true;
}

static STDCALL uint32_t k32_performance_frequency(uint64_t *frequency)
{
    *frequency = 1000000;
    return true;
}

// In units of 100 ns. No clock here knows the date, so that this counts from
// the start of the machine and not from 1601.
static STDCALL void k32_system_time(uint64_t *time)
{
    *time = clock_us() * 10;
}

// No exception is ever passed on to a program, so that no filter is called.
static STDCALL void *k32_set_exception_filter(void *filter)
{
    (void)filter;
    return NULL;
}

// The numbers in the thread block. The handle is the -1 that Windows has.
static STDCALL uint32_t k32_process_id(void)
{
    return THREAD_PROCESS_ID;
}

static STDCALL uint32_t k32_thread_id(void)
{
    return THREAD_ID;
}

static STDCALL int k32_current_process(void)
{
    return -1;
}

static STDCALL uint32_t k32_no(void)
{
    return false;
}

static STDCALL _Noreturn void k32_exit_process(uint32_t code)
{
    call_exit(code);
}

static STDCALL const char *k32_command_line(void)
{
    return host_command_line();
}

// STARTUPINFOA: 17 words, the first of them its size. All else 0: no window
// was asked for.
static STDCALL void k32_startup_info(uint32_t *info)
{
    memset(info, 0, 68);
    info[0] = 68;
}

// STD_INPUT_HANDLE is -10, the outputs -11 and -12. A handle is the
// descriptor and 16, as 0 would mean that there is none.
static STDCALL uint32_t k32_std_handle(int which)
{
    if (which >= -12 && which <= -10)
        return (uint32_t)(-10 - which + 16);
    host_last_error(HOST_INVALID_HANDLE);
    return 0xffffffff; // INVALID_HANDLE_VALUE
}

static STDCALL uint32_t k32_write_file(uint32_t handle, const void *data,
                                       uint32_t size, uint32_t *written,
                                       void *overlapped)
{
    int done = host_write((int)handle - 16, data, size);

    (void)overlapped;
    if (written)
        *written = done < 0 ? 0 : (uint32_t)done;
    return done >= 0 || host_last_error(HOST_INVALID_HANDLE);
}

static STDCALL void k32_debug_string(const char *text)
{
    kprintf("%s", text);
}

// There is one heap, and its handle is its number.
static STDCALL uint32_t k32_process_heap(void)
{
    return 1;
}

static STDCALL void *k32_heap_alloc(uint32_t heap, uint32_t flags, size_t size)
{
    (void)heap;
    // HEAP_ZERO_MEMORY
    return flags & 8 ? host_zalloc(1, size) : host_alloc(size);
}

static STDCALL uint32_t k32_heap_free(uint32_t heap, uint32_t flags,
                                      void *block)
{
    (void)heap;
    (void)flags;
    host_free(block);
    return true;
}

// Code pages: every one is taken for Latin-1 here. `size` 0 asks for the
// length; `len` -1 is "with its NUL".
static STDCALL int k32_to_wide(uint32_t page, uint32_t flags, const char *text,
                               int len, uint16_t *out, int size)
{
    (void)page;
    (void)flags;
    if (len < 0)
        len = (int)strlen(text) + 1;
    if (size && size < len)
        return host_last_error(HOST_INSUFFICIENT_BUFFER);
    for (int i = 0; size && i < len; i++)
        out[i] = (uint8_t)text[i];
    return len;
}

// What Latin-1 has not becomes *replacement, or a question mark, and *used
// tells.
static STDCALL int k32_to_narrow(uint32_t page, uint32_t flags,
                                 const uint16_t *text, int len, char *out,
                                 int size, const char *replacement,
                                 uint32_t *used)
{
    bool replaced = false;

    (void)page;
    (void)flags;
    for (int i = 0; len < 0; i++)
        if (!text[i])
            len = i + 1;
    if (size && size < len)
        return host_last_error(HOST_INSUFFICIENT_BUFFER);
    for (int i = 0; size && i < len; i++) {
        replaced |= text[i] > 255;
        out[i] = text[i] <= 255 ? (char)text[i]
                                : (replacement ? *replacement : '?');
    }
    if (used)
        *used = replaced;
    return len;
}

static STDCALL uint32_t k32_is_lead_byte(uint32_t page, uint32_t byte)
{
    (void)page;
    (void)byte;
    return false; // Latin-1 has none
}

static const struct host_symbol symbols[] = {
    HOST_CODE("DeleteCriticalSection", k32_critical_section),
    HOST_CODE("EnterCriticalSection", k32_critical_section),
    HOST_CODE("ExitProcess", k32_exit_process),
    HOST_CODE("FreeLibrary", host_module_free),
    HOST_CODE("GetCommandLineA", k32_command_line),
    HOST_CODE("GetCurrentProcess", k32_current_process),
    HOST_CODE("GetCurrentProcessId", k32_process_id),
    HOST_CODE("GetCurrentThreadId", k32_thread_id),
    HOST_CODE("GetLastError", k32_get_last_error),
    HOST_CODE("GetModuleHandleA", host_module_handle),
    HOST_CODE("GetModuleHandleW", host_module_handle_wide),
    HOST_CODE("GetProcAddress", host_module_symbol),
    HOST_CODE("GetProcessHeap", k32_process_heap),
    HOST_CODE("GetStartupInfoA", k32_startup_info),
    HOST_CODE("GetStdHandle", k32_std_handle),
    HOST_CODE("GetSystemTimeAsFileTime", k32_system_time),
    HOST_CODE("GetTickCount", k32_get_tick_count),
    HOST_CODE("HeapAlloc", k32_heap_alloc),
    HOST_CODE("HeapFree", k32_heap_free),
    HOST_CODE("InitializeCriticalSection", k32_critical_section),
    HOST_CODE("IsDBCSLeadByteEx", k32_is_lead_byte),
    HOST_CODE("IsDebuggerPresent", k32_no),
    HOST_CODE("LeaveCriticalSection", k32_critical_section),
    HOST_CODE("LoadLibraryA", host_module_handle),
    HOST_CODE("MultiByteToWideChar", k32_to_wide),
    HOST_CODE("OutputDebugStringA", k32_debug_string),
    HOST_CODE("QueryPerformanceCounter", k32_performance_counter),
    HOST_CODE("QueryPerformanceFrequency", k32_performance_frequency),
    HOST_CODE("SetLastError", k32_set_last_error),
    HOST_CODE("SetUnhandledExceptionFilter", k32_set_exception_filter),
    HOST_CODE("Sleep", k32_sleep),
    HOST_CODE("TlsAlloc", k32_tls_alloc),
    HOST_CODE("TlsFree", k32_tls_free),
    HOST_CODE("TlsGetValue", k32_tls_get_value),
    HOST_CODE("TlsSetValue", k32_tls_set_value),
    HOST_CODE("VirtualProtect", host_virtual_protect),
    HOST_CODE("VirtualQuery", host_virtual_query),
    HOST_CODE("WideCharToMultiByte", k32_to_narrow),
    HOST_CODE("WriteConsoleA", k32_write_file),
    HOST_CODE("WriteFile", k32_write_file),
};
HOST_FAMILY(host_kernel32, "kernel32", "KERNEL32.dll", symbols);
