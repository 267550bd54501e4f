//! IPv4 and IPv6 addresses, alone or with a prefix: `10.0.0.0/8`.

use std::net::{Ipv4Addr, Ipv6Addr};

use kusto_protocol::ColumnType;

use super::arguments::Arguments;
use super::json::{Json, list, plain_text};
use super::kind::{self, AnyJson, Long, Nullable, Scalar, Text};
use super::lift::{binary, ternary, unary, variadic};
use super::{Call, Family, Function, MANY};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "IP addresses",
    functions: &[
        Function::new(
            "format_ipv4",
            (1, 2),
            "(ip: string or long, [prefix]) -> string",
            |a| format(a, false),
        ),
        Function::new(
            "format_ipv4_mask",
            (1, 2),
            "(ip: string or long, [prefix]) -> string",
            |a| format(a, true),
        ),
        Function::new(
            "has_any_ipv4",
            (2, MANY),
            "(text, ip or array, …) -> bool",
            |a| has(a, false),
        ),
        Function::new(
            "has_any_ipv4_prefix",
            (2, MANY),
            "(text, prefix or array, …) -> bool",
            |a| has(a, true),
        ),
        Function::new("has_ipv4", (2, 2), "(text, ip) -> bool", |a| has(a, false)),
        Function::new("has_ipv4_prefix", (2, 2), "(text, prefix) -> bool", |a| {
            has(a, true)
        }),
        Function::new("ipv4_compare", (2, 3), "(ip, ip, [prefix]) -> long", |a| {
            ternary::<Text, Text, Nullable<Long>, Long>(a, |left, right, prefix| {
                let (left, right) = masked_pair(Network::ipv4(left)?, Network::ipv4(right)?, prefix, 32)?;
                Some(left.cmp(&right) as i64)
            })
        }),
        Function::new(
            "ipv4_is_in_any_range",
            (2, MANY),
            "(ip, range or array, …) -> bool",
            |a| in_any(a, Network::ipv4),
        ),
        Function::new("ipv4_is_in_range", (2, 2), "(ip, range) -> bool", |a| {
            in_range(a, Network::ipv4)
        }),
        Function::new("ipv4_is_match", (2, 3), "(ip, ip, [prefix]) -> bool", |a| {
            ternary::<Text, Text, Nullable<Long>, kind::Bool>(a, |left, right, prefix| {
                let (left, right) = masked_pair(Network::ipv4(left)?, Network::ipv4(right)?, prefix, 32)?;
                Some(left == right)
            })
        }),
        Function::new("ipv4_is_private", (1, 1), "(ip) -> bool", |a| {
            unary::<Text, kind::Bool>(a, |text| {
                let network = Network::ipv4(text)?;
                Some(
                    PRIVATE
                        .iter()
                        .filter_map(|range| Network::ipv4(range))
                        .any(|range| range.contains(network)),
                )
            })
        }),
        Function::new("ipv4_netmask_suffix", (1, 1), "(ip) -> long", |a| {
            unary::<Text, Long>(a, |text| Some(Network::ipv4(text)?.prefix.into()))
        }),
        Function::new(
            "ipv4_range_to_cidr_list",
            (2, 2),
            "(first, last) -> dynamic",
            |a| {
                binary::<Text, Text, kind::Json>(a, |first, last| {
                    let (first, last) = (Network::ipv4(first)?.address, Network::ipv4(last)?.address);
                    Some(cidr_list(u64::try_from(first).ok()?, u64::try_from(last).ok()?))
                })
            },
        ),
        Function::new("ipv6_compare", (2, 3), "(ip, ip, [prefix]) -> long", |a| {
            ternary::<Text, Text, Nullable<Long>, Long>(a, |left, right, prefix| {
                let (left, right) = masked_pair(Network::ipv6(left)?, Network::ipv6(right)?, prefix, 128)?;
                Some(left.cmp(&right) as i64)
            })
        }),
        Function::new(
            "ipv6_is_in_any_range",
            (2, MANY),
            "(ip, range or array, …) -> bool",
            |a| in_any(a, Network::ipv6),
        ),
        Function::new("ipv6_is_in_range", (2, 2), "(ip, range) -> bool", |a| {
            in_range(a, Network::ipv6)
        }),
        Function::new("ipv6_is_match", (2, 3), "(ip, ip, [prefix]) -> bool", |a| {
            ternary::<Text, Text, Nullable<Long>, kind::Bool>(a, |left, right, prefix| {
                let (left, right) = masked_pair(Network::ipv6(left)?, Network::ipv6(right)?, prefix, 128)?;
                Some(left == right)
            })
        }),
        Function::new("parse_ipv4", (1, 1), "(ip) -> long", |a| {
            unary::<Text, Long>(a, |text| {
                let network = Network::ipv4(text)?;
                i64::try_from(network.masked(network.prefix)).ok()
            })
        }),
        Function::new("parse_ipv4_mask", (2, 2), "(ip, prefix) -> long", |a| {
            binary::<Text, Long, Long>(a, |text, prefix| {
                let network = Network::ipv4(text)?;
                let prefix = u32::try_from(prefix).ok().filter(|prefix| *prefix <= 32)?;
                i64::try_from(network.masked(prefix.min(network.prefix))).ok()
            })
        }),
        Function::new("parse_ipv6", (1, 1), "(ip) -> string", |a| {
            unary::<Text, Text>(a, |text| {
                let network = Network::ipv6(text)?;
                Some(canonical(network.masked(network.prefix)))
            })
        }),
        Function::new("parse_ipv6_mask", (2, 2), "(ip, prefix) -> string", |a| {
            binary::<Text, Long, Text>(a, |text, prefix| {
                let network = Network::ipv6(text)?;
                let prefix = u32::try_from(prefix).ok().filter(|prefix| *prefix <= 128)?;
                Some(canonical(network.masked(prefix.min(network.prefix))))
            })
        }),
    ],
};

