// SPDX-License-Identifier: MIT
// Streams for loaded code: stdio over the descriptors, without a buffer.
//
// A buffer saves system calls. Here a read is a copy from memory, and the
// console shows every character at once; so there is nothing to flush, and
// what was printed before a fault is on the screen. [ISO C 7.21]
#include "kernel/string.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_file.h"

_Static_assert(sizeof(struct host_stream) == 32, "as in msvcrt's _iob");

struct host_stream host_streams[3] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};

struct host_stream *host_fopen(const char *path, const char *mode)
{
    // Anything but plain reading wants to write: "w", "a", "r+b".
    bool write = *mode != 'r' || strchr(mode, '+');
    int fd = host_open(path, write ? 2 : 0);
    struct host_stream *stream;

    if (fd < 0)
        return NULL;
    stream = host_zalloc(1, sizeof *stream);
    if (stream)
        stream->fd = fd;
    else
        host_close(fd);
    return stream;
}

int host_fclose(struct host_stream *stream)
{
    int result = host_close(stream->fd);

    // The three of the console are no blocks of the heap.
    if (stream->fd > 2)
        host_free(stream);
    return result;
}

size_t host_fread(void *out, size_t size, size_t n, struct host_stream *stream)
{
    uint8_t *to = out;
    size_t bytes = size * n, had = 0;
    int got;

    // A count of whole elements; a product that wraps is nobody's buffer.
    if (!size || !n || bytes / size != n)
        return 0;
    if (stream->pushed) {
        to[had++] = (uint8_t)stream->pushed_char;
        stream->pushed = false;
    }
    got = host_read(stream->fd, to + had, bytes - had);
    stream->error |= got < 0;
    had += got > 0 ? (size_t)got : 0;
    stream->end |= had < bytes;
    return had / size;
}

size_t host_fwrite(const void *data, size_t size, size_t n,
                   struct host_stream *stream)
{
    if (!size || !n || size * n / size != n)
        return 0;
    if (host_write(stream->fd, data, size * n) >= 0)
        return n;
    stream->error = true;
    return 0;
}

int host_fgetc(struct host_stream *stream)
{
    uint8_t c;

    return host_fread(&c, 1, 1, stream) ? c : -1;
}

// One character, which is all that the standard promises.
int host_ungetc(int c, struct host_stream *stream)
{
    if (c < 0 || stream->pushed)
        return -1;
    stream->pushed = true;
    stream->pushed_char = (char)c;
    stream->end = false;
    return c;
}

char *host_fgets(char *out, int size, struct host_stream *stream)
{
    int n = 0, c = 0;

    while (n < size - 1 && c != '\n' && (c = host_fgetc(stream)) >= 0)
        out[n++] = (char)c;
    if (n == 0)
        return NULL;
    out[n] = '\0';
    return out;
}

int host_fputc(int c, struct host_stream *stream)
{
    char byte = (char)c;

    return host_fwrite(&byte, 1, 1, stream) ? (uint8_t)byte : -1;
}

int host_fputs(const char *text, struct host_stream *stream)
{
    size_t len = strlen(text);

    return len == 0 || host_fwrite(text, len, 1, stream) ? 0 : -1;
}

int host_fseek(struct host_stream *stream, long offset, int whence)
{
    // The descriptor is one byte ahead of the reader after an ungetc.
    if (whence == 1 && stream->pushed)
        offset--;
    stream->pushed = stream->end = false;
    return host_seek(stream->fd, offset, whence) < 0 ? -1 : 0;
}

long host_ftell(struct host_stream *stream)
{
    int64_t at = host_seek(stream->fd, 0, 1);

    return at < 0 ? -1 : (long)at - stream->pushed;
}

int host_feof(struct host_stream *stream)
{
    return stream->end;
}

int host_ferror(struct host_stream *stream)
{
    return stream->error;
}

int host_fflush(struct host_stream *stream)
{
    (void)stream;
    return 0;
}

struct stream_sink {
    struct host_sink sink; // first: put_stream is given its address
    struct host_stream *stream;
};

static void put_stream(struct host_sink *sink, char c)
{
    host_fputc(c, ((struct stream_sink *)(void *)sink)->stream);
}

int host_vfprintf(struct host_stream *stream, const char *fmt, va_list ap)
{
    struct stream_sink to = {{.put = put_stream}, stream};
    int len = host_format(&to.sink, fmt, ap);

    return stream->error ? -1 : len;
}
