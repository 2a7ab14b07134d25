//! TLS on the gateway's own port, beside plain HTTP: `https://` and `wss://`, as on AWS.
//!
//! ```text
//! authority  the certificate that clients trust, made once for a user of this machine
//! stream     a connection, plain or with TLS; its first byte says which
//! ```
//!
//! Realises: HANDSHAKE-46

mod authority;
mod stream;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::error::with_causes;
use crate::runtime::Tools;

pub use authority::AuthorityError;
pub(crate) use authority::{Authority, cache_folder};
pub(crate) use stream::{HELLO, Stream};

/// The files that make a program trust the gateway's certificates, PEM.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    /// The authority alone: for what adds it to the certificates that it trusts.
    pub(crate) authority: PathBuf,
    /// The authority and the system's own: for what trusts nothing else then.
    pub(crate) bundle: PathBuf,
}

/// The certificate of the user's authority, which is made if there is none.
///
/// # Errors
/// There is no folder for it, or it cannot be made.
pub fn authority() -> Result<PathBuf, AuthorityError> {
    let folder = cache_folder().ok_or(AuthorityError::NoFolder)?;
    let authority = Authority::open(&folder)?;
    Ok(authority.certificate().to_owned())
}

/// The authority of `folder`; where that cannot be used, one among the gateway's own files. With it,
/// what makes programs trust it.
///
/// # Errors
/// No files can be written, or no key can be made.
pub(crate) fn open(
    folder: Option<&Path>,
    tools: &Tools,
) -> Result<(Authority, Trust), AuthorityError> {
    let own = tools.folder().map_err(|error| AuthorityError::File {
        path: std::env::temp_dir(),
        error,
    })?;
    let authority = match folder.map(Authority::open) {
        Some(Ok(authority)) => authority,
        None => Authority::open(&own)?,
        Some(Err(error)) => {
            tracing::warn!(
                "the authority for TLS goes with this gateway: {}",
                with_causes(&error)
            );
            Authority::open(&own)?
        }
    };
    let bundle = own.join("roots.pem");
    std::fs::write(&bundle, authority.with_roots()).map_err(|error| AuthorityError::File {
        path: bundle.clone(),
        error,
    })?;
    let trust = Trust {
        authority: authority.certificate().to_owned(),
        bundle,
    };
    Ok((authority, trust))
}

/// What accepts TLS for these host names, for the loopback names and addresses, and for `address`.
///
/// Its certificate is made anew for each gateway, and its key is never written anywhere.
///
/// # Errors
/// A name cannot be one of a certificate.
pub(crate) fn acceptor(
    authority: &Authority,
    address: IpAddr,
    names: impl IntoIterator<Item = String>,
) -> Result<TlsAcceptor, AuthorityError> {
    let mut addresses = vec![
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ];
    if !address.is_unspecified() && !addresses.contains(&address) {
        addresses.push(address);
    }
    let addresses = addresses.iter().map(ToString::to_string);
    let names = ["localhost".to_owned()].into_iter().chain(names);
    let mut params = CertificateParams::new(addresses.chain(names).collect::<Vec<_>>())?;
    authority::valid(&mut params);
    params.distinguished_name = authority::named("gatespec");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, authority.issuer())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )?;
    // Clients that could speak HTTP/2 must not.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
