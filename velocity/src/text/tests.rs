use super::*;

#[test]
fn counts_units_and_cuts_pairs() {
    let text = Text::from("a😀b");
    assert_eq!(text.len(), 4);
    assert_eq!(text.substring(1, 3), Some(Text::from("😀")));
    let half = text.substring(0, 2).expect("inside");
    assert_eq!(half.as_str(), None);
    assert_eq!(half.to_str(), "a?");
    assert_eq!(half.len(), 2);
    assert_eq!(text.substring(3, 5), None);
}

#[test]
fn halves_of_a_pair_join_in_a_buffer() {
    let mut buffer = TextBuf::new();
    buffer.push_str("x");
    buffer.push_unit(0xD83D);
    buffer.push_unit(0xDE00);
    assert_eq!(buffer.into_text(), Text::from("x😀"));
}

#[test]
fn hashes_as_java_does() {
    assert_eq!(Text::from("hello").hash_code(), 99_162_322);
    assert_eq!(Text::from("").hash_code(), 0);
}

#[test]
fn orders_by_units() {
    assert_eq!(
        Text::from("😀").cmp(&Text::from("\u{E000}")),
        Ordering::Less
    );
}
