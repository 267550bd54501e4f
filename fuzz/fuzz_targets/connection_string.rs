//! A connection string is read or refused; what was read, written and read again is the same, and prints no secret.

#![no_main]

use kusto_protocol::ConnectionString;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(string) = text.parse::<ConnectionString>() else {
        return;
    };
    let written = string.to_string_with_secrets();
    assert_eq!(
        written.parse::<ConnectionString>().as_ref(),
        Ok(&string),
        "{written}"
    );
    // Without its secrets a string may miss something, but it is still text of the same grammar.
    let shown = string.to_string();
    if let Ok(read) = shown.parse::<ConnectionString>() {
        assert_eq!(read.to_string(), shown);
    }
});
