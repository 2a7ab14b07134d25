//! `java.lang.Integer` and the other numbers, `Boolean` and `Character`.

use num_bigint::BigInt;
use std::sync::Arc;

use super::string::is_java_whitespace;
use super::{Answer, null_argument, unsupported};
use crate::error::Failure;
use crate::number::Number;
use crate::text::Text;
use crate::value::Value;

pub(super) fn call<'a>(receiver: &Value<'a>, name: &str, arguments: &[Value<'a>]) -> Answer<'a> {
    let Some(number) = receiver.as_number() else {
        return Ok(None);
    };
    // Methods of every number.
    match (name, arguments) {
        ("intValue", []) => return Ok(Some(Value::Int(number.to_i32()))),
        ("longValue", []) => return Ok(Some(Value::Long(number.to_i64()))),
        ("doubleValue", []) => return Ok(Some(Value::Double(number.to_f64()))),
        ("floatValue", []) => return Ok(Some(Value::Float(number.to_f64() as f32))),
        ("shortValue" | "byteValue", []) => return Err(unsupported(receiver, name)),
        _ => {}
    }
    match receiver {
        Value::Int(_) => int(name, receiver, arguments),
        Value::Long(_) => long(name, receiver, arguments),
        Value::Double(value) => double(name, *value, receiver, arguments),
        Value::BigInt(value) => big(name, value, receiver, arguments),
        _ => other(name, &number, receiver, arguments),
    }
}

fn compare_same<'a>(receiver: &Value<'a>, argument: &Value<'a>) -> Answer<'a> {
    let same = std::mem::discriminant(receiver) == std::mem::discriminant(argument);
    match (receiver.as_number(), argument.as_number()) {
        (Some(left), Some(right)) if same => {
            let order = match (&left, &right) {
                (Number::Double(left), Number::Double(right)) => left.total_cmp(right),
                _ => left.compare(&right).map_err(Failure::new)?,
            };
            Ok(Some(Value::Int(order as i32)))
        }
        _ if argument.is_null() => Err(null_argument()),
        _ => Err(Failure::new(format!(
            "{} cannot be compared with {}",
            receiver.class_name(),
            argument.class_name()
        ))),
    }
}

/// Digits of an `int` or a `long`, as `parseInt` and `parseLong` read them.
fn parse<'a, T>(
    text: &Text<'a>,
    radix: i32,
    read: impl Fn(&str, u32) -> Option<T>,
) -> Result<T, Failure> {
    let bad = || {
        Failure::new(format!(
            "`{text}` is not a number that fits (NumberFormatException)"
        ))
    };
    let radix = u32::try_from(radix)
        .ok()
        .filter(|radix| (2..=36).contains(radix))
        .ok_or_else(bad)?;
    let text = text.to_str();
    read(&text, radix).ok_or_else(bad)
}

