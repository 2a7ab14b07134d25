//! Hostnames and addresses of the Internet as Guava reads them for the validator.

use std::net::Ipv4Addr;

/// `InternetDomainName.from`.
pub(super) fn is_hostname(text: &str) -> bool {
    let name = text.replace(['\u{3002}', '\u{FF0E}', '\u{FF61}'], ".");
    let name = name.strip_suffix('.').unwrap_or(&name);
    let parts: Vec<_> = name.split('.').collect();
    let last = parts.last().copied().unwrap_or_default();
    name.encode_utf16().count() <= 253
        && parts.len() <= 127
        && parts.iter().all(|part| is_label(part))
        && !last.starts_with(|c: char| c.is_ascii_digit())
}

fn is_label(part: &str) -> bool {
    let dashes = ['-', '_'];
    (1..=63).contains(&part.encode_utf16().count())
        && part
            .chars()
            .all(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || dashes.contains(&c))
        && !part.starts_with(dashes)
        && !part.ends_with(dashes)
}

/// How many bytes `InetAddresses.forString` has for a text: an IPv4 address mapped into IPv6 is
/// one of IPv4.
pub(super) fn ip_bytes(text: &str) -> Option<usize> {
    if !text.contains(':') {
        return octets(text).map(|_| 4);
    }
    let (address, scoped) = match text.split_once('%') {
        Some((address, _)) => (address, true),
        None => (text, false),
    };
    let dotted = address.contains('.');
    if dotted && scoped {
        return None;
    }
    let address = if dotted {
        let (start, quad) = address.rsplit_once(':')?;
        let [a, b, c, d] = octets(quad)?.octets();
        format!(
            "{start}:{:x}:{:x}",
            u16::from_be_bytes([a, b]),
            u16::from_be_bytes([c, d])
        )
    } else {
        address.to_owned()
    };
    let groups = groups(&address)?;
    let mapped = groups[..5].iter().all(|&group| group == 0) && groups[5] == 0xFFFF;
    Some(if mapped { 4 } else { 16 })
}

fn octets(text: &str) -> Option<Ipv4Addr> {
    text.parse().ok()
}

/// The eight groups of an IPv6 address; a gap stands for one group of zeros or more.
fn groups(text: &str) -> Option<[u16; 8]> {
    let group = |part: &str| -> Option<u16> {
        let digits = part.bytes().all(|byte| byte.is_ascii_hexdigit());
        (digits && (1..=4).contains(&part.len()))
            .then(|| u16::from_str_radix(part, 16).ok())
            .flatten()
    };
    let list = |text: &str| -> Option<Vec<u16>> {
        if text.is_empty() {
            return Some(Vec::new());
        }
        text.split(':').map(group).collect()
    };
    let mut all = match text.split_once("::") {
        Some((before, behind)) => {
            let (mut before, behind) = (list(before)?, list(behind)?);
            let zeros = 8_usize.checked_sub(before.len() + behind.len())?;
            if zeros == 0 {
                return None;
            }
            before.extend(std::iter::repeat_n(0, zeros));
            before.extend(behind);
            before
        }
        None => list(text)?,
    };
    all.shrink_to_fit();
    all.try_into().ok()
}
