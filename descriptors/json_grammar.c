/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON's grammar and nothing else: one pass over the tokens, no memory but a list of open brackets.
 */
#include "descriptors/json_grammar.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What may come next: bits. */
enum {
    NAME = 1 << 0,
    VALUE = 1 << 1,
    COLON = 1 << 2,
    COMMA = 1 << 3,
    CLOSE = 1 << 4,
    END = 1 << 5,
};

static const struct {
    unsigned bit;
    const char *text;
} words[] = {
    {NAME, "a name"},
    {VALUE, "a value"},
    {COLON, "':'"},
    {COMMA, "','"},
    {CLOSE, "the closing bracket"},
    {END, "the end"},
};

struct checker {
    const char *at, *end;
    unsigned line, depth, next;
    char open[DESC_JSON_MAX_DEPTH];
    const char *problem; /* where it is not that something else was expected */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The character at `at`, 0 behind the end (which no token has). */
static char peek(const struct checker *c)
{
    return c->at < c->end ? *c->at : '\0';
}

static bool take(struct checker *c, char wanted)
{
    if (peek(c) != wanted)
        return false;
    c->at++;
    return true;
}

static bool take_digits(struct checker *c)
{
    if (!is_digit(peek(c)))
        return false;
    while (is_digit(peek(c)))
        c->at++;
    return true;
}

/* Integers: as many digits as 64 bits with a sign have in any case. */
static bool take_number(struct checker *c)
{
    take(c, '-');
    const char *digits = c->at;
    if (!take(c, '0') && !take_digits(c))
        return false;
    if (c->at - digits > 18)
        c->problem = "a number of more than 18 digits";
    if (take(c, '.') && !take_digits(c))
        return false;
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+'))
            take(c, '-');
        return take_digits(c);
    }
    return !is_digit(peek(c)); /* no 012 */
}

static bool take_unit(struct checker *c, unsigned *ret_unit)
{
    static const char hex[] = "0123456789ABCDEFabcdef";
    *ret_unit = 0;
    for (unsigned i = 0; i < 4; i++, c->at++) {
        const char *digit = peek(c) ? strchr(hex, peek(c)) : NULL;
        if (!digit)
            return false;
        *ret_unit = *ret_unit << 4 | (unsigned)(digit - hex < 16 ? digit - hex : digit - hex - 6);
    }
    return true;
}

/* What follows a backslash and a u: any unit is JSON, but no NUL and no half of a pair is text. */
static bool take_character(struct checker *c)
{
    unsigned unit, low;
    if (!take_unit(c, &unit))
        return false;
    if (unit && (unit < 0xd800 || unit > 0xdfff))
        return true;
    if (unit >= 0xd800 && unit < 0xdc00 && take(c, '\\') && take(c, 'u') && take_unit(c, &low) &&
        low >= 0xdc00 && low < 0xe000)
        return true;
    c->problem = "a string that is no text: expected an array of its units, as numbers";
    return false;
}

static bool take_escape(struct checker *c)
{
    char what = peek(c);
    if (!what || !strchr("\"\\/bfnrtu", what))
        return false;
    c->at++;
    return what != 'u' || take_character(c);
}

static bool take_string(struct checker *c)
{
    if (!take(c, '"'))
        return false;
    while (!take(c, '"')) {
        bool is_control = (uint8_t)peek(c) < 0x20;
        if (!is_control && (*c->at++ != '\\' || take_escape(c)))
            continue;
        if (!c->problem)
            c->problem = !is_control      ? "an escape in a string that JSON does not have"
                         : c->at < c->end ? "a control character in a string"
                                          : "a string without end";
        return false;
    }
    return true;
}

static bool take_word(struct checker *c)
{
    static const char *const literals[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
        size_t len = strlen(literals[i]);
        if ((size_t)(c->end - c->at) >= len && memcmp(c->at, literals[i], len) == 0) {
            c->at += len;
            return true;
        }
    }
    return false;
}

static unsigned after_value(const struct checker *c)
{
    return c->depth ? COMMA | CLOSE : END;
}

static bool open_bracket(struct checker *c, char bracket)
{
    if (!(c->next & VALUE))
        return false;
    if (c->depth == DESC_JSON_MAX_DEPTH) {
        c->problem = "more levels than any descriptors have";
        return false;
    }
    c->open[c->depth++] = bracket;
    c->next = CLOSE | (bracket == '{' ? NAME : VALUE);
    c->at++;
    return true;
}

static bool close_bracket(struct checker *c, char opened)
{
    if (!(c->next & CLOSE) || c->open[c->depth - 1] != opened)
        return false;
    c->depth--;
    c->next = after_value(c);
    c->at++;
    return true;
}

static bool separator(struct checker *c, unsigned which, unsigned next)
{
    if (!(c->next & which))
        return false;
    c->next = next;
    c->at++;
    return true;
}

static bool string(struct checker *c)
{
    if (!(c->next & (NAME | VALUE)))
        return false;
    c->next = c->next & NAME ? COLON : after_value(c);
    return take_string(c);
}

static bool other_value(struct checker *c)
{
    if (!(c->next & VALUE))
        return false;
    c->next = after_value(c);
    return (take_word(c) || take_number(c)) && !c->problem;
}

/* One token, if it may come now. */
static bool token(struct checker *c)
{
    switch (*c->at) {
    case '{':
    case '[':
        return open_bracket(c, *c->at);
    case '}':
        return close_bracket(c, '{');
    case ']':
        return close_bracket(c, '[');
    case ':':
        return separator(c, COLON, VALUE);
    case ',':
        return separator(c, COMMA, c->depth && c->open[c->depth - 1] == '{' ? NAME : VALUE);
    case '"':
        return string(c);
    default:
        return other_value(c);
    }
}

static void skip_space(struct checker *c)
{
    for (; c->at < c->end && strchr(" \t\r\n", *c->at) && *c->at; c->at++)
        c->line += *c->at == '\n';
}

/* The token at `at` is not what might come, or is none. */
static void explain(const struct checker *c, const char *at, unsigned expected, char *ret_why,
                    size_t size)
{
    char found[16] = "the end", list[96] = "";

    if (at < c->end && (uint8_t)*at > 0x20 && (uint8_t)*at < 0x7f)
        snprintf(found, sizeof(found), "'%c'", *at);
    else if (at < c->end)
        snprintf(found, sizeof(found), "byte 0x%02x", (uint8_t)*at);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (expected & words[i].bit) {
            size_t used = strlen(list);
            snprintf(list + used, sizeof(list) - used, "%s%s", used ? " or " : "", words[i].text);
        }
    if (c->problem)
        snprintf(ret_why, size, "line %u: %s", c->line, c->problem);
    else
        snprintf(ret_why, size, "not JSON: line %u: %s: expected %s", c->line, found, list);
}

bool desc_json_is_json(const char *text, size_t len, char *ret_why, size_t size)
{
    struct checker c = {.at = text, .end = text + len, .line = 1, .next = VALUE};

    for (skip_space(&c); c.at < c.end || c.next != END; skip_space(&c)) {
        const char *at = c.at;
        unsigned expected = c.next;
        if (c.at == c.end || !token(&c)) {
            explain(&c, at, expected, ret_why, size);
            return false;
        }
    }
    return true;
}
