// SPDX-License-Identifier: MIT
// Which format the tables have, and the switch to the first of our own.
// paging_kernel.c says what is in them.
#include "kernel/cpu.h"
#include "kernel/gdt.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/paging_tables.h"

#define CR4_PAE_BIT 0x20u
#define MSR_EFER 0xc0000080u
#define EFER_NXE 0x800u // without it bit 63 is reserved

// Runs on the boot tables and builds the final ones beside them. Nothing
// changes until the one write to cr3; from its next instruction on the low
// mapping is gone.
void paging_init(void)
{
    paging_format.pae = read_cr4() & CR4_PAE_BIT;
    paging_format.nx = paging_format.pae && cpu.nx;
    if (paging_format.nx)
        // Before the first entry with NX is used. A set bit 63 without NXE is
        // a reserved bit, and every access through it would fault.
        wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
    paging_format.root = paging_format.pae ? (void *)paging_root_pae
                                           : paging_new_table();
    paging_map_kernel();
    // The alias window's table must exist before the door needs it.
    paging_table(PAGING_ALIAS, true);
    write_cr3(phys_of(paging_format.root));
    // A double fault from here on must find the same memory.
    gdt_set_cr3(phys_of(paging_format.root));
}
