// SPDX-License-Identifier: MIT
// What compiled code expects of the thread that runs it: two segment registers
// with a block of data behind each. There is one thread here, so there is one
// block of each family, and a call into loaded code sees both.
//
//   Linux, %gs [ELF Handling For Thread-Local Storage, 3.4.6, variant II]
//
//     lower                               tp = %gs:0
//     | .. | image 2 | image 1 | errno | tp | 0 | tp | 0 | 0 | canary | guard
//          ^                   tp - 4  0    4   8    c   10  14       18
//          tp - tpoff, the TLS block of image 2
//
//   Windows, %fs [Microsoft PE specification, ".tls"; winternl.h]
//
//     00 exception list, -1: its end        20 process, 24 thread
//     04 stack base   08 stack limit        2c --> | 0 | 1 | ... | 63 |
//     18 --> the block itself                        |   '--> copy of a .tls
//     30 --> PEB: 02 being debugged, 08 image        '------> another one
//     34 last error   e10 the slots of TlsAlloc
//
// The offsets are baked into compiled code. They cannot be chosen.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image;

// For the length of a call ---------------------------------------------------

// What belongs to the call that was running, for calls within calls.
struct thread_state {
    uint16_t fs, gs;
    uint32_t exceptions, image_base;
};

// Loads both segment registers and a fresh floating-point state. The words of
// the Windows block that belong to a call are set: no exception handler, the
// stack [low, high), the image.
void thread_enter(struct thread_state *outer, const struct image *image,
                  uint32_t low, uint32_t high);

// Takes all of that back, pending floating-point exceptions included.
void thread_leave(const struct thread_state *outer);

// Linux ----------------------------------------------------------------------

// All thread-local data of all images, the host's errno included.
#define THREAD_TLS_SIZE 16384u
#define THREAD_TLS_BLOCKS 64
#define THREAD_TLS_ALIGN_MAX 4096u

// Finds room for a TLS block, filled with zeros: it begins at tp - *tpoff, a
// multiple of `align`, a power of two. False if there is no room left, or for
// an alignment above THREAD_TLS_ALIGN_MAX. A size of 0 takes one byte.
bool thread_tls_reserve(uint32_t size, uint32_t align, uint32_t *tpoff);
void thread_tls_release(uint32_t tpoff);
// Where the block is that has this offset: what the file's template goes to.
uint8_t *thread_tls_at(uint32_t tpoff);
// For R_386_TLS_DTPMOD32: the number of the block that has this offset, from
// 1; 0 if there is none.
uint32_t thread_tls_module(uint32_t tpoff);
// For the symbol errno, and for __errno_location.
uint32_t thread_errno_tpoff(void);
int *thread_errno(void);

// The two functions that general-dynamic code calls for the address of a
// variable. They end the call for a module that does not exist.
struct thread_tls_index {
    uint32_t module, offset; // DTPMOD32, DTPOFF32
};
__attribute__((regparm(1))) void *
thread_tls_get_addr_eax(const struct thread_tls_index *index);   // ___tls_..
void *thread_tls_get_addr(const struct thread_tls_index *index); // __tls_..

// Windows --------------------------------------------------------------------

// The array at %fs:0x2c, and the number of slots of TlsAlloc.
#define THREAD_TEB_TLS 64
#define THREAD_SLOTS 64
#define THREAD_PROCESS_ID 8
#define THREAD_ID 12

// The block's address: what %fs:0x18 holds.
uint32_t thread_teb(void);

// Copies a .tls section: `size` bytes, then `zero_fill` zeros. *index is what
// the loader stores at AddressOfIndex. False without memory or index.
bool thread_teb_tls_add(const void *contents, uint32_t size,
                        uint32_t zero_fill, uint32_t *index);
void thread_teb_tls_remove(uint32_t index);
// The copy; NULL for an index that is not in use.
void *thread_teb_tls_at(uint32_t index);

uint32_t thread_last_error(void);
void thread_set_last_error(uint32_t error);

// TlsAlloc and its family. `owner` is only for thread_slots_free. False for a
// slot that was not given out, or when all are.
bool thread_slot_alloc(const struct image *owner, uint32_t *slot);
bool thread_slot_free(uint32_t slot);
bool thread_slot_get(uint32_t slot, uint32_t *value);
bool thread_slot_set(uint32_t slot, uint32_t value);
// Gives back what an image has left when it is unloaded.
void thread_slots_free(const struct image *owner);
