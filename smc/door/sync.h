// SPDX-License-Identifier: MIT
// Making processors see new code.
//
// The alias trap: P6 and later compare *linear* addresses to catch a store
// into prefetched code. The door stores through another mapping, which that
// does not cover, so a serialising instruction must follow every store.
// [SDM3 8.1.3, 8.3]
#pragma once

// Serialises this CPU: what it executes next is fetched afresh. IRET to the
// next instruction does so on every i686 and never leaves the machine, which
// CPUID does under a hypervisor. It also unmasks NMIs, so no NMI handler may
// come here: the next NMI would interrupt it. [SDM3 6.7.1]
//
//   pushf       eflags      what IRET pops, from the bottom up; EFLAGS come
//   push %cs    cs          back as they were, IF and TF included
//   push $1f    eip  <- esp
static inline void sync_core(void)
{
    __asm__ volatile("pushf\n\t"
                     "push %%cs\n\t"
                     "push $1f\n\t"
                     "iret\n"
                     "1:"
                     :
                     :
                     : "memory");
}

// Serialises every CPU that may execute kernel text. With one CPU online
// that is this one; starting more of them extends this function only.
void sync_all(void);
