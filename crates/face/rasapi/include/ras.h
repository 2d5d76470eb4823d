/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ras.h: the Remote Access Service for programs in C and C++.
 *
 * Names, values and layouts are those of the documented Windows interface, so that source written for it
 * compiles unchanged. Every function comes as ...A (text in UTF-8) and as ...W (text in UTF-16, WCHAR
 * being char16_t); the name without a letter means the W function where UNICODE is defined.
 *
 * Structures grew over the years. WINVER chooses how many members they have; the library understands
 * each of these versions by dwSize, which a program sets before every call. On Linux WINVER is 0x0A00
 * (all members) unless it is defined before this header.
 */
#ifndef ONHOOK_RAS_H
#define ONHOOK_RAS_H
#define _RAS_H_ /* the name by which other headers know this one */

#include "onhook/wintypes.h"

#ifdef _WIN32
#include <lmcons.h>
#if (WINVER >= 0x600)
#include <inaddr.h>
#include <in6addr.h>
#endif
#if defined(USES_RAS_QUARANTINE_APIS) && (WINVER >= 0x600)
#include <naptypes.h>
#endif
#else
#include <netinet/in.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#pragma pack(push, 4)

/* ---- Lengths of texts. Arrays have one more character for the null, but for the two noted. ---------- */

#ifndef NETBIOS_NAME_LEN
#define NETBIOS_NAME_LEN 16
#endif

#define RAS_MaxDeviceType     16
#define RAS_MaxPhoneNumber    128
#define RAS_MaxIpAddress      15
#define RAS_MaxIpxAddress     21

#if (WINVER >= 0x400)
#define RAS_MaxEntryName      256
#define RAS_MaxDeviceName     128
#define RAS_MaxCallbackNumber RAS_MaxPhoneNumber
#else
#define RAS_MaxEntryName      20
#define RAS_MaxDeviceName     32
#define RAS_MaxCallbackNumber 48
#endif

#define RAS_MaxAreaCode       10
#define RAS_MaxPadType        32
#define RAS_MaxX25Address     200
#define RAS_MaxFacilities     200
#define RAS_MaxUserData       200
#define RAS_MaxReplyMessage   1024 /* the array has exactly so many */
#if (WINVER >= 0x501)
#define RAS_MaxDnsSuffix      256 /* the array has exactly so many */
#endif
#if (WINVER >= 0xA00)
#define RAS_MaxIDSize         256
#endif

/* ---- Connections ----------------------------------------------------------------------------------- */

/* A connection, by a value that is valid in every process and is never given twice. */
DECLARE_HANDLE(HRASCONN);
typedef HRASCONN *LPHRASCONN;

/* RASCONN.dwFlags */
#if (WINVER >= 0x501)
#define RASCF_AllUsers                         0x00000001  /* entry lives in the all-users phone book */
#define RASCF_GlobalCreds                      0x00000002  /* dialed with credentials saved for all users */
#endif
#if (WINVER >= 0x600)
#define RASCF_OwnerKnown                       0x00000004  /* the owner of the connection is known */
#define RASCF_OwnerMatch                       0x00000008  /* the asking user is the owner */
#endif

/* A row of RasEnumConnections. */
typedef struct tagRASCONNA {
    DWORD             dwSize;
    HRASCONN          hrasconn;
    CHAR              szEntryName[RAS_MaxEntryName+1];
#if (WINVER >= 0x400)
    CHAR              szDeviceType[RAS_MaxDeviceType+1];
    CHAR              szDeviceName[RAS_MaxDeviceName+1];
#endif
#if (WINVER >= 0x401)
    CHAR              szPhonebook[MAX_PATH];
    DWORD             dwSubEntry;
#endif
#if (WINVER >= 0x500)
    GUID              guidEntry;
#endif
#if (WINVER >= 0x501)
    DWORD             dwFlags;
    LUID              luid;
#endif
#if (WINVER >= 0x600)
    GUID              guidCorrelationId;
#endif
} RASCONNA, *LPRASCONNA;

typedef struct tagRASCONNW {
    DWORD             dwSize;
    HRASCONN          hrasconn;
    WCHAR             szEntryName[RAS_MaxEntryName+1];
#if (WINVER >= 0x400)
    WCHAR             szDeviceType[RAS_MaxDeviceType+1];
    WCHAR             szDeviceName[RAS_MaxDeviceName+1];
#endif
#if (WINVER >= 0x401)
    WCHAR             szPhonebook[MAX_PATH];
    DWORD             dwSubEntry;
#endif
#if (WINVER >= 0x500)
    GUID              guidEntry;
#endif
#if (WINVER >= 0x501)
    DWORD             dwFlags;
    LUID              luid;
#endif
#if (WINVER >= 0x600)
    GUID              guidCorrelationId;
#endif
} RASCONNW, *LPRASCONNW;

/* Bits by which states are told apart */
#define RASCS_PAUSED                           0x1000  /* bit set in every paused state */
#define RASCS_DONE                             0x2000  /* bit set in the two terminal states */

/* Where a connection is on its way up or down. */
typedef enum tagRASCONNSTATE {
    RASCS_OpenPort               = 0,  /* the port is about to be opened */
    RASCS_PortOpened             = 1,  /* the port is open */
    RASCS_ConnectDevice          = 2,  /* a device is about to be connected */
    RASCS_DeviceConnected        = 3,  /* that device is connected */
    RASCS_AllDevicesConnected    = 4,  /* bytes can flow to the server */
    RASCS_Authenticate           = 5,  /* authentication begins */
    RASCS_AuthNotify             = 6,  /* something about authentication; with an error: it failed */
    RASCS_AuthRetry              = 7,  /* the client asked for one more attempt with other credentials */
    RASCS_AuthCallback           = 8,  /* the server asks for a callback number */
    RASCS_AuthChangePassword     = 9,  /* the client asked to change the password of the account */
    RASCS_AuthProject            = 10,  /* projection begins: the network protocols are negotiated */
    RASCS_AuthLinkSpeed          = 11,  /* link speed is being calculated */
    RASCS_AuthAck                = 12,  /* an authentication request is being acknowledged */
    RASCS_ReAuthenticate         = 13,  /* authentication begins again after the server has called back */
    RASCS_Authenticated          = 14,  /* authentication has succeeded */
    RASCS_PrepareForCallback     = 15,  /* the line is about to be dropped for the callback */
    RASCS_WaitForModemReset      = 16,  /* pause so that the modem can reset before the callback */
    RASCS_WaitForCallback        = 17,  /* waiting for the incoming call of the server */
    RASCS_Projected              = 18,  /* projection results are there; comes after AuthProject */
#if (WINVER >= 0x400)
    RASCS_StartAuthentication    = 19,  /* authentication is started or tried again */
    RASCS_CallbackComplete       = 20,  /* called back, about to go on authenticating */
    RASCS_LogonNetwork           = 21,  /* logging on to the remote network */
#endif
#if (WINVER >= 0x401)
    RASCS_SubEntryConnected      = 22,  /* one subentry is connected; dwSubEntry of RasDialFunc2 names it */
    RASCS_SubEntryDisconnected   = 23,  /* one subentry is disconnected; dwSubEntry names it */
#endif
#if (WINVER >= 0x601)
    RASCS_ApplySettings          = 24,  /* addresses, routes and name servers are being set */
#endif
    RASCS_Interactive            = 0x1000,  /* the user or a custom script talks to the other side */
    RASCS_RetryAuthentication    = 0x1001,  /* credentials were refused; new ones may be given */
    RASCS_CallbackSetByCaller    = 0x1002,  /* the server lets the caller choose a callback number */
    RASCS_PasswordExpired        = 0x1003,  /* the password has expired; a new one is needed */
#if (WINVER >= 0x500)
    RASCS_InvokeEapUI            = 0x1004,  /* an EAP method must show a dialog */
#endif
    RASCS_Connected              = 0x2000,  /* the connection is up */
    RASCS_Disconnected           = 0x2001  /* the connection failed or has ended */
} RASCONNSTATE, *LPRASCONNSTATE;

#if (WINVER >= 0x601)
/* What a connected IKEv2 connection is doing; RASCSS_None for all others. */
#define RASCSS_DONE 0x2000 /* bit of the finished substate */

typedef enum tagRASCONNSUBSTATE {
    RASCSS_None          = 0,
    RASCSS_Dormant       = 1,
    RASCSS_Reconnecting  = 2,
    RASCSS_Reconnected   = 0x2000
} RASCONNSUBSTATE, *LPRASCONNSUBSTATE;

/* One end of a tunnel; which of the two addresses counts is said by dwType. */
#define RASTUNNELENDPOINT_UNKNOWN  0
#define RASTUNNELENDPOINT_IPv4     1
#define RASTUNNELENDPOINT_IPv6     2
#endif

#if (WINVER >= 0x600)
typedef struct in_addr  RASIPV4ADDR;
typedef struct in6_addr RASIPV6ADDR;
#endif

#if (WINVER >= 0x601)
typedef struct tagRASTUNNELENDPOINT {
    DWORD             dwType;
    ONHOOK_UNNAMED union {
        RASIPV4ADDR   ipv4;
        RASIPV6ADDR   ipv6;
    } DUMMYUNIONNAME;
} RASTUNNELENDPOINT, *PRASTUNNELENDPOINT;
#endif

/* What RasGetConnectStatus tells. */
typedef struct tagRASCONNSTATUSA {
    DWORD             dwSize;
    RASCONNSTATE      rasconnstate;
    DWORD             dwError;
    CHAR              szDeviceType[RAS_MaxDeviceType+1];
    CHAR              szDeviceName[RAS_MaxDeviceName+1];
#if (WINVER >= 0x401)
    CHAR              szPhoneNumber[RAS_MaxPhoneNumber+1];
#endif
#if (WINVER >= 0x601)
    RASTUNNELENDPOINT localEndPoint;
    RASTUNNELENDPOINT remoteEndPoint;
    RASCONNSUBSTATE   rasconnsubstate;
#endif
} RASCONNSTATUSA, *LPRASCONNSTATUSA;

typedef struct tagRASCONNSTATUSW {
    DWORD             dwSize;
    RASCONNSTATE      rasconnstate;
    DWORD             dwError;
    WCHAR             szDeviceType[RAS_MaxDeviceType+1];
    WCHAR             szDeviceName[RAS_MaxDeviceName+1];
#if (WINVER >= 0x401)
    WCHAR             szPhoneNumber[RAS_MaxPhoneNumber+1];
#endif
#if (WINVER >= 0x601)
    RASTUNNELENDPOINT localEndPoint;
    RASTUNNELENDPOINT remoteEndPoint;
    RASCONNSUBSTATE   rasconnsubstate;
#endif
} RASCONNSTATUSW, *LPRASCONNSTATUSW;

/* ---- Dialing --------------------------------------------------------------------------------------- */

