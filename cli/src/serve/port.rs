//! A port that is taken: by whom, where the system tells, and what to do.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use gateway::{Error, Options};

use super::failure;
use crate::{Caused, Failure};

/// The system's lists of sockets, on Linux; elsewhere there are none.
const LISTS: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];
/// The state of a socket that listens.
const LISTENS: &str = "0A";

/// What keeps a gateway from starting; of a port that is taken, with its holder and the option that
/// takes another one.
pub(super) fn explained(error: Error, options: &Options) -> Failure {
    let (address, error) = match error {
        Error::Listen { address, error } if error.kind() == ErrorKind::AddrInUse => {
            (address, error)
        }
        error => return failure(error),
    };
    let holder = match holder(address.port()) {
        Some((name, id)) => format!("`{name}` (process {id}) listens there: end it, or "),
        None => String::new(),
    };
    let option = match address.port() == options.port {
        true => "--port",
        false => "--dynamodb-port",
    };
    let what = format!(
        "cannot listen on {address}: {holder}take another port with `{option} PORT`, or any that is \
         free with `{option} 0`"
    );
    Failure::could_not_run(Caused::new(what, error))
}

/// The process that listens on a port, by name and id, if it is one that this user may look at.
fn holder(port: u16) -> Option<(String, u32)> {
    let lists = LISTS
        .iter()
        .filter_map(|list| fs::read_to_string(list).ok());
    let sockets = lists.flat_map(|list| listening(&list, port));
    let sockets: Vec<String> = sockets.map(|inode| format!("socket:[{inode}]")).collect();
    if sockets.is_empty() {
        return None;
    }
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let has_one = |id: &u32| {
        let files = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten();
        let mut files = files
            .flatten()
            .filter_map(|file| fs::read_link(file.path()).ok());
        files.any(|file| sockets.iter().any(|socket| file == Path::new(socket)))
    };
    let id = ids.find(has_one)?;
    let name = fs::read_to_string(format!("/proc/{id}/comm")).ok()?;
    Some((name.trim_end().to_owned(), id))
}

/// The inodes of the sockets in a list that listen on a port.
fn listening(list: &str, port: u16) -> Vec<u64> {
    let inode = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let (_, of) = fields.get(1)?.rsplit_once(':')?;
        let is_it = u16::from_str_radix(of, 16) == Ok(port) && *fields.get(3)? == LISTENS;
        is_it.then(|| fields.get(9)?.parse().ok()).flatten()
    };
    list.lines().skip(1).filter_map(inode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_that_listen_are_in_the_list() {
        let list = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0 100
   1: 0100007F:0BB9 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 12 1 0 20
   2: nonsense
";
        assert_eq!(listening(list, 3001), [11]);
        assert!(listening(list, 8080).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_finds_itself() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("it listens").port();
        let found = holder(port).map(|(_, id)| id);
        assert_eq!(found, Some(std::process::id()));
    }
}
