// SPDX-License-Identifier: MIT
// Static keys: questions that are asked by patching the code, not by a test.
//
//     DEFINE_STATIC_KEY_FALSE(heap_poison);
//
//     if (static_branch_unlikely(&heap_poison))
//         memset(block, POISON, size);
//
// While the key is off, a pass executes one NOP and the block is out of line.
// To turn it on, all NOPs of the key are overwritten by jumps, in one batch.
// For questions that are asked millions of times and answered anew once an
// hour: tracing, debugging, what the processor can do. Linux has some
// hundreds (Documentation/staging/static-keys.rst).
//
//                             key off          key on
//   static_branch_unlikely    NOP              jump to the block
//   static_branch_likely      jump past it     NOP
//
// Both work with either kind of key. `likely` and `unlikely` say where the
// block is laid, and so which state costs no jump; TRUE and FALSE say how the
// key begins, and so what the assembler writes.
//
//   unlikely, off        unlikely, on         likely, on        likely, off
//     nop                  jmp block            nop               jmp rest
//   rest:                rest:                block: ...        block: ...
//     ...  <-------+       ...  <-------+     rest:             rest: ...
//     ret          |       ret          |       ...
//   block: ...     |     block: ...     |
//     jmp rest ----+       jmp rest ----+
//
// A key counts its users, so that two who want the same do not have to know of
// each other. When static_key_inc returns, every site of the key is on, on
// every CPU, and stays so until the caller's static_key_dec.
//
// Before static_key_open the door is shut: the count is kept, the sites stay
// as the assembler made them, and static_key_enabled tells the truth where
// the code cannot yet.
#pragma once
#include "smc/door/text.h"
#include "smc/patch/static_key/static_key_site.h"
#include <stdbool.h>
#include <stdint.h>

struct static_key {
    const char *name;
    int32_t users;  // 0: off. Changed atomically, read by anybody
    bool by_hand;   // one of them is static_key_enable
    uint32_t count; // of its sites; both since static_key_open
    const struct static_key_site *sites;
};

// The type tells the compiler how the key begins. Without it (Linux before
// 2015), every site had to begin as a NOP, right or wrong.
struct static_key_true {
    struct static_key key;
};
struct static_key_false {
    struct static_key key;
};

// One instruction in text. The linker gathers them, read-only, those of one
// key side by side. The order of the fields is that in STATIC_KEY_SITE.
struct static_key_site {
    struct static_key *key;
    uint8_t *site;
    int32_t distance; // from the end of the site to the jump's target
    uint8_t len;      // 2 or 5
    bool likely;      // a jump while the key is off, not while it is on
    uint8_t unused[2];
};

extern const struct static_key_site static_key_sites_start[];
extern const struct static_key_site static_key_sites_end[];

// Every key, in order of name.
extern struct static_key *const static_keys_start[], *const static_keys_end[];

// Defining ------------------------------------------------------------------

