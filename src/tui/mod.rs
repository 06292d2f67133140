//! FACE: the terminal. Guard, messages, state, update (pure), keymap, theme, and one file per region of the screen.
//!
//! This room exists so that what was observed and concluded can be read while it happens. It only ever reads the store.
//!
//! ```text
//! keys, signals ─▶ Message ─▶ update(&mut State, Message, &Screenful) ─▶ Vec<Effect> ─▶ terminal, Controls
//! new revision ──▶ Screenful::refresh (two short read locks) ─▶ view::draw(&State, &Screenful) ─▶ cells
//! ```
//!
//! There is no tick: the face sleeps until a key or a new revision, draws at most thirty times a second, and while
//! nothing changes it draws nothing and no timer runs.

mod access_log;
mod copy;
mod detail;
mod editor;
mod events;
mod finding_text;
mod findings;
mod input;
mod keymap;
mod lane_text;
mod listing;
mod message;
mod prompt;
mod redirects;
mod routing;
mod row;
mod save;
mod screenful;
mod session;
mod state;
mod terminal;
#[cfg(test)]
mod tests;
mod text;
mod theme;
mod update;
mod verdict_text;
mod view;
mod what_if;

pub use session::{Console, Controls, Exit, Exported, Lines, Logs, Scene, Scenes, Session};
pub use theme::{Look, ThemeName};

use std::sync::PoisonError;
use std::time::Duration;

use anyhow::Context as _;
use jiff::tz::TimeZone;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use access_log::There;
use input::Input;
use message::{Effect, LoggedRequest, Message};
use routing::Excerpt;
use screenful::Screenful;
use state::{Overlay, Page, State};
use terminal::Screen;

use crate::gateway::Place;
use crate::lanes::visible::visible;
use crate::store::{LineFilter, LogView};

/// The least time between two frames.
const FRAME: Duration = Duration::from_millis(33);

/// Shows the session until the user leaves, a signal ends it, or the terminal goes away.
///
/// Drawing writes to the terminal and waits for it, so this wants a thread of its own: on a runtime shared with the
/// proxy a slow terminal would hold up traffic. The runtime needs its I/O and time drivers.
///
/// # Errors
/// If the terminal cannot be taken.
pub async fn run(session: Session) -> anyhow::Result<Exit> {
    let mut screen = Screen::take(&session.title, session.look.mouse).context("cannot take the terminal")?;
    let input = Input::listen().context("cannot listen to the terminal")?;
    let size = screen.size().context("cannot ask the terminal for its size")?;
    let mut state = State::new(size, session.look, TimeZone::system(), &session.filter);
    state.warning.clone_from(&session.warning);
    if let Some(console) = &session.console {
        state.console = Some((console.command.clone(), console.log.clone()));
        state.notice = Some(format!("o shows what {} writes; all of it is in {}", console.command, console.log));
    }
    if let Some(scenes) = &session.scenes {
        state.scenes.clone_from(&scenes.list);
        state.scene = *scenes.current.borrow();
    }
    if let Some(logs) = &session.logs {
        state.log.there = if logs.alone { There::Alone } else { There::Beside };
        state.log.begin_with(&logs.filter, logs.span, &state.zone);
        if logs.alone {
            state.page = Page::AccessLog;
        }
    }
    Ok(Face::new(session, state, input).live(&mut screen).await)
}

/// The running face.
struct Face {
    session: Session,
    state: State,
    seen: Screenful,
    input: Input,
    /// Something changed since the last frame.
    stale: bool,
    next_frame: Instant,
}

impl Face {
    fn new(session: Session, state: State, input: Input) -> Self {
        let setup = session.store.read().unwrap_or_else(PoisonError::into_inner).setup().clone();
        Self { session, state, seen: Screenful::new(setup), input, stale: true, next_frame: Instant::now() }
    }

