/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * onhook/winerror.h: errors of the system and of certificates that functions of RAS answer.
 */
#ifndef ONHOOK_WINERROR_H
#define ONHOOK_WINERROR_H

#include "wintypes.h"

#ifndef _WIN32

#ifndef NO_ERROR
#define NO_ERROR 0
#endif
#ifndef ERROR_SUCCESS
/* The call succeeded. */
#define ERROR_SUCCESS 0
#endif
#ifndef ERROR_FILE_NOT_FOUND
/* The file was not found. */
#define ERROR_FILE_NOT_FOUND 2
#endif
#ifndef ERROR_PATH_NOT_FOUND
/* The folder was not found. */
#define ERROR_PATH_NOT_FOUND 3
#endif
#ifndef ERROR_ACCESS_DENIED
/* The caller may not do this. */
#define ERROR_ACCESS_DENIED 5
#endif
#ifndef ERROR_INVALID_HANDLE
/* The handle is not (or no longer) a connection. */
#define ERROR_INVALID_HANDLE 6
#endif
#ifndef ERROR_NOT_ENOUGH_MEMORY
/* There is not enough memory. */
#define ERROR_NOT_ENOUGH_MEMORY 8
#endif
#ifndef ERROR_OUTOFMEMORY
/* There is not enough memory. */
#define ERROR_OUTOFMEMORY 14
#endif
#ifndef ERROR_NOT_SUPPORTED
/* This request is not supported. */
#define ERROR_NOT_SUPPORTED 50
#endif
#ifndef ERROR_INVALID_PARAMETER
/* A parameter is wrong, often a null pointer. */
#define ERROR_INVALID_PARAMETER 87
#endif
#ifndef ERROR_OPEN_FAILED
/* The file or device could not be opened. */
#define ERROR_OPEN_FAILED 110
#endif
#ifndef ERROR_BUFFER_OVERFLOW
/* The name is too long. */
#define ERROR_BUFFER_OVERFLOW 111
#endif
#ifndef ERROR_DISK_FULL
/* The disk is full. */
#define ERROR_DISK_FULL 112
#endif
#ifndef ERROR_CALL_NOT_IMPLEMENTED
/* This call does nothing on this system. */
#define ERROR_CALL_NOT_IMPLEMENTED 120
#endif
#ifndef ERROR_INSUFFICIENT_BUFFER
/* The buffer is too small. */
#define ERROR_INSUFFICIENT_BUFFER 122
#endif
#ifndef ERROR_INVALID_NAME
/* The name is not acceptable. */
#define ERROR_INVALID_NAME 123
#endif
#ifndef ERROR_MOD_NOT_FOUND
/* A module was not found. */
#define ERROR_MOD_NOT_FOUND 126
#endif
#ifndef ERROR_PROC_NOT_FOUND
/* A function was not found in a module. */
#define ERROR_PROC_NOT_FOUND 127
#endif
#ifndef ERROR_BUSY
/* The resource is in use. */
#define ERROR_BUSY 170
#endif
#ifndef ERROR_ALREADY_EXISTS
/* This name exists already. */
#define ERROR_ALREADY_EXISTS 183
#endif
#ifndef ERROR_MORE_DATA
/* There is more data. */
#define ERROR_MORE_DATA 234
#endif
#ifndef ERROR_NO_MORE_ITEMS
/* There is no item with this number. */
#define ERROR_NO_MORE_ITEMS 259
#endif
#ifndef ERROR_IO_PENDING
/* The operation runs on. */
#define ERROR_IO_PENDING 997
#endif
#ifndef ERROR_INVALID_FLAGS
/* The flags are not valid. */
#define ERROR_INVALID_FLAGS 1004
#endif
#ifndef ERROR_NO_TOKEN
/* There is no token. */
#define ERROR_NO_TOKEN 1008
#endif
#ifndef ERROR_SERVICE_DOES_NOT_EXIST
/* The service is not installed. */
#define ERROR_SERVICE_DOES_NOT_EXIST 1060
#endif
#ifndef ERROR_SERVICE_NOT_ACTIVE
/* The service is not running. */
#define ERROR_SERVICE_NOT_ACTIVE 1062
#endif
#ifndef ERROR_SERVICE_DEPENDENCY_FAIL
/* A service that is needed could not start. */
#define ERROR_SERVICE_DEPENDENCY_FAIL 1068
#endif
#ifndef ERROR_NOT_FOUND
/* There is no such element. */
#define ERROR_NOT_FOUND 1168
#endif
#ifndef ERROR_CANCELLED
/* The user cancelled. */
#define ERROR_CANCELLED 1223
#endif
#ifndef ERROR_CONNECTION_REFUSED
/* The other side refused the network connection. */
#define ERROR_CONNECTION_REFUSED 1225
#endif
#ifndef ERROR_NETWORK_UNREACHABLE
/* No way to that network. */
#define ERROR_NETWORK_UNREACHABLE 1231
#endif
#ifndef ERROR_HOST_UNREACHABLE
/* No way to that host. */
#define ERROR_HOST_UNREACHABLE 1232
#endif
#ifndef ERROR_LOGON_FAILURE
/* The user name or password is wrong. */
#define ERROR_LOGON_FAILURE 1326
#endif
#ifndef ERROR_TIMEOUT
/* Time ran out. */
#define ERROR_TIMEOUT 1460
#endif
#ifndef RPC_S_SERVER_UNAVAILABLE
/* The service cannot be reached. */
#define RPC_S_SERVER_UNAVAILABLE 1722
#endif
#ifndef ERROR_INVALID_USER_BUFFER
/* The buffer is not valid for this request. */
#define ERROR_INVALID_USER_BUFFER 1784
#endif
#ifndef ERROR_NOT_CONNECTED
/* There is no such network connection. */
#define ERROR_NOT_CONNECTED 2250
#endif
#ifndef WSAETIMEDOUT
/* The network connection timed out. */
#define WSAETIMEDOUT 10060
#endif
#ifndef WSAHOST_NOT_FOUND
/* No such host name. */
#define WSAHOST_NOT_FOUND 11001
#endif
#ifndef ERROR_IPSEC_IKE_AUTH_FAIL
/* IKE: the credentials were not accepted. */
#define ERROR_IPSEC_IKE_AUTH_FAIL 13801
#endif
#ifndef ERROR_IPSEC_IKE_NO_CERT
/* IKE: no valid machine certificate. */
#define ERROR_IPSEC_IKE_NO_CERT 13806
#endif
#ifndef ERROR_IPSEC_IKE_POLICY_MATCH
/* IKE: no common policy. */
#define ERROR_IPSEC_IKE_POLICY_MATCH 13868
#endif
#ifndef ERROR_IPSEC_IKE_INVALID_SIG
/* IKE: a signature is wrong. */
#define ERROR_IPSEC_IKE_INVALID_SIG 13875
#endif
#ifndef E_INVALIDARG
/* An argument is wrong. */
#define E_INVALIDARG ((HRESULT)0x80070057)
#endif
#ifndef WININET_E_NAME_NOT_RESOLVED
/* The name of the server could not be resolved. */
#define WININET_E_NAME_NOT_RESOLVED ((HRESULT)0x80072EE7)
#endif
#ifndef CRYPT_E_REVOCATION_OFFLINE
/* Revocation of the certificate could not be checked. */
#define CRYPT_E_REVOCATION_OFFLINE ((HRESULT)0x80092013)
#endif
#ifndef CERT_E_EXPIRED
/* The certificate is out of its time. */
#define CERT_E_EXPIRED ((HRESULT)0x800B0101)
#endif
#ifndef CERT_E_UNTRUSTEDROOT
/* The chain ends in a root that is not trusted. */
#define CERT_E_UNTRUSTEDROOT ((HRESULT)0x800B0109)
#endif
#ifndef CERT_E_CN_NO_MATCH
/* The certificate names another host. */
#define CERT_E_CN_NO_MATCH ((HRESULT)0x800B010F)
#endif

#endif /* not _WIN32 */

#endif /* ONHOOK_WINERROR_H */
