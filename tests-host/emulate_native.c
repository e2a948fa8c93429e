// SPDX-License-Identifier: MIT
// rt_sigreturn in, a signal out: see the header.
#define _GNU_SOURCE
#include "tests-host/emulate_native.h"
#include "tests-host/host.h"
#include <asm/ldt.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

//   native_step -- leap -- rt_sigreturn --> native_code, with T set
//       ^                                       | one instruction
//       +-- longjmp -- on_signal <-- signal <-- trap or fault
uint8_t *native_arena, *native_code;

// What the kernel's signal frame looks like from the place where its handler
// has returned to. [Linux arch/x86/include/asm/sigframe.h]
// Of it Linux reads `context` back, and no more.
struct frame {
    uint32_t signal, info_at, context_at;
    uint8_t info[128];
    ucontext_t context;
};

static struct frame frame;
// A stack of its own: the ESP that is tried may point anywhere, into this very
// stack, too. Linux would then take it for one already in use and go on below
// that ESP. A stack that disarms itself is never in use; sigreturn arms it
// again for each step. [sigaltstack(2)]
static uint8_t handler_stack[64 * 1024];
enum { AUTODISARM = 1 << 31 }; // SS_AUTODISARM, which glibc does not name
static void *resume[5];        // for __builtin_longjmp
static volatile bool running;
static ucontext_t caught;
static uint32_t own_gs;

// Where cpu_state's registers are in a signal's frame.
// Our order is the encoding's, the frame's is that of PUSHA and the like.
static const uint8_t gpr_at[8] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX,
                                  REG_ESP, REG_EBP, REG_ESI, REG_EDI};
static const uint8_t segment_at[6] = {REG_ES, REG_CS, REG_SS,
                                      REG_DS, REG_FS, REG_GS};

// Bases and limits follow in make_segments; what may be done is known here.
static struct {
    uint16_t selector;
    struct cpu_segment is;
} segments[] = {
    {NATIVE_CODE, {.rights = SEGMENT_READ | SEGMENT_BIG}},
    {NATIVE_DATA, {.rights = SEGMENT_READ | SEGMENT_WRITE | SEGMENT_BIG}},
    {NATIVE_CODE_16, {.rights = SEGMENT_READ}},
    {NATIVE_DATA_16, {.rights = SEGMENT_READ | SEGMENT_WRITE}},
    {NATIVE_DATA_BASED,
     {.rights = SEGMENT_READ | SEGMENT_WRITE | SEGMENT_BIG}},
    {NATIVE_DATA_SHORT,
     {.rights = SEGMENT_READ | SEGMENT_WRITE | SEGMENT_BIG}},
    {NATIVE_DATA_CONST, {.rights = SEGMENT_READ | SEGMENT_BIG}},
    {NATIVE_CODE_BASED, {.rights = SEGMENT_READ | SEGMENT_BIG}},
};
enum { SEGMENTS = sizeof segments / sizeof segments[0] };

// The trap flag is off here and the direction flag clear, the kernel sees to
// that. Not to AC (alignment checks), NT and ID, which POPF may have left on:
// sigreturn would not take them back for the next run. And not to
// GS, by which the C library finds its thread.
//
//   0x244000 = ID 0x200000 | AC 0x40000 | NT 0x4000
static void on_signal(int number, siginfo_t *info, void *context)
{
    __asm__ volatile("pushfl; andl $~0x244000, (%%esp); popfl; movw %w0, %%gs"
                     :
                     : "r"(own_gs)
                     : "memory", "cc");
    (void)info;
    if (!running) { // our own mistake: die of it, by the repeated fault
        signal(number, SIG_DFL);
        return;
    }
    running = false;
    memcpy(&caught, context, offsetof(ucontext_t, uc_sigmask));
    __builtin_longjmp(resume, 1);
}

// Does not return here: the next to run is on_signal.
// The frame need not be on the stack: sigreturn takes whatever ESP points to.
__attribute__((noinline)) static void leap(void)
{
    running = true;
    __asm__ volatile("movl %0, %%esp; int $0x80"
                     :
                     : "r"(&frame), "a"(SYS_rt_sigreturn)
                     : "memory");
    __builtin_unreachable();
}

