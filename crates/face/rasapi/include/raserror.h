/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * raserror.h: the errors of the Remote Access Service, 600 to 877.
 *
 * RasGetErrorString has a sentence for each. Functions answer errors of the system, too (6 for a handle that
 * is no connection any more, 87, 5, ...), which onhook/winerror.h has.
 */
#ifndef ONHOOK_RASERROR_H
#define ONHOOK_RASERROR_H
#define _RASERROR_H_ /* the name by which other headers know this one */

#include "onhook/winerror.h"

#define RASBASE 600
#define SUCCESS 0

/* The operation has started and has not finished yet. */
#define PENDING (RASBASE + 0)
/* This port handle is not known. */
#define ERROR_INVALID_PORT_HANDLE (RASBASE + 1)
/* Somebody already has this port open. */
#define ERROR_PORT_ALREADY_OPEN (RASBASE + 2)
/* The buffer given is smaller than the answer; the needed size has been written back. */
#define ERROR_BUFFER_TOO_SMALL (RASBASE + 3)
/* The port information asked for or given is of the wrong kind. */
#define ERROR_WRONG_INFO_SPECIFIED (RASBASE + 4)
/* The port settings could not be applied. */
#define ERROR_CANNOT_SET_PORT_INFO (RASBASE + 5)
/* The port has no connection on it. */
#define ERROR_PORT_NOT_CONNECTED (RASBASE + 6)
/* An event arrived that does not fit the present step. */
#define ERROR_EVENT_INVALID (RASBASE + 7)
/* There is no such device on this system. */
#define ERROR_DEVICE_DOES_NOT_EXIST (RASBASE + 8)
/* There is no such kind of device on this system. */
#define ERROR_DEVICETYPE_DOES_NOT_EXIST (RASBASE + 9)
/* The buffer handed over cannot be used. */
#define ERROR_BUFFER_INVALID (RASBASE + 10)
/* The requested route cannot be had. */
#define ERROR_ROUTE_NOT_AVAILABLE (RASBASE + 11)
/* The requested route was never set up. */
#define ERROR_ROUTE_NOT_ALLOCATED (RASBASE + 12)
/* This kind of compression is not known. */
#define ERROR_INVALID_COMPRESSION_SPECIFIED (RASBASE + 13)
/* No free packet buffers are left. */
#define ERROR_OUT_OF_BUFFERS (RASBASE + 14)
/* There is no port of this name. */
#define ERROR_PORT_NOT_FOUND (RASBASE + 15)
/* An earlier asynchronous request on this port is still running. */
#define ERROR_ASYNC_REQUEST_PENDING (RASBASE + 16)
/* The connection or device is already being disconnected. */
#define ERROR_ALREADY_DISCONNECTING (RASBASE + 17)
/* The port or link is not open. */
#define ERROR_PORT_NOT_OPEN (RASBASE + 18)
/* The link went away before the connection was ready. */
#define ERROR_PORT_DISCONNECTED (RASBASE + 19)
/* It is not clear which end points to use. */
#define ERROR_NO_ENDPOINTS (RASBASE + 20)
/* The phone book could not be opened. */
#define ERROR_CANNOT_OPEN_PHONEBOOK (RASBASE + 21)
/* The phone book could not be read. */
#define ERROR_CANNOT_LOAD_PHONEBOOK (RASBASE + 22)
/* The phone book has no entry of this name. */
#define ERROR_CANNOT_FIND_PHONEBOOK_ENTRY (RASBASE + 23)
/* The phone book could not be written. */
#define ERROR_CANNOT_WRITE_PHONEBOOK (RASBASE + 24)
/* The phone book holds something that makes no sense. */
#define ERROR_CORRUPT_PHONEBOOK (RASBASE + 25)
/* A text needed for a message could not be loaded. */
#define ERROR_CANNOT_LOAD_STRING (RASBASE + 26)
/* A key that is needed was not found. */
#define ERROR_KEY_NOT_FOUND (RASBASE + 27)
/* The connection was closed before it was finished. */
#define ERROR_DISCONNECTION (RASBASE + 28)
/* The other side closed the connection. */
#define ERROR_REMOTE_DISCONNECTION (RASBASE + 29)
/* The connection ended because the hardware failed. */
#define ERROR_HARDWARE_FAILURE (RASBASE + 30)
/* The connection was ended by the user. */
#define ERROR_USER_DISCONNECTION (RASBASE + 31)
/* The size in the structure fits no known version of it. */
#define ERROR_INVALID_SIZE (RASBASE + 32)
/* The device is in use by another connection or is not set up for dialing out. */
#define ERROR_PORT_NOT_AVAILABLE (RASBASE + 33)
/* The remote network would not take this computer in. */
#define ERROR_CANNOT_PROJECT_CLIENT (RASBASE + 34)
/* Something failed for a reason that is not known. */
#define ERROR_UNKNOWN (RASBASE + 35)
/* Another device than the expected one is attached to the port. */
#define ERROR_WRONG_DEVICE_ATTACHED (RASBASE + 36)
/* A text could not be converted. */
#define ERROR_BAD_STRING (RASBASE + 37)
/* An answer did not come in time. */
#define ERROR_REQUEST_TIMEOUT (RASBASE + 38)
/* No NetBIOS adapter number could be had. */
#define ERROR_CANNOT_GET_LANA (RASBASE + 39)
/* NetBIOS reported an error. */
#define ERROR_NETBIOS_ERROR (RASBASE + 40)
/* The NetBIOS resources of the server are used up. */
#define ERROR_SERVER_OUT_OF_RESOURCES (RASBASE + 41)
/* A name of this computer is already taken on the remote network. */
#define ERROR_NAME_EXISTS_ON_NET (RASBASE + 42)
/* The server has trouble with one of its own network cards. */
#define ERROR_SERVER_GENERAL_NET_FAILURE (RASBASE + 43)
/* Network pop-up messages will not arrive on this connection. */
#define WARNING_MSG_ALIAS_NOT_ADDED (RASBASE + 44)
/* Authentication failed inside the system; the extended code tells more. */
#define ERROR_AUTH_INTERNAL (RASBASE + 45)
/* The account may not log on at this hour. */
#define ERROR_RESTRICTED_LOGON_HOURS (RASBASE + 46)
/* The account is switched off. */
#define ERROR_ACCT_DISABLED (RASBASE + 47)
/* The password has expired; it must be changed first. */
#define ERROR_PASSWD_EXPIRED (RASBASE + 48)
/* The account has no permission to dial in. */
#define ERROR_NO_DIALIN_PERMISSION (RASBASE + 49)
/* No answer comes from the remote access server. */
#define ERROR_SERVER_NOT_RESPONDING (RASBASE + 50)
/* The modem or other device reported an error. */
#define ERROR_FROM_DEVICE (RASBASE + 51)
/* The device answered something that is not understood. */
#define ERROR_UNRECOGNIZED_RESPONSE (RASBASE + 52)
/* A macro that the device needs is missing from its description file. */
#define ERROR_MACRO_NOT_FOUND (RASBASE + 53)
/* A command or answer in the device description uses a macro that is not defined. */
#define ERROR_MACRO_NOT_DEFINED (RASBASE + 54)
/* The message macro is missing from the device description. */
#define ERROR_MESSAGE_MACRO_NOT_FOUND (RASBASE + 55)
/* The device description defines its default-off macro by one that does not exist. */
#define ERROR_DEFAULTOFF_MACRO_NOT_FOUND (RASBASE + 56)
/* Opening the device description failed. */
#define ERROR_FILE_COULD_NOT_BE_OPENED (RASBASE + 57)
/* A device name in the description or media file exceeds the limit. */
#define ERROR_DEVICENAME_TOO_LONG (RASBASE + 58)
/* The media file names a device that is not known. */
#define ERROR_DEVICENAME_NOT_FOUND (RASBASE + 59)
/* The device description lists no answers for this command. */
#define ERROR_NO_RESPONSES (RASBASE + 60)
/* A command is missing from the device description. */
#define ERROR_NO_COMMAND_FOUND (RASBASE + 61)
/* A macro was set that the device description does not have. */
#define ERROR_WRONG_KEY_SPECIFIED (RASBASE + 62)
/* The media file names a kind of device that is not known. */
#define ERROR_UNKNOWN_DEVICE_TYPE (RASBASE + 63)
/* Memory ran out. */
#define ERROR_ALLOCATING_MEMORY (RASBASE + 64)
/* Remote access has not been set up on this port. */
#define ERROR_PORT_NOT_CONFIGURED (RASBASE + 65)
/* The modem or other device does not work. */
#define ERROR_DEVICE_NOT_READY (RASBASE + 66)
/* The media file could not be read. */
#define ERROR_READING_INI_FILE (RASBASE + 67)
/* There is no connection any more; it was dropped or already hung up. */
#define ERROR_NO_CONNECTION (RASBASE + 68)
/* The media file says something impossible about usage. */
#define ERROR_BAD_USAGE_IN_INI_FILE (RASBASE + 69)
/* A section name could not be read from the media file. */
#define ERROR_READING_SECTIONNAME (RASBASE + 70)
/* The device type could not be read from the media file. */
#define ERROR_READING_DEVICETYPE (RASBASE + 71)
/* The device name could not be read from the media file. */
#define ERROR_READING_DEVICENAME (RASBASE + 72)
/* The usage could not be read from the media file. */
#define ERROR_READING_USAGE (RASBASE + 73)
/* The highest connection speed could not be read from the media file. */
#define ERROR_READING_MAXCONNECTBPS (RASBASE + 74)
/* The highest carrier speed could not be read from the media file. */
#define ERROR_READING_MAXCARRIERBPS (RASBASE + 75)
/* Busy: the other end is in another call. */
#define ERROR_LINE_BUSY (RASBASE + 76)
/* A person picked up, not a modem. */
#define ERROR_VOICE_ANSWER (RASBASE + 77)
/* Nobody answered. */
#define ERROR_NO_ANSWER (RASBASE + 78)
/* No carrier was heard. */
#define ERROR_NO_CARRIER (RASBASE + 79)
/* No dial tone was heard; check the cable. */
#define ERROR_NO_DIALTONE (RASBASE + 80)
/* The modem rejected a command. */
#define ERROR_IN_COMMAND (RASBASE + 81)
/* A section name could not be written. */
#define ERROR_WRITING_SECTIONNAME (RASBASE + 82)
/* The device type could not be written. */
#define ERROR_WRITING_DEVICETYPE (RASBASE + 83)
/* The device name could not be written. */
#define ERROR_WRITING_DEVICENAME (RASBASE + 84)
/* The highest connection speed could not be written. */
#define ERROR_WRITING_MAXCONNECTBPS (RASBASE + 85)
/* The highest carrier speed could not be written. */
#define ERROR_WRITING_MAXCARRIERBPS (RASBASE + 86)
/* The usage could not be written. */
#define ERROR_WRITING_USAGE (RASBASE + 87)
/* The default-off setting could not be written. */
#define ERROR_WRITING_DEFAULTOFF (RASBASE + 88)
/* The default-off setting could not be read. */
#define ERROR_READING_DEFAULTOFF (RASBASE + 89)
/* There is nothing in the media file. */
#define ERROR_EMPTY_INI_FILE (RASBASE + 90)
/* User name or password was refused, or the server does not allow this way of authenticating. */
#define ERROR_AUTHENTICATION_FAILURE (RASBASE + 91)
/* The port or the device on it has a hardware failure. */
#define ERROR_PORT_OR_DEVICE (RASBASE + 92)
/* The macro is not a switch with two values. */
#define ERROR_NOT_BINARY_MACRO (RASBASE + 93)
/* The serial settings block was not found. */
#define ERROR_DCB_NOT_FOUND (RASBASE + 94)
/* The connection state machines are not running. */
#define ERROR_STATE_MACHINES_NOT_STARTED (RASBASE + 95)
/* The connection state machines are already running. */
#define ERROR_STATE_MACHINES_ALREADY_STARTED (RASBASE + 96)
/* Partial answers of the device go round in a loop. */
#define ERROR_PARTIAL_RESPONSE_LOOPING (RASBASE + 97)
/* An answer key in the device description is not well formed. */
#define ERROR_UNKNOWN_RESPONSE_KEY (RASBASE + 98)
/* The device sent more than the receive buffer can hold. */
#define ERROR_RECV_BUF_FULL (RASBASE + 99)
/* A command grew too long after its macros were filled in. */
#define ERROR_CMD_TOO_LONG (RASBASE + 100)
/* The device switched to a speed that the port cannot do. */
#define ERROR_UNSUPPORTED_BPS (RASBASE + 101)
/* The device answered although nothing was asked. */
#define ERROR_UNEXPECTED_RESPONSE (RASBASE + 102)
/* The connection needs a dialog with the user, and none is allowed. */
#define ERROR_INTERACTIVE_MODE (RASBASE + 103)
/* The callback number is not acceptable. */
#define ERROR_BAD_CALLBACK_NUMBER (RASBASE + 104)
/* Authentication is in a state in which this is not possible. */
#define ERROR_INVALID_AUTH_STATE (RASBASE + 105)
/* The first connection speed could not be written. */
#define ERROR_WRITING_INITBPS (RASBASE + 106)
/* The X.25 network sent a diagnostic. */
#define ERROR_X25_DIAGNOSTIC (RASBASE + 107)
/* This account is past its last day. */
#define ERROR_ACCT_EXPIRED (RASBASE + 108)
/* The password could not be changed; it may be too short or used before. */
#define ERROR_CHANGING_PASSWORD (RASBASE + 109)
/* Bytes were lost on the serial line. */
#define ERROR_OVERRUN (RASBASE + 110)
/* The connection manager could not start. */
#define ERROR_RASMAN_CANNOT_INITIALIZE (RASBASE + 111)
/* The two-way port is still getting ready; dial again in a moment. */
#define ERROR_BIPLEX_PORT_NOT_AVAILABLE (RASBASE + 112)
/* No ISDN line is active. */
#define ERROR_NO_ACTIVE_ISDN_LINES (RASBASE + 113)
/* No ISDN channel is free. */
#define ERROR_NO_ISDN_CHANNELS_AVAILABLE (RASBASE + 114)
/* The line is too bad: too many errors. */
#define ERROR_TOO_MANY_LINE_ERRORS (RASBASE + 115)
/* The IP settings for remote access cannot be used. */
#define ERROR_IP_CONFIGURATION (RASBASE + 116)
/* The pool of addresses for callers is empty. */
#define ERROR_NO_IP_ADDRESSES (RASBASE + 117)
/* The other side did not answer a PPP request in time. */
#define ERROR_PPP_TIMEOUT (RASBASE + 118)
/* The other side ended the PPP negotiation. */
#define ERROR_PPP_REMOTE_TERMINATED (RASBASE + 119)
/* Both sides could not agree on any network protocol. */
#define ERROR_PPP_NO_PROTOCOLS_CONFIGURED (RASBASE + 120)
/* The other side does not speak PPP or does not answer at all. */
#define ERROR_PPP_NO_RESPONSE (RASBASE + 121)
/* A PPP packet was malformed. */
#define ERROR_PPP_INVALID_PACKET (RASBASE + 122)
/* With its prefix and suffix the phone number exceeds the limit. */
#define ERROR_PHONE_NUMBER_TOO_LONG (RASBASE + 123)
/* IPX is not set up for dialing out. */
#define ERROR_IPXCP_NO_DIALOUT_CONFIGURED (RASBASE + 124)
/* IPX is not set up for being dialed. */
#define ERROR_IPXCP_NO_DIALIN_CONFIGURED (RASBASE + 125)
/* IPX already dials out on another port. */
#define ERROR_IPXCP_DIALOUT_ALREADY_ACTIVE (RASBASE + 126)
/* The TCP/IP configuration library could not be used. */
#define ERROR_ACCESSING_TCPCFGDLL (RASBASE + 127)
/* No IP interface is bound to remote access. */
#define ERROR_NO_IP_RAS_ADAPTER (RASBASE + 128)
/* SLIP needs IP, which is not installed. */
#define ERROR_SLIP_REQUIRES_IP (RASBASE + 129)
/* The network part of the connection is not negotiated yet. */
#define ERROR_PROJECTION_NOT_COMPLETE (RASBASE + 130)
/* This protocol is not in use on the connection. */
#define ERROR_PROTOCOL_NOT_CONFIGURED (RASBASE + 131)
/* PPP negotiation goes round without agreement. */
#define ERROR_PPP_NOT_CONVERGING (RASBASE + 132)
/* The server does not offer this network protocol. */
#define ERROR_PPP_CP_REJECTED (RASBASE + 133)
/* The link was ended during link negotiation. */
#define ERROR_PPP_LCP_TERMINATED (RASBASE + 134)
/* The server refused the address that was asked for. */
#define ERROR_PPP_REQUIRED_ADDRESS_REJECTED (RASBASE + 135)
/* The other side ended the network protocol. */
#define ERROR_PPP_NCP_TERMINATED (RASBASE + 136)
/* The line is looped: our own packets come back. */
#define ERROR_PPP_LOOPBACK_DETECTED (RASBASE + 137)
/* No address came from the server. */
#define ERROR_PPP_NO_ADDRESS_ASSIGNED (RASBASE + 138)
/* The server cannot check the encrypted password of the logon credentials. */
#define ERROR_CANNOT_USE_LOGON_CREDENTIALS (RASBASE + 139)
/* No telephony device is set up for remote access. */
#define ERROR_TAPI_CONFIGURATION (RASBASE + 140)
/* This computer cannot encrypt as required. */
#define ERROR_NO_LOCAL_ENCRYPTION (RASBASE + 141)
/* The server cannot encrypt as required. */
#define ERROR_NO_REMOTE_ENCRYPTION (RASBASE + 142)
/* The server insists on encryption. */
#define ERROR_REMOTE_REQUIRES_ENCRYPTION (RASBASE + 143)
/* The IPX network number from the server cannot be used. */
#define ERROR_IPXCP_NET_NUMBER_CONFLICT (RASBASE + 144)
/* The session module cannot be used. */
#define ERROR_INVALID_SMM (RASBASE + 145)
/* The session module has not been started. */
#define ERROR_SMM_UNINITIALIZED (RASBASE + 146)
/* No framing module fits the port. */
#define ERROR_NO_MAC_FOR_PORT (RASBASE + 147)
/* The session module did not answer in time. */
#define ERROR_SMM_TIMEOUT (RASBASE + 148)
/* The phone number or server name cannot be used. */
#define ERROR_BAD_PHONE_NUMBER (RASBASE + 149)
/* The wrong session module was named. */
#define ERROR_WRONG_MODULE (RASBASE + 150)
/*
 * The callback number has characters that are not allowed; digits, T, P, W, brackets, hyphen, at sign
 * and space are.
 */
