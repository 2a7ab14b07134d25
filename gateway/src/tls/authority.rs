//! The authority: a key and its certificate in the user's cache folder, made at the first use and
//! kept, so that what trusts it once (a browser, a script) trusts it tomorrow.
//!
//! Nothing is told to trust it but functions' processes, by their environment.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls;

/// What signs the gateway's certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: PathBuf,
    pem: String,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The files of the authority cannot be read or written.
    #[error("`{}` cannot be used", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// Neither `XDG_CACHE_HOME` nor `HOME` is set.
    #[error("there is no folder for it: set `HOME` or `XDG_CACHE_HOME`")]
    NoFolder,
    /// No certificate can be made.
    #[error("no certificate can be made")]
    Certificate(#[from] rcgen::Error),
    /// The certificate cannot be served.
    #[error("TLS cannot be set up")]
    SetUp(#[from] rustls::Error),
}

const KEY: &str = "authority.key";
const CERTIFICATE: &str = "authority.pem";
/// Held while the files are looked at and made.
const LOCK: &str = "authority.lock";

impl Authority {
    /// The authority of a folder, made there if there is none. Several gateways may ask at once,
    /// also in several processes: they get the same one.
    ///
    /// # Errors
    /// The folder or its files cannot be used, or no key can be made.
    pub(crate) fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            |error| AuthorityError::File { path, error }
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(at(folder))?;
        let lock = folder.join(LOCK);
        // Ends with this function, and with this process.
        let locked = private().open(&lock).and_then(|file| {
            file.lock()?;
            Ok(file)
        });
        let _locked = locked.map_err(at(&lock))?;
        let (key_file, certificate) = (folder.join(KEY), folder.join(CERTIFICATE));
        let known = read(&key_file).map_err(at(&key_file))?;
        // What is no key any more is replaced, with its certificate.
        let key = known.and_then(|text| KeyPair::from_pem(&text).ok());
        let pem = match key.is_some() {
            true => read(&certificate).map_err(at(&certificate))?,
            false => None,
        };
        let (key, pem) = match (key, pem.filter(|pem| !pem.is_empty())) {
            (Some(key), Some(pem)) => (key, pem),
            (key, _) => {
                let key = key.map_or_else(KeyPair::generate, Ok)?;
                let pem = params().self_signed(&key)?.pem();
                // The key last: whoever finds one finds its certificate.
                write(&certificate, &pem).map_err(at(&certificate))?;
                write(&key_file, &key.serialize_pem()).map_err(at(&key_file))?;
                (key, pem)
            }
        };
        Ok(Self {
            issuer: Issuer::new(params(), key),
            certificate,
            pem,
        })
    }

    pub(super) fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    /// The file of its certificate, PEM.
    pub(crate) fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// Its certificate and those that this machine trusts, PEM: for variables that replace the
    /// system's.
    pub(crate) fn with_roots(&self) -> String {
        let mut text = self.pem.clone();
        // What cannot be read, no other program reads.
        for root in rustls_native_certs::load_native_certs().certs {
            text.push_str("-----BEGIN CERTIFICATE-----\n");
            let encoded = spec::base64::encode(&root);
            for line in encoded.as_bytes().chunks(64) {
                text.push_str(&String::from_utf8_lossy(line));
                text.push('\n');
            }
            text.push_str("-----END CERTIFICATE-----\n");
        }
        text
    }
}

/// The folder of gatespec's own files of a user: `$XDG_CACHE_HOME/gatespec`, `~/.cache/gatespec`.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let absolute = |path: &PathBuf| path.is_absolute();
    let cache = variable("XDG_CACHE_HOME").filter(absolute);
    let home = || {
        let home = variable("HOME").filter(absolute);
        home.map(|home| home.join(".cache"))
    };
    cache.or_else(home).map(|folder| folder.join("gatespec"))
}

/// The time in which certificates are valid: clients go by the system's clock, whatever the
/// gateway's is.
pub(super) fn valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
}

pub(super) fn named(name: &str) -> DistinguishedName {
    let mut full = DistinguishedName::new();
    full.push(DnType::OrganizationName, "gatespec");
    full.push(DnType::CommonName, name);
    full
}

/// What the authority's certificate says. A change of it needs another name of its file.
fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    valid(&mut params);
    params.distinguished_name = named("gatespec's authority on this machine");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// The text of a file; `None` where there is none.
fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // No text, no key.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file that only its owner reads. Whoever opens it finds the old text or the new one,
/// never a part.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private().create_new(true).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true).create(true).truncate(false).mode(0o600);
    options
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::thread;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let name = format!("gatespec-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn an_authority_is_made_once_and_is_its_owners() {
        let folder = folder("authority-once");
        let first = Authority::open(&folder).unwrap();
        let again = Authority::open(&folder).unwrap();
        assert_eq!(first.pem, again.pem);
        assert_eq!(fs::read_to_string(first.certificate()).unwrap(), first.pem);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join(KEY)), 0o600);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn who_asks_at_once_gets_the_same_authority() {
        let folder = folder("authority-race");
        let open = || Authority::open(&folder).unwrap().pem;
        let all: Vec<String> = thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(all.iter().all(|pem| *pem == all[0]));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_broken_authority_is_replaced() {
        let folder = folder("authority-broken");
        let first = Authority::open(&folder).unwrap().pem;
        for text in [&b""[..], b"no key", b"\xff"] {
            fs::write(folder.join(KEY), text).unwrap();
            let next = Authority::open(&folder).unwrap().pem;
            assert_ne!(first, next);
            assert_eq!(next, Authority::open(&folder).unwrap().pem);
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
