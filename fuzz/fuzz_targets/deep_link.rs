//! A deep link is read or refused; what was read and can be written reads back, in both forms.

#![no_main]

use kusto_protocol::{DeepLink, QueryEncoding};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(link) = text.parse::<DeepLink>() else {
        return;
    };
    for encoding in [
        QueryEncoding::Plain,
        QueryEncoding::Compact,
        QueryEncoding::Fitting,
    ] {
        let link = link.clone().query_encoding(encoding);
        for url in [link.to_url(), link.to_web_explorer_url()].into_iter().flatten() {
            let read = url.parse::<DeepLink>().expect("what is written can be read");
            assert_eq!(read.query_encoding(encoding), link, "{url}");
        }
    }
});
