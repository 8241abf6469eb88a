use core::fmt::Write;
use std::{fs, path::Path};

use anyhow::{Context, Result};
use vt100::{Cell, Color, Screen};

/// A cell's width and height, and the size of the letters in it.
const WIDTH: f64 = 8.4;
const HEIGHT: f64 = 18.0;
const LETTERS: f64 = 14.0;
/// Room around the cells, and above them for the window's title.
const MARGIN: f64 = 14.0;
const TITLE: f64 = 34.0;

const GROUND: &str = "#191a21";
const BAR: &str = "#23242d";
const INK: &str = "#dcd7cb";
/// The first sixteen colours of a terminal.
const PALETTE: [&str; 16] = [
    "#191a21", "#e8706a", "#93cf82", "#ffc35a", "#82aaff", "#c79bf2", "#6fcfdc", "#dcd7cb", "#7d8296", "#ff8a84",
    "#a9e29a", "#ffd88a", "#a4c2ff", "#dab8ff", "#92e4ee", "#ffffff",
];

/// What the README's picture comes from: the screens of the view's own tests that show what is in it, the view's colours, and
/// how both are drawn here.
const SHOWN: [&str; 5] = [
    "crates/tui/src/draw/screens/wide.txt",
    "crates/tui/src/draw/screens/group.txt",
    "crates/tui/src/draw/screens/files.txt",
    "crates/tui/src/theme.rs",
    "tests/e2e/src/picture.rs",
];