    /// Wait, take in all that is there, draw when it is time; a terminal that cannot be written to is gone.
    async fn live(&mut self, screen: &mut Screen) -> Exit {
        loop {
            if self.stale && Instant::now() >= self.next_frame && self.show(screen).is_err() {
                return Exit::TerminalClosed;
            }
            let mut message = Some(self.wait().await);
            while let Some(now) = message {
                match self.take_in(now, screen) {
                    Ok(None) => {}
                    Ok(Some(exit)) => return exit,
                    Err(_) => return Exit::TerminalClosed,
                }
                message = self.input.ready();
            }
        }
    }

    fn show(&mut self, screen: &mut Screen) -> std::io::Result<()> {
        self.seen.refresh(&self.session.store, &mut self.state);
        if let Some(logs) = &self.session.logs {
            self.seen.refresh_log(&logs.book, &mut self.state);
        }
        if let Some(console) = &self.session.console {
            self.seen.read_console(console, &mut self.state);
        }
        screen.draw(|frame| view::draw(frame, &self.state, &self.seen))?;
        // While the filter has entries to see, the next frame shows more of them.
        self.stale = self.state.listing.waiting() > 0;
        self.next_frame = Instant::now() + FRAME;
        Ok(())
    }

    /// The next message. A frame that is due ends the wait as well.
    async fn wait(&mut self) -> Message {
        let scene = self.session.scenes.as_mut().map(|scenes| &mut scenes.current);
        // What is not on screen needs no frame.
        let console = self.session.console.as_mut().filter(|_| self.state.page == Page::Console);
        let console = console.map(|console| &mut console.changed);
        let log = self.session.logs.as_mut().filter(|_| self.state.page == Page::AccessLog);
        let log = log.map(|logs| &mut logs.changed);
        tokio::select! {
            biased;
            message = self.input.next() => message,
            index = next_scene(scene) => Message::Scene(index),
            said = next_news(self.session.news.as_mut()) => Message::Told(said),
            () = sleep_until(self.next_frame), if self.stale => Message::Changed,
            () = next_revision(&mut self.session.changed), if !self.stale => Message::Changed,
            () = next_tick(console), if !self.stale => Message::Changed,
            () = next_tick(log), if !self.stale => Message::Changed,
        }
    }

    /// Shows what is being done, or why not.
    fn tell(&mut self, said: Result<String, String>) {
        let said = said.unwrap_or_else(|why| why);
        self.state.notice = Some(visible(said.as_bytes()));
    }

    /// Writes a file and says where it is, or why not.
    fn save(&mut self, text: &str) {
        let said = match save::save(&std::env::temp_dir(), text) {
            Ok(path) => format!("written to {}", path.display()),
            Err(error) => format!("cannot write a file: {error}"),
        };
        self.state.notice = Some(visible(said.as_bytes()));
    }

    /// Says where what was asked for was written, or why it was not.
    fn exported(&mut self, exported: Result<Exported, String>) {
        match exported {
            Ok(Exported::File(path)) => {
                self.state.notice = Some(visible(format!("written to {}", path.display()).as_bytes()));
            }
            Ok(Exported::Text(text)) => self.save(&text),
            Err(why) => self.state.notice = Some(visible(why.as_bytes())),
        }
    }

    /// Has the logs read anew.
    fn look(&mut self, filter: &str, since: Option<i64>, until: Option<i64>) {
        match LineFilter::parse(filter) {
            Ok(parsed) => {
                let filter = Some(parsed).filter(|filter| !filter.is_empty());
                let view = LogView { filter, since, until, ..LogView::default() };
                if let Err(why) = self.session.controls.look(view) {
                    let State { log, zone, .. } = &mut self.state;
                    match &self.session.logs {
                        Some(logs) => log.begin_with(&logs.filter, logs.span, zone),
                        None => log.begin_with("", (None, None), zone),
                    }
                    self.state.notice = Some(visible(why.as_bytes()));
                }
            }
            Err(error) => self.state.notice = Some(visible(format!("{filter}: {error}").as_bytes())),
        }
    }

