//! `make-series`, `scan`, `summarize`, `top-nested`.

use crate::ast::{MakeSeries, Scan, ScanStep, SeriesRange, Summarize, TopNested};
use crate::print::Printer;

impl Printer {
    pub(super) fn make_series(&mut self, series: &MakeSeries) {
        self.push(" ");
        self.join(&series.aggregates, ", ", |p, aggregate| {
            p.named(&aggregate.expression);
            p.clause(" default=", aggregate.default.as_ref());
        });
        self.push(" on ");
        self.named(&series.axis);
        let SeriesRange {
            from,
            to,
            step,
            in_range,
        } = &series.range;
        if *in_range {
            self.nested(" in range(", ")", |p| {
                p.clause("", from.as_ref());
                p.clause(", ", to.as_ref());
                p.clause(", ", Some(step));
            });
        } else {
            self.clause(" from ", from.as_ref());
            self.clause(" to ", to.as_ref());
            self.clause(" step ", Some(step));
        }
        self.named_list(" by ", &series.by);
    }

    pub(super) fn scan(&mut self, scan: &Scan) {
        if !scan.order_by.is_empty() {
            self.push(" order by ");
            self.join(&scan.order_by, ", ", Self::ordered);
        }
        self.list(" partition by ", &scan.partition_by);
        if !scan.declarations.is_empty() {
            self.push(" declare ");
            self.parameter_declarations(&scan.declarations);
        }
        self.nested(" with (", ")", |p| p.join(&scan.steps, " ", Self::scan_step));
    }

    fn scan_step(&mut self, step: &ScanStep) {
        self.word("step ", &step.name.text);
        self.push(if step.is_optional { " optional" } else { "" });
        if let Some(output) = &step.output {
            self.push(" output=");
            self.push(&output.text);
        }
        self.clause(": ", Some(&step.condition));
        self.push(if step.assignments.is_empty() { "" } else { " => " });
        self.join(&step.assignments, ", ", |p, assignment| {
            p.name(&assignment.name.text);
            p.clause(" = ", Some(&assignment.value));
        });
        self.push(";");
    }

    pub(super) fn summarize(&mut self, summarize: &Summarize) {
        self.named_list(" ", &summarize.aggregates);
        self.named_list(" by ", &summarize.by);
        self.clause(" bin=", summarize.bin.as_ref());
    }

    pub(super) fn top_nested_level(&mut self, level: &TopNested) {
        self.clause(" ", level.count.as_ref());
        self.push(" of ");
        self.named(&level.of);
        self.clause(" with others = ", level.others.as_ref());
        self.push(" by ");
        self.ordered(&level.by);
    }
}
