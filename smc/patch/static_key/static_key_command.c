// SPDX-License-Identifier: MIT
// The shell's view: `keys` lists, `key NAME on` switches.
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/patch/static_key/static_key.h"

enum { MOST_SHOWN = 16 };

// A key whose sites tell otherwise is named: somebody has undone a patch.
static void print_key(const struct static_key *key)
{
    uint32_t astray = static_key_astray(key);
    kprintf("  %-27s %-4s %3d user%s %5u site%s", key->name,
            static_key_enabled(key) ? "on" : "off", key->users,
            key->users == 1 ? " " : "s", key->count,
            key->count == 1 ? "" : "s");
    if (astray)
        kprintf(", %u of them astray", astray);
    kprintf("\n");
}

static void print_site(const struct static_key_site *s)
{
    static const char *const states[] = {"off", "on", "foreign"};
    char where[64], bytes[16];
    kprintf("    %-8s %-7s %-36s %s\n", s->likely ? "likely" : "unlikely",
            states[static_key_site_state(s)],
            symbol_format(where, sizeof where, s->site),
            hex_bytes(bytes, sizeof bytes, s->site, s->len));
}

static int print_sites(const char *name)
{
    const struct static_key *key = static_key_find(name);
    if (!key) {
        kprintf("keys: there is no key \"%s\"\n", name);
        return 1;
    }
    print_key(key);
    for (uint32_t i = 0; i < key->count && i < MOST_SHOWN; i++)
        print_site(&key->sites[i]);
    if (key->count > MOST_SHOWN)
        kprintf("    and %u more\n", key->count - MOST_SHOWN);
    return 0;
}

static int run_keys(int argc, char **argv)
{
    if (argc > 2)
        return command_usage("keys");
    if (argc == 2)
        return print_sites(argv[1]);
    for (struct static_key *const *k = static_keys_start; k < static_keys_end;
         k++)
        print_key(*k);
    return 0;
}
COMMAND(keys, "[KEY]", "every static key, or one key's sites", run_keys);

// What remains on because others use it is no failure, but said.
static int run_key(int argc, char **argv)
{
    char text[200];
    bool on = argc == 3 && strcmp(argv[2], "on") == 0;
    if (argc != 3 || (!on && strcmp(argv[2], "off") != 0))
        return command_usage("key");
    struct static_key *key = static_key_find(argv[1]);
    if (!key) {
        kprintf("key: there is no key \"%s\"\n", argv[1]);
        return 1;
    }
    struct text_result r = on ? static_key_enable(key)
                              : static_key_disable(key);
    if (r.reason != TEXT_OK) {
        kprintf("key %s: %s\n", key->name,
                text_explain(text, sizeof text, &r));
        return 1;
    }
    print_key(key);
    return 0;
}
COMMAND(key, "KEY on|off", "switch a static key", run_key);
