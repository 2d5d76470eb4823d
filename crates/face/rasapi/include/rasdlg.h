/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * rasdlg.h: the dialogs of the Remote Access Service.
 *
 * They answer whether the thing has been done, and put the error, if any, into dwError of their structure.
 * Where there is no screen they do what can be done without one and name the error for the rest.
 */
#ifndef ONHOOK_RASDLG_H
#define ONHOOK_RASDLG_H
#define _RASDLG_H_ /* the name by which other headers know this one */

#include "ras.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma pack(push, 4)

#if (WINVER >= 0x401)

/* ---- The phone book --------------------------------------------------------------------------------- */

/* What RASPBDLGFUNC is told */
#define RASPBDEVENT_AddEntry          1  /* pszEntry is the new name */
#define RASPBDEVENT_EditEntry         2
#define RASPBDEVENT_RemoveEntry       3
#define RASPBDEVENT_DialEntry         4
#define RASPBDEVENT_EditGlobals       5  /* preferences changed */
#define RASPBDEVENT_NoUser            6  /* callback fills RASNOUSER */
#define RASPBDEVENT_NoUserEdit        7  /* user changed what was given */

/* RASPBDLG.dwFlags */
#define RASPBDFLAG_PositionDlg        0x00000001
#define RASPBDFLAG_ForceCloseOnDial   0x00000002
#define RASPBDFLAG_NoUser             0x00000010
#define RASPBDFLAG_UpdateDefaults     0x80000000

/* RASNOUSER.dwFlags */
#if (WINVER >= 0x500)
#define RASNOUSER_SmartCard           0x00000001
#endif

/* Credentials that the dialog asks its caller for when no user is logged on. */
typedef struct tagRASNOUSERA {
    DWORD             dwSize;
    DWORD             dwFlags;
    DWORD             dwTimeoutMs;
    CHAR              szUserName[UNLEN+1];
    CHAR              szPassword[PWLEN+1];
    CHAR              szDomain[DNLEN+1];
} RASNOUSERA, *LPRASNOUSERA;

typedef struct tagRASNOUSERW {
    DWORD             dwSize;
    DWORD             dwFlags;
    DWORD             dwTimeoutMs;
    WCHAR             szUserName[UNLEN+1];
    WCHAR             szPassword[PWLEN+1];
    WCHAR             szDomain[DNLEN+1];
} RASNOUSERW, *LPRASNOUSERW;

typedef VOID (WINAPI *RASPBDLGFUNCA)(ULONG_PTR dwCallbackId, DWORD dwEvent, LPSTR pszText, LPVOID pData);
typedef VOID (WINAPI *RASPBDLGFUNCW)(ULONG_PTR dwCallbackId, DWORD dwEvent, LPWSTR pszText, LPVOID pData);

typedef struct tagRASPBDLGA {
    DWORD             dwSize;
    HWND              hwndOwner;
    DWORD             dwFlags;
    LONG              xDlg;
    LONG              yDlg;
    ULONG_PTR         dwCallbackId;
    RASPBDLGFUNCA     pCallback;
    DWORD             dwError;
    ULONG_PTR         reserved;
    ULONG_PTR         reserved2;
} RASPBDLGA, *LPRASPBDLGA;

typedef struct tagRASPBDLGW {
    DWORD             dwSize;
    HWND              hwndOwner;
    DWORD             dwFlags;
    LONG              xDlg;
    LONG              yDlg;
    ULONG_PTR         dwCallbackId;
    RASPBDLGFUNCW     pCallback;
    DWORD             dwError;
    ULONG_PTR         reserved;
    ULONG_PTR         reserved2;
} RASPBDLGW, *LPRASPBDLGW;

/* ---- One entry -------------------------------------------------------------------------------------- */

/* RASENTRYDLG.dwFlags */
#define RASEDFLAG_PositionDlg         0x00000001
#define RASEDFLAG_NewEntry            0x00000002
#define RASEDFLAG_CloneEntry          0x00000004  /* gone since Vista */
#define RASEDFLAG_NoRename            0x00000008
#define RASEDFLAG_NewPhoneEntry       0x00000010
#define RASEDFLAG_NewTunnelEntry      0x00000020
#define RASEDFLAG_NewDirectEntry      0x00000040  /* gone since Vista */
#define RASEDFLAG_NewBroadbandEntry   0x00000080
#define RASEDFLAG_InternetEntry       0x00000100
#define RASEDFLAG_NAT                 0x00000200
#if (WINVER >= 0x600)
#define RASEDFLAG_IncomingConnection  0x00000400
#endif
#define RASEDFLAG_ShellOwned          0x40000000

