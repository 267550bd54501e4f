//! Punycode, which writes international domain names in ASCII (RFC 3492).

use super::kind::Text;
use super::lift::unary;
use super::{Family, Function};

pub(super) const FAMILY: Family = Family {
    name: "Punycode",
    functions: &[
        Function::new(
            "punycode_domain_from_string",
            (1, 1),
            "(encoded domain) -> string",
            |a| {
                unary::<Text, Text>(a, |domain| {
                    labels(domain, |label| match label.strip_prefix(PREFIX) {
                        Some(encoded) => decode(encoded),
                        None => Some(label.to_owned()),
                    })
                })
            },
        ),
        Function::new("punycode_domain_to_string", (1, 1), "(domain) -> string", |a| {
            unary::<Text, Text>(a, |domain| {
                labels(domain, |label| match label.is_ascii() {
                    true => Some(label.to_owned()),
                    false => encode(label).map(|encoded| format!("{PREFIX}{encoded}")),
                })
            })
        }),
        Function::new("punycode_from_string", (1, 1), "(text) -> string, encoded", |a| {
            unary::<Text, Text>(a, encode)
        }),
        Function::new("punycode_to_string", (1, 1), "(encoded text) -> string", |a| {
            unary::<Text, Text>(a, decode)
        }),
    ],
};

const PREFIX: &str = "xn--";

/// Each label of a domain name by itself.
fn labels(domain: &str, function: impl Fn(&str) -> Option<String>) -> Option<String> {
    let labels: Option<Vec<String>> = domain.split('.').map(function).collect();
    labels.map(|labels| labels.join("."))
}

fn encode(text: &str) -> Option<String> {
    let points: Vec<u32> = text.chars().map(u32::from).collect();
    let mut encoded: String = text.chars().filter(char::is_ascii).collect();
    let num_basic = encoded.len() as u32;
    if num_basic > 0 {
        encoded.push('-');
    }
    let (mut point, mut delta, mut bias, mut handled) = (128_u32, 0_u32, 72, num_basic);
    while (handled as usize) < points.len() {
        let next = *points.iter().filter(|known| **known >= point).min()?;
        delta = delta.checked_add((next - point).checked_mul(handled + 1)?)?;
        point = next;
        for known in &points {
            if *known < point {
                delta = delta.checked_add(1)?;
            }
            if *known == point {
                let mut rest = delta;
                for k in (BASE..).step_by(BASE as usize) {
                    let threshold = threshold(k, bias);
                    if rest < threshold {
                        break;
                    }
                    encoded.push(digit(threshold + (rest - threshold) % (BASE - threshold)));
                    rest = (rest - threshold) / (BASE - threshold);
                }
                encoded.push(digit(rest));
                bias = adapt(delta, handled + 1, handled == num_basic);
                delta = 0;
                handled += 1;
            }
        }
        delta += 1;
        point += 1;
    }
    Some(encoded)
}

fn decode(encoded: &str) -> Option<String> {
    let (basic, rest) = encoded.rsplit_once('-').unwrap_or(("", encoded));
    if !basic.is_ascii() {
        return None;
    }
    let mut decoded: Vec<char> = basic.chars().collect();
    let (mut point, mut place, mut bias) = (128_u32, 0_u32, 72);
    let mut digits = rest.bytes().peekable();
    while digits.peek().is_some() {
        let before = place;
        let mut weight = 1_u32;
        for k in (BASE..).step_by(BASE as usize) {
            let digit = value(digits.next()?)?;
            place = place.checked_add(digit.checked_mul(weight)?)?;
            let threshold = threshold(k, bias);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
        }
        let len = decoded.len() as u32 + 1;
        bias = adapt(place - before, len, before == 0);
        point = point.checked_add(place / len)?;
        place %= len;
        decoded.insert(place as usize, char::from_u32(point)?);
        place += 1;
    }
    Some(decoded.into_iter().collect())
}

fn threshold(k: u32, bias: u32) -> u32 {
    k.saturating_sub(bias).clamp(1, 26)
}

fn adapt(delta: u32, len: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / len;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += BASE;
    }
    k + 36 * delta / (delta + 38)
}

fn digit(value: u32) -> char {
    // The value is below 36.
    char::from(if value < 26 {
        b'a' + value as u8
    } else {
        b'0' + (value as u8 - 26)
    })
}

fn value(digit: u8) -> Option<u32> {
    Some(u32::from(match digit.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => letter - b'a',
        number @ b'0'..=b'9' => number - b'0' + 26,
        _ => return None,
    }))
}

const BASE: u32 = 36;

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn texts_are_encoded_and_decoded() {
        for (text, encoded) in [
            ("bücher", "bcher-kva"),
            ("艺术", "cqv902d"),
            ("abc", "abc-"),
            ("", ""),
        ] {
            check("punycode_from_string", &[text], encoded);
            check("punycode_to_string", &[encoded], text);
        }
        check("punycode_to_string", &["a-!"], "");
        check(
            "punycode_domain_to_string",
            &["www.bücher.de"],
            "www.xn--bcher-kva.de",
        );
        check(
            "punycode_domain_from_string",
            &["www.xn--bcher-kva.de"],
            "www.bücher.de",
        );
    }
}
