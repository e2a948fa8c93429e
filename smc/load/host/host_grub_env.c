// SPDX-License-Identifier: MIT
// GRUB's environment: variables with hooks.
//
// A hook makes a variable more than a store: net.mod's read hook asks a card,
// gfxterm's write hook changes a colour. Variables outlive the modules that
// set them, so that their blocks belong to no image. GRUB hashes them into 13
// buckets; normal.mod walks all of these, so the first one may hold them all.
#include "kernel/string.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_grub.h"
#include "smc/load/host/host_text.h"

static struct grub_context initial;
struct grub_context *host_grub_context = &initial;

static char *copy(const char *text)
{
    char *memory = host_alloc_kept(strlen(text) + 1);

    return memory ? host_strcpy(memory, text) : NULL;
}

// All buckets: normal.mod may have filled the context itself.
static struct grub_variable *find(const char *name)
{
    for (int i = 0; i < 13; i++)
        for (struct grub_variable *v = host_grub_context->bucket[i]; v;
             v = v->next)
            if (strcmp(v->name, name) == 0)
                return v;
    return NULL;
}

GRUB const char *host_grub_env_get(const char *name)
{
    struct grub_variable *variable = find(name);

    if (!variable)
        return NULL;
    return variable->read ? variable->read(variable, variable->value)
                          : variable->value;
}

static struct grub_variable *create(const char *name)
{
    struct grub_variable *variable = host_alloc_kept(sizeof *variable);
    struct grub_variable **head = &host_grub_context->bucket[0];

    if (!variable)
        return NULL;
    *variable = (struct grub_variable){.name = copy(name), .value = copy("")};
    if (!variable->name || !variable->value) {
        host_free(variable->name);
        host_free(variable->value);
        host_free(variable);
        return NULL;
    }
    variable->next = *head;
    variable->prev = head;
    if (*head)
        (*head)->prev = &variable->next;
    *head = variable;
    return variable;
}

// The hook returns the value to keep, in a block of its own image. It is
// copied, so that it outlives that image.
GRUB int host_grub_env_set(const char *name, const char *value)
{
    struct grub_variable *variable = find(name);
    char *made = NULL, *kept;

    if (!variable)
        variable = create(name);
    if (variable && variable->write)
        value = made = variable->write(variable, value);
    kept = variable && value ? copy(value) : NULL;
    host_free(made);
    if (!kept)
        return host_grub_errno
                   ? host_grub_errno
                   : host_grub_error(GRUB_OUT_OF_MEMORY, "out of memory");
    host_free(variable->value);
    variable->value = kept;
    return 0;
}

// A variable with hooks belongs to whoever hooked it, and is only emptied.
GRUB void host_grub_env_unset(const char *name)
{
    struct grub_variable *variable = find(name);

    if (!variable)
        return;
    if (variable->read || variable->write) {
        host_grub_env_set(name, "");
        return;
    }
    *variable->prev = variable->next;
    if (variable->next)
        variable->next->prev = variable->prev;
    host_free(variable->name);
    host_free(variable->value);
    host_free(variable);
}

static struct grub_variable *find_or_create(const char *name)
{
    struct grub_variable *variable = find(name);

    return variable ? variable : create(name);
}

// Global: also seen in the contexts that normal.mod opens for menus.
GRUB int host_grub_env_export(const char *name)
{
    struct grub_variable *variable = find_or_create(name);

    if (!variable)
        return host_grub_error(GRUB_OUT_OF_MEMORY, "out of memory");
    variable->global = 1;
    return 0;
}

GRUB int host_grub_env_hook(const char *name,
                            GRUB const char *(*read)(struct grub_variable *,
                                                     const char *),
                            GRUB char *(*write)(struct grub_variable *,
                                                const char *))
{
    struct grub_variable *variable = find_or_create(name);

    if (!variable)
        return host_grub_error(GRUB_OUT_OF_MEMORY, "out of memory");
    variable->read = read;
    variable->write = write;
    return 0;
}

// Threads a second list through all variables, by name.
GRUB struct grub_variable *host_grub_env_sorted(void)
{
    struct grub_variable *sorted = NULL, **link;

    for (int i = 0; i < 13; i++)
        for (struct grub_variable *v = host_grub_context->bucket[i]; v;
             v = v->next) {
            link = &sorted;
            while (*link && strcmp((*link)->name, v->name) < 0)
                link = &(*link)->sorted;
            v->sorted = *link;
            *link = v;
        }
    return sorted;
}
