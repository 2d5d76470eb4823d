/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What calls of the library take, from C:
 *
 *   contract status HANDLE SECONDS    RasGetConnectStatus, again and again
 *   contract list SECONDS             RasEnumConnections, with a buffer that has room
 *
 * Prints calls a second, and the 50th and 99th of a hundred calls in microseconds.
 */
#define _POSIX_C_SOURCE 200809L
#include <ras.h>
#include <raserror.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 4000000 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int by_size(const void *left, const void *right)
{
    float l = *(const float *)left, r = *(const float *)right;
    return (l > r) - (l < r);
}

static DWORD status(HRASCONN handle)
{
    RASCONNSTATUSA status;
    memset(&status, 0, sizeof status);
    status.dwSize = sizeof status;
    return RasGetConnectStatusA(handle, &status);
}

static DWORD list(RASCONNA *rows, DWORD room)
{
    DWORD size = room, count = 0;
    rows->dwSize = sizeof *rows;
    return RasEnumConnectionsA(rows, &size, &count);
}

int main(int count, char **words)
{
    int is_status = count == 4 && strcmp(words[1], "status") == 0;
    if (!is_status && !(count == 3 && strcmp(words[1], "list") == 0)) return 2;
    HRASCONN handle = is_status ? (HRASCONN)(uintptr_t)strtoull(words[2], NULL, 0) : NULL;
    double seconds = strtod(words[count - 1], NULL);
    DWORD room = 0, rows_there = 0;
    RASCONNA *rows = NULL;
    if (!is_status) {
        RasEnumConnectionsA(NULL, &room, &rows_there);
        room += 16 * sizeof *rows;
        rows = calloc(1, room);
    }
    float *took = malloc(sizeof *took * MOST);
    if (took == NULL || (!is_status && rows == NULL)) return 3;
    size_t calls = 0;
    double begin = now(), last = begin;
    while (last - begin < seconds && calls < MOST) {
        DWORD result = is_status ? status(handle) : list(rows, room);
        if (result != ERROR_SUCCESS) {
            fprintf(stderr, "error %u\n", (unsigned)result);
            return 1;
        }
        double end = now();
        took[calls++] = (float)((end - last) * 1e6);
        last = end;
    }
    qsort(took, calls, sizeof *took, by_size);
    printf("%.1f %.2f %.2f\n", (double)calls / (last - begin), took[calls / 2], took[calls * 99 / 100]);
    return 0;
}
