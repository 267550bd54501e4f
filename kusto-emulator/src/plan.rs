//! What a query does, with every name resolved and every type known.

mod graph;
mod late;
mod prune;

use std::sync::{Arc, OnceLock};

use kusto_protocol::{Column, ColumnType};

use crate::aggregate::Aggregate;
use crate::error::EvalError;
use crate::function::Call;
use crate::session::Session;
use crate::storage::Table;
use crate::types::{Batch, Schema};
use crate::vector::Vector;

pub(crate) use graph::{Components, Cycles, PathOutput, PathStep, Paths};
pub(crate) use prune::prune;

/// A tabular expression, ready to run. Parts are shared: a `let` view read twice is one plan run twice.
#[derive(Clone)]
pub(crate) struct Plan {
    /// The columns that come out.
    pub(crate) schema: Schema,
    /// Whether the order of rows means something, as `row_number()` and its like ask for.
    pub(crate) serialized: bool,
    /// How the rows come about.
    pub(crate) node: Arc<Node>,
    /// How many plans lie below one another, this one included.
    pub(crate) depth: usize,
    /// How many plans run when this one does, shared ones as often as they are read.
    pub(crate) size: usize,
}

/// How rows come about.
pub(crate) enum Node {
    /// The rows of a table: the columns at these places.
    Table { table: Arc<Table>, columns: Vec<usize> },
    /// As [`Node::Table`], and behind the columns the number of each row.
    Numbered { table: Arc<Table>, columns: Vec<usize> },
    /// The rows of a table whose numbers the input gives in its only column, in the order of the input.
    Fetch {
        input: Plan,
        table: Arc<Table>,
        columns: Vec<usize>,
    },
    /// Rows known beforehand.
    Rows(Vec<Batch>),
    /// `range` over whole numbers or ticks, made as they are asked for.
    Range { from: i64, to: i64, step: i64 },
    /// `range` over `real`.
    RangeReal { from: f64, to: f64, step: f64 },
    /// The rows for which all predicates are true; of them, the columns at these places.
    Filter {
        input: Plan,
        predicates: Vec<Scalar>,
        columns: Vec<usize>,
    },
    /// Columns computed from the input's.
    Project { input: Plan, columns: Vec<Scalar> },
    /// The first rows.
    Take { input: Plan, count: u64 },
    /// Rows picked at random.
    Sample { input: Plan, count: u64 },
    /// All rows in order, or the first `limit` of them.
    Sort {
        input: Plan,
        keys: Vec<SortKey>,
        limit: Option<u64>,
    },
    /// One row per distinct combination of keys: the keys, then what the aggregates give.
    Aggregate {
        input: Plan,
        keys: Vec<Scalar>,
        aggregates: Vec<AggregateCall>,
    },
    /// Pairs of rows whose keys are equal.
    Join(Join),
    /// The rows of all inputs, whose columns have the same types.
    Union(Vec<Plan>),
    /// One row per element of dynamic values.
    Expand(Expand),
    /// What a plan makes of the elements of each row.
    Apply(Apply),
    /// The rows that the enclosing [`Node::Apply`] runs over.
    Elements,
    /// Text taken apart, into columns behind the input's.
    Parse(Parse),
    /// Pairs of keys and values in a text, into columns behind the input's.
    KeyValues(KeyValues),
    /// Columns that depend on the rows before or after, behind the input's.
    Window { input: Plan, calls: Vec<WindowCall> },
    /// What a plan, which reads [`Node::Elements`], makes of each group of rows with equal keys.
    Partition {
        input: Plan,
        keys: Vec<usize>,
        body: Plan,
    },
    /// Rows matched with steps, and the columns that the steps declare behind the input's.
    Steps(Steps),
    /// Arrays along an axis.
    Series(Series),
    /// What a pattern finds in a graph.
    Paths(Paths),
    /// The nodes of a graph, behind their columns the number of the part of the graph that they belong to.
    Components(Components),
    /// Rows computed when first read, then kept.
    Materialized {
        input: Plan,
        rows: OnceLock<Result<Vec<Batch>, EvalError>>,
    },
}

