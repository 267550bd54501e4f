//! What `render` asked for, as the service reports it.

use serde_json::Value as Json;

/// The `Visualization` property of a result. Names of columns are as in the result; absent properties are empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Visualization {
    /// `barchart`, `timechart`, …; empty without `render`.
    pub(crate) name: String,
    pub(super) title: String,
    pub(super) x_title: String,
    pub(super) y_title: String,
    pub(super) x_column: String,
    pub(super) y_columns: Vec<String>,
    pub(super) series: Vec<String>,
    /// `default`, `stacked`, …
    pub(super) kind: String,
    pub(super) is_legend_hidden: bool,
    pub(super) x_log: bool,
    pub(super) y_log: bool,
    pub(super) y_range: (Option<f64>, Option<f64>),
}

impl Visualization {
    /// Reads the property's JSON object. What is absent, null or of another type than usual stays empty: a chart
    /// with defaults is better than none.
    pub(crate) fn from_json(text: &str) -> Self {
        let json: Json = serde_json::from_str(text).unwrap_or_default();
        let string = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        let lower = |key: &str| string(key).to_ascii_lowercase();
        Self {
            name: lower("Visualization"),
            title: string("Title"),
            x_title: string("XTitle"),
            y_title: string("YTitle"),
            x_column: string("XColumn"),
            y_columns: strings(&json["YColumns"]),
            series: strings(&json["Series"]),
            kind: lower("Kind"),
            is_legend_hidden: lower("Legend") == "hidden",
            x_log: lower("XAxis") == "log",
            y_log: lower("YAxis") == "log",
            // Unset is the string "NaN" here.
            y_range: (json["Ymin"].as_f64(), json["Ymax"].as_f64()),
        }
    }

    /// Whether the kind is drawn at all.
    pub(crate) fn is_drawn(&self) -> bool {
        super::columns::kind(self).is_some()
    }
}

/// A list of names; some services give them in one string, with commas.
fn strings(json: &Json) -> Vec<String> {
    match json {
        Json::Array(items) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Json::String(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_read_and_unset_ones_are_empty() {
        let text = r#"{"Visualization":"columnchart","Title":"T","XColumn":null,"Series":["a","b"],
            "YColumns":"c, d","Legend":"hidden","XAxis":null,"YAxis":"log","Kind":"stacked","Ymin":"NaN","Ymax":5}"#;
        let expected = Visualization {
            name: "columnchart".to_owned(),
            title: "T".to_owned(),
            series: vec!["a".to_owned(), "b".to_owned()],
            y_columns: vec!["c".to_owned(), "d".to_owned()],
            kind: "stacked".to_owned(),
            is_legend_hidden: true,
            y_log: true,
            y_range: (None, Some(5.0)),
            ..Visualization::default()
        };
        assert_eq!(Visualization::from_json(text), expected);
    }

    #[test]
    fn anything_else_is_no_visualization() {
        for text in ["", "null", "[1]", r#"{"Visualization":null}"#] {
            assert_eq!(Visualization::from_json(text), Visualization::default());
        }
    }
}