/* Whom to dial, and as whom. */
typedef struct tagRASDIALPARAMSA {
    DWORD             dwSize;
    CHAR              szEntryName[RAS_MaxEntryName+1];
    CHAR              szPhoneNumber[RAS_MaxPhoneNumber+1];
    CHAR              szCallbackNumber[RAS_MaxCallbackNumber+1];
    CHAR              szUserName[UNLEN+1];
    CHAR              szPassword[PWLEN+1];
    CHAR              szDomain[DNLEN+1];
#if (WINVER >= 0x401)
    DWORD             dwSubEntry;
    ULONG_PTR         dwCallbackId;
#endif
#if (WINVER >= 0x601)
    DWORD             dwIfIndex;
#endif
#if (WINVER >= 0x602)
    PCHAR             szEncPassword;
#endif
} RASDIALPARAMSA, *LPRASDIALPARAMSA;

typedef struct tagRASDIALPARAMSW {
    DWORD             dwSize;
    WCHAR             szEntryName[RAS_MaxEntryName+1];
    WCHAR             szPhoneNumber[RAS_MaxPhoneNumber+1];
    WCHAR             szCallbackNumber[RAS_MaxCallbackNumber+1];
    WCHAR             szUserName[UNLEN+1];
    WCHAR             szPassword[PWLEN+1];
    WCHAR             szDomain[DNLEN+1];
#if (WINVER >= 0x401)
    DWORD             dwSubEntry;
    ULONG_PTR         dwCallbackId;
#endif
#if (WINVER >= 0x601)
    DWORD             dwIfIndex;
#endif
#if (WINVER >= 0x602)
    PCHAR             szEncPassword;
#endif
} RASDIALPARAMSW, *LPRASDIALPARAMSW;

/* Octets of an EAP method, from RasGetEapUserIdentity. */
#if (WINVER >= 0x500)
typedef struct tagRASEAPINFO {
    DWORD             dwSizeofEapInfo;
    BYTE              *pbEapInfo;
} RASEAPINFO, *LPRASEAPINFO;
#endif

/* Octets for the device, which nobody in between reads. */
#if (WINVER >= 0x601)
typedef struct _RASDEVSPECIFICINFO {
    DWORD             dwSize;
    BYTE              *pbDevSpecificInfo;
} RASDEVSPECIFICINFO, *PRASDEVSPECIFICINFO;
#endif

/* RASDIALEXTENSIONS.dwfOptions */
#define RDEOPT_UsePrefixSuffix                 0x00000001  /* add the prefix and suffix kept for the RAS user */
#define RDEOPT_PausedStates                    0x00000002  /* caller can handle paused states */
#define RDEOPT_IgnoreModemSpeaker              0x00000004  /* not the entry's speaker setting */
#define RDEOPT_SetModemSpeaker                 0x00000008  /* speaker on */
#define RDEOPT_IgnoreSoftwareCompression       0x00000010  /* not the entry's compression setting */
#define RDEOPT_SetSoftwareCompression          0x00000020  /* compression on */
#if (WINVER >= 0x400)
#define RDEOPT_DisableConnectedUI              0x00000040  /* no connected dialog */
#define RDEOPT_DisableReconnectUI              0x00000080  /* no reconnect dialog */
#define RDEOPT_DisableReconnect                0x00000100  /* do not redial when the link drops */
#define RDEOPT_NoUser                          0x00000200  /* no user is present: dialing before logon */
#define RDEOPT_PauseOnScript                   0x00000400  /* internal: pause at script so that it is shown */
#define RDEOPT_Router                          0x00000800  /* internal: dialing for a router interface */
#endif
#if (WINVER >= 0x500)
#define RDEOPT_CustomDial                      0x00001000  /* RasDial is called by a custom dialer */
#endif
#if (WINVER >= 0x501)
#define RDEOPT_UseCustomScripting              0x00002000  /* run the custom-scripting DLL */
#endif
#if (WINVER >= 0x602)
#define RDEOPT_InvokeAutoTriggerCredentialUI   0x00004000  /* ask for credentials on automatic triggering */
#define RDEOPT_EapInfoCryptInCapable           0x00008000  /* caller cannot take encrypted EAP information */
#endif

/* How to dial. */
typedef struct tagRASDIALEXTENSIONS {
    DWORD             dwSize;
    DWORD             dwfOptions;
    HWND              hwndParent;
    ULONG_PTR         reserved;
#if (WINVER >= 0x500)
    ULONG_PTR         reserved1;
    RASEAPINFO        RasEapInfo;
#endif
#if (WINVER >= 0x601)
    BOOL              fSkipPppAuth;
    RASDEVSPECIFICINFO RasDevSpecificInfo;
#endif
} RASDIALEXTENSIONS, *LPRASDIALEXTENSIONS;

/* The message of RasDialFunc's unMsg, and the name that windows register it under */
#define RASDIALEVENT    TEXT("RasDialEvent")
#define WM_RASDIALEVENT 0xCCCD

/*
 * Notifiers, in the order of dwNotifierType: 0, 1, 2. RasDialFunc2 answers 0 to be left alone from then
 * on; the dial goes on all the same.
 */
typedef VOID (WINAPI *RASDIALFUNC)(UINT unMsg, RASCONNSTATE rasconnstate, DWORD dwError);
typedef VOID (WINAPI *RASDIALFUNC1)(HRASCONN hrasconn, UINT unMsg, RASCONNSTATE rascs, DWORD dwError,
    DWORD dwExtendedError);
typedef DWORD (WINAPI *RASDIALFUNC2)(ULONG_PTR dwCallbackId, DWORD dwSubEntry, HRASCONN hrasconn,
    UINT unMsg, RASCONNSTATE rascs, DWORD dwError, DWORD dwExtendedError);

/* ---- Entries of phone books ------------------------------------------------------------------------ */

/* RASENTRYNAME.dwFlags: whose phone book the entry is in */
#if (WINVER >= 0x500)
#define REN_User                               0  /* entry comes from the user phone book */
#define REN_AllUsers                           1  /* entry comes from the all-users phone book */
#endif

/* A row of RasEnumEntries. */
typedef struct tagRASENTRYNAMEA {
    DWORD             dwSize;
    CHAR              szEntryName[RAS_MaxEntryName+1];
#if (WINVER >= 0x500)
    DWORD             dwFlags;
    CHAR              szPhonebookPath[MAX_PATH+1];
#endif
} RASENTRYNAMEA, *LPRASENTRYNAMEA;

typedef struct tagRASENTRYNAMEW {
    DWORD             dwSize;
    WCHAR             szEntryName[RAS_MaxEntryName+1];
#if (WINVER >= 0x500)
    DWORD             dwFlags;
    WCHAR             szPhonebookPath[MAX_PATH+1];
#endif
} RASENTRYNAMEW, *LPRASENTRYNAMEW;

#if (WINVER >= 0x400)
/* An IPv4 address a.b.c.d, in the order in which it is written. */
typedef struct tagRASIPADDR {
    BYTE a;
    BYTE b;
    BYTE c;
    BYTE d;
} RASIPADDR;
#endif

/* RASENTRY.dwfOptions */
#define RASEO_UseCountryAndAreaCodes           0x00000001  /* country and area codes belong to the number */
#define RASEO_SpecificIpAddr                   0x00000002  /* ask for the IPv4 address in ipaddr */
#define RASEO_SpecificNameServers              0x00000004  /* use the DNS and WINS addresses of the entry */
#define RASEO_IpHeaderCompression              0x00000008  /* negotiate VJ */
#define RASEO_RemoteDefaultGateway             0x00000010  /* the default IPv4 route goes through it */
#define RASEO_DisableLcpExtensions             0x00000020  /* leave LCP extensions of RFC 1570 out */
#define RASEO_TerminalBeforeDial               0x00000040  /* terminal window before dialing */
#define RASEO_TerminalAfterDial                0x00000080  /* terminal window after dialing */
#define RASEO_ModemLights                      0x00000100  /* show a monitor in the task bar */
#define RASEO_SwCompression                    0x00000200  /* negotiate software compression */
#define RASEO_RequireEncryptedPw               0x00000400  /* password only by CHAP-like methods */
#define RASEO_RequireMsEncryptedPw             0x00000800  /* Microsoft CHAP only */
#define RASEO_RequireDataEncryption            0x00001000  /* data encryption or fail */
#define RASEO_NetworkLogon                     0x00002000  /* log on to the network after connecting */
#define RASEO_UseLogonCredentials              0x00004000  /* as the logged-on user */
#if (WINVER >= 0x401)
#define RASEO_PromoteAlternates                0x00008000  /* an alternate that worked moves to the front */
#define RASEO_SecureLocalFiles                 0x00010000  /* check that shared files are protected */
#endif
#if (WINVER >= 0x500)
#define RASEO_RequireEAP                       0x00020000  /* EAP */
#define RASEO_RequirePAP                       0x00040000  /* PAP */
#define RASEO_RequireSPAP                      0x00080000  /* Shiva PAP */
#define RASEO_Custom                           0x00100000  /* the custom authentication flags are in use */
#define RASEO_PreviewPhoneNumber               0x00200000  /* show the number before dialing */
#define RASEO_SharedPhoneNumbers               0x00800000  /* all devices of the entry share the numbers */
#define RASEO_PreviewUserPw                    0x01000000  /* ask user name and password before dialing */
#define RASEO_PreviewDomain                    0x02000000  /* ask the domain before dialing */
#define RASEO_ShowDialingProgress              0x04000000  /* progress window */
#define RASEO_RequireCHAP                      0x08000000  /* CHAP with MD5 */
#define RASEO_RequireMsCHAP                    0x10000000  /* MS-CHAP version 1 */
#define RASEO_RequireMsCHAP2                   0x20000000  /* MS-CHAP version 2 */
#define RASEO_RequireW95MSCHAP                 0x40000000  /* MS-CHAP as Windows 95 speaks it */
#endif
#if (WINVER >= 0x501)
#define RASEO_CustomScript                     0x80000000  /* a DLL runs the script */
#endif

