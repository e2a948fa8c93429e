// SPDX-License-Identifier: MIT
// The GRUB kernel for its modules: time, what a machine without disks
// answers, and the table.
//
// GRUB 2.06 for i386-pc has 275 modules. What they import and none of them
// exports are 119 names; this table and that of host_grub_refused.c are all
// of them.
#include "smc/load/host/host_grub.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_c.h"

// GRUB halts the machine here. A module's idea of fatal ends only its call.
static PRINTF_LIKE(1, 2) void grub_fatal(const char *fmt, ...)
{
    char words[100];
    va_list ap;

    va_start(ap, fmt);
    host_vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    call_end((uint32_t)(uintptr_t)__builtin_return_address(0),
             "%s gave up: %s", call_owner()->name, words);
}

static GRUB void grub_exit(void)
{
    call_exit(0);
}

static GRUB uint64_t grub_get_time_ms(void)
{
    return u64_div(clock_us(), 1000);
}

static GRUB void grub_millisleep(uint32_t ms)
{
    uint64_t end = clock_us() + (uint64_t)ms * 1000;

    while (clock_us() < end)
        wait_for_interrupt();
}

// A machine without disks, partitions and keys: what looks for one finds
// none. What would use one is in host_grub_refused.c.

static GRUB int grub_device_iterate(void *hook, void *data)
{
    (void)hook;
    (void)data;
    return 0;
}

static GRUB void *grub_device_open(const char *name)
{
    host_grub_error(GRUB_UNKNOWN_DEVICE, "no such disk: `%s'",
                    name ? name : "");
    return NULL;
}

static GRUB int grub_no_key(void)
{
    return 0; // GRUB_TERM_NO_KEY
}

// The loader counts references itself. Only files named by `load` are ever
// loaded, so that a module cannot pull in another one.
static GRUB int grub_dl_ref(void *module)
{
    (void)module;
    return 0;
}

static GRUB void *grub_dl_load(const char *name)
{
    host_grub_error(GRUB_FILE_NOT_FOUND,
                    "module `%s' must be loaded by "
                    "`load'",
                    name);
    return NULL;
}

struct grub_disk_dev {
    const char *name;
    uint32_t id;
    void *functions[5];
    struct grub_disk_dev *next;
};
static struct grub_disk_dev *grub_disk_dev_list;

static GRUB void grub_disk_dev_register(struct grub_disk_dev *device)
{
    device->next = grub_disk_dev_list;
    grub_disk_dev_list = device;
}

static GRUB void grub_disk_dev_unregister(struct grub_disk_dev *device)
{
    struct grub_disk_dev **link = &grub_disk_dev_list;

    while (*link && *link != device)
        link = &(*link)->next;
    if (*link)
        *link = device->next;
}

// The console shows every character at once: nothing is left to flush.
static GRUB void grub_refresh(void)
{
}

static GRUB void put_string(const char *text)
{
    kprintf("%s", text);
}

static GRUB void grub_puts(const char *text)
{
    kprintf("%s\n", text);
}

static GRUB const char *same_text(const char *text)
{
    return text;
}

// Variables that hold a function: a module may put its own there.
static GRUB void (*grub_xputs)(const char *) = put_string;
static GRUB const char *(*grub_gettext)(const char *) = same_text;

// Variables that modules fill or look into. Zero means "none" in all of them:
// no terminal, no file system, no device, no module that came with GRUB.
static void *grub_none[14];
enum {
    NONE_DL_HEAD,
    NONE_FIRMWARE_FINI,
    NONE_DISK_WRITE,
    NONE_PROGRESS,
    NONE_AUTOLOAD,
    NONE_FS_LIST,
    NONE_MM_BASE,
    NONE_MODBASE,
    NONE_NET_OPEN,
    NONE_NET_IDLE,
    NONE_PARTITION_MAPS,
    NONE_NET_CONFIG,
    NONE_POLL_USB,
    NONE_REAL_IDT
};
static void *grub_terminals[4]; // inputs, disabled ones, outputs, disabled
static uint32_t grub_boot_device = 0xffffffff;
static int32_t grub_tainted;
static uint32_t grub_tsc_rate;
static uint8_t grub_colors[2] = {0x07, 0x70};
// 1021 entries: disk, device, sector, data, lock. No sector is ever in it.
static uint32_t grub_disk_cache_table[1021][6];

