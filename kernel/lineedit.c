// SPDX-License-Identifier: MIT
// A small line editor. It keeps the text in `line` and after each change
// redraws from the change to the end; the terminal needs only \b and "erase
// to end of line" (ESC [ K). A pasted character at the end of the line costs
// one byte of echo, so that a paste runs at the speed of the wire.
//
//   palimpsest> check intn
//                   ^     ^
//                cursor  length       0 <= cursor <= length < LINE_MAX
//
// Between two keys the terminal's cursor stands where `cursor` says. Only \b
// brings it back, and that does not climb to the row above: a line that wraps
// is edited right but drawn wrong.
#include "kernel/lineedit.h"
#include "kernel/console.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include <stdbool.h>

// CTRL masks a letter to its control code: 'A' & CTRL is 1.
enum { HISTORY = 32, CTRL = 0x1f, DELETE = 127, ESC = 033 };
// Above any byte, so that keys and characters share an int.
enum key {
    KEY_UP = 256,
    KEY_DOWN,
    KEY_RIGHT,
    KEY_LEFT,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
    KEY_NONE
};

// No NUL at the end until somebody needs one.
static char line[LINE_MAX];
static size_t length, cursor;
// overflow: a character was refused, so the line is not what was meant.
// last_was_cr: the next \n belongs to it.
static bool overflow, last_was_cr;
static const char *prompt_text;

// Line number n is in slot n % HISTORY; history_count lines were ever entered.
// history_at is the one shown, history_count itself the new line.
static char history[HISTORY][LINE_MAX];
static unsigned history_count, history_at;

static void back(size_t n)
{
    while (n--)
        console_putc('\b');
}

// Draws from `from` to the end, leaves the terminal's cursor at `cursor`.
// The terminal's cursor is at `from` now. Erases what an older, longer text
// may have left behind the end.
static void redraw(size_t from)
{
    for (size_t i = from; i < length; i++)
        console_putc(line[i]);
    if (cursor < length || from == length)
        console_puts("\033[K");
    back(length - cursor);
}

// To the right by printing what is there, to the left by \b.
static void move_to(size_t to)
{
    while (cursor < to)
        console_putc(line[cursor++]);
    back(cursor - to);
    cursor = to;
}

// A full line beeps. Nothing is cut silently: a command without its last
// argument may do something else.
static void insert(char c)
{
    if (length + 1 >= LINE_MAX) {
        overflow = true;
        console_putc('\a');
        return;
    }
    memmove(line + cursor + 1, line + cursor, length - cursor);
    line[cursor++] = c;
    length++;
    console_putc(c);
    if (cursor < length)
        redraw(cursor);
}

// Deletes [from, cursor).
static void delete_back_to(size_t from)
{
    size_t n = cursor - from;
    if (!n)
        return;
    overflow = false; // what stands there now is what was meant
    memmove(line + from, line + cursor, length - cursor);
    length -= n;
    back(n);
    cursor = from;
    for (size_t i = cursor; i < length; i++)
        console_putc(line[i]);
    console_puts("\033[K");
    back(length - cursor);
}

static void delete_forward(void)
{
    if (cursor == length)
        return;
    move_to(cursor + 1);
    delete_back_to(cursor - 1);
}

static void kill_to_end(void)
{
    overflow = false;
    length = cursor;
    console_puts("\033[K");
}

// The blanks before the cursor and the word before them.
static void delete_word(void)
{
    size_t from = cursor;
    while (from && line[from - 1] == ' ')
        from--;
    while (from && line[from - 1] != ' ')
        from--;
    delete_back_to(from);
}

// Shorter or longer, in place. What was typed in the line is lost.
static void replace(const char *text)
{
    overflow = false;
    move_to(0);
    length = strlcpy(line, text, sizeof line);
    cursor = length;
    console_puts(line);
    console_puts("\033[K");
}

// 0 - 1 wraps to a huge number and is refused by the second test. The empty
// line stands for the new one.
static void recall(unsigned to)
{
    unsigned oldest = history_count > HISTORY ? history_count - HISTORY : 0;
    if (to < oldest || to > history_count)
        return;
    history_at = to;
    replace(to == history_count ? "" : history[to % HISTORY]);
}

// Empty lines and repetitions of the last line are not worth a slot.
static void remember(void)
{
    unsigned last = (history_count - 1) % HISTORY;
    if (length && (!history_count || strcmp(history[last], line) != 0))
        strlcpy(history[history_count++ % HISTORY], line, LINE_MAX);
    history_at = history_count;
}

// Filled by add_candidate: the longest beginning that all candidates share,
// and how many there are. While listing, they are printed instead.
static char common[LINE_MAX];
static unsigned candidates;
static bool listing;

static void add_candidate(const char *word)
{
    if (listing) {
        kprintf("%s  ", word);
        return;
    }
    if (candidates++ == 0)
        strlcpy(common, word, sizeof common);
    size_t i = 0;
    while (common[i] && common[i] == word[i])
        i++;
    common[i] = 0;
}

