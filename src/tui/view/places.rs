//! Where everything stands at a given size. Drawing and the mouse both ask here, so they cannot disagree.

use ratatui::layout::{Constraint, Layout, Rect};

use crate::tui::state::{Page, Pane, State};

/// The three ways to lay out the Requests page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Shape {
    /// Four lanes side by side.
    Wide,
    /// Lanes as lines, one under the other.
    Stacked,
    /// Too small for lanes: the list only.
    Small,
}

/// The regions of the screen; one that is not shown is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Places {
    pub(in crate::tui) shape: Shape,
    pub(in crate::tui) header: Rect,
    pub(in crate::tui) warning: Rect,
    pub(in crate::tui) scene: Rect,
    /// All between header and bar.
    pub(in crate::tui) body: Rect,
    pub(in crate::tui) list: Rect,
    /// The four lanes, or in the stacked shape the one pane of them all, first.
    pub(in crate::tui) lanes: [Rect; 4],
    pub(in crate::tui) verdict: Rect,
    pub(in crate::tui) bar: Rect,
}

impl Places {
    /// The regions for a state.
    pub(in crate::tui) fn of(state: &State) -> Self {
        let (width, height) = state.size;
        let whole = Rect::new(0, 0, width, height);
        let shape = match (width, height) {
            (110.., 24..) => Shape::Wide,
            (80.., 24..) => Shape::Stacked,
            _ => Shape::Small,
        };
        let one_if = |shown: bool| Constraint::Length(u16::from(shown));
        let [header, warning, scene, body, bar] = Layout::vertical([
            Constraint::Length(1),
            one_if(state.warning.is_some() || state.contradiction.is_some()),
            one_if(!state.scenes.is_empty()),
            Constraint::Fill(1),
            Constraint::Length(1),
        ])
        .areas(whole);
        let empty = Self {
            shape,
            header,
            warning,
            scene,
            body,
            list: Rect::ZERO,
            lanes: [Rect::ZERO; 4],
            verdict: Rect::ZERO,
            bar,
        };
        if state.page != Page::Requests {
            return empty;
        }
        match shape {
            Shape::Small => Self { list: body, ..empty },
            // Nothing has passed: what to do, and all that is known of the server, instead of empty panes.
            _ if state.listing.total() == 0 => Self { list: body, ..empty },
            _ if state.zoomed => empty.zoomed(state.focus),
            Shape::Wide => empty.wide(),
            Shape::Stacked => empty.stacked(),
        }
    }

    fn zoomed(self, focus: Pane) -> Self {
        let body = self.body;
        match (focus, self.shape) {
            (Pane::List, _) => Self { list: body, ..self },
            (Pane::Verdict, _) => Self { verdict: body, ..self },
            (Pane::Lane(n), _) => {
                let mut lanes = [Rect::ZERO; 4];
                if let Some(lane) = lanes.get_mut(usize::from(n)) {
                    *lane = body;
                }
                Self { lanes, ..self }
            }
        }
    }

    fn wide(self) -> Self {
        let height = self.body.height;
        let verdict = (height * 2 / 7).clamp(6, 11);
        let lanes = (height * 44 / 100).clamp(9, 17);
        let [list, lanes, verdict] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(lanes), Constraint::Length(verdict)])
                .areas(self.body);
        // The header lane has the longest values.
        let lanes = Layout::horizontal([29, 33, 29, 29].map(Constraint::Fill)).areas(lanes);
        Self { list, lanes, verdict, ..self }
    }

    fn stacked(self) -> Self {
        // At 24 lines the verdict has three of text; half of what a screen has more goes to it.
        let verdict = (5 + self.body.height.saturating_sub(22) / 2).clamp(5, 9);
        let [list, stack, verdict] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(9), Constraint::Length(verdict)])
                .areas(self.body);
        Self { list, lanes: [stack, Rect::ZERO, Rect::ZERO, Rect::ZERO], verdict, ..self }
    }

    /// How many exchanges the list shows: its height less frame and column heads.
    pub(in crate::tui) fn list_lines(&self) -> u16 {
        self.list.height.saturating_sub(3)
    }

    /// The pane at a place of the screen.
    pub(in crate::tui) fn pane_at(&self, column: u16, line: u16) -> Option<Pane> {
        let at = (column, line).into();
        if self.list.contains(at) {
            return Some(Pane::List);
        }
        if self.verdict.contains(at) {
            return Some(Pane::Verdict);
        }
        (0..).zip(self.lanes).find(|(_, lane)| lane.contains(at)).map(|(n, _)| Pane::Lane(n))
    }
}
