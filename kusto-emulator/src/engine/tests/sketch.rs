//! `hll`, `tdigest`, `buildschema`.

use super::check;

#[test]
fn distinct_counts_can_be_put_together() {
    check(
        "range x from 1 to 10 step 1 | extend y = x + 5 | summarize a = hll(x), b = hll(y), c = hll_if(x, x > 8) by x % 2
         | project p = dcount_hll(hll_merge(a, b)), c = dcount_hll(c)",
        "p:long | c:long\n 10 | 1\n 10 | 1",
    );
    check(
        "range x from 1 to 10 step 1 | summarize h = hll(x, 4) by x | summarize hll_merge(h) | project dcount_hll(hll_merge_h)",
        "dcount_hll_hll_merge_h:long\n 10",
    );
    check(
        "Empty | summarize hll(x), tdigest(x), buildschema(todynamic(tostring(x)))",
        "hll_x:dynamic | tdigest_x:dynamic | schema_x:dynamic\n null | null | null",
    );
}

#[test]
fn percentiles_can_be_put_together() {
    check(
        "range x from 1 to 100 step 1 | summarize t = tdigest(x) by x % 3 | summarize merge_tdigest(t)
         | project percentile_tdigest(merge_tdigests_t, 50), rank = rank_tdigest(merge_tdigests_t, 25),
             r = percentile_tdigest(merge_tdigests_t, 99, typeof(int))",
        "percentile_tdigest_merge_tdigests_t:dynamic | rank:real | r:int\n 50 | 25.0 | 99",
    );
    check(
        "datatable(t: timespan, w: long)[1h, 1, 2h, 10] | summarize d = tdigest(t, w) | project p = percentile_tdigest(d, 50, typeof(timespan))",
        "p:timespan\n 02:00:00",
    );
}

#[test]
fn schemas_name_every_alternative() {
    check(
        r#"datatable(d: dynamic)[dynamic({"x": 1, "y": 3.5}), dynamic({"x": "text", "z": [1, 2, 3]}), dynamic({"y": {"w": "zzz"}, "t": ["aa", "bb"], "z": ["foo"]})]
           | summarize buildschema(d)"#,
        r#"schema_d:dynamic
           {"x":["long","string"],"y":["double",{"w":"string"}],"z":{"`indexer`":["long","string"]},"t":{"`indexer`":"string"}}"#,
    );
}
