//! Every RAS number, its name and its English sentence: one table.
//!
//! Whoever dials, lists or hangs up is told a number of the Remote Access Service: 600 to 877 and 900
//! to 956 are RAS's own, the small ones are the system's, the ones from 0x8000_0000 on are HRESULTs,
//! which the API passes through in the same `DWORD` (a certificate that does not fit, for instance).
//! These numbers are written here and nowhere else in the house; everyone else uses the names.
//!
//! The names lack the prefix `ERROR_`, which [`RasCode::name`] puts back. The few that never had it
//! (`PENDING`, `CERT_E_EXPIRED`, …) stand in the second part of the table. The sentences say what is
//! the matter; what to do about it is said at the face, in a person's own language.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number of the Remote Access Service, such as 691.
///
/// Any number can be held, known or not, because peers and other systems send theirs.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RasCode(u32);

impl RasCode {
    /// The code of this number; every number is one.
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The number, as programs get it.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Its name in the headers (`ERROR_AUTHENTICATION_FAILURE`), if it has one.
    pub const fn name(self) -> Option<&'static str> {
        match row(self.0) {
            Some((name, _)) => Some(name),
            None => None,
        }
    }

    /// What is the matter, as one English sentence; a general one for numbers that we do not know.
    pub const fn sentence(self) -> &'static str {
        match row(self.0) {
            Some((_, sentence)) => sentence,
            None => "This error is not known here.",
        }
    }

    /// Whether this is the number of success.
    pub const fn is_success(self) -> bool {
        self.0 == Self::SUCCESS.0
    }

    /// Whether this is an HRESULT of a failure, which people know by its hexadecimal form.
    pub const fn is_hresult(self) -> bool {
        self.0 >= FIRST_HRESULT
    }
}

/// Failures among HRESULTs have the highest bit.
const FIRST_HRESULT: u32 = 0x8000_0000;

impl fmt::Display for RasCode {
    /// `691 ERROR_AUTHENTICATION_FAILURE`, `0x800B0109 CERT_E_UNTRUSTEDROOT`, or a bare number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_hresult() {
            write!(f, "0x{:08X}", self.0)?;
        } else {
            write!(f, "{}", self.0)?;
        }
        self.name().map_or(Ok(()), |name| write!(f, " {name}"))
    }
}

impl From<RasCode> for u32 {
    fn from(code: RasCode) -> Self {
        code.number()
    }
}

impl From<u32> for RasCode {
    fn from(number: u32) -> Self {
        Self::from_number(number)
    }
}

