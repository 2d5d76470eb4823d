//! What to do about each code, in English.
//!
//! A hint says what to *do*, in one or two sentences, to the person who dialed; where that person can
//! do nothing, it says whom to ask and what to tell them. It never repeats what is the matter: that is
//! the code's own sentence, which stands before it.

use onhook_model::RasCode;

/// What to do, by code.
pub(crate) const HINTS: &[(RasCode, &str)] = &[
    // The system's own numbers.
    (
        RasCode::FILE_NOT_FOUND,
        "Check the name of the file, and that it is readable for the user who dials.",
    ),
    (
        RasCode::PATH_NOT_FOUND,
        "Check the folder's name, and that it is readable for the user who dials.",
    ),
    (
        RasCode::ACCESS_DENIED,
        "A connection belongs to the user who dialed it: hang it up as that user or as root. Without \
         root, dial with the SOCKS proxy or `onhook exec` instead of a network interface.",
    ),
    (
        RasCode::INVALID_HANDLE,
        "Look at `onhook list` for the handles that exist, and at `onhook history` for why this one \
         has ended.",
    ),
    (RasCode::NOT_ENOUGH_MEMORY, "Hang up connections that are not needed, and dial again."),
    (RasCode::OUTOFMEMORY, "Hang up connections that are not needed, and dial again."),
    (RasCode::NOT_SUPPORTED, "Look at the manual for what this version can do."),
    (RasCode::INVALID_PARAMETER, "Check the arguments; `--help` shows what each may be."),
    (
        RasCode::OPEN_FAILED,
        "Check that the file or device exists and that the user who dials may open it.",
    ),
    (RasCode::BUFFER_OVERFLOW, "Use a shorter name."),
    (RasCode::DISK_FULL, "Make room on the disk and try again; the file is as it was before."),
    (RasCode::CALL_NOT_IMPLEMENTED, "Look at the manual for what this version can do."),
    (RasCode::INSUFFICIENT_BUFFER, "The calling program must give a larger buffer."),
    (
        RasCode::INVALID_NAME,
        "Choose a name of 1 to 256 characters that does not begin with a dot or a blank.",
    ),
    (RasCode::BUSY, "Wait until the other operation has ended, and try again."),
    (RasCode::ALREADY_EXISTS, "Choose another name, or remove the entry of this name first."),
    (
        RasCode::SERVICE_NOT_ACTIVE,
        "Start the manager with `onhook daemon`, or dial, which does it.",
    ),
    (RasCode::NOT_FOUND, "Look at `onhook list` for the connections that exist."),
    (RasCode::CANCELLED, "Dial again when you are ready."),
    (
        RasCode::CONNECTION_REFUSED,
        "Check the host name and the port, and that the server is running.",
    ),
    (RasCode::NETWORK_UNREACHABLE, "Check this computer's own network connection."),
    (RasCode::HOST_UNREACHABLE, "Check this computer's own network and the server's address."),
    (RasCode::TIMEOUT, "Try again; if it stays so, see whether the manager or the server hangs."),
    (
        RasCode::RPC_S_SERVER_UNAVAILABLE,
        "The manager has stopped or was told another socket: see `onhook daemon` and `ONHOOK_SOCKET`.",
    ),
    // Ports and devices.
    (RasCode::PENDING, "Wait for the end of the dial; `onhook watch` shows it."),
    (
        RasCode::PORT_ALREADY_OPEN,
        "Find the program that uses the port and end it, or choose another port.",
    ),
    (RasCode::BUFFER_TOO_SMALL, "The calling program must give a buffer of the size it was told."),
    (RasCode::DEVICE_DOES_NOT_EXIST, "Check the entry's device and that it is plugged in."),
    (
        RasCode::DEVICETYPE_DOES_NOT_EXIST,
        "Check the entry's DEVICE; `vpn`, `PPPoE` and `modem` are common ones.",
    ),
    (RasCode::OUT_OF_BUFFERS, "Hang up connections that are not needed, and dial again."),
    (RasCode::PORT_NOT_FOUND, "Check the entry's port and that its device is plugged in."),
    (RasCode::PORT_NOT_OPEN, "Dial again."),
    (
        RasCode::PORT_DISCONNECTED,
        "Dial again. If it stays so, the server or a firewall on the way closes the link before the \
         user is checked: ask the server's administrator for its log of this moment.",
    ),
    (
        RasCode::PORT_NOT_AVAILABLE,
        "See with `onhook list` whether another connection holds the device, and hang that up; else \
         check that the device is set up, and that the manager may use it.",
    ),
    // The phone book.
    (
        RasCode::CANNOT_OPEN_PHONEBOOK,
        "Check the path after `--phonebook`, and that you may read the file.",
    ),
    (
        RasCode::CANNOT_LOAD_PHONEBOOK,
        "Save the file as UTF-8 text; a phone book is not UTF-16 and not larger than 16 MiB.",
    ),
    (
        RasCode::CANNOT_FIND_PHONEBOOK_ENTRY,
        "Check the entry's spelling and which phone book is read (`--phonebook`). To dial without an \
         entry, use `--phone-number` and `--device`.",
    ),
    (
        RasCode::CANNOT_WRITE_PHONEBOOK,
        "Check that you may write the file and its folder; the phone book is as it was before.",
    ),
    (
        RasCode::CORRUPT_PHONEBOOK,
        "Mend the line that is named, in a text editor; the file is never overwritten while it is so.",
    ),
    (RasCode::KEY_NOT_FOUND, "Add the key to the entry in the phone book."),
    (RasCode::PHONE_NUMBER_TOO_LONG, "Shorten the number, its prefix or its suffix."),
    (
        RasCode::BAD_PHONE_NUMBER,
        "For a VPN, give a host name or an address, with a port if need be: `vpn.example.net:8443` or \
         `[2001:db8::1]:443`; no `https://`.",
    ),
    // How links end.
    (
        RasCode::DISCONNECTION,
        "Dial again. If it stays so, ask the server's administrator: the server closes the \
         connection after it has seen the user name.",
    ),
    (
        RasCode::REMOTE_DISCONNECTION,
        "Dial again; if it happens often, ask the server's administrator about time limits and about \
         other logins of the same user.",
    ),
    (RasCode::HARDWARE_FAILURE, "Check the cable and the device, unplug it and plug it in again."),
    (RasCode::USER_DISCONNECTION, "Nothing is wrong: someone with the right to do so hung up."),
    (RasCode::INVALID_SIZE, "The calling program was built for another version of the interface."),
    (
        RasCode::UNKNOWN,
        "Look at the manager's log (`RUST_LOG=debug`), and dial with `--capture FILE` to see where \
         it ends.",
    ),
    (RasCode::REQUEST_TIMEOUT, "Try again; if it stays so, the network on the way loses packets."),
    (
        RasCode::NO_CONNECTION,
        "Nothing is left to hang up. `onhook history` tells why and when the connection ended.",
    ),
    (
        RasCode::IDLE_TIMEOUT,
        "Dial again when needed. IdleDisconnectSeconds in the entry sets the time, and 0 means never.",
    ),
    (
        RasCode::LINK_FAILURE,
        "Check this computer's own network and dial again; RedialOnLinkFailure=1 in the entry does \
         that by itself.",
    ),
    (RasCode::USER_LOGOFF, "Log on and dial again."),
    (RasCode::FAST_USER_SWITCH, "Dial again in your own session."),
    (RasCode::HIBERNATION, "Dial again; RedialOnLinkFailure=1 in the entry does that by itself."),
    (
        RasCode::SYSTEM_SUSPENDED,
        "Dial again; RedialOnLinkFailure=1 in the entry does that by itself.",
    ),
    (
        RasCode::RASMAN_SERVICE_STOPPED,
        "Start the manager again (`onhook daemon`, or its system service) and dial.",
    ),
    (RasCode::IDLE_DISCONNECTED, "Dial again when needed."),
    (
        RasCode::PPP_SESSION_TIMEOUT,
        "Dial again if the user may; else ask the server's administrator about the time limit.",
    ),
    // Users, passwords and rights.
    (RasCode::AUTH_INTERNAL, "Look at the manager's log (`RUST_LOG=debug`) for the first error."),
    (
        RasCode::RESTRICTED_LOGON_HOURS,
        "Dial within the account's hours, or ask the server's administrator to change them.",
    ),
    (RasCode::ACCT_DISABLED, "Ask the server's administrator to switch the account on."),
    (
        RasCode::PASSWD_EXPIRED,
        "Change the password at the organisation's own page or computer, and dial with the new one.",
    ),
    (RasCode::NO_DIALIN_PERMISSION, "Ask the server's administrator to let the account dial in."),
    (
        RasCode::AUTHENTICATION_FAILURE,
        "Check user, password and domain, capital letters too. It is not tried again by itself, so \
         that the account is not locked.",
    ),
    (
        RasCode::INTERACTIVE_MODE,
        "Dial from a terminal, or give everything beforehand: `--user`, `--domain`, `--password-stdin`.",
    ),
    (RasCode::BAD_CALLBACK_NUMBER, "Give another callback number, or dial without callback."),
    (
        RasCode::INVALID_CALLBACK_NUMBER,
        "Use digits, T, P, W, brackets, hyphen, at sign and blanks only.",
    ),
    (RasCode::ACCT_EXPIRED, "Ask the server's administrator to extend the account."),
    (
        RasCode::CHANGING_PASSWORD,
        "Choose a longer password that was not used before, or change it at the organisation's own \
         page.",
    ),
    (
        RasCode::UNABLE_TO_AUTHENTICATE_SERVER,
        "Do not go on: either the password here is not the server's, or somebody pretends to be the \
         server. Check the password, and ask the administrator whether TLS ends at another machine \
         than the VPN server.",
    ),
    (
        RasCode::SERVER_POLICY,
        "Compare AuthRestrictions in the entry with what the server allows (512 is MS-CHAP v2); else \
         ask the server's administrator about groups and policies of the user.",
    ),
    (RasCode::LOGON_FAILURE, "Check user, password and domain."),
    // PPP and the network inside.
    (
        RasCode::IP_CONFIGURATION,
        "See the text for what this computer refused: an interface, address, route or name server. \
         Other VPN programs may hold the same route.",
    ),
    (
        RasCode::NO_IP_ADDRESSES,
        "Enlarge the answering server's address pool, or wait until a caller hangs up.",
    ),
    (
        RasCode::PPP_TIMEOUT,
        "Dial again. If it stays so, the line loses packets, or the server waits for a RADIUS server \
         that does not answer.",
    ),
    (
        RasCode::PPP_REMOTE_TERMINATED,
        "Dial again; if it stays so, ask the server's administrator for its log of this moment.",
    ),
    (
        RasCode::PPP_NO_PROTOCOLS_CONFIGURED,
        "Check ExcludedProtocols in the entry (0 allows IPv4 and IPv6), and that the server has \
         addresses to give.",
    ),
    (
        RasCode::PPP_NO_RESPONSE,
        "Check that the number belongs to a remote-access server, and that no firewall lets only \
         the first packets through.",
    ),
    (
        RasCode::PPP_INVALID_PACKET,
        "Dial with `--capture FILE` and show the file to the server's administrator.",
    ),
    (RasCode::NO_IP_RAS_ADAPTER, "Check that IPv4 is switched on on this computer."),
    (RasCode::PROJECTION_NOT_COMPLETE, "Ask again when the connection has reached Projected."),
    (
        RasCode::PROTOCOL_NOT_CONFIGURED,
        "Ask for the other IP family, or allow this one in the entry (ExcludedProtocols).",
    ),
    (
        RasCode::PPP_NOT_CONVERGING,
        "Dial with `--capture FILE` to see which option the two sides quarrel over, and change it in \
         the entry or at the server.",
    ),
    (
        RasCode::PPP_CP_REJECTED,
        "Exclude the protocol in the entry (ExcludedProtocols: 4 is IPv4, 8 is IPv6), or have it \
         switched on at the server.",
    ),
    (
        RasCode::PPP_LCP_TERMINATED,
        "Dial again. If it stays so, the server does not like the terms or the user: ask its \
         administrator for the log of this moment.",
    ),
    (
        RasCode::PPP_REQUIRED_ADDRESS_REJECTED,
        "Take the server's address (IpAssign=1 in the entry), or have the wanted one reserved there.",
    ),
    (
        RasCode::PPP_NCP_TERMINATED,
        "Ask the server's administrator: often its address pool is empty, or the user may not use it.",
    ),
    (
        RasCode::PPP_LOOPBACK_DETECTED,
        "Check the cable or the modem for a loop, and that the number is not your own.",
    ),
    (
        RasCode::PPP_NO_ADDRESS_ASSIGNED,
        "Ask the server's administrator to enlarge the address pool, or set an address in the entry \
         (IpAssign=2, IpAddress).",
    ),
    (
        RasCode::CANNOT_USE_LOGON_CREDENTIALS,
        "Give user and password at the dial instead of those of the login.",
    ),
    (RasCode::TAPI_CONFIGURATION, "Plug in a modem, and name it in the entry."),
    (
        RasCode::NO_LOCAL_ENCRYPTION,
        "Choose MS-CHAP v2 (AuthRestrictions=512), which gives the keys for encryption, or ask for \
         less (DataEncryption).",
    ),
    (
        RasCode::NO_REMOTE_ENCRYPTION,
        "Choose a link that encrypts by itself (SSTP, IKEv2), or have encryption switched on at the \
         server. DataEncryption=0 goes without, for everyone on the way to read.",
    ),
    (
        RasCode::REMOTE_REQUIRES_ENCRYPTION,
        "Allow encryption in the entry: DataEncryption=8 or 256.",
    ),
    (RasCode::HANGUP_FAILED, "Hang up where the connection was made."),
    (
        RasCode::DIAL_ALREADY_IN_PROGRESS,
        "Wait for the other dial of this entry, or hang it up; `onhook list` shows it.",
    ),
    (
        RasCode::NO_SMART_CARD_READER,
        "Plug in the reader, or choose another way of authenticating in the entry.",
    ),
    (
        RasCode::NO_CERTIFICATE,
        "Install a certificate with its key for this connection, or choose another way of \
         authenticating in the entry.",
    ),
    // The line, and what the network beneath reports.
    (
        RasCode::FROM_DEVICE,
        "Read the device's own words in the text; unplug the device, plug it in and dial again.",
    ),
    (
        RasCode::UNRECOGNIZED_RESPONSE,
        "Check that the device is a modem, and its speed in the entry.",
    ),
    (RasCode::DEVICE_NOT_READY, "Switch the device on, and check its cable."),
    (RasCode::LINE_BUSY, "Dial again later; RedialAttempts in the entry does that by itself."),
    (RasCode::VOICE_ANSWER, "Check the number: a person has it."),
    (RasCode::NO_ANSWER, "Check the number, and that the server is switched on."),
    (RasCode::NO_CARRIER, "Dial again; if it stays so, check the number and the line's quality."),
    (
        RasCode::NO_DIALTONE,
        "Check the cable to the telephone socket and that nobody is on the line.",
    ),
    (RasCode::PORT_OR_DEVICE, "Check the cable and the device; try another port."),
    (
        RasCode::BAD_ADDRESS_SPECIFIED,
        "Check this computer's own network, and that the interface in the entry is up.",
    ),
    (
        RasCode::CONNECTION_REJECT,
        "Ask the server's administrator: the server is there but does not take this call.",
    ),
    (RasCode::CONGESTION, "Dial again later."),
    (
        RasCode::INCOMPATIBLE,
        "Check that the server speaks the entry's protocol (VpnStrategy); both may need newer versions.",
    ),
    (RasCode::NUMBERCHANGED, "Ask for the new number and change the entry."),
    (RasCode::TEMPFAILURE, "Dial again in a few minutes."),
    (RasCode::BLOCKED, "Ask the other side to take calls from here."),
    (RasCode::DONOTDISTURB, "Dial again later."),
    (RasCode::OUTOFORDER, "Ask the other side to look at its device, and dial again later."),
    // L2TP with IPsec.
    (
        RasCode::CERT_FOR_ENCRYPTION_NOT_FOUND,
        "Install the certificate that the connection asks for.",
    ),
    (RasCode::SHARING_NO_PRIVATE_LAN, "Check that the local network to be shared is up."),
    (
        RasCode::OAKLEY_NO_CERT,
        "Install a machine certificate with its key, or use a pre-shared key.",
    ),
    (
        RasCode::OAKLEY_AUTH_FAIL,
        "Compare the pre-shared key with the server's, or check that both certificates come from a \
         root that the other side trusts.",
    ),
    (
        RasCode::OAKLEY_ATTRIB_FAIL,
        "Ask which algorithms the server allows, and allow one of them in the entry.",
    ),
    (
        RasCode::OAKLEY_GENERAL_PROCESSING,
        "Check that UDP 500 and 4500 get through, and that the pre-shared key is the server's.",
    ),
    (
        RasCode::OAKLEY_NO_PEER_CERT,
        "Have the server's certificate checked: its name, its root and its time.",
    ),
    (RasCode::OAKLEY_NO_POLICY, "Allow one of the server's algorithms in the entry."),
    (RasCode::OAKLEY_TIMED_OUT, "Check that UDP 500 and 4500 get through to the server."),
    (RasCode::OAKLEY_ERROR, "Look at the log of both sides for the first error of IPsec."),
    // VPN.
    (
        RasCode::NO_EAPTLS_CERTIFICATE,
        "Install the user's certificate with its key, or choose another way of authenticating.",
    ),
    (
        RasCode::AUTOMATIC_VPN_FAILED,
        "Check the server's name, this computer's network and what the server speaks. To learn which \
         protocol fails how, name one: VpnStrategy=5 is SSTP alone.",
    ),
    (
        RasCode::VALIDATING_SERVER_CERT,
        "Check the names and roots that the entry demands of the server.",
    ),
    (
        RasCode::VPN_GRE_BLOCKED,
        "Have GRE (IP protocol 47) let through by every firewall on the way, or use SSTP.",
    ),
    (
        RasCode::VPN_DISCONNECT,
        "Dial again. If it stays so, a firewall or proxy on the way cuts the connection, or no VPN \
         server listens behind this port.",
    ),
    (
        RasCode::VPN_REFUSED,
        "Check host name and port (SSTP: 443 unless the entry says otherwise), and that the server is \
         running.",
    ),
    (
        RasCode::VPN_TIMEOUT,
        "Check the server's address and that firewalls let the protocol through; SSTP (TCP 443) \
         passes most of them.",
    ),
    (
        RasCode::VPN_BAD_CERT,
        "Check OnhookCaFile, OnhookPinSha256 and OnhookServerName in the entry, and the server's \
         certificate itself.",
    ),
    (RasCode::VPN_BAD_PSK, "Compare the pre-shared key with the server's, letter by letter."),
    (
        RasCode::BROADBAND_ACTIVE,
        "Hang up the other connection on this interface; see `onhook list`.",
    ),
    (
        RasCode::BROADBAND_NO_NIC,
        "Plug in the cable, and check that the entry names the right network interface.",
    ),
    (
        RasCode::BROADBAND_TIMEOUT,
        "Check the cable to the modem, whether the provider needs a VLAN, and the service name in \
         the entry (leave it empty to take any).",
    ),
    (RasCode::FEATURE_DEPRECATED, "Remove the setting from the entry."),
    (RasCode::CANNOT_DELETE, "Hang the connection up, and delete the entry then."),
    (
        RasCode::PEAP_CRYPTOBINDING_INVALID,
        "Do not go on: somebody may stand between you and the server. Tell its administrator.",
    ),
    (
        RasCode::PEAP_CRYPTOBINDING_NOTRECEIVED,
        "Ask the server's administrator to switch crypto binding on.",
    ),
    (RasCode::INVALID_VPNSTRATEGY, "Choose SSTP or IKEv2, or dial the server's IPv4 address."),
    (
        RasCode::IPSEC_SERVICE_STOPPED,
        "Run the manager with the right to set up IPsec (CAP_NET_ADMIN), on a kernel that has it.",
    ),
    (
        RasCode::INVALID_SERVER_CERT,
        "Ask the server's administrator to renew the certificate with the right names and usages.",
    ),
    (
        RasCode::PROTOCOL_ENGINE_DISABLED,
        "Choose a VPN protocol that this version has: VpnStrategy=5 (SSTP).",
    ),
    (
        RasCode::INTERNAL_ADDRESS_FAILURE,
        "Ask the server's administrator to enlarge the address pool.",
    ),
    (RasCode::FAILED_CP_REQUIRED, "Allow IPv4 or IPv6 in the entry (ExcludedProtocols)."),
    (RasCode::TS_UNACCEPTABLE, "Compare the entry's routes with what the server lets through."),
    // EAP.
    (
        RasCode::EAP_METHOD_NOT_INSTALLED,
        "Allow MS-CHAP v2 in the entry (AuthRestrictions=512), if the server does too.",
    ),
    (
        RasCode::EAP_METHOD_OPERATION_NOT_SUPPORTED,
        "Choose another way of authenticating in the entry.",
    ),
    (RasCode::EAP_USER_CERT_INVALID, "Ask for a new user certificate."),
    (RasCode::EAP_USER_CERT_EXPIRED, "Ask for a new user certificate, and check this clock."),
    (RasCode::EAP_USER_CERT_REVOKED, "Ask for a new user certificate."),
    (RasCode::EAP_USER_CERT_OTHER_ERROR, "Ask for a new user certificate."),
    (
        RasCode::EAP_SERVER_CERT_INVALID,
        "Tell the server's administrator; do not give your password before it is mended.",
    ),
    (
        RasCode::EAP_SERVER_CERT_EXPIRED,
        "Check this computer's clock; else tell the server's administrator.",
    ),
    (
        RasCode::EAP_SERVER_CERT_REVOKED,
        "Tell the server's administrator; do not give your password before it is mended.",
    ),
    (
        RasCode::EAP_SERVER_CERT_OTHER_ERROR,
        "Tell the server's administrator; do not give your password before it is mended.",
    ),
    (
        RasCode::EAP_SERVER_ROOT_CERT_NOT_FOUND,
        "Name the file of the organisation's root in the entry (OnhookCaFile).",
    ),
    (
        RasCode::EAP_SERVER_ROOT_CERT_INVALID,
        "Ask for the organisation's current root, and name its file in the entry (OnhookCaFile).",
    ),
    (
        RasCode::EAP_SERVER_ROOT_CERT_NAME_REQUIRED,
        "Ask the server's administrator for a certificate with the server's name.",
    ),
    (
        RasCode::PEAP_IDENTITY_MISMATCH,
        "Use the same user name outside and inside, or have privacy switched on.",
    ),
    (
        RasCode::DNSNAME_NOT_RESOLVABLE,
        "Check the spelling of the host name and this computer's own name servers; dialing the \
         address itself needs none.",
    ),
    // What the answering side says.
    (
        RasCode::AUTH_SERVER_TIMEOUT,
        "Check that the RADIUS server runs and that UDP 1812 reaches it.",
    ),
    (RasCode::NO_RADIUS_SERVERS, "Name a RADIUS server, or use a file of users."),
    (RasCode::INVALID_RADIUS_RESPONSE, "Compare the shared secret here with the RADIUS server's."),
    // IKEv2.
    (
        RasCode::IPSEC_IKE_AUTH_FAIL,
        "Check the machine's certificate, the server's root, and that the server's name is in its \
         certificate.",
    ),
    (RasCode::IPSEC_IKE_NO_CERT, "Install a machine certificate with its key."),
    (RasCode::IPSEC_IKE_POLICY_MATCH, "Allow one of the server's algorithms in the entry."),
    (
        RasCode::IPSEC_IKE_INVALID_SIG,
        "Check that both sides use the certificates that they should.",
    ),
    // TLS and certificates.
    (RasCode::E_INVALIDARG, "Check the arguments; `--help` shows what each may be."),
    (
        RasCode::WININET_E_NAME_NOT_RESOLVED,
        "Check the spelling of the host name and this computer's own name servers.",
    ),
    (
        RasCode::SEC_E_ILLEGAL_MESSAGE,
        "Check the port: what answers there may not speak TLS, or a proxy on the way meddles.",
    ),
    (
        RasCode::SEC_E_ALGORITHM_MISMATCH,
        "Ask the server's administrator to switch TLS 1.2 or 1.3 on.",
    ),
    (
        RasCode::CRYPT_E_REVOKED,
        "Do not go on. Ask the server's administrator for a new certificate.",
    ),
    (
        RasCode::CRYPT_E_REVOCATION_OFFLINE,
        "Check that the address of the revocation list can be reached from here.",
    ),
    (
        RasCode::TRUST_E_CERT_SIGNATURE,
        "Do not go on: the certificate was changed or is a forgery. Tell the server's administrator.",
    ),
    (
        RasCode::CERT_E_EXPIRED,
        "Check this computer's clock; if it is right, ask the server's administrator to renew the \
         certificate.",
    ),
    (
        RasCode::CERT_E_MALFORMED,
        "Ask the server's administrator for a proper certificate, or pin this one (OnhookPinSha256) \
         if you know it to be the server's.",
    ),
    (
        RasCode::CERT_E_UNTRUSTEDROOT,
        "If the server has its own root, name that root's file in the entry (OnhookCaFile) or with \
         `--ca-file`; or pin the certificate (OnhookPinSha256) once you know its hash from the \
         administrator.",
    ),
    (
        RasCode::CERT_E_CHAINING,
        "Ask the server's administrator to send the intermediate certificates too, or add them to \
         the file that OnhookCaFile names.",
    ),
    (
        RasCode::CERT_E_CN_NO_MATCH,
        "Dial the server by the name in its certificate, or say that name in the entry \
         (OnhookServerName).",
    ),
    (
        RasCode::CERT_E_WRONG_USAGE,
        "Ask the server's administrator for a certificate for server authentication.",
    ),
];
