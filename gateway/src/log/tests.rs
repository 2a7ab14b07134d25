use super::*;
use proptest::prelude::*;
use rstest::rstest;
use std::sync::mpsc;

/// A reader that reads only when it is told to.
struct Gate {
    open: mpsc::Receiver<()>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Once the test has dropped its end, everything is read.
        let _ = self.open.recv();
        self.written.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const LONG: Duration = Duration::from_secs(60);

// Whoever writes is never kept waiting; what is missing is counted where it is missing; what is
// written after the pause comes whole.
#[test]
fn what_a_slow_reader_does_not_take_is_dropped_and_counted() {
    let (sender, open) = mpsc::channel();
    let written = Arc::new(Mutex::new(Vec::new()));
    let log = Log::to(Gate {
        open,
        written: Arc::clone(&written),
    })
    .unwrap();
    let text = "x".repeat(1000);
    let count = 3 * BYTES / text.len();
    for number in 0..count {
        log.line(&format!("{number} {text}"));
    }
    assert!(log.flush(Duration::ZERO) > 0, "nothing was read");
    drop(sender);
    assert_eq!(log.flush(LONG), 0);
    log.line(&"after");
    assert_eq!(log.flush(LONG), 0);
    let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    let kept = lines.len() - 2;
    for (number, line) in lines[..kept].iter().enumerate() {
        assert!(line.starts_with(&format!("{number} ")), "{line}");
    }
    assert!(kept * (text.len() + 6) > BYTES / 2, "{kept} lines");
    let dropped = count - kept;
    let notice = "lines of this log were dropped here: its reader is too slow";
    assert_eq!(lines[kept], format!("gatespec: {dropped} {notice}"));
    assert_eq!(lines[kept + 1], "after");
}

#[test]
fn what_a_full_disk_does_not_take_is_counted() {
    struct Full(bool, Arc<Mutex<Vec<u8>>>);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, false) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let written = Arc::new(Mutex::new(Vec::new()));
    let log = Log::to(Full(true, Arc::clone(&written))).unwrap();
    for line in ["one", "two"] {
        log.line(&line);
        assert_eq!(log.flush(LONG), 0);
    }
    let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    assert_eq!(
        written,
        "gatespec: 1 line of this log was dropped here: its reader is too slow\ntwo\n"
    );
}

#[test]
fn an_event_s_further_lines_are_indented() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let (sender, open) = mpsc::channel();
    drop(sender);
    let gate = Gate {
        open,
        written: Arc::clone(&written),
    };
    let log = Log::to(gate).unwrap();
    let mut writer = log.writer();
    writer.write_all(b"\x1b[33m WARN\x1b[0m a\n").unwrap();
    writer.write_all(b" WARN b\x1b[2J\n").unwrap();
    drop(writer);
    log.function_lines(FunctionLine::of_record("f", None, &["late\r"]));
    assert_eq!(log.flush(LONG), 0);
    let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    let expected = "\x1b[33m WARN\x1b[0m a\n   WARN b\\u{1b}[2J\nf: late\\r\n";
    assert_eq!(written, expected);
}

#[rstest]
#[case::plain("a\tb é 日", "a\tb é 日")]
#[case::lines("a\nb\r\u{2028}", r"a\nb\r\u{2028}")]
#[case::escape("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m")]
#[case::not_ended("\x1b[1;31mred", "\x1b[1;31mred\x1b[0m")]
#[case::other_sequences(
    "\x1b[2J\x1b]0;title\x07\x1b[31",
    r"\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}[31"
)]
#[case::c1("\u{9b}31m\x7f", r"\u{9b}31m\u{7f}")]
fn colours_stay_and_what_controls_a_terminal_goes(#[case] line: &str, #[case] shown: &str) {
    assert_eq!(escape_but_colours(line), shown);
}

proptest! {
    #[test]
    fn every_line_is_one_line(text in any_text()) {
        let escaped = escape(&text);
        prop_assert!(!escaped.contains(is_control), "{escaped:?}");
        // What was none keeps its form.
        let visible: String = text.chars().filter(|c| !is_control(*c)).collect();
        if visible == text {
            prop_assert_eq!(&*escaped, &*text);
        }
        let coloured = escape_but_colours(&text);
        let mut rest = &*coloured;
        while let Some(c) = rest.chars().next() {
            match colour(rest) {
                Some(parameters) => rest = &rest[parameters.len() + 3..],
                None => {
                    prop_assert!(!is_control(c), "{coloured:?}");
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
    }
}

/// Text in which sequences of a terminal, whole and broken, are frequent.
fn any_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        "\x1b\\[[0-9;]{0,5}[mJHK]?",
        Just("\n".to_owned()),
        Just("\r".to_owned()),
        Just("\u{9b}1m".to_owned()),
    ];
    proptest::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}
