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

/// Unpacks a zip of at most `limit` bytes of files into an empty folder, which `canonicalize` leaves
/// as it is, and gives the size of its files in bytes. Of entries with the same name the last one
/// stays.
///
/// # Errors
/// What is wrong with the zip, or why it cannot be written.
pub(super) fn unpack(zip: &[u8], limit: usize, folder: &Path) -> Result<usize, String> {
    let archive = ZipArchive::from_slice(zip).map_err(|error| words(&error))?;
    let mut unpacked = 0;
    let mut count = 0;
    let mut links = Vec::new();
    for entry in archive.entries() {
        let entry = entry.map_err(|error| words(&error))?;
        count += 1;
        let path = inside(entry.file_path().as_bytes())?;
        let at = folder.join(&path);
        if entry.is_dir() {
            fs::create_dir_all(&at).map_err(|error| unwritten(&path, &error))?;
            continue;
        }
        let content = content(&archive, &entry, limit - unpacked)
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
    let too_large = || format!("is too large: Lambda takes files of {LIMIT} bytes in all");
    let local = archive
        .get_entry(entry.wayfinder())
        .map_err(|error| words(&error))?;
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

fn words(error: &rawzip::Error) -> String {
    match error.kind() {
        ErrorKind::MissingEndOfCentralDirectory => "it is no zip, or is cut off".to_owned(),
        ErrorKind::Eof => "it is cut off".to_owned(),
        other => format!("it is damaged: {}", other.to_string().to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Random;
    use rawzip::ZipArchiveWriter;
    use rawzip::path::EntryPath;
    use rstest::rstest;
    use spec::ids::IdSource;

    const FILE: u32 = 0o100_644;
    const LINK: u32 = 0o120_777;

    /// A zip of entries with these names, modes and contents.
    fn zip(entries: &[(&str, u32, &str)]) -> Vec<u8> {
        let mut zip = ZipArchiveWriter::new(Vec::new());
        for (name, mode, content) in entries {
            let file = zip.new_file(EntryPath::verbatim(name.as_bytes()));
            let file = file.compression_method(CompressionMethod::DEFLATE);
            let (mut entry, config) = file.unix_permissions(*mode).start().expect("a valid name");
            let compressed = miniz_oxide::deflate::compress_to_vec(content.as_bytes(), 6);
            let mut data = config.wrap(io::sink());
            data.write_all(content.as_bytes())
                .expect("a sink takes all");
            let (_, descriptor) = data.finish().expect("a sink takes all");
            entry.write_all(&compressed).expect("so does memory");
            entry.finish(descriptor).expect("so does memory");
        }
        zip.finish().expect("so does memory")
    }

    /// Unpacks it, and looks at the folder, which goes then.
    fn unpacked<T>(zip: &[u8], look: impl FnOnce(&Path) -> T) -> Result<T, String> {
        let name = format!("gatespec-archive-{:016x}", Random::new().next_u64());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).expect("temporary files can be written");
        let folder = fs::canonicalize(folder).expect("it is there");
        let looked = unpack(zip, 10_000, &folder).map(|_| look(&folder));
        fs::remove_dir_all(&folder).expect("whatever was unpacked can be removed");
        looked
    }

    fn mode(path: PathBuf) -> u32 {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    }

    #[test]
    fn files_keep_their_modes_and_links_their_targets() {
        let zip = zip(&[
            ("bin/", 0o040_755, ""),
            ("bin/run", 0o100_755, "#!/bin/sh"),
            ("a\\b.txt", FILE, "windows"),
            ("./twice", FILE, "one"),
            ("twice", FILE, "two"),
            ("private", 0o100_400, "x"),
            ("bin/.link", LINK, "../a/b.txt"),
        ]);
        let seen = unpacked(&zip, |folder| {
            let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
            let texts = ["a/b.txt", "twice", "bin/.link"].map(text);
            let modes = ["bin/run", "a/b.txt", "private"].map(|name| mode(folder.join(name)));
            (texts, modes)
        });
        let texts = ["windows", "two", "windows"].map(str::to_owned);
        assert_eq!(seen, Ok((texts, [0o755, 0o644, 0o600])));
    }

    #[rstest]
    #[case::up(&[("../x", FILE, "")], "`../x` leads out of the folder")]
    #[case::later(&[("a/../../x", FILE, "")], "`a/../../x` leads out of the folder")]
    #[case::windows(&[("..\\x", FILE, "")], "`..\\x` leads out of the folder")]
    #[case::absolute(&[("/x", FILE, "")], "`/x` leads out of the folder")]
    #[case::to_root(&[("l", LINK, "/etc")], "the link `l` leads out of the folder, to `/etc`")]
    #[case::to_above(&[("a/l", LINK, "../../x")], "to `../../x`")]
    #[case::dot(&[("./a/l", LINK, "../../x")], "to `../../x`")]
    // By its words, the second link stays inside.
    #[case::by_a_link(&[("a/b/up", LINK, "../.."), ("l", LINK, "a/b/up/..")], "to `a/b/up/..`")]
    #[case::through_a_link(
        &[("l", LINK, "a/b/up/.."), ("a/b/up", LINK, "../.."), ("l/x", LINK, "y")],
        "`l/x` cannot be written"
    )]
    #[case::a_link_for_a_folder(&[("d/x", FILE, ""), ("d", LINK, "e")], "`d` cannot be written")]
    fn what_leads_out_of_the_folder_is_refused(
        #[case] entries: &[(&str, u32, &str)],
        #[case] problem: &str,
    ) {
        let refused = unpacked(&zip(entries), |_| ()).expect_err("it leads out");
        assert!(refused.contains(problem), "{refused}");
    }

    #[test]
    fn the_size_is_bounded_whatever_the_zip_says() {
        let zeros = "0".repeat(9_999);
        let fits = zip(&[("a", FILE, &zeros)]);
        assert_eq!(unpacked(&fits, |_| ()), Ok(()));
        let bomb = zip(&[("a", FILE, &zeros), ("b", FILE, "00")]);
        let refused = unpacked(&bomb, |_| ()).expect_err("it is too large");
        assert!(refused.starts_with("`b` is too large"), "{refused}");
    }

    #[test]
    fn any_part_of_a_zip_and_any_changed_byte_is_an_error_or_unpacked() {
        let whole = zip(&[("a.js", FILE, "exports.handler = 1;"), ("b", LINK, "a.js")]);
        for length in 0..whole.len() {
            assert!(unpacked(&whole[..length], |_| ()).is_err(), "{length}");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x41;
            // Of many bytes nothing depends: all that matters is that it neither panics nor hangs.
            let _ = unpacked(&changed, |_| ());
        }
        let mut damaged = whole;
        // Inside the first file's content, which follows its name.
        let name = damaged.windows(4).position(|bytes| bytes == b"a.js");
        damaged[name.expect("names are as they are") + 12] ^= 0x41;
        let refused = unpacked(&damaged, |_| ()).expect_err("its text is another one");
        assert!(refused.contains("is damaged"), "{refused}");
    }
}
