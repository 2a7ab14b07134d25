//! `Double.toString` and `Float.toString` as up to JDK 18: sometimes with one digit more than
//! needed.

use num_bigint::{BigInt, Sign};

/// Digits without trailing zeros, and the power of ten of the first one: `d.ddd × 10^exponent`.
struct Digits {
    digits: Vec<u8>,
    exponent: i32,
}

pub(super) fn double(value: f64) -> String {
    let bits = value.to_bits();
    let (raw, fraction) = ((bits >> 52) as i32 & 0x7FF, bits & ((1 << 52) - 1));
    written(value, fraction, raw, 52, 1023)
}

pub(super) fn float(value: f32) -> String {
    let bits = value.to_bits();
    let (raw, fraction) = (
        (bits >> 23) as i32 & 0xFF,
        u64::from(bits & ((1 << 23) - 1)),
    );
    written(f64::from(value), fraction, raw, 23, 127)
}

fn written(value: f64, fraction: u64, raw: i32, width: u32, bias: i32) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_infinite() {
        return format!("{sign}Infinity");
    }
    if value == 0.0 {
        return format!("{sign}0.0");
    }
    // One leading bit and 52 more, whatever the width.
    let (mantissa, exponent, significant) = if raw == 0 {
        let length = 64 - fraction.leading_zeros();
        (
            fraction << (53 - length),
            length as i32 - width as i32 - bias,
            length,
        )
    } else {
        (
            (fraction | 1 << width) << (52 - width),
            raw - bias,
            width + 1,
        )
    };
    layout(sign, &digits(mantissa, exponent, significant as i32))
}

/// Without an exponent between 10^-3 and 10^7.
fn layout(sign: &str, number: &Digits) -> String {
    let digits: String = number
        .digits
        .iter()
        .map(|&digit| char::from(b'0' + digit))
        .collect();
    let exponent = number.exponent;
    if !(-3..7).contains(&exponent) {
        let fraction = if digits.len() > 1 { &digits[1..] } else { "0" };
        return format!("{sign}{}.{fraction}E{exponent}", &digits[..1]);
    }
    if exponent < 0 {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    }
    let whole = exponent.unsigned_abs() as usize + 1;
    let padded = format!("{digits:0<width$}", width = whole + 1);
    format!("{sign}{}.{}", &padded[..whole], &padded[whole..])
}

/// The digits of `mantissa × 2^(exponent - 52)`, of which the first `significant` bits count.
///
/// One piece, as Java's `FloatingDecimal.dtoa` is: its steps share all of their state.
fn digits(mantissa: u64, exponent: i32, significant: i32) -> Digits {
    let trailing = mantissa.trailing_zeros() as i32;
    let bits = 53 - trailing;
    // How many bits are behind the binary point.
    let tiny = (bits - exponent - 1).max(0);
    if tiny == 0 && (-21..=62).contains(&exponent) && bits < 64 {
        return whole_digits(mantissa, exponent, significant);
    }
    let mut ten = estimate(mantissa, exponent);
    // value = B / S, and M is half the distance to the next double, all scaled alike.
    let (fives_b, fives_s) = ((-ten).max(0), ten.max(0));
    let mut twos_b = fives_b + tiny + exponent;
    let mut twos_s = fives_s + tiny;
    let mut twos_m = twos_b - significant;
    twos_b -= bits - 1;
    let common = twos_b.min(twos_s);
    twos_b -= common;
    twos_s -= common;
    twos_m -= common;
    if bits == 1 {
        // The next smaller double is closer.
        twos_m -= 1;
    }
    if twos_m < 0 {
        twos_b -= twos_m;
        twos_s -= twos_m;
        twos_m = 0;
    }
    let power = |fives: i32, twos: i32| BigInt::from(5).pow(fives as u32) << twos as u32;
    let mut rest = BigInt::from(mantissa >> trailing) * power(fives_b, twos_b);
    let scale = power(fives_s, twos_s);
    let mut margin = power(fives_b, twos_m);
    let tens: BigInt = &scale * 10;
    // Java uses ints or longs where they suffice. There it compares slightly differently and lets
    // margin and sum overflow.
    let bits_of_fives = |power: i32| FIVES.get(power as usize).map_or(power * 3, |&bits| bits);
    let bits_b = bits + twos_b + bits_of_fives(fives_b);
    let bits_s = twos_s + 1 + bits_of_fives(fives_s + 1);
    let size = match bits_b.max(bits_s) {
        ..32 => Some(32),
        32..64 => Some(64),
        _ => None,
    };
    let mut digits = Vec::new();
    let step = |rest: &mut BigInt, margin: &mut BigInt, first: bool| {
        let digit = (&*rest / &scale).iter_u32_digits().next().unwrap_or(0) as u8;
        *rest = (&*rest % &scale) * 10;
        *margin *= 10;
        let Some(size) = size else {
            let sum: BigInt = &*rest + &*margin;
            return (digit, *rest < *margin, sum >= tens);
        };
        *margin = wrapped(margin, size);
        if margin.sign() != Sign::Plus && !first {
            return (digit, true, true);
        }
        let sum = wrapped(&(&*rest + &*margin), size);
        (digit, *rest < *margin, sum > tens)
    };
    let (first, mut low, mut high) = step(&mut rest, &mut margin, true);
    if first == 0 && !high {
        ten -= 1;
    } else {
        digits.push(first);
    }
    if !(-3..8).contains(&ten) {
        // With an exponent there is always a second digit.
        (low, high) = (false, false);
    }
    while !low && !high {
        let digit;
        (digit, low, high) = step(&mut rest, &mut margin, false);
        digits.push(digit);
    }
    if high {
        let twice: BigInt = &rest + &rest;
        let half = twice.cmp(&tens);
        let odd = digits.last().is_some_and(|digit| digit % 2 == 1);
        if !low || half.is_gt() || (half.is_eq() && odd) {
            round_up(&mut digits, &mut ten);
        }
    }
    while digits.len() > 1 && digits.last() == Some(&0) {
        digits.pop();
    }
    Digits {
        digits,
        exponent: ten,
    }
}

