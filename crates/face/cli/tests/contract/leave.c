/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A program that ends, and leaves what it has dialed to others.
 *
 *     leave list             the result of RasEnumConnections without a buffer, and the count
 *     leave fork             the same three times: here, in a child that is not executed anew, and here again
 *     leave hangup NUMBER    hangs up; prints the result, and that of the status when all is undone
 *     leave sync ENTRY       dials without a notifier; prints result and handle
 *     leave async ENTRY      dials with one, and ends when it has heard of the end of the dial
 *     leave midst ENTRY      dials with one, and ends when it has heard of the first state
 *
 * The user is alice; the password is the first line of standard input.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ras.h>
#include <raserror.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int finished;
static int any_state_will_do;
static DWORD failed;

static void WINAPI notified(UINT message, RASCONNSTATE state, DWORD error)
{
    (void)message;
    if (any_state_will_do || state == RASCS_Connected || state == RASCS_Disconnected || error != 0) {
        pthread_mutex_lock(&lock);
        finished = 1;
        failed = error;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
    }
}

static int list(void)
{
    DWORD size = 0, count = 4711;
    DWORD result = RasEnumConnectionsA(NULL, &size, &count);

    printf("%u %u\n", (unsigned)result, (unsigned)count);
    return 0;
}

static int list_and_fork(void)
{
    pid_t child;
    int status = 1;

    list();
    fflush(stdout);
    child = fork();
    if (child == 0) {
        list();
        fflush(stdout);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return 2;
    return list();
}

static int hang_up(const char *number)
{
    HRASCONN handle = (HRASCONN)(ULONG_PTR)strtoull(number, NULL, 10);
    DWORD hung_up = RasHangUpA(handle), state;
    RASCONNSTATUSA status;

    do {
        memset(&status, 0, sizeof status);
        status.dwSize = sizeof status;
        state = RasGetConnectStatusA(handle, &status);
    } while (state == 0);
    printf("%u %u\n", (unsigned)hung_up, (unsigned)state);
    return 0;
}

static int dial(const char *entry, int waits)
{
    RASDIALPARAMSA params;
    HRASCONN handle = NULL;
    DWORD result;

    memset(&params, 0, sizeof params);
    params.dwSize = sizeof params;
    strncpy(params.szEntryName, entry, sizeof params.szEntryName - 1);
    strcpy(params.szUserName, "alice");
    if (!fgets(params.szPassword, sizeof params.szPassword, stdin))
        return 2;
    params.szPassword[strcspn(params.szPassword, "\r\n")] = 0;
    result = RasDialA(NULL, NULL, &params, 0, waits ? (LPVOID)(ULONG_PTR)notified : NULL, &handle);
    if (waits && result == 0) {
        pthread_mutex_lock(&lock);
        while (!finished)
            pthread_cond_wait(&changed, &lock);
        result = failed;
        pthread_mutex_unlock(&lock);
    }
    printf("%u %llu\n", (unsigned)result, (unsigned long long)(ULONG_PTR)handle);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return list();
    if (argc == 2 && strcmp(argv[1], "fork") == 0)
        return list_and_fork();
    if (argc == 3 && strcmp(argv[1], "hangup") == 0)
        return hang_up(argv[2]);
    if (argc == 3 && strcmp(argv[1], "sync") == 0)
        return dial(argv[2], 0);
    if (argc == 3 && strcmp(argv[1], "async") == 0)
        return dial(argv[2], 1);
    any_state_will_do = 1;
    if (argc == 3 && strcmp(argv[1], "midst") == 0)
        return dial(argv[2], 1);
    return 2;
}
