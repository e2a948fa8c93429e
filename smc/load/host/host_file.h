// SPDX-License-Identifier: MIT
// Files for loaded code: the boot modules, read only, and the console.
//
//   0  standard input   at its end
//   1  standard output  the console
//   2  standard error   the console
//   3..                 boot modules
//
// Each function fails with -1 (or NULL) and host_errno, as in POSIX.
#pragma once
#include "smc/load/host/host_printf.h"
#include "smc/load/image.h"
#include "smc/load/thread.h"

// The number of the last error, as Linux counts them; msvcrt has the same
// numbers for those that are used here. It lies in the thread block, where
// shared objects look for it.
#define host_errno (*thread_errno())
enum {
    HOST_ENOENT = 2,
    HOST_EBADF = 9,
    HOST_EINVAL = 22,
    HOST_EMFILE = 24,
    HOST_EROFS = 30,
    HOST_ERANGE = 34
};
const char *host_error_text(int number);

// The name may have a path, of which the last component counts. Any flag that
// asks for writing is refused with EROFS.
int host_open(const char *path, int flags);
int host_read(int fd, void *out, size_t size);
int host_write(int fd, const void *data, size_t size);
int64_t host_seek(int fd, int64_t offset, int whence);
int host_close(int fd);
void host_close_all(const struct image *owner);

// A FILE, of the size that msvcrt's has, since compiled code knows where
// stderr lies in the array _iob. No function is a macro in the headers of
// today, so that nobody else reads it.
struct host_stream {
    int fd;
    bool end, error, pushed;
    char pushed_char;
    uint32_t unused[6];
};
extern struct host_stream host_streams[3];

struct host_stream *host_fopen(const char *path, const char *mode);
int host_fclose(struct host_stream *stream);
size_t host_fread(void *out, size_t size, size_t n,
                  struct host_stream *stream);
size_t host_fwrite(const void *data, size_t size, size_t n,
                   struct host_stream *stream);
int host_fgetc(struct host_stream *stream);
int host_ungetc(int c, struct host_stream *stream);
char *host_fgets(char *out, int size, struct host_stream *stream);
int host_fputc(int c, struct host_stream *stream);
int host_fputs(const char *text, struct host_stream *stream);
int host_fseek(struct host_stream *stream, long offset, int whence);
long host_ftell(struct host_stream *stream);
int host_feof(struct host_stream *stream);
int host_ferror(struct host_stream *stream);
int host_fflush(struct host_stream *stream);
int host_vfprintf(struct host_stream *stream, const char *fmt, va_list ap);