/* RASENTRY.dwfOptions2 */
#if (WINVER >= 0x501)
#define RASEO2_SecureFileAndPrint              0x00000001  /* no file and printer sharing here */
#define RASEO2_SecureClientForMSNet            0x00000002  /* no Microsoft network client here */
#define RASEO2_DontNegotiateMultilink          0x00000004  /* no multilink negotiation for one link */
#define RASEO2_DontUseRasCredentials           0x00000008  /* these credentials are for dialing only */
#define RASEO2_UsePreSharedKey                 0x00000010  /* IPsec with a pre-shared key (L2TP) */
#define RASEO2_Internet                        0x00000020  /* the connection goes to the Internet */
#define RASEO2_DisableNbtOverIP                0x00000040  /* no NetBIOS over TCP/IP */
#define RASEO2_UseGlobalDeviceSettings         0x00000080  /* settings of the device, not of the entry */
#define RASEO2_ReconnectIfDropped              0x00000100  /* redial when the link drops */
#define RASEO2_SharePhoneNumbers               0x00000200  /* all links use the same numbers */
#endif
#if (WINVER >= 0x600)
#define RASEO2_SecureRoutingCompartment        0x00000400  /* new routing compartment for the connection */
#define RASEO2_UseTypicalSettings              0x00000800  /* typical (not advanced) security settings */
#define RASEO2_IPv6SpecificNameServers         0x00001000  /* use ipv6addrDns and ipv6addrDnsAlt */
#define RASEO2_IPv6RemoteDefaultGateway        0x00002000  /* the default IPv6 route goes through it */
#define RASEO2_RegisterIpWithDNS               0x00004000  /* register the address in DNS */
#define RASEO2_UseDNSSuffixForRegistration     0x00008000  /* register it with the suffix of the entry */
#define RASEO2_IPv4ExplicitMetric              0x00010000  /* dwIPv4InterfaceMetric counts */
#define RASEO2_IPv6ExplicitMetric              0x00020000  /* dwIPv6InterfaceMetric counts */
#define RASEO2_DisableIKENameEkuCheck          0x00040000  /* IKE: certificate is not checked for the name */
#endif
#if (WINVER >= 0x601)
#define RASEO2_DisableClassBasedStaticRoute    0x00080000  /* no class-based route on a split tunnel */
#define RASEO2_SpecificIPv6Addr                0x00100000  /* ask for ipv6addr */
#define RASEO2_DisableMobility                 0x00200000  /* no MOBIKE */
#define RASEO2_RequireMachineCertificates      0x00400000  /* IKEv2 with machine certificates */
#endif
#if (WINVER >= 0x602)
#define RASEO2_UsePreSharedKeyForIkev2Initiator 0x00800000
#define RASEO2_UsePreSharedKeyForIkev2Responder 0x01000000
#define RASEO2_CacheCredentials                0x02000000  /* remember credentials after a successful dial */
#endif
#if (WINVER >= 0x603)
#define RASEO2_AutoTriggerCapable              0x04000000  /* entry may be triggered by names or applications */
#define RASEO2_IsThirdPartyProfile             0x08000000  /* profile of a plug-in VPN */
#define RASEO2_AuthTypeIsOtp                   0x10000000  /* one-time password */
#endif
#if (WINVER >= 0xA00)
#define RASEO2_IsAlwaysOn                      0x20000000  /* always-on profile */
#define RASEO2_IsPrivateNetwork                0x40000000  /* network category private */
#define RASEO2_PlumbIKEv2TSAsRoutes            0x80000000  /* traffic selectors become routes */
#endif

/* RASENTRY.dwfNetProtocols */
#define RASNP_NetBEUI                          0x00000001  /* legacy */
#define RASNP_Ipx                              0x00000002  /* legacy */
#define RASNP_Ip                               0x00000004  /* IPv4 */
#if (WINVER >= 0x600)
#define RASNP_Ipv6                             0x00000008  /* IPv6 */
#endif

/* RASENTRY.dwFramingProtocol */
#define RASFP_Ppp                              1
#define RASFP_Slip                             2  /* legacy */
#define RASFP_Ras                              4  /* old Microsoft framing; legacy */

/* RASENTRY.dwType */
#if (WINVER >= 0x500)
#define RASET_Phone                            1  /* modem, ISDN, X.25 */
#define RASET_Vpn                              2
#if (WINVER < 0x600)
#define RASET_Direct                           3  /* by cable */
#endif
#define RASET_Internet                         4  /* Internet connection service; obsolete */
#endif
#if (WINVER >= 0x501)
#define RASET_Broadband                        5  /* PPPoE */
#endif

/* RASENTRY.dwEncryptionType */
#if (WINVER >= 0x500)
#define ET_None                                0  /* no encryption (or whatever) */
#define ET_Require                             1  /* some encryption or fail */
#define ET_RequireMax                          2  /* strongest or fail */
#define ET_Optional                            3  /* encrypt if the peer can */
#endif

/* RASENTRY.dwVpnStrategy: which protocols are tried, in which order */
#if (WINVER >= 0x500)
#define VS_Default                             0  /* try in the default order */
#define VS_PptpOnly                            1
#define VS_PptpFirst                           2  /* then L2TP */
#define VS_L2tpOnly                            3
#define VS_L2tpFirst                           4  /* then PPTP */
#endif
#if (WINVER >= 0x600)
#define VS_SstpOnly                            5
#define VS_SstpFirst                           6
#endif
#if (WINVER >= 0x601)
#define VS_Ikev2Only                           7
#define VS_Ikev2First                          8
#endif
#if (WINVER >= 0x602)
#define VS_GREOnly                             9
#define VS_PptpSstp                            12  /* PPTP then SSTP */
#define VS_L2tpSstp                            13  /* L2TP then SSTP */
#define VS_Ikev2Sstp                           14  /* IKEv2 then SSTP */
#endif
#if (WINVER >= 0xA00)
#define VS_ProtocolList                        15  /* order comes from a list in the entry */
#endif

/* RASENTRY.dwDialMode: the links of an entry with several */
#if (WINVER >= 0x401)
#define RASEDM_DialAll                         1  /* all subentries at once */
#define RASEDM_DialAsNeeded                    2  /* first one, more as traffic grows */
#endif

/* RASENTRY.dwIdleDisconnectSeconds, beside a number of seconds */
#if (WINVER >= 0x401)
#define RASIDS_Disabled                        0xFFFFFFFF  /* never hang up for idleness */
#define RASIDS_UseGlobalValue                  0x00000000  /* user preference decides */
#endif

/* Device types, compared without regard to case */
#define RASDT_Modem                            TEXT("modem")
#define RASDT_Isdn                             TEXT("isdn")
#define RASDT_X25                              TEXT("x25")
#define RASDT_Vpn                              TEXT("vpn")
#define RASDT_Pad                              TEXT("pad")
#define RASDT_Generic                          TEXT("GENERIC")
#define RASDT_Serial                           TEXT("SERIAL")
#define RASDT_FrameRelay                       TEXT("FRAMERELAY")
#define RASDT_Atm                              TEXT("ATM")
#define RASDT_Sonet                            TEXT("SONET")
#define RASDT_SW56                             TEXT("SW56")
#define RASDT_Irda                             TEXT("IRDA")
#define RASDT_Parallel                         TEXT("PARALLEL")
#if (WINVER >= 0x501)
#define RASDT_PPPoE                            TEXT("PPPoE")
#endif

/* The properties of an entry. Alternate numbers may follow behind it, where dwAlternateOffset says. */
#if (WINVER >= 0x400)
typedef struct tagRASENTRYA {
    DWORD             dwSize;
    DWORD             dwfOptions;
    DWORD             dwCountryID;
    DWORD             dwCountryCode;
    CHAR              szAreaCode[RAS_MaxAreaCode+1];
    CHAR              szLocalPhoneNumber[RAS_MaxPhoneNumber+1];
    DWORD             dwAlternateOffset;
    RASIPADDR         ipaddr;
    RASIPADDR         ipaddrDns;
    RASIPADDR         ipaddrDnsAlt;
    RASIPADDR         ipaddrWins;
    RASIPADDR         ipaddrWinsAlt;
    DWORD             dwFrameSize;
    DWORD             dwfNetProtocols;
    DWORD             dwFramingProtocol;
    CHAR              szScript[MAX_PATH];
    CHAR              szAutodialDll[MAX_PATH];
    CHAR              szAutodialFunc[MAX_PATH];
    CHAR              szDeviceType[RAS_MaxDeviceType+1];
    CHAR              szDeviceName[RAS_MaxDeviceName+1];
    CHAR              szX25PadType[RAS_MaxPadType+1];
    CHAR              szX25Address[RAS_MaxX25Address+1];
    CHAR              szX25Facilities[RAS_MaxFacilities+1];
    CHAR              szX25UserData[RAS_MaxUserData+1];
    DWORD             dwChannels;
    DWORD             dwReserved1;
    DWORD             dwReserved2;
#if (WINVER >= 0x401)
    DWORD             dwSubEntries;
    DWORD             dwDialMode;
    DWORD             dwDialExtraPercent;
    DWORD             dwDialExtraSampleSeconds;
    DWORD             dwHangUpExtraPercent;
    DWORD             dwHangUpExtraSampleSeconds;
    DWORD             dwIdleDisconnectSeconds;
#endif
#if (WINVER >= 0x500)
    DWORD             dwType;
    DWORD             dwEncryptionType;
    DWORD             dwCustomAuthKey;
    GUID              guidId;
    CHAR              szCustomDialDll[MAX_PATH];
    DWORD             dwVpnStrategy;
#endif
#if (WINVER >= 0x501)
    DWORD             dwfOptions2;
    DWORD             dwfOptions3;
    CHAR              szDnsSuffix[RAS_MaxDnsSuffix];
    DWORD             dwTcpWindowSize;
    CHAR              szPrerequisitePbk[MAX_PATH];
    CHAR              szPrerequisiteEntry[RAS_MaxEntryName+1];
    DWORD             dwRedialCount;
    DWORD             dwRedialPause;
#endif
#if (WINVER >= 0x600)
    RASIPV6ADDR       ipv6addrDns;
    RASIPV6ADDR       ipv6addrDnsAlt;
    DWORD             dwIPv4InterfaceMetric;
    DWORD             dwIPv6InterfaceMetric;
#endif
#if (WINVER >= 0x601)
    RASIPV6ADDR       ipv6addr;
    DWORD             dwIPv6PrefixLength;
    DWORD             dwNetworkOutageTime;
#endif
#if (WINVER >= 0xA00)
    CHAR              szIDi[RAS_MaxIDSize+1];
    CHAR              szIDr[RAS_MaxIDSize+1];
    BOOL              fIsImsConfig;
    DWORD             IdiType;
    DWORD             IdrType;
    BOOL              fDisableIKEv2Fragmentation;
#endif
} RASENTRYA, *LPRASENTRYA;

