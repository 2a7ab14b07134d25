//! Linux asked about one socket: `sock_diag(7)` over netlink.
//!
//! The lists in `/proc/net` name every socket of the machine, and the kernel takes milliseconds to
//! write them where there are thousands; this takes microseconds.

use std::net::{IpAddr, SocketAddr};

use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};

use super::Owner;

const HEADER: usize = 16;
/// `SOCK_DIAG_BY_FAMILY`, of the request and of its answer.
const BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const TCP: u8 = 6;
/// In a request.
const PORTS: std::ops::Range<usize> = HEADER + 8..HEADER + 12;
/// In an answer: after the header, the state and the socket's addresses come three numbers.
const UID: usize = HEADER + 4 + 48 + 12;

/// The user of the socket from `peer` to `own`; `None` if there is no answer: no such socket, or no
/// such service in this kernel.
pub(super) fn owner(peer: SocketAddr, own: SocketAddr) -> Option<Owner> {
    let socket = net::socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )
    .ok()?;
    let request = request(peer, own)?;
    net::send(&socket, &request, SendFlags::empty()).ok()?;
    let mut answer = [0; 1024];
    // The kernel answers before `send` returns.
    let (length, _) = net::recv(&socket, &mut answer, RecvFlags::DONTWAIT).ok()?;
    read(answer.get(..length)?, request.get(PORTS)?)
}

/// `nlmsghdr`, then `inet_diag_req_v2`: addresses and ports as on the wire, the rest in the
/// machine's order.
fn request(peer: SocketAddr, own: SocketAddr) -> Option<Vec<u8>> {
    let (family, source, destination) = match (peer.ip(), own.ip()) {
        (IpAddr::V4(peer), IpAddr::V4(own)) => {
            let wide = |ip: [u8; 4]| {
                let mut wide = [0; 16];
                wide[..4].copy_from_slice(&ip);
                wide
            };
            (AddressFamily::INET, wide(peer.octets()), wide(own.octets()))
        }
        (IpAddr::V6(peer), IpAddr::V6(own)) => (AddressFamily::INET6, peer.octets(), own.octets()),
        _ => return None,
    };
    let mut body = vec![u8::try_from(family.as_raw()).ok()?, TCP, 0, 0];
    body.extend(u32::MAX.to_ne_bytes()); // in any state
    body.extend(peer.port().to_be_bytes());
    body.extend(own.port().to_be_bytes());
    body.extend(source);
    body.extend(destination);
    body.extend(0_u32.to_ne_bytes()); // on any interface
    body.extend([0xff; 8]); // without the socket's cookie

    let length = u32::try_from(HEADER + body.len()).ok()?;
    let mut request = length.to_ne_bytes().to_vec();
    request.extend(BY_FAMILY.to_ne_bytes());
    request.extend(NLM_F_REQUEST.to_ne_bytes());
    request.extend([0; 8]); // sequence, port
    request.extend(body);
    Some(request)
}

/// `nlmsghdr`, then `inet_diag_msg`, which begins with state and ports and ends with user and
/// inode. Where no socket has these two ports, the kernel answers with one that listens.
fn read(answer: &[u8], ports: &[u8]) -> Option<Owner> {
    let kind = answer.get(4..6)?.try_into().ok()?;
    if u16::from_ne_bytes(kind) != BY_FAMILY || answer.get(HEADER + 4..HEADER + 8)? != ports {
        return None;
    }
    let number = |at: usize| {
        let bytes = answer.get(at..at + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    Some(Owner {
        uid: number(UID)?,
        is_open: number(UID + 4)? != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn the_kernel_knows_whose_a_socket_is() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(address).expect("a loopback address");
            let own = listener.local_addr().expect("it listens");
            let client = TcpStream::connect(own).expect("it listens");
            let peer = client.local_addr().expect("it is connected");
            let expected = Owner {
                uid: rustix::process::geteuid().as_raw(),
                is_open: true,
            };
            assert_eq!(owner(peer, own), Some(expected), "{address}");
            // The socket that listens is not one that was asked for.
            assert_eq!(owner(own, own), None, "{address}");
        }
    }

    #[test]
    fn a_short_or_another_answer_is_none() {
        let ports = [1, 2, 3, 4];
        let mut answer = [0_u8; UID + 8];
        answer[HEADER + 4..HEADER + 8].copy_from_slice(&ports);
        assert_eq!(read(&answer, &ports), None, "no answer to this request");
        answer[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
        let nobody = Owner {
            uid: 0,
            is_open: false,
        };
        assert_eq!(read(&answer, &ports), Some(nobody));
        assert_eq!(read(&answer, &[1, 2, 0, 0]), None, "one that listens");
        for length in 0..answer.len() {
            assert_eq!(read(&answer[..length], &ports), None, "{length}");
        }
    }
}
