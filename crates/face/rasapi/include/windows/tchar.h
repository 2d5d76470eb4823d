/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * tchar.h for Linux: the names that mean one thing with _UNICODE and another without.
 *
 * The C library of Linux prints and reads no text of 16-bit characters, so that with _UNICODE there are only
 * literals, lengths and copies.
 */
#ifndef ONHOOK_TCHAR_H
#define ONHOOK_TCHAR_H

#if defined(_WIN32)
#include_next <tchar.h>
#else

#include <stdio.h>

#include "windows.h"

typedef TCHAR _TCHAR;

#define _T(text)    TEXT(text)
#define _TEXT(text) TEXT(text)
#define _tcslen     (size_t)lstrlen
#define _tcscpy     lstrcpy
#define _tcscat     lstrcat
#define _tcscmp     lstrcmp

#ifndef UNICODE
#define _tmain      main
#define _tprintf    printf
#define _ftprintf   fprintf
#define _sntprintf  snprintf
#define _putts      puts
#define _tcsicmp    lstrcmpi
#define _tcschr     strchr
#define _tcsrchr    strrchr
#define _tcsncpy    strncpy
#define _ttoi       atoi
#endif

#endif /* not _WIN32 */

#endif /* ONHOOK_TCHAR_H */