/// An address and how many of its first bits count.
#[derive(Clone, Copy, Debug)]
struct Network {
    address: u128,
    prefix: u32,
    bits: u32,
}

impl Network {
    fn ipv4(text: &str) -> Option<Self> {
        let (address, prefix) = split(text, 32)?;
        Some(Self {
            address: u32::from(address.parse::<Ipv4Addr>().ok()?).into(),
            prefix,
            bits: 32,
        })
    }

    /// An IPv4 address counts as the IPv6 address it is mapped to.
    fn ipv6(text: &str) -> Option<Self> {
        if let Some(network) = Self::ipv4(text) {
            return Some(Self {
                address: network.address | 0xffff << 32,
                prefix: network.prefix + 96,
                bits: 128,
            });
        }
        let (address, mut prefix) = split(text, 128)?;
        // A prefix after the dotted form counts the bits of the dotted part.
        if address.contains('.') && text.contains('/') && prefix <= 32 {
            prefix += 96;
        }
        Some(Self {
            address: address.parse::<Ipv6Addr>().ok()?.into(),
            prefix,
            bits: 128,
        })
    }

    /// The address with all but its first `prefix` bits cleared.
    fn masked(self, prefix: u32) -> u128 {
        let cleared = self.bits - prefix.min(self.bits);
        self.address
            .checked_shr(cleared)
            .and_then(|address| address.checked_shl(cleared))
            .unwrap_or(0)
    }

    /// An IPv4 address in the old compatible form (`::1.2.3.4`) as the mapped one; all others as they are.
    const fn mapped(self) -> Self {
        let compatible = self.bits == 128 && self.address >> 32 == 0 && self.address > 0xffff;
        Self {
            address: if compatible {
                self.address | 0xffff << 32
            } else {
                self.address
            },
            ..self
        }
    }

    /// Whether all of the other network lies in this one.
    fn contains(self, other: Self) -> bool {
        other.prefix >= self.prefix && self.masked(self.prefix) == other.masked(self.prefix)
    }
}

/// The address and the prefix of a text; without a prefix all bits count.
fn split(text: &str, bits: u32) -> Option<(&str, u32)> {
    match text.trim().split_once('/') {
        None => Some((text.trim(), bits)),
        Some((address, prefix)) => {
            let prefix = prefix.parse().ok().filter(|prefix| *prefix <= bits)?;
            Some((address, prefix))
        }
    }
}

/// Two addresses cut to the shortest of three prefixes.
fn masked_pair(left: Network, right: Network, prefix: Option<i64>, bits: i64) -> Option<(u128, u128)> {
    let prefix = prefix.unwrap_or(bits);
    let prefix = u32::try_from(prefix).ok().filter(|_| prefix <= bits)?;
    let prefix = prefix.min(left.prefix).min(right.prefix);
    Some((left.mapped().masked(prefix), right.mapped().masked(prefix)))
}