typedef struct tagRASENTRYW {
    DWORD             dwSize;
    DWORD             dwfOptions;
    DWORD             dwCountryID;
    DWORD             dwCountryCode;
    WCHAR             szAreaCode[RAS_MaxAreaCode+1];
    WCHAR             szLocalPhoneNumber[RAS_MaxPhoneNumber+1];
    DWORD             dwAlternateOffset;
    RASIPADDR         ipaddr;
    RASIPADDR         ipaddrDns;
    RASIPADDR         ipaddrDnsAlt;
    RASIPADDR         ipaddrWins;
    RASIPADDR         ipaddrWinsAlt;
    DWORD             dwFrameSize;
    DWORD             dwfNetProtocols;
    DWORD             dwFramingProtocol;
    WCHAR             szScript[MAX_PATH];
    WCHAR             szAutodialDll[MAX_PATH];
    WCHAR             szAutodialFunc[MAX_PATH];
    WCHAR             szDeviceType[RAS_MaxDeviceType+1];
    WCHAR             szDeviceName[RAS_MaxDeviceName+1];
    WCHAR             szX25PadType[RAS_MaxPadType+1];
    WCHAR             szX25Address[RAS_MaxX25Address+1];
    WCHAR             szX25Facilities[RAS_MaxFacilities+1];
    WCHAR             szX25UserData[RAS_MaxUserData+1];
    DWORD             dwChannels;
    DWORD             dwReserved1;
    DWORD             dwReserved2;
#if (WINVER >= 0x401)
    DWORD             dwSubEntries;
    DWORD             dwDialMode;
    DWORD             dwDialExtraPercent;
    DWORD             dwDialExtraSampleSeconds;
    DWORD             dwHangUpExtraPercent;
    DWORD             dwHangUpExtraSampleSeconds;
    DWORD             dwIdleDisconnectSeconds;
#endif
#if (WINVER >= 0x500)
    DWORD             dwType;
    DWORD             dwEncryptionType;
    DWORD             dwCustomAuthKey;
    GUID              guidId;
    WCHAR             szCustomDialDll[MAX_PATH];
    DWORD             dwVpnStrategy;
#endif
#if (WINVER >= 0x501)
    DWORD             dwfOptions2;
    DWORD             dwfOptions3;
    WCHAR             szDnsSuffix[RAS_MaxDnsSuffix];
    DWORD             dwTcpWindowSize;
    WCHAR             szPrerequisitePbk[MAX_PATH];
    WCHAR             szPrerequisiteEntry[RAS_MaxEntryName+1];
    DWORD             dwRedialCount;
    DWORD             dwRedialPause;
#endif
#if (WINVER >= 0x600)
    RASIPV6ADDR       ipv6addrDns;
    RASIPV6ADDR       ipv6addrDnsAlt;
    DWORD             dwIPv4InterfaceMetric;
    DWORD             dwIPv6InterfaceMetric;
#endif
#if (WINVER >= 0x601)
    RASIPV6ADDR       ipv6addr;
    DWORD             dwIPv6PrefixLength;
    DWORD             dwNetworkOutageTime;
#endif
#if (WINVER >= 0xA00)
    WCHAR             szIDi[RAS_MaxIDSize+1];
    WCHAR             szIDr[RAS_MaxIDSize+1];
    BOOL              fIsImsConfig;
    DWORD             IdiType;
    DWORD             IdrType;
    BOOL              fDisableIKEv2Fragmentation;
#endif
} RASENTRYW, *LPRASENTRYW;
#endif

/* One link of an entry with several. */
#if (WINVER >= 0x401)
typedef struct tagRASSUBENTRYA {
    DWORD             dwSize;
    DWORD             dwfFlags;
    CHAR              szDeviceType[RAS_MaxDeviceType+1];
    CHAR              szDeviceName[RAS_MaxDeviceName+1];
    CHAR              szLocalPhoneNumber[RAS_MaxPhoneNumber+1];
    DWORD             dwAlternateOffset;
} RASSUBENTRYA, *LPRASSUBENTRYA;

typedef struct tagRASSUBENTRYW {
    DWORD             dwSize;
    DWORD             dwfFlags;
    WCHAR             szDeviceType[RAS_MaxDeviceType+1];
    WCHAR             szDeviceName[RAS_MaxDeviceName+1];
    WCHAR             szLocalPhoneNumber[RAS_MaxPhoneNumber+1];
    DWORD             dwAlternateOffset;
} RASSUBENTRYW, *LPRASSUBENTRYW;
#endif

/* RASCREDENTIALS.dwMask: which members count */
#if (WINVER >= 0x401)
#define RASCM_UserName                         0x00000001
#define RASCM_Password                         0x00000002
#define RASCM_Domain                           0x00000004
#endif
#if (WINVER >= 0x501)
#define RASCM_DefaultCreds                     0x00000008  /* those for all users of the entry */
#define RASCM_PreSharedKey                     0x00000010  /* IPsec key of the entry */
#define RASCM_ServerPreSharedKey               0x00000020  /* IPsec key of the answering side */
#define RASCM_DDMPreSharedKey                  0x00000040  /* IPsec key of a demand-dial interface */
#endif

/* Saved credentials. A password comes as sixteen asterisks, which stand for it. */
#if (WINVER >= 0x401)
typedef struct tagRASCREDENTIALSA {
    DWORD             dwSize;
    DWORD             dwMask;
    CHAR              szUserName[UNLEN+1];
    CHAR              szPassword[PWLEN+1];
    CHAR              szDomain[DNLEN+1];
} RASCREDENTIALSA, *LPRASCREDENTIALSA;

typedef struct tagRASCREDENTIALSW {
    DWORD             dwSize;
    DWORD             dwMask;
    WCHAR             szUserName[UNLEN+1];
    WCHAR             szPassword[PWLEN+1];
    WCHAR             szDomain[DNLEN+1];
} RASCREDENTIALSW, *LPRASCREDENTIALSW;
#endif

/* A row of RasEnumDevices. */
#if (WINVER >= 0x400)
typedef struct tagRASDEVINFOA {
    DWORD             dwSize;
    CHAR              szDeviceType[RAS_MaxDeviceType+1];
    CHAR              szDeviceName[RAS_MaxDeviceName+1];
} RASDEVINFOA, *LPRASDEVINFOA;

typedef struct tagRASDEVINFOW {
    DWORD             dwSize;
    WCHAR             szDeviceType[RAS_MaxDeviceType+1];
    WCHAR             szDeviceName[RAS_MaxDeviceName+1];
} RASDEVINFOW, *LPRASDEVINFOW;
#endif

/* A country; its name lies dwCountryNameOffset octets behind the beginning. */
#if (WINVER >= 0x400)
typedef struct tagRASCTRYINFO {
    DWORD             dwSize;
    DWORD             dwCountryID;
    DWORD             dwNextCountryID;
    DWORD             dwCountryCode;
    DWORD             dwCountryNameOffset;
} RASCTRYINFO, *LPRASCTRYINFO;
#define RASCTRYINFOA   RASCTRYINFO
#define RASCTRYINFOW   RASCTRYINFO
#define LPRASCTRYINFOA LPRASCTRYINFO
#define LPRASCTRYINFOW LPRASCTRYINFO
#endif

/* ---- What was negotiated --------------------------------------------------------------------------- */

/* What RasGetProjectionInfo is asked about. */
typedef enum tagRASPROJECTION {
#if (WINVER < 0x600)
    RASP_Slip                    = 0x00020000,  /* SLIP; only when WINVER<0x0600 */
#endif
    RASP_Amb                     = 0x00010000,  /* asynchronous NetBEUI gateway; gone since Windows XP */
    RASP_PppNbf                  = 0x803F,  /* NetBEUI over PPP; gone since Windows XP */
    RASP_PppIpx                  = 0x802B,  /* IPX; not on 64-bit, gone since Vista */
    RASP_PppIp                   = 0x8021,  /* IPv4 */
#if (WINVER >= 0x500)
    RASP_PppCcp                  = 0x80FD,  /* compression and encryption */
#endif
    RASP_PppLcp                  = 0xC021,  /* link control */
#if (WINVER >= 0x600)
    RASP_PppIpv6                 = 0x8057  /* IPv6 */
#endif
} RASPROJECTION, *LPRASPROJECTION;

/* RASP_Amb */
typedef struct tagRASAMBA {
    DWORD             dwSize;
    DWORD             dwError;
    CHAR              szNetBiosError[NETBIOS_NAME_LEN+1];
    BYTE              bLana;
} RASAMBA, *LPRASAMBA;

typedef struct tagRASAMBW {
    DWORD             dwSize;
    DWORD             dwError;
    WCHAR             szNetBiosError[NETBIOS_NAME_LEN+1];
    BYTE              bLana;
} RASAMBW, *LPRASAMBW;

/* RASP_PppNbf */
typedef struct tagRASPPPNBFA {
    DWORD             dwSize;
    DWORD             dwError;
    DWORD             dwNetBiosError;
    CHAR              szNetBiosError[NETBIOS_NAME_LEN+1];
    CHAR              szWorkstationName[NETBIOS_NAME_LEN+1];
    BYTE              bLana;
} RASPPPNBFA, *LPRASPPPNBFA;

typedef struct tagRASPPPNBFW {
    DWORD             dwSize;
    DWORD             dwError;
    DWORD             dwNetBiosError;
    WCHAR             szNetBiosError[NETBIOS_NAME_LEN+1];
    WCHAR             szWorkstationName[NETBIOS_NAME_LEN+1];
    BYTE              bLana;
} RASPPPNBFW, *LPRASPPPNBFW;

/* RASP_PppIpx */
typedef struct tagRASPPPIPXA {
    DWORD             dwSize;
    DWORD             dwError;
    CHAR              szIpxAddress[RAS_MaxIpxAddress+1];
} RASPPPIPXA, *LPRASPPPIPXA;

typedef struct tagRASPPPIPXW {
    DWORD             dwSize;
    DWORD             dwError;
    WCHAR             szIpxAddress[RAS_MaxIpxAddress+1];
} RASPPPIPXW, *LPRASPPPIPXW;

/* RASPPPIP.dwOptions and dwServerOptions */
#if (WINVER >= 0x500)
#define RASIPO_VJ                              0x00000001  /* Van Jacobson header compression in use */
#endif

/* RASP_PppIp */
typedef struct tagRASPPPIPA {
    DWORD             dwSize;
    DWORD             dwError;
    CHAR              szIpAddress[RAS_MaxIpAddress+1];
#if (WINVER >= 0x400) && !defined(WINNT35COMPATIBLE)
    CHAR              szServerIpAddress[RAS_MaxIpAddress+1];
#endif
#if (WINVER >= 0x500)
    DWORD             dwOptions;
    DWORD             dwServerOptions;
#endif
} RASPPPIPA, *LPRASPPPIPA;

typedef struct tagRASPPPIPW {
    DWORD             dwSize;
    DWORD             dwError;
    WCHAR             szIpAddress[RAS_MaxIpAddress+1];
#if (WINVER >= 0x400) && !defined(WINNT35COMPATIBLE)
    WCHAR             szServerIpAddress[RAS_MaxIpAddress+1];
#endif
#if (WINVER >= 0x500)
    DWORD             dwOptions;
    DWORD             dwServerOptions;
#endif
} RASPPPIPW, *LPRASPPPIPW;

/* RASP_PppIpv6 */
#if (WINVER >= 0x600)
typedef struct _RASPPPIPV6 {
    DWORD             dwSize;
    DWORD             dwError;
    BYTE              bLocalInterfaceIdentifier[8];
    BYTE              bPeerInterfaceIdentifier[8];
    BYTE              bLocalCompressionProtocol[2];
    BYTE              bPeerCompressionProtocol[2];
} RASPPPIPV6, *LPRASPPPIPV6;
#endif

