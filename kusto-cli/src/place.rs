//! Shows where in a text the service found a fault.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The line that an error message names with `[line:position=LINE:COLUMN]`, and a caret below the place.
///
/// `lines_before` is the number of lines that were sent before the text. `None` if the message names no place, or
/// none within the text.
pub(crate) fn underlined(message: &str, text: &str, lines_before: usize) -> Option<String> {
    let (_, place) = message.split_once("line:position=")?;
    let (line, column) = place.split_once(']')?.0.split_once(':')?;
    let line: usize = line.trim().parse().ok()?;
    let column: usize = column.trim().parse().ok()?;
    let number = line.checked_sub(lines_before).filter(|number| *number > 0)?;
    let line = text.split('\n').nth(number - 1)?.trim_end_matches('\r');
    // Positions count characters from one; a fault at the end of the text is one after the last.
    let before: String = line.chars().take(column.saturating_sub(1)).collect();
    let (line, before) = shortened(line, &before);
    // Names are underlined whole.
    let name = |character: &char| character.is_alphanumeric() || *character == '_';
    let length = line[before.len()..].chars().take_while(name).count().max(1);
    let margin = number.to_string();
    let space = " ".repeat(margin.len());
    let indent = " ".repeat(plain(&before).width());
    let shown = plain(&line);
    Some(format!(
        "{space} |\n{margin} | {shown}\n{space} | {indent}{}",
        "^".repeat(length)
    ))
}

/// Long lines are cut around the place.
fn shortened(line: &str, before: &str) -> (String, String) {
    let start = before
        .char_indices()
        .rev()
        .nth(MOST_BEFORE)
        .map_or(0, |(index, _)| index);
    let end = line[before.len()..]
        .char_indices()
        .nth(MOST_AFTER)
        .map_or(line.len(), |(index, _)| before.len() + index);
    let (left, right) = (
        if start > 0 { "…" } else { "" },
        if end < line.len() { "…" } else { "" },
    );
    (
        format!("{left}{}{right}", &line[start..end]),
        format!("{left}{}", &before[start..]),
    )
}

/// One cell for each tab and control character, so that carets stand below their place.
fn plain(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.width().is_none() {
                ' '
            } else {
                character
            }
        })
        .collect()
}

const MOST_BEFORE: usize = 60;
const MOST_AFTER: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_at_the_place_is_underlined() {
        let message = "Semantic error: SEM0100: no column 'Stat' [line:position=2:9]";
        let expected = "  |\n2 | | where Stat == 1\n  |         ^^^^";
        assert_eq!(
            underlined(message, "storms\n| where Stat == 1", 0).unwrap(),
            expected
        );
    }

    #[test]
    fn lines_sent_before_the_text_do_not_count() {
        let shown = underlined("[line:position=2:1]", "x", 1).unwrap();
        assert_eq!(shown, "  |\n1 | x\n  | ^");
        assert_eq!(underlined("[line:position=1:1]", "x", 1), None);
    }

    #[test]
    fn the_end_of_the_text_is_a_place() {
        assert_eq!(
            underlined("[line:position=1:7]", "T | x", 0).unwrap(),
            "  |\n1 | T | x\n  |      ^"
        );
    }

    #[test]
    fn wide_letters_and_tabs_keep_the_caret_below() {
        assert_eq!(
            underlined("[line:position=1:4]", "\t日 x", 0).unwrap(),
            "  |\n1 |  日 x\n  |     ^"
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}here{}", "a ".repeat(500), " b".repeat(500));
        let shown = underlined("[line:position=1:1001]", &text, 0).unwrap();
        assert!(shown.lines().all(|line| line.width() < 140));
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(
            lines[1].find("here").map(|at| lines[1][..at].width()),
            lines[2].find("^^^^")
        );
    }

    #[test]
    fn other_messages_have_no_place() {
        for message in [
            "",
            "a",
            "[line:position=]",
            "[line:position=x:1]",
            "[line:position=99:1]",
            "[line:position=1",
        ] {
            assert_eq!(underlined(message, "text", 0), None);
        }
    }
}