fn in_range(arguments: &Arguments<'_>, parse: fn(&str) -> Option<Network>) -> Result<Call, BindError> {
    binary::<Text, Text, kind::Bool>(arguments, move |address, range| {
        Some(parse(range)?.contains(parse(address)?))
    })
}

fn in_any(arguments: &Arguments<'_>, parse: fn(&str) -> Option<Network>) -> Result<Call, BindError> {
    variadic::<AnyJson, kind::Bool>(arguments, move |values| {
        let (address, ranges) = values.split_first()?;
        let address = parse(&plain_text(address.as_ref()?))?;
        let mut ranges = texts(ranges);
        Some(ranges.any(|range| parse(&range).is_some_and(|range| range.contains(address))))
    })
}

/// The texts in scalars and arrays.
fn texts<'a>(values: &'a [Option<std::rc::Rc<Json>>]) -> impl Iterator<Item = String> + 'a {
    values
        .iter()
        .flatten()
        .flat_map(|value| list(value).iter().map(|value| plain_text(value).into_owned()))
}

/// An address from text or number, cut to a prefix; with the prefix written behind it if asked for.
fn format(arguments: &Arguments<'_>, with_prefix: bool) -> Result<Call, BindError> {
    let numeric = matches!(arguments.ty(0), ColumnType::Int | ColumnType::Long);
    binary::<Scalar, Nullable<Long>, Text>(arguments, move |text, prefix| {
        let network = if numeric {
            Network {
                address: text.parse::<u32>().ok()?.into(),
                prefix: 32,
                bits: 32,
            }
        } else {
            Network::ipv4(text)?
        };
        let prefix = match prefix {
            None => network.prefix,
            Some(prefix) => u32::try_from(prefix)
                .ok()
                .filter(|prefix| *prefix <= 32)?
                .min(network.prefix),
        };
        let address = Ipv4Addr::from(u32::try_from(network.masked(prefix)).ok()?);
        Some(if with_prefix {
            format!("{address}/{prefix}")
        } else {
            address.to_string()
        })
    })
}

/// All eight groups with all their digits.
fn canonical(address: u128) -> String {
    let groups: Vec<String> = Ipv6Addr::from(address)
        .segments()
        .iter()
        .map(|group| format!("{group:04x}"))
        .collect();
    groups.join(":")
}

/// Whether an address stands in a text between other characters than letters, digits and dots.
///
/// A prefix must end with a dot, or be a whole address.
fn has(arguments: &Arguments<'_>, prefix: bool) -> Result<Call, BindError> {
    variadic::<AnyJson, kind::Bool>(arguments, move |values| {
        let (text, wanted) = values.split_first()?;
        let text = plain_text(text.as_ref()?).into_owned();
        let wanted: Vec<String> = texts(wanted)
            .filter(|wanted| wanted.parse::<Ipv4Addr>().is_ok() || (prefix && wanted.ends_with('.')))
            .collect();
        let found = addresses(&text).any(|address| {
            wanted.iter().any(|wanted| match wanted.ends_with('.') {
                true => address.starts_with(wanted.as_str()),
                false => address == wanted,
            })
        });
        Some(found)
    })
}

/// The runs of letters, digits and dots in a text that are IPv4 addresses.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .filter(|word| word.parse::<Ipv4Addr>().is_ok())
}

/// The fewest networks that cover all addresses from the first to the last.
fn cidr_list(mut first: u64, last: u64) -> Json {
    let mut list = Vec::new();
    while first <= last {
        let fits = (last - first + 1).ilog2();
        let size = first.trailing_zeros().min(fits).min(32);
        // Both ends are IPv4 addresses, so every start between them is.
        let address = Ipv4Addr::from(first as u32);
        list.push(Json::String(format!("{address}/{}", 32 - size)));
        first += 1 << size;
    }
    Json::Array(list)
}