/* RASPPPLCP: protocols of authentication, what CHAP computes, and options */
#if (WINVER >= 0x500)
#define RASLCPAP_PAP                           0xC023
#define RASLCPAP_SPAP                          0xC027
#define RASLCPAP_CHAP                          0xC223
#define RASLCPAP_EAP                           0xC227
#define RASLCPAD_CHAP_MD5                      0x5
#define RASLCPAD_CHAP_MS                       0x80
#define RASLCPAD_CHAP_MSV2                     0x81
#define RASLCPO_PFC                            0x00000001  /* protocol field compression */
#define RASLCPO_ACFC                           0x00000002  /* address and control field compression */
#define RASLCPO_SSHF                           0x00000004  /* short sequence number header (multilink) */
#define RASLCPO_DES_56                         0x00000008  /* IPsec DES */
#define RASLCPO_3_DES                          0x00000010  /* IPsec 3DES */
#endif
#if (WINVER >= 0x600)
#define RASLCPO_AES_128                        0x00000020
#define RASLCPO_AES_256                        0x00000040
#endif
#if (WINVER >= 0x601)
#define RASLCPO_AES_192                        0x00000080  /* value above AES_256 although the key is shorter */
#define RASLCPO_GCM_AES_128                    0x00000100
#define RASLCPO_GCM_AES_192                    0x00000200
#define RASLCPO_GCM_AES_256                    0x00000400
#endif

/* RASP_PppLcp */
typedef struct tagRASPPPLCPA {
    DWORD             dwSize;
    BOOL              fBundled;
#if (WINVER >= 0x500)
    DWORD             dwError;
    DWORD             dwAuthenticationProtocol;
    DWORD             dwAuthenticationData;
    DWORD             dwEapTypeId;
    DWORD             dwServerAuthenticationProtocol;
    DWORD             dwServerAuthenticationData;
    DWORD             dwServerEapTypeId;
    BOOL              fMultilink;
    DWORD             dwTerminateReason;
    DWORD             dwServerTerminateReason;
    CHAR              szReplyMessage[RAS_MaxReplyMessage];
    DWORD             dwOptions;
    DWORD             dwServerOptions;
#endif
} RASPPPLCPA, *LPRASPPPLCPA;

typedef struct tagRASPPPLCPW {
    DWORD             dwSize;
    BOOL              fBundled;
#if (WINVER >= 0x500)
    DWORD             dwError;
    DWORD             dwAuthenticationProtocol;
    DWORD             dwAuthenticationData;
    DWORD             dwEapTypeId;
    DWORD             dwServerAuthenticationProtocol;
    DWORD             dwServerAuthenticationData;
    DWORD             dwServerEapTypeId;
    BOOL              fMultilink;
    DWORD             dwTerminateReason;
    DWORD             dwServerTerminateReason;
    WCHAR             szReplyMessage[RAS_MaxReplyMessage];
    DWORD             dwOptions;
    DWORD             dwServerOptions;
#endif
} RASPPPLCPW, *LPRASPPPLCPW;

/* RASPPPCCP: algorithms and options */
#if (WINVER >= 0x500)
#define RASCCPCA_MPPC                          6  /* Microsoft point-to-point compression */
#define RASCCPCA_STAC                          5  /* Stac option 4 */
#define RASCCPO_Compression                    0x00000001
#define RASCCPO_HistoryLess                    0x00000002  /* stateless MPPE/MPPC */
#define RASCCPO_Encryption56bit                0x00000010
#define RASCCPO_Encryption40bit                0x00000020
#define RASCCPO_Encryption128bit               0x00000040
#endif

/* RASP_PppCcp */
#if (WINVER >= 0x500)
typedef struct tagRASPPPCCP {
    DWORD             dwSize;
    DWORD             dwError;
    DWORD             dwCompressionAlgorithm;
    DWORD             dwOptions;
    DWORD             dwServerCompressionAlgorithm;
    DWORD             dwServerOptions;
} RASPPPCCP, *LPRASPPPCCP;
#endif

/* RASP_Slip */
#if (WINVER < 0x600)
typedef struct tagRASSLIPA {
    DWORD             dwSize;
    DWORD             dwError;
    CHAR              szIpAddress[RAS_MaxIpAddress+1];
} RASSLIPA, *LPRASSLIPA;

typedef struct tagRASSLIPW {
    DWORD             dwSize;
    DWORD             dwError;
    WCHAR             szIpAddress[RAS_MaxIpAddress+1];
} RASSLIPW, *LPRASSLIPW;
#endif

#if (WINVER >= 0x601)
/* Versions of this interface, as RasUpdateConnection and RasGetProjectionInfoEx are told them. */
typedef enum tagRASAPIVERSION {
    RASAPIVERSION_500            = 1,  /* Windows 2000 */
    RASAPIVERSION_501            = 2,  /* Windows XP */
    RASAPIVERSION_600            = 3,  /* Vista */
    RASAPIVERSION_601            = 4,  /* Windows 7; also called RASAPIVERSION_CURRENT */
    RASAPIVERSION_CURRENT        = 4
} RASAPIVERSION;

typedef enum tagRASPROJECTION_INFO_TYPE {
    PROJECTION_INFO_TYPE_PPP   = 1,
    PROJECTION_INFO_TYPE_IKEv2 = 2
} RASPROJECTION_INFO_TYPE;

/* Everything about a PPP connection at once. */
typedef struct _RASPPP_PROJECTION_INFO {
    DWORD             dwIPv4NegotiationError;
    RASIPV4ADDR       ipv4Address;
    RASIPV4ADDR       ipv4ServerAddress;
    DWORD             dwIPv4Options;
    DWORD             dwIPv4ServerOptions;
    DWORD             dwIPv6NegotiationError;
    BYTE              bInterfaceIdentifier[8];
    BYTE              bServerInterfaceIdentifier[8];
    BOOL              fBundled;
    BOOL              fMultilink;
    DWORD             dwAuthenticationProtocol;
    DWORD             dwAuthenticationData;
    DWORD             dwServerAuthenticationProtocol;
    DWORD             dwServerAuthenticationData;
    DWORD             dwEapTypeId;
    DWORD             dwServerEapTypeId;
    DWORD             dwLcpOptions;
    DWORD             dwLcpServerOptions;
    DWORD             dwCcpError;
    DWORD             dwCcpCompressionAlgorithm;
    DWORD             dwCcpServerCompressionAlgorithm;
    DWORD             dwCcpOptions;
    DWORD             dwCcpServerOptions;
} RASPPP_PROJECTION_INFO, *PRASPPP_PROJECTION_INFO;

/* RASIKEV2_PROJECTION_INFO: dwAuthenticationProtocol, dwFlags and dwEncryptionMethod */
#define RASIKEv2_AUTH_MACHINECERTIFICATES      1
#define RASIKEv2_AUTH_EAP                      2
#define RASIKEv2_AUTH_PSK                      3  /* a pre-shared key */
#define RASIKEv2_FLAGS_MOBIKESUPPORTED         0x00000001
#define RASIKEv2_FLAGS_BEHIND_NAT              0x00000002
#define RASIKEv2_FLAGS_SERVERBEHIND_NAT        0x00000004
#ifndef _WIN32
enum {
    IPSEC_CIPHER_TYPE_DES     = 1,
    IPSEC_CIPHER_TYPE_3DES    = 2,
    IPSEC_CIPHER_TYPE_AES_128 = 3,
    IPSEC_CIPHER_TYPE_AES_192 = 4,
    IPSEC_CIPHER_TYPE_AES_256 = 5
};
#endif

/* Everything about an IKEv2 connection at once; the server's addresses follow behind, in the same buffer. */
typedef struct _RASIKEV2_PROJECTION_INFO {
    DWORD             dwIPv4NegotiationError;
    RASIPV4ADDR       ipv4Address;
    RASIPV4ADDR       ipv4ServerAddress;
    DWORD             dwIPv6NegotiationError;
    RASIPV6ADDR       ipv6Address;
    RASIPV6ADDR       ipv6ServerAddress;
    DWORD             dwPrefixLength;
    DWORD             dwAuthenticationProtocol;
    DWORD             dwEapTypeId;
    DWORD             dwFlags;
    DWORD             dwEncryptionMethod;
    DWORD             numIPv4ServerAddresses;
    RASIPV4ADDR       *ipv4ServerAddresses;
    DWORD             numIPv6ServerAddresses;
    RASIPV6ADDR       *ipv6ServerAddresses;
} RASIKEV2_PROJECTION_INFO, *PRASIKEV2_PROJECTION_INFO;

/* What RasGetProjectionInfoEx tells: the member that type names. */
typedef struct _RAS_PROJECTION_INFO {
    RASAPIVERSION                version;
    RASPROJECTION_INFO_TYPE      type;
    ONHOOK_UNNAMED union {
        RASPPP_PROJECTION_INFO   ppp;
        RASIKEV2_PROJECTION_INFO ikev2;
    } DUMMYUNIONNAME;
} RAS_PROJECTION_INFO, *PRAS_PROJECTION_INFO;

/* Where RasUpdateConnection moves a tunnel to. */
typedef struct _RASUPDATECONN {
    RASAPIVERSION     version;
    DWORD             dwSize;
    DWORD             dwFlags;
    DWORD             dwIfIndex;
    RASTUNNELENDPOINT localEndPoint;
    RASTUNNELENDPOINT remoteEndPoint;
} RASUPDATECONN, *LPRASUPDATECONN;
#endif

/* ---- Events, counters, health ---------------------------------------------------------------------- */

/* RasConnectionNotification: what sets the event */
#if (WINVER >= 0x401)
#define RASCN_Connection                       0x00000001  /* a connection was made */
#define RASCN_Disconnection                    0x00000002  /* the connection ended */
#define RASCN_BandwidthAdded                   0x00000004  /* a link joined a multilink connection */
#define RASCN_BandwidthRemoved                 0x00000008  /* a link left */
#endif
#if (WINVER >= 0x601)
#define RASCN_Dormant                          0x00000010  /* the connection became dormant */
#define RASCN_ReConnection                     0x00000020  /* it is back after being dormant */
#endif
#if (WINVER >= 0xA00)
#define RASCN_EPDGPacketArrival                0x00000040  /* packet at the mobile gateway */
#endif

/* What a connection has carried; the time is in milliseconds. */
#if (WINVER >= 0x500)
typedef struct _RAS_STATS {
    DWORD             dwSize;
    DWORD             dwBytesXmited;
    DWORD             dwBytesRcved;
    DWORD             dwFramesXmited;
    DWORD             dwFramesRcved;
    DWORD             dwCrcErr;
    DWORD             dwTimeoutErr;
    DWORD             dwAlignmentErr;
    DWORD             dwHardwareOverrunErr;
    DWORD             dwFramingErr;
    DWORD             dwBufferOverrunErr;
    DWORD             dwCompressionRatioIn;
    DWORD             dwCompressionRatioOut;
    DWORD             dwBps;
    DWORD             dwConnectDuration;
} RAS_STATS, *PRAS_STATS;
#endif

