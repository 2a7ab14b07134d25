//! Numbers of JSON as Java's decimals: any length, compared by value, and bounded in time and
//! memory whatever their exponent.

use std::borrow::Cow;
use std::cmp::Ordering;

use num_bigint::BigUint;

/// A number as the text wrote it.
#[derive(Clone, Debug)]
pub(crate) struct Number<'a> {
    /// Whether it has neither a point nor an exponent: `1.0` and `1e2` are no integers.
    pub(crate) integer: bool,
    negative: bool,
    /// The digits without zeros at either end; empty for zero.
    digits: Cow<'a, str>,
    /// The value is `0.digits` times ten to this power.
    magnitude: i64,
}

/// The exponents beyond which two numbers differ anyway.
const MAX_EXPONENT: i64 = 1 << 40;

impl<'a> Number<'a> {
    /// Reads a number that JSON allows.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], exponent(&unsigned[at + 1..])?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = if fraction.is_empty() {
            Cow::Borrowed(whole)
        } else {
            Cow::Owned([whole, fraction].concat())
        };
        let leading = digits.len() - digits.trim_start_matches('0').len();
        let trimmed = match digits {
            Cow::Borrowed(digits) => Cow::Borrowed(digits.trim_matches('0')),
            Cow::Owned(digits) => Cow::Owned(digits.trim_matches('0').to_owned()),
        };
        let point = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()?;
        Some(Self {
            integer: !unsigned.contains(['.', 'e', 'E']),
            negative: negative && !trimmed.is_empty(),
            magnitude: if trimmed.is_empty() {
                0
            } else {
                exponent + point
            },
            digits: trimmed,
        })
    }

    /// The number without a borrow.
    pub(crate) fn into_owned(self) -> Number<'static> {
        Number {
            integer: self.integer,
            negative: self.negative,
            digits: Cow::Owned(self.digits.into_owned()),
            magnitude: self.magnitude,
        }
    }

    /// Whether it is greater than zero.
    pub(crate) fn is_positive(&self) -> bool {
        !self.negative && !self.digits.is_empty()
    }

    /// The value if it is an integer of 32 bits, written as one.
    pub(crate) fn to_i32(&self) -> Option<i32> {
        if !self.integer || self.magnitude > 11 {
            return None;
        }
        self.plain().parse().ok()
    }

    /// A text that is equal for numbers of the same value.
    pub(crate) fn key(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{}e{}", self.digits, self.magnitude)
    }

    /// How many steps it takes to look at it.
    pub(crate) fn weight(&self) -> u64 {
        self.digits.len() as u64 / 16 + 1
    }

    /// The order of the values.
    pub(crate) fn compare(&self, other: &Number<'_>) -> Ordering {
        let sign = |number: &Number<'_>| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let (left, right) = (sign(self), sign(other));
        if left != right || left == 0 {
            return left.cmp(&right);
        }
        let size = self
            .magnitude
            .cmp(&other.magnitude)
            .then_with(|| self.digits.as_bytes().cmp(other.digits.as_bytes()));
        if left < 0 { size.reverse() } else { size }
    }

    /// Whether it is a multiple of `divisor`, which is not zero.
    pub(crate) fn is_multiple_of(&self, divisor: &Number<'_>) -> bool {
        let (Some(left), Some(right)) = (self.unscaled(), divisor.unscaled()) else {
            return self.digits.is_empty();
        };
        // value / divisor = left / right * 10^shift
        let shift = self.scale() - divisor.scale();
        let zero = BigUint::ZERO;
        if shift >= 0 {
            let power = BigUint::from(10_u8).modpow(&BigUint::from(shift.unsigned_abs()), &right);
            return (left * power) % right == zero;
        }
        // `left` does not end with a zero, so that only as many tens divide it as factors of two
        // or five do: a longer shift cannot.
        let shift = shift.unsigned_abs();
        if shift > self.digits.len() as u64 * 4 {
            return false;
        }
        let power = u32::try_from(shift).map(|shift| BigUint::from(10_u8).pow(shift));
        power.is_ok_and(|power| left % (right * power) == zero)
    }

    /// As Java prints an integer or, stripped of its zeros, a `BigDecimal`.
    pub(crate) fn print(&self) -> String {
        if self.integer {
            self.plain()
        } else {
            self.decimal()
        }
    }

    /// As the validator prints a bound of its own: decimals that are integers of 64 bits as such.
    pub(crate) fn print_bound(&self) -> String {
        let whole = self.scale() >= 0;
        if whole && self.magnitude <= 19 && self.plain().parse::<i64>().is_ok() {
            return self.plain();
        }
        self.print()
    }

    fn unscaled(&self) -> Option<BigUint> {
        BigUint::parse_bytes(self.digits.as_bytes(), 10)
    }

    /// The power of ten behind the last digit that is not zero.
    fn scale(&self) -> i64 {
        self.magnitude - self.digits.len() as i64
    }

    /// All digits of a whole number; only for numbers that were written so, or are short.
    fn plain(&self) -> String {
        if self.digits.is_empty() {
            return "0".to_owned();
        }
        let zeros = usize::try_from(self.scale()).unwrap_or(0);
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{}{}", self.digits, "0".repeat(zeros))
    }

    /// `BigDecimal.toString` after `stripTrailingZeros`.
    fn decimal(&self) -> String {
        if self.digits.is_empty() {
            return "0".to_owned();
        }
        let sign = if self.negative { "-" } else { "" };
        let (digits, scale) = (&self.digits, -self.scale());
        let exponent = self.magnitude - 1;
        if scale >= 0 && exponent >= -6 {
            return match usize::try_from(self.magnitude) {
                Ok(whole) if whole >= digits.len() => format!("{sign}{digits}"),
                Ok(whole) if whole > 0 => {
                    format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
                }
                _ => {
                    let zeros = usize::try_from(-self.magnitude).unwrap_or(0);
                    format!("{sign}0.{}{digits}", "0".repeat(zeros))
                }
            };
        }
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        format!("{sign}{first}{point}{rest}E{exponent:+}")
    }
}

