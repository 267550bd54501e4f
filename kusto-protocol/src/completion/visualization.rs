use serde::Serialize;
use serde::ser::Serializer;
use serde_json::Value;

use crate::Dynamic;

/// How a result asks to be drawn: what the query's `render` operator says.
///
/// A query without `render` gets one too, with no [`visualization`](Self::visualization). Serialises as the JSON
/// object of the service, in its order.
///
/// ```
/// use kusto_protocol::Visualization;
///
/// let visualization = Visualization::from_json(
///     r#"{"Visualization":"timechart","Title":"Storms","YColumns":"n, m","Ymin":"NaN","Ymax":10}"#,
/// ).unwrap();
/// assert_eq!(visualization.visualization.as_deref(), Some("timechart"));
/// assert_eq!(visualization.y_columns, ["n", "m"]);
/// assert_eq!((visualization.y_min, visualization.y_max), (None, Some(10.0)));
/// ```
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Visualization {
    /// The kind of chart: `timechart`, `piechart`, `table`, … An open set.
    pub visualization: Option<String>,
    /// The heading.
    pub title: Option<String>,
    /// The column on the x axis.
    pub x_column: Option<String>,
    /// The columns that tell series apart.
    #[serde(serialize_with = "list_or_null")]
    pub series: Vec<String>,
    /// The columns on the y axis.
    #[serde(serialize_with = "list_or_null")]
    pub y_columns: Vec<String>,
    /// The columns that mark anomalies.
    #[serde(serialize_with = "list_or_null")]
    pub anomaly_columns: Vec<String>,
    /// The label of the x axis.
    pub x_title: Option<String>,
    /// The label of the y axis.
    pub y_title: Option<String>,
    /// `linear` or `log`.
    pub x_axis: Option<String>,
    /// `linear` or `log`.
    pub y_axis: Option<String>,
    /// `visible` or `hidden`.
    pub legend: Option<String>,
    /// `none`, `axes` or `panels`.
    pub y_split: Option<String>,
    /// Whether each value is added to those before it.
    pub accumulate: bool,
    /// Whether the rows are sorted already.
    pub is_query_sorted: bool,
    /// `default`, `unstacked`, `stacked`, `stacked100` or `map`.
    pub kind: Option<String>,
    /// The low end of the y axis.
    #[serde(rename = "Ymin", serialize_with = "number_or_nan")]
    pub y_min: Option<f64>,
    /// The high end of the y axis.
    #[serde(rename = "Ymax", serialize_with = "number_or_nan")]
    pub y_max: Option<f64>,
    /// The low end of the x axis, of the type of its column.
    #[serde(rename = "Xmin")]
    pub x_min: Option<Value>,
    /// The high end of the x axis, of the type of its column.
    #[serde(rename = "Xmax")]
    pub x_max: Option<Value>,
}

impl Visualization {
    /// Reads the property's JSON; `None` if it is no object. Members that are missing or of another type than
    /// expected are left empty. Lists are accepted as arrays and as text with commas; both have been seen.
    pub fn from_json(text: &str) -> Option<Self> {
        let json: Value = Dynamic::new(text).deserialize().ok()?;
        json.is_object().then(|| Self::from_value(&json))
    }

    pub(super) fn from_value(json: &Value) -> Self {
        let text = |name: &str| {
            let text = json.get(name)?.as_str()?;
            Some(text.to_owned()).filter(|text| !text.is_empty())
        };
        let flag = |name: &str| json.get(name).and_then(Value::as_bool).unwrap_or_default();
        let number = |name: &str| json.get(name).and_then(Value::as_f64);
        let any = |name: &str| json.get(name).filter(|value| !value.is_null()).cloned();
        let list = |name: &str| match json.get(name) {
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect(),
            Some(Value::String(text)) => text
                .split(',')
                .map(|item| item.trim().to_owned())
                .filter(|item| !item.is_empty())
                .collect(),
            _ => Vec::new(),
        };
        Self {
            visualization: text("Visualization"),
            title: text("Title"),
            x_column: text("XColumn"),
            series: list("Series"),
            y_columns: list("YColumns"),
            anomaly_columns: list("AnomalyColumns"),
            x_title: text("XTitle"),
            y_title: text("YTitle"),
            x_axis: text("XAxis"),
            y_axis: text("YAxis"),
            legend: text("Legend"),
            y_split: text("YSplit"),
            accumulate: flag("Accumulate"),
            is_query_sorted: flag("IsQuerySorted"),
            kind: text("Kind"),
            y_min: number("Ymin"),
            y_max: number("Ymax"),
            x_min: any("Xmin"),
            x_max: any("Xmax"),
        }
    }
}

fn list_or_null<S: Serializer>(list: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    Some(list).filter(|list| !list.is_empty()).serialize(serializer)
}

/// The service writes an end of the y axis that is not set as `"NaN"`.
fn number_or_nan<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => serializer.serialize_f64(*number),
        None => serializer.serialize_str("NaN"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_the_service_writes() {
        let text = concat!(
            r#"{"Visualization":null,"Title":null,"XColumn":null,"Series":null,"YColumns":null,"#,
            r#""AnomalyColumns":null,"XTitle":null,"YTitle":null,"XAxis":null,"YAxis":null,"Legend":null,"#,
            r#""YSplit":null,"Accumulate":false,"IsQuerySorted":false,"Kind":null,"Ymin":"NaN","Ymax":"NaN","#,
            r#""Xmin":null,"Xmax":null}"#,
        );
        assert_eq!(serde_json::to_string(&Visualization::default()).unwrap(), text);
        assert_eq!(Visualization::from_json(text), Some(Visualization::default()));
    }

    #[test]
    fn a_visualization_comes_back() {
        let visualization = Visualization {
            visualization: Some("columnchart".to_owned()),
            series: vec!["a".to_owned(), "b, c".to_owned()],
            accumulate: true,
            y_max: Some(1.5),
            x_min: Some(Value::from("2020-01-01")),
            ..Visualization::default()
        };
        let text = serde_json::to_string(&visualization).unwrap();
        assert_eq!(Visualization::from_json(&text), Some(visualization));
    }

    #[test]
    fn what_is_no_object_is_no_visualization() {
        for text in ["", "null", "chart", "[1]"] {
            assert_eq!(Visualization::from_json(text), None);
        }
    }
}
