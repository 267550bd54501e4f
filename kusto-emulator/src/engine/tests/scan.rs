//! `scan`.

use super::{check, check_error};

#[test]
fn a_step_remembers_what_it_matched_last() {
    check(
        "range x from 1 to 4 step 1 | scan declare (total: long = 10) with (step s: true => total = x + s.total;)",
        "x:long | total:long\n 1 | 11\n 2 | 13\n 3 | 16\n 4 | 20",
    );
    check(
        "datatable(t: long, e: string)[1, 'a', 2, '', 3, '', 4, 'b']
         | sort by t asc | scan declare (filled: string) with (step s: true => filled = iff(e == '', s.filled, e);)",
        "t:long | e:string | filled:string\n 1 | a | a\n 2 |  | a\n 3 |  | a\n 4 | b | b",
    );
}

#[test]
fn rows_go_from_step_to_step() {
    check(
        "datatable(t: long, e: string)[1, 'out', 2, 'in', 3, 'x', 4, 'out', 5, 'out', 6, 'in', 7, 'out']
         | sort by t asc
         | scan with_match_id=id declare (since: long) with (
             step start output=none: e == 'in' => since = t;
             step end: e == 'out' and t > start.t => since = start.since;
             step rest: e == 'out' => since = end.t; )",
        "t:long | e:string | since:long | id:long\n 4 | out | 2 | 0\n 5 | out | 4 | 0\n 7 | out | 4 | 0\n 7 | out | 6 | 1",
    );
}

#[test]
fn what_scan_cannot_do_is_refused() {
    check_error("Storms | scan with (step s: true;)", "must be serialized");
    check_error(
        "range x from 1 to 2 step 1 | scan with (step s output=last: true;)",
        "'output=last' of 'scan' is not supported",
    );
    check_error(
        "range x from 1 to 2 step 1 | scan declare (n: long) with (step s: true => m = 1;)",
        "'m' is not declared",
    );
}
