/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * windows.h for Linux: as much of it as programs that dial have always used beside ras.h.
 *
 * Memory, short texts, time and events, over the C library and the events of onhook/event.h; nothing of
 * windows, processes or files. It lies in a folder of its own, which only such programs name to the
 * compiler: -I.../include/rasapi32/windows (pkg-config --variable=windowsdir rasapi32). Where a strict
 * standard is asked for (-std=c99), it needs _POSIX_C_SOURCE to be 200809L.
 */
#ifndef ONHOOK_WINDOWS_H
#define ONHOOK_WINDOWS_H

#if defined(_WIN32)
#include_next <windows.h>
#else

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "../onhook/wintypes.h"
#include "../onhook/winerror.h"
#include "../onhook/event.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef __cdecl
#define __cdecl
#endif
#ifndef __stdcall
#define __stdcall
#endif

typedef size_t SIZE_T;
typedef HANDLE HLOCAL;
typedef HANDLE HGLOBAL;

#define UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#define ARRAYSIZE(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Memory ------------------------------------------------------------------------------------------ */

#define RtlZeroMemory(to, octets)        ((void)memset((to), 0, (octets)))
#define RtlFillMemory(to, octets, value) ((void)memset((to), (value), (octets)))
#define RtlCopyMemory(to, from, octets)  ((void)memcpy((to), (from), (octets)))
#define RtlMoveMemory(to, from, octets)  ((void)memmove((to), (from), (octets)))
#define ZeroMemory RtlZeroMemory
#define FillMemory RtlFillMemory
#define CopyMemory RtlCopyMemory
#define MoveMemory RtlMoveMemory

/* The octets are overwritten even when nobody reads them any more. */
static inline PVOID SecureZeroMemory(PVOID to, SIZE_T octets)
{
    volatile BYTE *at = (volatile BYTE *)to;

    while (octets-- > 0)
        *at++ = 0;
    return to;
}

/* There is one heap, and its memory is always zeroed: an answer that is allowed to all these flags. */
#define HEAP_ZERO_MEMORY 0x00000008
#define LMEM_FIXED       0x0000
#define LMEM_ZEROINIT    0x0040
#define LPTR             (LMEM_FIXED | LMEM_ZEROINIT)
#define GMEM_FIXED       0x0000
#define GMEM_ZEROINIT    0x0040
#define GPTR             (GMEM_FIXED | GMEM_ZEROINIT)

static inline HANDLE GetProcessHeap(void)
{
    return (HANDLE)(ULONG_PTR)1;
}

static inline LPVOID HeapAlloc(HANDLE heap, DWORD flags, SIZE_T octets)
{
    (void)heap;
    (void)flags;
    return calloc(1, octets > 0 ? octets : 1);
}

static inline BOOL HeapFree(HANDLE heap, DWORD flags, LPVOID memory)
{
    (void)heap;
    (void)flags;
    free(memory);
    return TRUE;
}

static inline HLOCAL LocalAlloc(UINT flags, SIZE_T octets)
{
    (void)flags;
    return calloc(1, octets > 0 ? octets : 1);
}

static inline HLOCAL LocalFree(HLOCAL memory)
{
    free(memory);
    return NULL;
}

static inline HGLOBAL GlobalAlloc(UINT flags, SIZE_T octets)
{
    return LocalAlloc(flags, octets);
}

static inline HGLOBAL GlobalFree(HGLOBAL memory)
{
    return LocalFree(memory);
}

/* ---- Texts ------------------------------------------------------------------------------------------- */

static inline int lstrlenA(LPCSTR text)
{
    return text == NULL ? 0 : (int)strlen(text);
}

static inline int lstrlenW(LPCWSTR text)
{
    int length = 0;

    while (text != NULL && text[length] != 0)
        length++;
    return length;
}

/* Copies at most so many characters, the null counted, which is always written if there is room for it. */
static inline LPSTR lstrcpynA(LPSTR to, LPCSTR from, int room)
{
    int at = 0;

    for (; at + 1 < room && from[at] != 0; at++)
        to[at] = from[at];
    if (room > 0)
        to[at] = 0;
    return to;
}