// Only at the end of the line. One candidate is completed with a blank behind
// it, several as far as they agree; a Tab that brings nothing more lists them.
static void complete(void)
{
    if (cursor != length)
        return;
    size_t start = cursor;
    while (start && line[start - 1] != ' ' && line[start - 1] != ';')
        start--;
    line[length] = 0;
    candidates = 0;
    listing = false;
    lineedit_complete(line, start, add_candidate);
    if (!candidates)
        return;
    bool extended = strlen(common) > cursor - start;
    for (const char *p = common + (cursor - start); *p; p++)
        insert(*p);
    if (candidates == 1) {
        insert(' ');
    } else if (!extended) {
        listing = true;
        console_puts("\n");
        lineedit_complete(line, start, add_candidate);
        kprintf("\n%s", prompt_text);
        // The terminal is at the start of a new row; pretend that we are.
        cursor = 0;
        redraw(0);
        move_to(length);
    }
}

// The key that the final byte of a control sequence means. `number` is its
// first parameter.
static int sequence_key(int final, int number)
{
    static const struct {
        char final;
        char number; // for ~ only
        int key;
    } keys[] = {{'A', 0, KEY_UP},   {'B', 0, KEY_DOWN},  {'C', 0, KEY_RIGHT},
                {'D', 0, KEY_LEFT}, {'H', 0, KEY_HOME},  {'F', 0, KEY_END},
                {'~', 1, KEY_HOME}, {'~', 4, KEY_END},   {'~', 7, KEY_HOME},
                {'~', 8, KEY_END},  {'~', 3, KEY_DELETE}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i].final == final &&
            (final != '~' || keys[i].number == number))
            return keys[i].key;
    return KEY_NONE;
}

// Reads what follows ESC: `[` or `O`, parameters, a final byte from @ to ~.
// Whatever else follows was a key of its own. [ECMA-48, 5.4]
static int escape_sequence(void)
{
    int c = console_getc(), number = 0;
    // A lone ESC key waits here for the next one: only time would tell it from
    // the start of a sequence.
    if (c != '[' && c != 'O')
        return c;
    bool first = true;
    for (c = console_getc(); c < '@' || c > '~'; c = console_getc()) {
        if (c < ' ')
            return c; // cut off by a control key
        first &= c != ';';
        if (first && c >= '0' && c <= '9')
            number = (number * 10 + (c - '0')) % 100;
    }
    if (c == '[') // the Linux console's function keys: ESC [ [ A
        return console_getc(), KEY_NONE;
    // More parameters (ESC [ 1 ; 5 C) are a key with Control or Shift: not the
    // plain key. For ~ the first one alone says which key it is.
    return first || c == '~' ? sequence_key(c, number) : KEY_NONE;
}

static int read_key(void)
{
    int c = console_getc();
    return c == ESC ? escape_sequence() : c;
}

static void clear_screen(void)
{
    size_t at = cursor;
    kprintf("\033[H\033[J%s", prompt_text);
    cursor = length;
    redraw(0);
    move_to(at);
}

// Everything but ordinary characters and the line's end.
static void edit(int c)
{
    switch (c) {
    case 'A' & CTRL:
    case KEY_HOME: move_to(0); break;
    case 'E' & CTRL:
    case KEY_END: move_to(length); break;
    case 'B' & CTRL:
    case KEY_LEFT: move_to(cursor ? cursor - 1 : 0); break;
    case 'F' & CTRL:
    case KEY_RIGHT: move_to(cursor < length ? cursor + 1 : length); break;
    case 'D' & CTRL:
    case KEY_DELETE: delete_forward(); break;
    case 'H' & CTRL:
    case DELETE: delete_back_to(cursor ? cursor - 1 : 0); break;
    case 'I' & CTRL: complete(); break;
    case 'K' & CTRL: kill_to_end(); break;
    case 'L' & CTRL: clear_screen(); break;
    case 'P' & CTRL:
    case KEY_UP: recall(history_at - 1); break;
    case 'N' & CTRL:
    case KEY_DOWN: recall(history_at + 1); break;
    case 'U' & CTRL: delete_back_to(0); break;
    case 'W' & CTRL: delete_word(); break;
    default: break;
    }
}

static void start_line(void)
{
    length = cursor = 0;
    overflow = false;
    console_puts(prompt_text);
}

// \r, \n and the pair \r\n each end one line: the Enter key sends the first,
// a pasted or piped file the second or the third.
static bool ends_line(int c)
{
    bool pair = c == '\n' && last_was_cr;
    last_was_cr = c == '\r';
    return (c == '\r' || c == '\n') && !pair;
}

const char *lineedit_read(const char *prompt)
{
    prompt_text = prompt;
    start_line();
    for (;;) {
        int c = read_key();
        if (ends_line(c))
            break;
        if (c == ('C' & CTRL)) {
            console_puts("^C\n");
            start_line();
        } else if (c >= ' ' && c < DELETE) {
            insert((char)c);
        } else if (c != '\n') {
            edit(c);
        }
    }
    // insert kept a place for it.
    line[length] = 0;
    console_putc('\n');
    if (overflow) {
        kprintf("line too long: %u characters at most\n", LINE_MAX - 1);
        return NULL;
    }
    remember();
    return line;
}
