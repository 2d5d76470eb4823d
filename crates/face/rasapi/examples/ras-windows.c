/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A program for Windows that dials, lists and hangs up:
 *
 *     x86_64-w64-mingw32-gcc -municode -o ras.exe ras-windows.c -lrasapi32
 *     ras.exe dial ENTRY USER | list | hangup ENTRY
 *
 * There is nothing of onhook's in it: the headers are those of the compiler. See docs/other-languages.md.
 */
#ifndef UNICODE
#define UNICODE
#define _UNICODE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>
#include <ras.h>
#include <raserror.h>

static HANDLE done;
static DWORD result;

static int complain(const WCHAR *what, DWORD error)
{
    WCHAR text[512] = L"";

    RasGetErrorStringW(error, text, 512);
    fprintf(stderr, "%ls: %ls (%lu)\n", what, text, error);
    return EXIT_FAILURE;
}

static void hang_up(HRASCONN connection)
{
    RASCONNSTATUSW status;

    while (RasHangUpW(connection) == ERROR_SUCCESS) {
        /* each dial of the same entry was a reference; after the last it is 668 */
    }
    memset(&status, 0, sizeof status);
    status.dwSize = sizeof status;
    while (RasGetConnectStatusW(connection, &status) != ERROR_INVALID_HANDLE)
        Sleep(10);
}

static VOID WINAPI notifier(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error, DWORD extended)
{
    (void)connection;
    (void)message;
    (void)extended;
    printf("state %d error %lu\n", (int)state, error);
    if (error != ERROR_SUCCESS || (state & RASCS_DONE)) {
        result = error != ERROR_SUCCESS || state == RASCS_Connected ? error : ERROR_DISCONNECTION;
        SetEvent(done);
    }
}

static int dial(const WCHAR *entry, const WCHAR *user)
{
    RASDIALPARAMSW params;
    HRASCONN connection = NULL;
    DWORD error;

    memset(&params, 0, sizeof params);
    params.dwSize = sizeof params;
    wcsncpy(params.szEntryName, entry, RAS_MaxEntryName);
    wcsncpy(params.szUserName, user, UNLEN);
    if (fgetws(params.szPassword, PWLEN, stdin) != NULL)
        params.szPassword[wcscspn(params.szPassword, L"\r\n")] = L'\0';
    done = CreateEventW(NULL, TRUE, FALSE, NULL);
    error = RasDialW(NULL, NULL, &params, 1, (LPVOID)notifier, &connection);
    if (error == ERROR_SUCCESS) {
        WaitForSingleObject(done, INFINITE);
        error = result;
    }
    if (error == ERROR_SUCCESS)
        return EXIT_SUCCESS;
    if (connection != NULL)
        hang_up(connection); /* a failed dial has a handle, too */
    return complain(entry, error);
}

/* Calls `each` for every connection; answers how many it took. */
static int connections(int (*each)(const RASCONNW *row, const WCHAR *entry), const WCHAR *entry)
{
    RASCONNW *rows = NULL;
    DWORD octets = 0;
    DWORD count = 0;
    DWORD error;
    DWORD at;
    int taken = 0;

    for (;;) {
        if (rows != NULL)
            rows->dwSize = sizeof *rows;
        error = RasEnumConnectionsW(rows, &octets, &count);
        if (error != ERROR_BUFFER_TOO_SMALL)
            break;
        free(rows);
        rows = calloc(1, octets);
        if (rows == NULL)
            exit(complain(L"listing", ERROR_NOT_ENOUGH_MEMORY));
    }
    if (error != ERROR_SUCCESS)
        exit(complain(L"listing", error));
    for (at = 0; rows != NULL && at < count; at++)
        taken += each(&rows[at], entry);
    free(rows);
    return taken;
}

static int show(const RASCONNW *row, const WCHAR *entry)
{
    (void)entry;
    printf("0x%llx\t%ls\t%ls\n", (unsigned long long)(ULONG_PTR)row->hrasconn, row->szEntryName,
        row->szDeviceName);
    return 1;
}

static int end(const RASCONNW *row, const WCHAR *entry)
{
    if (wcscmp(row->szEntryName, entry) != 0)
        return 0;
    hang_up(row->hrasconn);
    return 1;
}

int wmain(int argc, WCHAR **argv)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    if (argc == 4 && wcscmp(argv[1], L"dial") == 0)
        return dial(argv[2], argv[3]);
    if (argc == 2 && wcscmp(argv[1], L"list") == 0) {
        connections(show, NULL);
        return EXIT_SUCCESS;
    }
    if (argc == 3 && wcscmp(argv[1], L"hangup") == 0) {
        printf("%d hung up\n", connections(end, argv[2]));
        return EXIT_SUCCESS;
    }
    fprintf(stderr, "usage: ras dial ENTRY USER | list | hangup ENTRY\n");
    return 2;
}