static inline LPWSTR lstrcpynW(LPWSTR to, LPCWSTR from, int room)
{
    int at = 0;

    for (; at + 1 < room && from[at] != 0; at++)
        to[at] = from[at];
    if (room > 0)
        to[at] = 0;
    return to;
}

static inline LPSTR lstrcpyA(LPSTR to, LPCSTR from)
{
    return strcpy(to, from);
}

static inline LPWSTR lstrcpyW(LPWSTR to, LPCWSTR from)
{
    return lstrcpynW(to, from, lstrlenW(from) + 1);
}

static inline LPSTR lstrcatA(LPSTR to, LPCSTR from)
{
    return strcat(to, from);
}

static inline LPWSTR lstrcatW(LPWSTR to, LPCWSTR from)
{
    (void)lstrcpyW(to + lstrlenW(to), from);
    return to;
}

static inline int lstrcmpA(LPCSTR one, LPCSTR other)
{
    return strcmp(one, other);
}

static inline int lstrcmpiA(LPCSTR one, LPCSTR other)
{
    return strcasecmp(one, other);
}

static inline int lstrcmpW(LPCWSTR one, LPCWSTR other)
{
    for (; *one != 0 && *one == *other; one++)
        other++;
    return (int)*one - (int)*other;
}

#ifdef UNICODE
#define lstrlen  lstrlenW
#define lstrcpy  lstrcpyW
#define lstrcpyn lstrcpynW
#define lstrcat  lstrcatW
#define lstrcmp  lstrcmpW
#else
#define lstrlen  lstrlenA
#define lstrcpy  lstrcpyA
#define lstrcpyn lstrcpynA
#define lstrcat  lstrcatA
#define lstrcmp  lstrcmpA
#define lstrcmpi lstrcmpiA
#endif

/* ---- Time -------------------------------------------------------------------------------------------- */

static inline VOID Sleep(DWORD milliseconds)
{
    struct timespec left;

    left.tv_sec = (time_t)(milliseconds / 1000);
    left.tv_nsec = (long)(milliseconds % 1000) * 1000000;
    /* A signal wakes too early: the rest is slept. Nothing to sleep is an offer to let others go first. */
    while (nanosleep(&left, &left) != 0)
        continue;
}

static inline ULONGLONG GetTickCount64(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (ULONGLONG)now.tv_sec * 1000 + (ULONGLONG)now.tv_nsec / 1000000;
}

static inline DWORD GetTickCount(void)
{
    return (DWORD)GetTickCount64();
}

/* ---- Events: they have no names here, and belong to one process -------------------------------------- */

static inline HANDLE CreateEventA(LPVOID security, BOOL manual_reset, BOOL initial_state, LPCSTR name)
{
    (void)security;
    return name == NULL ? OnhookCreateEvent(manual_reset, initial_state) : NULL;
}

static inline HANDLE CreateEventW(LPVOID security, BOOL manual_reset, BOOL initial_state, LPCWSTR name)
{
    (void)security;
    return name == NULL ? OnhookCreateEvent(manual_reset, initial_state) : NULL;
}

#ifdef UNICODE
#define CreateEvent CreateEventW
#else
#define CreateEvent CreateEventA
#endif

static inline BOOL SetEvent(HANDLE event)
{
    const uint64_t once = 1;

    return write(OnhookEventDescriptor(event), &once, sizeof once) == (ssize_t)sizeof once;
}

static inline BOOL ResetEvent(HANDLE event)
{
    return OnhookResetEvent(event);
}

static inline DWORD WaitForSingleObject(HANDLE event, DWORD milliseconds)
{
    return OnhookWaitEvent(event, milliseconds);
}

static inline BOOL CloseHandle(HANDLE event)
{
    return OnhookCloseEvent(event);
}

#ifdef __cplusplus
}
#endif

#endif /* not _WIN32 */

#endif /* ONHOOK_WINDOWS_H */