#define NONE(name, index) HOST_DATA(name, grub_none[NONE_##index])

static const struct host_symbol symbols[] = {
    HOST_DATA("grub_boot_device", grub_boot_device),
    HOST_CODE("grub_calloc", host_grub_calloc),
    HOST_DATA("grub_command_list", host_grub_commands),
    HOST_DATA("grub_current_context", host_grub_context),
    HOST_CODE("grub_device_iterate", grub_device_iterate),
    HOST_CODE("grub_device_open", grub_device_open),
    HOST_DATA("grub_disk_cache_table", grub_disk_cache_table),
    HOST_DATA("grub_disk_dev_list", grub_disk_dev_list),
    HOST_CODE("grub_disk_dev_register", grub_disk_dev_register),
    HOST_CODE("grub_disk_dev_unregister", grub_disk_dev_unregister),
    NONE("grub_disk_firmware_fini", FIRMWARE_FINI),
    HOST_DATA("grub_disk_firmware_is_tainted", grub_tainted),
    HOST_CODE("grub_disk_open", grub_device_open),
    NONE("grub_disk_write_weak", DISK_WRITE),
    HOST_CODE("grub_divmod64", host_grub_divmod64),
    NONE("grub_dl_head", DL_HEAD),
    HOST_CODE("grub_dl_load", grub_dl_load),
    HOST_CODE("grub_dl_ref", grub_dl_ref),
    HOST_CODE("grub_dl_unref", grub_dl_ref),
    HOST_CODE("grub_env_export", host_grub_env_export),
    HOST_CODE("grub_env_get", host_grub_env_get),
    HOST_CODE("grub_env_set", host_grub_env_set),
    HOST_CODE("grub_env_unset", host_grub_env_unset),
    HOST_CODE("grub_env_update_get_sorted", host_grub_env_sorted),
    HOST_DATA("grub_err_printed_errors", host_grub_printed),
    HOST_DATA("grub_errmsg", host_grub_errmsg),
    HOST_DATA("grub_errno", host_grub_errno),
    HOST_CODE("grub_error", host_grub_error),
    HOST_CODE("grub_error_pop", host_grub_error_pop),
    HOST_CODE("grub_error_push", host_grub_error_push),
    HOST_CODE("grub_exit", grub_exit),
    HOST_CODE("grub_fatal", grub_fatal),
    HOST_CODE("grub_file_close", host_grub_file_close),
    HOST_DATA("grub_file_filters", host_grub_filters),
    HOST_CODE("grub_file_get_device_name", host_grub_file_device_name),
    HOST_CODE("grub_file_open", host_grub_file_open),
    NONE("grub_file_progress_hook", PROGRESS),
    HOST_CODE("grub_file_read", host_grub_file_read),
    HOST_CODE("grub_file_seek", host_grub_file_seek),
    HOST_CODE("grub_free", host_grub_free),
    NONE("grub_fs_autoload_hook", AUTOLOAD),
    NONE("grub_fs_list", FS_LIST),
    HOST_CODE("grub_get_time_ms", grub_get_time_ms),
    HOST_CODE("grub_getkey_noblock", grub_no_key),
    HOST_DATA("grub_gettext", grub_gettext),
    HOST_CODE("grub_isspace", host_grub_isspace),
    HOST_CODE("grub_key_is_interrupt", grub_no_key),
    HOST_CODE("grub_list_push", host_grub_list_push),
    HOST_CODE("grub_list_remove", host_grub_list_remove),
    HOST_CODE("grub_malloc", host_grub_malloc),
    HOST_CODE("grub_memalign", host_grub_memalign),
    HOST_CODE("grub_memcmp", host_grub_memcmp),
    HOST_CODE("grub_memmove", host_grub_memmove),
    HOST_CODE("grub_memset", host_grub_memset),
    HOST_CODE("grub_millisleep", grub_millisleep),
    NONE("grub_mm_base", MM_BASE),
    NONE("grub_modbase", MODBASE),
    HOST_CODE("grub_named_list_find", host_grub_list_find),
    NONE("grub_net_open", NET_OPEN),
    NONE("grub_net_poll_cards_idle", NET_IDLE),
    NONE("grub_partition_map_list", PARTITION_MAPS),
    NONE("grub_pc_net_config", NET_CONFIG),
    HOST_CODE("grub_print_error", host_grub_print_error),
    HOST_CODE("grub_printf", host_printf),
    HOST_CODE("grub_printf_", host_printf),
    HOST_CODE("grub_puts_", grub_puts),
    HOST_CODE("grub_real_dprintf", host_grub_real_dprintf),
    NONE("grub_realidt", REAL_IDT),
    HOST_CODE("grub_realloc", host_grub_realloc),
    HOST_CODE("grub_refresh", grub_refresh),
    HOST_CODE("grub_register_command_lockdown", host_grub_register_lockdown),
    HOST_CODE("grub_register_command_prio", host_grub_register),
    HOST_CODE("grub_register_variable_hook", host_grub_env_hook),
    HOST_CODE("grub_snprintf", host_snprintf),
    HOST_CODE("grub_strchr", host_grub_strchr),
    HOST_CODE("grub_strcmp", host_grub_strcmp),
    HOST_CODE("grub_strcpy", host_grub_strcpy),
    HOST_CODE("grub_strdup", host_grub_strdup),
    HOST_CODE("grub_strlen", host_grub_strlen),
    HOST_CODE("grub_strncmp", host_grub_strncmp),
    HOST_CODE("grub_strndup", host_grub_strndup),
    HOST_CODE("grub_strrchr", host_grub_strrchr),
    HOST_CODE("grub_strtoul", host_grub_strtoul),
    HOST_CODE("grub_strtoull", host_grub_strtoull),
    HOST_CODE("grub_strword", host_grub_strword),
    HOST_DATA("grub_term_highlight_color", grub_colors[1]),
    HOST_DATA("grub_term_inputs", grub_terminals[0]),
    HOST_DATA("grub_term_inputs_disabled", grub_terminals[1]),
    HOST_DATA("grub_term_normal_color", grub_colors[0]),
    HOST_DATA("grub_term_outputs", grub_terminals[2]),
    HOST_DATA("grub_term_outputs_disabled", grub_terminals[3]),
    NONE("grub_term_poll_usb", POLL_USB),
    HOST_DATA("grub_tsc_rate", grub_tsc_rate),
    HOST_CODE("grub_unregister_command", host_grub_unregister),
    HOST_CODE("grub_vprintf", host_grub_vprintf),
    HOST_CODE("grub_xasprintf", host_grub_xasprintf),
    HOST_DATA("grub_xputs", grub_xputs),
    HOST_CODE("grub_xvasprintf", host_grub_xvasprintf),
    HOST_CODE("grub_zalloc", host_grub_zalloc),
};
HOST_FAMILY(host_grub, "grub", "the GRUB kernel, for its modules", symbols);

uint32_t host_grub_symbol(const char *name, uint32_t hash)
{
    const struct host_symbol *symbol = host_look_up(&host_grub, name, hash);

    if (!symbol)
        symbol = host_look_up(&host_grub_refused, name, hash);
    return symbol ? (uint32_t)(uintptr_t)symbol->address : 0;
}