/// The value wrapped to an integer of so many bits.
fn wrapped(value: &BigInt, bits: u32) -> BigInt {
    let mut low: BigInt = value & ((BigInt::from(1) << bits) - 1);
    if low.bit(u64::from(bits) - 1) {
        low -= BigInt::from(1) << bits;
    }
    low
}

/// Whole numbers: digits beyond the precision of the double are rounded off.
fn whole_digits(mantissa: u64, exponent: i32, significant: i32) -> Digits {
    let mut value = if exponent >= 52 {
        mantissa << (exponent - 52)
    } else {
        mantissa >> (52 - exponent)
    };
    let mut zeros = 0;
    if exponent > significant {
        let insignificant = insignificant_digits(exponent - significant - 1);
        let power = 10_u64.pow(insignificant);
        let rest = value % power;
        value /= power;
        zeros = insignificant as i32;
        if insignificant > 0 && rest >= power / 2 {
            value += 1;
        }
    }
    let text = value.to_string();
    let exponent = text.len() as i32 - 1 + zeros;
    let kept = text.trim_end_matches('0');
    Digits {
        digits: kept.bytes().map(|digit| digit - b'0').collect(),
        exponent,
    }
}

/// How many decimal digits fit into a power of two.
fn insignificant_digits(power: i32) -> u32 {
    if power <= 1 {
        return 0;
    }
    (f64::from(power) * std::f64::consts::LOG10_2) as u32
}

/// The power of ten of the first digit, or one more.
#[expect(
    clippy::approx_constant,
    reason = "Java's, digit by digit: a better one could round otherwise"
)]
fn estimate(mantissa: u64, exponent: i32) -> i32 {
    let fraction = f64::from_bits(mantissa & ((1 << 52) - 1) | 1023 << 52);
    let estimate = (fraction - 1.5) * 0.289_529_654
        + 0.176_091_259
        + f64::from(exponent) * 0.301_029_995_663_981;
    estimate.floor() as i32
}

/// Bits of the powers of five, as far as Java counts them exactly.
const FIVES: [i32; 27] = [
    0, 3, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28, 31, 33, 35, 38, 40, 42, 45, 47, 49, 52, 54, 56,
    59, 61,
];

fn round_up(digits: &mut Vec<u8>, ten: &mut i32) {
    for digit in digits.iter_mut().rev() {
        if *digit < 9 {
            *digit += 1;
            return;
        }
        *digit = 0;
    }
    digits.insert(0, 1);
    digits.pop();
    *ten += 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    // What JDK 17 prints.
    #[rstest]
    #[case(0.001, "0.001")]
    #[case(2e-3, "0.002")]
    #[case(8.41e21, "8.409999999999999E21")]
    #[case(2e23, "1.9999999999999998E23")]
    #[case(1e23, "9.999999999999999E22")]
    #[case(5e-324, "4.9E-324")]
    #[case(f64::MAX, "1.7976931348623157E308")]
    #[case(9_999_999.0, "9999999.0")]
    #[case(123_456_789_012_345_680.0, "1.2345678901234568E17")]
    fn doubles(#[case] value: f64, #[case] printed: &str) {
        assert_eq!(double(value), printed);
    }
}
