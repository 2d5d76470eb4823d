/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Watches connections come and go, until so many changes were seen. The very same source compiles for Windows
 * and for Linux:
 *
 *     x86_64-w64-mingw32-gcc -o watch.exe watch.c -lrasapi32
 *     cc -o watch watch.c $(pkg-config --cflags --libs rasapi32) -I$(pkg-config --variable=windowsdir rasapi32)
 *
 * Usage: watch [CHANGES]
 */
#include <windows.h>
#include <tchar.h>
#include <stdio.h>
#include <stdlib.h>
#include <ras.h>
#include <raserror.h>

static DWORD list(void)
{
    RASCONN one;
    RASCONN *rows = &one;
    DWORD octets = sizeof one;
    DWORD count = 0;
    DWORD error;
    DWORD at;

    ZeroMemory(&one, sizeof one);
    one.dwSize = sizeof one;
    error = RasEnumConnections(rows, &octets, &count);
    while (error == ERROR_BUFFER_TOO_SMALL) {
        if (rows != &one)
            HeapFree(GetProcessHeap(), 0, rows);
        rows = (RASCONN *)HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, octets);
        if (rows == NULL)
            return ERROR_NOT_ENOUGH_MEMORY;
        rows[0].dwSize = sizeof one;
        error = RasEnumConnections(rows, &octets, &count);
    }
    if (error == ERROR_SUCCESS) {
        _tprintf(_T("%u connected\n"), (unsigned)count);
        for (at = 0; at < count; at++)
            _tprintf(_T("  %s\n"), rows[at].szEntryName);
        fflush(stdout);
    }
    if (rows != &one)
        HeapFree(GetProcessHeap(), 0, rows);
    return error;
}

int __cdecl _tmain(int argc, TCHAR **argv)
{
    int changes = argc > 1 ? _ttoi(argv[1]) : 1;
    HANDLE event = CreateEvent(NULL, FALSE, FALSE, NULL);
    DWORD error;

    if (event == NULL)
        return EXIT_FAILURE;
    error = RasConnectionNotification((HRASCONN)INVALID_HANDLE_VALUE, event,
        RASCN_Connection | RASCN_Disconnection);
    if (error == ERROR_SUCCESS)
        error = list();
    while (error == ERROR_SUCCESS && changes-- > 0) {
        if (WaitForSingleObject(event, INFINITE) != WAIT_OBJECT_0)
            error = ERROR_INVALID_HANDLE;
        else
            error = list();
    }
    CloseHandle(event);
    if (error != ERROR_SUCCESS) {
        TCHAR text[512];

        if (RasGetErrorString(error, text, 512) == ERROR_SUCCESS)
            _tprintf(_T("%s\n"), text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
