//! A bar chart of the large answers.

use std::fmt::Write;

use super::DATA_SETS;
use super::measure::{Results, Samples};

/// Bars for each data set, the fastest above; it can be read on light and on dark ground.
pub(super) fn svg(results: &Results) -> String {
    let speed = |name: &str, set| results.get("large", name, set).map_or(0.0, Samples::cpu);
    let names: Vec<&str> = BARS
        .iter()
        .copied()
        .filter(|name| DATA_SETS.iter().any(|set| speed(name, set) > 0.0))
        .collect();
    let most = DATA_SETS
        .iter()
        .flat_map(|set| names.iter().map(move |name| (*set, *name)))
        .map(|(set, name)| speed(name, set))
        .fold(1.0, f64::max);
    let group = names.len() * BAR + GAP;
    let height = TOP + DATA_SETS.len() * group;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"12\" role=\"img\">\n<title>Decoding: millions of bytes of JSON a second of processor time</title>\n\
         <style>text {{ fill: #57606a }} .ours {{ fill: #0969da }} .other {{ fill: #8c959f }}</style>\n\
         <text x=\"8\" y=\"20\" font-weight=\"bold\">MB of JSON a second of processor time, large answers</text>\n"
    );
    for (index, set) in DATA_SETS.into_iter().enumerate() {
        let top = TOP + index * group;
        let _ = writeln!(
            svg,
            "<text x=\"8\" y=\"{}\" font-weight=\"bold\">{set}</text>",
            top + BAR - 5
        );
        for (bar, name) in names.iter().enumerate() {
            let (y, speed) = (top + bar * BAR, speed(name, set));
            let width = speed / most * (WIDTH - LEFT - 70) as f64;
            let class = if name.starts_with("kusto") {
                "ours"
            } else {
                "other"
            };
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>\
                 <rect class=\"{class}\" x=\"{LEFT}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\"/>\
                 <text x=\"{:.1}\" y=\"{}\">{}</text>",
                LEFT - 6,
                y + BAR - 5,
                y + 2,
                BAR - 4,
                LEFT as f64 + width + 5.0,
                y + BAR - 5,
                if speed > 0.0 {
                    format!("{speed:.0}")
                } else {
                    "does not fit".to_owned()
                },
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

const BARS: [&str; 8] = [
    "kusto-protocol, recycled",
    "simdjson",
    "sonic-rs",
    "serde_json",
    "simd-json",
    "simd-json-tape",
    "arrow-json",
    "sdk",
];
const WIDTH: usize = 760;
const LEFT: usize = 220;
const TOP: usize = 36;
const BAR: usize = 18;
const GAP: usize = 14;