    /// Shows the exchange that a line of a log is of.
    fn link(&mut self, request: &LoggedRequest) {
        let found = request.find(&self.session.store.read().unwrap_or_else(PoisonError::into_inner));
        match found {
            Some(id) => self.state.show(id),
            None => self.state.notice = Some("no such request within two seconds passed a tap".to_owned()),
        }
    }

    /// Lends the terminal to the editor, then has the configuration read again.
    fn edit(&mut self, place: &Place, screen: &mut Screen) -> std::io::Result<()> {
        let Some(held) = self.input.hold() else {
            self.state.notice = Some("the keyboard is not free for an editor".to_owned());
            return Ok(());
        };
        let ended = screen.lend(|| editor::edit(place, |name| std::env::var(name).ok()))?;
        drop(held);
        self.state.size = screen.size()?;
        self.state.notice = Some(match ended {
            Ok(()) => "reading the configuration again".to_owned(),
            Err(why) => visible(why.as_bytes()),
        });
        self.session.controls.reload();
        Ok(())
    }

    fn take_in(&mut self, message: Message, screen: &mut Screen) -> std::io::Result<Option<Exit>> {
        self.stale = true;
        for effect in update::update(&mut self.state, message, &self.seen) {
            match effect {
                Effect::Quit(exit) => return Ok(Some(exit)),
                Effect::Copy(text) => screen.copy(&text)?,
                Effect::Save(text) => self.save(&text),
                Effect::Suspend => {
                    screen.suspend()?;
                    self.state.size = screen.size()?;
                }
                Effect::Redraw => screen.redraw()?,
                Effect::Excerpt(place) => {
                    let contents = std::fs::read(&place.file);
                    self.state.overlay = Some(Overlay::Excerpt(Excerpt::of(place, contents)));
                }
                Effect::Edit(place) => self.edit(&place, screen)?,
                Effect::Reload => {
                    self.session.controls.reload();
                    self.state.notice = Some("reading the configuration again".to_owned());
                }
                Effect::Clear => self.session.controls.clear(),
                Effect::Record(on) => self.session.controls.record(on),
                Effect::Mark(cause, known) => self.session.controls.mark(&cause, known),
                Effect::Prove(cause) => {
                    let said = self.session.controls.prove(&cause);
                    self.state.proving = said.is_ok().then_some(cause);
                    self.tell(said);
                }
                Effect::Replay(exchange) => {
                    let said = self.session.controls.replay(exchange);
                    self.tell(said);
                }
                Effect::Follow(chain) => {
                    let said = self.session.controls.follow(&chain);
                    self.tell(said);
                }
                Effect::Export => {
                    let exported = self.session.controls.export();
                    self.exported(exported);
                }
                Effect::ExportLog => {
                    let exported = self.session.controls.export_log();
                    self.exported(exported);
                }
                Effect::Look { filter, since, until } => self.look(&filter, since, until),
                Effect::Link(request) => self.link(&request),
                Effect::Scene(index) => self.session.controls.scene(index),
            }
        }
        Ok(None)
    }
}

/// Ready with the next revision; never again once the recorder is gone.
async fn next_revision(changed: &mut watch::Receiver<u64>) {
    if changed.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Ready when there is more of the command's output, or of the logs; never, if they are not shown.
async fn next_tick(changed: Option<&mut watch::Receiver<u64>>) {
    match changed {
        Some(changed) => next_revision(changed).await,
        None => std::future::pending().await,
    }
}

/// Ready when something that was begun has ended; never, if nothing can be.
async fn next_news(news: Option<&mut mpsc::Receiver<String>>) -> String {
    let Some(news) = news else { return std::future::pending().await };
    match news.recv().await {
        Some(said) => said,
        None => std::future::pending().await,
    }
}

/// Ready when the demo changes its scene.
async fn next_scene(current: Option<&mut watch::Receiver<usize>>) -> usize {
    let Some(current) = current else { return std::future::pending().await };
    if current.changed().await.is_err() {
        return std::future::pending().await;
    }
    *current.borrow_and_update()
}
