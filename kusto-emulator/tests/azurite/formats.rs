//! File, blob, queue or REST API, table, and a query back: every format that the service reads, with mappings and
//! without.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_avro::writer::AvroWriter;
use kusto_client::{ColumnMapping, Mapping};
use kusto_protocol::MappingKind;
use parquet::arrow::ArrowWriter;

use super::*;

const ROWS: i64 = 1000;

fn batch() -> RecordBatch {
    let names: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(name)));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS));
    RecordBatch::try_from_iter([("name", names), ("n", numbers)]).unwrap()
}

/// Words outside of ASCII go through as well.
fn name(n: i64) -> String {
    format!("rów {n}")
}

fn parquet() -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch().schema(), None).unwrap();
    writer.write(&batch()).unwrap();
    writer.into_inner().unwrap()
}

fn avro() -> Vec<u8> {
    let mut writer = AvroWriter::new(Vec::new(), batch().schema().as_ref().clone()).unwrap();
    writer.write(&batch()).unwrap();
    writer.finish().unwrap();
    writer.into_inner()
}

fn text(line: impl Fn(i64) -> String) -> Vec<u8> {
    (0..ROWS).map(line).collect::<String>().into_bytes()
}

/// The data of each format, in columns `name` and `n`.
fn data() -> Vec<(DataFormat, Vec<u8>)> {
    let separated = |separator: char| text(move |n| format!("{}{separator}{n}\n", name(n)));
    let json = |end: &'static str| text(move |n| format!("{{\"name\":\"{}\",\"n\":{n}}}{end}", name(n)));
    let array = [&b"["[..], &json(",")[..], b"{\"name\":\"last\",\"n\":-1}]"].concat();
    vec![
        (DataFormat::Csv, separated(',')),
        (DataFormat::Tsv, separated('\t')),
        (DataFormat::Tsve, separated('\t')),
        (DataFormat::Psv, separated('|')),
        (DataFormat::Scsv, separated(';')),
        (DataFormat::Sohsv, separated('\u{1}')),
        (DataFormat::Json, json("\n")),
        (DataFormat::MultiJson, json("\n\n")),
        (DataFormat::MultiJson, array),
        (DataFormat::Parquet, parquet()),
        (DataFormat::Avro, avro()),
        (DataFormat::ApacheAvro, avro()),
    ]
}

/// A mapping that puts the fields into the columns of another table.
fn mapping(format: DataFormat) -> Mapping {
    let kind = format.mapping_kind();
    let columns = match kind {
        MappingKind::Csv => [ColumnMapping::ordinal("b", 0), ColumnMapping::ordinal("a", 1)],
        MappingKind::Json => [
            ColumnMapping::path("b", "$.name"),
            ColumnMapping::path("a", "$['n']"),
        ],
        _ => [ColumnMapping::field("b", "name"), ColumnMapping::path("a", "$.n")],
    };
    let from = ColumnMapping::constant("from", format.name());
    Mapping::new(kind, columns.into_iter().chain([from]))
}

/// How many rows, and what they come to.
fn checksum(rows: &[(String, i64)]) -> (usize, u64) {
    let of_row = |row: &(String, i64)| {
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        hasher.finish()
    };
    (
        rows.len(),
        rows.iter()
            .fold(0, |sum, row| u64::wrapping_add(sum, of_row(row))),
    )
}

fn expected(data: &[u8]) -> (usize, u64) {
    let mut rows: Vec<(String, i64)> = (0..ROWS).map(|n| (name(n), n)).collect();
    if data.starts_with(b"[") {
        rows.push(("last".to_owned(), -1));
    }
    checksum(&rows)
}

/// The data as a file whose name says the format, compressed or not.
fn file(folder: &Path, format: DataFormat, data: &[u8], is_gzip: bool) -> Source {
    let packing = if is_gzip { ".gz" } else { "" };
    let path = folder.join(format!("rows.{}{packing}", format.file_extension()));
    if is_gzip {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        std::fs::write(&path, encoder.finish().unwrap()).unwrap();
    } else {
        std::fs::write(&path, data).unwrap();
    }
    Source::file(path)
}