impl Node {
    /// The plans that this one reads.
    fn inputs(&self) -> Vec<&Plan> {
        match self {
            Self::Table { .. }
            | Self::Numbered { .. }
            | Self::Rows(_)
            | Self::Range { .. }
            | Self::RangeReal { .. }
            | Self::Elements => Vec::new(),
            Self::Filter { input, .. }
            | Self::Project { input, .. }
            | Self::Take { input, .. }
            | Self::Sample { input, .. }
            | Self::Sort { input, .. }
            | Self::Aggregate { input, .. }
            | Self::Window { input, .. }
            | Self::Fetch { input, .. }
            | Self::Materialized { input, .. } => vec![input],
            Self::Partition { input, body, .. } => vec![input, body],
            Self::Join(join) => vec![&join.left, &join.right],
            Self::Union(inputs) => inputs.iter().collect(),
            Self::Expand(expand) => vec![&expand.input],
            Self::Apply(apply) => vec![&apply.expand.input, &apply.body],
            Self::Parse(parse) => vec![&parse.input],
            Self::KeyValues(parse) => vec![&parse.input],
            Self::Series(series) => vec![&series.input],
            Self::Steps(steps) => vec![&steps.input],
            Self::Paths(paths) => vec![&paths.nodes, &paths.edges],
            Self::Components(components) => vec![&components.nodes, &components.edges],
        }
    }
}

impl Plan {
    pub(crate) fn new(schema: impl Into<Schema>, serialized: bool, node: Node) -> Self {
        Self {
            schema: schema.into(),
            serialized,
            depth: node
                .inputs()
                .iter()
                .map(|input| input.depth + 1)
                .max()
                .unwrap_or(0),
            size: node
                .inputs()
                .iter()
                .fold(1, |size, input| size.saturating_add(input.size)),
            node: Arc::new(node),
        }
    }

    /// A plan with the columns of its input: `node` reads `self`.
    pub(crate) fn over(&self, node: Node) -> Self {
        Self::new(Arc::clone(&self.schema), self.serialized, node)
    }

    /// Columns computed from this plan's, in the same order of rows.
    pub(crate) fn project(self, columns: Vec<(Column, Scalar)>) -> Self {
        let (schema, columns): (Vec<_>, _) = columns.into_iter().unzip();
        Self::new(schema, self.serialized, Node::Project { input: self, columns })
    }

    /// The rows of this plan for which all predicates are true.
    pub(crate) fn filter(self, predicates: Vec<Scalar>) -> Self {
        self.over(Node::Filter {
            columns: (0..self.schema.len()).collect(),
            input: self.clone(),
            predicates,
        })
    }

    /// The columns of this plan as they are, each with its name: a start for [`Self::project`].
    pub(crate) fn columns(&self) -> Vec<(Column, Scalar)> {
        let columns = self.schema.iter().enumerate();
        columns
            .map(|(index, column)| (column.clone(), Scalar::Column(index, column.column_type.clone())))
            .collect()
    }
}

/// A scalar expression over the columns of a row.
#[derive(Clone)]
pub(crate) enum Scalar {
    /// The column at a place.
    Column(usize, ColumnType),
    /// The same value for every row.
    Constant(Vector),
    /// A function of other expressions.
    Call { call: Call, arguments: Vec<Self> },
}

impl Scalar {
    /// The type of the value.
    pub(crate) const fn ty(&self) -> &ColumnType {
        match self {
            Self::Column(_, ty) => ty,
            Self::Call { call, .. } => &call.ty,
            Self::Constant(vector) => vector.ty(),
        }
    }

    /// The value, if it is the same for every row.
    pub(crate) const fn constant(&self) -> Option<&Vector> {
        match self {
            Self::Constant(vector) => Some(vector),
            _ => None,
        }
    }

