use super::*;
use rstest::rstest;

fn found(pattern: &str, text: &str) -> bool {
    let pattern = Pattern::parse(&Text::borrowed(pattern)).unwrap();
    let mut steps = 100_000;
    pattern.is_found(&Text::borrowed(text), &mut steps).unwrap()
}

// What Rhino answered.
#[rstest]
#[case("b", "abc", true)]
#[case("^[\\w-\\.]+@([\\w-]+\\.)+[\\w-]{2,4}$", "ann@example.com", true)]
#[case("^[\\w-.]+$", "a.b-c", true)]
#[case("^[a-\\d]$", "-", true)]
#[case("^[\\d-z]$", "-", true)]
#[case("^\\p{L}$", "p{L}", true)]
#[case("^\\p{L}$", "L", false)]
#[case("a{,2}", "a{,2}", true)]
#[case("a{2}{3}", "aa{3}", true)]
#[case("^(a+)+$", "aaaa", true)]
#[case("(a)\\1", "aa", true)]
#[case("(?:(a)|b)*\\2|\\1", "c", false)]
#[case("^(?:(a)|b)*\\1$", "abb", true)]
#[case("^(z)((a+)?(b+)?(c))*$", "zaacbbbcac", true)]
#[case("(?=(a+))a*b\\1", "baaabac", true)]
#[case("(?!foo)...", "foobar", true)]
#[case("^(?!foo)...", "foobar", false)]
#[case("^.$", "😀", false)]
#[case("^..$", "😀", true)]
#[case("^a{0}b$", "b", true)]
#[case("^a{0}b$", "ab", false)]
#[case("^(a{0,2}?)(a*)$", "aaa", true)]
#[case("^(?:a|ab)(?:c|bcd)(?:d*)$", "abcd", true)]
#[case("\\8", "\\8", true)]
#[case("\\12", "\n", true)]
#[case("^\\u00$", "u00", true)]
#[case("\\u", "\u{0}", true)]
#[case("\\x4", "\u{4}", true)]
#[case("\\cA", "\u{1}", true)]
#[case("^\\c1$", "\\c1", true)]
#[case("^[\\c1]+$", "\\c1", true)]
#[case("[]", "a", false)]
#[case("[^]", "a", true)]
#[case("^[\\377]$", "ÿ", true)]
#[case("^[\\400]+$", " 0", true)]
#[case("\\s", "\u{FEFF}", true)]
#[case("\\s", "\u{180E}", false)]
#[case("a|", "b", true)]
fn matches_as_rhino(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
    assert_eq!(found(pattern, text), expected);
}

#[rstest]
#[case("[", "`[` without `]`")]
#[case("[\\]", "`[` without `]`")]
#[case("(", "`(` without `)`")]
#[case("(?:a", "`(` without `)`")]
#[case(")", "`)` without `(`")]
#[case("a**", "a quantifier without anything before it")]
#[case("^*", "a quantifier without anything before it")]
#[case("(?<n>a)", "a quantifier without anything before it")]
#[case("\\", "a backslash at the end")]
#[case("[b-a]", "a range that goes backwards")]
#[case("[\\d-.]", "a range that goes backwards")]
#[case("[\\ca-Z]", "a range that goes backwards")]
#[case("a{2,1}", "a quantifier whose maximum is less than its minimum")]
#[case("a{3,2x", "a quantifier whose maximum is less than its minimum")]
#[case("a{65535}", "a number that is too large")]
#[case("\\99999", "a number that is too large")]
fn is_no_pattern(#[case] pattern: &str, #[case] problem: &str) {
    let error = Pattern::parse(&Text::borrowed(pattern)).unwrap_err();
    assert_eq!(error.to_string(), problem);
}

// A range that Rhino looks at only when a text comes to it.
#[test]
fn a_range_that_is_seen_late_ends_the_search() {
    let pattern = Pattern::parse(&Text::borrowed("a[\\w-b-a]")).unwrap();
    let search = |text| pattern.is_found(&Text::borrowed(text), &mut 1_000);
    assert_eq!(search("b"), Ok(false));
    assert_eq!(search("a"), Ok(false));
    assert_eq!(search("ab"), Err(Unfinished::Range));
}

#[test]
fn steps_are_used_up() {
    let pattern = Pattern::parse(&Text::borrowed("^(a|a)*$")).unwrap();
    let text = Text::from("a".repeat(40) + "b");
    let mut steps = 10_000;
    assert_eq!(pattern.is_found(&text, &mut steps), Err(Unfinished::Steps));
    let mut steps = 10_000;
    assert_eq!(
        pattern.is_found(&Text::borrowed("aaa"), &mut steps),
        Ok(true)
    );
    assert!((9_900..10_000).contains(&steps), "{steps}");
}

#[test]
fn half_a_pair_is_a_unit() {
    let pattern = Pattern::parse(&Text::borrowed("^\\ud83d$")).unwrap();
    assert_eq!(
        pattern.is_found(&Text::from_units(&[0xD83D]), &mut 100),
        Ok(true)
    );
}
