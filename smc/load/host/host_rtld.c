// SPDX-License-Identifier: MIT
// The dynamic linker's knowledge of the processor, for libm's choices; and
// the versions that glibc's two libraries have.
//
// libm.so.6 has several variants of sin and its like. The address of one is
// decided by a resolver (IFUNC) that the loader calls, and the resolvers of
// libm read the dynamic linker's private data, _rtld_global_ro. That block
// has another layout in every release of glibc. In 2.36 the resolvers read
// two bits of two words (objdump -d /usr/lib32/libm.so.6; tests-qemu/
// test_hosts.py reads them out of the file):
//
//   offset 0x6c          0x74             0x78
//   | eax  | ebx | ecx bit 12: FMA | edx bit 26: SSE2 |   CPUID leaf 1, of
//                testb $0x10,0x75   testb $0x4,0x7b        that what is usable
//
// All else is 0. A libm of another release finds 0 as well, or a bit that
// means something else in a word that it reads as a feature word of its own;
// only 2.36 is promised. [glibc sysdeps/x86/include/cpu-features.h]
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_shared.h"

uint32_t host_rtld_block[HOST_RTLD_SIZE / 4];

#define CPU_ECX (0x74 / 4)
#define CPU_EDX (0x78 / 4)
#define ECX_FMA (1u << 12)
#define ECX_OSXSAVE (1u << 27)
#define EDX_SSE2 (1u << 26)
#define CR4_OSFXSR (1u << 9)

// Which registers the kernel has enabled. Only with OSXSAVE. [SDM2 XGETBV]
static uint32_t xcr0(void)
{
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

// Usable is what the processor has and the kernel has turned on: without
// CR4.OSFXSR an SSE instruction faults, without XCR0 bits 1 and 2 an FMA one.
void host_rtld_fill(void)
{
    uint32_t leaf[4];

    if (cpu.max_leaf < 1)
        return;
    cpuid(1, 0, leaf);
    host_rtld_block[CPU_EDX] = read_cr4() & CR4_OSFXSR ? leaf[3] & EDX_SSE2
                                                       : 0;
    host_rtld_block[CPU_ECX] = leaf[2] & ECX_OSXSAVE && (xcr0() & 6) == 6
                                   ? leaf[2] & ECX_FMA
                                   : 0;
}

// As readelf -V lists them for Debian 12, glibc 2.36.
static const char *const libc_versions[] = {
    "2.0",   "2.1",   "2.1.1", "2.1.2",       "2.1.3",   "2.2",   "2.2.1",
    "2.2.2", "2.2.3", "2.2.4", "2.2.6",       "2.3",     "2.3.2", "2.3.3",
    "2.3.4", "2.4",   "2.5",   "2.6",         "2.7",     "2.8",   "2.9",
    "2.10",  "2.11",  "2.12",  "2.13",        "2.14",    "2.15",  "2.16",
    "2.17",  "2.18",  "2.22",  "2.23",        "2.24",    "2.25",  "2.26",
    "2.27",  "2.28",  "2.29",  "2.30",        "2.31",    "2.32",  "2.33",
    "2.34",  "2.35",  "2.36",  "ABI_DT_RELR", "PRIVATE",
};
static const char *const loader_versions[] = {
    "2.0", "2.1", "2.3", "2.4", "2.34", "2.35", "PRIVATE",
};

static bool listed(const char *const *list, size_t count, const char *version)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], version) == 0)
            return true;
    return false;
}

bool host_shared_version(const char *soname, const char *version)
{
    if (strncmp(version, "GLIBC_", 6) != 0)
        return false;
    if (strcmp(soname, "libc.so.6") == 0)
        return listed(libc_versions,
                      sizeof libc_versions / sizeof libc_versions[0],
                      version + 6);
    return strcmp(soname, "ld-linux.so.2") == 0 &&
           listed(loader_versions,
                  sizeof loader_versions / sizeof loader_versions[0],
                  version + 6);
}