#define ERROR_INVALID_CALLBACK_NUMBER (RASBASE + 151)
/* The logon script has a syntax error. */
#define ERROR_SCRIPT_SYNTAX (RASBASE + 152)
/* This connection was made by the router and cannot be hung up here. */
#define ERROR_HANGUP_FAILED (RASBASE + 153)
/* The multilink bundle was not found. */
#define ERROR_BUNDLE_NOT_FOUND (RASBASE + 154)
/* The entry has its own dialer, which could not be called. */
#define ERROR_CANNOT_DO_CUSTOMDIAL (RASBASE + 155)
/* A dial of this entry is going on right now. */
#define ERROR_DIAL_ALREADY_IN_PROGRESS (RASBASE + 156)
/* The automatic-dialing service could not start. */
#define ERROR_RASAUTO_CANNOT_INITIALIZE (RASBASE + 157)
/* The connection is already shared. */
#define ERROR_CONNECTION_ALREADY_SHARED (RASBASE + 158)
/* The sharing settings could not be changed. */
#define ERROR_SHARING_CHANGE_FAILED (RASBASE + 159)
/* Routing could not be switched on for sharing. */
#define ERROR_SHARING_ROUTER_INSTALL (RASBASE + 160)
/* Sharing could not be switched on. */
#define ERROR_SHARE_CONNECTION_FAILED (RASBASE + 161)
/* The local network could not be set up for sharing. */
#define ERROR_SHARING_PRIVATE_INSTALL (RASBASE + 162)
/* Sharing needs exactly one local network. */
#define ERROR_CANNOT_SHARE_CONNECTION (RASBASE + 163)
/* There is no smart card reader. */
#define ERROR_NO_SMART_CARD_READER (RASBASE + 164)
/* The address that sharing needs is already used. */
#define ERROR_SHARING_ADDRESS_EXISTS (RASBASE + 165)
/* No usable certificate was found for this connection. */
#define ERROR_NO_CERTIFICATE (RASBASE + 166)
/* The local network has more than one address, which sharing does not allow. */
#define ERROR_SHARING_MULTIPLE_ADDRESSES (RASBASE + 167)
/* The data could not be encrypted. */
#define ERROR_FAILED_TO_ENCRYPT (RASBASE + 168)
/* The destination cannot be reached. */
#define ERROR_BAD_ADDRESS_SPECIFIED (RASBASE + 169)
/* The other side rejected the call. */
#define ERROR_CONNECTION_REJECT (RASBASE + 170)
/* The network is too busy. */
#define ERROR_CONGESTION (RASBASE + 171)
/* The other side's equipment does not fit this kind of call. */
#define ERROR_INCOMPATIBLE (RASBASE + 172)
/* The destination has a new number. */
#define ERROR_NUMBERCHANGED (RASBASE + 173)
/* A passing failure; try again. */
#define ERROR_TEMPFAILURE (RASBASE + 174)
/* The other side blocked the call. */
#define ERROR_BLOCKED (RASBASE + 175)
/* The other side does not want to be disturbed. */
#define ERROR_DONOTDISTURB (RASBASE + 176)
/* The other side's device is out of order. */
#define ERROR_OUTOFORDER (RASBASE + 177)
/* The server could not prove who it is. */
#define ERROR_UNABLE_TO_AUTHENTICATE_SERVER (RASBASE + 178)
/* This connection needs a smart card. */
#define ERROR_SMART_CARD_REQUIRED (RASBASE + 179)
/* This is not possible for this kind of entry. */
#define ERROR_INVALID_FUNCTION_FOR_ENTRY (RASBASE + 180)
/* No certificate for encryption was found. */
#define ERROR_CERT_FOR_ENCRYPTION_NOT_FOUND (RASBASE + 181)
/* Address translation is already in use as a routing protocol. */
#define ERROR_SHARING_RRAS_CONFLICT (RASBASE + 182)
/* The local network for sharing is missing or not connected. */
#define ERROR_SHARING_NO_PRIVATE_LAN (RASBASE + 183)
/* Not possible at logon: the entry has another user name than the smart card. */
#define ERROR_NO_DIFF_USER_AT_LOGON (RASBASE + 184)
/* Not possible at logon: the entry does not use a smart card. */
#define ERROR_NO_REG_CERT_AT_LOGON (RASBASE + 185)
/* L2TP: this computer has no certificate for IPsec. */
#define ERROR_OAKLEY_NO_CERT (RASBASE + 186)
/* L2TP: IPsec could not verify the other side. */
#define ERROR_OAKLEY_AUTH_FAIL (RASBASE + 187)
/* L2TP: no common IPsec parameters. */
#define ERROR_OAKLEY_ATTRIB_FAIL (RASBASE + 188)
/* L2TP: IPsec failed while processing the first exchange. */
#define ERROR_OAKLEY_GENERAL_PROCESSING (RASBASE + 189)
/* L2TP: the other side's certificate was not accepted. */
#define ERROR_OAKLEY_NO_PEER_CERT (RASBASE + 190)
/* L2TP: there is no IPsec policy for the connection. */
#define ERROR_OAKLEY_NO_POLICY (RASBASE + 191)
/* L2TP: the IPsec exchange timed out. */
#define ERROR_OAKLEY_TIMED_OUT (RASBASE + 192)
/* L2TP: the IPsec exchange failed. */
#define ERROR_OAKLEY_ERROR (RASBASE + 193)
/* The framing that the authentication server assigned is not PPP. */
#define ERROR_UNKNOWN_FRAMED_PROTOCOL (RASBASE + 194)
/* The tunnel type that the authentication server assigned is wrong. */
#define ERROR_WRONG_TUNNEL_TYPE (RASBASE + 195)
/* The service type that the authentication server assigned is not a framed one. */
#define ERROR_UNKNOWN_SERVICE_TYPE (RASBASE + 196)
/* The device to dial with was not found or is busy. */
#define ERROR_CONNECTING_DEVICE_NOT_FOUND (RASBASE + 197)
/* No certificate was found that EAP can use. */
#define ERROR_NO_EAPTLS_CERTIFICATE (RASBASE + 198)
/* Sharing cannot be switched on: its address is in conflict. */
#define ERROR_SHARING_HOST_ADDRESS_CONFLICT (RASBASE + 199)
/* No VPN protocol got through; the server may be unreachable or the security settings may not fit. */
#define ERROR_AUTOMATIC_VPN_FAILED (RASBASE + 200)
/* The server's certificate could not be checked as the entry demands. */
#define ERROR_VALIDATING_SERVER_CERT (RASBASE + 201)
/* The card was not recognised. */
#define ERROR_READING_SCARD (RASBASE + 202)
/* The stored PEAP settings do not fit this session. */
#define ERROR_INVALID_PEAP_COOKIE_CONFIG (RASBASE + 203)
/* The stored PEAP identity does not fit this user. */
#define ERROR_INVALID_PEAP_COOKIE_USER (RASBASE + 204)
/* Not possible at logon: the entry takes the credentials of the logged-on user. */
#define ERROR_INVALID_MSCHAPV2_CONFIG (RASBASE + 205)
/*
 * The control connection works, but tunnel packets (GRE) do not get through; a firewall or NAT on the
 * way is the usual cause.
 */
