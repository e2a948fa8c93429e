// SPDX-License-Identifier: MIT
// Calls into loaded code, under trap_try.
//
// Loaded code runs at ring 0, as a Linux or GRUB module does. It cannot be
// kept from harming the kernel, but most of its faults are plain: a pointer
// to nothing, an import that is not there. Those end the call, not the
// machine.
#include "smc/load/call.h"
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "kernel/trap.h"
#include "smc/load/call_guard.h"
#include "smc/load/thread.h"
#include <stdarg.h>
#include <stddef.h>

// Read by call.S. Keep in step.
//
//   regparm 0 (cdecl, stdcall)       regparm 3 (GRUB), five arguments
//   stack: a0 a1 a2 a3 a4            eax a0, edx a1, ecx a2; stack: a3 a4
//
// Who pops the stack afterwards need not be known. [i386 ABI "Function
// Calling Sequence"; GCC manual, "x86 Function Attributes"]
struct call_frame {
    uint32_t entry, eax, edx, ecx, words;
    uint32_t fpu; // whether there is one
    uint32_t esp; // where the stack begins; 0: here
    uint32_t stack[CALL_ARGS];
};
void call_enter(const struct call_frame *frame);

// What the function left in registers, written by call.S. Keep in step.
struct call_returned {
    uint32_t eax, edx;
    uint8_t st0[10];
    uint8_t floating; // st0 was not empty
    uint8_t unused[5];
    uint64_t st0_double;
} call_returned;

_Static_assert(offsetof(struct call_returned, st0_double) == 24, "call.S");

// Kept free above the arguments: whoever handles a trap copies a whole
// trap_frame, with the two words that ring 0 does not push.
#define STACK_TOP 16

// The kernel's stack pointer while foreign code runs, written by call.S.
uint32_t call_stack;

// The call that is running. A host function may call back into an image, so
// there may be an outer one, which is put back afterwards.
static struct call *running;

struct image *call_owner(void)
{
    return running ? running->image : NULL;
}

// Distributes the arguments as the image's compiler would have: the first
// ones to eax, edx, ecx if it was built with -mregparm, the rest to the
// stack. Runs under trap_try.
static void enter(void *arg)
{
    struct call *call = arg;
    struct call_frame frame = {.entry = call->entry, .fpu = cpu.fpu};
    uint32_t registers[3] = {0, 0, 0}, i = 0;

    // Variadic functions take all arguments on the stack even with regparm;
    // none that is worth calling from the shell is one.
    for (; i < call->argc && i < call->image->register_args && i < 3; i++)
        registers[i] = call->args[i];
    for (; i < call->argc; i++)
        frame.stack[frame.words++] = call->args[i];
    frame.eax = registers[0];
    frame.edx = registers[1];
    frame.ecx = registers[2];
    // A call within a call goes on where the outer one has got to.
    if (!call_guard_on_stack((uint32_t)(uintptr_t)&frame))
        frame.esp = (uint32_t)(uintptr_t)(&foreign_stack + 1) - STACK_TOP;
    call_returned = (struct call_returned){0};
    call_enter(&frame);
    call->result = call_returned.eax;
    call->result_high = call_returned.edx;
    call->floating = call_returned.floating;
    memcpy(call->result80, call_returned.st0, sizeof call->result80);
    call->result_double = call_returned.st0_double;
}

// "zlib1.dll+0x1ad0 (adler32+0x10)", or "memcpy+0x12" if the fault is in
// what the kernel offers.
static void say_where(char *out, size_t size, uint32_t address)
{
    const struct image *image = image_of(address);
    const struct image_export *near = image ? image_nearest(image, address)
                                            : NULL;
    uint32_t offset = image ? address - (uint32_t)(uintptr_t)image->base : 0;

    if (near)
        ksnprintf(out, size, "%s+0x%x (%s+0x%x)", image->name, offset,
                  image_export_name(image, near), address - near->address);
    else if (image)
        ksnprintf(out, size, "%s+0x%x", image->name, offset);
    else
        symbol_format(out, size, (const void *)(uintptr_t)address);
}

// The place says more than the address: an image's base differs from run to
// run, an offset in it can be looked up in a disassembly of the file.
static void explain_fault(struct call *call, const struct trap_frame *fault)
{
    char where[80], why[100];

    say_where(where, sizeof where, fault->eip);
    trap_explain(why, sizeof why, fault);
    ksnprintf(call->text, sizeof call->text, "at %s: %s", where, why);
    // The vector says that x87 code may have failed, its status word how.
    if (fault->vector == 16)
        ksnprintf(call->text, sizeof call->text, "at %s: %s: %s", where, why,
                  cpu_fpu_fault());
}

// The fault may leave blocks allocated by the image. They stay on its list
// until it is unloaded.
bool call_image(struct call *call)
{
    struct call *outer = running;
    uint32_t outer_stack = call_stack;
    struct thread_state thread;
    struct trap_frame fault;
    bool returned;

    call->text[0] = '\0';
    call->exited = false;
    running = call;
    call_guard_begin(outer);
    thread_enter(&thread, call->image, (uint32_t)(uintptr_t)foreign_stack.room,
                 (uint32_t)(uintptr_t)(&foreign_stack + 1));
    // Host functions ask `running` who is calling them: for the owner of a
    // block of memory, and for whose call is to be ended.
    returned = trap_try(enter, call, &fault);
    running = outer;
    call_guard_end(outer);
    // A call that was cut off has not passed the end of call_enter, so the
    // outer one's stack pointer is put back here and not there.
    call_stack = outer_stack;
    // call_exit came here by the way of a fault, but with a result.
    returned |= call->exited;
    // call_end has written its own words.
    if (!returned && call->text[0] == '\0')
        explain_fault(call, &fault);
    // Last: the words above are about the state that this one clears.
    thread_leave(&thread);
    return returned;
}

bool call_symbol(struct call *call, struct image *image, const char *symbol,
                 uint32_t argc, ...)
{
    const struct image_export *export = image_export(image, symbol);
    va_list ap;

    call->image = image;
    call->entry = export ? export->address : 0;
    call->argc = argc;
    va_start(ap, argc);
    for (uint32_t i = 0; i < argc && i < CALL_ARGS; i++)
        call->args[i] = va_arg(ap, uint32_t);
    va_end(ap);
    if (call->entry)
        return call_image(call);
    ksnprintf(call->text, sizeof call->text, "%s %s %s", image->name,
              export ? "only forwards" : "does not export", symbol);
    return false;
}

// trap_abandon wants a frame, as if there had been a fault. Only its eip says
// something; the words are in the call itself.
_Noreturn void call_end(uint32_t caller, const char *fmt, ...)
{
    struct trap_frame frame;
    char where[80];
    size_t len;
    va_list ap;

    memset(&frame, 0, sizeof frame);
    frame.eip = caller;
    va_start(ap, fmt);
    // `running` is set: only code that was called by call_image gets here.
    kvsnprintf(running->text, sizeof running->text, fmt, ap);
    va_end(ap);
    if (caller) {
        len = strlen(running->text);
        say_where(where, sizeof where, caller);
        ksnprintf(running->text + len, sizeof running->text - len,
                  " (from %s)", where);
    }
    trap_abandon(&frame);
}

// The way out is that of call_end; the frame says nothing.
_Noreturn void call_exit(uint32_t result)
{
    struct trap_frame frame;

    memset(&frame, 0, sizeof frame);
    running->result = result;
    running->exited = true;
    trap_abandon(&frame);
}
