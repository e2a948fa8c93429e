// SPDX-License-Identifier: MIT
// The pieces of the GRUB kernel that the table in host_grub.c gathers.
//
// GRUB is built with -mregparm=3 -mrtd: three arguments in eax, edx, ecx,
// the rest on the stack and popped by the callee. Functions with a variable
// number of arguments keep to cdecl, as the compiler has no other way.
//
//   grub_memcmp(a, b, n)   eax a, edx b, ecx n      ret
//   with a fourth one      the same, stack: fourth  ret $4
//
// The structures are those of GRUB 2.06, include/grub/*.h: modules have their
// layout compiled in. (Debian's 2.06 has grub_fs with `module`, as 2.12 has.)
#pragma once
#include "smc/load/host/host_printf.h"
#include "smc/load/image.h"

#define GRUB __attribute__((regparm(3), stdcall))

// host_grub_error.c: grub_errno and the words that go with it.
enum grub_number {
    GRUB_OUT_OF_MEMORY = 3,
    GRUB_FILE_NOT_FOUND = 5,
    GRUB_BAD_NUMBER = 10,
    GRUB_OUT_OF_RANGE = 11,
    GRUB_UNKNOWN_DEVICE = 12
};
extern int32_t host_grub_errno, host_grub_printed;
extern char host_grub_errmsg[256];
int host_grub_error(int number, const char *fmt, ...) PRINTF_LIKE(2, 3);
GRUB void host_grub_error_push(void);
GRUB int host_grub_error_pop(void);
GRUB void host_grub_print_error(void);

// host_grub_print.c
GRUB int host_grub_vprintf(const char *fmt, va_list ap);
char *host_grub_xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);
GRUB char *host_grub_xvasprintf(const char *fmt, va_list ap);
void host_grub_real_dprintf(const char *file, int line, const char *condition,
                            const char *fmt, ...) PRINTF_LIKE(4, 5);

// host_grub_list.c: lists, and commands, which are one.
struct grub_list {
    struct grub_list *next, **prev;
};
struct grub_command {
    struct grub_command *next, **prev;
    const char *name;
    int32_t priority; // and the flag below
    GRUB int (*function)(struct grub_command *, int, char **);
    uint32_t flags;
    const char *summary, *description;
    void *data;
    // Behind what modules know of.
    const struct image *owner;
};
#define GRUB_COMMAND_ACTIVE 0x100
extern struct grub_command *host_grub_commands;
GRUB void host_grub_list_push(struct grub_list **head, struct grub_list *item);
GRUB void host_grub_list_remove(struct grub_list *item);
GRUB void *host_grub_list_find(struct grub_list *list, const char *name);
GRUB struct grub_command *
host_grub_register(const char *name,
                   GRUB int (*function)(struct grub_command *, int, char **),
                   const char *summary, const char *description, int priority);
GRUB struct grub_command *host_grub_register_lockdown(
    const char *name,
    GRUB int (*function)(struct grub_command *, int, char **),
    const char *summary, const char *description);
GRUB void host_grub_unregister(struct grub_command *command);
// Drops what an image has registered; called when it is unloaded.
void host_grub_forget(const struct image *owner);

// host_grub_text.c: what its names say.
GRUB void *host_grub_malloc(size_t size);
GRUB void *host_grub_calloc(size_t n, size_t size);
GRUB void *host_grub_zalloc(size_t size);
GRUB void *host_grub_realloc(void *memory, size_t size);
GRUB void *host_grub_memalign(size_t align, size_t size);
GRUB void host_grub_free(void *memory);
GRUB void *host_grub_memmove(void *dst, const void *src, size_t n);
GRUB void *host_grub_memset(void *dst, int c, size_t n);
GRUB int host_grub_memcmp(const void *a, const void *b, size_t n);
GRUB size_t host_grub_strlen(const char *text);
GRUB int host_grub_strcmp(const char *a, const char *b);
GRUB int host_grub_strncmp(const char *a, const char *b, size_t n);
GRUB char *host_grub_strcpy(char *dst, const char *src);
GRUB char *host_grub_strchr(const char *text, int c);
GRUB char *host_grub_strrchr(const char *text, int c);
GRUB char *host_grub_strndup(const char *text, size_t n);
GRUB char *host_grub_strdup(const char *text);
GRUB int host_grub_isspace(int c);
GRUB int host_grub_strword(const char *list, const char *word);
GRUB uint32_t host_grub_strtoul(const char *text, const char **end, int base);
GRUB uint64_t host_grub_strtoull(const char *text, const char **end, int base);
GRUB uint64_t host_grub_divmod64(uint64_t n, uint64_t d, uint64_t *remainder);

// host_grub_env.c: the environment.
struct grub_variable {
    char *name, *value;
    GRUB const char *(*read)(struct grub_variable *, const char *);
    GRUB char *(*write)(struct grub_variable *, const char *);
    struct grub_variable *next, **prev, *sorted;
    int32_t global;
};
struct grub_context {
    struct grub_variable *bucket[13];
    struct grub_context *previous;
};
extern struct grub_context *host_grub_context;
GRUB const char *host_grub_env_get(const char *name);
GRUB int host_grub_env_set(const char *name, const char *value);
GRUB void host_grub_env_unset(const char *name);
GRUB int host_grub_env_export(const char *name);
GRUB int host_grub_env_hook(const char *name,
                            GRUB const char *(*read)(struct grub_variable *,
                                                     const char *),
                            GRUB char *(*write)(struct grub_variable *,
                                                const char *));
GRUB struct grub_variable *host_grub_env_sorted(void);

// host_grub_file.c: boot modules as GRUB's files.
struct grub_device {
    void *disk, *net;
};
struct grub_file {
    char *name;
    const struct grub_device *device;
    const struct grub_fs *fs;
    uint64_t offset, progress_offset, progress_time, progress_last, speed;
    uint64_t size;
    int32_t not_seekable;
    void *data;
    void *read_hook, *read_hook_data;
};
struct grub_fs {
    struct grub_fs *next, **prev;
    const char *name;
    void *module, *dir, *open;
    GRUB int32_t (*read)(struct grub_file *, char *, uint32_t);
    GRUB int (*close)(struct grub_file *);
    void *others[5];
};
enum { GRUB_FILTERS = 4 }; // verify, gzio, xzio, lzopio
extern struct grub_file *(GRUB *host_grub_filters[GRUB_FILTERS])(
    struct grub_file *, uint32_t type);
GRUB struct grub_file *host_grub_file_open(const char *name, uint32_t type);
GRUB int32_t host_grub_file_read(struct grub_file *file, void *out,
                                 uint32_t size);
GRUB uint64_t host_grub_file_seek(struct grub_file *file, uint64_t offset);
GRUB int host_grub_file_close(struct grub_file *file);
GRUB char *host_grub_file_device_name(const char *name);
