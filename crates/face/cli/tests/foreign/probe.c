/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A program for Windows that says what works, one line each, and stops at the first thing that does not.
 * With an argument it ends in the midst of a dial, as a program does that crashes.
 * It is given nothing: user, password, the entries "Office" and "B\xfcro" and the book of "Elsewhere" are the
 * test's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>
#include <ras.h>
#include <rasdlg.h>
#include <raserror.h>

#define LONG_TIME 20000 /* milliseconds after which something counts as stuck */

#define MUST(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            ExitProcess(1); \
        } \
    } while (0)

/* What notifiers have heard. */
static struct {
    HANDLE finished;
    HRASCONN connection;
    DWORD tls;
    LONG calls;
    DWORD last;
    DWORD error;
    DWORD answers; /* type 2: how many calls it wants */
    BOOL hang_up;
} heard;

static void begin(void)
{
    ResetEvent(heard.finished);
    heard.connection = NULL;
    heard.calls = 0;
    heard.last = 0xFFFFFFFF;
    heard.error = 0;
    heard.hang_up = FALSE;
}

static void hear(DWORD state, DWORD error)
{
    char *memory;

    /* Only a thread of Windows has a last error, storage of its own and a heap. */
    SetLastError(state + 7);
    MUST(TlsSetValue(heard.tls, &heard) && TlsGetValue(heard.tls) == &heard);
    memory = HeapAlloc(GetProcessHeap(), 0, 4096);
    MUST(memory != NULL && HeapFree(GetProcessHeap(), 0, memory));
    SetLastError(state + 7);
    MUST(GetLastError() == state + 7 && GetCurrentThreadId() != 0);
    heard.calls++;
    heard.last = state;
    heard.error = error;
    if (error != 0 || (state & RASCS_DONE))
        SetEvent(heard.finished);
}

static VOID WINAPI func(UINT message, RASCONNSTATE state, DWORD error)
{
    MUST(message == WM_RASDIALEVENT);
    hear(state, error);
}

static VOID WINAPI func1(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error, DWORD extended)
{
    MUST(connection != NULL && message == WM_RASDIALEVENT && extended == 0);
    heard.connection = connection;
    if (heard.hang_up && state == RASCS_Authenticate) {
        MUST(RasHangUpA(connection) == ERROR_SUCCESS);
        MUST(RasHangUpA(connection) == ERROR_NO_CONNECTION);
        heard.calls++;
        SetEvent(heard.finished);
        return;
    }
    hear(state, error);
}

static DWORD WINAPI func2(ULONG_PTR id, DWORD link, HRASCONN connection, UINT message, RASCONNSTATE state,
    DWORD error, DWORD extended)
{
    MUST(id == 0x123456789abc && link <= 1 && message == WM_RASDIALEVENT && extended == 0);
    heard.connection = connection;
    hear(state, error);
    return (DWORD)heard.calls < heard.answers;
}

static void params_of(RASDIALPARAMSA *params, const char *entry)
{
    memset(params, 0, sizeof *params);
    params->dwSize = sizeof *params;
    strcpy(params->szEntryName, entry);
    strcpy(params->szUserName, "alice");
    strcpy(params->szPassword, "wonderland1");
    params->dwCallbackId = 0x123456789abc;
}

static DWORD dial(const char *book, const char *entry, DWORD type, void *notifier, HRASCONN *connection)
{
    RASDIALPARAMSA params;

    begin();
    params_of(&params, entry);
    *connection = NULL;
    return RasDialA(NULL, book, &params, type, notifier, connection);
}

static DWORD state_of(HRASCONN connection, DWORD *state)
{
    RASCONNSTATUSA status;
    DWORD error;

    memset(&status, 0, sizeof status);
    status.dwSize = sizeof status;
    error = RasGetConnectStatusA(connection, &status);
    *state = status.rasconnstate;
    return error;
}

static void wait_gone(HRASCONN connection)
{
    DWORD begin = GetTickCount();
    DWORD state;

    while (state_of(connection, &state) != ERROR_INVALID_HANDLE) {
        MUST(GetTickCount() - begin < LONG_TIME);
        Sleep(1);
    }
}

static void end(HRASCONN connection)
{
    MUST(RasHangUpA(connection) == ERROR_SUCCESS);
    wait_gone(connection);
    MUST(RasHangUpA(connection) == ERROR_NO_CONNECTION);
}

static void dial_without_notifier(void)
{
    HRASCONN connection;
    DWORD state;

    MUST(dial(NULL, "Office", 0, NULL, &connection) == ERROR_SUCCESS);
    MUST(state_of(connection, &state) == ERROR_SUCCESS && state == RASCS_Connected);
    end(connection);
}

