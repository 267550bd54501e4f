use super::{Expression, Name, RowSchema, ScalarType, Span};

/// A query text: statements separated by `;`.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// The statements in order; at least one.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What the statement is.
    pub kind: StatementKind,
    /// Where it stands, without the `;`.
    pub span: Span,
}

/// The kinds of [`Statement`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StatementKind {
    /// An expression whose value is the answer.
    Query(Expression),
    /// `let name = expression`.
    Let {
        /// The name given.
        name: Name,
        /// What it stands for.
        value: Expression,
    },
    /// `let name = (parameters) { body }`, `let name = view () { body }`.
    LetFunction {
        /// The function's name.
        name: Name,
        /// The function.
        function: Box<Function>,
    },
    /// `set option`, `set option = value`.
    Set {
        /// The option's name.
        name: Name,
        /// A literal or a bare word.
        value: Option<Expression>,
    },
    /// `declare query_parameters (name: type = default, …)`.
    QueryParameters(Vec<ParameterDeclaration>),
    /// `alias database name = cluster("c").database("d")`.
    AliasDatabase {
        /// The alias.
        name: Name,
        /// The database it stands for.
        database: Expression,
    },
    /// `restrict access to (T, View*, database("d").*)`.
    RestrictAccess(Vec<Expression>),
    /// `declare pattern name`, with or without its definition.
    Pattern(Box<Pattern>),
}

/// A function of a `let` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// True for `view (…) {…}`, which `union *` can see.
    pub is_view: bool,
    /// The parameters in order, tabular ones first.
    pub parameters: Vec<ParameterDeclaration>,
    /// What stands between the braces.
    pub body: FunctionBody,
    /// From the first parenthesis (or `view`) to the closing brace.
    pub span: Span,
}

/// `{ statement; statement; expression }`.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionBody {
    /// `let` and `declare` statements.
    pub statements: Vec<Statement>,
    /// The value of the function.
    pub result: Option<Expression>,
}

/// A parameter of a function or of the query.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterDeclaration {
    /// The parameter's name.
    pub name: Name,
    /// Its type.
    pub parameter_type: ParameterType,
    /// A literal, with a sign where written.
    pub default: Option<Expression>,
    /// From the name to the end of the default.
    pub span: Span,
}

/// The type of a [`ParameterDeclaration`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ParameterType {
    /// `x: long`.
    Scalar(ScalarType),
    /// `T: (a: long, *)`; `T: (*)` takes any table.
    Tabular(RowSchema),
}

/// `declare pattern`.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// The pattern's name.
    pub name: Name,
    /// What stands after `=`.
    pub definition: Option<PatternDefinition>,
}

/// `= (parameters)[path] { rules }`.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternDefinition {
    /// The parameters in parentheses.
    pub parameters: Vec<ParameterDeclaration>,
    /// The parameter in brackets.
    pub path: Option<ParameterDeclaration>,
    /// The rules in order.
    pub rules: Vec<PatternRule>,
}

/// `("a", "b").["path"] = { body };`.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternRule {
    /// String literals to match the parameters.
    pub arguments: Vec<Expression>,
    /// String literal to match the path.
    pub path: Option<Expression>,
    /// What the pattern stands for then.
    pub body: FunctionBody,
    /// From the first parenthesis to the closing brace.
    pub span: Span,
}
