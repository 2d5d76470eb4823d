/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * onhook/event.h: event handles for Linux.
 *
 * RasConnectionNotification sets an event when something has happened to a connection. Windows has events
 * of its own (and so has Wine, whose programs use those); on Linux these functions make one. It is an
 * eventfd inside, so that a program may also wait for it in its own loop, beside other descriptors.
 *
 * They may be called from any thread.
 */
#ifndef ONHOOK_EVENT_H
#define ONHOOK_EVENT_H

#include "wintypes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What OnhookWaitEvent answers, and "for ever" as its milliseconds */
#ifndef WAIT_OBJECT_0
#define WAIT_OBJECT_0 0
#endif
#ifndef WAIT_TIMEOUT
#define WAIT_TIMEOUT 258
#endif
#ifndef WAIT_FAILED
#define WAIT_FAILED 0xFFFFFFFF
#endif
#ifndef INFINITE
#define INFINITE 0xFFFFFFFF
#endif

/*
 * A new event, or NULL if there is no room for one. With manual_reset it stays set until
 * OnhookResetEvent, else one wait takes it back.
 */
HANDLE WINAPI OnhookCreateEvent(BOOL manual_reset, BOOL initial_state);

/*
 * Waits until the event is set: WAIT_OBJECT_0; or until the time has passed: WAIT_TIMEOUT. A handle that is
 * no event gives WAIT_FAILED at once.
 */
DWORD WINAPI OnhookWaitEvent(HANDLE event, DWORD milliseconds);

/* Takes the event back, as if it had not been set. FALSE for a handle that is no event. */
BOOL WINAPI OnhookResetEvent(HANDLE event);

/*
 * Ends the event, and with it everything that RasConnectionNotification was told to set it for. FALSE
 * for a handle that is no event.
 */
BOOL WINAPI OnhookCloseEvent(HANDLE event);

/*
 * The descriptor to poll for reading, which belongs to the event: it is neither to be read nor closed.
 * -1 for a handle that is no event.
 */
int WINAPI OnhookEventDescriptor(HANDLE event);

#ifdef __cplusplus
}
#endif

#endif /* ONHOOK_EVENT_H */
