//! The ids that API Gateway gives to connections, requests and messages.
//!
//! Sixteen characters of URL-safe base64 over eleven bytes, so exactly one `=` at the end. The
//! inner structure was derived from some forty published ids: the first four bytes rise with time,
//! byte 8 is `0x02` for connections and messages (twelfth character `C`) and `0x05` for requests
//! (`F`), and a message id ends in the three bytes that its connection id ends in.
//!
//! Realises: EVENT-14, EVENT-15, EVENT-16

use crate::time::Timestamp;

/// Where the specification takes its unpredictable bits from. The shell passes a random source,
/// tests a counting one. One that shows how an event with certain ids would look gives those.
pub trait IdSource {
    /// The next 64 bits.
    fn next_u64(&mut self) -> u64;

    /// The id of a new connection.
    fn connection_id(&mut self, now: Timestamp) -> String {
        connection_id(self, now)
    }

    /// The id of a new request.
    fn request_id(&mut self, now: Timestamp) -> String {
        request_id(self, now)
    }

    /// The id of a new message on the connection `connection_id`.
    fn message_id(&mut self, now: Timestamp, connection_id: &str) -> String {
        message_id(self, now, connection_id)
    }

    /// The X-Ray root of a new request.
    fn trace_id(&mut self, now: Timestamp) -> String {
        trace_id(self, now)
    }
}

/// An [`IdSource`] that counts: the same inputs give the same ids, all of them different.
#[derive(Clone, Debug, Default)]
pub struct Counter(u64);

/// The bytes behind an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Raw([u8; 11]);

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CONNECTION_OR_MESSAGE: u8 = 0x02;
const REQUEST: u8 = 0x05;

impl IdSource for Counter {
    fn next_u64(&mut self) -> u64 {
        self.0 += 1;
        // Spread the count over all bits (a bijection), so that truncated views differ too.
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// A new connection id.
pub fn connection_id(source: &mut (impl IdSource + ?Sized), now: Timestamp) -> String {
    Raw::new(source, now, CONNECTION_OR_MESSAGE).text()
}

/// A new request id, also used as `extendedRequestId` and in `x-amz-apigw-id`.
///
/// Realises: EVENT-12, MANAGEMENT-22
pub fn request_id(source: &mut (impl IdSource + ?Sized), now: Timestamp) -> String {
    Raw::new(source, now, REQUEST).text()
}

/// A new message id on the connection `connection_id`.
pub fn message_id(
    source: &mut (impl IdSource + ?Sized),
    now: Timestamp,
    connection_id: &str,
) -> String {
    let mut raw = Raw::new(source, now, CONNECTION_OR_MESSAGE);
    if let Some(connection) = Raw::from_text(connection_id) {
        raw.0[8..].copy_from_slice(&connection.0[8..]);
    }
    raw.text()
}

/// Whether `text` has the form of a connection id: any other is answered with 400 instead of 410.
///
/// Realises: MANAGEMENT-7
pub fn is_well_formed(text: &str) -> bool {
    Raw::from_text(text).is_some()
}

/// A random UUID (version 4), as in `x-amzn-requestid` and Lambda's request ids.
pub fn uuid(source: &mut (impl IdSource + ?Sized)) -> String {
    let (high, low) = (source.next_u64(), source.next_u64());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff
    )
}

/// An X-Ray root, as in `X-Amzn-Trace-Id`: `Root=1-{seconds, 8 hex}-{24 hex}`.
pub fn trace_id(source: &mut (impl IdSource + ?Sized), now: Timestamp) -> String {
    format!(
        "Root=1-{:08x}-{:08x}{:016x}",
        now.as_millis() / 1000,
        source.next_u64() >> 32,
        source.next_u64()
    )
}

impl Raw {
    fn new(source: &mut (impl IdSource + ?Sized), now: Timestamp, kind: u8) -> Self {
        let mut bytes = [0; 11];
        let ticks = (now.as_millis() / 25) as u32; // the published ids rise by one in about 25 ms
        bytes[..4].copy_from_slice(&ticks.to_be_bytes());
        let random = source.next_u64().to_be_bytes();
        bytes[4..8].copy_from_slice(&random[..4]);
        bytes[8] = kind;
        bytes[9..].copy_from_slice(&random[4..6]);
        Self(bytes)
    }

    fn text(self) -> String {
        let mut text = String::with_capacity(16);
        for chunk in self.0.chunks(3) {
            let word = chunk
                .iter()
                .fold(0u32, |word, &byte| word << 8 | u32::from(byte))
                << (8 * (3 - chunk.len()));
            for position in 0..4 {
                if position <= chunk.len() {
                    let index = word >> (18 - 6 * position) & 63;
                    text.push(char::from(ALPHABET[index as usize]));
                } else {
                    text.push('=');
                }
            }
        }
        text
    }

    fn from_text(text: &str) -> Option<Self> {
        let digits = text.strip_suffix('=')?.as_bytes();
        if digits.len() != 15 {
            return None;
        }
        let mut bytes = [0; 11];
        let (mut word, mut bits, mut filled) = (0u32, 0, 0);
        for digit in digits {
            let value = ALPHABET.iter().position(|letter| letter == digit)? as u32;
            word = word << 6 | value;
            bits += 6;
            if bits >= 8 {
                bits -= 8;
                bytes[filled] = (word >> bits) as u8;
                filled += 1;
            }
        }
        // Fifteen digits carry two bits more than eleven bytes; base64 wants them to be zero.
        (word & 3 == 0).then_some(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // Ids that were seen on AWS (the Go library's fixtures, AWS's own documentation).
    const SEEN: [&str; 5] = [
        "R1kmxc2VNjMCFIA=",
        "R1knPc2ntjMCFIA=",
        "R1knPH17NjMFftw=",
        "L0SM9cOFvHcCIhw=",
        "WDGT8fY4joECJrQ=",
    ];

    #[test]
    fn published_ids_are_well_formed_and_wear_their_kind() {
        for id in SEEN {
            let raw = Raw::from_text(id).expect(id);
            assert_eq!(raw.text(), id);
        }
        assert_eq!(Raw::from_text(SEEN[0]).unwrap().0[8], CONNECTION_OR_MESSAGE);
        assert_eq!(Raw::from_text(SEEN[2]).unwrap().0[8], REQUEST);
    }

    // The recorded 400 names this id: a real one with four letters behind it.
    #[test]
    fn other_texts_are_no_ids() {
        for text in [
            "WDGT8fY4joECJrQ=test",
            "",
            "=",
            "cjy8i76bx002884le6n17d49b",
            "R1kmxc2VNjMCFI",
        ] {
            assert!(!is_well_formed(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn ids_are_well_formed_for_every_time(bits: [u64; 3], millis: u64) {
            struct Fixed(Vec<u64>);
            impl IdSource for Fixed {
                fn next_u64(&mut self) -> u64 { self.0.pop().unwrap_or(7) }
            }
            let (now, mut source) = (Timestamp::from_millis(millis), Fixed(bits.to_vec()));
            let connection = connection_id(&mut source, now);
            let message = message_id(&mut source, now, &connection);
            let request = request_id(&mut source, now);
            for id in [&connection, &message, &request] {
                prop_assert_eq!(id.len(), 16);
                prop_assert!(is_well_formed(id));
            }
            prop_assert_eq!(&message[12..], &connection[12..]);
            prop_assert_eq!(&connection[11..12], "C");
            prop_assert_eq!(&request[11..12], "F");
        }
    }
}