#define ERROR_VPN_GRE_BLOCKED (RASBASE + 206)
/* The connection to the VPN server was interrupted. */
#define ERROR_VPN_DISCONNECT (RASBASE + 207)
/* The VPN server refused the connection. */
#define ERROR_VPN_REFUSED (RASBASE + 208)
/* The VPN server does not answer; a firewall or NAT on the way may block the protocol. */
#define ERROR_VPN_TIMEOUT (RASBASE + 209)
/* The VPN server's certificate or ours is missing, expired or wrong. */
#define ERROR_VPN_BAD_CERT (RASBASE + 210)
/* The VPN server does not answer because the pre-shared keys differ. */
#define ERROR_VPN_BAD_PSK (RASBASE + 211)
/* A policy of the server does not allow this way of authenticating. */
#define ERROR_SERVER_POLICY (RASBASE + 212)
/* A broadband connection is already up on this device. */
#define ERROR_BROADBAND_ACTIVE (RASBASE + 213)
/* There is no Ethernet link under the broadband connection. */
#define ERROR_BROADBAND_NO_NIC (RASBASE + 214)
/* No access concentrator answered; the service name may be wrong. */
#define ERROR_BROADBAND_TIMEOUT (RASBASE + 215)
/* This feature or setting is no longer supported. */
#define ERROR_FEATURE_DEPRECATED (RASBASE + 216)
/* Hang up first: a connected entry cannot be deleted. */
#define ERROR_CANNOT_DELETE (RASBASE + 217)
/* The health-check client could not get its resources. */
#define ERROR_RASQEC_RESOURCE_CREATION_FAILED (RASBASE + 218)
/* The health-check agent is off or not installed. */
#define ERROR_RASQEC_NAPAGENT_NOT_ENABLED (RASBASE + 219)
/* The health-check client could not register. */
#define ERROR_RASQEC_NAPAGENT_NOT_CONNECTED (RASBASE + 220)
/* The health-check client found no such connection. */
#define ERROR_RASQEC_CONN_DOESNOTEXIST (RASBASE + 221)
/* The health-check client did not answer. */
#define ERROR_RASQEC_TIMEOUT (RASBASE + 222)
/* The PEAP crypto binding is wrong. */
#define ERROR_PEAP_CRYPTOBINDING_INVALID (RASBASE + 223)
/* The PEAP crypto binding did not come. */
#define ERROR_PEAP_CRYPTOBINDING_NOTRECEIVED (RASBASE + 224)
/* PPTP cannot carry this with IPv6; choose another VPN protocol. */
#define ERROR_INVALID_VPNSTRATEGY (RASBASE + 225)
/* The remembered EAP-TLS credentials are no good and should be forgotten. */
#define ERROR_EAPTLS_CACHE_CREDENTIALS_INVALID (RASBASE + 226)
/* IPsec is not possible: its services are not running. */
#define ERROR_IPSEC_SERVICE_STOPPED (RASBASE + 227)
/* Hung up because nothing was sent for the set time. */
#define ERROR_IDLE_TIMEOUT (RASBASE + 228)
/* The link failed. */
#define ERROR_LINK_FAILURE (RASBASE + 229)
/* Hung up because the user logged off. */
#define ERROR_USER_LOGOFF (RASBASE + 230)
/* Hung up because another user took over the session. */
#define ERROR_FAST_USER_SWITCH (RASBASE + 231)
/* Hung up because the computer hibernates. */
#define ERROR_HIBERNATION (RASBASE + 232)
/* Hung up because the computer sleeps. */
#define ERROR_SYSTEM_SUSPENDED (RASBASE + 233)
/* Hung up because the connection manager stopped. */
#define ERROR_RASMAN_SERVICE_STOPPED (RASBASE + 234)
/* L2TP: a field of the server's certificate does not fit. */
#define ERROR_INVALID_SERVER_CERT (RASBASE + 235)
/* This computer does no health checks. */
#define ERROR_NOT_NAP_CAPABLE (RASBASE + 236)
/* The tunnel is not known. */
#define ERROR_INVALID_TUNNELID (RASBASE + 237)
/* An update of this connection is already running. */
#define ERROR_UPDATECONNECTION_REQUEST_IN_PROCESS (RASBASE + 238)
/* The chosen VPN protocol is switched off. */
#define ERROR_PROTOCOL_ENGINE_DISABLED (RASBASE + 239)
/* No inner address could be agreed on. */
#define ERROR_INTERNAL_ADDRESS_FAILURE (RASBASE + 240)
/* An inner IPv4 or IPv6 address must be asked for. */
#define ERROR_FAILED_CP_REQUIRED (RASBASE + 241)
/* No agreement on which traffic the tunnel carries. */
#define ERROR_TS_UNACCEPTABLE (RASBASE + 242)
/* Moving to another network is switched off for this connection. */
#define ERROR_MOBIKE_DISABLED (RASBASE + 243)
/* The connection cannot move now: it is not in the connected state. */
#define ERROR_CANNOT_INITIATE_MOBIKE_UPDATE (RASBASE + 244)
/* The server refused a part of the PEAP exchange. */
#define ERROR_PEAP_SERVER_REJECTED_CLIENT_TLV (RASBASE + 245)
/* No VPN destination is chosen, or the chosen one is no longer valid. */
#define ERROR_INVALID_PREFERENCES (RASBASE + 246)
/* The remembered smart card credentials are no good. */
#define ERROR_EAPTLS_SCARD_CACHE_CREDENTIALS_INVALID (RASBASE + 247)
/* SSTP could not store its cookie. */
#define ERROR_SSTP_COOKIE_SET_FAILURE (RASBASE + 248)
/* An inner setting in the PEAP cookie is wrong. */
#define ERROR_INVALID_PEAP_COOKIE_ATTRIBUTES (RASBASE + 249)
/* The EAP method of this entry is not installed. */
#define ERROR_EAP_METHOD_NOT_INSTALLED (RASBASE + 250)
/* The EAP method of this entry cannot do single sign-on. */
#define ERROR_EAP_METHOD_DOES_NOT_SUPPORT_SSO (RASBASE + 251)
/* The EAP method cannot do what was asked. */
#define ERROR_EAP_METHOD_OPERATION_NOT_SUPPORTED (RASBASE + 252)
/* The user's certificate is not valid. */
#define ERROR_EAP_USER_CERT_INVALID (RASBASE + 253)
/* The user's certificate has expired. */
#define ERROR_EAP_USER_CERT_EXPIRED (RASBASE + 254)
/* The user's certificate was revoked. */
#define ERROR_EAP_USER_CERT_REVOKED (RASBASE + 255)
/* There is another error in the user's certificate. */
#define ERROR_EAP_USER_CERT_OTHER_ERROR (RASBASE + 256)
/* The server's certificate is not valid. */
#define ERROR_EAP_SERVER_CERT_INVALID (RASBASE + 257)
/* The server's certificate has expired. */
#define ERROR_EAP_SERVER_CERT_EXPIRED (RASBASE + 258)
/* The server's certificate was revoked. */
#define ERROR_EAP_SERVER_CERT_REVOKED (RASBASE + 259)
/* There is another error in the server's certificate. */
#define ERROR_EAP_SERVER_CERT_OTHER_ERROR (RASBASE + 260)
/* The root certificate for the user's certificate was not found. */
#define ERROR_EAP_USER_ROOT_CERT_NOT_FOUND (RASBASE + 261)
/* The root certificate for the user's certificate is not valid. */
#define ERROR_EAP_USER_ROOT_CERT_INVALID (RASBASE + 262)
/* The root certificate for the user's certificate has expired. */
#define ERROR_EAP_USER_ROOT_CERT_EXPIRED (RASBASE + 263)
/* The root certificate for the server's certificate was not found. */
#define ERROR_EAP_SERVER_ROOT_CERT_NOT_FOUND (RASBASE + 264)
/* The root certificate for the server's certificate is not valid. */
#define ERROR_EAP_SERVER_ROOT_CERT_INVALID (RASBASE + 265)
/* The server's certificate has no server name. */
#define ERROR_EAP_SERVER_ROOT_CERT_NAME_REQUIRED (RASBASE + 266)
/* Outer and inner PEAP identity differ although privacy is off. */
#define ERROR_PEAP_IDENTITY_MISMATCH (RASBASE + 267)
/* The name of the server could not be resolved. */
#define ERROR_DNSNAME_NOT_RESOLVABLE (RASBASE + 268)
/* The certificate did not open with this password. */
#define ERROR_EAPTLS_PASSWD_INVALID (RASBASE + 269)
/* More than one interface goes to this destination with a pre-shared key. */
#define ERROR_IKEV2_PSK_INTERFACE_ALREADY_EXISTS (RASBASE + 270)
/* The destination address is not valid. */
#define ERROR_INVALID_DESTINATION_IP (RASBASE + 271)
/* The configuration of the interface is not valid. */
#define ERROR_INVALID_INTERFACE_CONFIG (RASBASE + 272)
/* The VPN plug-in reported an error. */
#define ERROR_VPN_PLUGIN_GENERIC (RASBASE + 273)
/* No certificate for single sign-on was found. */
#define ERROR_SSO_CERT_MISSING (RASBASE + 274)
/* The device does not meet the required rules. */
#define ERROR_DEVICE_COMPLIANCE (RASBASE + 275)
/* The VPN plug-in of this entry is not installed. */
#define ERROR_PLUGIN_NOT_INSTALLED (RASBASE + 276)
/* The user has to do something before the connection can go on. */
#define ERROR_ACTION_REQUIRED (RASBASE + 277)

#define RASBASEEND (RASBASE + 277)

#endif /* ONHOOK_RASERROR_H */
