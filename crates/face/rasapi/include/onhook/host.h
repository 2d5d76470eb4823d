/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * onhook/host.h: for those who run programs of another kind over this library, as Wine does.
 *
 * Such programs are called otherwise than C calls on Linux, and only on threads that their host has begun;
 * they have events, paths and a code page of their own. Their host tells the library once, before anything
 * else, how all of this is done. From then on what the library is given by RasDial as a notifier, by
 * RasConnectionNotification as an event, as the path of a phone book and as text in an A function is the
 * host's, and what concerns them happens on threads of the host's. Programs for Linux need nothing of this.
 */
#ifndef ONHOOK_HOST_H
#define ONHOOK_HOST_H

#include "wintypes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One call of a program's notifier. */
typedef struct OnhookNotification {
    DWORD dwNotifierType; /* as RasDial was given it: 0, 1, 2, or 0xFFFFFFFF for a window */
    void *lpvNotifier;
    ULONG_PTR dwCallbackId;
    DWORD dwSubEntry; /* counted from 1 */
    void *hrasconn;
    UINT unMsg;
    DWORD rascs;
    DWORD dwError;
    DWORD dwExtendedError;
} OnhookNotification;

/*
 * What a host does. The functions are called as C calls on Linux, on threads that call the library or that
 * begin_thread began; several may be called at once.
 */
typedef struct OnhookHost {
    DWORD dwSize; /* sizeof(OnhookHost) */

    /*
     * Calls work(context) once, on a new thread, which ends when it returns: TRUE. FALSE if there is no
     * thread to be had; work is then never called.
     */
    BOOL (*begin_thread)(void (*work)(void *), void *context);

    /* Calls a notifier. 0 if that was of type 2 and wants to hear no more, else another number. */
    DWORD (*notify)(const OnhookNotification *notification);

    /* Keeps an event of the program's, which may close it: NULL if it is none, else what stands for it. */
    void *(*keep_event)(void *event);
    /* Sets what keep_event answered. */
    void (*set_event)(void *kept);
    /* Ends what keep_event answered. */
    void (*release_event)(void *kept);

    /*
     * Text of the program's code page as UTF-16, and back: as many units (octets) as it has, at most
     * `room`; 0 or less where it is malformed. Neither has a null at its end.
     */
    int (*to_wide)(const char *text, int octets, WCHAR *wide, int room);
    int (*from_wide)(const WCHAR *wide, int units, char *text, int room);

    /*
     * A path of the program's, as Linux has it, in UTF-8: the octets that it has, without a null. 0 if
     * it is to be taken as it is, or there is no room for it.
     */
    DWORD (*unix_path)(const WCHAR *path, char *unix_path, DWORD room);
} OnhookHost;

/*
 * Serves the programs of this host from now on, for as long as the process lives: 0. 87 for NULL,
 * 632 for another size, 183 when there is a host already.
 */
DWORD OnhookServe(const OnhookHost *host);

#ifdef __cplusplus
}
#endif

#endif /* ONHOOK_HOST_H */
