//! Colours and signs, all in one place. Only the 16 ANSI colours are used, so the user's palette rules; every state also
//! has a sign or a word, so that no colour at all loses nothing.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color as Ansi, Modifier, Style};

use crate::settings::{Color, Output, Theme};

/// The themes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThemeName {
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// Bright, bold, no dim text.
    Contrast,
    /// No colour.
    Mono,
}

impl ThemeName {
    /// The word in flags and on screen.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Contrast => "contrast",
            Self::Mono => "mono",
        }
    }

    /// The one after this, round and round.
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Contrast,
            Self::Contrast => Self::Mono,
            Self::Mono => Self::Dark,
        }
    }
}

/// How the screen looks and listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Which colours.
    pub theme: ThemeName,
    /// True to use ASCII signs and borders only.
    pub ascii: bool,
    /// True to take the mouse.
    pub mouse: bool,
}

impl Look {
    /// What flags and environment ask for; `env` looks up a variable.
    pub fn new(output: &Output, env: impl Fn(&str) -> Option<String>) -> Self {
        Self { theme: choose(output.theme, output.color, env), ascii: output.ascii, mouse: output.mouse }
    }
}

/// The theme: without colour if `--color never` or `NO_COLOR` (<https://no-color.org>: set and not empty) say so, else
/// the one asked for, else light if `COLORFGBG` tells of a light background, else dark.
fn choose(theme: Theme, color: Color, env: impl Fn(&str) -> Option<String>) -> ThemeName {
    let no_color = || env("NO_COLOR").is_some_and(|value| !value.is_empty());
    if color == Color::Never || (color == Color::Auto && no_color()) {
        return ThemeName::Mono;
    }
    // "foreground;background" (rxvt, konsole, iTerm2); 7 and 9 to 15 are the light colours.
    let background = env("COLORFGBG").and_then(|value| value.rsplit(';').next()?.parse::<u8>().ok());
    match (theme, background) {
        (Theme::Light, _) | (Theme::Auto, Some(7 | 9..=15)) => ThemeName::Light,
        (Theme::Dark | Theme::Auto, _) => ThemeName::Dark,
        (Theme::Contrast, _) => ThemeName::Contrast,
        (Theme::Mono, _) => ThemeName::Mono,
    }
}

/// What a piece of text means; a theme gives each its style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Ordinary text.
    Text,
    /// Text that may be overlooked: labels, what did not change.
    Dim,
    /// Titles and column heads.
    Title,
    /// Frames.
    Border,
    /// The frame that has the focus.
    Focus,
    /// The selected line.
    Selected,
    /// A key in help and in the bar.
    Key,
    /// Fine, believed, 2xx.
    Good,
    /// Look here, 4xx, a guess.
    Warn,
    /// Broken, 5xx, lost.
    Bad,
    /// Was added on the way.
    Added,
    /// Went on the way.
    Removed,
    /// Differs between two places.
    Changed,
    /// The public prefix.
    Prefix,
}

impl ThemeName {
    /// The style of a tone.
    pub(super) fn style(self, tone: Tone) -> Style {
        match self {
            Self::Dark => Self::dark(tone),
            Self::Light => Self::light(tone),
            Self::Contrast => Self::contrast(tone),
            Self::Mono => Self::mono(tone),
        }
    }

    fn dark(tone: Tone) -> Style {
        let style = Style::new();
        match tone {
            Tone::Text => style,
            Tone::Dim | Tone::Border => style.fg(Ansi::DarkGray),
            Tone::Title => style.add_modifier(Modifier::BOLD),
            Tone::Focus | Tone::Key => style.fg(Ansi::Cyan),
            Tone::Selected => style.fg(Ansi::White).bg(Ansi::Blue).add_modifier(Modifier::BOLD),
            Tone::Good | Tone::Added => style.fg(Ansi::Green),
            Tone::Warn => style.fg(Ansi::Yellow),
            Tone::Bad | Tone::Removed => style.fg(Ansi::LightRed),
            Tone::Changed => style.fg(Ansi::LightMagenta),
            Tone::Prefix => style.fg(Ansi::LightCyan),
        }
    }

    fn light(tone: Tone) -> Style {
        let style = Style::new();
        match tone {
            Tone::Prefix | Tone::Focus | Tone::Key => style.fg(Ansi::Blue),
            Tone::Warn | Tone::Changed => style.fg(Ansi::Magenta),
            Tone::Bad | Tone::Removed => style.fg(Ansi::Red),
            _ => Self::dark(tone),
        }
    }