static void dial_with(DWORD type, void *notifier)
{
    HRASCONN connection;

    MUST(dial(NULL, "Office", type, notifier, &connection) == ERROR_SUCCESS && connection != NULL);
    MUST(WaitForSingleObject(heard.finished, LONG_TIME) == WAIT_OBJECT_0);
    MUST(heard.calls > 8 && heard.last == RASCS_Connected && heard.error == ERROR_SUCCESS);
    MUST(type == 0 || heard.connection == connection);
    end(connection);
}

static void dial_until_no_more(void)
{
    HRASCONN connection;
    DWORD begin = GetTickCount();
    DWORD state = 0;

    heard.answers = 1000;
    dial_with(2, (void *)func2);
    heard.answers = 3;
    MUST(dial(NULL, "Office", 2, (void *)func2, &connection) == ERROR_SUCCESS);
    while (state_of(connection, &state) == ERROR_SUCCESS && state != RASCS_Connected) {
        MUST(GetTickCount() - begin < LONG_TIME);
        Sleep(1);
    }
    MUST(state == RASCS_Connected && heard.calls == 3);
    end(connection);
}

static void hang_up_within(void)
{
    HRASCONN connection;
    RASDIALPARAMSA params;

    begin();
    params_of(&params, "Office");
    connection = NULL;
    heard.hang_up = TRUE;
    MUST(RasDialA(NULL, NULL, &params, 1, (void *)func1, &connection) == ERROR_SUCCESS);
    MUST(WaitForSingleObject(heard.finished, LONG_TIME) == WAIT_OBJECT_0);
    wait_gone(connection);
    MUST(heard.last == RASCS_AllDevicesConnected && heard.error == ERROR_SUCCESS);
}

static UINT message_of_window;

static LRESULT CALLBACK procedure(HWND window, UINT message, WPARAM wide, LPARAM lean)
{
    if (message == message_of_window) {
        hear((DWORD)wide, (DWORD)lean);
        return TRUE;
    }
    return DefWindowProcA(window, message, wide, lean);
}

static void dial_with_window(void)
{
    WNDCLASSA class;
    HWND window;
    HRASCONN connection;
    MSG message;
    DWORD begin = GetTickCount();

    memset(&class, 0, sizeof class);
    class.lpfnWndProc = procedure;
    class.hInstance = GetModuleHandleA(NULL);
    class.lpszClassName = "probe";
    MUST(RegisterClassA(&class) != 0);
    window = CreateWindowA("probe", "", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, class.hInstance, NULL);
    MUST(window != NULL);
    message_of_window = RegisterWindowMessageA(RASDIALEVENT);
    MUST(dial(NULL, "Office", 0xFFFFFFFF, window, &connection) == ERROR_SUCCESS);
    while (WaitForSingleObject(heard.finished, 0) != WAIT_OBJECT_0) {
        MUST(GetTickCount() - begin < LONG_TIME);
        MsgWaitForMultipleObjects(1, &heard.finished, FALSE, 1000, QS_ALLINPUT);
        while (PeekMessageA(&message, NULL, 0, 0, PM_REMOVE))
            DispatchMessageA(&message);
    }
    MUST(heard.calls > 8 && heard.last == RASCS_Connected && heard.error == ERROR_SUCCESS);
    end(connection);
    DestroyWindow(window);
}

static void events(void)
{
    HANDLE any = CreateEventA(NULL, FALSE, FALSE, NULL);
    HANDLE one = CreateEventA(NULL, TRUE, FALSE, NULL);
    HANDLE closed = CreateEventA(NULL, TRUE, FALSE, NULL);
    HRASCONN every = (HRASCONN)INVALID_HANDLE_VALUE;
    HRASCONN connection;

    MUST(RasConnectionNotificationA(every, (HANDLE)0x7ffffff0, RASCN_Connection) == ERROR_INVALID_HANDLE);
    MUST(RasConnectionNotificationA(every, any, 0) == ERROR_INVALID_PARAMETER);
    MUST(RasConnectionNotificationA(every, any, RASCN_Connection) == ERROR_SUCCESS);
    /* An event that its program has closed harms nobody. */
    MUST(RasConnectionNotificationW(every, closed, RASCN_Connection) == ERROR_SUCCESS);
    CloseHandle(closed);
    MUST(WaitForSingleObject(any, 0) == WAIT_TIMEOUT);
    MUST(dial(NULL, "Office", 0, NULL, &connection) == ERROR_SUCCESS);
    MUST(WaitForSingleObject(any, LONG_TIME) == WAIT_OBJECT_0);
    MUST(RasConnectionNotificationW(connection, one, RASCN_Disconnection) == ERROR_SUCCESS);
    MUST(WaitForSingleObject(one, 0) == WAIT_TIMEOUT);
    end(connection);
    MUST(WaitForSingleObject(one, LONG_TIME) == WAIT_OBJECT_0);
}

