//! A terminal's cells as an SVG that browsers show alike, whatever monospaced font they have: every run of text has its
//! place and its width, and frames are lines, not letters.

use std::fmt::Write as _;

use vt100::{Cell, Color};

const CELL_WIDTH: f32 = 8.4;
const CELL_HEIGHT: f32 = 18.0;
const FONT_SIZE: f32 = 14.0;
const MARGIN: f32 = 14.0;
/// From the top of a cell to the line its letters stand on.
const BASELINE: f32 = 13.5;

/// The colours of a terminal.
#[derive(Debug)]
pub(super) struct Palette {
    background: &'static str,
    foreground: &'static str,
    border: &'static str,
    /// The 16 colours of ANSI: black, red, green, yellow, blue, magenta, cyan, white, and the bright ones.
    ansi: [&'static str; 16],
}

pub(super) const DARK: Palette = Palette {
    background: "#16191f",
    foreground: "#d5d9e0",
    border: "#30363f",
    ansi: [
        "#1f242c", "#e5706b", "#7fbf6a", "#d9b35c", "#2f5f9e", "#b98ad9", "#56b6c2", "#c5cad3", "#7d8694", "#f0857d",
        "#98d483", "#e8c778", "#6ea8ea", "#d3a2ef", "#74d3de", "#ffffff",
    ],
};

pub(super) const LIGHT: Palette = Palette {
    background: "#ffffff",
    foreground: "#1f2328",
    border: "#d0d7de",
    ansi: [
        "#24292f", "#c0262d", "#1a7f37", "#8a6100", "#0b5cad", "#8b3fb5", "#1b7c83", "#57606a", "#6e7781", "#cf3a40",
        "#2da44e", "#a67400", "#2b7fd6", "#a45bd0", "#2f98a0", "#ffffff",
    ],
};

impl Palette {
    fn color(&self, color: Color, default: &str) -> String {
        match color {
            Color::Default => default.to_owned(),
            Color::Idx(index) => self.ansi.get(usize::from(index)).copied().unwrap_or(default).to_owned(),
            Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        }
    }
}

/// How a run of cells looks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    foreground: String,
    background: String,
    bold: bool,
    dim: bool,
    underline: bool,
}

impl Look {
    fn of(cell: &Cell, palette: &Palette) -> Self {
        let foreground = palette.color(cell.fgcolor(), palette.foreground);
        let background = palette.color(cell.bgcolor(), palette.background);
        let (foreground, background) = if cell.inverse() { (background, foreground) } else { (foreground, background) };
        Self { foreground, background, bold: cell.bold(), dim: cell.dim(), underline: cell.underline() }
    }
}

/// Draws what the screen shows; `about` says in words what is to be seen.
pub(super) fn draw(screen: &vt100::Screen, palette: &Palette, about: &str) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let width = f32::from(columns) * CELL_WIDTH + 2.0 * MARGIN;
    let height = f32::from(rows) * CELL_HEIGHT + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" font-size=\"{FONT_SIZE}\" font-family=\"ui-monospace, SFMono-Regular, Menlo, \
         Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace\" fill=\"{}\">\n\
         <title>{}</title>\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"{}\" stroke=\"{}\"/>\n",
        palette.foreground,
        escaped(about),
        width - 1.0,
        height - 1.0,
        palette.background,
        palette.border
    );
    for row in 0..rows {
        let cells: Vec<&Cell> = (0..columns).filter_map(|column| screen.cell(row, column)).collect();
        draw_row(&mut svg, &cells, f32::from(row) * CELL_HEIGHT + MARGIN, palette);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Draws one row, run by run.
fn draw_row(svg: &mut String, cells: &[&Cell], top: f32, palette: &Palette) {
    let looks: Vec<Look> = cells.iter().map(|cell| Look::of(cell, palette)).collect();
    let mut start = 0;
    while start < cells.len() {
        let look = &looks[start];
        let end = (start..cells.len()).find(|&at| looks[at] != *look).unwrap_or(cells.len());
        if look.background != palette.background {
            let (x, width) = (left(start), width_of(end - start));
            let fill = &look.background;
            writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{CELL_HEIGHT}\" fill=\"{fill}\"/>"
            )
            .expect("a string takes everything");
        }
        draw_frames(svg, &cells[start..end], start, top, look);
        draw_words(svg, &cells[start..end], start, top, look, palette);
        start = end;
    }
}

