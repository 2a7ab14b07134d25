//! Java's numbers: the class of a result, when it overflows into the next one, and how each prints.

mod float;

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use num_bigint::{BigInt, Sign};

use crate::text::TextBuf;

/// Any of Java's numbers that a template can get.
#[derive(Clone, Debug)]
pub enum Number {
    /// `Integer`.
    Int(i32),
    /// `Long`.
    Long(i64),
    /// `BigInteger`.
    Big(Arc<BigInt>),
    /// `Float`: only from `floatValue()`.
    Float(f32),
    /// `Double`.
    Double(f64),
    /// `BigDecimal`: long decimals in JSON, and the result of a big integer with a double.
    Decimal(Arc<Decimal>),
}

/// Java's `BigDecimal`: `unscaled / 10^scale`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    unscaled: BigInt,
    scale: i32,
}

/// The arithmetic that two operands have in common.
enum Base {
    Long(i64, i64),
    Big(BigInt, BigInt),
    Float(f32, f32),
    Double(f64, f64),
    Decimal(Decimal, Decimal),
}

impl Number {
    fn is_integer(&self) -> bool {
        matches!(self, Number::Int(_) | Number::Long(_) | Number::Big(_))
    }

    /// Java's `longValue()`: low bits of integers, doubles saturated.
    pub fn to_i64(&self) -> i64 {
        match self {
            Number::Int(value) => i64::from(*value),
            Number::Long(value) => *value,
            Number::Big(value) => low_bits(value),
            Number::Float(value) => *value as i64,
            Number::Double(value) => *value as i64,
            Number::Decimal(value) => low_bits(&value.to_big_int()),
        }
    }

    /// Java's `intValue()`: low bits of integers, doubles saturated.
    pub fn to_i32(&self) -> i32 {
        match self {
            Number::Float(value) => *value as i32,
            Number::Double(value) => *value as i32,
            other => other.to_i64() as i32,
        }
    }

    /// Java's `doubleValue()`.
    pub fn to_f64(&self) -> f64 {
        match self {
            Number::Int(value) => f64::from(*value),
            Number::Long(value) => *value as f64,
            Number::Big(value) => value.to_string().parse().unwrap_or(f64::NAN),
            Number::Float(value) => f64::from(*value),
            Number::Double(value) => *value,
            Number::Decimal(value) => format!("{}e{}", value.unscaled, -i64::from(value.scale))
                .parse()
                .unwrap_or(f64::NAN),
        }
    }

    fn to_big_int(&self) -> BigInt {
        match self {
            Number::Big(value) => (**value).clone(),
            other => BigInt::from(other.to_i64()),
        }
    }

    fn to_decimal(&self) -> Option<Decimal> {
        match self {
            Number::Decimal(value) => Some((**value).clone()),
            Number::Big(value) => Some(Decimal {
                unscaled: (**value).clone(),
                scale: 0,
            }),
            other => Decimal::from_f64(other.to_f64()),
        }
    }

    /// `None` if a double that is NaN or infinite meets a big number: Java throws.
    fn base(&self, other: &Number) -> Option<Base> {
        let decimal = matches!(self, Number::Decimal(_)) || matches!(other, Number::Decimal(_));
        let big = matches!(self, Number::Big(_)) || matches!(other, Number::Big(_));
        let integers = self.is_integer() && other.is_integer();
        Some(if decimal || (big && !integers) {
            Base::Decimal(self.to_decimal()?, other.to_decimal()?)
        } else if integers && big {
            Base::Big(self.to_big_int(), other.to_big_int())
        } else if integers {
            Base::Long(self.to_i64(), other.to_i64())
        } else if matches!(self, Number::Double(_)) || matches!(other, Number::Double(_)) {
            Base::Double(self.to_f64(), other.to_f64())
        } else {
            Base::Float(self.to_f64() as f32, other.to_f64() as f32)
        })
    }

    /// The wider class of both operands, or the next one that can hold the value.
    fn wrap(&self, other: &Number, value: i64) -> Number {
        match (self, other) {
            (Number::Int(_), Number::Int(_)) => {
                i32::try_from(value).map_or(Number::Long(value), Number::Int)
            }
            _ => Number::Long(value),
        }
    }

    fn integral(
        &self,
        other: &Number,
        checked: Option<i64>,
        big: impl FnOnce(BigInt, BigInt) -> BigInt,
    ) -> Number {
        match checked {
            Some(value) => self.wrap(other, value),
            None => Number::Big(Arc::new(big(self.to_big_int(), other.to_big_int()))),
        }
    }

