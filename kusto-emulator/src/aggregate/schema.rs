//! The schema of dynamic values.

use super::Aggregate;
use super::fold::fold;
use crate::function::Function;
use crate::function::json::Json as Value;
use crate::function::kind::Json;

pub(super) const FUNCTIONS: &[Function<Aggregate>] = &[Function::new(
    "buildschema",
    (1, 1),
    "(value: dynamic) -> dynamic",
    |a| {
        fold::<Json, Json, _>(
            a,
            Schema::default(),
            |schema, value| schema.add(&value),
            |schema| schema.json(),
        )
    },
)];

/// What the values seen so far are: scalars of some types, bags with some slots.
#[derive(Clone, Default)]
struct Schema {
    scalars: Vec<&'static str>,
    /// The slots of bags, in the order they were seen; the elements of arrays are in one called `` `indexer` ``.
    slots: Vec<(String, Self)>,
    /// Whether there was a bag or an array, be it empty.
    has_slots: bool,
}

impl Schema {
    fn add(&mut self, value: &Value) {
        let scalar = match value {
            Value::Null => return,
            Value::Bool(_) => "bool",
            Value::Number(number) if number.is_i64() => "long",
            Value::Number(_) => "double",
            Value::String(_) => "string",
            Value::Array(elements) => {
                self.has_slots = true;
                elements
                    .iter()
                    .for_each(|element| self.slot("`indexer`").add(element));
                return;
            }
            Value::Object(slots) => {
                self.has_slots = true;
                slots.iter().for_each(|(name, value)| self.slot(name).add(value));
                return;
            }
        };
        if !self.scalars.contains(&scalar) {
            self.scalars.push(scalar);
        }
    }

    fn slot(&mut self, name: &str) -> &mut Self {
        let place = match self.slots.iter().position(|(known, _)| known == name) {
            Some(place) => place,
            None => {
                self.slots.push((name.to_owned(), Self::default()));
                self.slots.len() - 1
            }
        };
        &mut self.slots[place].1
    }

    /// One alternative by itself, several in an array; nothing where only nulls were seen.
    fn json(self) -> Option<Value> {
        let mut alternatives: Vec<Value> = self.scalars.into_iter().map(Value::from).collect();
        if self.has_slots {
            let slots = self.slots.into_iter();
            let slots = slots.map(|(name, schema)| (name, schema.json().unwrap_or(Value::Null)));
            alternatives.push(Value::Object(slots.collect()));
        }
        match alternatives.len() {
            0 => None,
            1 => alternatives.pop(),
            _ => Some(Value::Array(alternatives)),
        }
    }
}