static void code_page(void)
{
    static const char name[] = "B\xfcro"; /* as the code page 1252 has it */
    RASENTRYNAMEA rows[8];
    RASCONNA connected;
    DWORD octets = sizeof rows;
    DWORD count = 0;
    DWORD found = 0;
    HRASCONN connection;

    MUST(GetACP() == 1252);
    memset(rows, 0, sizeof rows);
    rows[0].dwSize = sizeof rows[0];
    MUST(RasEnumEntriesA(NULL, NULL, rows, &octets, &count) == ERROR_SUCCESS && count == 2);
    while (found < count && strcmp(rows[found].szEntryName, name) != 0)
        found++;
    MUST(found < count);
    MUST(dial(NULL, name, 0, NULL, &connection) == ERROR_SUCCESS);
    memset(&connected, 0, sizeof connected);
    connected.dwSize = sizeof connected;
    octets = sizeof connected;
    MUST(RasEnumConnectionsA(&connected, &octets, &count) == ERROR_SUCCESS && count == 1);
    MUST(strcmp(connected.szEntryName, name) == 0);
    end(connection);
}

static void paths(void)
{
    char folder[MAX_PATH];
    char book[2 * MAX_PATH];
    HRASCONN connection;
    DWORD length = GetCurrentDirectoryA(sizeof folder, folder);

    MUST(length > 3 && length < sizeof folder && folder[1] == ':' && folder[2] == '\\');
    snprintf(book, sizeof book, "%s\\books\\other.pbk", folder);
    MUST(RasValidateEntryNameA(book, "Elsewhere") == ERROR_ALREADY_EXISTS);
    MUST(dial(book, "Elsewhere", 0, NULL, &connection) == ERROR_SUCCESS);
    end(connection);
    MUST(dial("books\\other.pbk", "Elsewhere", 0, NULL, &connection) == ERROR_SUCCESS);
    end(connection);
    MUST(dial("C:\\no\\such.pbk", "Elsewhere", 0, NULL, &connection) == ERROR_CANNOT_OPEN_PHONEBOOK);
}

static void dialogs(void)
{
    RASDIALDLG info;

    memset(&info, 0, sizeof info);
    info.dwSize = sizeof info;
    MUST(!RasDialDlgA(NULL, (char *)"Office", NULL, &info) && info.dwError == ERROR_INTERACTIVE_MODE);
}

static volatile LONG listing = 1;

static DWORD WINAPI list_and_ask(void *unused)
{
    RASCONNA rows[4];
    DWORD octets;
    DWORD count;
    DWORD error;
    DWORD state;

    (void)unused;
    while (listing) {
        memset(rows, 0, sizeof rows);
        rows[0].dwSize = sizeof rows[0];
        octets = sizeof rows;
        MUST(RasEnumConnectionsA(rows, &octets, &count) == ERROR_SUCCESS && count <= 1);
        if (count == 1) {
            MUST(strcmp(rows[0].szEntryName, "Office") == 0);
            error = state_of(rows[0].hrasconn, &state);
            MUST(error == ERROR_SUCCESS || error == ERROR_INVALID_HANDLE);
        }
    }
    return 0;
}

static void many_threads(void)
{
    HANDLE threads[8];
    int at;

    for (at = 0; at < 8; at++)
        threads[at] = CreateThread(NULL, 0, list_and_ask, NULL, 0, NULL);
    for (at = 0; at < 10; at++)
        dial_with(1, (void *)func1);
    listing = 0;
    MUST(WaitForMultipleObjects(8, threads, TRUE, LONG_TIME) == WAIT_OBJECT_0);
}

static VOID WINAPI stay(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error, DWORD extended)
{
    (void)connection;
    (void)message;
    (void)error;
    (void)extended;
    if (state == RASCS_Authenticate) {
        SetEvent(heard.finished);
        Sleep(INFINITE);
    }
}

static void end_in_the_midst(void)
{
    HRASCONN connection;

    MUST(dial(NULL, "Office", 1, (void *)stay, &connection) == ERROR_SUCCESS);
    MUST(WaitForSingleObject(heard.finished, LONG_TIME) == WAIT_OBJECT_0);
}

static void say(const char *what)
{
    printf("%s\n", what);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    (void)argv;
    heard.finished = CreateEventA(NULL, TRUE, FALSE, NULL);
    heard.tls = TlsAlloc();
    if (argc > 1) {
        end_in_the_midst();
        return 0;
    }
    dial_without_notifier();
    say("a dial without notifier");
    dial_with(0, (void *)func);
    say("RasDialFunc");
    dial_with(1, (void *)func1);
    say("RasDialFunc1");
    dial_until_no_more();
    say("RasDialFunc2 until it asks for no more");
    hang_up_within();
    say("a hang-up from within a notifier");
    dial_with_window();
    say("messages to a window");
    events();
    say("events of Windows");
    code_page();
    say("text of the code page");
    paths();
    say("paths of Windows");
    dialogs();
    say("dialogs");
    many_threads();
    say("many threads");
    return 0;
}