    /// `+`
    pub fn add(&self, other: &Number) -> Result<Number, &'static str> {
        Ok(match self.base(other).ok_or(NOT_A_NUMBER)? {
            Base::Long(left, right) => {
                self.integral(other, left.checked_add(right), |left, right| left + right)
            }
            Base::Big(left, right) => Number::Big(Arc::new(left + right)),
            Base::Float(left, right) => Number::Float(left + right),
            Base::Double(left, right) => Number::Double(left + right),
            Base::Decimal(left, right) => {
                Number::Decimal(Arc::new(left.combine(&right, |left, right| left + right)?))
            }
        })
    }

    /// `-`
    pub fn subtract(&self, other: &Number) -> Result<Number, &'static str> {
        Ok(match self.base(other).ok_or(NOT_A_NUMBER)? {
            Base::Long(left, right) => {
                self.integral(other, left.checked_sub(right), |left, right| left - right)
            }
            Base::Big(left, right) => Number::Big(Arc::new(left - right)),
            Base::Float(left, right) => Number::Float(left - right),
            Base::Double(left, right) => Number::Double(left - right),
            Base::Decimal(left, right) => {
                Number::Decimal(Arc::new(left.combine(&right, |left, right| left - right)?))
            }
        })
    }

    /// `*`
    pub fn multiply(&self, other: &Number) -> Result<Number, &'static str> {
        Ok(match self.base(other).ok_or(NOT_A_NUMBER)? {
            // Velocity's overflow check misses the one product whose check itself overflows.
            Base::Long(i64::MIN, -1) => Number::Big(Arc::new(BigInt::from(i64::MIN) * -1)),
            Base::Long(-1, i64::MIN) => self.wrap(other, i64::MIN),
            Base::Long(left, right) => {
                self.integral(other, left.checked_mul(right), |left, right| left * right)
            }
            Base::Big(left, right) => {
                bounded(left.bits() + right.bits())?;
                Number::Big(Arc::new(left * right))
            }
            Base::Float(left, right) => Number::Float(left * right),
            Base::Double(left, right) => Number::Double(left * right),
            Base::Decimal(left, right) => {
                bounded(left.unscaled.bits() + right.unscaled.bits())?;
                let scale = left.scale.checked_add(right.scale).ok_or(TOO_LARGE)?;
                Number::Decimal(Arc::new(Decimal {
                    unscaled: left.unscaled * right.unscaled,
                    scale,
                }))
            }
        })
    }

    /// `/`; `None` for a zero divisor.
    pub fn divide(&self, other: &Number) -> Result<Option<Number>, &'static str> {
        if other.is_zero() {
            return Ok(None);
        }
        Ok(Some(match self.base(other).ok_or(NOT_A_NUMBER)? {
            Base::Long(left, right) => self.wrap(other, left.wrapping_div(right)),
            Base::Big(left, right) => Number::Big(Arc::new(left / right)),
            Base::Float(left, right) => Number::Float(left / right),
            Base::Double(left, right) => Number::Double(left / right),
            Base::Decimal(left, right) => Number::Decimal(Arc::new(left.divide(&right)?)),
        }))
    }

    /// `%`; `None` for a zero divisor.
    pub fn modulo(&self, other: &Number) -> Result<Option<Number>, &'static str> {
        if other.is_zero() {
            return Ok(None);
        }
        Ok(Some(match self.base(other).ok_or(NOT_A_NUMBER)? {
            Base::Long(left, right) => self.wrap(other, left.wrapping_rem(right)),
            Base::Big(_, right) if right.sign() == Sign::Minus => {
                return Err("the modulus of big integers must be positive");
            }
            Base::Big(left, right) => {
                let rest = left % &right;
                Number::Big(Arc::new(if rest.sign() == Sign::Minus {
                    rest + right
                } else {
                    rest
                }))
            }
            Base::Float(left, right) => Number::Float(left % right),
            Base::Double(left, right) => Number::Double(left % right),
            Base::Decimal(..) => return Err("`%` of big decimals cannot be calculated"),
        }))
    }

    /// Compares as Velocity does: values that cannot be compared (NaN) count as equal.
    pub fn compare(&self, other: &Number) -> Result<Ordering, &'static str> {
        Ok(match self.base(other).ok_or(NOT_A_NUMBER)? {
            Base::Long(left, right) => left.cmp(&right),
            Base::Big(left, right) => left.cmp(&right),
            Base::Float(left, right) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
            Base::Double(left, right) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
            Base::Decimal(left, right) => left.compare(&right)?,
        })
    }

    fn is_zero(&self) -> bool {
        match self {
            Number::Decimal(value) => value.unscaled.sign() == Sign::NoSign,
            Number::Big(value) => value.sign() == Sign::NoSign,
            other => other.to_f64() == 0.0,
        }
    }
}

