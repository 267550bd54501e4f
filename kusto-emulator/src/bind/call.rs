//! Calls: functions of the language, functions of the query, functions of the database.

use std::sync::Arc;

use kusto_kql::ast::{
    Call, Expression, ExpressionKind, FunctionBody, NameClause, NamedExpression, ParameterDeclaration,
    ParameterType, RowSchema, Span, StatementKind,
};
use kusto_protocol::{ColumnType, Value};

use super::environment::{Binding, Environment, UserFunction};
use super::scalar::text;
use super::{Binder, Result};
use crate::plan::{Plan, Scalar};
use crate::storage::StoredFunction;
use crate::types;
use crate::vector::Vector;

impl Binder<'_> {
    /// A call where a scalar is expected.
    pub(super) fn scalar_call(&mut self, call: &Call, span: Span) -> Result<Scalar> {
        let name = call.name.text.as_str();
        if call.object.is_some() {
            return Err(self.unsupported(span, format_args!("a call of '{name}' in another database")));
        }
        if self.rows.as_ref().is_some_and(|rows| rows.aggregates.is_some())
            && crate::aggregate::is_aggregate(name)
        {
            return self.aggregate_scalar(call, span);
        }
        if let Some(function) = self.function(name) {
            return self.scalar_user_call(&function, &call.arguments, span);
        }
        if let Some(scalar) = self.graph_call(call, span)? {
            return Ok(scalar);
        }
        match name {
            "toscalar" => return self.toscalar(call, span),
            "pack_all" => return self.pack_all(call, span),
            "bag_pack_columns" => return self.pack_columns(call, span),
            "column_names_of" => return self.column_names(call, span),
            "column_ifexists" | "columnifexists" => return self.column_if_exists(call, span),
            "iscolumnexists" => return self.is_column(call, span),
            "around" => return self.around(call, span),
            // There is no ingestion-time policy here: the service answers null then.
            "ingestion_time" => return Ok(Scalar::Constant(Vector::null(ColumnType::DateTime))),
            _ => {}
        }
        if let Some(scalar) = self.first_of_tuple(call, span)? {
            return Ok(scalar);
        }
        if let Some(function) = super::window::function(name) {
            return self.window_call(function, call, span);
        }
        // A name that means nothing is to blame before its arguments are.
        if let Err(error) = crate::function::resolve(name, &[])
            && error.code == "SEM0260"
        {
            return Err(self.error(span, error));
        }
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            if argument.name.is_some() {
                let message = format!("{name}() takes no arguments by name.");
                return Err(self.semantic(argument.span, "SEM0205", message));
            }
            arguments.push(self.scalar(&argument.expression)?);
        }
        self.call(name, arguments, span)
    }

    /// A function of the query or of the database.
    pub(super) fn function(&mut self, name: &str) -> Option<Arc<UserFunction>> {
        match self.environment.get(name) {
            Some(Binding::Function(function)) => return Some(Arc::clone(function)),
            Some(_) => return None,
            None => {}
        }
        let stored = Arc::clone(self.database.functions.get(name)?);
        self.stored_function(&stored).ok()
    }

    /// A stored function in the form of one defined by `let`: it sees no names but those of its database.
    pub(super) fn stored_function(&self, stored: &StoredFunction) -> Result<Arc<UserFunction>> {
        let text = format!("let f = {}{};print 0", stored.parameters, stored.body);
        let mut script = kusto_kql::parse(&text).map_err(|error| super::syntax_error(&error))?;
        let StatementKind::LetFunction { function, .. } = script.statements.swap_remove(0).kind else {
            return Err(self.semantic(Span::default(), "SEM0003", "The stored function has no body."));
        };
        Ok(Arc::new(UserFunction {
            name: stored.name.clone(),
            function,
            text: text.into(),
            environment: Environment::default(),
            database: Arc::clone(&self.database),
        }))
    }

    /// The value of a function of the query for the current row.
    pub(super) fn scalar_user_call(
        &mut self,
        function: &Arc<UserFunction>,
        arguments: &[NamedExpression],
        span: Span,
    ) -> Result<Scalar> {
        let environment = self.parameters(function, arguments, span)?;
        self.inside(function, environment, span, |binder| {
            let result = binder.body(&function.function.body, span)?;
            // A body sees its parameters, not the columns around the call.
            let hidden = binder.hide_columns(true);
            let scalar = binder.scalar(result);
            binder.hide_columns(hidden);
            scalar
        })
    }

    /// The table that a function of the query gives.
    pub(super) fn tabular_user_call(
        &mut self,
        function: &Arc<UserFunction>,
        arguments: &[NamedExpression],
        input: Option<Plan>,
        span: Span,
    ) -> Result<Plan> {
        let environment = match input {
            None => self.parameters(function, arguments, span)?,
            Some(input) => self.invoke_parameters(function, arguments, input, span)?,
        };
        self.inside(function, environment, span, |binder| {
            binder.without_rows(|binder| {
                let result = binder.body(&function.function.body, span)?;
                binder.tabular(result)
            })
        })
    }

    /// Whether a call of the function gives a table.
    pub(super) fn gives_table(&mut self, function: &Arc<UserFunction>) -> bool {
        let Some(result) = &function.function.body.result else {
            return false;
        };
        let mut environment = function.environment.clone();
        for parameter in &function.function.parameters {
            environment = environment.with(&parameter.name.text, self.placeholder(parameter));
        }
        for statement in &function.function.body.statements {
            match &statement.kind {
                StatementKind::Let { name, value } => {
                    let binding = match self.with_environment(&environment, |b| b.is_tabular(value)) {
                        true => Binding::Table(empty_table()),
                        false => null_scalar(),
                    };
                    environment = environment.with(&name.text, binding);
                }
                StatementKind::LetFunction {
                    name,
                    function: inner,
                } => {
                    let inner = UserFunction {
                        name: name.text.clone(),
                        function: inner.clone(),
                        text: Arc::clone(&function.text),
                        environment: environment.clone(),
                        database: Arc::clone(&function.database),
                    };
                    environment = environment.with(&name.text, Binding::Function(Arc::new(inner)));
                }
                _ => {}
            }
        }
        let outer = std::mem::replace(&mut self.database, Arc::clone(&function.database));
        let tabular = self.with_environment(&environment, |binder| binder.is_tabular(result));
        self.database = outer;
        tabular
    }

    fn with_environment<T>(&mut self, environment: &Environment, run: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.environment, environment.clone());
        let result = run(self);
        self.environment = outer;
        result
    }

    fn placeholder(&self, parameter: &ParameterDeclaration) -> Binding {
        match &parameter.parameter_type {
            ParameterType::Scalar(_) => null_scalar(),
            ParameterType::Tabular(_) => Binding::Table(empty_table()),
        }
    }

    /// Binds the statements of a body into the environment and gives its result.
    fn body<'b>(&mut self, body: &'b FunctionBody, span: Span) -> Result<&'b Expression> {
        for statement in &body.statements {
            self.declaration(statement)?;
        }
        body.result
            .as_ref()
            .ok_or_else(|| self.semantic(span, "SEM0003", "The function has no result."))
    }

    /// Runs `bind` inside a function: its names, its text, its database.
    fn inside<T>(
        &mut self,
        function: &UserFunction,
        environment: Environment,
        span: Span,
        bind: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.deeper(span, |binder| {
            let environment = std::mem::replace(&mut binder.environment, environment);
            let text = std::mem::replace(&mut binder.text, Arc::clone(&function.text));
            let database = std::mem::replace(&mut binder.database, Arc::clone(&function.database));
            let operator = std::mem::take(&mut binder.operator);
            let bound = bind(binder);
            binder.environment = environment;
            binder.text = text;
            binder.database = database;
            binder.operator = operator;
            bound
        })
    }

    /// The environment of a function's body: its own and its parameters.
    fn parameters(
        &mut self,
        function: &UserFunction,
        arguments: &[NamedExpression],
        span: Span,
    ) -> Result<Environment> {
        self.bind_parameters(
            function,
            &function.function.parameters,
            arguments,
            function.environment.clone(),
            span,
        )
    }

    /// As [`Self::parameters`], the first parameter being the input of `invoke`.
    fn invoke_parameters(
        &mut self,
        function: &UserFunction,
        arguments: &[NamedExpression],
        input: Plan,
        span: Span,
    ) -> Result<Environment> {
        let Some((first, rest)) = function.function.parameters.split_first() else {
            let message = format!("{}() takes no table to be invoked on.", function.name);
            return Err(self.semantic(span, "SEM0219", message));
        };
        let ParameterType::Tabular(schema) = &first.parameter_type else {
            let message = format!("The first parameter of {}() must be a table.", function.name);
            return Err(self.semantic(span, "SEM0219", message));
        };
        self.check_columns(&input, schema, span)?;
        let environment = function.environment.with(&first.name.text, Binding::Table(input));
        self.bind_parameters(function, rest, arguments, environment, span)
    }

    fn bind_parameters(
        &mut self,
        function: &UserFunction,
        parameters: &[ParameterDeclaration],
        arguments: &[NamedExpression],
        mut environment: Environment,
        span: Span,
    ) -> Result<Environment> {
        if arguments.len() > parameters.len() {
            let message = format!(
                "{}(): expected {} argument(s), got {}.",
                function.name,
                parameters.len(),
                arguments.len()
            );
            return Err(self.semantic(span, "SEM0219", message));
        }
        for (index, parameter) in parameters.iter().enumerate() {
            let named = arguments.iter().find(|argument| match &argument.name {
                Some(NameClause::Name(name)) => name.text == parameter.name.text,
                _ => false,
            });
            let positional = arguments.get(index).filter(|argument| argument.name.is_none());
            let binding = match (named.or(positional), &parameter.default) {
                (Some(argument), _) => self.argument(parameter, &argument.expression)?,
                (None, Some(default)) => self.argument(parameter, default)?,
                (None, None) => {
                    let message = format!(
                        "{}(): the argument '{}' is missing.",
                        function.name, parameter.name.text
                    );
                    return Err(self.semantic(span, "SEM0219", message));
                }
            };
            environment = environment.with(&parameter.name.text, binding);
        }
        Ok(environment)
    }

    fn argument(&mut self, parameter: &ParameterDeclaration, expression: &Expression) -> Result<Binding> {
        match &parameter.parameter_type {
            ParameterType::Scalar(ty) => {
                let scalar = self.scalar(expression)?;
                let value = self.convert_argument(scalar, &types::column_type(*ty), expression.span)?;
                let rows = self.rows.as_ref().map_or(0, |rows| rows.id);
                Ok(Binding::Scalar { value, rows })
            }
            ParameterType::Tabular(schema) => {
                let plan = self.without_rows(|binder| binder.tabular(expression))?;
                self.check_columns(&plan, schema, expression.span)?;
                Ok(Binding::Table(plan))
            }
        }
    }

    /// Numbers fit each other, and dynamic fits all.
    fn convert_argument(&mut self, scalar: Scalar, ty: &ColumnType, span: Span) -> Result<Scalar> {
        use ColumnType::{Bool, Decimal, Dynamic, Int, Long, Real};
        let fits = match (scalar.ty(), ty) {
            (from, to) if from == to => return Ok(scalar),
            (Dynamic, _) | (_, Dynamic) => true,
            (Int | Long | Real | Decimal | Bool, Int | Long | Real | Decimal | Bool) => true,
            _ => false,
        };
        if !fits {
            let message = format!("A value of type {ty} is expected, not of type {}.", scalar.ty());
            return Err(self.semantic(span, "SEM0064", message));
        }
        self.convert(scalar, ty, span)
    }

    /// Fails if the table lacks a column that a tabular parameter names.
    fn check_columns(&self, plan: &Plan, schema: &RowSchema, span: Span) -> Result<()> {
        for declared in &schema.columns {
            let ty = types::column_type(declared.scalar_type);
            let name = &declared.name.text;
            match plan.schema.iter().find(|column| column.name == *name) {
                Some(column) if column.column_type == ty => {}
                Some(column) => {
                    let found = &column.column_type;
                    let message = format!("The column '{name}' must be of type {ty}, not {found}.");
                    return Err(self.semantic(span, "SEM0220", message));
                }
                None => {
                    let message = format!("The table lacks the column '{name}'.");
                    return Err(self.semantic(span, "SEM0220", message));
                }
            }
        }
        Ok(())
    }

    /// The first value of a query's answer, computed now.
    fn toscalar(&mut self, call: &Call, span: Span) -> Result<Scalar> {
        let [argument] = call.arguments.as_slice() else {
            return Err(self.semantic(span, "SEM0219", "toscalar(): expected 1 argument(s)."));
        };
        if !self.is_tabular(&argument.expression) {
            // What a name stands for outside comes before a column: in `partition { … }` it is the key's value.
            let outside = self.without_rows(|binder| binder.scalar(&argument.expression));
            return outside.or_else(|_| self.scalar(&argument.expression));
        }
        let plan = self.without_rows(|binder| binder.tabular(&argument.expression))?;
        let Some(column) = plan.schema.first() else {
            return Err(self.semantic(span, "SEM0021", "toscalar(): the query has no columns."));
        };
        let ty = column.column_type.clone();
        let plan = plan.over(crate::plan::Node::Take {
            input: plan.clone(),
            count: 1,
        });
        let batches = crate::exec::collect(&plan, self.session)?;
        let value = batches.iter().find(|batch| batch.num_rows() > 0);
        Ok(Scalar::Constant(match value {
            Some(batch) => Vector::new_constant(ty, batch.columns()[0].slice(0, 1)),
            None => Vector::null(ty),
        }))
    }

    /// All values of the first column of a table, computed now.
    pub(super) fn first_column(&mut self, expression: &Expression) -> Result<Vec<Scalar>> {
        let plan = self.without_rows(|binder| binder.tabular(expression))?;
        let Some(column) = plan.schema.first() else {
            return Err(self.semantic(expression.span, "SEM0021", "The query has no columns."));
        };
        let ty = column.column_type.clone();
        let mut values = Vec::new();
        for batch in crate::exec::collect(&plan, self.session)? {
            let column = &batch.columns()[0];
            values.extend(
                (0..batch.num_rows())
                    .map(|row| Scalar::Constant(Vector::new_constant(ty.clone(), column.slice(row, 1)))),
            );
        }
        Ok(values)
    }

    /// `pack_all()`: every column in one bag; `pack_all(true)` leaves out what is null or empty.
    fn pack_all(&mut self, call: &Call, span: Span) -> Result<Scalar> {
        let skips_empty = match call.arguments.first() {
            None => false,
            Some(argument) => {
                let value = self.constant(&argument.expression, "The argument of pack_all()")?;
                value.value(0) == Value::Bool(true)
            }
        };
        let columns = self
            .rows
            .as_ref()
            .map(|rows| rows.schema.to_vec())
            .unwrap_or_default();
        let mut arguments = Vec::with_capacity(columns.len() * 2);
        for (index, column) in columns.iter().enumerate() {
            arguments.push(text(&column.name));
            arguments.push(Scalar::Column(index, column.column_type.clone()));
        }
        if !skips_empty {
            return self.call("bag_pack", arguments, span);
        }
        let mut bag = Scalar::Constant(Vector::constant(ColumnType::Dynamic, Value::Dynamic("{}")));
        for pair in arguments.chunks_exact(2) {
            let is_empty = self.call("isempty", vec![pair[1].clone()], span)?;
            let one = self.call("bag_pack", pair.to_vec(), span)?;
            let none = Scalar::Constant(Vector::constant(ColumnType::Dynamic, Value::Dynamic("{}")));
            let entry = self.call("iff", vec![is_empty, none, one], span)?;
            bag = self.call("bag_merge", vec![bag, entry], span)?;
        }
        Ok(bag)
    }

    /// `bag_pack_columns(a, b)`: the columns in one bag, by name.
    fn pack_columns(&mut self, call: &Call, span: Span) -> Result<Scalar> {
        let mut arguments = Vec::with_capacity(call.arguments.len() * 2);
        for argument in &call.arguments {
            let ExpressionKind::Name(name) = &argument.expression.kind else {
                return Err(self.semantic(argument.span, "SEM0020", "A column name is expected here."));
            };
            arguments.push(text(name));
            arguments.push(self.scalar(&argument.expression)?);
        }
        self.call("bag_pack", arguments, span)
    }

    /// `column_names_of(T)`: the names of a table's columns in an array.
    fn column_names(&mut self, call: &Call, span: Span) -> Result<Scalar> {
        let [table] = call.arguments.as_slice() else {
            return Err(self.semantic(span, "SEM0219", "column_names_of(): expected 1 argument(s)."));
        };
        let plan = self.without_rows(|binder| binder.tabular(&table.expression))?;
        let names: Vec<&str> = plan.schema.iter().map(|column| column.name.as_str()).collect();
        let json = serde_json::Value::from(names).to_string();
        Ok(Scalar::Constant(Vector::constant(
            ColumnType::Dynamic,
            Value::Dynamic(&json),
        )))
    }

    /// `iscolumnexists("name")`
    fn is_column(&mut self, call: &Call, span: Span) -> Result<Scalar> {
        let [name] = call.arguments.as_slice() else {
            return Err(self.semantic(span, "SEM0219", "iscolumnexists(): expected 1 argument(s)."));
        };
        let name = self.constant(&name.expression, "The name of the column")?;
        let exists = match (name.value(0), &self.rows) {
            (Value::String(name), Some(rows)) => rows.position(name).is_some(),
            _ => false,
        };
        Ok(Scalar::Constant(Vector::constant(
            ColumnType::Bool,
            Value::Bool(exists),
        )))
    }

    /// `around(value, center, distance)`
    fn around(&mut self, call: &Call, span: Span) -> Result<Scalar> {
        let [value, center, distance] = call.arguments.as_slice() else {
            return Err(self.semantic(span, "SEM0219", "around(): expected 3 argument(s)."));
        };
        let value = self.scalar(&value.expression)?;
        let center = self.scalar(&center.expression)?;
        let distance = self.scalar(&distance.expression)?;
        let least = self.call("-", vec![center.clone(), distance.clone()], span)?;
        let most = self.call("+", vec![center, distance], span)?;
        self.call("between", vec![value, least, most], span)
    }

    /// `column_ifexists("name", other)`
    fn column_if_exists(&mut self, call: &Call, span: Span) -> Result<Scalar> {
        let [name, other] = call.arguments.as_slice() else {
            return Err(self.semantic(span, "SEM0219", "column_ifexists(): expected 2 argument(s)."));
        };
        let name = self.constant(&name.expression, "The name of the column")?;
        let Value::String(name) = name.value(0) else {
            return Err(self.semantic(span, "SEM0231", "column_ifexists(): the name must be a string."));
        };
        let column = self.rows.as_ref().and_then(|rows| {
            let index = rows.position(name)?;
            Some(Scalar::Column(index, rows.schema[index].column_type.clone()))
        });
        match column {
            Some(column) => Ok(column),
            None => self.scalar(&other.expression),
        }
    }
}

fn empty_table() -> Plan {
    Plan::new(Vec::new(), false, crate::plan::Node::Rows(Vec::new()))
}

fn null_scalar() -> Binding {
    Binding::Scalar {
        value: Scalar::Constant(Vector::null(ColumnType::Dynamic)),
        rows: 0,
    }
}
