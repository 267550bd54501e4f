//! Sorting arrays, others along with the first.

use std::cmp::Ordering;

use kusto_protocol::ColumnType;

use super::arguments::Arguments;
use super::json::{self, Json};
use super::kind::{self, Input, RawJson};
use super::lift::collect;
use super::{Call, Family, Function};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Sorting of arrays",
    functions: &[
        Function::new("array_sort_asc", (1, 64), SIGNATURE, |a| sort(a, Ordering::Less)),
        Function::new("array_sort_desc", (1, 64), SIGNATURE, |a| {
            sort(a, Ordering::Greater)
        }),
    ],
};

const SIGNATURE: &str = "(array, …, [nulls last: bool]) -> the array, or an array of all of them";

/// Sorts the first array and puts the others, of the same length, into the same order.
///
/// Of one array the result is an array; of several it is an array of arrays.
fn sort(arguments: &Arguments<'_>, first: Ordering) -> Result<Call, BindError> {
    let mut count = arguments.len();
    let mut nulls_last = true;
    if count > 1 && *arguments.ty(count - 1) == ColumnType::Bool {
        count -= 1;
        nulls_last = arguments.literal_text(count)? != "false";
    }
    for index in 0..count {
        arguments.target::<RawJson>(index)?;
    }
    Ok(Call::new(ColumnType::Dynamic, move |vectors, rows, _| {
        let readers: Vec<_> = vectors[..count].iter().map(kind::Json::read).collect();
        collect::<kind::Json>(vectors, rows, |row| {
            let values: Vec<_> = readers.iter().map(|read| read(row)).collect();
            let by = values[0].as_ref()?.as_array()?;
            let mut order: Vec<usize> = (0..by.len()).collect();
            order.sort_by(|left, right| compare(&by[*left], &by[*right], first, nulls_last));
            let mut sorted = values.iter().map(|array| {
                let array = array.as_ref().and_then(|array| array.as_array());
                match array.filter(|array| array.len() == by.len()) {
                    Some(array) => order.iter().map(|index| array[*index].clone()).collect(),
                    None => Json::Null,
                }
            });
            if count == 1 {
                sorted.next()
            } else {
                Some(sorted.collect())
            }
        })
    }))
}

fn compare(left: &Json, right: &Json, first: Ordering, nulls_last: bool) -> Ordering {
    match (left.is_null(), right.is_null()) {
        (false, false) if first == Ordering::Less => json::compare(left, right),
        (false, false) => json::compare(right, left),
        (left, right) if nulls_last => left.cmp(&right),
        (left, right) => right.cmp(&left),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn others_follow_the_first() {
        check("array_sort_asc", &["dynamic:[2,10,1.5]"], "dynamic:[1.5,2,10]");
        check(
            "array_sort_desc",
            &["dynamic:[\"b\",\"c\",\"a\"]"],
            "dynamic:[\"c\",\"b\",\"a\"]",
        );
        check(
            "array_sort_asc",
            &["dynamic:[1,3,4,5,2]", "dynamic:[\"a\",\"b\",\"c\",\"d\",\"e\"]"],
            "dynamic:[[1,2,3,4,5],[\"a\",\"e\",\"b\",\"c\",\"d\"]]",
        );
        check(
            "array_sort_asc",
            &["dynamic:[1,2]", "dynamic:[1]"],
            "dynamic:[[1,2],null]",
        );
    }

    #[test]
    fn nulls_come_last_unless_asked_otherwise() {
        check("array_sort_asc", &["dynamic:[null,2,1]"], "dynamic:[1,2,null]");
        check("array_sort_desc", &["dynamic:[null,1,2]"], "dynamic:[2,1,null]");
        check(
            "array_sort_asc",
            &["dynamic:[2,null,1]", "bool:false"],
            "dynamic:[null,1,2]",
        );
    }
}
