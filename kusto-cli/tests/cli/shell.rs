//! The shell, fed from a pipe.

use crate::command::{run, run_with};

#[test]
fn requests_of_a_script_are_answered_in_their_order() {
    let script = "\
        // what there is
        .show tables | project TableName

        #qp state=TEXAS
        storms
        | where State == state | distinct State

        | count

        #qp state
        #crp query_take_max_records=2
        storms | project 1

        #quit
        print 'never'
        ";
    let shell = run_with(&["shell", "--sample", "--format", "csv", "--quiet"], script);
    assert_eq!((shell.code, shell.err.as_str()), (Some(0), ""));
    assert_eq!(
        shell.out,
        "TableName\nstorms\nState\nTEXAS\nCount\n1\nColumn1\n1\n1\n"
    );
}

#[test]
fn the_first_failure_ends_a_script() {
    let shell = run_with(
        &["shell", "--sample", "--quiet"],
        "storms | whre\n\nprint 'never'\n",
    );
    assert_eq!(shell.code, Some(1));
    assert!(
        shell.err.contains("SYN0002") && !shell.out.contains("never"),
        "{}",
        shell.err
    );
}

#[test]
fn a_result_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("states.csv");
    let script = format!("#save {}\nprint a = 1\n\nprint b = 2\n", file.display());
    let shell = run_with(&["shell", "--sample", "--format", "csv", "--quiet"], &script);
    assert_eq!(
        (shell.code, shell.out.as_str()),
        (Some(0), "b\n2\n"),
        "{}",
        shell.err
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "a\n1\n");
}

#[test]
fn unknown_directives_are_refused() {
    let shell = run_with(&["shell", "--sample"], "#nonsense\n");
    assert_eq!(shell.code, Some(2));
    assert!(shell.err.contains("#help"), "{}", shell.err);
    assert_eq!(run(&["shell", "file.csv"]).code, Some(2));
}
