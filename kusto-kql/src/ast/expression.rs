use super::{
    Datatable, DynamicValue, ExternalData, InlineExternalTable, Literal, MaterializedViewCombine, Name,
    Operator, Parameter, Span, Typeof,
};

/// A scalar or tabular expression; syntax alone does not tell which.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What the expression is.
    pub kind: ExpressionKind,
    /// Where it stands, surrounding parentheses not included.
    pub span: Span,
}

/// The shapes of an [`Expression`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ExpressionKind {
    /// A column, variable, table, function without arguments, or keyword-like option (`kind=inner`).
    Name(String),
    /// `*`.
    Star,
    /// A name with stars in it, as `union`, `find` and `project-away` take: `Storm*`,
    /// `database("x").T*`.
    Wildcard {
        /// What stands before the last dot.
        object: Option<Box<Expression>>,
        /// The name with its stars.
        pattern: String,
    },
    /// A literal of any type but dynamic.
    Literal(Literal),
    /// `dynamic(…)`.
    Dynamic(Box<DynamicValue>),
    /// `{name}`: what a client is to replace before it sends the query.
    ClientParameter(String),
    /// `typeof(…)`.
    Typeof(Box<Typeof>),
    /// `object.name`, `object.['name']`.
    Member {
        /// What stands before the dot.
        object: Box<Expression>,
        /// What stands after it.
        name: Name,
    },
    /// `object[index]`.
    Index {
        /// What is indexed.
        object: Box<Expression>,
        /// A position or a key.
        index: Box<Expression>,
    },
    /// `f(…)`, `cluster("c").database("d").f(…)`.
    Call(Box<Call>),
    /// `-x`, `+x`.
    Unary {
        /// The sign.
        operator: UnaryOperator,
        /// What it applies to.
        operand: Box<Expression>,
    },
    /// `left operator right`; chains of the same precedence lean to the left.
    Binary {
        /// The operator.
        operator: BinaryOperator,
        /// Its left operand; [`ExpressionKind::Star`] in `* has "x"`.
        left: Box<Expression>,
        /// Its right operand.
        right: Box<Expression>,
    },
    /// `a and b and c`, `a or b or c`: a whole chain of the same operator, two operands at least.
    Logical {
        /// The operator between all operands.
        operator: LogicalOperator,
        /// The operands in order.
        operands: Vec<Expression>,
    },
    /// `left in (…)`, `left has_any (…)`.
    List {
        /// The operator.
        operator: ListOperator,
        /// What is looked for.
        left: Box<Expression>,
        /// What stands between the parentheses; a single one may be tabular or dynamic.
        values: Vec<Expression>,
    },
    /// `operand between (low .. high)`.
    Between {
        /// True for `!between`.
        negated: bool,
        /// What is tested.
        operand: Box<Expression>,
        /// The lower bound, inclusive.
        low: Box<Expression>,
        /// The upper bound, inclusive.
        high: Box<Expression>,
    },
    /// `T datascope=hotcache`.
    DataScope {
        /// The table.
        table: Box<Expression>,
        /// `hotcache` or `all`.
        scope: String,
    },
    /// `source | operator | operator`, one operator at least.
    Pipe {
        /// What the first operator reads.
        source: Box<Expression>,
        /// The operators in order.
        operators: Vec<Operator>,
    },
    /// An operator without a source: `print`, `range`, `union`, `find`, `search`, `evaluate`,
    /// `macro-expand`; or any other whose source is understood (`where x` alone).
    Operator(Box<Operator>),
    /// `datatable(…)[…]`.
    Datatable(Box<Datatable>),
    /// `externaldata(…)[…]`.
    ExternalData(Box<ExternalData>),
    /// `inline_external_table (…) …`.
    InlineExternalTable(Box<InlineExternalTable>),
    /// `materialized-view-combine(…) …`.
    MaterializedViewCombine(Box<MaterializedViewCombine>),
    /// `entity_group [cluster("a").database("b"), …]`.
    EntityGroup(Vec<Expression>),
}

/// A function call.
///
/// The argument of `toscalar`, `totable` and `materialize` may be a pipe as it is; other functions
/// take one in parentheses, which looks the same in the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What stands before the dot: `database("d")` in `database("d").f(1)`.
    pub object: Option<Box<Expression>>,
    /// The function's name.
    pub name: Name,
    /// Options between name and parenthesis; only `toscalar` and `totable` take any.
    pub parameters: Vec<Parameter>,
    /// The arguments in order; a `*` argument is [`ExpressionKind::Star`].
    pub arguments: Vec<NamedExpression>,
}

/// `expression`, `name = expression` or `(name, name) = expression`.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedExpression {
    /// What stands before `=`.
    pub name: Option<NameClause>,
    /// The expression.
    pub expression: Expression,
    /// From the name to the end of the expression.
    pub span: Span,
}

/// What stands before `=` in a [`NamedExpression`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NameClause {
    /// `name = …`.
    Name(Name),
    /// `(name, name) = …`, for functions that give several columns.
    List(Vec<Name>),
}

/// A sign before an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    /// `-`
    Minus,
    /// `+`
    Plus,
}

/// `and` or `or`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogicalOperator {
    /// `and`
    And,
    /// `or`
    Or,
}

/// Operators that compare with a list in parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListOperator {
    /// `in`
    In,
    /// `!in`
    NotIn,
    /// `in~`
    InIgnoreCase,
    /// `!in~`
    NotInIgnoreCase,
    /// `has_any`
    HasAny,
    /// `has_all`
    HasAll,
}

macro_rules! binary_operators {
    ($($text:literal => $name:ident,)+) => {
        /// Operators between two expressions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum BinaryOperator {
            $(#[doc = concat!("`", $text, "`")] $name,)+
        }

        impl BinaryOperator {
            /// The operator as KQL spells it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The operator of that spelling.
            pub(crate) fn from_word(word: &str) -> Option<Self> {
                match word { $($text => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

binary_operators! {
    "+" => Add,
    "-" => Subtract,
    "*" => Multiply,
    "/" => Divide,
    "%" => Modulo,
    "==" => Equal,
    "!=" => NotEqual,
    "<" => Less,
    "<=" => LessOrEqual,
    ">" => Greater,
    ">=" => GreaterOrEqual,
    "=~" => EqualIgnoreCase,
    "!~" => NotEqualIgnoreCase,
    "contains" => Contains,
    "!contains" => NotContains,
    "contains_cs" => ContainsCs,
    "!contains_cs" => NotContainsCs,
    "endswith" => EndsWith,
    "!endswith" => NotEndsWith,
    "endswith_cs" => EndsWithCs,
    "!endswith_cs" => NotEndsWithCs,
    "has" => Has,
    "!has" => NotHas,
    "has_cs" => HasCs,
    "!has_cs" => NotHasCs,
    "hasprefix" => HasPrefix,
    "!hasprefix" => NotHasPrefix,
    "hasprefix_cs" => HasPrefixCs,
    "!hasprefix_cs" => NotHasPrefixCs,
    "hassuffix" => HasSuffix,
    "!hassuffix" => NotHasSuffix,
    "hassuffix_cs" => HasSuffixCs,
    "!hassuffix_cs" => NotHasSuffixCs,
    "like" => Like,
    "notlike" => NotLike,
    "likecs" => LikeCs,
    "notlikecs" => NotLikeCs,
    "matches regex" => MatchesRegex,
    "startswith" => StartsWith,
    "!startswith" => NotStartsWith,
    "startswith_cs" => StartsWithCs,
    "!startswith_cs" => NotStartsWithCs,
    ":" => HasTerm,
}
