//! `kusto ingest`

use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use kusto_client::{IngestionProperties, Source};
use kusto_protocol::DataFormat;

use crate::args::IngestArguments;
use crate::connect;
use crate::failure::{self, Failure};

pub(crate) async fn run(arguments: IngestArguments) -> Result<(), Failure> {
    // All arguments are checked before the first byte is sent.
    let mut formats = Vec::with_capacity(arguments.files.len());
    for file in &arguments.files {
        formats.push(format_of(file, arguments.data_format)?);
    }
    let (client, database) = connect::client(&arguments.connection)?;
    let streaming = client.streaming_ingest();
    for (file, format) in arguments.files.iter().zip(formats) {
        let named = |error: String| Failure::new(format!("{}: {error}", file.display()));
        let source = source(file, arguments.skip_header).map_err(|error| named(error.to_string()))?;
        let mut properties = IngestionProperties::new(&database, &arguments.table).format(format);
        if let Some(mapping) = &arguments.mapping {
            properties = properties.mapping_reference(mapping);
        }
        streaming
            .ingest(source, &properties)
            .await
            .map_err(|error| named(failure::with_cause(&error)))?;
        if !arguments.quiet.quiet {
            eprintln!("{}: ingested into {}", file.display(), arguments.table);
        }
    }
    Ok(())
}

fn format_of(file: &Path, given: Option<DataFormat>) -> Result<DataFormat, Failure> {
    given
        .or_else(|| DataFormat::from_file_name(file.to_str()?))
        .ok_or_else(|| {
            Failure::usage(format!(
                "{}: the name does not say which format; add --data-format",
                file.display()
            ))
        })
}

fn source(file: &Path, skip_header: bool) -> std::io::Result<Source> {
    let is_stdin = file == Path::new("-");
    if !is_stdin && !skip_header {
        return Ok(Source::file(file));
    }
    let mut bytes = Vec::new();
    if is_stdin {
        std::io::stdin().read_to_end(&mut bytes)?;
    } else if file.extension().is_some_and(|extension| extension == "gz") {
        MultiGzDecoder::new(File::open(file)?).read_to_end(&mut bytes)?;
    } else {
        File::open(file)?.read_to_end(&mut bytes)?;
    }
    if skip_header {
        bytes.drain(..header_length(&bytes));
    }
    Ok(Source::bytes(bytes))
}

/// Bytes of the first record, with its line feed; line feeds in quotes do not end it.
fn header_length(bytes: &[u8]) -> usize {
    let mut is_quoted = false;
    let end = bytes.iter().position(|byte| {
        is_quoted ^= *byte == b'"';
        *byte == b'\n' && !is_quoted
    });
    end.map_or(bytes.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_end_at_the_first_line_feed_outside_of_quotes() {
        assert_eq!(header_length(b"a,b\n1,2\n"), 4);
        assert_eq!(header_length(b"\"a\nb\",c\n1,2\n"), 8);
        assert_eq!(header_length(b"a,b"), 3);
        assert_eq!(header_length(b""), 0);
    }

    #[test]
    fn formats_are_known_by_the_name_unless_given() {
        assert_eq!(format_of(Path::new("a.json.gz"), None).unwrap(), DataFormat::Json);
        assert_eq!(
            format_of(Path::new("-"), Some(DataFormat::Csv)).unwrap(),
            DataFormat::Csv
        );
        assert_eq!(format_of(Path::new("-"), None).unwrap_err().exit_code(), 2);
    }
}
