/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Dials an entry, shows how it goes, lists what is connected, and hangs up.
 *
 *     cc -o dial dial.c $(pkg-config --cflags --libs rasapi32)
 *     ./dial [-b PHONEBOOK] [-n] ENTRY [USER]
 *
 * With USER the password is the first line of standard input; without, the saved credentials are used.
 * Connected, it waits for another line, or for the end of standard input; with -n it hangs up at once.
 * The exit status is 0 if the entry was connected and is entirely gone afterwards.
 */
#define _POSIX_C_SOURCE 200809L /* pthread, clock_gettime, nanosleep */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ras.h>
#include <raserror.h>

/* How the dial stands, as the notifier has heard it. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int finished;
    DWORD error;
} dial = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static void complain(const char *what, DWORD error)
{
    char text[512];

    if (RasGetErrorStringA(error, text, sizeof text) == ERROR_SUCCESS)
        fprintf(stderr, "%s: %s (%u)\n", what, text, (unsigned)error);
    else
        fprintf(stderr, "%s: error %u\n", what, (unsigned)error);
}

static const char *name_of(RASCONNSTATE state)
{
    switch (state) {
    case RASCS_OpenPort:            return "opening the port";
    case RASCS_PortOpened:          return "the port is open";
    case RASCS_ConnectDevice:       return "connecting the device";
    case RASCS_DeviceConnected:     return "the device is connected";
    case RASCS_AllDevicesConnected: return "all devices are connected";
    case RASCS_Authenticate:        return "authenticating";
    case RASCS_AuthNotify:          return "authentication goes on";
    case RASCS_Authenticated:       return "authenticated";
    case RASCS_AuthProject:         return "negotiating addresses";
    case RASCS_Projected:           return "addresses are agreed";
    case RASCS_ApplySettings:       return "applying settings";
    case RASCS_Connected:           return "connected";
    case RASCS_Disconnected:        return "disconnected";
    default:                        return "";
    }
}

/*
 * Called on a thread of the library for every state. The dial goes on when it returns, so it is kept
 * short. After an error, Connected or Disconnected it is not called again.
 */
static VOID WINAPI notifier(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error,
    DWORD extended)
{
    (void)connection;
    (void)message;
    (void)extended;
    if (error == ERROR_SUCCESS)
        printf("  %5d %s\n", (int)state, name_of(state));
    pthread_mutex_lock(&dial.lock);
    if (error != ERROR_SUCCESS || (state & RASCS_DONE)) {
        dial.error = error;
        if (error == ERROR_SUCCESS && state == RASCS_Disconnected)
            dial.error = ERROR_DISCONNECTION;
        dial.finished = 1;
        pthread_cond_signal(&dial.changed);
    }
    pthread_mutex_unlock(&dial.lock);
}

static DWORD wait_until_finished(void)
{
    DWORD error;

    pthread_mutex_lock(&dial.lock);
    while (!dial.finished)
        pthread_cond_wait(&dial.changed, &dial.lock);
    error = dial.error;
    pthread_mutex_unlock(&dial.lock);
    return error;
}

/* A buffer grows until it is large enough: connections may come while we ask. */
static DWORD list(void)
{
    RASCONNA *rows = NULL;
    DWORD octets = 0;
    DWORD count = 0;
    DWORD error;
    DWORD at;

    for (;;) {
        if (rows != NULL)
            rows->dwSize = sizeof *rows; /* says which version of the structure we know */
        error = RasEnumConnectionsA(rows, &octets, &count);
        if (error != ERROR_BUFFER_TOO_SMALL)
            break;
        free(rows);
        rows = calloc(1, octets);
        if (rows == NULL)
            return ERROR_NOT_ENOUGH_MEMORY;
    }
    if (error == ERROR_SUCCESS && rows != NULL) {
        for (at = 0; at < count; at++)
            printf("  %-24s %-8s %s\n", rows[at].szEntryName, rows[at].szDeviceType,
                rows[at].szDeviceName);
    }
    free(rows);
    return error;
}

/* The address that was agreed, and what has been carried. */
static void show(HRASCONN connection)
{
    RASPPPIPA ip;
    RAS_STATS statistics;
    DWORD octets = sizeof ip;

    memset(&ip, 0, sizeof ip);
    ip.dwSize = sizeof ip;
    if (RasGetProjectionInfoA(connection, RASP_PppIp, &ip, &octets) == ERROR_SUCCESS
        && ip.dwError == ERROR_SUCCESS)
        printf("  %s, the server is %s\n", ip.szIpAddress, ip.szServerIpAddress);
    memset(&statistics, 0, sizeof statistics);
    statistics.dwSize = sizeof statistics;
    if (RasGetConnectionStatistics(connection, &statistics) == ERROR_SUCCESS)
        printf("  sent %u, received %u octets in %u ms\n", (unsigned)statistics.dwBytesXmited,
            (unsigned)statistics.dwBytesRcved, (unsigned)statistics.dwConnectDuration);
}