#if (WINVER >= 0x600) && (!defined(_WIN32) || defined(USES_RAS_QUARANTINE_APIS))
#ifndef _WIN32
typedef enum tagIsolationState {
    isolationStateNotRestricted    = 1,
    isolationStateInProbation      = 2,
    isolationStateRestrictedAccess = 3
} IsolationState;
typedef FILETIME ProbationTime;
#endif

#define RASNAP_ProbationTime 0x00000001 /* probationTime counts */

typedef struct _RASNAPSTATE {
    DWORD          dwSize;
    DWORD          dwFlags;
    IsolationState isolationState;
    ProbationTime  probationTime;
} RASNAPSTATE, *LPRASNAPSTATE;
#endif

/* ---- EAP, autodial, custom dialers and scripts ----------------------------------------------------- */

/* RasGetEapUserIdentity */
#if (WINVER >= 0x500)
#define RASEAPF_NonInteractive                 0x00000002  /* no dialog allowed */
#define RASEAPF_Logon                          0x00000004  /* user is logging on to Windows */
#define RASEAPF_Preview                        0x00000008  /* entry asks for credentials before dialing */
#endif

/* A name and dwSizeofEapInfo octets. */
#if (WINVER >= 0x500)
typedef struct tagRASEAPUSERIDENTITYA {
    CHAR              szUserName[UNLEN+1];
    DWORD             dwSizeofEapInfo;
    BYTE              pbEapInfo[1];
} RASEAPUSERIDENTITYA, *LPRASEAPUSERIDENTITYA;

typedef struct tagRASEAPUSERIDENTITYW {
    WCHAR             szUserName[UNLEN+1];
    DWORD             dwSizeofEapInfo;
    BYTE              pbEapInfo[1];
} RASEAPUSERIDENTITYW, *LPRASEAPUSERIDENTITYW;
#endif

/* RasGetAutodialParam and RasSetAutodialParam */
#if (WINVER >= 0x401)
#define RASADP_DisableConnectionQuery          0  /* 1: dial without asking; default 0 */
#define RASADP_LoginSessionDisable             1  /* 1: autodial off for this logon session; default 0 */
#define RASADP_SavedAddressesLimit             2  /* learned addresses kept; default 100 */
#define RASADP_FailedConnectionTimeout         3  /* seconds before autodial tries the same again; default 5 */
#define RASADP_ConnectionQueryTimeout          4  /* seconds the question waits */
#endif

/* The entry that serves an address at one dialing location. */
#if (WINVER >= 0x401)
typedef struct tagRASAUTODIALENTRYA {
    DWORD             dwSize;
    DWORD             dwFlags;
    DWORD             dwDialingLocation;
    CHAR              szEntry[RAS_MaxEntryName+1];
} RASAUTODIALENTRYA, *LPRASAUTODIALENTRYA;

typedef struct tagRASAUTODIALENTRYW {
    DWORD             dwSize;
    DWORD             dwFlags;
    DWORD             dwDialingLocation;
    WCHAR             szEntry[RAS_MaxEntryName+1];
} RASAUTODIALENTRYW, *LPRASAUTODIALENTRYW;
#endif

/* RASADPARAMS.dwFlags */
#if (WINVER >= 0x401)
#define RASADFLG_PositionDlg                   0x00000001  /* xDlg and yDlg count */
#endif

/* What an autodial dialog of somebody else's is given. */
#if (WINVER >= 0x401)
typedef struct tagRASADPARAMS {
    DWORD             dwSize;
    HWND              hwndOwner;
    DWORD             dwFlags;
    LONG              xDlg;
    LONG              yDlg;
} RASADPARAMS, *LPRASADPARAMS;

typedef BOOL (WINAPI *ORASADFUNC)(HWND hwndOwner, LPSTR lpszEntry, DWORD dwFlags, LPDWORD lpdwRetCode);
typedef BOOL (WINAPI *RASADFUNCA)(LPSTR lpszPhonebook, LPSTR lpszEntry, LPRASADPARAMS lpAutoDialParams,
    LPDWORD lpdwRetCode);
typedef BOOL (WINAPI *RASADFUNCW)(LPWSTR lpszPhonebook, LPWSTR lpszEntry, LPRASADPARAMS lpAutoDialParams,
    LPDWORD lpdwRetCode);
#endif

/* Custom dialers: dwFlags */
#if (WINVER >= 0x500)
#define RCD_SingleUser                         0
#define RCD_AllUsers                           1
#define RCD_Eap                                2
#define RCD_Logon                              4
#endif

#if (WINVER >= 0x500)
typedef DWORD (WINAPI *RasCustomHangUpFn)(HRASCONN hRasConn);
typedef DWORD (WINAPI *RasCustomDialFn)(HINSTANCE hInstDll, LPRASDIALEXTENSIONS lpRasDialExtensions,
    LPCWSTR lpszPhonebook, LPRASDIALPARAMSW lpRasDialParams, DWORD dwNotifierType, LPVOID lpvNotifier,
    LPHRASCONN lphRasConn, DWORD dwFlags);
typedef DWORD (WINAPI *RasCustomDeleteEntryNotifyFn)(LPCWSTR lpszPhonebook, LPCWSTR lpszEntry,
    DWORD dwFlags);
#endif

#if (WINVER >= 0x501)
/* What a custom script may set on a serial line. */
typedef struct tagRASCOMMSETTINGS {
    DWORD dwSize;
    BYTE  bParity;
    BYTE  bStop;
    BYTE  bByteSize;
    BYTE  bAlign;
} RASCOMMSETTINGS, *LPRASCOMMSETTINGS;

typedef DWORD (WINAPI *PFNRASSETCOMMSETTINGS)(HANDLE hPort, RASCOMMSETTINGS *pRasCommSettings,
    PVOID pvReserved);

typedef struct tagRASCUSTOMSCRIPTEXTENSIONS {
    DWORD                 dwSize;
    PFNRASSETCOMMSETTINGS pfnRasSetCommSettings;
} RASCUSTOMSCRIPTEXTENSIONS, *LPRASCUSTOMSCRIPTEXTENSIONS;

typedef DWORD (WINAPI *PFNRASGETBUFFER)(PBYTE *ppBuffer, PDWORD pdwSize);
typedef DWORD (WINAPI *PFNRASFREEBUFFER)(PBYTE pBuffer);
typedef DWORD (WINAPI *PFNRASSENDBUFFER)(HANDLE hPort, PBYTE pBuffer, DWORD dwSize);
typedef DWORD (WINAPI *PFNRASRECEIVEBUFFER)(HANDLE hPort, PBYTE pBuffer, PDWORD pdwSize, DWORD dwTimeOut,
    HANDLE hEvent);
typedef DWORD (WINAPI *PFNRASRETRIEVEBUFFER)(HANDLE hPort, PBYTE pBuffer, PDWORD pdwSize);
typedef DWORD (WINAPI *RasCustomScriptExecuteFn)(HANDLE hPort, LPCWSTR lpszPhonebook,
    LPCWSTR lpszEntryName, PFNRASGETBUFFER pfnRasGetBuffer, PFNRASFREEBUFFER pfnRasFreeBuffer,
    PFNRASSENDBUFFER pfnRasSendBuffer, PFNRASRECEIVEBUFFER pfnRasReceiveBuffer,
    PFNRASRETRIEVEBUFFER pfnRasRetrieveBuffer, HWND hWnd, LPRASDIALPARAMSW pRasDialParams,
    PVOID pvReserved);
#endif

/* ---- Functions ------------------------------------------------------------------------------------- */

DWORD WINAPI RasDialA(
    LPRASDIALEXTENSIONS lpExtensions, LPCSTR lpszPhonebook, LPRASDIALPARAMSA lpParams,
    DWORD dwNotifierType, LPVOID lpvNotifier, LPHRASCONN lphRasConn);
DWORD WINAPI RasDialW(
    LPRASDIALEXTENSIONS lpExtensions, LPCWSTR lpszPhonebook, LPRASDIALPARAMSW lpParams,
    DWORD dwNotifierType, LPVOID lpvNotifier, LPHRASCONN lphRasConn);
DWORD WINAPI RasEnumConnectionsA(LPRASCONNA lprasconn, LPDWORD lpcb, LPDWORD lpcConnections);
DWORD WINAPI RasEnumConnectionsW(LPRASCONNW lprasconn, LPDWORD lpcb, LPDWORD lpcConnections);
DWORD WINAPI RasEnumEntriesA(
    LPCSTR reserved, LPCSTR lpszPhonebook, LPRASENTRYNAMEA lprasentryname, LPDWORD lpcb,
    LPDWORD lpcEntries);
DWORD WINAPI RasEnumEntriesW(
    LPCWSTR reserved, LPCWSTR lpszPhonebook, LPRASENTRYNAMEW lprasentryname, LPDWORD lpcb,
    LPDWORD lpcEntries);
DWORD WINAPI RasGetConnectStatusA(HRASCONN hrasconn, LPRASCONNSTATUSA lprasconnstatus);
DWORD WINAPI RasGetConnectStatusW(HRASCONN hrasconn, LPRASCONNSTATUSW lprasconnstatus);
DWORD WINAPI RasGetErrorStringA(UINT uErrorValue, LPSTR lpszErrorString, DWORD cBufSize);
DWORD WINAPI RasGetErrorStringW(UINT uErrorValue, LPWSTR lpszErrorString, DWORD cBufSize);
DWORD WINAPI RasHangUpA(HRASCONN hrasconn);
DWORD WINAPI RasHangUpW(HRASCONN hrasconn);
DWORD WINAPI RasGetProjectionInfoA(
    HRASCONN hrasconn, RASPROJECTION rasprojection, LPVOID lpprojection, LPDWORD lpcb);
DWORD WINAPI RasGetProjectionInfoW(
    HRASCONN hrasconn, RASPROJECTION rasprojection, LPVOID lpprojection, LPDWORD lpcb);
DWORD WINAPI RasCreatePhonebookEntryA(HWND hwnd, LPCSTR lpszPhonebook);
DWORD WINAPI RasCreatePhonebookEntryW(HWND hwnd, LPCWSTR lpszPhonebook);
DWORD WINAPI RasEditPhonebookEntryA(HWND hwnd, LPCSTR lpszPhonebook, LPCSTR lpszEntry);
DWORD WINAPI RasEditPhonebookEntryW(HWND hwnd, LPCWSTR lpszPhonebook, LPCWSTR lpszEntry);
DWORD WINAPI RasSetEntryDialParamsA(
    LPCSTR lpszPhonebook, LPRASDIALPARAMSA lprasdialparams, BOOL fRemovePassword);
DWORD WINAPI RasSetEntryDialParamsW(
    LPCWSTR lpszPhonebook, LPRASDIALPARAMSW lprasdialparams, BOOL fRemovePassword);
