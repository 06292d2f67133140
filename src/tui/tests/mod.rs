//! Whole screens on a test terminal, and keys against the state. Screens are kept in `tests/snapshots`.

mod access_log;
mod findings;
mod keys;
mod mouse;
mod redirects;
mod routes;
mod screens;
mod traffic;
mod what_if;

use std::sync::{Arc, RwLock};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::keymap::Key;
use super::message::{Effect, Message};
use super::screenful::Screenful;
use super::state::State;
use super::update::update;
use super::{Look, ThemeName, view};
use crate::store::{LogBook, Store};

/// A face without a terminal: keys go in, screens come out.
struct Bench {
    state: State,
    seen: Screenful,
    store: Arc<RwLock<Store>>,
    /// The logs, where there are some.
    book: Option<RwLock<LogBook>>,
}

impl Bench {
    fn new(store: Store, width: u16, height: u16) -> Self {
        let look = Look { theme: ThemeName::Dark, ascii: false, mouse: true };
        let seen = Screenful::new(store.setup().clone());
        let state = State::new((width, height), look, TimeZone::UTC, "");
        let mut bench = Self { state, seen, store: Arc::new(RwLock::new(store)), book: None };
        bench.refresh();
        bench
    }

    fn refresh(&mut self) {
        self.seen.refresh(&self.store, &mut self.state);
        if let Some(book) = &self.book {
            self.seen.refresh_log(book, &mut self.state);
        }
    }

    /// Presses keys one after another, each seeing the screen that the one before left. Gives all effects.
    fn press(&mut self, keys: impl IntoIterator<Item = Key>) -> Vec<Effect> {
        keys.into_iter().flat_map(|key| self.send(Message::Key(event(key)))).collect()
    }

    fn type_in(&mut self, text: &str) -> Vec<Effect> {
        self.press(text.chars().map(Key::Char))
    }

    fn send(&mut self, message: Message) -> Vec<Effect> {
        let effects = update(&mut self.state, message, &self.seen);
        self.refresh();
        effects
    }

    fn terminal(&self) -> Terminal<TestBackend> {
        let (width, height) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view::draw(frame, &self.state, &self.seen)).unwrap();
        terminal
    }

    /// The screen as text, without the blanks at the ends of its lines.
    fn screen(&self) -> String {
        let buffer = self.terminal().backend().buffer().clone();
        let width = usize::from(buffer.area.width).max(1);
        let line = |cells: &[ratatui::buffer::Cell]| {
            cells.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned()
        };
        buffer.content.chunks(width).map(line).collect::<Vec<_>>().join("\n")
    }

    fn selected(&self) -> Option<u64> {
        self.state.selected.map(|id| id.0)
    }
}

fn event(key: Key) -> KeyEvent {
    match key {
        Key::Char(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE),
        Key::Ctrl(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL),
        Key::Code(code) => KeyEvent::new(code, KeyModifiers::NONE),
    }
}
