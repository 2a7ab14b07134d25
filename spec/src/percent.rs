//! Percent escapes (RFC 3986).

/// What a `+` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plus {
    /// A space, as in query strings.
    Space,
    /// Itself, as in paths.
    Literal,
}

/// Escapes everything but the unreserved characters.
pub fn encode(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            encoded.push(char::from(*byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The bytes that a text with escapes stands for; what is not an escape stays.
pub(crate) fn decode_bytes(text: &str, plus: Plus) -> Vec<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let [byte, rest @ ..] = bytes {
        let escaped = match rest {
            [high, low, ..] if *byte == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        bytes = rest;
        decoded.push(match escaped {
            Some((high, low)) => {
                bytes = &rest[2..];
                high << 4 | low
            }
            None if plus == Plus::Space && *byte == b'+' => b' ',
            None => *byte,
        });
    }
    decoded
}

/// The same as text: what is not UTF-8 becomes U+FFFD.
pub fn decode(text: &str, plus: Plus) -> String {
    String::from_utf8_lossy(&decode_bytes(text, plus)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_again(
            bytes in any::<Vec<u8>>(),
            plus in prop::sample::select(vec![Plus::Space, Plus::Literal]),
        ) {
            prop_assert_eq!(decode_bytes(&encode(&bytes), plus), bytes);
        }

        #[test]
        fn any_text_is_decoded(
            text in any::<String>(),
            plus in prop::sample::select(vec![Plus::Space, Plus::Literal]),
        ) {
            prop_assert!(decode_bytes(&text, plus).len() <= text.len());
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        assert_eq!(decode("%4", Plus::Literal), "%4");
        assert_eq!(decode("%+1%zz%C3%BC+", Plus::Literal), "%+1%zzü+");
        assert_eq!(decode("a+b%2B", Plus::Space), "a b+");
    }
}