impl Setup {
    /// Ingests a file by one of the ways, and gives the checksum of what the query finds.
    async fn round_trip(
        &self,
        client: &QueuedIngestClient,
        source: Source,
        properties: IngestionProperties,
        query: &str,
    ) -> (usize, u64) {
        let label = format!("{source:?}");
        let status = ingest(client, source, properties).await;
        assert_eq!(status, IngestionStatus::Succeeded, "{label}");
        checksum(&self.rows(query).await)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_arrives_whole() {
    let Some(setup) = Setup::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    for (client, is_gzip) in setup.ways().into_iter().zip([false, true]) {
        for (format, data) in data() {
            setup.clear("T").await;
            let is_gzip = is_gzip && format.is_compressible();
            let source = file(folder.path(), format, &data, is_gzip);
            // The name says it but for formats that share an extension.
            let mut properties = IngestionProperties::new(DEFAULT_DATABASE, "T").tracking(true);
            if DataFormat::from_file_name(&format!("x.{}", format.file_extension())) != Some(format) {
                properties = properties.format(format);
            }
            let found = setup.round_trip(client, source, properties, "T").await;
            assert_eq!(found, expected(&data), "{format}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_arrives_whole_through_a_mapping() {
    let Some(setup) = Setup::start().await else { return };
    let command = ".create table M (a: long, from: string, b: string)";
    setup.client.mgmt(command).data_set().await.unwrap();
    let direct = setup.client.direct_ingest("M");
    let folder = tempfile::tempdir().unwrap();
    for (format, data) in data() {
        for (client, is_named) in setup.ways().into_iter().zip([false, true]) {
            setup.clear("M").await;
            let properties = IngestionProperties::new(DEFAULT_DATABASE, "M")
                .format(format)
                .tracking(true);
            let properties = if is_named {
                direct.create_mapping("m", &mapping(format)).await.unwrap();
                properties.mapping_reference("m")
            } else {
                properties.mapping(mapping(format))
            };
            let source = file(folder.path(), format, &data, false);
            let query = format!("M | where from == '{format}' | project b, a");
            let found = setup.round_trip(client, source, properties, &query).await;
            assert_eq!(found, expected(&data), "{format}, named: {is_named}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_without_cells_and_single_objects_arrive_whole() {
    let Some(setup) = Setup::start().await else { return };
    let command = ".create table L (text: string, n: long)";
    setup.client.mgmt(command).data_set().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let lines = text(|n| format!("{}, with a comma\n", name(n)));
    let each: Vec<(String, i64)> = (0..ROWS)
        .map(|n| (format!("{}, with a comma", name(n)), 0))
        .collect();
    let whole = String::from_utf8(lines.clone()).unwrap();
    let ordinal = Mapping::new(MappingKind::Csv, [ColumnMapping::ordinal("text", 0)]);
    for client in setup.ways() {
        for mapping in [None, Some(&ordinal)] {
            for (format, expected) in [
                (DataFormat::Txt, each.clone()),
                (DataFormat::Raw, vec![(whole.clone(), 0)]),
            ] {
                setup.clear("L").await;
                let mut properties = IngestionProperties::new(DEFAULT_DATABASE, "L").tracking(true);
                if let Some(mapping) = mapping {
                    properties = properties.mapping(mapping.clone());
                }
                let source = file(folder.path(), format, &lines, false);
                let query = "L | project text, n = coalesce(n, 0)";
                let found = setup.round_trip(client, source, properties, query).await;
                assert_eq!(found, checksum(&expected), "{format}");
            }
        }
        setup.clear("L").await;
        let properties = IngestionProperties::new(DEFAULT_DATABASE, "L")
            .format(DataFormat::SingleJson)
            .tracking(true);
        let source = file(
            folder.path(),
            DataFormat::SingleJson,
            b"{\"text\":\n\"a\",\n\"n\": 1}",
            false,
        );
        let found = setup.round_trip(client, source, properties, "L").await;
        assert_eq!(found, checksum(&[("a".to_owned(), 1)]));
    }
}

/// The service reads none of these; what the client sends of them is in the tests of its crate.
#[tokio::test(flavor = "multi_thread")]
async fn formats_that_the_service_does_not_read_are_refused_by_name() {
    let Some(setup) = Setup::start().await else { return };
    for (format, data) in [
        (DataFormat::Orc, "ORC…"),
        (DataFormat::W3cLogFile, "#Version: 1.0\n"),
        (DataFormat::SStream, "…"),
    ] {
        for client in setup.ways() {
            let status = ingest(client, Source::bytes(data), properties(format)).await;
            let IngestionStatus::Failed(failure) = status else {
                panic!("{format}: {status:?}");
            };
            assert_eq!(failure.code.as_deref(), Some("BadRequest_FormatNotSupported"));
            assert!(failure.details.unwrap().contains(format.name()));
        }
    }
}
