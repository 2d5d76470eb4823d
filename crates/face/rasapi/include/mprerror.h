/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * mprerror.h: the errors of the router, 900 to 956, which pass through RAS and have sentences, too.
 */
#ifndef ONHOOK_MPRERROR_H
#define ONHOOK_MPRERROR_H
#define _MPRERROR_H_ /* the name by which other headers know this one */

#define ROUTEBASE 900

/* No router runs here. */
#define ERROR_ROUTER_STOPPED (ROUTEBASE + 0)
/* This interface has a connection already. */
#define ERROR_ALREADY_CONNECTED (ROUTEBASE + 1)
/* The router knows no such protocol number. */
#define ERROR_UNKNOWN_PROTOCOL_ID (ROUTEBASE + 2)
/* The manager for demand-dial interfaces does not run. */
#define ERROR_DDM_NOT_RUNNING (ROUTEBASE + 3)
/* An interface of this name exists already. */
#define ERROR_INTERFACE_ALREADY_EXISTS (ROUTEBASE + 4)
/* There is no interface of this name. */
#define ERROR_NO_SUCH_INTERFACE (ROUTEBASE + 5)
/* This interface has no connection. */
#define ERROR_INTERFACE_NOT_CONNECTED (ROUTEBASE + 6)
/* The protocol is about to stop. */
#define ERROR_PROTOCOL_STOP_PENDING (ROUTEBASE + 7)
/* Disconnect the interface before deleting it. */
#define ERROR_INTERFACE_CONNECTED (ROUTEBASE + 8)
/* The interface has no credentials. */
#define ERROR_NO_INTERFACE_CREDENTIALS_SET (ROUTEBASE + 9)
/* The interface is being connected already. */
#define ERROR_ALREADY_CONNECTING (ROUTEBASE + 10)
/* A route update runs already on this interface. */
#define ERROR_UPDATE_IN_PROGRESS (ROUTEBASE + 11)
/* The interface configuration is wrong: the remote interface is connected to another one. */
#define ERROR_INTERFACE_CONFIGURATION (ROUTEBASE + 12)
/* The port is kept for routers. */
#define ERROR_NOT_CLIENT_PORT (ROUTEBASE + 13)
/* The port is kept for clients. */
#define ERROR_NOT_ROUTER_PORT (ROUTEBASE + 14)
/* Another client interface of this name is already up. */
#define ERROR_CLIENT_INTERFACE_ALREADY_EXISTS (ROUTEBASE + 15)
/* The interface is switched off. */
#define ERROR_INTERFACE_DISABLED (ROUTEBASE + 16)
/* The other side refused the authentication protocol. */
#define ERROR_AUTH_PROTOCOL_REJECTED (ROUTEBASE + 17)
/* No authentication protocol is left to try. */
#define ERROR_NO_AUTH_PROTOCOL_AVAILABLE (ROUTEBASE + 18)
/* The other side will not authenticate with any protocol allowed here. */
#define ERROR_PEER_REFUSED_AUTH (ROUTEBASE + 19)
/* The remote account may not dial in. */
#define ERROR_REMOTE_NO_DIALIN_PERMISSION (ROUTEBASE + 20)
/* The password of the remote account is too old. */
#define ERROR_REMOTE_PASSWD_EXPIRED (ROUTEBASE + 21)
/* The remote account is switched off. */
#define ERROR_REMOTE_ACCT_DISABLED (ROUTEBASE + 22)
/* The remote account may not log on at this hour. */
#define ERROR_REMOTE_RESTRICTED_LOGON_HOURS (ROUTEBASE + 23)
/* The remote account's user name or password was refused. */
#define ERROR_REMOTE_AUTHENTICATION_FAILURE (ROUTEBASE + 24)
/* No routing port is free for this interface. */
#define ERROR_INTERFACE_HAS_NO_DEVICES (ROUTEBASE + 25)
/* Hung up for idleness. */
#define ERROR_IDLE_DISCONNECTED (ROUTEBASE + 26)
/* The interface cannot be reached now. */
#define ERROR_INTERFACE_UNREACHABLE (ROUTEBASE + 27)
/* Demand-dial is on hold. */
#define ERROR_SERVICE_IS_PAUSED (ROUTEBASE + 28)
/* An administrator disconnected the interface. */
#define ERROR_INTERFACE_DISCONNECTED (ROUTEBASE + 29)
/* The authentication server did not answer in time. */
#define ERROR_AUTH_SERVER_TIMEOUT (ROUTEBASE + 30)
/* The multilink connection already has all the links it may have. */
#define ERROR_PORT_LIMIT_REACHED (ROUTEBASE + 31)
/* The user's time is used up. */
#define ERROR_PPP_SESSION_TIMEOUT (ROUTEBASE + 32)
/* No more LAN interfaces can be added. */
#define ERROR_MAX_LAN_INTERFACE_LIMIT (ROUTEBASE + 33)
/* No more demand-dial interfaces can be added. */
#define ERROR_MAX_WAN_INTERFACE_LIMIT (ROUTEBASE + 34)
/* No more clients can connect. */
#define ERROR_MAX_CLIENT_INTERFACE_LIMIT (ROUTEBASE + 35)
/* Hung up by the bandwidth allocation protocol. */
#define ERROR_BAP_DISCONNECTED (ROUTEBASE + 36)
/* A connection of the same kind is in use, so this one was refused. */
#define ERROR_USER_LIMIT (ROUTEBASE + 37)
/* No RADIUS server was found. */
#define ERROR_NO_RADIUS_SERVERS (ROUTEBASE + 38)
/* The RADIUS answer cannot be trusted; check the shared secret. */
#define ERROR_INVALID_RADIUS_RESPONSE (ROUTEBASE + 39)
/* Connecting is not allowed at this time. */
#define ERROR_DIALIN_HOURS_RESTRICTION (ROUTEBASE + 40)
/* Connecting with this kind of device is not allowed. */
#define ERROR_ALLOWED_PORT_TYPE_RESTRICTION (ROUTEBASE + 41)
/* The access policy does not allow this authentication method. */
#define ERROR_AUTH_PROTOCOL_RESTRICTION (ROUTEBASE + 42)
/* The bandwidth allocation protocol is required for this user. */
#define ERROR_BAP_REQUIRED (ROUTEBASE + 43)
/* This is outside the hours in which the interface may connect. */
#define ERROR_DIALOUT_HOURS_RESTRICTION (ROUTEBASE + 44)
/* The stored router configuration does not fit this version. */
#define ERROR_ROUTER_CONFIG_INCOMPATIBLE (ROUTEBASE + 45)
/* Accounts in an older format will not be moved automatically. */
#define WARNING_NO_MD5_MIGRATION (ROUTEBASE + 46)
/* The transport is installed already. */
#define ERROR_PROTOCOL_ALREADY_INSTALLED (ROUTEBASE + 48)
/* RADIUS: a signature has the wrong length. */
#define ERROR_INVALID_SIGNATURE_LENGTH (ROUTEBASE + 49)
/* RADIUS: a signature is wrong. */
#define ERROR_INVALID_SIGNATURE (ROUTEBASE + 50)
/* RADIUS: a signature is missing. */
#define ERROR_NO_SIGNATURE (ROUTEBASE + 51)
/* RADIUS: length or identifier of a packet is wrong. */
#define ERROR_INVALID_PACKET_LENGTH_OR_ID (ROUTEBASE + 52)
/* RADIUS: length of an attribute is wrong. */
#define ERROR_INVALID_ATTRIBUTE_LENGTH (ROUTEBASE + 53)
/* RADIUS: a packet is malformed. */
#define ERROR_INVALID_PACKET (ROUTEBASE + 54)
/* RADIUS: the authenticator does not match. */
#define ERROR_AUTHENTICATOR_MISMATCH (ROUTEBASE + 55)
/* The routing and remote access server has not been set up or started. */
#define ROUTEBASEEND (ROUTEBASE + 56)

#endif /* ONHOOK_MPRERROR_H */