DWORD WINAPI RasGetEntryDialParamsA(
    LPCSTR lpszPhonebook, LPRASDIALPARAMSA lprasdialparams, LPBOOL lpfPassword);
DWORD WINAPI RasGetEntryDialParamsW(
    LPCWSTR lpszPhonebook, LPRASDIALPARAMSW lprasdialparams, LPBOOL lpfPassword);

#if (WINVER >= 0x400)
DWORD WINAPI RasEnumDevicesA(LPRASDEVINFOA lpRasDevInfo, LPDWORD lpcb, LPDWORD lpcDevices);
DWORD WINAPI RasEnumDevicesW(LPRASDEVINFOW lpRasDevInfo, LPDWORD lpcb, LPDWORD lpcDevices);
DWORD WINAPI RasGetCountryInfoA(LPRASCTRYINFOA lpRasCtryInfo, LPDWORD lpdwSize);
DWORD WINAPI RasGetCountryInfoW(LPRASCTRYINFOW lpRasCtryInfo, LPDWORD lpdwSize);
DWORD WINAPI RasGetEntryPropertiesA(
    LPCSTR lpszPhonebook, LPCSTR lpszEntry, LPRASENTRYA lpRasEntry, LPDWORD lpdwEntryInfoSize,
    LPBYTE lpbDeviceInfo, LPDWORD lpdwDeviceInfoSize);
DWORD WINAPI RasGetEntryPropertiesW(
    LPCWSTR lpszPhonebook, LPCWSTR lpszEntry, LPRASENTRYW lpRasEntry, LPDWORD lpdwEntryInfoSize,
    LPBYTE lpbDeviceInfo, LPDWORD lpdwDeviceInfoSize);
DWORD WINAPI RasSetEntryPropertiesA(
    LPCSTR lpszPhonebook, LPCSTR lpszEntry, LPRASENTRYA lpRasEntry, DWORD dwEntryInfoSize,
    LPBYTE lpbDeviceInfo, DWORD dwDeviceInfoSize);
DWORD WINAPI RasSetEntryPropertiesW(
    LPCWSTR lpszPhonebook, LPCWSTR lpszEntry, LPRASENTRYW lpRasEntry, DWORD dwEntryInfoSize,
    LPBYTE lpbDeviceInfo, DWORD dwDeviceInfoSize);
DWORD WINAPI RasRenameEntryA(LPCSTR lpszPhonebook, LPCSTR lpszOldEntry, LPCSTR lpszNewEntry);
DWORD WINAPI RasRenameEntryW(LPCWSTR lpszPhonebook, LPCWSTR lpszOldEntry, LPCWSTR lpszNewEntry);
DWORD WINAPI RasDeleteEntryA(LPCSTR lpszPhonebook, LPCSTR lpszEntry);
DWORD WINAPI RasDeleteEntryW(LPCWSTR lpszPhonebook, LPCWSTR lpszEntry);
DWORD WINAPI RasValidateEntryNameA(LPCSTR lpszPhonebook, LPCSTR lpszEntry);
DWORD WINAPI RasValidateEntryNameW(LPCWSTR lpszPhonebook, LPCWSTR lpszEntry);
#endif

#if (WINVER >= 0x401)
DWORD WINAPI RasConnectionNotificationA(HRASCONN hrasconn, HANDLE hEvent, DWORD dwFlags);
DWORD WINAPI RasConnectionNotificationW(HRASCONN hrasconn, HANDLE hEvent, DWORD dwFlags);
DWORD WINAPI RasGetSubEntryHandleA(HRASCONN hrasconn, DWORD dwSubEntry, LPHRASCONN lphrasconn);
DWORD WINAPI RasGetSubEntryHandleW(HRASCONN hrasconn, DWORD dwSubEntry, LPHRASCONN lphrasconn);
DWORD WINAPI RasGetCredentialsA(
    LPCSTR lpszPhonebook, LPCSTR lpszEntry, LPRASCREDENTIALSA lpCredentials);
DWORD WINAPI RasGetCredentialsW(
    LPCWSTR lpszPhonebook, LPCWSTR lpszEntry, LPRASCREDENTIALSW lpCredentials);
DWORD WINAPI RasSetCredentialsA(
    LPCSTR lpszPhonebook, LPCSTR lpszEntry, LPRASCREDENTIALSA lpCredentials,
    BOOL fClearCredentials);
DWORD WINAPI RasSetCredentialsW(
    LPCWSTR lpszPhonebook, LPCWSTR lpszEntry, LPRASCREDENTIALSW lpCredentials,
    BOOL fClearCredentials);
DWORD WINAPI RasGetSubEntryPropertiesA(
    LPCSTR lpszPhonebook, LPCSTR lpszEntry, DWORD dwSubEntry, LPRASSUBENTRYA lpRasSubEntry,
    LPDWORD lpdwcb, LPBYTE lpbDeviceConfig, LPDWORD lpcbDeviceConfig);
DWORD WINAPI RasGetSubEntryPropertiesW(
    LPCWSTR lpszPhonebook, LPCWSTR lpszEntry, DWORD dwSubEntry, LPRASSUBENTRYW lpRasSubEntry,
    LPDWORD lpdwcb, LPBYTE lpbDeviceConfig, LPDWORD lpcbDeviceConfig);
DWORD WINAPI RasSetSubEntryPropertiesA(
    LPCSTR lpszPhonebook, LPCSTR lpszEntry, DWORD dwSubEntry, LPRASSUBENTRYA lpRasSubEntry,
    DWORD dwcb, LPBYTE lpbDeviceConfig, DWORD dwcbDeviceConfig);
DWORD WINAPI RasSetSubEntryPropertiesW(
    LPCWSTR lpszPhonebook, LPCWSTR lpszEntry, DWORD dwSubEntry, LPRASSUBENTRYW lpRasSubEntry,
    DWORD dwcb, LPBYTE lpbDeviceConfig, DWORD dwcbDeviceConfig);
DWORD WINAPI RasGetAutodialAddressA(
    LPCSTR lpszAddress, LPDWORD lpdwReserved, LPRASAUTODIALENTRYA lpAutoDialEntries,
    LPDWORD lpdwcbAutoDialEntries, LPDWORD lpdwcAutoDialEntries);
DWORD WINAPI RasGetAutodialAddressW(
    LPCWSTR lpszAddress, LPDWORD lpdwReserved, LPRASAUTODIALENTRYW lpAutoDialEntries,
    LPDWORD lpdwcbAutoDialEntries, LPDWORD lpdwcAutoDialEntries);
DWORD WINAPI RasSetAutodialAddressA(
    LPCSTR lpszAddress, DWORD dwReserved, LPRASAUTODIALENTRYA lpAutoDialEntries,
    DWORD dwcbAutoDialEntries, DWORD dwcAutoDialEntries);
DWORD WINAPI RasSetAutodialAddressW(
    LPCWSTR lpszAddress, DWORD dwReserved, LPRASAUTODIALENTRYW lpAutoDialEntries,
    DWORD dwcbAutoDialEntries, DWORD dwcAutoDialEntries);
DWORD WINAPI RasEnumAutodialAddressesA(
    LPSTR *lppAddresses, LPDWORD lpdwcbAddresses, LPDWORD lpdwcAddresses);
DWORD WINAPI RasEnumAutodialAddressesW(
    LPWSTR *lppAddresses, LPDWORD lpdwcbAddresses, LPDWORD lpdwcAddresses);
DWORD WINAPI RasGetAutodialEnableA(DWORD dwDialingLocation, LPBOOL lpfEnabled);
DWORD WINAPI RasGetAutodialEnableW(DWORD dwDialingLocation, LPBOOL lpfEnabled);
DWORD WINAPI RasSetAutodialEnableA(DWORD dwDialingLocation, BOOL fEnabled);
DWORD WINAPI RasSetAutodialEnableW(DWORD dwDialingLocation, BOOL fEnabled);
DWORD WINAPI RasGetAutodialParamA(DWORD dwKey, LPVOID lpvValue, LPDWORD lpdwcbValue);
DWORD WINAPI RasGetAutodialParamW(DWORD dwKey, LPVOID lpvValue, LPDWORD lpdwcbValue);
DWORD WINAPI RasSetAutodialParamA(DWORD dwKey, LPVOID lpvValue, DWORD dwcbValue);
DWORD WINAPI RasSetAutodialParamW(DWORD dwKey, LPVOID lpvValue, DWORD dwcbValue);
#endif

#if (WINVER >= 0x500)
DWORD WINAPI RasGetConnectionStatistics(HRASCONN hRasConn, RAS_STATS *lpStatistics);
DWORD WINAPI RasGetLinkStatistics(HRASCONN hRasConn, DWORD dwSubEntry, RAS_STATS *lpStatistics);
DWORD WINAPI RasClearConnectionStatistics(HRASCONN hRasConn);
DWORD WINAPI RasClearLinkStatistics(HRASCONN hRasConn, DWORD dwSubEntry);
DWORD WINAPI RasGetEapUserDataA(
    HANDLE hToken, LPCSTR pszPhonebook, LPCSTR pszEntry, BYTE *pbEapData,
    DWORD *pdwSizeofEapData);
DWORD WINAPI RasGetEapUserDataW(
    HANDLE hToken, LPCWSTR pszPhonebook, LPCWSTR pszEntry, BYTE *pbEapData,
    DWORD *pdwSizeofEapData);
DWORD WINAPI RasSetEapUserDataA(
    HANDLE hToken, LPCSTR pszPhonebook, LPCSTR pszEntry, BYTE *pbEapData, DWORD dwSizeofEapData);
DWORD WINAPI RasSetEapUserDataW(
    HANDLE hToken, LPCWSTR pszPhonebook, LPCWSTR pszEntry, BYTE *pbEapData,
    DWORD dwSizeofEapData);
DWORD WINAPI RasGetCustomAuthDataA(
    LPCSTR pszPhonebook, LPCSTR pszEntry, BYTE *pbCustomAuthData, DWORD *pdwSizeofCustomAuthData);
DWORD WINAPI RasGetCustomAuthDataW(
    LPCWSTR pszPhonebook, LPCWSTR pszEntry, BYTE *pbCustomAuthData,
    DWORD *pdwSizeofCustomAuthData);
DWORD WINAPI RasSetCustomAuthDataA(
    LPCSTR pszPhonebook, LPCSTR pszEntry, BYTE *pbCustomAuthData, DWORD dwSizeofCustomAuthData);
DWORD WINAPI RasSetCustomAuthDataW(
    LPCWSTR pszPhonebook, LPCWSTR pszEntry, BYTE *pbCustomAuthData, DWORD dwSizeofCustomAuthData);
DWORD WINAPI RasGetEapUserIdentityA(
    LPCSTR pszPhonebook, LPCSTR pszEntry, DWORD dwFlags, HWND hwnd,
    LPRASEAPUSERIDENTITYA *ppRasEapUserIdentity);
