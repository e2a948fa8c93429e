// SPDX-License-Identifier: MIT
// Printing, as the GRUB kernel offers it to its modules. The formats are
// those of host_printf.c.
#include "smc/load/host/host.h"
#include "smc/load/host/host_grub.h"

GRUB int host_grub_vprintf(const char *fmt, va_list ap)
{
    return host_vprintf(fmt, ap);
}

char *host_grub_xasprintf(const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = host_vasprintf(fmt, ap);
    va_end(ap);
    return text;
}

GRUB char *host_grub_xvasprintf(const char *fmt, va_list ap)
{
    return host_vasprintf(fmt, ap);
}

// Printed if the variable "debug" names the condition, or is "all".
void host_grub_real_dprintf(const char *file, int line, const char *condition,
                            const char *fmt, ...)
{
    const char *debug = host_grub_env_get("debug");
    va_list ap;

    if (!debug || !(host_grub_strword(debug, "all") ||
                    host_grub_strword(debug, condition)))
        return;
    kprintf("%s:%d: ", file, line);
    va_start(ap, fmt);
    host_vprintf(fmt, ap);
    va_end(ap);
}
