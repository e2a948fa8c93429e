// SPDX-License-Identifier: MIT
// GRUB's lists, and the list of commands that its modules offer; `grub`.
//
//   head --> | next | prev | ... | --> | next | prev | ... | --> 0
//     ^------------'  ^                        |
//                     '------------------------'   prev: the link to itself
#include "kernel/command.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_grub.h"

struct grub_command *host_grub_commands;

GRUB void host_grub_list_push(struct grub_list **head, struct grub_list *item)
{
    item->prev = head;
    item->next = *head;
    if (*head)
        (*head)->prev = &item->next;
    *head = item;
}

// Twice is harmless: the second time both are NULL.
GRUB void host_grub_list_remove(struct grub_list *item)
{
    if (item->prev)
        *item->prev = item->next;
    if (item->next)
        item->next->prev = item->prev;
    item->next = NULL;
    item->prev = NULL;
}

// A "named list" has the name behind the two links.
GRUB void *host_grub_list_find(struct grub_list *list, const char *name)
{
    for (; list; list = list->next)
        if (strcmp(*(const char **)(list + 1), name) == 0)
            return list;
    return NULL;
}

// Sorted by name. Of several commands of one name the first, which has the
// highest priority, is the active one.
GRUB struct grub_command *
host_grub_register(const char *name,
                   GRUB int (*function)(struct grub_command *, int, char **),
                   const char *summary, const char *description, int priority)
{
    struct grub_command *command = host_zalloc(1, sizeof *command);
    struct grub_command **link = &host_grub_commands;
    int order = -1;

    if (!command)
        return NULL;
    command->name = name;
    command->function = function;
    command->summary = summary ? summary : "";
    command->description = description ? description : "";
    command->priority = priority;
    command->owner = call_owner();
    while (*link && ((order = strcmp((*link)->name, name)) < 0 ||
                     (order == 0 && ((*link)->priority & 0xff) > priority)))
        link = &(*link)->next;
    // Behind one of the same name: that one stays active.
    if (link == &host_grub_commands ||
        strcmp(((struct grub_command *)link)->name, name) != 0) {
        command->priority |= GRUB_COMMAND_ACTIVE;
        if (*link && strcmp((*link)->name, name) == 0)
            (*link)->priority &= ~GRUB_COMMAND_ACTIVE;
    }
    host_grub_list_push((struct grub_list **)link,
                        (struct grub_list *)command);
    return command;
}

// Lockdown is for machines with secure boot.
GRUB struct grub_command *host_grub_register_lockdown(
    const char *name,
    GRUB int (*function)(struct grub_command *, int, char **),
    const char *summary, const char *description)
{
    return host_grub_register(name, function, summary, description, 0);
}

static void take_out(struct grub_command *command)
{
    struct grub_command *next = command->next;

    if (command->priority & GRUB_COMMAND_ACTIVE && next &&
        strcmp(next->name, command->name) == 0)
        next->priority |= GRUB_COMMAND_ACTIVE;
    host_grub_list_remove((struct grub_list *)command);
}

GRUB void host_grub_unregister(struct grub_command *command)
{
    if (!command)
        return;
    take_out(command);
    host_free(command);
}

// An image without a fini, or whose fini forgets one. The block itself is
// freed with the image's others.
void host_grub_forget(const struct image *owner)
{
    struct grub_command *command = host_grub_commands, *next;

    for (; command; command = next) {
        next = command->next;
        if (command->owner == owner)
            take_out(command);
    }
}

static struct grub_command *find(const char *name)
{
    struct grub_command *command = host_grub_commands;

    while (command && (!(command->priority & GRUB_COMMAND_ACTIVE) ||
                       strcmp(command->name, name) != 0))
        command = command->next;
    return command;
}

static int list_commands(void)
{
    if (!host_grub_commands)
        kprintf(
            "no commands; modules of GRUB that are loaded register some\n");
    for (struct grub_command *command = host_grub_commands; command;
         command = command->next)
        kprintf("%-20s %s\n", command->name, command->summary);
    return 0;
}

// The command runs as a call into the image that its function lies in: what
// extcmd.mod registers for others is a function of extcmd.mod.
static int run_grub(int argc, char **argv)
{
    struct grub_command *command;
    struct call call = {.argc = 3};

    if (argc == 1)
        return list_commands();
    command = find(argv[1]);
    call.entry = command ? (uint32_t)(uintptr_t)command->function : 0;
    call.image = image_of(call.entry);
    if (!call.image) {
        kprintf("%s: no loaded module has registered this command; "
                "`grub` lists them\n",
                argv[1]);
        return 1;
    }
    call.args[0] = (uint32_t)(uintptr_t)command;
    call.args[1] = (uint32_t)(argc - 2);
    call.args[2] = (uint32_t)(uintptr_t)(argv + 2);
    host_grub_errno = 0;
    if (!call_image(&call))
        kprintf("%s did not return: %s\n", argv[1], call.text);
    else if (call.result == 0)
        return 0;
    return 1;
}

COMMAND(grub, "[NAME ARGS...]", "run a command that a GRUB module offers",
        run_grub);
