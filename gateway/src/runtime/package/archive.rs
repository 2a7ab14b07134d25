//! Zip files, unpacked into a folder: paths and symbolic links stay inside it, modes are kept.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
use rawzip::{CompressionMethod, ErrorKind, ZipArchive, ZipFileHeaderRecord, ZipSliceArchive};

/// The most bytes of a function's unpacked code and layers.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub(super) const LIMIT: usize = 262_144_000;

/// Whether these are the bytes of a zip, wherever it begins in them.
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    ZipArchive::from_slice(bytes).is_ok()
}

/// Unpacks a zip into an empty folder, and gives the size of its files in bytes. Of entries with
/// the same name the last one stays.
///
/// # Errors
/// What is wrong with the zip, or why it cannot be written.
pub(super) fn unpack(zip: &[u8], folder: &Path) -> Result<usize, String> {
    let archive = ZipArchive::from_slice(zip).map_err(words)?;
    let mut unpacked = 0;
    let mut count = 0;
    let mut links = Vec::new();
    for entry in archive.entries() {
        let entry = entry.map_err(words)?;
        count += 1;
        let path = inside(entry.file_path().as_bytes())?;
        let at = folder.join(&path);
        if entry.is_dir() {
            fs::create_dir_all(&at).map_err(|error| unwritten(&path, &error))?;
            continue;
        }
        let content = content(&archive, &entry, LIMIT - unpacked)
            .map_err(|problem| format!("`{}` {problem}", path.display()))?;
        unpacked += content.len();
        match entry.mode().is_symlink() {
            true => links.push((path, String::from_utf8_lossy(&content).into_owned())),
            false => write(&at, &content, entry.mode().permissions())
                .map_err(|error| unwritten(&path, &error))?,
        }
    }
    if count != archive.entries_hint() {
        return Err("its directory is cut off".to_owned());
    }
    // Nothing is written any more that could go through one of them.
    for (path, target) in &links {
        link(folder, path, target)?;
    }
    links.iter().try_for_each(|(path, target)| {
        let outside = fs::canonicalize(folder.join(path)).is_ok_and(|to| !to.starts_with(folder));
        match outside {
            true => Err(leaves(path, target)),
            false => Ok(()),
        }
    })?;
    Ok(unpacked)
}

/// An entry's path, if it stays in the folder. Tools of Windows may have written backslashes.
fn inside(name: &[u8]) -> Result<PathBuf, String> {
    let Ok(name) = str::from_utf8(name) else {
        let name = String::from_utf8_lossy(name);
        return Err(format!("the name `{name}` is not UTF-8"));
    };
    let mut path = PathBuf::new();
    for part in Path::new(&name.replace('\\', "/")).components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return Err(format!("`{name}` leads out of the folder")),
        }
    }
    Ok(path)
}

fn content(
    archive: &ZipSliceArchive<&[u8]>,
    entry: &ZipFileHeaderRecord<'_>,
    limit: usize,
) -> Result<Vec<u8>, String> {
    if entry.flags().is_encrypted() {
        return Err("is encrypted".to_owned());
    }
    let too_large = || format!("is too large: the files have more than {LIMIT} bytes");
    let local = archive.get_entry(entry.wayfinder()).map_err(words)?;
    let content =
        match entry.compression_method() {
            CompressionMethod::STORE if local.data().len() > limit => return Err(too_large()),
            CompressionMethod::STORE => local.data().to_vec(),
            CompressionMethod::DEFLATE => decompress_to_vec_with_limit(local.data(), limit)
                .map_err(|error| match error.status {
                    TINFLStatus::HasMoreOutput => too_large(),
                    _ => "is damaged".to_owned(),
                })?,
            method => return Err(format!("is compressed by {method}, not by deflate")),
        };
    let claimed = local.claim_verifier();
    match claimed.crc == rawzip::crc32(&content)
        && claimed.uncompressed_size == content.len() as u64
    {
        true => Ok(content),
        false => Err("is damaged: its checksum is another one".to_owned()),
    }
}

fn write(at: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    if let Some(parent) = at.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(at)?;
    file.write_all(content)?;
    // The folder must be readable to be used, and writable to be removed.
    file.set_permissions(Permissions::from_mode(mode | 0o600))
}

/// Makes a link whose target is in the folder, as far as its words tell.
fn link(folder: &Path, path: &Path, target: &str) -> Result<(), String> {
    let mut depth = path.components().count().saturating_sub(1);
    for part in Path::new(target).components() {
        depth = match part {
            Component::Normal(_) => depth + 1,
            Component::CurDir => depth,
            Component::ParentDir if depth > 0 => depth - 1,
            _ => return Err(leaves(path, target)),
        };
    }
    let at = folder.join(path);
    let made = at.parent().map_or(Ok(()), |parent| {
        fs::create_dir_all(parent)?;
        // It may be a link itself.
        match fs::canonicalize(parent)?.starts_with(folder) {
            true => symlink(target, &at),
            false => Err(io::Error::other("it leads out of the folder")),
        }
    });
    made.map_err(|error| unwritten(path, &error))
}

fn leaves(path: &Path, target: &str) -> String {
    format!(
        "the link `{}` leads out of the folder, to `{target}`",
        path.display()
    )
}

fn unwritten(path: &Path, error: &io::Error) -> String {
    format!("`{}` cannot be written: {error}", path.display())
}

fn words(error: rawzip::Error) -> String {
    match error.kind() {
        ErrorKind::MissingEndOfCentralDirectory => "it is no zip, or is cut off".to_owned(),
        ErrorKind::Eof => "it is cut off".to_owned(),
        other => format!("it is damaged: {}", other.to_string().to_lowercase()),
    }
}