DWORD WINAPI RasGetEapUserIdentityW(
    LPCWSTR pszPhonebook, LPCWSTR pszEntry, DWORD dwFlags, HWND hwnd,
    LPRASEAPUSERIDENTITYW *ppRasEapUserIdentity);
VOID WINAPI RasFreeEapUserIdentityA(LPRASEAPUSERIDENTITYA pRasEapUserIdentity);
VOID WINAPI RasFreeEapUserIdentityW(LPRASEAPUSERIDENTITYW pRasEapUserIdentity);
DWORD WINAPI RasInvokeEapUI(
    HRASCONN hRasConn, DWORD dwSubEntry, LPRASDIALEXTENSIONS lpExtensions, HWND hwnd);
#endif

#if (WINVER >= 0x501)
DWORD WINAPI RasDeleteSubEntryA(LPCSTR lpszPhonebook, LPCSTR lpszEntry, DWORD dwSubEntryId);
DWORD WINAPI RasDeleteSubEntryW(LPCWSTR lpszPhonebook, LPCWSTR lpszEntry, DWORD dwSubEntryId);
#endif

#if (WINVER >= 0x601)
DWORD WINAPI RasUpdateConnection(HRASCONN hrasconn, LPRASUPDATECONN lprasupdateconn);
DWORD WINAPI RasGetProjectionInfoEx(
    HRASCONN hrasconn, PRAS_PROJECTION_INFO pRasProjection, LPDWORD lpdwSize);
#endif

#if (WINVER >= 0xA00)
DWORD WINAPI RasGetPCscf(LPWSTR lpszPCscf);
#endif

#if (WINVER >= 0x600) && (!defined(_WIN32) || defined(USES_RAS_QUARANTINE_APIS))
DWORD WINAPI RasGetNapStatus(HRASCONN hRasConn, LPRASNAPSTATE pNapState);
#endif

/* ---- Names without a letter -------------------------------------------------------------------------- */

#ifdef UNICODE
#define RASCONN                      RASCONNW
#define LPRASCONN                    LPRASCONNW
#define RASCONNSTATUS                RASCONNSTATUSW
#define LPRASCONNSTATUS              LPRASCONNSTATUSW
#define RASDIALPARAMS                RASDIALPARAMSW
#define LPRASDIALPARAMS              LPRASDIALPARAMSW
#define RASENTRYNAME                 RASENTRYNAMEW
#define LPRASENTRYNAME               LPRASENTRYNAMEW
#define RASENTRY                     RASENTRYW
#define LPRASENTRY                   LPRASENTRYW
#define RASSUBENTRY                  RASSUBENTRYW
#define LPRASSUBENTRY                LPRASSUBENTRYW
#define RASCREDENTIALS               RASCREDENTIALSW
#define LPRASCREDENTIALS             LPRASCREDENTIALSW
#define RASDEVINFO                   RASDEVINFOW
#define LPRASDEVINFO                 LPRASDEVINFOW
#define RASAMB                       RASAMBW
#define LPRASAMB                     LPRASAMBW
#define RASPPPNBF                    RASPPPNBFW
#define LPRASPPPNBF                  LPRASPPPNBFW
#define RASPPPIPX                    RASPPPIPXW
#define LPRASPPPIPX                  LPRASPPPIPXW
#define RASPPPIP                     RASPPPIPW
#define LPRASPPPIP                   LPRASPPPIPW
#define RASPPPLCP                    RASPPPLCPW
#define LPRASPPPLCP                  LPRASPPPLCPW
#define RASSLIP                      RASSLIPW
#define LPRASSLIP                    LPRASSLIPW
#define RASEAPUSERIDENTITY           RASEAPUSERIDENTITYW
#define LPRASEAPUSERIDENTITY         LPRASEAPUSERIDENTITYW
#define RASAUTODIALENTRY             RASAUTODIALENTRYW
#define LPRASAUTODIALENTRY           LPRASAUTODIALENTRYW
#define RASADFUNC                    RASADFUNCW
#define RasDial                      RasDialW
#define RasEnumConnections           RasEnumConnectionsW
#define RasEnumEntries               RasEnumEntriesW
#define RasGetConnectStatus          RasGetConnectStatusW
#define RasGetErrorString            RasGetErrorStringW
#define RasHangUp                    RasHangUpW
#define RasGetProjectionInfo         RasGetProjectionInfoW
#define RasCreatePhonebookEntry      RasCreatePhonebookEntryW
#define RasEditPhonebookEntry        RasEditPhonebookEntryW
#define RasSetEntryDialParams        RasSetEntryDialParamsW
#define RasGetEntryDialParams        RasGetEntryDialParamsW
#define RasEnumDevices               RasEnumDevicesW
#define RasGetCountryInfo            RasGetCountryInfoW
#define RasGetEntryProperties        RasGetEntryPropertiesW
#define RasSetEntryProperties        RasSetEntryPropertiesW
#define RasRenameEntry               RasRenameEntryW
#define RasDeleteEntry               RasDeleteEntryW
#define RasValidateEntryName         RasValidateEntryNameW
#define RasConnectionNotification    RasConnectionNotificationW
#define RasGetSubEntryHandle         RasGetSubEntryHandleW
#define RasGetCredentials            RasGetCredentialsW
#define RasSetCredentials            RasSetCredentialsW
#define RasGetSubEntryProperties     RasGetSubEntryPropertiesW
#define RasSetSubEntryProperties     RasSetSubEntryPropertiesW
#define RasGetAutodialAddress        RasGetAutodialAddressW
#define RasSetAutodialAddress        RasSetAutodialAddressW
#define RasEnumAutodialAddresses     RasEnumAutodialAddressesW
#define RasGetAutodialEnable         RasGetAutodialEnableW
#define RasSetAutodialEnable         RasSetAutodialEnableW
#define RasGetAutodialParam          RasGetAutodialParamW
#define RasSetAutodialParam          RasSetAutodialParamW
#define RasGetEapUserData            RasGetEapUserDataW
#define RasSetEapUserData            RasSetEapUserDataW
#define RasGetCustomAuthData         RasGetCustomAuthDataW
#define RasSetCustomAuthData         RasSetCustomAuthDataW
#define RasGetEapUserIdentity        RasGetEapUserIdentityW
#define RasFreeEapUserIdentity       RasFreeEapUserIdentityW
#define RasDeleteSubEntry            RasDeleteSubEntryW
#else
#define RASCONN                      RASCONNA
#define LPRASCONN                    LPRASCONNA
#define RASCONNSTATUS                RASCONNSTATUSA
#define LPRASCONNSTATUS              LPRASCONNSTATUSA
#define RASDIALPARAMS                RASDIALPARAMSA
#define LPRASDIALPARAMS              LPRASDIALPARAMSA
#define RASENTRYNAME                 RASENTRYNAMEA
#define LPRASENTRYNAME               LPRASENTRYNAMEA
#define RASENTRY                     RASENTRYA
#define LPRASENTRY                   LPRASENTRYA
#define RASSUBENTRY                  RASSUBENTRYA
#define LPRASSUBENTRY                LPRASSUBENTRYA
#define RASCREDENTIALS               RASCREDENTIALSA
#define LPRASCREDENTIALS             LPRASCREDENTIALSA
#define RASDEVINFO                   RASDEVINFOA
#define LPRASDEVINFO                 LPRASDEVINFOA
#define RASAMB                       RASAMBA
#define LPRASAMB                     LPRASAMBA
#define RASPPPNBF                    RASPPPNBFA
#define LPRASPPPNBF                  LPRASPPPNBFA
#define RASPPPIPX                    RASPPPIPXA
#define LPRASPPPIPX                  LPRASPPPIPXA
#define RASPPPIP                     RASPPPIPA
#define LPRASPPPIP                   LPRASPPPIPA
#define RASPPPLCP                    RASPPPLCPA
#define LPRASPPPLCP                  LPRASPPPLCPA
#define RASSLIP                      RASSLIPA
#define LPRASSLIP                    LPRASSLIPA
#define RASEAPUSERIDENTITY           RASEAPUSERIDENTITYA
#define LPRASEAPUSERIDENTITY         LPRASEAPUSERIDENTITYA
#define RASAUTODIALENTRY             RASAUTODIALENTRYA
#define LPRASAUTODIALENTRY           LPRASAUTODIALENTRYA
#define RASADFUNC                    RASADFUNCA
#define RasDial                      RasDialA
#define RasEnumConnections           RasEnumConnectionsA
#define RasEnumEntries               RasEnumEntriesA
#define RasGetConnectStatus          RasGetConnectStatusA
#define RasGetErrorString            RasGetErrorStringA
#define RasHangUp                    RasHangUpA
#define RasGetProjectionInfo         RasGetProjectionInfoA
#define RasCreatePhonebookEntry      RasCreatePhonebookEntryA
#define RasEditPhonebookEntry        RasEditPhonebookEntryA
#define RasSetEntryDialParams        RasSetEntryDialParamsA
#define RasGetEntryDialParams        RasGetEntryDialParamsA
#define RasEnumDevices               RasEnumDevicesA
#define RasGetCountryInfo            RasGetCountryInfoA
#define RasGetEntryProperties        RasGetEntryPropertiesA
#define RasSetEntryProperties        RasSetEntryPropertiesA
#define RasRenameEntry               RasRenameEntryA
#define RasDeleteEntry               RasDeleteEntryA
#define RasValidateEntryName         RasValidateEntryNameA
#define RasConnectionNotification    RasConnectionNotificationA
#define RasGetSubEntryHandle         RasGetSubEntryHandleA
#define RasGetCredentials            RasGetCredentialsA
#define RasSetCredentials            RasSetCredentialsA
#define RasGetSubEntryProperties     RasGetSubEntryPropertiesA
#define RasSetSubEntryProperties     RasSetSubEntryPropertiesA
#define RasGetAutodialAddress        RasGetAutodialAddressA
#define RasSetAutodialAddress        RasSetAutodialAddressA
#define RasEnumAutodialAddresses     RasEnumAutodialAddressesA
#define RasGetAutodialEnable         RasGetAutodialEnableA
#define RasSetAutodialEnable         RasSetAutodialEnableA
#define RasGetAutodialParam          RasGetAutodialParamA
#define RasSetAutodialParam          RasSetAutodialParamA
#define RasGetEapUserData            RasGetEapUserDataA
#define RasSetEapUserData            RasSetEapUserDataA
#define RasGetCustomAuthData         RasGetCustomAuthDataA
#define RasSetCustomAuthData         RasSetCustomAuthDataA
#define RasGetEapUserIdentity        RasGetEapUserIdentityA
#define RasFreeEapUserIdentity       RasFreeEapUserIdentityA
#define RasDeleteSubEntry            RasDeleteSubEntryA
#endif

#pragma pack(pop)

#ifdef __cplusplus
}
#endif

#endif /* ONHOOK_RAS_H */
