//! What standard output is connected to.

use std::io::IsTerminal;

use terminal_size::{Height, Width, terminal_size};

use crate::chart::TextStyle;
use crate::output::TableStyle;

/// A terminal on standard output: its size, and whether colours are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terminal {
    width: usize,
    height: usize,
    color: bool,
}

impl Terminal {
    /// The terminal on standard output; `None` for a file or a pipe.
    pub(crate) fn stdout() -> Option<Self> {
        if !std::io::stdout().is_terminal() {
            return None;
        }
        let (Width(width), Height(height)) = terminal_size().unwrap_or((Width(80), Height(24)));
        // <https://no-color.org>: any value but none.
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Some(Self {
            width: width.into(),
            height: height.into(),
            color: !is_plain,
        })
    }

    pub(crate) const fn table_style(self) -> TableStyle {
        TableStyle {
            width: Some(self.width),
            color: self.color,
        }
    }

    /// Charts leave room for the line before and after them.
    pub(crate) fn text_style(self) -> TextStyle {
        TextStyle {
            width: self.width,
            height: self.height.saturating_sub(4).clamp(8, 24),
            color: self.color,
        }
    }
}