fn int<'a>(name: &str, receiver: &Value<'a>, arguments: &[Value<'a>]) -> Answer<'a> {
    use Value::{Int, Null, String};
    let read = |text: &str, radix| i32::from_str_radix(text, radix).ok();
    Ok(Some(match (name, arguments) {
        ("compareTo", [other]) => return compare_same(receiver, other),
        ("parseInt" | "valueOf", [String(text)]) => Int(parse(text, 10, read)?),
        ("parseInt" | "valueOf", [String(text), Int(radix)]) => Int(parse(text, *radix, read)?),
        ("parseInt" | "valueOf", [Null]) => {
            return Err(Failure::new("null is not a number (NumberFormatException)"));
        }
        ("valueOf", [Int(value)]) => Int(*value),
        ("toString", [Int(value)]) => Value::from(value.to_string()),
        ("toString", [Int(value), Int(radix)]) => Value::from(in_radix(i64::from(*value), *radix)),
        ("toHexString", [Int(value)]) => Value::from(format!("{value:x}")),
        ("toOctalString", [Int(value)]) => Value::from(format!("{value:o}")),
        ("toBinaryString", [Int(value)]) => Value::from(format!("{value:b}")),
        ("max", [Int(left), Int(right)]) => Int(*left.max(right)),
        ("min", [Int(left), Int(right)]) => Int(*left.min(right)),
        ("sum", [Int(left), Int(right)]) => Int(left.wrapping_add(*right)),
        ("compare", [Int(left), Int(right)]) => Int(left.cmp(right) as i32),
        ("signum", [Int(value)]) => Int(value.signum()),
        ("bitCount", [Int(value)]) => Int(value.count_ones() as i32),
        ("hashCode", [Int(value)]) => Int(*value),
        (
            "decode"
            | "parseUnsignedInt"
            | "toUnsignedString"
            | "toUnsignedLong"
            | "divideUnsigned"
            | "remainderUnsigned"
            | "compareUnsigned"
            | "highestOneBit"
            | "lowestOneBit"
            | "numberOfLeadingZeros"
            | "numberOfTrailingZeros"
            | "rotateLeft"
            | "rotateRight"
            | "reverse"
            | "reverseBytes"
            | "getInteger"
            | "describeConstable"
            | "resolveConstantDesc",
            _,
        ) => return Err(unsupported(receiver, name)),
        _ => return Ok(None),
    }))
}

/// The methods of a `Long`. One flat match: a row for each method of Java's.
fn long<'a>(name: &str, receiver: &Value<'a>, arguments: &[Value<'a>]) -> Answer<'a> {
    use Value::{Int, Long, Null, String};
    let read = |text: &str, radix| i64::from_str_radix(text, radix).ok();
    let wide = |value: &Value<'a>| match value {
        Int(value) => Some(i64::from(*value)),
        Long(value) => Some(*value),
        _ => None,
    };
    let both = |arguments: &[Value<'a>]| match arguments {
        [left, right] => wide(left).zip(wide(right)),
        _ => None,
    };
    Ok(Some(match (name, arguments) {
        ("compareTo", [other]) => return compare_same(receiver, other),
        ("parseLong" | "valueOf", [String(text)]) => Long(parse(text, 10, read)?),
        ("parseLong" | "valueOf", [String(text), Int(radix)]) => Long(parse(text, *radix, read)?),
        ("parseLong" | "valueOf", [Null]) => {
            return Err(Failure::new("null is not a number (NumberFormatException)"));
        }
        ("valueOf", [value]) if wide(value).is_some() => wide(value).map_or(Null, Long),
        ("toString", [value]) if wide(value).is_some() => {
            Value::from(wide(value).unwrap_or_default().to_string())
        }
        ("toHexString", [value]) if wide(value).is_some() => {
            Value::from(format!("{:x}", wide(value).unwrap_or_default()))
        }
        ("max", arguments) if both(arguments).is_some() => {
            both(arguments).map_or(Null, |(left, right)| Long(left.max(right)))
        }
        ("min", arguments) if both(arguments).is_some() => {
            both(arguments).map_or(Null, |(left, right)| Long(left.min(right)))
        }
        ("sum", arguments) if both(arguments).is_some() => {
            both(arguments).map_or(Null, |(left, right)| Long(left.wrapping_add(right)))
        }
        ("compare", arguments) if both(arguments).is_some() => {
            both(arguments).map_or(Null, |(left, right)| Int(left.cmp(&right) as i32))
        }
        (
            "decode"
            | "parseUnsignedLong"
            | "toUnsignedString"
            | "toOctalString"
            | "toBinaryString"
            | "signum"
            | "bitCount"
            | "reverse"
            | "divideUnsigned"
            | "remainderUnsigned"
            | "compareUnsigned"
            | "highestOneBit"
            | "lowestOneBit"
            | "numberOfLeadingZeros"
            | "numberOfTrailingZeros"
            | "rotateLeft"
            | "rotateRight"
            | "reverseBytes"
            | "getLong"
            | "describeConstable",
            _,
        ) => return Err(unsupported(receiver, name)),
        _ => return Ok(None),
    }))
}

fn double<'a>(name: &str, value: f64, receiver: &Value<'a>, arguments: &[Value<'a>]) -> Answer<'a> {
    use Value::{Bool, Double, Null, String};
    Ok(Some(match (name, arguments) {
        ("compareTo", [other]) => return compare_same(receiver, other),
        ("isNaN", []) => Bool(value.is_nan()),
        ("isInfinite", []) => Bool(value.is_infinite()),
        ("parseDouble" | "valueOf", [String(text)]) => {
            let text = text.to_str();
            let digits = text.trim_matches(|c: char| c <= ' ');
            let plain = digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            let parsed = digits.parse().ok().filter(|_| plain);
            match parsed {
                Some(value) => Double(value),
                None if digits.bytes().any(|byte| byte.is_ascii_digit())
                    && digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
                {
                    return Err(Failure::unsupported(format!(
                        "the form of the number `{digits}` is not supported"
                    )));
                }
                None => {
                    return Err(Failure::new(format!(
                        "`{text}` is not a number (NumberFormatException)"
                    )));
                }
            }
        }
        ("parseDouble" | "valueOf", [Null]) => return Err(null_argument()),
        (
            "toHexString"
            | "isFinite"
            | "max"
            | "min"
            | "sum"
            | "compare"
            | "doubleToLongBits"
            | "doubleToRawLongBits"
            | "longBitsToDouble"
            | "describeConstable"
            | "isNaN"
            | "isInfinite",
            _,
        ) => return Err(unsupported(receiver, name)),
        _ => return Ok(None),
    }))
}

/// Methods of `BigInteger`, `BigDecimal` and `Float` that exist in Java but not here.
const RARE: [&str; 66] = [
    "abs",
    "add",
    "and",
    "andNot",
    "bitCount",
    "bitLength",
    "byteValueExact",
    "clearBit",
    "compare",
    "divide",
    "divideAndRemainder",
    "divideToIntegralValue",
    "flipBit",
    "float16ToFloat",
    "floatToFloat16",
    "floatToIntBits",
    "floatToRawIntBits",
    "gcd",
    "getLowestSetBit",
    "intBitsToFloat",
    "intValueExact",
    "isFinite",
    "isInfinite",
    "isNaN",
    "isProbablePrime",
    "longValueExact",
    "max",
    "min",
    "mod",
    "modInverse",
    "modPow",
    "movePointLeft",
    "movePointRight",
    "multiply",
    "negate",
    "nextProbablePrime",
    "not",
    "or",
    "parallelMultiply",
    "parseFloat",
    "plus",
    "pow",
    "precision",
    "probablePrime",
    "remainder",
    "round",
    "scale",
    "scaleByPowerOfTen",
    "setBit",
    "setScale",
    "shiftLeft",
    "shiftRight",
    "shortValueExact",
    "sqrt",
    "stripTrailingZeros",
    "subtract",
    "sum",
    "testBit",
    "toBigInteger",
    "toByteArray",
    "toEngineeringString",
    "toHexString",
    "toPlainString",
    "ulp",
    "unscaledValue",
    "xor",
];

/// Those of `Float` among them.
const OF_FLOAT: [&str; 14] = [
    "compare",
    "float16ToFloat",
    "floatToFloat16",
    "floatToIntBits",
    "floatToRawIntBits",
    "intBitsToFloat",
    "isFinite",
    "isInfinite",
    "isNaN",
    "max",
    "min",
    "parseFloat",
    "sum",
    "toHexString",
];

/// Methods of `Character` that exist in Java but not here.
const OF_CHARACTER: [&str; 36] = [
    "charCount",
    "codePointCount",
    "codePointOf",
    "compare",
    "digit",
    "forDigit",
    "getDirectionality",
    "getName",
    "getNumericValue",
    "getType",
    "highSurrogate",
    "isAlphabetic",
    "isBmpCodePoint",
    "isDefined",
    "isDigit",
    "isHighSurrogate",
    "isISOControl",
    "isIdentifierIgnorable",
    "isIdeographic",
    "isJavaIdentifierPart",
    "isJavaIdentifierStart",
    "isLetter",
    "isLetterOrDigit",
    "isLowSurrogate",
    "isLowerCase",
    "isMirrored",
    "isSpaceChar",
    "isSupplementaryCodePoint",
    "isSurrogate",
    "isTitleCase",
    "isUpperCase",
    "isValidCodePoint",
    "isWhitespace",
    "toLowerCase",
    "toTitleCase",
    "toUpperCase",
];

fn big<'a>(
    name: &str,
    value: &Arc<BigInt>,
    receiver: &Value<'a>,
    arguments: &[Value<'a>],
) -> Answer<'a> {
    use Value::{BigInt as Big, Int};
    let arithmetic = |operate: fn(&Number, &Number) -> Result<Number, &'static str>,
                      other: &Arc<BigInt>| {
        let number = operate(
            &Number::Big(Arc::clone(value)),
            &Number::Big(Arc::clone(other)),
        )
        .map_err(Failure::new)?;
        Ok(Some(Value::from(number)))
    };
    match (name, arguments) {
        ("compareTo", [other]) => compare_same(receiver, other),
        ("add", [Big(other)]) => arithmetic(Number::add, other),
        ("subtract", [Big(other)]) => arithmetic(Number::subtract, other),
        ("multiply", [Big(other)]) => arithmetic(Number::multiply, other),
        ("signum", []) => Ok(Some(Int(match value.sign() {
            num_bigint::Sign::Minus => -1,
            num_bigint::Sign::NoSign => 0,
            num_bigint::Sign::Plus => 1,
        }))),
        _ if RARE.contains(&name) => Err(unsupported(receiver, name)),
        _ => Ok(None),
    }
}

/// Classes that templates rarely meet: a method that is missing here is an error.
fn other<'a>(
    name: &str,
    number: &Number,
    receiver: &Value<'a>,
    arguments: &[Value<'a>],
) -> Answer<'a> {
    match (name, arguments) {
        ("compareTo", [other]) => compare_same(receiver, other),
        ("isNaN", []) if matches!(number, Number::Float(_)) => {
            Ok(Some(Value::Bool(number.to_f64().is_nan())))
        }
        _ if matches!(number, Number::Float(_)) && !OF_FLOAT.contains(&name) => Ok(None),
        _ if RARE.contains(&name) => Err(unsupported(receiver, name)),
        _ => Ok(None),
    }
}

