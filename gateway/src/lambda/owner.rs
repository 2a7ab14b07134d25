//! Whose process is at the other end of a connection on this machine, where the system tells.
//!
//! Linux tells when it is asked about the socket, or else in its lists, `/proc/net/tcp` and `tcp6`.
//! Elsewhere nobody tells, and everybody on this machine is let in.

#[cfg(target_os = "linux")]
mod diag;

use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpStream;

/// The lists, and with them the forms of addresses.
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];
const ROOT: u32 = 0;

/// Whose a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Owner {
    uid: u32,
    /// Its process has not closed it. One that is closed belongs to nobody: it has no inode.
    is_open: bool,
}

/// The user at the other end, if it is neither this process's nor root, who may do everything.
pub(super) async fn stranger(stream: &TcpStream) -> Option<u32> {
    let canonical =
        |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let peer = canonical(stream.peer_addr().ok()?);
    let own = canonical(stream.local_addr().ok()?);
    let owner = match asked(peer, own) {
        Some(owner) => owner,
        None => tokio::task::spawn_blocking(move || listed(peer, own))
            .await
            .ok()
            .flatten()?,
    };
    let is_ours = owner.uid == ROOT || owner.uid == rustix::process::geteuid().as_raw();
    (owner.is_open && !is_ours).then_some(owner.uid)
}

#[cfg(target_os = "linux")]
fn asked(peer: SocketAddr, own: SocketAddr) -> Option<Owner> {
    diag::owner(peer, own)
}

#[cfg(not(target_os = "linux"))]
fn asked(_: SocketAddr, _: SocketAddr) -> Option<Owner> {
    None
}

fn listed(peer: SocketAddr, own: SocketAddr) -> Option<Owner> {
    TABLES
        .iter()
        .find_map(|table| owner(&read(table), peer, own))
}

fn read(table: &str) -> String {
    // Not on this system, then.
    std::fs::read_to_string(table).unwrap_or_default()
}

/// The user of the socket from `peer` to `own` in a list.
fn owner(table: &str, peer: SocketAddr, own: SocketAddr) -> Option<Owner> {
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let is_it = address(fields.nth(1)?)? == peer && address(fields.next()?)? == own;
        if !is_it {
            return None;
        }
        // State, queues, timer, retransmissions.
        let uid = fields.nth(4)?.parse().ok()?;
        let inode: u64 = fields.nth(1)?.parse().ok()?;
        let is_open = inode != 0;
        Some(Owner { uid, is_open })
    })
}

/// `0100007F:1F90`: words of 32 bits in the machine's order, in hexadecimal, and the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words: Option<Vec<[u8; 4]>> = (0..ip.len() / 8)
        .map(|at| u32::from_str_radix(ip.get(at * 8..at * 8 + 8)?, 16).ok())
        .map(|word| word.map(u32::to_ne_bytes))
        .collect();
    let bytes = words?.concat();
    let ip: IpAddr = match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok()?.into(),
        16 => <[u8; 16]>::try_from(bytes).ok()?.into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip.to_canonical(), port))
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;
    use rstest::rstest;

    const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0 100
   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000 65534        0 12 1 0 20
   2: 0100007F:C351 0100007F:1F90 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0
";
    const TCP6: &str = "\
  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 0000000000000000FFFF00000100007F:C352 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 13 1
";

    #[rstest]
    #[case::of_another_user(TCP, 50_000, Some((65_534, true)))]
    #[case::closed_by_its_process(TCP, 50_001, Some((0, false)))]
    #[case::unknown(TCP, 50_003, None)]
    #[case::by_a_socket_of_version_6(TCP6, 50_002, Some((1001, true)))]
    #[case::no_list("", 50_000, None)]
    #[case::nonsense("x\nx x x\n0: :: 0:0\n", 50_000, None)]
    fn the_user_of_a_connection_is_in_the_list(
        #[case] table: &str,
        #[case] port: u16,
        #[case] expected: Option<(u32, bool)>,
    ) {
        let peer = SocketAddr::from(([127, 0, 0, 1], port));
        let own = SocketAddr::from(([127, 0, 0, 1], 8080));
        let expected = expected.map(|(uid, is_open)| Owner { uid, is_open });
        assert_eq!(owner(table, peer, own), expected);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_process_finds_its_own_connections() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let own = listener.local_addr().expect("it listens");
        let client = TcpStream::connect(own).await.expect("it listens");
        let peer = client.local_addr().expect("it is connected");
        let this = Owner {
            uid: rustix::process::geteuid().as_raw(),
            is_open: true,
        };
        assert_eq!(listed(peer, own), Some(this));
        let (accepted, _) = listener.accept().await.expect("a connection");
        assert_eq!(stranger(&accepted).await, None);
    }
}
