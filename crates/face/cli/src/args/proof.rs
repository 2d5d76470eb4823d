//! How one proves who one is.

use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};

/// A way to prove who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodName {
    /// MS-CHAP version 2
    #[value(alias = "mschapv2")]
    MsChapV2,
    /// MS-CHAP version 1, for servers that know nothing better: whoever listens breaks it in a day
    #[value(name = "ms-chap", alias = "mschap")]
    MsChapV1,
    /// CHAP with MD5
    #[value(alias = "chap")]
    ChapMd5,
    /// The password in the clear
    Pap,
    /// EAP-TLS: certificates, both ways
    EapTls,
    /// PEAP: the server's certificate, and MS-CHAP version 2 inside
    Peap,
    /// MS-CHAP version 2 inside EAP
    #[value(alias = "eap-mschapv2")]
    EapMsChapV2,
    /// MD5 inside EAP, which does not prove the server
    EapMd5,
}

/// How a dial proves who dials.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ProofArgs {
    /// Prove who dials by this alone, whatever the entry allows (may be repeated)
    #[arg(long = "auth", value_name = "METHOD")]
    pub(crate) auth: Vec<MethodName>,
    /// The user's certificate (PEM, with the chain below the root), for eap-tls
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) certificate: Option<PathBuf>,
    /// The certificate's key (PEM), if it does not stand in the same file
    #[arg(long, value_name = "FILE", requires = "certificate", value_hint = ValueHint::FilePath)]
    pub(crate) key: Option<PathBuf>,
    /// The user's certificate and key in a file of PKCS#12 (.p12, .pfx)
    #[arg(long, value_name = "FILE", conflicts_with = "certificate", value_hint = ValueHint::FilePath)]
    pub(crate) pkcs12: Option<PathBuf>,
    /// The passphrase of the PKCS#12 file, in the first line of this file; else it is asked for
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) passphrase_file: Option<PathBuf>,
}
