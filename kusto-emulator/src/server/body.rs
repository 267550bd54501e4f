//! Request bodies: read as a whole, unpacked, and never larger than what the service takes.

use std::io::Read;

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};

use super::error::Refusal;

/// The longest request body as it is sent, in bytes.
const MAX_BODY: usize = 64 << 20;

/// The most bytes that a compressed body may unpack to.
const MAX_UNPACKED: u64 = 256 << 20;

/// Reads a body. Compression is undone, and its header taken away.
pub(super) async fn read(headers: &mut HeaderMap, body: Incoming) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::too_large(format!("the request body is longer than {MAX_BODY} bytes"));
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(too_large());
    }
    let body = Limited::new(body, MAX_BODY).collect().await;
    let body = body
        .map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => too_large(),
            None => Refusal::bad_request(format!("the request body did not arrive: {error}")),
        })?
        .to_bytes();
    let Some(coding) = headers.remove(CONTENT_ENCODING) else {
        return Ok(body);
    };
    let coding = String::from_utf8_lossy(coding.as_bytes())
        .trim()
        .to_ascii_lowercase();
    let unpacking = tokio::task::spawn_blocking(move || unpack(&coding, body, MAX_UNPACKED));
    unpacking
        .await
        .unwrap_or_else(|error| Err(Refusal::internal(error.to_string())))
}

fn unpack(coding: &str, body: Bytes, max_bytes: u64) -> Result<Bytes, Refusal> {
    let packed = &body[..];
    let unpacked: &mut dyn Read = match coding {
        "" | "identity" => return Ok(body),
        "gzip" | "x-gzip" => &mut MultiGzDecoder::new(packed),
        "deflate" if is_zlib(packed) => &mut ZlibDecoder::new(packed),
        "deflate" => &mut DeflateDecoder::new(packed),
        other => return Err(Refusal::unsupported_coding(other)),
    };
    let mut text = Vec::new();
    unpacked
        .take(max_bytes + 1)
        .read_to_end(&mut text)
        .map_err(|error| Refusal::bad_request(format!("the body is not valid {coding}: {error}")))?;
    if text.len() as u64 > max_bytes {
        return Err(Refusal::too_large(format!(
            "the request body unpacks to more than {max_bytes} bytes"
        )));
    }
    Ok(text.into())
}

/// Whether deflated data begins as RFC 1950 has it. Many leave that wrapper out.
fn is_zlib(packed: &[u8]) -> bool {
    match packed {
        [method, flags, ..] => method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

    fn gzip(text: &[u8]) -> Bytes {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap().into()
    }

    #[test]
    fn gzip_zlib_and_bare_deflate_are_undone() {
        let text = b"print x = 1".as_slice();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(text).unwrap();
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
        deflate.write_all(text).unwrap();
        let bodies = [
            ("gzip", gzip(text)),
            ("deflate", zlib.finish().unwrap().into()),
            ("deflate", deflate.finish().unwrap().into()),
            ("identity", Bytes::from_static(text)),
        ];
        for (coding, body) in bodies {
            assert_eq!(unpack(coding, body, 100).unwrap(), text, "{coding}");
        }
    }

    #[test]
    fn bytes_that_do_not_unpack_and_codings_unknown_are_refused() {
        assert!(unpack("gzip", Bytes::from_static(b"plain"), 100).is_err());
        assert!(unpack("br", Bytes::from_static(b"plain"), 100).is_err());
    }

    #[test]
    fn a_body_that_unpacks_to_too_much_is_refused() {
        assert!(unpack("gzip", gzip(&[0; 1000]), 1000).is_ok());
        let refusal = unpack("gzip", gzip(&[0; 1001]), 1000).unwrap_err();
        assert!(format!("{refusal:?}").contains("unpacks to more than 1000 bytes"));
    }
}
