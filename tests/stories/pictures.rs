//! Pictures of the screen: the demo in a terminal, drawn as the terminal shows it.
//!
//! A plain run checks that what would be drawn tells its story. With `HOPSCOPE_PICTURES=1` the pictures in
//! `assets/screens` are made anew:
//!
//! ```text
//! HOPSCOPE_PICTURES=1 cargo test --test stories pictures
//! ```

mod svg;

use std::{env, fs};

use rstest::rstest;
use svg::{DARK, LIGHT, Palette};

use crate::support::place::{repository, wait_for};
use crate::support::screen::Screen;

const COLUMNS: u16 = 120;
const ROWS: u16 = 36;

const LANES: [&str; 4] = ["1 Original URL", "2 Forwarded headers", "3 Rewritten path", "4 ASGI scope"];

/// One moment of the demo.
struct Moment {
    /// What the picture's file is called, without the theme.
    name: &'static str,
    /// The picture in words.
    about: &'static str,
    /// The key that chooses the scene.
    scene: &'static str,
    /// What the screen shows as soon as the moment has come.
    comes: &'static str,
    /// The keys that select the row to look at.
    select: &'static str,
    /// How its line begins then.
    selected: &'static str,
    /// What the verdict must say then.
    verdict: &'static [&'static str],
}

const PREFIX_KEPT: Moment = Moment {
    name: "prefix-kept",
    about: "hopscope shows a 404 behind a proxy: the four lanes side by side, and under them the finding PX01 with its cause \
            and its fixes",
    scene: "2",
    comes: "/ws ",
    select: "gjj",
    selected: "▶   3",
    verdict: &["PX01 prefix kept, app not told", "WHY", "FIX", "NOT"],
};

const REDIRECT: Moment = Moment {
    name: "redirect-to-http",
    about: "hopscope shows a redirect that fell back to http, and the finding TR01: the server does not trust the proxy",
    scene: "6",
    comes: "/docs ",
    select: "gj",
    selected: "▶   2",
    verdict: &["TR01 proxy not trusted", "WHY", "FIX"],
};

#[rstest]
#[case::prefix_kept(&PREFIX_KEPT)]
#[case::redirect(&REDIRECT)]
fn the_demo_tells_its_story(
    #[case] moment: &Moment,
    #[values(("dark", &DARK), ("light", &LIGHT))] theme: (&str, &Palette),
) {
    let (theme, palette) = theme;
    let mut screen = Screen::start(COLUMNS, ROWS, &["demo", "--theme", theme]);
    screen.shows("1/6 ");
    screen.press(moment.scene);
    screen.shows(moment.comes);
    let terminal = wait_for("the moment", || {
        screen.press(moment.select);
        let terminal = screen.settled();
        let text = terminal.screen().contents();
        let come = [moment.comes, moment.selected].iter().chain(moment.verdict).all(|words| text.contains(words));
        come.then_some(terminal)
    });
    let picture = svg::draw(terminal.screen(), palette, moment.about);
    let text = svg::text_of(&picture);
    for words in LANES.iter().chain(moment.verdict) {
        assert!(text.contains(words), "{words:?} is not in the picture:\n{text}");
    }
    if env::var_os("HOPSCOPE_PICTURES").is_some() {
        let file = repository("assets/screens").join(format!("{}-{theme}.svg", moment.name));
        fs::write(&file, picture).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}
