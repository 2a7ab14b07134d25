//! Several texts in whatever order.

use super::{Bindings, beginning};

/// How many pairs of a text and a pattern are tried before texts in any order count as others.
const MOST_TRIES: u32 = 100_000;

impl Bindings {
    /// Matches each of `texts` against another of `patterns`, in whatever order, binding their
    /// names; nothing is bound when that cannot be done. Both are equally many.
    ///
    /// # Errors
    /// Names a text that no pattern fits, if there is one.
    pub(crate) fn matches_all(
        &mut self,
        patterns: &[String],
        texts: &[String],
    ) -> Result<(), String> {
        for text in texts {
            let fits = |pattern: &String| self.clone().matches(pattern, text).is_ok();
            if !patterns.iter().any(fits) {
                return Err(format!("`{}` is none of the texts", beginning(text)));
            }
        }
        let patterns: Vec<&str> = patterns.iter().map(|text| &**text).collect();
        let mut tries = MOST_TRIES;
        match self.assigned(&patterns, texts, &mut tries) {
            Some(bound) => *self = bound,
            None => return Err("the texts fit the patterns, but not each another".to_owned()),
        }
        Ok(())
    }

    /// What is bound once every text has a pattern of its own; gives up when no tries are left.
    fn assigned(&self, patterns: &[&str], texts: &[String], tries: &mut u32) -> Option<Self> {
        let Some((text, rest)) = texts.split_first() else {
            return Some(self.clone());
        };
        for index in 0..patterns.len() {
            *tries = tries.checked_sub(1)?;
            let mut bound = self.clone();
            if bound.matches(patterns[index], text).is_ok() {
                let others = [&patterns[..index], &patterns[index + 1..]].concat();
                if let Some(bound) = bound.assigned(&others, rest, tries) {
                    return Some(bound);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::as_they_stand(&["a", "b"], &["a", "b"], true)]
    #[case::the_other_way(&["a", "b"], &["b", "a"], true)]
    #[case::one_twice(&["a", "a"], &["a", "b"], false)]
    #[case::another(&["a", "b"], &["a", "c"], false)]
    #[case::the_first_that_fits_is_not_the_one(&["${*}", "a"], &["a", "b"], true)]
    #[case::names_hold_among_them(&["${x}!", "${x}?"], &["1?", "1!"], true)]
    #[case::names_part(&["${x}!", "${x}?"], &["1?", "2!"], false)]
    #[case::nothing(&[], &[], true)]
    fn each_text_has_a_pattern_of_its_own(
        #[case] patterns: &[&str],
        #[case] texts: &[&str],
        #[case] fits: bool,
    ) {
        let owned = |texts: &[&str]| {
            texts
                .iter()
                .map(|&text| text.to_owned())
                .collect::<Vec<_>>()
        };
        let mut bindings = Bindings::default();
        let matched = bindings.matches_all(&owned(patterns), &owned(texts));
        assert_eq!(matched.is_ok(), fits, "{matched:?}");
        assert_eq!(
            bindings.get("x").is_some(),
            fits && patterns[0..].contains(&"${x}!")
        );
    }

    #[test]
    fn the_text_that_fits_nowhere_is_named() {
        let texts = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
        let matched = Bindings::default().matches_all(&texts(["a", "b"]), &texts(["b", "c"]));
        assert_eq!(matched, Err("`c` is none of the texts".to_owned()));
    }

    #[test]
    fn a_search_ends() {
        let patterns = vec!["${*}a".to_owned(); 30];
        let mut texts = vec!["a".to_owned(); 29];
        texts.push("xa".to_owned());
        let mut last = patterns.clone();
        last[29] = "a".to_owned();
        last[28] = "a".to_owned();
        assert!(Bindings::default().matches_all(&last, &texts).is_ok());
        let distinct: Vec<String> = (0..30).map(|n| format!("${{x{n}}}a")).collect();
        let mut bound = Bindings::default();
        (0..29).for_each(|n| bound.set(&format!("x{n}"), "1"));
        bound.set("x29", "2");
        assert!(
            bound
                .matches_all(&distinct, &vec!["1a".to_owned(); 30])
                .is_err()
        );
    }
}