typedef struct tagRASENTRYDLGA {
    DWORD             dwSize;
    HWND              hwndOwner;
    DWORD             dwFlags;
    LONG              xDlg;
    LONG              yDlg;
    CHAR              szEntry[RAS_MaxEntryName+1];
    DWORD             dwError;
    ULONG_PTR         reserved;
    ULONG_PTR         reserved2;
} RASENTRYDLGA, *LPRASENTRYDLGA;

typedef struct tagRASENTRYDLGW {
    DWORD             dwSize;
    HWND              hwndOwner;
    DWORD             dwFlags;
    LONG              xDlg;
    LONG              yDlg;
    WCHAR             szEntry[RAS_MaxEntryName+1];
    DWORD             dwError;
    ULONG_PTR         reserved;
    ULONG_PTR         reserved2;
} RASENTRYDLGW, *LPRASENTRYDLGW;

/* ---- Dialing ---------------------------------------------------------------------------------------- */

/* RASDIALDLG.dwFlags */
#define RASDDFLAG_PositionDlg         0x00000001
#if (WINVER >= 0x501)
#define RASDDFLAG_NoPrompt            0x00000002
#endif
#if (WINVER >= 0x602)
#define RASDDFLAG_AoacRedial          0x00000004
#endif
#define RASDDFLAG_LinkFailure         0x80000000

typedef struct tagRASDIALDLG {
    DWORD             dwSize;
    HWND              hwndOwner;
    DWORD             dwFlags;
    LONG              xDlg;
    LONG              yDlg;
    DWORD             dwSubEntry;
    DWORD             dwError;
    ULONG_PTR         reserved;
    ULONG_PTR         reserved2;
} RASDIALDLG, *LPRASDIALDLG;

#if (WINVER >= 0x500)
/* Dialogs of custom dialers */
typedef BOOL (WINAPI *RasCustomDialDlgFn)(HINSTANCE hInstDll, DWORD dwFlags, LPWSTR lpszPhonebook,
    LPWSTR lpszEntry, LPWSTR lpszPhoneNumber, LPRASDIALDLG lpInfo, PVOID pvInfo);
typedef BOOL (WINAPI *RasCustomEntryDlgFn)(HINSTANCE hInstDll, LPWSTR lpszPhonebook, LPWSTR lpszEntry,
    LPRASENTRYDLGW lpInfo, DWORD dwFlags);
#endif

/* ---- Functions -------------------------------------------------------------------------------------- */

BOOL WINAPI RasPhonebookDlgA(LPSTR lpszPhonebook, LPSTR lpszEntry, LPRASPBDLGA lpInfo);
BOOL WINAPI RasPhonebookDlgW(LPWSTR lpszPhonebook, LPWSTR lpszEntry, LPRASPBDLGW lpInfo);
BOOL WINAPI RasEntryDlgA(LPSTR lpszPhonebook, LPSTR lpszEntry, LPRASENTRYDLGA lpInfo);
BOOL WINAPI RasEntryDlgW(LPWSTR lpszPhonebook, LPWSTR lpszEntry, LPRASENTRYDLGW lpInfo);
BOOL WINAPI RasDialDlgA(
    LPSTR lpszPhonebook, LPSTR lpszEntry, LPSTR lpszPhoneNumber, LPRASDIALDLG lpInfo);
BOOL WINAPI RasDialDlgW(
    LPWSTR lpszPhonebook, LPWSTR lpszEntry, LPWSTR lpszPhoneNumber, LPRASDIALDLG lpInfo);

#ifdef UNICODE
#define RASNOUSER                    RASNOUSERW
#define LPRASNOUSER                  LPRASNOUSERW
#define RASPBDLG                     RASPBDLGW
#define LPRASPBDLG                   LPRASPBDLGW
#define RASENTRYDLG                  RASENTRYDLGW
#define LPRASENTRYDLG                LPRASENTRYDLGW
#define RASPBDLGFUNC                 RASPBDLGFUNCW
#define RasPhonebookDlg              RasPhonebookDlgW
#define RasEntryDlg                  RasEntryDlgW
#define RasDialDlg                   RasDialDlgW
#else
#define RASNOUSER                    RASNOUSERA
#define LPRASNOUSER                  LPRASNOUSERA
#define RASPBDLG                     RASPBDLGA
#define LPRASPBDLG                   LPRASPBDLGA
#define RASENTRYDLG                  RASENTRYDLGA
#define LPRASENTRYDLG                LPRASENTRYDLGA
#define RASPBDLGFUNC                 RASPBDLGFUNCA
#define RasPhonebookDlg              RasPhonebookDlgA
#define RasEntryDlg                  RasEntryDlgA
#define RasDialDlg                   RasDialDlgA
#endif

#endif /* WINVER >= 0x401 */

#pragma pack(pop)

#ifdef __cplusplus
}
#endif

#endif /* ONHOOK_RASDLG_H */