    /// The values for the rows of a batch.
    pub(crate) fn evaluate(&self, batch: &Batch, session: &Session) -> Result<Vector, EvalError> {
        match self {
            Self::Column(index, ty) => Ok(Vector::new(ty.clone(), Arc::clone(&batch.columns()[*index]))),
            Self::Constant(vector) => Ok(vector.clone()),
            Self::Call { call, arguments } => {
                let arguments: Result<Vec<_>, _> = arguments
                    .iter()
                    .map(|argument| argument.evaluate(batch, session))
                    .collect();
                call.evaluate(&arguments?, batch.num_rows(), session)
            }
        }
    }

    /// How many expressions there are in this one, itself included.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Column(..) | Self::Constant(_) => 1,
            Self::Call { arguments, .. } => 1 + arguments.iter().map(Self::size).sum::<usize>(),
        }
    }

    /// Whether equal rows always give equal values.
    pub(crate) fn is_deterministic(&self) -> bool {
        match self {
            Self::Column(..) | Self::Constant(_) => true,
            Self::Call { call, arguments } => {
                call.deterministic && arguments.iter().all(Self::is_deterministic)
            }
        }
    }

    /// Calls `visit` with the place of every column the expression reads.
    pub(crate) fn visit_columns(&self, visit: &mut impl FnMut(usize)) {
        match self {
            Self::Column(index, _) => visit(*index),
            Self::Constant(_) => {}
            Self::Call { arguments, .. } => {
                for argument in arguments {
                    argument.visit_columns(visit);
                }
            }
        }
    }

    /// The same expression with its columns at other places.
    pub(crate) fn map_columns(&self, place: &impl Fn(usize) -> usize) -> Self {
        match self {
            Self::Column(index, ty) => Self::Column(place(*index), ty.clone()),
            Self::Constant(vector) => Self::Constant(vector.clone()),
            Self::Call { call, arguments } => Self::Call {
                call: call.clone(),
                arguments: arguments
                    .iter()
                    .map(|argument| argument.map_columns(place))
                    .collect(),
            },
        }
    }
}

/// One expression of `sort by`.
#[derive(Clone)]
pub(crate) struct SortKey {
    pub(crate) value: Scalar,
    pub(crate) descending: bool,
    pub(crate) nulls_first: bool,
}

/// An aggregate function and what it reads.
#[derive(Clone)]
pub(crate) struct AggregateCall {
    pub(crate) aggregate: Aggregate,
    pub(crate) arguments: Vec<Scalar>,
}

/// The operands of `join` and `lookup`.
#[derive(Clone)]
pub(crate) struct Join {
    pub(crate) left: Plan,
    pub(crate) right: Plan,
    pub(crate) kind: JoinKind,
    /// What must be equal, on the left; as many as `right_keys`, of the same types.
    pub(crate) left_keys: Vec<Scalar>,
    /// What must be equal, on the right.
    pub(crate) right_keys: Vec<Scalar>,
    /// The columns that come out: of the left side first, then of the right one.
    pub(crate) left_columns: Vec<usize>,
    pub(crate) right_columns: Vec<usize>,
}

/// Which rows of a join come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoinKind {
    /// Pairs, each key of the left side once.
    InnerUnique,
    Inner,
    LeftOuter,
    RightOuter,
    FullOuter,
    LeftSemi,
    LeftAnti,
    RightSemi,
    RightAnti,
}

/// The operands of `mv-expand`.
pub(crate) struct Expand {
    pub(crate) input: Plan,
    /// What is expanded, side by side; shorter values are filled with nulls.
    pub(crate) values: Vec<ExpandedValue>,
    /// Whether a column for the position of the element comes last.
    pub(crate) with_index: bool,
    /// How many rows one row gives at most.
    pub(crate) limit: u64,
    /// Whether a bag gives arrays of key and value instead of bags of one entry.
    pub(crate) bags_as_arrays: bool,
    /// The columns of the input that come out first, or the place of the expanded value that takes their place.
    pub(crate) columns: Vec<ExpandColumn>,
}

/// An output column of [`Expand`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExpandColumn {
    /// The input's column, repeated.
    Input(usize),
    /// An element of the expanded value.
    Element(usize),
}

