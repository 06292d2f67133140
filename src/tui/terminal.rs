//! The terminal, taken and given back. Whatever way the program ends (return, error, panic, signal), the user gets back
//! the terminal as it was: taking it is a guard, and the panic hook gives it back before the message is printed.

use std::io::{self, Stdout, Write, stdout};
use std::mem::ManuallyDrop;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use signal_hook::consts::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

use crate::lanes::visible::visible;

/// True while the terminal is ours, so that it is given back once.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours.
pub(super) struct Screen {
    /// Never dropped: its drop prints to stderr when the cursor cannot be shown, which panics on a terminal that is gone.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    title: String,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste, title, and the mouse if wanted.
    pub(super) fn take(title: &str, mouse: bool) -> io::Result<Self> {
        give_back_on_panic();
        let title = visible(title.as_bytes());
        enter(&title, mouse)?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout())).inspect_err(|_| give_back())?;
        Ok(Self { terminal: ManuallyDrop::new(terminal), title, mouse })
    }

    /// Draws a frame.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(|_| ())
    }

    /// Columns and lines.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Makes the next frame draw every cell. Not by ratatui's `clear`: that asks the terminal where the cursor is, and the
    /// answer would go to the thread that reads keys.
    pub(super) fn redraw(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again once it continues.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        emulate_default_handler(SIGTSTP)?;
        enter(&self.title, self.mouse)?;
        self.redraw()
    }

    /// Gives the terminal back for as long as `work` takes, e.g. an editor, and takes it again.
    pub(super) fn lend<T>(&mut self, work: impl FnOnce() -> T) -> io::Result<T> {
        give_back();
        let done = work();
        enter(&self.title, self.mouse)?;
        self.redraw()?;
        Ok(done)
    }

    /// Puts text on the clipboard by OSC 52. In tmux also as a passthrough, for when tmux itself does not take it.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        let in_tmux = std::env::var_os("TMUX").is_some();
        let out = self.terminal.backend_mut();
        out.write_all(osc52(text, in_tmux).as_bytes())?;
        Write::flush(out)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// The sequence that puts text on the clipboard (xterm `ctlseqs`, "Operating System Commands", 52).
fn osc52(text: &str, in_tmux: bool) -> String {
    let plain = format!("\x1b]52;c;{}\x07", BASE64_STANDARD.encode(text));
    if in_tmux {
        // A passthrough wants each ESC twice (tmux FAQ, "What is the passthrough escape sequence").
        let doubled = plain.replace('\x1b', "\x1b\x1b");
        format!("{plain}\x1bPtmux;{doubled}\x1b\\")
    } else {
        plain
    }
}

fn enter(title: &str, mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let entered =
        execute!(stdout(), SaveTitle, EnterAlternateScreen, EnableBracketedPaste, SetTitle(title), cursor::Hide);
    entered
        .and_then(|()| if mouse { execute!(stdout(), EnableMouseCapture) } else { Ok(()) })
        .inspect_err(|_| give_back())
}

/// Gives the terminal back; each step is tried even if one before it fails, since the terminal may be gone.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(
            stdout(),
            DisableMouseCapture,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show,
            RestoreTitle
        );
        let _ = disable_raw_mode();
    }
}

fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
    });
}

/// Puts the window's title on the terminal's own stack (xterm `CSI 22 ; 2 t`).
struct SaveTitle;
/// Takes it back from there (`CSI 23 ; 2 t`).
struct RestoreTitle;

impl crossterm::Command for SaveTitle {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str("\x1b[22;2t")
    }
}

impl crossterm::Command for RestoreTitle {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str("\x1b[23;2t")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clipboard_sequence_is_passed_through_tmux() {
        assert_eq!(osc52("hi", false), "\x1b]52;c;aGk=\x07");
        assert_eq!(osc52("hi", true), "\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
    }
}
