//! `render`: how a client is asked to draw the result. The rows do not change.

use kusto_kql::ast::{Expression, ExpressionKind, Render};
use serde_json::{Value as Json, json};

use super::{Binder, Result};
use crate::plan::Plan;

/// What `render` asked for, as the service reports it in the `QueryProperties` table. Without `render` all is
/// left open.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Visualization {
    /// The chart: `timechart`.
    pub(crate) visualization: Option<String>,
    /// `title`.
    pub(crate) title: Option<String>,
    /// `xcolumn`: the column of the x axis.
    pub(crate) x_column: Option<String>,
    /// `series`: the columns that make a series each.
    pub(crate) series: Option<Vec<String>>,
    /// `ycolumns`: the columns of the y axis.
    pub(crate) y_columns: Option<Vec<String>>,
    /// `anomalycolumns`.
    pub(crate) anomaly_columns: Option<Vec<String>>,
    /// `xtitle`.
    pub(crate) x_title: Option<String>,
    /// `ytitle`.
    pub(crate) y_title: Option<String>,
    /// `xaxis`: `linear` or `log`.
    pub(crate) x_axis: Option<String>,
    /// `yaxis`: `linear` or `log`.
    pub(crate) y_axis: Option<String>,
    /// `legend`: `visible` or `hidden`.
    pub(crate) legend: Option<String>,
    /// `ysplit`: `none`, `axes` or `panels`.
    pub(crate) y_split: Option<String>,
    /// `accumulate`: whether each value is added to those before it.
    pub(crate) accumulate: bool,
    /// Whether the query sorted its rows itself.
    pub(crate) is_query_sorted: bool,
    /// `kind`: `default`, `unstacked`, `stacked`, `stacked100`, `map`.
    pub(crate) kind: Option<String>,
    /// `ymin`.
    pub(crate) y_min: Option<f64>,
    /// `ymax`.
    pub(crate) y_max: Option<f64>,
    /// `xmin`, as the query writes it.
    pub(crate) x_min: Option<String>,
    /// `xmax`, as the query writes it.
    pub(crate) x_max: Option<String>,
}

impl Visualization {
    /// The JSON that the service puts into the `QueryProperties` table under the key `Visualization`.
    pub(crate) fn to_json(&self) -> String {
        let number = |value: Option<f64>| value.map_or_else(|| json!("NaN"), |value| json!(value));
        json!({
            "Visualization": self.visualization,
            "Title": self.title,
            "XColumn": self.x_column,
            "Series": self.series,
            "YColumns": self.y_columns,
            "AnomalyColumns": self.anomaly_columns,
            "XTitle": self.x_title,
            "YTitle": self.y_title,
            "XAxis": self.x_axis,
            "YAxis": self.y_axis,
            "Legend": self.legend,
            "YSplit": self.y_split,
            "Accumulate": self.accumulate,
            "IsQuerySorted": self.is_query_sorted,
            "Kind": self.kind,
            "Ymin": number(self.y_min),
            "Ymax": number(self.y_max),
            "Xmin": self.x_min.as_ref().map_or(Json::Null, |text| json!(text)),
            "Xmax": self.x_max.as_ref().map_or(Json::Null, |text| json!(text)),
        })
        .to_string()
    }
}

impl Binder<'_> {
    /// What a `render` asks for.
    pub(super) fn visualization(&mut self, render: &Render, input: &Plan) -> Result<Visualization> {
        let mut visualization = Visualization {
            visualization: Some(render.chart.text.to_lowercase()),
            is_query_sorted: input.serialized,
            ..Visualization::default()
        };
        for property in &render.properties {
            let texts: Vec<String> = property
                .values
                .iter()
                .map(|value| self.property_text(value))
                .collect();
            let first = texts.first().cloned();
            let list = || {
                let names = texts.iter().flat_map(|text| text.split(','));
                Some(names.map(|name| name.trim().to_owned()).collect())
            };
            let number = || first.as_deref().and_then(|text| text.parse().ok());
            match property.name.text.to_lowercase().as_str() {
                "title" => visualization.title = first,
                "xcolumn" => visualization.x_column = first,
                "series" => visualization.series = list(),
                "ycolumns" => visualization.y_columns = list(),
                "anomalycolumns" => visualization.anomaly_columns = list(),
                "xtitle" => visualization.x_title = first,
                "ytitle" => visualization.y_title = first,
                "xaxis" => visualization.x_axis = first,
                "yaxis" => visualization.y_axis = first,
                "legend" => visualization.legend = first,
                "ysplit" => visualization.y_split = first,
                "accumulate" => visualization.accumulate = first.as_deref() == Some("true"),
                "kind" => visualization.kind = first,
                "ymin" => visualization.y_min = number(),
                "ymax" => visualization.y_max = number(),
                "xmin" => visualization.x_min = first,
                "xmax" => visualization.x_max = first,
                other => {
                    let what = format!("the property '{other}' of 'render'");
                    return Err(self.unsupported(property.span, what));
                }
            }
        }
        Ok(visualization)
    }

    /// The text of a property: a bare word, or a constant.
    fn property_text(&mut self, value: &Expression) -> String {
        match &value.kind {
            ExpressionKind::Name(name) => name.clone(),
            ExpressionKind::Literal(literal) => literal.text.clone(),
            _ => match self.constant(value, "A property of 'render'") {
                Ok(vector) => vector.value(0).to_string(),
                Err(_) => self
                    .text
                    .get(value.span.start..value.span.end)
                    .unwrap_or_default()
                    .to_owned(),
            },
        }
    }
}