/// An exponent, saturated where it makes no difference any more.
fn exponent(text: &str) -> Option<i64> {
    let digits = text.trim_start_matches(['+', '-']);
    let significant = digits.trim_start_matches('0');
    let size = if significant.len() > 12 {
        MAX_EXPONENT
    } else if significant.is_empty() {
        0
    } else {
        significant.parse::<i64>().ok()?.min(MAX_EXPONENT)
    };
    Some(if text.starts_with('-') { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn number(text: &str) -> Number<'_> {
        Number::parse(text).unwrap()
    }

    // What Java printed.
    #[rstest]
    #[case("1e2", "1E+2", "100")]
    #[case("1E400", "1E+400", "1E+400")]
    #[case("100.0", "1E+2", "100")]
    #[case("1.50", "1.5", "1.5")]
    #[case("0.00000001", "1E-8", "1E-8")]
    #[case("0.000001", "0.000001", "0.000001")]
    #[case("-0", "0", "0")]
    #[case("-0.0", "0", "0")]
    #[case("0e5", "0", "0")]
    #[case("1e20", "1E+20", "1E+20")]
    #[case(
        "123456789012345678901234567890.5",
        "123456789012345678901234567890.5",
        "123456789012345678901234567890.5"
    )]
    #[case("12e-1", "1.2", "1.2")]
    #[case("123e-10", "1.23E-8", "1.23E-8")]
    #[case("1e999999999", "1E+999999999", "1E+999999999")]
    #[case("-12345", "-12345", "-12345")]
    #[case("9223372036854775808.0", "9223372036854775808", "9223372036854775808")]
    fn prints_as_java(#[case] text: &str, #[case] printed: &str, #[case] bound: &str) {
        assert_eq!(number(text).print(), printed);
        assert_eq!(number(text).print_bound(), bound);
    }

    #[rstest]
    #[case("19.99", "0.01", true)]
    #[case("1e308", "0.1", true)]
    #[case("1e999999999", "7", false)]
    #[case("1e-999999999", "3", false)]
    #[case("1e999999999", "1e-999999999", true)]
    #[case("3.1", "1.5", false)]
    #[case("0", "1e999999999", true)]
    #[case("1024e-3", "1e-3", true)]
    #[case("1", "1e-10", true)]
    fn divides(#[case] value: &str, #[case] divisor: &str, #[case] whole: bool) {
        assert_eq!(number(value).is_multiple_of(&number(divisor)), whole);
    }

    proptest! {
        #[test]
        fn small_numbers_compare_and_divide_as_integers(a: i32, b in 1_i32.., e in 0_u32..4) {
            let scaled = |value: i32| format!("{}.{}e-3", i64::from(value) * 1000, "0".repeat(e as usize + 1));
            let (left, right) = (scaled(a), b.to_string());
            prop_assert_eq!(number(&left).compare(&number(&right)), a.cmp(&b));
            prop_assert_eq!(number(&left).is_multiple_of(&number(&right)), a % b == 0);
            prop_assert_eq!(number(&left).key() == number(&a.to_string()).key(), true);
        }
    }
}