    fn contrast(tone: Tone) -> Style {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        match tone {
            Tone::Text | Tone::Dim | Tone::Border => Style::new(),
            Tone::Title => bold,
            Tone::Selected => bold.add_modifier(Modifier::REVERSED),
            Tone::Focus | Tone::Key | Tone::Prefix => bold.fg(Ansi::LightCyan),
            Tone::Good | Tone::Added => bold.fg(Ansi::LightGreen),
            Tone::Warn => bold.fg(Ansi::LightYellow),
            Tone::Bad | Tone::Removed => bold.fg(Ansi::LightRed),
            Tone::Changed => bold.fg(Ansi::LightMagenta),
        }
    }

    fn mono(tone: Tone) -> Style {
        let style = Style::new();
        match tone {
            Tone::Text | Tone::Good => style,
            Tone::Dim | Tone::Border => style.add_modifier(Modifier::DIM),
            Tone::Selected => style.add_modifier(Modifier::REVERSED),
            Tone::Prefix | Tone::Changed => style.add_modifier(Modifier::UNDERLINED),
            _ => style.add_modifier(Modifier::BOLD),
        }
    }
}

/// Puts ASCII signs in place of all others: what `--ascii` asks for. A sign that takes two letters takes the blank before
/// it as well, so that nothing else moves.
pub(super) fn to_ascii(buffer: &mut Buffer) {
    let width = usize::from(buffer.area.width).max(1);
    for line in buffer.content.chunks_mut(width) {
        let mut before: Option<&mut Cell> = None;
        for cell in line {
            let mut chars = cell.symbol().chars();
            let (first, more) = (chars.next().unwrap_or(' '), chars.next().is_some());
            if !first.is_ascii() || more {
                let blank = before.filter(|cell| cell.symbol() == " ");
                match (two_for(first), blank) {
                    (Some((one, two)), Some(blank)) => {
                        blank.set_char(one).set_style(cell.style());
                        cell.set_char(two);
                    }
                    _ => drop(cell.set_char(ascii_for(first))),
                }
            }
            before = Some(cell);
        }
    }
}

/// The signs that take two letters: `ok`, `->`.
const fn two_for(sign: char) -> Option<(char, char)> {
    match sign {
        '✓' => Some(('o', 'k')),
        '↳' => Some(('-', '>')),
        _ => None,
    }
}

const fn ascii_for(sign: char) -> char {
    match sign {
        '─' | '▄' => '-',
        '│' => '|',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '▆' => '+',
        '▶' | '→' | '↳' => '>',
        '←' => '<',
        '↑' | '▲' => '^',
        '↓' | '▼' | '✓' => 'v',
        '✗' => 'X',
        '≠' | '█' => '#',
        '…' => '~',
        '●' | '▇' => '*',
        '·' | '▂' => '.',
        '‖' | '▅' => '=',
        '▁' => '_',
        '▃' => ':',
        '⏎' => '$',
        '×' => 'x',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain(Theme::Auto, Color::Auto, &[], ThemeName::Dark)]
    #[case::asked(Theme::Light, Color::Auto, &[], ThemeName::Light)]
    #[case::asked_against_the_terminal(Theme::Dark, Color::Auto, &[("COLORFGBG", "0;15")], ThemeName::Dark)]
    #[case::light_terminal(Theme::Auto, Color::Auto, &[("COLORFGBG", "0;15")], ThemeName::Light)]
    #[case::dark_terminal(Theme::Auto, Color::Auto, &[("COLORFGBG", "15;default;0")], ThemeName::Dark)]
    #[case::no_color(Theme::Light, Color::Auto, &[("NO_COLOR", "1")], ThemeName::Mono)]
    #[case::empty_no_color(Theme::Auto, Color::Auto, &[("NO_COLOR", "")], ThemeName::Dark)]
    #[case::always(Theme::Contrast, Color::Always, &[("NO_COLOR", "1")], ThemeName::Contrast)]
    #[case::never(Theme::Dark, Color::Never, &[], ThemeName::Mono)]
    fn the_theme_is_chosen(
        #[case] asked: Theme,
        #[case] color: Color,
        #[case] env: &[(&str, &str)],
        #[case] theme: ThemeName,
    ) {
        let look_up = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(choose(asked, color, look_up), theme);
    }
}
