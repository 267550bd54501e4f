//! Compact queries: base64 of gzip.

use std::io::{Read, Write};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};

use super::{DeepLink, WHAT};
use crate::parse_error::{ParseError, ParseErrorKind};

pub(super) fn pack(text: &str) -> String {
    // No time and no name, so that equal texts give equal links; 3 (Unix) stands for any system.
    let mut gzip = GzBuilder::new()
        .mtime(0)
        .operating_system(3)
        .write(Vec::new(), Compression::best());
    let packed = gzip.write_all(text.as_bytes()).and_then(|()| gzip.finish());
    BASE64.encode(packed.expect("writing to a Vec does not fail"))
}

pub(super) fn unpack(value: &str) -> Result<String, ParseError> {
    if !value.starts_with(GZIP_IN_BASE64) {
        return Ok(value.to_owned());
    }
    let standard: String = value
        .chars()
        .map(|c| match c {
            ' ' | '-' => '+',
            '_' => '/',
            _ => c,
        })
        .collect();
    let Ok(packed) = BASE64.decode(standard.trim_end()) else {
        return Ok(value.to_owned());
    };
    let mut text = Vec::new();
    // One byte more than allowed tells a text of the limit from one beyond it; reading to the end checks the sum.
    let limit = DeepLink::MAX_QUERY as u64 + 1;
    let read = GzDecoder::new(packed.as_slice())
        .take(limit)
        .read_to_end(&mut text);
    if text.len() > DeepLink::MAX_QUERY {
        let message = format!("the query unpacks to more than {} bytes", DeepLink::MAX_QUERY);
        return Err(ParseError::new(WHAT, ParseErrorKind::TooLarge, None, message));
    }
    match (read, String::from_utf8(text)) {
        (Ok(_), Ok(text)) => Ok(text),
        _ => Ok(value.to_owned()),
    }
}

/// Reads with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The bytes `1f 8b 08`: gzip, deflate.
const GZIP_IN_BASE64: &str = "H4sI";
