//! "did you mean": the known name that a misspelt one is closest to.
//!
//! It lives here, in the lowest crate, so that every reader of names suggests by the same rule.

/// The known name that was likely meant, ignoring case: at most two edits away, and fewer edits
/// than half of its characters, so that a short name is not suggested for everything. Of equally
/// close names the first in the alphabet.
///
/// ```
/// use velocity::suggest::nearest;
///
/// assert_eq!(nearest("conectionId", ["connectionId", "domainName"]), Some("connectionId"));
/// assert_eq!(nearest("body", ["connectionId", "domainName"]), None);
/// ```
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let wanted = name.to_lowercase();
    known
        .into_iter()
        .map(|known| (distance(&wanted, &known.to_lowercase()), known))
        .filter(|(distance, known)| is_near(*distance, &wanted, known))
        .min()
        .map(|(_, known)| known)
}

/// Whether so many edits are few for a name: of a short one every letter counts.
fn is_near(distance: usize, wanted: &str, known: &str) -> bool {
    let (wanted, known) = (wanted.chars().count(), known.chars().count());
    match distance {
        0 => true,
        1 => known >= 3 || (known == 2 && wanted == 3),
        2 => known >= 6,
        _ => false,
    }
}

/// Insertions, deletions and substitutions of characters, and two that stand next to each other
/// swapped: the distance of optimal string alignment.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let substituted = row[j] + usize::from(a != b);
            let mut edits = substituted.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                edits = edits.min(before[j - 1] + 1);
            }
            next.push(edits);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::same("abc", "abc", 0)]
    #[case::inserted("conection", "connection", 1)]
    #[case::deleted("connnection", "connection", 1)]
    #[case::substituted("cennection", "connection", 1)]
    #[case::swapped("ocnnection", "connection", 1)]
    #[case::swapped_and_apart("ca", "abc", 3)]
    #[case::empty("", "abc", 3)]
    #[case::characters_not_bytes("ü", "u", 1)]
    fn distances(#[case] left: &str, #[case] right: &str, #[case] expected: usize) {
        assert_eq!(distance(left, right), expected);
        assert_eq!(distance(right, left), expected);
    }

    #[rstest]
    #[case::case_is_no_edit("STAGE", Some("stage"))]
    #[case::closest_wins("stagf", Some("stage"))]
    #[case::first_in_the_alphabet("body", Some("bodya"))]
    #[case::two_edits("conectinId", Some("connectionId"))]
    #[case::three_edits("conectinI", None)]
    #[case::short_names_need_their_letters("xb", None)]
    #[case::one_letter_too_many("abb", Some("ab"))]
    fn suggestions(#[case] name: &str, #[case] expected: Option<&str>) {
        assert_eq!(
            nearest(
                name,
                ["stages", "stage", "bodyb", "bodya", "ab", "connectionId"]
            ),
            expected
        );
    }
}