const NOT_A_NUMBER: &str = "a double that is infinite or NaN cannot be combined with big numbers";
const TOO_LARGE: &str = "the number grows too large";

/// Limits big numbers, so that repeated squaring ends.
fn bounded(bits: u64) -> Result<(), &'static str> {
    if bits > 1 << 18 {
        Err(TOO_LARGE)
    } else {
        Ok(())
    }
}

fn low_bits(value: &BigInt) -> i64 {
    let (sign, digits) = value.to_u64_digits();
    let low = digits.first().copied().unwrap_or(0) as i64;
    if sign == Sign::Minus {
        low.wrapping_neg()
    } else {
        low
    }
}

impl Decimal {
    /// The exact value of a double, or `None` when it is not finite.
    pub fn from_f64(value: f64) -> Option<Decimal> {
        if !value.is_finite() {
            return None;
        }
        let bits = value.to_bits();
        let raw_exponent = ((bits >> 52) & 0x7FF) as i32;
        let fraction = (bits & ((1 << 52) - 1)) as i64;
        let (mut mantissa, mut exponent) = if raw_exponent == 0 {
            (fraction, -1074)
        } else {
            (fraction | (1 << 52), raw_exponent - 1075)
        };
        if mantissa == 0 {
            return Some(Decimal {
                unscaled: BigInt::ZERO,
                scale: 0,
            });
        }
        while mantissa & 1 == 0 {
            mantissa >>= 1;
            exponent += 1;
        }
        let mantissa = BigInt::from(if value.is_sign_negative() {
            -mantissa
        } else {
            mantissa
        });
        Some(if exponent >= 0 {
            Decimal {
                unscaled: mantissa << exponent.unsigned_abs(),
                scale: 0,
            }
        } else {
            Decimal {
                unscaled: mantissa * BigInt::from(5).pow(exponent.unsigned_abs()),
                scale: -exponent,
            }
        })
    }

    /// A decimal literal such as `-12.50e3`, as Java's `new BigDecimal(String)` reads it.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (digits, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let unscaled = format!("{whole}{fraction}").parse().ok()?;
        let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        Some(Decimal {
            unscaled,
            scale: i32::try_from(scale).ok()?,
        })
    }

    fn to_big_int(&self) -> BigInt {
        match u32::try_from(self.scale) {
            Ok(scale) if scale < 100_000 => &self.unscaled / BigInt::from(10).pow(scale),
            Ok(_) => BigInt::ZERO,
            // Only low bits are needed, and a large power of ten has none.
            Err(_) => &self.unscaled * BigInt::from(10).pow(self.scale.unsigned_abs().min(64)),
        }
    }

    fn at_scale(&self, scale: i32) -> Result<BigInt, &'static str> {
        let steps = i64::from(scale) - i64::from(self.scale);
        let steps = u32::try_from(steps)
            .ok()
            .filter(|&steps| steps < 80_000)
            .ok_or(TOO_LARGE)?;
        Ok(&self.unscaled * BigInt::from(10).pow(steps))
    }

    fn combine(
        &self,
        other: &Decimal,
        operate: impl FnOnce(BigInt, BigInt) -> BigInt,
    ) -> Result<Decimal, &'static str> {
        let scale = self.scale.max(other.scale);
        Ok(Decimal {
            unscaled: operate(self.at_scale(scale)?, other.at_scale(scale)?),
            scale,
        })
    }

    /// Rounds to the scale of the dividend, halves down.
    fn divide(&self, other: &Decimal) -> Result<Decimal, &'static str> {
        let scale = i64::from(other.scale);
        let ten = BigInt::from(10);
        let (mut dividend, mut divisor) = (self.unscaled.clone(), other.unscaled.clone());
        let steps = u32::try_from(scale.abs())
            .ok()
            .filter(|&steps| steps < 80_000)
            .ok_or(TOO_LARGE)?;
        if scale >= 0 {
            dividend *= ten.pow(steps);
        } else {
            divisor *= ten.pow(steps);
        }
        let quotient = &dividend / &divisor;
        let rest = BigInt::from((&dividend % &divisor).magnitude().clone()) * 2;
        let up = rest > BigInt::from(divisor.magnitude().clone());
        let away = if dividend.sign() == divisor.sign() {
            1
        } else {
            -1
        };
        Ok(Decimal {
            unscaled: if up { quotient + away } else { quotient },
            scale: self.scale,
        })
    }

    fn compare(&self, other: &Decimal) -> Result<Ordering, &'static str> {
        let scale = self.scale.max(other.scale);
        Ok(self.at_scale(scale)?.cmp(&other.at_scale(scale)?))
    }

    pub(crate) fn hash_code(&self) -> i32 {
        big_hash(&self.unscaled)
            .wrapping_mul(31)
            .wrapping_add(self.scale)
    }
}