fn in_radix(value: i64, radix: i32) -> String {
    let radix = u64::try_from(radix)
        .ok()
        .filter(|radix| (2..=36).contains(radix))
        .unwrap_or(10);
    let mut digits = Vec::new();
    let mut rest = value.unsigned_abs();
    loop {
        digits.push(char::from_digit((rest % radix) as u32, radix as u32).unwrap_or('0'));
        rest /= radix;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

pub(super) fn call_bool<'a>(value: bool, name: &str, arguments: &[Value<'a>]) -> Answer<'a> {
    use Value::{Bool, Int, Null, String};
    let is_true = |text: &Text<'a>| text.to_str().eq_ignore_ascii_case("true");
    Ok(Some(match (name, arguments) {
        ("booleanValue", []) => Bool(value),
        ("compareTo", [Bool(other)]) => Int(value.cmp(other) as i32),
        ("compareTo", [_]) => {
            return Err(Failure::new(
                "a boolean can only be compared with a boolean (ClassCastException)",
            ));
        }
        ("parseBoolean" | "valueOf", [String(text)]) => Bool(is_true(text)),
        ("parseBoolean" | "valueOf", [Null]) => Bool(false),
        ("valueOf", [Bool(other)]) => Bool(*other),
        ("toString", [Bool(other)]) => Value::text(if *other { "true" } else { "false" }),
        ("logicalAnd", [Bool(left), Bool(right)]) => Bool(*left && *right),
        ("logicalOr", [Bool(left), Bool(right)]) => Bool(*left || *right),
        ("logicalXor", [Bool(left), Bool(right)]) => Bool(left != right),
        ("compare", [Bool(left), Bool(right)]) => Int(left.cmp(right) as i32),
        ("hashCode", [Bool(other)]) => Int(if *other { 1231 } else { 1237 }),
        _ => return Ok(None),
    }))
}

