//! Tokens and the words that are not free to be names.

/// What a token is. Keywords are [`TokenKind::Word`]s: which words are keywords depends on where
/// they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// An identifier or keyword.
    Word,
    /// `!has`, `!in~`: an exclamation mark and the word after it, or `in~`.
    OperatorWord,
    /// `42`, `0x2a`.
    Long,
    /// `1.5`, `1e3`.
    Real,
    /// `1d`, `1.5h`.
    Timespan,
    /// One quoted string of any form.
    String,
    /// `datetime(…)` and the like: a type's name, and everything to the next closing parenthesis.
    TypedLiteral,
    /// A guid without quotes, as `externaldata` properties take.
    Guid,
    Star,
    At,
    Bar,
    /// `<|`, which ends a management command and starts its query.
    LessBar,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    OpenParen,
    CloseParen,
    Comma,
    Colon,
    Semicolon,
    Dot,
    DotDot,
    Minus,
    Plus,
    Slash,
    Percent,
    Assign,
    Arrow,
    Equal,
    EqualTilde,
    NotEqual,
    NotTilde,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    LessGreater,
    /// A string or typed literal that does not end.
    Unterminated,
    /// A string with a backslash before something that cannot follow it.
    BadEscape,
    /// A character no token starts with.
    Unknown,
    /// The end of the text.
    End,
}

/// A token and where it stands. Offsets are 32 bits wide to keep the list small; longer texts are
/// refused before they are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// How freely a word may be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WordClass {
    /// Anywhere.
    Free,
    /// Only where a name is declared: before `=` or `:`.
    Declarable,
    /// Nowhere, unless in brackets.
    Reserved,
}

/// Classifies a word as the service's own parser does.
pub(crate) fn word_class(word: &str) -> WordClass {
    match word {
        "accumulate" | "as" | "by" | "contains" | "datatable" | "externaldata" | "find" | "has" | "in"
        | "invoke" | "materialize" | "of" | "print" | "sample" | "search" | "set" | "title" | "to"
        | "toscalar" | "totable" | "where" => WordClass::Declarable,
        "and"
        | "anomalychart"
        | "areachart"
        | "asc"
        | "bagexpansion"
        | "barchart"
        | "between"
        | "bin_legacy"
        | "card"
        | "columnchart"
        | "containscs"
        | "contains_cs"
        | "__contextual_datatable"
        | "__crossCluster"
        | "__crossDB"
        | "datascope"
        | "decodeblocks"
        | "desc"
        | "endswith"
        | "endswith_cs"
        | "__executeAndCache"
        | "expandoutput"
        | "external_data"
        | "first"
        | "flags"
        | "has_all"
        | "has_any"
        | "has_cs"
        | "hasprefix"
        | "hasprefix_cs"
        | "hassuffix"
        | "hassuffix_cs"
        | "hotcache"
        | "__id"
        | "isfuzzy"
        | "__isFuzzy"
        | "ladderchart"
        | "last"
        | "like"
        | "likecs"
        | "linechart"
        | "nooptimization"
        | "notcontains"
        | "notcontainscs"
        | "notlike"
        | "notlikecs"
        | "or"
        | "others"
        | "__packedColumn"
        | "piechart"
        | "pivotchart"
        | "project"
        | "__projectAway"
        | "relaxed"
        | "scatterchart"
        | "simple"
        | "__sourceColumnIndex"
        | "stackedareachart"
        | "startswith"
        | "startswith_cs"
        | "timechart"
        | "timeline"
        | "timepivot"
        | "treemap"
        | "union"
        | "__noWithSource"
        | "with_itemindex"
        | "with_match_id"
        | "with_step_name"
        | "boolean"
        | "date"
        | "datetime"
        | "decimal"
        | "double"
        | "dynamic"
        | "float"
        | "int"
        | "int8"
        | "int16"
        | "int32"
        | "int64"
        | "long"
        | "string"
        | "real"
        | "time"
        | "timespan"
        | "uint"
        | "uint8"
        | "uint16"
        | "uint32"
        | "uint64"
        | "ulong"
        | "uniqueid" => WordClass::Reserved,
        _ => WordClass::Free,
    }
}

/// True for the words that are a boolean literal wherever an expression may stand.
pub(crate) fn is_boolean(word: &str) -> bool {
    matches!(word, "true" | "false" | "True" | "False" | "TRUE" | "FALSE")
}