/// `BigInteger.hashCode`.
pub(crate) fn big_hash(value: &BigInt) -> i32 {
    let (sign, digits) = value.to_u32_digits();
    let hash = digits.iter().rev().fold(0_i32, |hash, &digit| {
        hash.wrapping_mul(31).wrapping_add(digit as i32)
    });
    if sign == Sign::Minus {
        hash.wrapping_neg()
    } else {
        hash
    }
}

/// `BigDecimal.toString`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.unscaled.magnitude().to_string();
        if self.unscaled.sign() == Sign::Minus {
            f.write_str("-")?;
        }
        let adjusted = -i64::from(self.scale) + digits.len() as i64 - 1;
        if self.scale >= 0 && adjusted >= -6 {
            let scale = self.scale.unsigned_abs() as usize;
            if scale == 0 {
                return f.write_str(&digits);
            }
            let padded = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = padded.split_at(padded.len() - scale);
            return write!(f, "{whole}.{fraction}");
        }
        f.write_str(&digits[..1])?;
        if digits.len() > 1 {
            write!(f, ".{}", &digits[1..])?;
        }
        if adjusted == 0 {
            Ok(())
        } else {
            write!(f, "E{adjusted:+}")
        }
    }
}

impl Number {
    /// Appends what it prints as.
    pub(crate) fn print(&self, out: &mut TextBuf) {
        match self {
            Number::Int(value) => out.push_str(itoa::Buffer::new().format(*value)),
            Number::Long(value) => out.push_str(itoa::Buffer::new().format(*value)),
            other => out.push_str(&other.to_string()),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Int(value) => write!(f, "{value}"),
            Number::Long(value) => write!(f, "{value}"),
            Number::Big(value) => write!(f, "{value}"),
            Number::Float(value) => f.write_str(&float::float(*value)),
            Number::Double(value) => f.write_str(&float::double(*value)),
            Number::Decimal(value) => write!(f, "{value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Number::Int(i32::MAX), Number::Int(1), "2147483648")]
    #[case(Number::Long(i64::MAX), Number::Int(1), "9223372036854775808")]
    #[case(Number::Int(1), Number::Double(0.5), "1.5")]
    #[case(Number::Double(1e21), Number::Int(0), "1.0E21")]
    #[case(Number::Double(0.1), Number::Double(0.2), "0.30000000000000004")]
    fn adds_and_prints(#[case] left: Number, #[case] right: Number, #[case] printed: &str) {
        assert_eq!(left.add(&right).expect("finite").to_string(), printed);
    }

    #[rstest]
    #[case(0.001, "0.001")]
    #[case(0.000_999, "9.99E-4")]
    #[case(9_999_999.0, "9999999.0")]
    #[case(10_000_000.0, "1.0E7")]
    #[case(123.456, "123.456")]
    #[case(-0.0, "-0.0")]
    #[case(f64::INFINITY, "Infinity")]
    #[case(1.0, "1.0")]
    fn doubles_print_as_java_prints_them(#[case] value: f64, #[case] printed: &str) {
        assert_eq!(Number::Double(value).to_string(), printed);
    }

    #[rstest]
    #[case("1.50", "1.50")]
    #[case("0.0000001", "1E-7")]
    #[case("12e5", "1.2E+6")]
    #[case("-0.001", "-0.001")]
    fn decimals_print_as_java_prints_them(#[case] text: &str, #[case] printed: &str) {
        assert_eq!(
            Decimal::parse(text).expect("a decimal").to_string(),
            printed
        );
    }

    #[test]
    fn division_truncates_and_by_zero_is_nothing() {
        let divide = |left, right| {
            Number::Int(left)
                .divide(&Number::Int(right))
                .expect("finite")
                .map(|n| n.to_string())
        };
        assert_eq!(divide(-7, 2).as_deref(), Some("-3"));
        assert_eq!(divide(1, 0), None);
        assert_eq!(divide(i32::MIN, -1).as_deref(), Some("2147483648"));
    }

    #[test]
    fn the_sign_of_a_remainder_is_the_dividends() {
        let rest = Number::Int(-7)
            .modulo(&Number::Int(3))
            .expect("finite")
            .expect("not zero");
        assert_eq!(rest.to_string(), "-1");
    }
}