/// What the view looks like at present, in one word: another one for another look.
///
/// # Errors
/// If one of the files that tell it cannot be read.
pub fn look() -> Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut hasher = blake3::Hasher::new();
    for name in SHOWN {
        hasher.update(&fs::read(root.join(name)).with_context(|| format!("{name} cannot be read"))?);
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// What a terminal shows, as a picture (SVG 1.1) of a window with that title.
///
/// Frames, blocks, lamps and ticks are drawn, so that they meet whatever letters somebody has; text is put where its
/// cells are.
pub fn picture(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let width = f64::from(columns) * WIDTH + 2.0 * MARGIN;
    let height = f64::from(rows) * HEIGHT + 2.0 * MARGIN + TITLE;
    let mut svg = String::new();
    let mut put = |text: &str| {
        svg.push_str(text);
        svg.push('\n');
    };
    put(&format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" role="img" aria-label="{}">"#,
        escaped(title)
    ));
    put(&format!(
        r#"<style>text{{font:{LETTERS}px ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}}.b{{font-weight:700}}</style>"#
    ));
    put(&format!(r#"<rect width="{width:.0}" height="{height:.0}" rx="10" fill="{GROUND}"/>"#));
    put(&format!(
        r#"<path d="M0 {TITLE}V10A10 10 0 0 1 10 0H{:.0}A10 10 0 0 1 {width:.0} 10V{TITLE}Z" fill="{BAR}"/>"#,
        width - 10.0
    ));
    for (at, colour) in ["#e8706a", "#ffc35a", "#93cf82"].iter().enumerate() {
        put(&format!(r#"<circle cx="{}" cy="17" r="5.5" fill="{colour}"/>"#, 20 + at * 20));
    }
    put(&format!(r#"<text x="{:.0}" y="22" fill="{INK}" text-anchor="middle">{}</text>"#, width / 2.0, escaped(title)));
    for row in 0..rows {
        let cells = (0..columns).filter_map(|column| screen.cell(row, column).map(|cell| (column, cell)));
        put(line(row, cells).trim_end());
    }
    if !screen.hide_cursor() {
        let (row, column) = screen.cursor_position();
        let (x, y) = place(column, row);
        put(&format!(r#"<rect x="{x:.1}" y="{y:.1}" width="2" height="{HEIGHT}" fill="{INK}"/>"#));
    }
    put("</svg>");
    svg
}

/// Cells of one row that look alike and hold letters.
struct Run<'s> {
    start: u16,
    cells: u16,
    style: Look<'s>,
    text: String,
}

#[derive(Clone, Copy, PartialEq)]
struct Look<'s> {
    ink: &'s str,
    ground: Option<&'s str>,
    bold: bool,
    dim: bool,
}

fn line<'s>(row: u16, cells: impl Iterator<Item = (u16, &'s Cell)>) -> String {
    let mut svg = String::new();
    let mut run: Option<Run<'_>> = None;
    for (column, cell) in cells.filter(|(_, cell)| !cell.is_wide_continuation()) {
        let (text, style) = (cell.contents(), style(cell));
        let wide = cell.is_wide();
        if let Some(ground) = style.ground {
            let (x, y) = place(column, row);
            let _ = writeln!(svg, r#"<rect x="{x:.1}" y="{y:.1}" width="{WIDTH}" height="{HEIGHT}" fill="{ground}"/>"#);
        }
        if let Some(drawn) = drawn(text, column, row, style) {
            finish(&mut svg, row, run.take());
            svg.push_str(&drawn);
            continue;
        }
        match &mut run {
            Some(run) if run.style == style && !wide && run.start + run.cells == column => {
                run.text.push_str(if text.is_empty() { " " } else { text });
                run.cells += 1;
            }
            _ => {
                finish(&mut svg, row, run.take());
                let cells = if wide { 2 } else { 1 };
                let text = if text.is_empty() { " " } else { text };
                let new = Run { start: column, cells, style, text: text.to_owned() };
                if wide {
                    finish(&mut svg, row, Some(new));
                } else {
                    run = Some(new);
                }
            }
        }
    }
    finish(&mut svg, row, run);
    svg
}

/// Writes the letters of a run, without the space around them.
fn finish(svg: &mut String, row: u16, run: Option<Run<'_>>) {
    let Some(Run { start, cells, style, text }) = run else { return };
    let before = u16::try_from(text.len() - text.trim_start().len()).unwrap_or(0);
    let after = u16::try_from(text.len() - text.trim_end().len()).unwrap_or(0);
    let letters = text.trim();
    if letters.is_empty() {
        return;
    }
    let (x, y) = place(start + before, row);
    let length = f64::from(cells.saturating_sub(before).saturating_sub(after)) * WIDTH;
    let class = if style.bold { r#" class="b""# } else { "" };
    let faint = if style.dim { r#" opacity="0.6""# } else { "" };
    let _ = writeln!(
        svg,
        r#"<text x="{x:.1}" y="{:.1}" textLength="{length:.1}" lengthAdjust="spacingAndGlyphs" fill="{}"{class}{faint}>{}</text>"#,
        y + 13.5,
        style.ink,
        escaped(letters)
    );
}

/// What is drawn rather than written, if this is such a character.
fn drawn(text: &str, column: u16, row: u16, style: Look<'_>) -> Option<String> {
    let (x, y) = place(column, row);
    let (left, right, top, bottom) = (x, x + WIDTH, y, y + HEIGHT);
    let (middle, centre) = (x + WIDTH / 2.0, y + HEIGHT / 2.0);
    let ink = style.ink;
    let stroke = |path: String| Some(format!("<path d=\"{path}\" fill=\"none\" stroke=\"{ink}\"/>\n"));
    match text {
        "─" => stroke(format!("M{left:.1} {centre:.1}H{right:.1}")),
        "━" => Some(format!("<path d=\"M{left:.1} {centre:.1}H{right:.1}\" stroke=\"{ink}\" stroke-width=\"4\"/>\n")),
        "◇" => stroke(format!("M{:.1} {centre:.1}l4 -4l4 4l-4 4z", middle - 4.0)),
        "│" => stroke(format!("M{middle:.1} {top:.1}V{bottom:.1}")),
        "╭" => stroke(format!(
            "M{middle:.1} {bottom:.1}V{:.1}Q{middle:.1} {centre:.1} {right:.1} {centre:.1}",
            centre + 4.0
        )),
        "╮" => stroke(format!(
            "M{left:.1} {centre:.1}Q{middle:.1} {centre:.1} {middle:.1} {:.1}V{bottom:.1}",
            centre + 4.0
        )),
        "╰" => {
            stroke(format!("M{middle:.1} {top:.1}V{:.1}Q{middle:.1} {centre:.1} {right:.1} {centre:.1}", centre - 4.0))
        }
        "╯" => {
            stroke(format!("M{left:.1} {centre:.1}Q{middle:.1} {centre:.1} {middle:.1} {:.1}V{top:.1}", centre - 4.0))
        }
        "▌" => {
            Some(format!("<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"3\" height=\"{HEIGHT}\" fill=\"{ink}\"/>\n"))
        }
        "●" => Some(format!(
            "<circle cx=\"{middle:.1}\" cy=\"{centre:.1}\" r=\"7\" fill=\"{ink}\" opacity=\"0.22\"/><circle cx=\"{middle:.1}\" cy=\"{centre:.1}\" r=\"3.8\" fill=\"{ink}\"/>\n"
        )),
        "○" => {
            Some(format!("<circle cx=\"{middle:.1}\" cy=\"{centre:.1}\" r=\"3.4\" fill=\"none\" stroke=\"{ink}\"/>\n"))
        }
        "✓" => Some(format!(
            "<path d=\"M{:.1} {:.1}l2.4 3l4.6 -7\" fill=\"none\" stroke=\"{ink}\" stroke-width=\"1.5\"/>\n",
            left + 0.8,
            centre + 0.5
        )),
        _ => None,
    }
}

fn style(cell: &Cell) -> Look<'static> {
    let (ink, ground) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
    let (ink, ground) =
        if cell.inverse() { (Some(ground.unwrap_or(GROUND)), Some(ink.unwrap_or(INK))) } else { (ink, ground) };
    Look { ink: ink.unwrap_or(INK), ground, bold: cell.bold(), dim: cell.dim() }
}

fn colour(colour: Color) -> Option<&'static str> {
    match colour {
        Color::Idx(index) => PALETTE.get(usize::from(index)).copied(),
        Color::Default | Color::Rgb(..) => None,
    }
}

/// Where a cell begins.
fn place(column: u16, row: u16) -> (f64, f64) {
    (f64::from(column) * WIDTH + MARGIN, f64::from(row) * HEIGHT + MARGIN + TITLE)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