pub(super) fn call_char<'a>(unit: u16, name: &str, arguments: &[Value<'a>]) -> Answer<'a> {
    use Value::{Bool, Char, Int};
    let character = |argument: &Value<'a>| match argument {
        Char(unit) => Some(char::from_u32(u32::from(*unit)).unwrap_or('\u{FFFD}')),
        Int(code) => u32::try_from(*code).ok().and_then(char::from_u32),
        _ => None,
    };
    Ok(Some(match (name, arguments) {
        ("charValue", []) => Char(unit),
        ("compareTo", [Char(other)]) => Int(i32::from(unit) - i32::from(*other)),
        ("compareTo", [_]) => {
            return Err(Failure::new(
                "a character can only be compared with a character (ClassCastException)",
            ));
        }
        ("valueOf", [Char(other)]) => Char(*other),
        ("toString", [Char(other)]) => Value::String(Text::from_units(&[*other])),
        ("isDigit", [argument]) if character(argument).is_some_and(|c| c.is_ascii()) => {
            Bool(character(argument).is_some_and(|c| c.is_ascii_digit()))
        }
        ("isLetter", [argument]) if character(argument).is_some_and(|c| c.is_ascii()) => {
            Bool(character(argument).is_some_and(|c| c.is_ascii_alphabetic()))
        }
        ("isLetterOrDigit", [argument]) if character(argument).is_some_and(|c| c.is_ascii()) => {
            Bool(character(argument).is_some_and(|c| c.is_ascii_alphanumeric()))
        }
        ("isUpperCase", [argument]) if character(argument).is_some_and(|c| c.is_ascii()) => {
            Bool(character(argument).is_some_and(|c| c.is_ascii_uppercase()))
        }
        ("isLowerCase", [argument]) if character(argument).is_some_and(|c| c.is_ascii()) => {
            Bool(character(argument).is_some_and(|c| c.is_ascii_lowercase()))
        }
        ("isWhitespace", [Char(other)]) => Bool(is_java_whitespace(*other)),
        ("toUpperCase", [Char(other @ 0..=0x7F)]) => {
            Char(u16::from((*other as u8).to_ascii_uppercase()))
        }
        ("toLowerCase", [Char(other @ 0..=0x7F)]) => {
            Char(u16::from((*other as u8).to_ascii_lowercase()))
        }
        ("getNumericValue", [argument]) if character(argument).is_some_and(|c| c.is_ascii()) => {
            Int(character(argument)
                .and_then(|c| c.to_digit(36))
                .map_or(-1, |digit| digit as i32))
        }
        ("equals" | "hashCode" | "toString", [] | [_]) => return Ok(None),
        (_, [Char(_) | Int(_), ..]) if OF_CHARACTER.contains(&name) => {
            return Err(unsupported(&Char(unit), name));
        }
        _ => return Ok(None),
    }))
}
