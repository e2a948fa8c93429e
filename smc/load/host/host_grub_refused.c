// SPDX-License-Identifier: MIT
// What the GRUB kernel has and this kernel has not: disks, a network card,
// BIOS calls, a keyboard to wait for.
//
// The names are offered, so that every module links: GRUB knows no weak
// symbol, and a module with a dozen commands may need the disk for one of
// them. Each is a function that ends the call and says its name.
#include "smc/load/host/host.h"

// How arguments are passed does not matter: none is read, and it never
// returns.
#define NAMES(X)                 \
    X(grub_bios_interrupt)       \
    X(grub_device_close)         \
    X(grub_disk_close)           \
    X(grub_disk_native_sectors)  \
    X(grub_disk_read)            \
    X(grub_dl_load_core_noinit)  \
    X(grub_dl_ref_count)         \
    X(grub_dl_unload)            \
    X(grub_fs_probe)             \
    X(grub_getkey)               \
    X(grub_getkeystatus)         \
    X(grub_machine_fini)         \
    X(grub_machine_mmap_iterate) \
    X(grub_parser_cmdline_state) \
    X(grub_parser_split_cmdline) \
    X(grub_partition_get_name)   \
    X(grub_partition_iterate)    \
    X(grub_partition_probe)      \
    X(grub_printf_fmt_check)     \
    X(grub_pxe_call)

#define FUNCTION(name)                                   \
    static void refuse_##name(void)                      \
    {                                                    \
        host_refuse(#name, __builtin_return_address(0)); \
    }
NAMES(FUNCTION)

#define ENTRY(name) HOST_CODE(#name, refuse_##name),
static const struct host_symbol symbols[] = {NAMES(ENTRY)};
HOST_FAMILY(host_grub_refused, "grub-refused",
            "the same; each ends the call that uses it", symbols);