/// One expanded value and the type its elements are turned into.
pub(crate) struct ExpandedValue {
    pub(crate) value: Scalar,
    pub(crate) ty: ColumnType,
    /// Turns an element, a `dynamic` in column 0, into `ty`; `None` if it stays `dynamic`.
    pub(crate) conversion: Option<Scalar>,
}

/// The operands of `mv-apply`.
pub(crate) struct Apply {
    /// What gives the elements of each row.
    pub(crate) expand: Expand,
    /// What each row's elements go through; reads [`Node::Elements`].
    pub(crate) body: Plan,
    /// The columns of the expanded input that come out first.
    pub(crate) outer_columns: Vec<usize>,
    /// The columns of `body` that come out behind them.
    pub(crate) body_columns: Vec<usize>,
}

/// The operands of `make-series`.
pub(crate) struct Series {
    /// Points: the keys, the bin on the axis, and a value per series.
    pub(crate) input: Plan,
    pub(crate) num_keys: usize,
    pub(crate) axis_type: ColumnType,
    /// The first bin; that of the first point if not given.
    pub(crate) first: Option<Vector>,
    /// The end, and whether the bin it is in counts; the bin of the last point if not given.
    pub(crate) last: Option<(Vector, bool)>,
    pub(crate) step: Vector,
    /// What bins without a point get, per series.
    pub(crate) defaults: Vec<Vector>,
}

/// The operands of `scan`.
pub(crate) struct Steps {
    pub(crate) input: Plan,
    /// What the declared columns hold where no step assigns them.
    pub(crate) defaults: Vec<Vector>,
    pub(crate) steps: Vec<Step>,
    /// Whether a column with the number of the match comes last.
    pub(crate) with_match_id: bool,
}

/// A step of [`Steps`]. Its expressions read the input's and the declared columns of the row, then for each step
/// those of the row that it remembers.
pub(crate) struct Step {
    pub(crate) condition: Scalar,
    /// Declared columns, by place, and their values.
    pub(crate) assignments: Vec<(usize, Scalar)>,
    /// Whether rows that it matches come out.
    pub(crate) is_output: bool,
}

/// The operands of `parse`.
pub(crate) struct Parse {
    pub(crate) input: Plan,
    pub(crate) text: Scalar,
    pub(crate) regex: regex::Regex,
    pub(crate) columns: Vec<ParsedColumn>,
    /// Whether rows that do not match are left out.
    pub(crate) only_matches: bool,
    /// Whether a column that cannot be converted leaves the others alone.
    pub(crate) is_relaxed: bool,
}

/// A column that `parse` fills.
pub(crate) struct ParsedColumn {
    /// The group of the regular expression.
    pub(crate) group: usize,
    /// The value, from the text in column 0.
    pub(crate) value: Scalar,
}

/// The operands of `parse-kv`.
pub(crate) struct KeyValues {
    pub(crate) input: Plan,
    pub(crate) text: Scalar,
    pub(crate) syntax: PairSyntax,
    pub(crate) keys: Vec<ParsedKey>,
}

/// How pairs of keys and values are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct PairSyntax {
    /// What parts pairs.
    pub(crate) pair_delimiter: String,
    /// What parts a key from its value.
    pub(crate) key_delimiter: String,
    /// What a quoted text begins and ends with.
    pub(crate) quotes: Option<(char, char)>,
    /// What takes its meaning from the character behind it in a quoted text.
    pub(crate) escape: Option<char>,
}

/// A key that `parse-kv` looks for.
#[derive(Clone)]
pub(crate) struct ParsedKey {
    pub(crate) name: String,
    /// The value of the column, from the text in column 0.
    pub(crate) value: Scalar,
}

/// A function over neighbouring rows.
pub(crate) struct WindowCall {
    pub(crate) function: WindowFunction,
    pub(crate) arguments: Vec<Scalar>,
    pub(crate) ty: ColumnType,
}

/// The functions over neighbouring rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WindowFunction {
    RowNumber,
    RowCumsum,
    RowRankDense,
    RowRankMin,
    RowWindowSession,
    Prev,
    Next,
}
