//! Base64, percent encoding, compression.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;

use super::arguments::Arguments;
use super::json::Json;
use super::kind::{self, Guid, Scalar, Text};
use super::lift::unary;
use super::{Call, Family, Function};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Encodings",
    functions: &[
        Function::new("base64_decode_toarray", (1, 1), "(text) -> dynamic", |a| {
            unary::<Text, kind::Json>(a, |text| Some(bytes(text)?.into_iter().map(Json::from).collect()))
        }),
        Function::new("base64_decode_toguid", (1, 1), "(text) -> guid", |a| {
            unary::<Text, Guid>(a, |text| Some(swapped(bytes(text)?.try_into().ok()?)))
        }),
        Function::new(
            "base64_decode_tostring",
            (1, 1),
            "(text) -> string",
            decode_string,
        ),
        Function::new("base64_decodestring", (1, 1), "(text) -> string", decode_string),
        Function::new("base64_encode_fromguid", (1, 1), "(guid) -> string", |a| {
            unary::<Guid, Text>(a, |guid| Some(STANDARD.encode(swapped(guid))))
        }),
        Function::new(
            "base64_encode_tostring",
            (1, 1),
            "(text) -> string",
            encode_string,
        ),
        Function::new("base64_encodestring", (1, 1), "(text) -> string", encode_string),
        Function::new(
            "gzip_compress_to_base64_string",
            (1, 1),
            "(text) -> string",
            |a| {
                unary::<Text, Text>(a, |text| {
                    let mut writer = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
                    writer.write_all(text.as_bytes()).ok()?;
                    Some(STANDARD.encode(writer.finish().ok()?))
                })
            },
        ),
        Function::new(
            "gzip_decompress_from_base64_string",
            (1, 1),
            "(text) -> string",
            |a| unary::<Text, Text>(a, |text| read_all(flate2::read::GzDecoder::new(&*bytes(text)?))),
        ),
        Function::new("url_decode", (1, 1), "(text) -> string", |a| {
            unary::<Text, Text>(a, |text| Some(percent_decoded(text)))
        }),
        Function::new("url_encode", (1, 1), "(text) -> string", |a| {
            unary::<Scalar, Text>(a, |text| Some(percent_encoded(text, "-_.!*()", "+")))
        }),
        Function::new("url_encode_component", (1, 1), "(text) -> string", |a| {
            unary::<Scalar, Text>(a, |text| Some(percent_encoded(text, "-_.~", "%20")))
        }),
        Function::new(
            "zlib_compress_to_base64_string",
            (1, 1),
            "(text) -> string",
            |a| {
                unary::<Text, Text>(a, |text| {
                    let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), Compression::default());
                    writer.write_all(text.as_bytes()).ok()?;
                    Some(STANDARD.encode(writer.finish().ok()?))
                })
            },
        ),
        Function::new(
            "zlib_decompress_from_base64_string",
            (1, 1),
            "(text) -> string",
            |a| unary::<Text, Text>(a, |text| read_all(flate2::read::ZlibDecoder::new(&*bytes(text)?))),
        ),
    ],
};

fn bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.trim()).ok()
}

fn encode_string(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    unary::<Text, Text>(arguments, |text| Some(STANDARD.encode(text)))
}

/// What is not UTF-8 gives nothing.
fn decode_string(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    unary::<Text, Text>(arguments, |text| String::from_utf8(bytes(text)?).ok())
}

/// The bytes of a guid as .NET has them: the first three fields little-endian. Its own inverse.
fn swapped(guid: [u8; 16]) -> [u8; 16] {
    let mut swapped = guid;
    swapped[..4].reverse();
    swapped[4..6].reverse();
    swapped[6..8].reverse();
    swapped
}

/// The text in compressed bytes, up to a size at which they are taken for malice.
fn read_all(reader: impl Read) -> Option<String> {
    let mut text = String::new();
    let read = reader.take(MAX_DECOMPRESSED + 1).read_to_string(&mut text).ok()?;
    (read as u64 <= MAX_DECOMPRESSED).then_some(text)
}

/// Escapes all but letters, digits and the characters `kept`, with small hexadecimal digits.
fn percent_encoded(text: &str, kept: &str, space: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push_str(space),
            _ if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02x}")),
        }
    }
    encoded
}

/// Undoes escapes; what is no escape stays, and `+` is a space.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let escaped = after
            .get(..2)
            .filter(|_| byte == b'%')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match escaped {
            Some(escaped) => {
                decoded.push(escaped);
                rest = &after[2..];
            }
            None => decoded.push(if byte == b'+' { b' ' } else { byte }),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// 32 MiB: the largest value that the service keeps.
const MAX_DECOMPRESSED: u64 = 32 << 20;

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn base64_goes_both_ways() {
        check("base64_encode_tostring", &["Kusto"], "S3VzdG8=");
        check("base64_decode_tostring", &["S3VzdG8="], "Kusto");
        check("base64_decode_tostring", &["/w=="], "");
        check("base64_decode_tostring", &["no base64"], "");
        check(
            "base64_decode_toarray",
            &["S3VzdG8="],
            "dynamic:[75,117,115,116,111]",
        );
        check(
            "base64_encode_fromguid",
            &["guid:ae3133f2-6e22-49ae-b06a-16e6a9b212eb"],
            "8jMxriJurkmwahbmqbIS6w==",
        );
        check(
            "base64_decode_toguid",
            &["JpbpECu8dUy7Pv5gbeJXAA=="],
            "guid:10e99626-bc2b-4c75-bb3e-fe606de25700",
        );
    }

    #[test]
    fn urls_are_escaped_and_back() {
        check(
            "url_encode",
            &["https://www.bing.com/hello world"],
            "https%3a%2f%2fwww.bing.com%2fhello+world",
        );
        check("url_encode_component", &["a b/ü"], "a%20b%2f%c3%bc");
        check(
            "url_decode",
            &["https%3a%2f%2fwww.bing.com%2f"],
            "https://www.bing.com/",
        );
        check("url_decode", &["100%"], "100%");
        check("url_decode", &["a%zz%e"], "a%zz%e");
    }

    #[test]
    fn compressed_text_is_read() {
        check(
            "zlib_decompress_from_base64_string",
            &["eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4="],
            "Test string 123",
        );
        check(
            "gzip_decompress_from_base64_string",
            &["H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA=="],
            "1234567890qwertyuiop",
        );
        check("zlib_decompress_from_base64_string", &["eJw="], "");
    }
}
