/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * rasapi32.dll and rasdlg.dll for Wine: each function leads to the one of the same name in librasapi32.so,
 * the library for Linux. build.sh makes both from this file.
 *
 * Numbers, structures and handles are the same on both sides, for Windows and Linux on x86-64 alike, and go
 * through as they are. What differs is how functions are called (WINAPI on the side of the program, the
 * way of Linux on the other), and what the program's host must do for the library: see onhook/host.h.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <onhook/host.h>

#ifndef __x86_64__
#error "only for x86-64: there numbers and structures are the same for Windows and Linux"
#endif

/* Of Wine's kernel32.dll: the path of a file as Linux has it, of the heap of the process. */
extern char *CDECL wine_get_unix_file_name(const WCHAR *path);

/* Wide enough for every parameter: all are numbers or pointers. */
typedef ULONG_PTR value;

enum {
#define FUNCTION(name, parameters) INDEX_##name,
#include FUNCTIONS
#undef FUNCTION
    COUNT
};

static const char *const names[COUNT] = {
#define FUNCTION(name, parameters) #name,
#include FUNCTIONS
#undef FUNCTION
};

/* The functions of librasapi32.so. */
static void *native[COUNT];

#define WRAP_1(name) \
    DWORD WINAPI onhook_##name(value a) { return ((DWORD (*)(value))native[INDEX_##name])(a); }
