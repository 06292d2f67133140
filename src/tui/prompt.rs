//! The line in which the filter is typed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::store::{Filter, LineFilter};

/// What is typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum What {
    /// A filter of requests.
    #[default]
    Requests,
    /// A filter of log lines.
    Lines,
    /// Something that is not completed.
    Plain,
}

/// A line being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Prompt {
    /// What stands left of the cursor.
    pub(super) left: String,
    /// What stands right of it.
    pub(super) right: String,
    /// The filter to go back to.
    pub(super) before: String,
    /// How far back in the history: 0 is the line itself.
    back: usize,
    what: What,
}

impl Prompt {
    /// A prompt that starts with the filter in force.
    pub(super) fn new(text: &str) -> Self {
        Self { left: text.to_owned(), before: text.to_owned(), ..Self::default() }
    }

    /// The same for a filter of log lines.
    pub(super) fn of_lines(text: &str) -> Self {
        Self { what: What::Lines, ..Self::new(text) }
    }

    /// The same for something that is no filter.
    pub(super) fn plain(text: &str) -> Self {
        Self { what: What::Plain, ..Self::new(text) }
    }

    /// What the word before the cursor may become.
    pub(super) fn completions(&self) -> Vec<String> {
        match self.what {
            What::Requests => Filter::completions(&self.left),
            What::Lines => LineFilter::completions(&self.left),
            What::Plain => Vec::new(),
        }
    }

    /// The whole line.
    pub(super) fn text(&self) -> String {
        format!("{}{}", self.left, self.right)
    }

    /// Takes in what was pasted, control characters left out.
    pub(super) fn paste(&mut self, text: &str) {
        self.left.extend(text.chars().filter(|c| !c.is_control()));
    }

    /// Applies a key; `history` is what was typed before, newest last.
    pub(super) fn edit(&mut self, key: KeyEvent, history: &[String]) {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Left => {
                if let Some(c) = self.left.pop() {
                    self.right.insert(0, c);
                }
            }
            KeyCode::Right => self.left.extend(take_first(&mut self.right)),
            KeyCode::Home => self.right.insert_str(0, &std::mem::take(&mut self.left)),
            KeyCode::End => self.left.push_str(&std::mem::take(&mut self.right)),
            KeyCode::Backspace => drop(self.left.pop()),
            KeyCode::Delete => drop(take_first(&mut self.right)),
            KeyCode::Char('u') if ctrl => self.left.clear(),
            KeyCode::Char('w') if ctrl => self.drop_word(),
            KeyCode::Char(c) if !ctrl => self.left.push(c),
            KeyCode::Up => self.recall(history, self.back + 1),
            KeyCode::Down => self.recall(history, self.back.saturating_sub(1)),
            KeyCode::Tab => self.complete(),
            _ => {}
        }
    }

    fn drop_word(&mut self) {
        let end = self.left.trim_end().rfind(' ').map_or(0, |blank| blank + 1);
        self.left.truncate(end);
    }

    fn recall(&mut self, history: &[String], back: usize) {
        self.back = back.min(history.len());
        self.right.clear();
        self.left = match self.back {
            0 => self.before.clone(),
            back => history.iter().rev().nth(back - 1).cloned().unwrap_or_default(),
        };
    }

    /// Takes the best way to go on with the word before the cursor.
    fn complete(&mut self) {
        let Some(best) = self.completions().into_iter().next() else { return };
        let word = self.left.rfind(|c: char| c.is_whitespace() || matches!(c, '&' | '|' | '(' | '!'));
        self.left.truncate(word.map_or(0, |at| at + 1));
        self.left.push_str(&best);
    }
}

fn take_first(text: &mut String) -> Option<char> {
    (!text.is_empty()).then(|| text.remove(0))
}