/// Makes constants, names, sentences and [`RasCode::ALL`] of the rows. A number given twice does not
/// compile without a warning (an arm of the match would be unreachable).
macro_rules! ras_codes {
    (
        with_prefix { $($name:ident = $number:literal, $sentence:literal;)* }
        without_prefix { $($bare:ident = $bare_number:literal, $bare_sentence:literal;)* }
    ) => {
        impl RasCode {
            $(#[doc = $sentence] pub const $name: Self = Self($number);)*
            $(#[doc = $bare_sentence] pub const $bare: Self = Self($bare_number);)*

            /// Every code of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)* $(Self::$bare,)*];
        }

        const fn row(number: u32) -> Option<(&'static str, &'static str)> {
            match number {
                $($number => Some((concat!("ERROR_", stringify!($name)), $sentence)),)*
                $($bare_number => Some((stringify!($bare), $bare_sentence)),)*
                _ => None,
            }
        }
    };
}

ras_codes! {
    with_prefix {
        SUCCESS = 0, "The call succeeded.";
        FILE_NOT_FOUND = 2, "The file was not found.";
        PATH_NOT_FOUND = 3, "The folder was not found.";
        ACCESS_DENIED = 5, "The caller may not do this.";
        INVALID_HANDLE = 6, "The handle is not (or no longer) a connection.";
        NOT_ENOUGH_MEMORY = 8, "There is not enough memory.";
        OUTOFMEMORY = 14, "There is not enough memory.";
        NOT_SUPPORTED = 50, "This request is not supported.";
        INVALID_PARAMETER = 87, "A parameter is wrong, often a null pointer.";
        OPEN_FAILED = 110, "The file or device could not be opened.";
        BUFFER_OVERFLOW = 111, "The name is too long.";
        DISK_FULL = 112, "The disk is full.";
        CALL_NOT_IMPLEMENTED = 120, "This call does nothing on this system.";
        INSUFFICIENT_BUFFER = 122, "The buffer is too small.";
        INVALID_NAME = 123, "The name is not acceptable.";
        MOD_NOT_FOUND = 126, "A module was not found.";
        PROC_NOT_FOUND = 127, "A function was not found in a module.";
        BUSY = 170, "The resource is in use.";
        ALREADY_EXISTS = 183, "This name exists already.";
        MORE_DATA = 234, "There is more data.";
        NO_MORE_ITEMS = 259, "There is no item with this number.";
        INVALID_PORT_HANDLE = 601, "This port handle is not known.";
        PORT_ALREADY_OPEN = 602, "Somebody already has this port open.";
        BUFFER_TOO_SMALL = 603, "The buffer given is smaller than the answer; the needed size has been written back.";
        WRONG_INFO_SPECIFIED = 604, "The port information asked for or given is of the wrong kind.";
        CANNOT_SET_PORT_INFO = 605, "The port settings could not be applied.";
        PORT_NOT_CONNECTED = 606, "The port has no connection on it.";
        EVENT_INVALID = 607, "An event arrived that does not fit the present step.";
        DEVICE_DOES_NOT_EXIST = 608, "There is no such device on this system.";
        DEVICETYPE_DOES_NOT_EXIST = 609, "There is no such kind of device on this system.";
        BUFFER_INVALID = 610, "The buffer handed over cannot be used.";
        ROUTE_NOT_AVAILABLE = 611, "The requested route cannot be had.";
        ROUTE_NOT_ALLOCATED = 612, "The requested route was never set up.";
        INVALID_COMPRESSION_SPECIFIED = 613, "This kind of compression is not known.";
        OUT_OF_BUFFERS = 614, "No free packet buffers are left.";
        PORT_NOT_FOUND = 615, "There is no port of this name.";
        ASYNC_REQUEST_PENDING = 616, "An earlier asynchronous request on this port is still running.";
        ALREADY_DISCONNECTING = 617, "The connection or device is already being disconnected.";
        PORT_NOT_OPEN = 618, "The port or link is not open.";
        PORT_DISCONNECTED = 619, "The link went away before the connection was ready.";
        NO_ENDPOINTS = 620, "It is not clear which end points to use.";
        CANNOT_OPEN_PHONEBOOK = 621, "The phone book could not be opened.";
        CANNOT_LOAD_PHONEBOOK = 622, "The phone book could not be read.";
        CANNOT_FIND_PHONEBOOK_ENTRY = 623, "The phone book has no entry of this name.";
        CANNOT_WRITE_PHONEBOOK = 624, "The phone book could not be written.";
        CORRUPT_PHONEBOOK = 625, "The phone book holds something that makes no sense.";
        CANNOT_LOAD_STRING = 626, "A text needed for a message could not be loaded.";
        KEY_NOT_FOUND = 627, "A key that is needed was not found.";
        DISCONNECTION = 628, "The connection was closed before it was finished.";
        REMOTE_DISCONNECTION = 629, "The other side closed the connection.";
        HARDWARE_FAILURE = 630, "The connection ended because the hardware failed.";
        USER_DISCONNECTION = 631, "The connection was ended by the user.";
        INVALID_SIZE = 632, "The size in the structure fits no known version of it.";
        PORT_NOT_AVAILABLE = 633, "The device is in use by another connection or is not set up for dialing out.";
        CANNOT_PROJECT_CLIENT = 634, "The remote network would not take this computer in.";
        UNKNOWN = 635, "Something failed for a reason that is not known.";
        WRONG_DEVICE_ATTACHED = 636, "Another device than the expected one is attached to the port.";
        BAD_STRING = 637, "A text could not be converted.";
        REQUEST_TIMEOUT = 638, "An answer did not come in time.";
        CANNOT_GET_LANA = 639, "No NetBIOS adapter number could be had.";
        NETBIOS_ERROR = 640, "NetBIOS reported an error.";
        SERVER_OUT_OF_RESOURCES = 641, "The NetBIOS resources of the server are used up.";
        NAME_EXISTS_ON_NET = 642, "A name of this computer is already taken on the remote network.";
        SERVER_GENERAL_NET_FAILURE = 643, "The server has trouble with one of its own network cards.";
        AUTH_INTERNAL = 645, "Authentication failed inside the system; the extended code tells more.";
        RESTRICTED_LOGON_HOURS = 646, "The account may not log on at this hour.";
        ACCT_DISABLED = 647, "The account is switched off.";
        PASSWD_EXPIRED = 648, "The password has expired; it must be changed first.";
        NO_DIALIN_PERMISSION = 649, "The account has no permission to dial in.";
        SERVER_NOT_RESPONDING = 650, "No answer comes from the remote access server.";
        FROM_DEVICE = 651, "The modem or other device reported an error.";
        UNRECOGNIZED_RESPONSE = 652, "The device answered something that is not understood.";
        MACRO_NOT_FOUND = 653, "A macro that the device needs is missing from its description file.";
        MACRO_NOT_DEFINED = 654, "A command or answer in the device description uses a macro that is not defined.";
        MESSAGE_MACRO_NOT_FOUND = 655, "The message macro is missing from the device description.";
        DEFAULTOFF_MACRO_NOT_FOUND = 656, "The device description defines its default-off macro by one that does not exist.";
        FILE_COULD_NOT_BE_OPENED = 657, "Opening the device description failed.";
        DEVICENAME_TOO_LONG = 658, "A device name in the description or media file exceeds the limit.";
        DEVICENAME_NOT_FOUND = 659, "The media file names a device that is not known.";
        NO_RESPONSES = 660, "The device description lists no answers for this command.";
        NO_COMMAND_FOUND = 661, "A command is missing from the device description.";
        WRONG_KEY_SPECIFIED = 662, "A macro was set that the device description does not have.";
        UNKNOWN_DEVICE_TYPE = 663, "The media file names a kind of device that is not known.";
        ALLOCATING_MEMORY = 664, "Memory ran out.";
        PORT_NOT_CONFIGURED = 665, "Remote access has not been set up on this port.";
        DEVICE_NOT_READY = 666, "The modem or other device does not work.";
        READING_INI_FILE = 667, "The media file could not be read.";
        NO_CONNECTION = 668, "There is no connection any more; it was dropped or already hung up.";
        BAD_USAGE_IN_INI_FILE = 669, "The media file says something impossible about usage.";
        READING_SECTIONNAME = 670, "A section name could not be read from the media file.";
        READING_DEVICETYPE = 671, "The device type could not be read from the media file.";
        READING_DEVICENAME = 672, "The device name could not be read from the media file.";
        READING_USAGE = 673, "The usage could not be read from the media file.";
        READING_MAXCONNECTBPS = 674, "The highest connection speed could not be read from the media file.";
        READING_MAXCARRIERBPS = 675, "The highest carrier speed could not be read from the media file.";
        LINE_BUSY = 676, "Busy: the other end is in another call.";
        VOICE_ANSWER = 677, "A person picked up, not a modem.";
        NO_ANSWER = 678, "Nobody answered.";
        NO_CARRIER = 679, "No carrier was heard.";
        NO_DIALTONE = 680, "No dial tone was heard; check the cable.";
        IN_COMMAND = 681, "The modem rejected a command.";
        WRITING_SECTIONNAME = 682, "A section name could not be written.";
        WRITING_DEVICETYPE = 683, "The device type could not be written.";
        WRITING_DEVICENAME = 684, "The device name could not be written.";
        WRITING_MAXCONNECTBPS = 685, "The highest connection speed could not be written.";
        WRITING_MAXCARRIERBPS = 686, "The highest carrier speed could not be written.";
        WRITING_USAGE = 687, "The usage could not be written.";
        WRITING_DEFAULTOFF = 688, "The default-off setting could not be written.";
        READING_DEFAULTOFF = 689, "The default-off setting could not be read.";
        EMPTY_INI_FILE = 690, "There is nothing in the media file.";
        AUTHENTICATION_FAILURE = 691, "User name or password was refused, or the server does not allow this way of authenticating.";
        PORT_OR_DEVICE = 692, "The port or the device on it has a hardware failure.";
        NOT_BINARY_MACRO = 693, "The macro is not a switch with two values.";
        DCB_NOT_FOUND = 694, "The serial settings block was not found.";
        STATE_MACHINES_NOT_STARTED = 695, "The connection state machines are not running.";
        STATE_MACHINES_ALREADY_STARTED = 696, "The connection state machines are already running.";
        PARTIAL_RESPONSE_LOOPING = 697, "Partial answers of the device go round in a loop.";
        UNKNOWN_RESPONSE_KEY = 698, "An answer key in the device description is not well formed.";
        RECV_BUF_FULL = 699, "The device sent more than the receive buffer can hold.";
        CMD_TOO_LONG = 700, "A command grew too long after its macros were filled in.";
        UNSUPPORTED_BPS = 701, "The device switched to a speed that the port cannot do.";
        UNEXPECTED_RESPONSE = 702, "The device answered although nothing was asked.";
        INTERACTIVE_MODE = 703, "The connection needs a dialog with the user, and none is allowed.";
        BAD_CALLBACK_NUMBER = 704, "The callback number is not acceptable.";
        INVALID_AUTH_STATE = 705, "Authentication is in a state in which this is not possible.";
        WRITING_INITBPS = 706, "The first connection speed could not be written.";
        X25_DIAGNOSTIC = 707, "The X.25 network sent a diagnostic.";
        ACCT_EXPIRED = 708, "This account is past its last day.";
        CHANGING_PASSWORD = 709, "The password could not be changed; it may be too short or used before.";
        OVERRUN = 710, "Bytes were lost on the serial line.";
        RASMAN_CANNOT_INITIALIZE = 711, "The connection manager could not start.";
        BIPLEX_PORT_NOT_AVAILABLE = 712, "The two-way port is still getting ready; dial again in a moment.";
        NO_ACTIVE_ISDN_LINES = 713, "No ISDN line is active.";
        NO_ISDN_CHANNELS_AVAILABLE = 714, "No ISDN channel is free.";
        TOO_MANY_LINE_ERRORS = 715, "The line is too bad: too many errors.";
        IP_CONFIGURATION = 716, "The IP settings for remote access cannot be used.";
        NO_IP_ADDRESSES = 717, "The pool of addresses for callers is empty.";
        PPP_TIMEOUT = 718, "The other side did not answer a PPP request in time.";
        PPP_REMOTE_TERMINATED = 719, "The other side ended the PPP negotiation.";
        PPP_NO_PROTOCOLS_CONFIGURED = 720, "Both sides could not agree on any network protocol.";
        PPP_NO_RESPONSE = 721, "The other side does not speak PPP or does not answer at all.";
        PPP_INVALID_PACKET = 722, "A PPP packet was malformed.";
        PHONE_NUMBER_TOO_LONG = 723, "With its prefix and suffix the phone number exceeds the limit.";
        IPXCP_NO_DIALOUT_CONFIGURED = 724, "IPX is not set up for dialing out.";
        IPXCP_NO_DIALIN_CONFIGURED = 725, "IPX is not set up for being dialed.";
        IPXCP_DIALOUT_ALREADY_ACTIVE = 726, "IPX already dials out on another port.";
        ACCESSING_TCPCFGDLL = 727, "The TCP/IP configuration library could not be used.";
        NO_IP_RAS_ADAPTER = 728, "No IP interface is bound to remote access.";
        SLIP_REQUIRES_IP = 729, "SLIP needs IP, which is not installed.";
        PROJECTION_NOT_COMPLETE = 730, "The network part of the connection is not negotiated yet.";
        PROTOCOL_NOT_CONFIGURED = 731, "This protocol is not in use on the connection.";
        PPP_NOT_CONVERGING = 732, "PPP negotiation goes round without agreement.";
        PPP_CP_REJECTED = 733, "The server does not offer this network protocol.";
        PPP_LCP_TERMINATED = 734, "The link was ended during link negotiation.";
        PPP_REQUIRED_ADDRESS_REJECTED = 735, "The server refused the address that was asked for.";
        PPP_NCP_TERMINATED = 736, "The other side ended the network protocol.";
        PPP_LOOPBACK_DETECTED = 737, "The line is looped: our own packets come back.";
        PPP_NO_ADDRESS_ASSIGNED = 738, "No address came from the server.";
        CANNOT_USE_LOGON_CREDENTIALS = 739, "The server cannot check the encrypted password of the logon credentials.";
        TAPI_CONFIGURATION = 740, "No telephony device is set up for remote access.";
        NO_LOCAL_ENCRYPTION = 741, "This computer cannot encrypt as required.";
        NO_REMOTE_ENCRYPTION = 742, "The server cannot encrypt as required.";
        REMOTE_REQUIRES_ENCRYPTION = 743, "The server insists on encryption.";
        IPXCP_NET_NUMBER_CONFLICT = 744, "The IPX network number from the server cannot be used.";
        INVALID_SMM = 745, "The session module cannot be used.";
        SMM_UNINITIALIZED = 746, "The session module has not been started.";
        NO_MAC_FOR_PORT = 747, "No framing module fits the port.";
        SMM_TIMEOUT = 748, "The session module did not answer in time.";
        BAD_PHONE_NUMBER = 749, "The phone number or server name cannot be used.";
        WRONG_MODULE = 750, "The wrong session module was named.";
        INVALID_CALLBACK_NUMBER = 751, "The callback number has characters that are not allowed; digits, T, P, W, brackets, hyphen, at sign and space are.";
        SCRIPT_SYNTAX = 752, "The logon script has a syntax error.";
        HANGUP_FAILED = 753, "This connection was made by the router and cannot be hung up here.";
        BUNDLE_NOT_FOUND = 754, "The multilink bundle was not found.";
        CANNOT_DO_CUSTOMDIAL = 755, "The entry has its own dialer, which could not be called.";
        DIAL_ALREADY_IN_PROGRESS = 756, "A dial of this entry is going on right now.";
        RASAUTO_CANNOT_INITIALIZE = 757, "The automatic-dialing service could not start.";
        CONNECTION_ALREADY_SHARED = 758, "The connection is already shared.";
        SHARING_CHANGE_FAILED = 759, "The sharing settings could not be changed.";
        SHARING_ROUTER_INSTALL = 760, "Routing could not be switched on for sharing.";
        SHARE_CONNECTION_FAILED = 761, "Sharing could not be switched on.";
        SHARING_PRIVATE_INSTALL = 762, "The local network could not be set up for sharing.";
        CANNOT_SHARE_CONNECTION = 763, "Sharing needs exactly one local network.";
        NO_SMART_CARD_READER = 764, "There is no smart card reader.";
        SHARING_ADDRESS_EXISTS = 765, "The address that sharing needs is already used.";
        NO_CERTIFICATE = 766, "No usable certificate was found for this connection.";
        SHARING_MULTIPLE_ADDRESSES = 767, "The local network has more than one address, which sharing does not allow.";
        FAILED_TO_ENCRYPT = 768, "The data could not be encrypted.";
        BAD_ADDRESS_SPECIFIED = 769, "The destination cannot be reached.";
        CONNECTION_REJECT = 770, "The other side rejected the call.";
        CONGESTION = 771, "The network is too busy.";
        INCOMPATIBLE = 772, "The other side's equipment does not fit this kind of call.";
        NUMBERCHANGED = 773, "The destination has a new number.";
        TEMPFAILURE = 774, "A passing failure; try again.";
        BLOCKED = 775, "The other side blocked the call.";
        DONOTDISTURB = 776, "The other side does not want to be disturbed.";
        OUTOFORDER = 777, "The other side's device is out of order.";
        UNABLE_TO_AUTHENTICATE_SERVER = 778, "The server could not prove who it is.";
        SMART_CARD_REQUIRED = 779, "This connection needs a smart card.";
        INVALID_FUNCTION_FOR_ENTRY = 780, "This is not possible for this kind of entry.";
        CERT_FOR_ENCRYPTION_NOT_FOUND = 781, "No certificate for encryption was found.";
        SHARING_RRAS_CONFLICT = 782, "Address translation is already in use as a routing protocol.";
        SHARING_NO_PRIVATE_LAN = 783, "The local network for sharing is missing or not connected.";
        NO_DIFF_USER_AT_LOGON = 784, "Not possible at logon: the entry has another user name than the smart card.";
        NO_REG_CERT_AT_LOGON = 785, "Not possible at logon: the entry does not use a smart card.";
        OAKLEY_NO_CERT = 786, "L2TP: this computer has no certificate for IPsec.";
        OAKLEY_AUTH_FAIL = 787, "L2TP: IPsec could not verify the other side.";
        OAKLEY_ATTRIB_FAIL = 788, "L2TP: no common IPsec parameters.";
        OAKLEY_GENERAL_PROCESSING = 789, "L2TP: IPsec failed while processing the first exchange.";
        OAKLEY_NO_PEER_CERT = 790, "L2TP: the other side's certificate was not accepted.";
        OAKLEY_NO_POLICY = 791, "L2TP: there is no IPsec policy for the connection.";
        OAKLEY_TIMED_OUT = 792, "L2TP: the IPsec exchange timed out.";
        OAKLEY_ERROR = 793, "L2TP: the IPsec exchange failed.";
        UNKNOWN_FRAMED_PROTOCOL = 794, "The framing that the authentication server assigned is not PPP.";
        WRONG_TUNNEL_TYPE = 795, "The tunnel type that the authentication server assigned is wrong.";
        UNKNOWN_SERVICE_TYPE = 796, "The service type that the authentication server assigned is not a framed one.";
        CONNECTING_DEVICE_NOT_FOUND = 797, "The device to dial with was not found or is busy.";
        NO_EAPTLS_CERTIFICATE = 798, "No certificate was found that EAP can use.";
        SHARING_HOST_ADDRESS_CONFLICT = 799, "Sharing cannot be switched on: its address is in conflict.";
        AUTOMATIC_VPN_FAILED = 800, "No VPN protocol got through; the server may be unreachable or the security settings may not fit.";
        VALIDATING_SERVER_CERT = 801, "The server's certificate could not be checked as the entry demands.";
        READING_SCARD = 802, "The card was not recognised.";
        INVALID_PEAP_COOKIE_CONFIG = 803, "The stored PEAP settings do not fit this session.";
        INVALID_PEAP_COOKIE_USER = 804, "The stored PEAP identity does not fit this user.";
        INVALID_MSCHAPV2_CONFIG = 805, "Not possible at logon: the entry takes the credentials of the logged-on user.";
        VPN_GRE_BLOCKED = 806, "The control connection works, but tunnel packets (GRE) do not get through; a firewall or NAT on the way is the usual cause.";
        VPN_DISCONNECT = 807, "The connection to the VPN server was interrupted.";
        VPN_REFUSED = 808, "The VPN server refused the connection.";
        VPN_TIMEOUT = 809, "The VPN server does not answer; a firewall or NAT on the way may block the protocol.";
        VPN_BAD_CERT = 810, "The VPN server's certificate or ours is missing, expired or wrong.";
        VPN_BAD_PSK = 811, "The VPN server does not answer because the pre-shared keys differ.";
        SERVER_POLICY = 812, "A policy of the server does not allow this way of authenticating.";
        BROADBAND_ACTIVE = 813, "A broadband connection is already up on this device.";
        BROADBAND_NO_NIC = 814, "There is no Ethernet link under the broadband connection.";
        BROADBAND_TIMEOUT = 815, "No access concentrator answered; the service name may be wrong.";
        FEATURE_DEPRECATED = 816, "This feature or setting is no longer supported.";
        CANNOT_DELETE = 817, "Hang up first: a connected entry cannot be deleted.";
        RASQEC_RESOURCE_CREATION_FAILED = 818, "The health-check client could not get its resources.";
        RASQEC_NAPAGENT_NOT_ENABLED = 819, "The health-check agent is off or not installed.";
        RASQEC_NAPAGENT_NOT_CONNECTED = 820, "The health-check client could not register.";
        RASQEC_CONN_DOESNOTEXIST = 821, "The health-check client found no such connection.";
        RASQEC_TIMEOUT = 822, "The health-check client did not answer.";
        PEAP_CRYPTOBINDING_INVALID = 823, "The PEAP crypto binding is wrong.";
        PEAP_CRYPTOBINDING_NOTRECEIVED = 824, "The PEAP crypto binding did not come.";
        INVALID_VPNSTRATEGY = 825, "PPTP cannot carry this with IPv6; choose another VPN protocol.";
        EAPTLS_CACHE_CREDENTIALS_INVALID = 826, "The remembered EAP-TLS credentials are no good and should be forgotten.";
        IPSEC_SERVICE_STOPPED = 827, "IPsec is not possible: its services are not running.";
        IDLE_TIMEOUT = 828, "Hung up because nothing was sent for the set time.";
        LINK_FAILURE = 829, "The link failed.";
        USER_LOGOFF = 830, "Hung up because the user logged off.";
        FAST_USER_SWITCH = 831, "Hung up because another user took over the session.";
        HIBERNATION = 832, "Hung up because the computer hibernates.";
        SYSTEM_SUSPENDED = 833, "Hung up because the computer sleeps.";
        RASMAN_SERVICE_STOPPED = 834, "Hung up because the connection manager stopped.";
        INVALID_SERVER_CERT = 835, "L2TP: a field of the server's certificate does not fit.";
        NOT_NAP_CAPABLE = 836, "This computer does no health checks.";
        INVALID_TUNNELID = 837, "The tunnel is not known.";
        UPDATECONNECTION_REQUEST_IN_PROCESS = 838, "An update of this connection is already running.";
        PROTOCOL_ENGINE_DISABLED = 839, "The chosen VPN protocol is switched off.";
        INTERNAL_ADDRESS_FAILURE = 840, "No inner address could be agreed on.";
        FAILED_CP_REQUIRED = 841, "An inner IPv4 or IPv6 address must be asked for.";
        TS_UNACCEPTABLE = 842, "No agreement on which traffic the tunnel carries.";
        MOBIKE_DISABLED = 843, "Moving to another network is switched off for this connection.";
        CANNOT_INITIATE_MOBIKE_UPDATE = 844, "The connection cannot move now: it is not in the connected state.";
        PEAP_SERVER_REJECTED_CLIENT_TLV = 845, "The server refused a part of the PEAP exchange.";
        INVALID_PREFERENCES = 846, "No VPN destination is chosen, or the chosen one is no longer valid.";
        EAPTLS_SCARD_CACHE_CREDENTIALS_INVALID = 847, "The remembered smart card credentials are no good.";
        SSTP_COOKIE_SET_FAILURE = 848, "SSTP could not store its cookie.";
        INVALID_PEAP_COOKIE_ATTRIBUTES = 849, "An inner setting in the PEAP cookie is wrong.";
        EAP_METHOD_NOT_INSTALLED = 850, "The EAP method of this entry is not installed.";
        EAP_METHOD_DOES_NOT_SUPPORT_SSO = 851, "The EAP method of this entry cannot do single sign-on.";
        EAP_METHOD_OPERATION_NOT_SUPPORTED = 852, "The EAP method cannot do what was asked.";
        EAP_USER_CERT_INVALID = 853, "The user's certificate is not valid.";
        EAP_USER_CERT_EXPIRED = 854, "The user's certificate has expired.";
        EAP_USER_CERT_REVOKED = 855, "The user's certificate was revoked.";
        EAP_USER_CERT_OTHER_ERROR = 856, "There is another error in the user's certificate.";
        EAP_SERVER_CERT_INVALID = 857, "The server's certificate is not valid.";
        EAP_SERVER_CERT_EXPIRED = 858, "The server's certificate has expired.";
        EAP_SERVER_CERT_REVOKED = 859, "The server's certificate was revoked.";
        EAP_SERVER_CERT_OTHER_ERROR = 860, "There is another error in the server's certificate.";
        EAP_USER_ROOT_CERT_NOT_FOUND = 861, "The root certificate for the user's certificate was not found.";
        EAP_USER_ROOT_CERT_INVALID = 862, "The root certificate for the user's certificate is not valid.";
        EAP_USER_ROOT_CERT_EXPIRED = 863, "The root certificate for the user's certificate has expired.";
        EAP_SERVER_ROOT_CERT_NOT_FOUND = 864, "The root certificate for the server's certificate was not found.";
        EAP_SERVER_ROOT_CERT_INVALID = 865, "The root certificate for the server's certificate is not valid.";
        EAP_SERVER_ROOT_CERT_NAME_REQUIRED = 866, "The server's certificate has no server name.";
        PEAP_IDENTITY_MISMATCH = 867, "Outer and inner PEAP identity differ although privacy is off.";
        DNSNAME_NOT_RESOLVABLE = 868, "The name of the server could not be resolved.";
        EAPTLS_PASSWD_INVALID = 869, "The certificate did not open with this password.";
        IKEV2_PSK_INTERFACE_ALREADY_EXISTS = 870, "More than one interface goes to this destination with a pre-shared key.";
        INVALID_DESTINATION_IP = 871, "The destination address is not valid.";
        INVALID_INTERFACE_CONFIG = 872, "The configuration of the interface is not valid.";
        VPN_PLUGIN_GENERIC = 873, "The VPN plug-in reported an error.";
        SSO_CERT_MISSING = 874, "No certificate for single sign-on was found.";
        DEVICE_COMPLIANCE = 875, "The device does not meet the required rules.";
        PLUGIN_NOT_INSTALLED = 876, "The VPN plug-in of this entry is not installed.";
        ACTION_REQUIRED = 877, "The user has to do something before the connection can go on.";
        ROUTER_STOPPED = 900, "No router runs here.";
        ALREADY_CONNECTED = 901, "This interface has a connection already.";
        UNKNOWN_PROTOCOL_ID = 902, "The router knows no such protocol number.";
        DDM_NOT_RUNNING = 903, "The manager for demand-dial interfaces does not run.";
        INTERFACE_ALREADY_EXISTS = 904, "An interface of this name exists already.";
        NO_SUCH_INTERFACE = 905, "There is no interface of this name.";
        INTERFACE_NOT_CONNECTED = 906, "This interface has no connection.";
        PROTOCOL_STOP_PENDING = 907, "The protocol is about to stop.";
        INTERFACE_CONNECTED = 908, "Disconnect the interface before deleting it.";
        NO_INTERFACE_CREDENTIALS_SET = 909, "The interface has no credentials.";
        ALREADY_CONNECTING = 910, "The interface is being connected already.";
        UPDATE_IN_PROGRESS = 911, "A route update runs already on this interface.";
        INTERFACE_CONFIGURATION = 912, "The interface configuration is wrong: the remote interface is connected to another one.";
        NOT_CLIENT_PORT = 913, "The port is kept for routers.";
        NOT_ROUTER_PORT = 914, "The port is kept for clients.";
        CLIENT_INTERFACE_ALREADY_EXISTS = 915, "Another client interface of this name is already up.";
        INTERFACE_DISABLED = 916, "The interface is switched off.";
        AUTH_PROTOCOL_REJECTED = 917, "The other side refused the authentication protocol.";
        NO_AUTH_PROTOCOL_AVAILABLE = 918, "No authentication protocol is left to try.";
        PEER_REFUSED_AUTH = 919, "The other side will not authenticate with any protocol allowed here.";
        REMOTE_NO_DIALIN_PERMISSION = 920, "The remote account may not dial in.";
        REMOTE_PASSWD_EXPIRED = 921, "The password of the remote account is too old.";
        REMOTE_ACCT_DISABLED = 922, "The remote account is switched off.";
        REMOTE_RESTRICTED_LOGON_HOURS = 923, "The remote account may not log on at this hour.";
        REMOTE_AUTHENTICATION_FAILURE = 924, "The remote account's user name or password was refused.";
        INTERFACE_HAS_NO_DEVICES = 925, "No routing port is free for this interface.";
        IDLE_DISCONNECTED = 926, "Hung up for idleness.";
        INTERFACE_UNREACHABLE = 927, "The interface cannot be reached now.";
        SERVICE_IS_PAUSED = 928, "Demand-dial is on hold.";
        INTERFACE_DISCONNECTED = 929, "An administrator disconnected the interface.";
        AUTH_SERVER_TIMEOUT = 930, "The authentication server did not answer in time.";
        PORT_LIMIT_REACHED = 931, "The multilink connection already has all the links it may have.";
        PPP_SESSION_TIMEOUT = 932, "The user's time is used up.";
        MAX_LAN_INTERFACE_LIMIT = 933, "No more LAN interfaces can be added.";
        MAX_WAN_INTERFACE_LIMIT = 934, "No more demand-dial interfaces can be added.";
        MAX_CLIENT_INTERFACE_LIMIT = 935, "No more clients can connect.";
        BAP_DISCONNECTED = 936, "Hung up by the bandwidth allocation protocol.";
        USER_LIMIT = 937, "A connection of the same kind is in use, so this one was refused.";
        NO_RADIUS_SERVERS = 938, "No RADIUS server was found.";
        INVALID_RADIUS_RESPONSE = 939, "The RADIUS answer cannot be trusted; check the shared secret.";
        DIALIN_HOURS_RESTRICTION = 940, "Connecting is not allowed at this time.";
        ALLOWED_PORT_TYPE_RESTRICTION = 941, "Connecting with this kind of device is not allowed.";
        AUTH_PROTOCOL_RESTRICTION = 942, "The access policy does not allow this authentication method.";
        BAP_REQUIRED = 943, "The bandwidth allocation protocol is required for this user.";
        DIALOUT_HOURS_RESTRICTION = 944, "This is outside the hours in which the interface may connect.";
        ROUTER_CONFIG_INCOMPATIBLE = 945, "The stored router configuration does not fit this version.";
        PROTOCOL_ALREADY_INSTALLED = 948, "The transport is installed already.";
        INVALID_SIGNATURE_LENGTH = 949, "RADIUS: a signature has the wrong length.";
        INVALID_SIGNATURE = 950, "RADIUS: a signature is wrong.";
        NO_SIGNATURE = 951, "RADIUS: a signature is missing.";
        INVALID_PACKET_LENGTH_OR_ID = 952, "RADIUS: length or identifier of a packet is wrong.";
        INVALID_ATTRIBUTE_LENGTH = 953, "RADIUS: length of an attribute is wrong.";
        INVALID_PACKET = 954, "RADIUS: a packet is malformed.";
        AUTHENTICATOR_MISMATCH = 955, "RADIUS: the authenticator does not match.";
        IO_PENDING = 997, "The operation runs on.";
        INVALID_FLAGS = 1004, "The flags are not valid.";
        NO_TOKEN = 1008, "There is no token.";
        SERVICE_DOES_NOT_EXIST = 1060, "The service is not installed.";
        SERVICE_NOT_ACTIVE = 1062, "The service is not running.";
        SERVICE_DEPENDENCY_FAIL = 1068, "A service that is needed could not start.";
        NOT_FOUND = 1168, "There is no such element.";
        CANCELLED = 1223, "The user cancelled.";
        CONNECTION_REFUSED = 1225, "The other side refused the network connection.";
        NETWORK_UNREACHABLE = 1231, "No way to that network.";
        HOST_UNREACHABLE = 1232, "No way to that host.";
        LOGON_FAILURE = 1326, "The user name or password is wrong.";
        TIMEOUT = 1460, "Time ran out.";
        INVALID_USER_BUFFER = 1784, "The buffer is not valid for this request.";
        NOT_CONNECTED = 2250, "There is no such network connection.";
        IPSEC_IKE_AUTH_FAIL = 13801, "IKE: the credentials were not accepted.";
        IPSEC_IKE_NO_CERT = 13806, "IKE: no valid machine certificate.";
        IPSEC_IKE_POLICY_MATCH = 13868, "IKE: no common policy.";
        IPSEC_IKE_INVALID_SIG = 13875, "IKE: a signature is wrong.";
    }
    without_prefix {
        PENDING = 600, "The operation has started and has not finished yet.";
        WARNING_MSG_ALIAS_NOT_ADDED = 644, "Network pop-up messages will not arrive on this connection.";
        WARNING_NO_MD5_MIGRATION = 946, "Accounts in an older format will not be moved automatically.";
        ROUTEBASEEND = 956, "The routing and remote access server has not been set up or started.";
        RPC_S_SERVER_UNAVAILABLE = 1722, "The service cannot be reached.";
        WSAETIMEDOUT = 10060, "The network connection timed out.";
        WSAHOST_NOT_FOUND = 11001, "No such host name.";
        E_INVALIDARG = 0x8007_0057, "An argument is wrong.";
        WININET_E_NAME_NOT_RESOLVED = 0x8007_2EE7, "The name of the server could not be resolved.";
        SEC_E_ILLEGAL_MESSAGE = 0x8009_0326, "TLS: a message was not expected or not well formed.";
        SEC_E_ALGORITHM_MISMATCH = 0x8009_0331, "TLS: the two sides have no algorithm in common.";
        CRYPT_E_REVOKED = 0x8009_2010, "The certificate was revoked.";
        CRYPT_E_REVOCATION_OFFLINE = 0x8009_2013, "Revocation of the certificate could not be checked.";
        TRUST_E_CERT_SIGNATURE = 0x8009_6004, "The signature of the certificate is wrong.";
        CERT_E_EXPIRED = 0x800B_0101, "The certificate is out of its time.";
        CERT_E_MALFORMED = 0x800B_0108, "The certificate is not well formed.";
        CERT_E_UNTRUSTEDROOT = 0x800B_0109, "The chain ends in a root that is not trusted.";
        CERT_E_CHAINING = 0x800B_010A, "The certificate does not lead to a root by a whole chain.";
        CERT_E_CN_NO_MATCH = 0x800B_010F, "The certificate names another host.";
        CERT_E_WRONG_USAGE = 0x800B_0110, "The certificate is not meant for this use.";
    }
}
