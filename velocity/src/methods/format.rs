//! The part of `String.format` that templates use: `%s %d %x %X %o %c %b %f %n %%` with flags `-`,
//! `0`, `+`, `,`, width and precision.

use crate::error::Failure;
use crate::text::{Text, TextBuf};
use crate::value::Value;

struct Specifier {
    argument: Option<usize>,
    flags: String,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

pub(super) fn format<'a>(format: &Text<'_>, arguments: &[Value<'a>]) -> Result<Text<'a>, Failure> {
    let format = format.to_str();
    let mut out = TextBuf::new();
    // A single null is taken for the whole array of arguments: then every argument is null.
    let no_array = matches!(arguments, [Value::Null]);
    let mut rest: &str = &format;
    let mut next = 0;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (specifier, length) = parse(&rest[at + 1..]).ok_or_else(|| unknown(&rest[at..]))?;
        rest = &rest[at + 1 + length..];
        match specifier.conversion {
            'n' => out.push_str("\n"),
            '%' => out.push_str(&pad("%", &specifier)),
            _ => {
                let index = specifier.argument.unwrap_or_else(|| {
                    next += 1;
                    next - 1
                });
                let index = if no_array { 0 } else { index };
                let Some(argument) = arguments.get(index) else {
                    return Err(Failure::new(format!(
                        "`%{}` has no argument (MissingFormatArgumentException)",
                        specifier.conversion
                    )));
                };
                convert(&specifier, argument, &mut out)?;
            }
        }
        if out.weight() > 1 << 24 {
            return Err(Failure::bound("the formatted text grows too large"));
        }
    }
    out.push_str(rest);
    Ok(out.into_text())
}

fn unknown(specifier: &str) -> Failure {
    let shown: String = specifier.chars().take(8).collect();
    Failure::unsupported(format!("the format `{shown}` is not supported"))
}

fn parse(text: &str) -> Option<(Specifier, usize)> {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut at = 0;
    let mut argument = None;
    let leading = digits(0);
    if leading > 0 && text[leading..].starts_with('$') {
        argument = Some(text[..leading].parse::<usize>().ok()?.checked_sub(1)?);
        at = leading + 1;
    }
    let flags: String = text[at..]
        .chars()
        .take_while(|c| "-0+, #(".contains(*c))
        .collect();
    at += flags.len();
    let width_digits = digits(at);
    let width = if width_digits > 0 {
        text[at..at + width_digits].parse().ok()?
    } else {
        0
    };
    at += width_digits;
    let mut precision = None;
    if text[at..].starts_with('.') {
        let length = digits(at + 1);
        precision = Some(text[at + 1..at + 1 + length].parse().ok()?);
        at += 1 + length;
    }
    let conversion = text[at..].chars().next()?;
    if width > 10_000 || precision.is_some_and(|precision| precision > 1000) {
        return None;
    }
    Some((
        Specifier {
            argument,
            flags,
            width,
            precision,
            conversion,
        },
        at + conversion.len_utf8(),
    ))
}

fn pad(text: &str, specifier: &Specifier) -> String {
    let missing = specifier.width.saturating_sub(crate::text::utf16_len(text));
    if specifier.flags.contains('-') {
        return format!("{text}{}", " ".repeat(missing));
    }
    if specifier.flags.contains('0')
        && specifier.conversion.is_ascii_lowercase()
        && specifier.conversion != 's'
    {
        let sign = usize::from(text.starts_with(['-', '+']));
        return format!("{}{}{}", &text[..sign], "0".repeat(missing), &text[sign..]);
    }
    format!("{}{text}", " ".repeat(missing))
}

fn convert(specifier: &Specifier, argument: &Value<'_>, out: &mut TextBuf) -> Result<(), Failure> {
    let wrong = || {
        Failure::new(format!(
            "`%{}` cannot show {} (IllegalFormatConversionException)",
            specifier.conversion,
            argument.class_name()
        ))
    };
    if specifier.flags.contains([' ', '#', '(']) {
        return Err(unknown(&format!("%{}", specifier.flags)));
    }
    let text = match specifier.conversion {
        's' | 'S' => {
            let text = argument.to_text()?;
            let text = match specifier.precision {
                Some(precision) => text.substring(0, precision.min(text.len())).unwrap_or(text),
                None => text,
            };
            if specifier.width == 0 && specifier.conversion == 's' {
                out.push_text(&text);
                return Ok(());
            }
            cased(text.to_str().into_owned(), specifier)
        }
        'b' => match argument {
            Value::Bool(value) => value.to_string(),
            Value::Null => "false".into(),
            _ => "true".into(),
        },
        'c' => character(argument).ok_or_else(wrong)?,
        'd' => match argument {
            Value::Int(_) | Value::Long(_) | Value::BigInt(_) => {
                let digits = argument.to_text()?.to_str().into_owned();
                signed(&digits, specifier)
            }
            Value::Null => "null".into(),
            _ => return Err(wrong()),
        },
        'x' | 'X' | 'o' => match argument {
            Value::BigInt(_) => return Err(unknown("%x")),
            _ => cased(bits(specifier, argument).ok_or_else(wrong)?, specifier),
        },
        'f' => match argument {
            Value::Double(value) if value.is_finite() => fixed(*value, specifier),
            Value::Null => "null".into(),
            Value::Double(_) | Value::Float(_) | Value::Decimal(_) => return Err(unknown("%f")),
            _ => return Err(wrong()),
        },
        _ => return Err(unknown(&format!("%{}", specifier.conversion))),
    };
    out.push_str(&pad(&text, specifier));
    Ok(())
}

/// `%c`: a character, or the number of one.
fn character(argument: &Value<'_>) -> Option<String> {
    match argument {
        Value::Char(unit) => Some(Text::from_units(&[*unit]).to_str().into_owned()),
        Value::Int(code) => {
            let character = u32::try_from(*code).ok().and_then(char::from_u32);
            character.map(String::from)
        }
        Value::Null => Some("null".into()),
        _ => None,
    }
}

/// `%x` and `%o`: the bits of a number.
fn bits(specifier: &Specifier, argument: &Value<'_>) -> Option<String> {
    Some(match (argument, specifier.conversion) {
        (Value::Int(value), 'o') => format!("{value:o}"),
        (Value::Long(value), 'o') => format!("{value:o}"),
        (Value::Int(value), _) => format!("{value:x}"),
        (Value::Long(value), _) => format!("{value:x}"),
        (Value::Null, _) => "null".into(),
        _ => return None,
    })
}

/// A conversion in upper case writes in upper case.
fn cased(text: String, specifier: &Specifier) -> String {
    if specifier.conversion.is_ascii_uppercase() {
        text.to_uppercase()
    } else {
        text
    }
}

/// Java rounds the shortest decimal form half up.
fn fixed(value: f64, specifier: &Specifier) -> String {
    let precision = specifier.precision.unwrap_or(6);
    let shortest = format!("{:?}", value.abs());
    let plain = if shortest.contains('e') {
        format!("{}", value.abs())
    } else {
        shortest
    };
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut digits: Vec<u8> = whole
        .bytes()
        .chain(
            fraction
                .bytes()
                .chain(std::iter::repeat(b'0'))
                .take(precision),
        )
        .collect();
    if fraction
        .as_bytes()
        .get(precision)
        .is_some_and(|&digit| digit >= b'5')
    {
        let mut at = digits.len();
        loop {
            if at == 0 {
                digits.insert(0, b'1');
                break;
            }
            at -= 1;
            if digits[at] < b'9' {
                digits[at] += 1;
                break;
            }
            digits[at] = b'0';
        }
    }
    let digits = String::from_utf8(digits).unwrap_or_default();
    let (whole, fraction) = digits.split_at(digits.len() - precision);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let number = format!("{sign}{whole}");
    let number = signed(&number, specifier);
    if precision == 0 {
        number
    } else {
        format!("{number}.{fraction}")
    }
}

/// Grouping and an explicit plus.
fn signed(digits: &str, specifier: &Specifier) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None if specifier.flags.contains('+') => ("+", digits),
        None => ("", digits),
    };
    if !specifier.flags.contains(',') {
        return format!("{sign}{digits}");
    }
    let mut grouped = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
