//! Values that a case leaves to chance.

use std::collections::BTreeMap;

use proptest::strategy::{BoxedStrategy, Strategy};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::Deserialize;
use spec::strategy;

/// What values of a name are like.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Generator {
    /// Any text: all of Unicode, JSON, nearly JSON, templates, what looks like the end of a string;
    /// but for U+007F, which templates may lose (TEMPLATE-93).
    Text,
    /// As `text`, with U+007F, but of up to 100,000 bytes as a JSON string: more than fits into one
    /// frame, and little enough to be reported by the probe.
    LongText,
    /// As `long-text`, but of up to 131,000 bytes as a JSON string: with some 70 bytes around it,
    /// the largest message.
    MessageText,
    /// A JSON text, compact, without U+007F.
    Json,
}

/// How values are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// What the values follow from, with the case: the same seed, the same values.
    pub seed: u64,
    /// How often a case that has such values is run, each time with others.
    pub runs: u32,
}

impl Default for Chance {
    fn default() -> Self {
        Self { seed: 0, runs: 32 }
    }
}

impl Chance {
    /// What draws the values.
    pub(crate) fn runner(&self) -> TestRunner {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        TestRunner::new_with_rng(Config::default(), rng)
    }
}

impl Generator {
    fn strategy(self) -> BoxedStrategy<String> {
        const LONG_BYTES: usize = 100_000;
        const MESSAGE_BYTES: usize = 131_000;
        match self {
            Self::Text => strategy::body()
                .prop_map(|text| without_delete(&text))
                .boxed(),
            Self::LongText => strategy::long_body(LONG_BYTES).boxed(),
            Self::MessageText => strategy::long_body(MESSAGE_BYTES).boxed(),
            Self::Json => strategy::json_value()
                .prop_map(|value| without_delete(&value.to_string()))
                .boxed(),
        }
    }
}

fn without_delete(text: &str) -> String {
    text.replace('\u{7f}', "")
}

/// Values for all names.
pub(crate) fn values(
    generators: &BTreeMap<String, Generator>,
) -> impl Strategy<Value = BTreeMap<String, String>> + use<> {
    let names: Vec<String> = generators.keys().cloned().collect();
    let values: Vec<_> = generators.values().map(|kind| kind.strategy()).collect();
    values.prop_map(move |values| names.iter().cloned().zip(values).collect())
}

#[cfg(test)]
mod tests {
    use proptest::strategy::ValueTree;

    use super::*;

    fn drawn(seed: u64, kind: Generator) -> Vec<String> {
        let mut runner = Chance { seed, runs: 0 }.runner();
        let strategy = values(&BTreeMap::from([("a".to_owned(), kind)]));
        let draw = |_| strategy.new_tree(&mut runner).unwrap().current();
        (0..200)
            .map(draw)
            .map(|mut values| values.remove("a").unwrap())
            .collect()
    }

    #[test]
    fn a_seed_decides() {
        assert_eq!(drawn(7, Generator::Text), drawn(7, Generator::Text));
        assert_ne!(drawn(7, Generator::Text), drawn(8, Generator::Text));
    }

    #[test]
    fn values_are_what_their_kind_says() {
        for text in drawn(0, Generator::Json) {
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value.to_string(), text);
        }
        let long = drawn(0, Generator::LongText);
        assert!(long.iter().all(|text| text.len() <= 100_000));
        assert!(
            long.iter()
                .any(|text| text.len() > spec::limits::FRAME_BYTES)
        );
        let as_json = |text: &String| serde_json::to_string(text).unwrap().len();
        let lengths = drawn(0, Generator::MessageText);
        let longest = lengths.iter().map(as_json).max().unwrap();
        assert!((120_000..=131_000).contains(&longest), "{longest}");
        let texts = drawn(0, Generator::Text);
        for part in ["\0", "'", "\"", "$context", "#set", "\u{2028}"] {
            assert!(texts.iter().any(|text| text.contains(part)), "{part:?}");
        }
        assert!(texts.iter().any(|text| !text.is_ascii()));
        let is_json = |text: &&String| serde_json::from_str::<serde_json::Value>(text).is_ok();
        assert!(texts.iter().any(|text| is_json(&text)));
    }
}
