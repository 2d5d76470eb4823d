/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What calls of the library take, from C:
 *
 *   contract status HANDLE SECONDS    RasGetConnectStatus, again and again
 *   contract list SECONDS             RasEnumConnections, with a buffer that has room
 *   contract changing TIMES           the same; before each call a line is written, and a line is waited
 *                                     for, so that somebody else can make a connection come or go
 *   contract poll HANDLE              RasGetConnectStatus until the standard input ends; a line is written
 *                                     after the first call, and how many there were at the end
 *
 * Prints calls a second, the 50th and 99th of a hundred calls in microseconds, how many microseconds of
 * processor time each took here; and how many there were.
 */
#define _POSIX_C_SOURCE 200809L
#include <poll.h>
#include <ras.h>
#include <raserror.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 4000000, ROOM_FOR_MORE = 16, LOOKS = 16 };

static double seconds_of(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

static int by_size(const void *left, const void *right)
{
    float l = *(const float *)left, r = *(const float *)right;
    return (l > r) - (l < r);
}

static void check(DWORD result)
{
    if (result == ERROR_SUCCESS) return;
    fprintf(stderr, "error %u\n", (unsigned)result);
    exit(1);
}

static void status(HRASCONN handle)
{
    RASCONNSTATUSA status;
    memset(&status, 0, sizeof status);
    status.dwSize = sizeof status;
    check(RasGetConnectStatusA(handle, &status));
}

static RASCONNA *rows;
static DWORD room;

static void make_room(void)
{
    DWORD count = 0;
    RasEnumConnectionsA(NULL, &room, &count);
    room += ROOM_FOR_MORE * sizeof *rows;
    rows = calloc(1, room);
    if (rows == NULL) exit(3);
}

static void list(void)
{
    DWORD size = room, count = 0;
    rows->dwSize = sizeof *rows;
    check(RasEnumConnectionsA(rows, &size, &count));
}

static float *took;
static size_t calls;
static double sum;
static double worked_before;

static void took_since(double begin)
{
    double each = now() - begin;
    sum += each;
    took[calls++] = (float)(each * 1e6);
}

static void tell(void)
{
    double worked = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - worked_before;
    qsort(took, calls, sizeof *took, by_size);
    printf("%.1f %.2f %.2f %.2f %zu\n", (double)calls / sum, took[calls / 2], took[calls * 99 / 100],
           worked * 1e6 / (double)calls, calls);
}

static void until_the_input_ends(HRASCONN handle)
{
    struct pollfd input = { .fd = 0, .events = POLLIN };
    unsigned long count = 0;
    do {
        for (int i = 0; i < LOOKS; i++) status(handle);
        if (count == 0) puts("begun");
        if (count == 0) fflush(stdout);
        count += LOOKS;
    } while (poll(&input, 1, 0) == 0);
    printf("%lu\n", count);
}

int main(int count, char **words)
{
    const char *what = count > 2 ? words[1] : "";
    HRASCONN handle = count > 2 ? (HRASCONN)(uintptr_t)strtoull(words[2], NULL, 0) : NULL;
    double most = strtod(words[count - 1], NULL);
    took = malloc(sizeof *took * MOST);
    if (took == NULL) return 3;
    if (strcmp(what, "poll") == 0) {
        until_the_input_ends(handle);
    } else if (strcmp(what, "status") == 0) {
        worked_before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        while (sum < most && calls < MOST) {
            double begin = now();
            status(handle);
            took_since(begin);
        }
        tell();
    } else if (strcmp(what, "list") == 0) {
        make_room();
        worked_before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        while (sum < most && calls < MOST) {
            double begin = now();
            list();
            took_since(begin);
        }
        tell();
    } else if (strcmp(what, "changing") == 0) {
        make_room();
        worked_before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        while ((double)calls < most && calls < MOST) {
            char line[8];
            puts("next");
            fflush(stdout);
            if (fgets(line, sizeof line, stdin) == NULL) return 1;
            double begin = now();
            list();
            took_since(begin);
        }
        tell();
    } else {
        return 2;
    }
    return 0;
}
