//! Looking for one text in another: anywhere, at an end, or as a term, with or without regard to case.
//!
//! A term is a run of letters and digits. `has` finds a text if no letter or digit stands directly before or
//! after it; `hasprefix` and `hassuffix` ask for one side only.

/// How a text is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    Contains,
    EndsWith,
    Has,
    HasPrefix,
    HasSuffix,
    StartsWith,
}

/// A text to look for, prepared for many rows.
#[derive(Debug)]
pub(super) struct Needle {
    text: String,
    ignore_case: bool,
    finder: memchr::memmem::Finder<'static>,
}

impl Needle {
    pub(super) fn new(text: &str, ignore_case: bool) -> Self {
        let text = if ignore_case { fold(text) } else { text.to_owned() };
        Self {
            finder: memchr::memmem::Finder::new(&text).into_owned(),
            text,
            ignore_case,
        }
    }

    /// Whether the text is in `haystack`. `buffer` is scratch space that rows share.
    pub(super) fn is_in(&self, search: Search, haystack: &str, buffer: &mut String) -> bool {
        if !self.ignore_case {
            return self.matches(search, haystack);
        }
        if haystack.is_ascii() {
            // An ASCII text holds nothing that folds to anything longer: no match, no copy.
            if self.text.len() > haystack.len() {
                return false;
            }
            match search {
                Search::StartsWith => {
                    let head = &haystack.as_bytes()[..self.text.len()];
                    return head.eq_ignore_ascii_case(self.text.as_bytes());
                }
                Search::EndsWith => {
                    let tail = &haystack.as_bytes()[haystack.len() - self.text.len()..];
                    return tail.eq_ignore_ascii_case(self.text.as_bytes());
                }
                _ => {}
            }
        }
        buffer.clear();
        fold_into(haystack, buffer);
        self.matches(search, buffer)
    }

    fn matches(&self, search: Search, haystack: &str) -> bool {
        match search {
            Search::Contains => self.finder.find(haystack.as_bytes()).is_some(),
            Search::StartsWith => haystack.starts_with(&self.text),
            Search::EndsWith => haystack.ends_with(&self.text),
            Search::Has => self.has(haystack, true, true),
            Search::HasPrefix => self.has(haystack, true, false),
            Search::HasSuffix => self.has(haystack, false, true),
        }
    }

    /// Whether the text occurs with ends of terms before and after it, as asked.
    fn has(&self, haystack: &str, before: bool, after: bool) -> bool {
        if self.text.is_empty() {
            return true;
        }
        let bytes = haystack.as_bytes();
        let mut from = 0;
        while let Some(at) = self.finder.find(&bytes[from..]) {
            let (start, end) = (from + at, from + at + self.text.len());
            let is_term = |c: char| c.is_alphanumeric();
            let starts = !before || !haystack[..start].ends_with(is_term) || !self.text.starts_with(is_term);
            let ends = !after || !haystack[end..].starts_with(is_term) || !self.text.ends_with(is_term);
            if starts && ends {
                return true;
            }
            // The next place to look starts after the first character of this one.
            from = start + haystack[start..].chars().next().map_or(1, char::len_utf8);
        }
        false
    }
}

/// A text without regard to case.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

fn fold_into(text: &str, buffer: &mut String) {
    if text.is_ascii() {
        buffer.push_str(text);
        buffer.make_ascii_lowercase();
    } else {
        buffer.extend(text.chars().flat_map(char::to_lowercase));
    }
}

/// Whether two texts are equal without regard to case.
pub(super) fn equal_ignoring_case(left: &str, right: &str) -> bool {
    if left.is_ascii() && right.is_ascii() {
        left.eq_ignore_ascii_case(right)
    } else {
        let folded = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
        folded(left) == folded(right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(search: Search, haystack: &str, needle: &str) -> bool {
        Needle::new(needle, true).is_in(search, haystack, &mut String::new())
    }

    #[test]
    fn has_asks_for_whole_terms() {
        assert!(found(Search::Has, "North America", "america"));
        assert!(found(Search::Has, "a-north.b", "NORTH"));
        assert!(!found(Search::Has, "Northern", "north"));
        assert!(!found(Search::Has, "deep-northern", "north"));
        assert!(
            found(Search::Has, "xnorth north", "north"),
            "a later occurrence counts"
        );
        assert!(found(Search::Has, "a_b", "a"), "an underscore ends a term");
        assert!(found(Search::Has, "say hello, world!", "hello, world"));
        assert!(found(Search::Has, "GRÜSSE aus Köln", "köln"));
        assert!(!found(Search::Has, "Kölner", "köln"));
    }

    #[test]
    fn prefixes_and_suffixes_of_terms_ask_for_one_side() {
        assert!(found(Search::HasPrefix, "the Northern star", "north"));
        assert!(!found(Search::HasPrefix, "the xnorth", "north"));
        assert!(found(Search::HasSuffix, "the xnorth", "north"));
        assert!(!found(Search::HasSuffix, "the northern", "north"));
    }

    #[test]
    fn case_counts_where_asked() {
        let needle = Needle::new("Ab", false);
        assert!(needle.is_in(Search::Contains, "xAbx", &mut String::new()));
        assert!(!needle.is_in(Search::Contains, "xabx", &mut String::new()));
        assert!(found(Search::StartsWith, "ÄPFEL", "äp"));
        assert!(found(Search::EndsWith, "ÄPFEL", "el"));
        assert!(!found(Search::EndsWith, "l", "el"));
    }

    #[test]
    fn the_empty_text_is_everywhere() {
        for search in [
            Search::Contains,
            Search::Has,
            Search::StartsWith,
            Search::EndsWith,
        ] {
            assert!(found(search, "", ""));
            assert!(found(search, "x", ""));
        }
    }
}