#define WRAP_2(name) \
    DWORD WINAPI onhook_##name(value a, value b) \
    { return ((DWORD (*)(value, value))native[INDEX_##name])(a, b); }
#define WRAP_3(name) \
    DWORD WINAPI onhook_##name(value a, value b, value c) \
    { return ((DWORD (*)(value, value, value))native[INDEX_##name])(a, b, c); }
#define WRAP_4(name) \
    DWORD WINAPI onhook_##name(value a, value b, value c, value d) \
    { return ((DWORD (*)(value, value, value, value))native[INDEX_##name])(a, b, c, d); }
#define WRAP_5(name) \
    DWORD WINAPI onhook_##name(value a, value b, value c, value d, value e) \
    { return ((DWORD (*)(value, value, value, value, value))native[INDEX_##name])(a, b, c, d, e); }
#define WRAP_6(name) \
    DWORD WINAPI onhook_##name(value a, value b, value c, value d, value e, value f) \
    { \
        return ((DWORD (*)(value, value, value, value, value, value))native[INDEX_##name])( \
            a, b, c, d, e, f); \
    }
#define WRAP_7(name) \
    DWORD WINAPI onhook_##name(value a, value b, value c, value d, value e, value f, value g) \
    { \
        return ((DWORD (*)(value, value, value, value, value, value, value))native[INDEX_##name])( \
            a, b, c, d, e, f, g); \
    }

#define FUNCTION(name, parameters) WRAP_##parameters(name)
#include FUNCTIONS
#undef FUNCTION

/* A thread that the library wants; Wine must begin it, or programs cannot be called on it. */
struct begun {
    void (*work)(void *);
    void *context;
};

static DWORD WINAPI run(void *parameter)
{
    struct begun begun = *(struct begun *)parameter;

    free(parameter);
    begun.work(begun.context);
    return 0;
}

static BOOL begin_thread(void (*work)(void *), void *context)
{
    struct begun *begun = malloc(sizeof *begun);
    HANDLE thread;

    if (begun == NULL)
        return FALSE;
    begun->work = work;
    begun->context = context;
    thread = CreateThread(NULL, 0, run, begun, 0, NULL);
    if (thread == NULL) {
        free(begun);
        return FALSE;
    }
    CloseHandle(thread);
    return TRUE;
}

typedef void (WINAPI *ras_dial_func)(UINT, DWORD, DWORD);
typedef void (WINAPI *ras_dial_func_1)(void *, UINT, DWORD, DWORD, DWORD);
typedef DWORD (WINAPI *ras_dial_func_2)(ULONG_PTR, DWORD, void *, UINT, DWORD, DWORD, DWORD);

static DWORD notify(const OnhookNotification *n)
{
    UINT message;

    switch (n->dwNotifierType) {
    case 0:
        ((ras_dial_func)n->lpvNotifier)(n->unMsg, n->rascs, n->dwError);
        return 1;
    case 1:
        ((ras_dial_func_1)n->lpvNotifier)(n->hrasconn, n->unMsg, n->rascs, n->dwError,
            n->dwExtendedError);
        return 1;
    case 2:
        return ((ras_dial_func_2)n->lpvNotifier)(n->dwCallbackId, n->dwSubEntry, n->hrasconn,
            n->unMsg, n->rascs, n->dwError, n->dwExtendedError);
    default:
        /* The dial is held until the window has been told, as it is for functions. */
        message = RegisterWindowMessageA("RasDialEvent");
        SendMessageW(n->lpvNotifier, message != 0 ? message : n->unMsg, n->rascs, n->dwError);
        return 1;
    }
}

/* An event of our own for the same thing: the program may close its own at any time. */
static void *keep_event(void *event)
{
    HANDLE process = GetCurrentProcess();
    HANDLE kept = NULL;

    if (event == NULL || event == INVALID_HANDLE_VALUE
        || !DuplicateHandle(process, event, process, &kept, EVENT_MODIFY_STATE, FALSE, 0))
        return NULL;
    return kept;
}

static void set_event(void *kept)
{
    SetEvent(kept);
}

static void release_event(void *kept)
{
    CloseHandle(kept);
}

static int to_wide(const char *text, int octets, WCHAR *wide, int room)
{
    return MultiByteToWideChar(CP_ACP, MB_ERR_INVALID_CHARS, text, octets, wide, room);
}

static int from_wide(const WCHAR *wide, int units, char *text, int room)
{
    return WideCharToMultiByte(CP_ACP, 0, wide, units, text, room, NULL, NULL);
}

static DWORD unix_path(const WCHAR *path, char *unix_path, DWORD room)
{
    char *name;
    size_t octets = 0;

    if (path[0] == '/')
        return 0; /* a path of Linux, which Windows has none of */
    name = wine_get_unix_file_name(path);
    if (name == NULL)
        return 0;
    if (strlen(name) <= room) {
        octets = strlen(name);
        memcpy(unix_path, name, octets);
    }
    HeapFree(GetProcessHeap(), 0, name);
    return (DWORD)octets;
}

static const OnhookHost host = {
    sizeof(OnhookHost), begin_thread, notify, keep_event, set_event, release_event, to_wide, from_wide, unix_path,
};

/* Answers whether librasapi32.so is there with all of its functions; says what is missing. */
static BOOL find_library(void)
{
    DWORD (*serve)(const OnhookHost *) = NULL;
    void *library = dlopen("librasapi32.so", RTLD_NOW | RTLD_LOCAL);
    DWORD error;
    int at;

    if (library != NULL)
        serve = (DWORD (*)(const OnhookHost *))dlsym(library, "OnhookServe");
    for (at = 0; serve != NULL && at < COUNT; at++) {
        native[at] = dlsym(library, names[at]);
        if (native[at] == NULL)
            serve = NULL;
    }
    if (serve == NULL) {
        fprintf(stderr, "onhook's library for Wine: %s\n", dlerror());
        return FALSE;
    }
    error = serve(&host);
    /* rasdlg.dll and rasapi32.dll may both be in one program: the first of them serves it. */
    if (error != ERROR_SUCCESS && error != ERROR_ALREADY_EXISTS) {
        fprintf(stderr, "onhook's library for Wine: librasapi32.so is of another version (%u)\n",
            (unsigned)error);
        return FALSE;
    }
    return TRUE;
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved)
{
    HMODULE pinned;

    (void)reserved;
    if (reason != DLL_PROCESS_ATTACH)
        return TRUE;
    DisableThreadLibraryCalls(self);
    /* Threads of the library call into this one for as long as the process lives. */
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
        (const WCHAR *)(void *)&host, &pinned);
    return find_library();
}