// Keys are global: their names are their sections', and `keys` prints them.
#define STATIC_KEY_LISTED(id, key_)                     \
    static struct static_key *const static_key_ptr_##id \
        __attribute__((used, section(".registry.keys." #id))) = &(key_)
#define STATIC_KEY_INIT(id, on)                 \
    {                                           \
        .name = #id, .users = on, .by_hand = on \
    }

#define DEFINE_STATIC_KEY_TRUE(id)                               \
    struct static_key_true id = {.key = STATIC_KEY_INIT(id, 1)}; \
    STATIC_KEY_LISTED(id, id.key)
#define DEFINE_STATIC_KEY_FALSE(id)                               \
    struct static_key_false id = {.key = STATIC_KEY_INIT(id, 0)}; \
    STATIC_KEY_LISTED(id, id.key)
#define DECLARE_STATIC_KEY_TRUE(id) extern struct static_key_true id
#define DECLARE_STATIC_KEY_FALSE(id) extern struct static_key_false id

// Asking --------------------------------------------------------------------

// True while the key is on. `if` around it costs nothing: the compiler sees
// that control has come by the jump or it has not. Any context in which a
// breakpoint may be taken; not in the door's part of text, which is never
// patched.
#define static_branch_likely(k) \
    STATIC_BRANCH(1, STATIC_KEY_GOTO(&(k)->key, STATIC_KEY_IS_TRUE(k), 1))
#define static_branch_unlikely(k) \
    STATIC_BRANCH(0, STATIC_KEY_GOTO(&(k)->key, STATIC_KEY_IS_TRUE(k), 0))

// The old style: a plain `struct static_key`, of which the compiler does not
// know how it begins. The site begins as a NOP, and static_key_open corrects
// it if the key began otherwise.
#define static_key_true(k) STATIC_BRANCH(1, STATIC_KEY_GOTO(k, 1, 1))
#define static_key_false(k) STATIC_BRANCH(0, STATIC_KEY_GOTO(k, 0, 0))

#define STATIC_KEY_IS_TRUE(k) \
    __builtin_types_compatible_p(__typeof__(*(k)), struct static_key_true)

// asm goto tells the compiler that control may arrive at the label, though no
// C jumps there. %c is the operand as it is written in data: no `$`. The
// struct's first member is at its address, so what is printed is a bare name.
#define STATIC_KEY_GOTO(key_, first_, likely_)                        \
    __asm__ goto(                                                     \
        STATIC_KEY_SITE("%c[key]", "%c[first]", "%c[likely]",         \
                        "%l[static_key_away]")                        \
        :                                                             \
        : [key] "i"(key_), [first] "i"(first_), [likely] "i"(likely_) \
        :                                                             \
        : static_key_away)

// Falling through the asm means what `likely` says; arriving at the label, the
// opposite. `if (0)` keeps whoever falls through out of it.
#define STATIC_BRANCH(likely_, asm_goto)   \
    __extension__({                        \
        __label__ static_key_away;         \
        bool static_key_is_on = (likely_); \
        asm_goto;                          \
        if (0)                             \
static_key_away:                           \
            static_key_is_on = !(likely_); \
        static_key_is_on;                  \
    })

// Is anybody using it? Also true before the sites say so.
static inline bool static_key_enabled(const struct static_key *key)
{
    return __atomic_load_n(&key->users, __ATOMIC_RELAXED) > 0;
}

// Changing ------------------------------------------------------------------

// One user more. The first one has all sites patched; whoever comes meanwhile
// waits until that is done. On a refusal (text_explain has the words, the
// journal the site) no site has changed and the caller is not counted. Not in
// handlers; interrupts are on, unless one CPU is online.
struct text_result static_key_inc(struct static_key *key);

// One user less; the last one has the sites patched back. On a refusal the
// key stays on and the caller stays counted. To give back what was not taken
// is a panic.
struct text_result static_key_dec(struct static_key *key);

// For switches: a user who comes once, however often it is told to, and goes.
// After static_key_disable the key may still be on: others use it. Told what
// is so already, they bring back the sites that somebody has undone.
struct text_result static_key_enable(struct static_key *key);
struct text_result static_key_disable(struct static_key *key);

#define static_branch_inc(k) static_key_inc(&(k)->key)
#define static_branch_dec(k) static_key_dec(&(k)->key)
#define static_branch_enable(k) static_key_enable(&(k)->key)
#define static_branch_disable(k) static_key_disable(&(k)->key)

// Called once, after door_init and cpu_probe_traps, before there are other
// CPUs: enables the keys that the boot word `keys=NAME,NAME` lists, and brings
// every site into its state, with the processor's best NOP.
void static_key_open(void);

// Looking -------------------------------------------------------------------

// By name, or NULL.
struct static_key *static_key_find(const char *name);

// Does the site, as its bytes are now, tell its key to be on?
enum static_key_state {
    STATIC_KEY_OFF,
    STATIC_KEY_ON,
    STATIC_KEY_FOREIGN, // neither the jump nor a NOP: somebody else's bytes
};
enum static_key_state static_key_site_state(const struct static_key_site *s);

// How many of the key's sites tell otherwise than its count: after an `undo`,
// or while a debugger's breakpoint lies on one. 0 if all is well.
uint32_t static_key_astray(const struct static_key *key);