/*
 * RasHangUp returns before everything is undone. Everything is when the handle is invalid; that is
 * asked until it is so, with a limit for the case that something is very wrong.
 */
static DWORD hang_up(HRASCONN connection)
{
    const struct timespec pause = {0, 10 * 1000 * 1000};
    struct timespec now;
    time_t limit;
    RASCONNSTATUSA status;
    DWORD error = RasHangUpA(connection);

    if (error != ERROR_SUCCESS)
        return error;
    clock_gettime(CLOCK_MONOTONIC, &now);
    limit = now.tv_sec + 30;
    for (;;) {
        memset(&status, 0, sizeof status);
        status.dwSize = sizeof status;
        error = RasGetConnectStatusA(connection, &status);
        if (error == ERROR_INVALID_HANDLE)
            return ERROR_SUCCESS; /* the only proof that nothing is left */
        if (error != ERROR_SUCCESS)
            return error;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec >= limit)
            return ERROR_HANGUP_FAILED;
        nanosleep(&pause, NULL);
    }
}

/* A line of standard input without its end; answers whether there was one that fits. */
static int read_line(char *text, size_t room)
{
    if (fgets(text, (int)room, stdin) == NULL)
        return 0;
    text[strcspn(text, "\r\n")] = '\0';
    return 1;
}

int main(int argc, char **argv)
{
    const char *book = NULL;
    int at_once = 0;
    int at = 1;
    int status = EXIT_FAILURE;
    char line[PWLEN + 2];
    RASDIALPARAMSA parameters;
    HRASCONN connection = NULL; /* must be NULL before the first call: else a paused dial is resumed */
    DWORD error;

    while (at < argc && argv[at][0] == '-') {
        if (strcmp(argv[at], "-n") == 0) {
            at_once = 1;
        } else if (strcmp(argv[at], "-b") == 0 && at + 1 < argc) {
            book = argv[++at];
        } else {
            break;
        }
        at++;
    }
    if (at >= argc || argc - at > 2 || argv[at][0] == '-') {
        fprintf(stderr, "usage: %s [-b PHONEBOOK] [-n] ENTRY [USER]\n", argv[0]);
        return 2;
    }

    memset(&parameters, 0, sizeof parameters);
    parameters.dwSize = sizeof parameters;
    if (strlen(argv[at]) >= sizeof parameters.szEntryName) {
        fprintf(stderr, "%s: the name is too long\n", argv[at]);
        return 2;
    }
    strcpy(parameters.szEntryName, argv[at]);
    if (at + 1 < argc) {
        if (strlen(argv[at + 1]) >= sizeof parameters.szUserName || !read_line(line, sizeof line)
            || strlen(line) >= sizeof parameters.szPassword) {
            fprintf(stderr, "%s: user name or password is missing or too long\n", argv[at]);
            return 2;
        }
        strcpy(parameters.szUserName, argv[at + 1]);
        strcpy(parameters.szPassword, line);
        memset(line, 0, sizeof line);
    }

    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("dialing %s\n", parameters.szEntryName);
    /* Strict C has no way from a function to an object pointer but through a number. */
    error = RasDialA(NULL, book, &parameters, 1, (LPVOID)(ULONG_PTR)notifier, &connection);
    memset(parameters.szPassword, 0, sizeof parameters.szPassword);
    if (error == ERROR_SUCCESS)
        error = wait_until_finished();
    if (error != ERROR_SUCCESS) {
        complain(parameters.szEntryName, error);
    } else {
        printf("connections:\n");
        error = list();
        if (error != ERROR_SUCCESS)
            complain("listing", error);
        show(connection);
        if (!at_once) {
            printf("press Enter to hang up\n");
            (void)read_line(line, sizeof line);
        }
        status = EXIT_SUCCESS;
    }

    /* Owed whenever there is a handle, also when the dial has failed. */
    if (connection != NULL) {
        error = hang_up(connection);
        if (error != ERROR_SUCCESS) {
            complain("hanging up", error);
            status = EXIT_FAILURE;
        } else {
            printf("gone\n");
        }
    }
    return status;
}
