//! Keys in the editor.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Field, Values, WhatIf};
use crate::dry_run::SupposedPath;
use crate::tui::prompt::Prompt;
use crate::tui::row::{method, split_prefix};
use crate::tui::screenful::Screenful;
use crate::tui::state::{Overlay, Page, State};
use crate::tui::view::places::{Places, Shape};

/// Opens the editor for the selected request.
pub(in crate::tui) fn open(state: &mut State, seen: &Screenful) {
    let Some(chosen) = &seen.chosen else { return };
    if Places::of(state).shape == Shape::Small {
        state.notice = Some("the lanes that would change need 80x24 or more".to_owned());
        return;
    }
    state.page = Page::Requests;
    state.zoomed = false;
    state.unfollow();
    let values = Values::of(chosen, &seen.setup);
    let (prefix, rest) = split_prefix(&chosen.lanes, state.reveal);
    state.overlay = Some(Overlay::WhatIf(Box::new(WhatIf {
        id: chosen.entry.exchange.id,
        asked: format!("{} {prefix}{rest}", method(&chosen.lanes)),
        before: values.clone(),
        prompt: Prompt::new(&values.prefix),
        values,
        field: Field::Path,
    })));
}

/// A key while the editor is open; Esc goes back to what was seen.
pub(in crate::tui) fn key(state: &mut State, mut what_if: Box<WhatIf>, key: KeyEvent) {
    let chooses = what_if.field == Field::Path;
    match key.code {
        KeyCode::Esc => return,
        KeyCode::Up | KeyCode::BackTab => what_if.turn_to(what_if.field.step(Field::ALL.len() - 1)),
        KeyCode::Down | KeyCode::Tab | KeyCode::Enter => what_if.turn_to(what_if.field.step(1)),
        KeyCode::Char(' ') | KeyCode::Right if chooses => what_if.values.path = next(what_if.values.path),
        KeyCode::Left if chooses => what_if.values.path = next(next(what_if.values.path)),
        _ if chooses => {}
        _ => {
            what_if.prompt.edit(key, &[]);
            what_if.take_in();
        }
    }
    state.overlay = Some(Overlay::WhatIf(what_if));
}

/// Text pasted into the field.
pub(in crate::tui) fn paste(what_if: &mut WhatIf, text: &str) {
    if what_if.field != Field::Path {
        what_if.prompt.paste(text);
        what_if.take_in();
    }
}

const fn next(path: SupposedPath) -> SupposedPath {
    match path {
        SupposedPath::AsSeen => SupposedPath::Strip,
        SupposedPath::Strip => SupposedPath::Keep,
        SupposedPath::Keep => SupposedPath::AsSeen,
    }
}

impl WhatIf {
    fn turn_to(&mut self, field: Field) {
        self.field = field;
        self.prompt = Prompt::new(self.values.text(field).unwrap_or_default());
    }

    fn take_in(&mut self) {
        let text = self.prompt.text();
        if let Some(value) = self.values.text_mut(self.field) {
            *value = text;
        }
    }
}