const PRIVATE: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn addresses_are_numbers_and_back() {
        check("parse_ipv4", &["127.0.0.1"], "long:2130706433");
        check("parse_ipv4", &["192.168.1.1/24"], "long:3232235776");
        check("parse_ipv4", &["256.0.0.1"], "long:null");
        check("parse_ipv4_mask", &["127.0.0.1", "long:24"], "long:2130706432");
        check("format_ipv4", &["192.168.1.255", "long:24"], "192.168.1.0");
        check("format_ipv4", &["long:3232236031"], "192.168.1.255");
        check(
            "format_ipv4_mask",
            &["192.168.1.255", "long:24"],
            "192.168.1.0/24",
        );
        check("ipv4_netmask_suffix", &["192.168.1.1/24"], "long:24");
    }

    #[test]
    fn ranges_hold_addresses() {
        check("ipv4_is_private", &["192.168.1.1/24"], "bool:true");
        check("ipv4_is_private", &["208.1.2.3"], "bool:false");
        check("ipv4_is_private", &["x"], "bool:null");
        check(
            "ipv4_is_in_range",
            &["192.168.1.6", "192.168.1.1/24"],
            "bool:true",
        );
        check(
            "ipv4_is_in_range",
            &["192.168.2.6", "192.168.1.1/24"],
            "bool:false",
        );
        check(
            "ipv4_is_in_any_range",
            &["10.1.2.3", "dynamic:[\"127.0.0.1/8\",\"10.0.0.1/8\"]"],
            "bool:true",
        );
        check(
            "ipv4_is_in_any_range",
            &["1.1.1.1", "127.0.0.1/8", "10.0.0.1/8"],
            "bool:false",
        );
        check("ipv4_compare", &["192.168.1.1", "192.168.1.0"], "long:1");
        check(
            "ipv4_compare",
            &["192.168.1.1/24", "192.168.1.255", "long:31"],
            "long:0",
        );
        check(
            "ipv4_is_match",
            &["192.168.1.1", "192.168.1.255", "long:24"],
            "bool:true",
        );
        check(
            "ipv4_is_match",
            &["192.168.1.1", "192.168.1.255", "long:33"],
            "bool:null",
        );
        check("ipv4_is_in_range", &["1.2.3.4", "0.0.0.0/0"], "bool:true");
        check(
            "ipv4_range_to_cidr_list",
            &["1.1.128.0", "1.1.140.255"],
            "dynamic:[\"1.1.128.0/21\",\"1.1.136.0/22\",\"1.1.140.0/24\"]",
        );
        check(
            "ipv4_range_to_cidr_list",
            &["0.0.0.0", "255.255.255.255"],
            "dynamic:[\"0.0.0.0/0\"]",
        );
    }

    #[test]
    fn both_families_meet_in_ipv6() {
        check(
            "parse_ipv6",
            &["127.0.0.1"],
            "string:0000:0000:0000:0000:0000:ffff:7f00:0001",
        );
        check(
            "parse_ipv6_mask",
            &["192.168.255.255/24", "long:124"],
            "string:0000:0000:0000:0000:0000:ffff:c0a8:ff00",
        );
        check(
            "parse_ipv6_mask",
            &["fe80::85d:e82c:9446:7994/120", "long:124"],
            "string:fe80:0000:0000:0000:085d:e82c:9446:7900",
        );
        check(
            "parse_ipv6_mask",
            &["::192.168.255.255/24", "long:128"],
            "string:0000:0000:0000:0000:0000:0000:c0a8:ff00",
        );
        check(
            "ipv6_is_match",
            &["::192.168.1.1/30", "192.168.1.255/24", "long:127"],
            "bool:true",
        );
        check(
            "ipv6_is_match",
            &["192.168.1.1/24", "::ffff:c0a8:01ff", "long:127"],
            "bool:true",
        );
        check(
            "ipv6_is_match",
            &["string:fe80::1", "string:fe80::2"],
            "bool:false",
        );
        check(
            "ipv6_is_in_range",
            &["string:a5e:f127::1", "string:a5e:f127::/112"],
            "bool:true",
        );
        check("ipv6_is_in_range", &["::1", "::/0"], "bool:true");
    }

    #[test]
    fn addresses_are_found_in_text() {
        let text = "string:05:04:54 127.0.0.1 GET /favicon.ico 404";
        check("has_ipv4", &[text, "127.0.0.1"], "bool:true");
        check("has_ipv4", &["x127.0.0.1", "127.0.0.1"], "bool:false");
        check("has_ipv4_prefix", &[text, "127.0."], "bool:true");
        check("has_ipv4_prefix", &[text, "127.0"], "bool:false");
        check("has_any_ipv4", &[text, "10.0.0.1", "127.0.0.1"], "bool:true");
        check(
            "has_any_ipv4_prefix",
            &[text, "dynamic:[\"192.168.\",\"127.0.\"]"],
            "bool:true",
        );
    }
}
