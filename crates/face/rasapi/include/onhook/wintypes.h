/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * onhook/wintypes.h: the base types of the Windows interfaces, as far as ras.h and its sisters use them.
 *
 * Their sizes are those of Windows on every machine: DWORD, LONG and BOOL have 32 bits also where a C
 * long has 64, and WCHAR has 16 bits also where wchar_t has 32. Where a <windows.h> is there (on Windows,
 * with MinGW, with Wine's compilers) it is used instead, and nothing is defined here.
 */
#ifndef ONHOOK_WINTYPES_H
#define ONHOOK_WINTYPES_H

#if defined(__GNUC__)
#define ONHOOK_UNNAMED __extension__ /* members without a name are newer than C99 */
#else
#define ONHOOK_UNNAMED
#endif

#if defined(_WIN32)
#ifndef _WINDEF_
#include <windows.h>
#endif
#elif !defined(_WINDEF_) && !defined(_MINWINDEF_) && !defined(_WINDOWS_)

#include <stddef.h>
#include <stdint.h>
#include <uchar.h>

/* How new the structures are that a program uses; see ras.h. */
#ifndef WINVER
#ifdef _WIN32_WINNT
#define WINVER _WIN32_WINNT
#else
#define WINVER 0x0A00
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Functions are called as C calls them; only 32-bit Windows had another way. */
#define WINAPI
#define CALLBACK
#define APIENTRY
#ifndef CONST
#define CONST const
#endif
#ifndef VOID
#define VOID void
#endif
#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif
#ifdef NONAMELESSUNION
#define DUMMYUNIONNAME u
#else
#define DUMMYUNIONNAME
#endif

typedef int            BOOL;
typedef int            INT;
typedef unsigned int   UINT;
typedef char           CHAR;
typedef unsigned char  BYTE;
typedef unsigned char  UCHAR;
typedef int16_t        SHORT;
typedef uint16_t       USHORT;
typedef uint16_t       WORD;
typedef int32_t        LONG;
typedef uint32_t       ULONG;
typedef uint32_t       DWORD;
typedef int64_t        LONGLONG;
typedef uint64_t       ULONGLONG;
typedef int32_t        HRESULT;
typedef char16_t       WCHAR;

typedef intptr_t       INT_PTR;
typedef uintptr_t      UINT_PTR;
typedef intptr_t       LONG_PTR;
typedef uintptr_t      ULONG_PTR;
typedef uintptr_t      DWORD_PTR;

typedef void          *PVOID;
typedef void          *LPVOID;
typedef const void    *LPCVOID;
typedef CHAR          *PCHAR;
typedef CHAR          *PSTR;
typedef CHAR          *LPSTR;
typedef const CHAR    *PCSTR;
typedef const CHAR    *LPCSTR;
typedef WCHAR         *PWCHAR;
typedef WCHAR         *PWSTR;
typedef WCHAR         *LPWSTR;
typedef const WCHAR   *PCWSTR;
typedef const WCHAR   *LPCWSTR;
typedef BYTE          *PBYTE;
typedef BYTE          *LPBYTE;
typedef BOOL          *PBOOL;
typedef BOOL          *LPBOOL;
typedef WORD          *PWORD;
typedef WORD          *LPWORD;
typedef DWORD         *PDWORD;
typedef DWORD         *LPDWORD;
typedef LONG          *PLONG;
typedef LONG          *LPLONG;
typedef UINT          *PUINT;
typedef UINT          *LPUINT;

/* Text of the functions whose names have no letter at the end. */
#ifdef UNICODE
typedef WCHAR          TCHAR;
typedef LPWSTR         LPTSTR;
typedef LPCWSTR        LPCTSTR;
#define ONHOOK_TEXT(text) u##text
#else
typedef CHAR           TCHAR;
typedef LPSTR          LPTSTR;
typedef LPCSTR         LPCTSTR;
#define ONHOOK_TEXT(text) text
#endif
typedef TCHAR         *PTCHAR;
typedef LPTSTR         PTSTR;
typedef LPCTSTR        PCTSTR;
#ifndef TEXT
#define TEXT(text) ONHOOK_TEXT(text)
#endif

/* Handles, each kind a type of its own. */
#define DECLARE_HANDLE(name) struct name##__ { int unused; }; typedef struct name##__ *name
typedef void *HANDLE;
typedef HANDLE *PHANDLE;
typedef HANDLE *LPHANDLE;
DECLARE_HANDLE(HWND);
DECLARE_HANDLE(HINSTANCE);
typedef HINSTANCE HMODULE;
#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)

#ifndef GUID_DEFINED
#define GUID_DEFINED
typedef struct _GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t  Data4[8];
} GUID;
#endif

typedef struct _LUID {
    DWORD LowPart;
    LONG  HighPart;
} LUID, *PLUID;

typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

/* Lengths of texts; arrays have one character more, but for paths. */
#ifndef MAX_PATH
#define MAX_PATH 260
#endif
#ifndef UNLEN
#define UNLEN 256 /* of a user's name */
#endif
#ifndef PWLEN
#define PWLEN 256 /* of a password */
#endif
#ifndef CNLEN
#define CNLEN 15 /* of a computer's name */
#endif
#ifndef DNLEN
#define DNLEN CNLEN /* of a domain's name */
#endif
#ifndef GNLEN
#define GNLEN UNLEN /* of a group's name */
#endif

#ifdef __cplusplus
}
#endif

#endif /* no <windows.h> */

#endif /* ONHOOK_WINTYPES_H */