struct native_trap native_step(struct cpu_state *state)
{
    greg_t *in = frame.context.uc_mcontext.gregs;
    greg_t *out = caught.uc_mcontext.gregs;
    for (int i = 0; i < 8; i++)
        in[gpr_at[i]] = (greg_t)state->gpr[i];
    for (int i = 0; i < 6; i++)
        in[segment_at[i]] = state->segment[i].selector;
    in[REG_EIP] = (greg_t)state->eip;
    in[REG_EFL] = (greg_t)state->eflags;
    if (!__builtin_setjmp(resume))
        leap();
    for (int i = 0; i < 8; i++)
        state->gpr[i] = (uint32_t)out[gpr_at[i]];
    for (int i = 0; i < 6; i++)
        state->segment[i].selector = (uint16_t)out[segment_at[i]];
    state->eip = (uint32_t)out[REG_EIP];
    state->eflags = (uint32_t)out[REG_EFL];
    return (struct native_trap){(uint32_t)out[REG_TRAPNO],
                                (uint32_t)out[REG_ERR],
                                (uint32_t)caught.uc_mcontext.cr2};
}

bool native_segment(uint16_t selector, struct cpu_segment *segment)
{
    for (int i = 0; i < SEGMENTS; i++) {
        if (segments[i].selector == selector) {
            *segment = segments[i].is;
            return true;
        }
    }
    return false;
}

// Selectors with bit 2 set are in the LDT; bits 15..3 are the number of the
// entry. Linux's own are in the GDT and stay as they are. [SDM3 3.4.2]
//
// 20 bits of limit end at 1 MiB; larger ones count in pages.
static void make_segment(uint16_t selector, uint32_t base, uint32_t limit)
{
    for (int i = 0; i < SEGMENTS; i++) {
        struct cpu_segment *is = &segments[i].is;
        if (segments[i].selector != selector)
            continue;
        bool pages = limit > 0xfffff; // the limit has 20 bits
        bool code = selector == NATIVE_CODE_16 ||
                    selector == NATIVE_CODE_BASED;
        *is = (struct cpu_segment){base, limit, selector, is->rights};
        if (!(selector & 4)) // Linux's own
            continue;
        struct user_desc d = {.entry_number = selector >> 3,
                              .base_addr = base,
                              .limit = pages ? limit >> 12 : limit,
                              .limit_in_pages = pages,
                              .seg_32bit = !!(is->rights & SEGMENT_BIG),
                              .contents = code ? 2 : 0,
                              .read_exec_only = !code &&
                                                !(is->rights & SEGMENT_WRITE),
                              .useable = 1};
        if (syscall(SYS_modify_ldt, 1, &d, sizeof d))
            host_die("modify_ldt refuses selector %#x", selector);
    }
}

//   arena - 8000  DATA_16, DATA_SHORT: base
//   arena - 6000  DATA_BASED: base, and no limit
//   arena         offset 8000 in the first two
//   arena + 17ff  DATA_SHORT: its last byte, within the second page
//
// So 16-bit offsets reach all of the arena and fault on both sides of it.
static void make_segments(void)
{
    uint32_t arena = (uint32_t)native_arena, code = (uint32_t)native_code;
    make_segment(NATIVE_CODE, 0, UINT32_MAX);
    make_segment(NATIVE_DATA, 0, UINT32_MAX);
    make_segment(NATIVE_DATA_CONST, 0, UINT32_MAX);
    make_segment(NATIVE_CODE_16, code, 0xffff);
    make_segment(NATIVE_CODE_BASED, code, 0xffff);
    make_segment(NATIVE_DATA_16, arena - 0x8000, 0xffff);
    make_segment(NATIVE_DATA_BASED, arena - 0x6000, UINT32_MAX);
    make_segment(NATIVE_DATA_SHORT, arena - 0x8000, 0x8000 + 0x17ff);
}

// Guards are mapped without rights, so that nobody else gets these addresses.
static void map_pages(void)
{
    uint8_t *all = mmap(NULL, NATIVE_ARENA + 2 * NATIVE_GUARD, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        host_die("no memory for the arena");
    native_arena = all + NATIVE_GUARD;
    native_code = host_code_pages(NATIVE_PAGE);
    if (mprotect(native_arena, NATIVE_ARENA, PROT_READ | PROT_WRITE))
        host_die("the arena cannot be opened");
    host_random_bytes(native_arena, NATIVE_ARENA);
    if (mprotect(native_arena + NATIVE_WRITABLE, NATIVE_PAGE, PROT_READ))
        host_die("the arena's last page cannot be closed");
}

//   SIGTRAP   single step, INT1, INT3
//   SIGSEGV   #GP, #PF, #OF, #BR
//   SIGBUS    #SS, #NP
//   SIGFPE    #DE
//   SIGILL    #UD
void native_begin(void)
{
    static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    stack_t stack = {.ss_sp = handler_stack,
                     .ss_flags = AUTODISARM,
                     .ss_size = sizeof handler_stack};
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK |
                                           SA_NODEFER};
    __asm__("movl %%gs, %0" : "=r"(own_gs));
    map_pages();
    make_segments();
    frame.context.uc_stack = stack; // or sigreturn would take ours away
    if (sigaltstack(&stack, NULL))
        host_die("no stack for signals");
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
}
