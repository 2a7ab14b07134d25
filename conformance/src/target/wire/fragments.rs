//! Messages in several frames.

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// A text message in frames of at most `size` bytes; the cuts may fall inside a character, as RFC
/// 6455 allows.
pub(super) fn fragments(bytes: &[u8], size: usize) -> Vec<Message> {
    let count = bytes.len().div_ceil(size).max(1);
    (0..count)
        .map(|index| {
            let end = bytes.len().min((index + 1) * size);
            let opcode = if index == 0 {
                Data::Text
            } else {
                Data::Continue
            };
            let payload = bytes[index * size..end].to_vec();
            Message::Frame(Frame::message(
                payload,
                OpCode::Data(opcode),
                index + 1 == count,
            ))
        })
        .collect()
}
