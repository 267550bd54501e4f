//! The words that Tab completes.

use std::time::Duration;

use kusto_client::Client;

use crate::connect::Target;

/// Names of the tables, columns and functions of a database; none if the service does not tell them soon.
pub(crate) async fn of_database(target: &Target) -> Vec<String> {
    let names = names(&target.client, &target.database);
    let mut names = tokio::time::timeout(PATIENCE, names).await.unwrap_or_default();
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    names
}

async fn names(client: &Client, database: &str) -> Vec<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Row {
        table_name: Option<String>,
        column_name: Option<String>,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Function {
        name: String,
    }
    let schema = client.mgmt(".show database schema").database(database);
    let functions = client.mgmt(".show functions").database(database);
    let rows: Vec<Row> = schema.fetch_all().await.unwrap_or_default();
    let functions: Vec<Function> = functions.fetch_all().await.unwrap_or_default();
    let columns = rows
        .into_iter()
        .flat_map(|row| [row.table_name, row.column_name])
        .flatten();
    columns
        .chain(functions.into_iter().map(|function| function.name))
        .collect()
}

/// Where the word before the cursor begins, and what it can become: after a bar an operator, else a name.
pub(crate) fn complete(before: &str, names: &[String]) -> (usize, Vec<String>) {
    let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '#');
    let start = before
        .char_indices()
        .rev()
        .take_while(|(_, character)| is_part(*character))
        .last()
        .map_or(before.len(), |(index, _)| index);
    let word = &before[start..];
    let fits = |candidate: &&str| candidate.len() > word.len() && begins(candidate, word);
    let operators = OPERATORS.split(' ').filter(fits);
    if before[..start].trim_end().ends_with('|') {
        return (start, operators.map(str::to_owned).collect());
    }
    if word.is_empty() {
        return (start, Vec::new());
    }
    let names = names.iter().map(String::as_str).filter(fits);
    let functions = FUNCTIONS.split(' ').filter(fits);
    let directives = DIRECTIVES.split(' ').filter(fits);
    (
        start,
        names
            .chain(functions)
            .chain(directives)
            .map(str::to_owned)
            .collect(),
    )
}

/// As people type: without regard to case.
fn begins(candidate: &str, word: &str) -> bool {
    candidate
        .get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// How long a person waits for the names before the first prompt.
const PATIENCE: Duration = Duration::from_secs(3);

const DIRECTIVES: &str = "#connect #crp #dbcontext #help #qp #quit #save #script";

const OPERATORS: &str = "\
    as consume count distinct evaluate extend facet find fork getschema graph-match invoke join lookup make-graph \
    make-series mv-apply mv-expand order parse parse-kv parse-where partition project project-away project-keep \
    project-rename project-reorder reduce render sample sample-distinct scan search serialize sort summarize take \
    top top-hitters top-nested union where";

/// Functions, aggregates and other words that queries begin with or hold.
const FUNCTIONS: &str = "\
    abs ago all arg_max arg_min array_concat array_iff array_index_of array_length array_reverse array_slice \
    array_sort_asc array_sort_desc array_split array_sum asc avg avgif bag_has_key bag_keys bag_merge bag_pack \
    bag_pack_columns bag_remove_keys base64_decode_toarray base64_decode_tostring base64_decodestring \
    base64_encode_tostring base64_encodestring between bin bin_at bin_auto binary_all_and binary_all_or binary_and \
    binary_shift_left binary_xor bool buildschema case ceiling cluster coalesce column_ifexists contains count \
    count_distinct countif countof database datatable datepart datetime datetime_add datetime_diff \
    datetime_local_to_utc datetime_part dayofmonth dayofweek dayofyear dcount dcount_hll dcountif decimal declare \
    desc dynamic dynamic_to_json endofday endofmonth endofyear endswith estimate_data_size exp10 externaldata \
    extract extract_all extract_json extractall format_bytes format_datetime format_ipv4 format_ipv4_mask \
    format_timespan geo_distance_2points geo_info_from_ip_address getmonth gettype getyear guid has has_all has_any \
    has_any_ipv4_prefix hash hasprefix hassuffix hll hll_merge hourofday iff in indexof indexof_regex \
    ingestion_time int in~ ipv4_is_in_any_range ipv4_is_in_range ipv4_is_private ipv4_netmask_suffix \
    ipv6_is_in_any_range ipv6_is_in_range iscolumnexists isempty isnan isnotempty isnotnull isnull jaccard_index \
    kind let log log10 log2 long make_bag make_bag_if make_datetime make_list make_list_if make_set make_set_if \
    make_string make_timespan matches materialize max max_of maxif min min_of minif new_guid next not now nulls \
    pack_all pack_array parse_command_line parse_csv parse_ipv4 parse_ipv6 parse_ipv6_mask parse_json parse_path \
    parse_url parse_user_agent parse_version parse_xml percentile percentiles percentiles_array pow prev print \
    query_parameters rand range real regex_quote repeat replace_regex replace_string replace_strings round \
    row_cumsum row_number series_decompose series_decompose_anomalies series_decompose_forecast series_fill_const \
    series_fit_2lines series_fit_line series_periods_detect series_stats series_stats_dynamic set set_difference \
    set_has_element set_intersect set_union sign split startofday startofmonth startofweek startofyear startswith \
    stdev stdevif strcat strcat_array strcmp string string_size strlen strrep substring sum sumif table take_any \
    take_anyif timespan tobool todatetime todecimal toguid tohex toint tolong tolower toobject toreal toscalar \
    tostring totime totimespan toupper translate trim trim_end trim_start unicode_codepoints_from_string union \
    unixtime_milliseconds_todatetime url_decode url_encode url_encode_component varianceif view week_of_year \
    welch_test with zlib_decompress_from_base64_string";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_completed_by_their_place() {
        let names = ["StormEvents".to_owned(), "State".to_owned()];
        assert_eq!(complete("st", &names).1[..2], ["StormEvents", "State"]);
        assert_eq!(complete("T | su", &names), (4, vec!["summarize".to_owned()]));
        assert_eq!(
            complete("T | extend x = tolo", &names),
            (15, vec!["tolong".to_owned(), "tolower".to_owned()])
        );
        assert_eq!(complete("#db", &names), (0, vec!["#dbcontext".to_owned()]));
        assert_eq!(complete("T ", &names), (2, Vec::new()));
    }

    #[test]
    fn lists_are_in_order() {
        for list in [DIRECTIVES, OPERATORS, FUNCTIONS] {
            assert!(list.split(' ').is_sorted());
        }
    }
}