/// Draws box characters as lines through the middle of their cells.
fn draw_frames(svg: &mut String, cells: &[&Cell], first: usize, top: f32, look: &Look) {
    let mut path = String::new();
    let (middle, bottom) = (top + CELL_HEIGHT / 2.0, top + CELL_HEIGHT);
    let mut horizontal: Option<(f32, f32)> = None;
    let finish = |line: &mut Option<(f32, f32)>, path: &mut String| {
        if let Some((from, to)) = line.take() {
            write!(path, "M{from:.1} {middle}H{to:.1}").expect("a string takes everything");
        }
    };
    for (at, cell) in cells.iter().enumerate() {
        let Some([west, east, north, south]) = arms(cell.contents()) else {
            finish(&mut horizontal, &mut path);
            continue;
        };
        let (x, center) = (left(first + at), left(first + at) + CELL_WIDTH / 2.0);
        if !west {
            finish(&mut horizontal, &mut path);
        }
        if west || east {
            let to = if east { x + CELL_WIDTH } else { center };
            let from = horizontal.map_or(if west { x } else { center }, |(from, _)| from);
            horizontal = Some((from, to));
        }
        if !east {
            finish(&mut horizontal, &mut path);
        }
        if north || south {
            let (from, to) = (if north { top } else { middle }, if south { bottom } else { middle });
            write!(path, "M{center:.1} {from}V{to}").expect("a string takes everything");
        }
    }
    finish(&mut horizontal, &mut path);
    if !path.is_empty() {
        writeln!(svg, "<path d=\"{path}\" stroke=\"{}\" fill=\"none\"/>", look.foreground)
            .expect("a string takes everything");
    }
}

/// The arms of a box character: to the left, to the right, up, down.
fn arms(sign: &str) -> Option<[bool; 4]> {
    Some(match sign {
        "─" => [true, true, false, false],
        "│" => [false, false, true, true],
        "┌" => [false, true, false, true],
        "┐" => [true, false, false, true],
        "└" => [false, true, true, false],
        "┘" => [true, false, true, false],
        "├" => [false, true, true, true],
        "┤" => [true, false, true, true],
        _ => return None,
    })
}

/// Draws everything that is no frame: words, each at its place and as wide as its cells.
fn draw_words(svg: &mut String, cells: &[&Cell], first: usize, top: f32, look: &Look, palette: &Palette) {
    for (at, word) in words(cells) {
        let (x, y) = (left(first + at), top + BASELINE);
        let width = width_of(word.chars().count());
        let mut style = String::new();
        if look.foreground != palette.foreground {
            write!(style, " fill=\"{}\"", look.foreground).expect("a string takes everything");
        }
        for (on, attribute) in [
            (look.bold, " font-weight=\"bold\""),
            (look.dim, " opacity=\"0.6\""),
            (look.underline, " text-decoration=\"underline\""),
        ] {
            style.push_str(if on { attribute } else { "" });
        }
        writeln!(svg, "<text x=\"{x:.1}\" y=\"{y}\" textLength=\"{width:.1}\"{style}>{}</text>", escaped(&word))
            .expect("a string takes everything");
    }
}

/// The words with the cell they start in; one blank does not end them. A sign that a font may lack, and so be wider than
/// a cell, stands alone.
fn words(cells: &[&Cell]) -> Vec<(usize, String)> {
    let mut words: Vec<(usize, String)> = Vec::new();
    let mut end = None;
    for (at, cell) in cells.iter().enumerate() {
        let sign = cell.contents();
        if sign.trim().is_empty() || arms(sign).is_some() {
            continue;
        }
        match (end.map(|end: usize| at - end), words.last_mut()) {
            (Some(gap @ 0..=1), Some((_, word))) if sign.is_ascii() => {
                word.push_str(if gap == 1 { " " } else { "" });
                word.push_str(sign);
            }
            _ => words.push((at, sign.to_owned())),
        }
        end = sign.is_ascii().then_some(at + 1);
    }
    words
}

fn left(column: usize) -> f32 {
    width_of(column) + MARGIN
}

fn width_of(cells: usize) -> f32 {
    f32::from(u16::try_from(cells).expect("a screen is not so wide")) * CELL_WIDTH
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What a picture says, for a reader: its words line by line, blanks where blanks are.
pub(super) fn text_of(svg: &str) -> String {
    let mut text = String::new();
    let (mut line, mut column) = (String::new(), 0.0);
    for element in svg.lines().filter(|line| line.starts_with("<text ")) {
        let attribute = |name: &str| {
            let (_, rest) = element.split_once(&format!(" {name}=\"")).expect("every text has it");
            rest.split_once('"').expect("a value").0.to_owned()
        };
        let (x, width) = (attribute("x"), attribute("textLength"));
        let number = |text: &str| text.parse::<f32>().expect("a number");
        if attribute("y") != line {
            line = attribute("y");
            text.push('\n');
        } else if number(&x) > column + CELL_WIDTH / 2.0 {
            text.push(' ');
        }
        column = number(&x) + number(&width);
        let (_, rest) = element.split_once('>').expect("a tag");
        let word = rest.strip_suffix("</text>").expect("a tag's end");
        text.push_str(&word.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"));
    }
    text
}
