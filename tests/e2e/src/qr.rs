use anyhow::{Context, Result, bail};
use rqrr::PreparedImage;

/// Pixels of a side of the code's smallest square.
const MODULE: usize = 4;
/// Such squares around the code, that are dark.
const AROUND: usize = 4;

/// What is in the one QR code of what a terminal shows, as a camera sees it on a dark screen: half blocks are light, all
/// else is dark, around them as well.
///
/// # Errors
/// If there is no such code, or several.
pub fn scanned(shown: &str) -> Result<String> {
    let is_code = |line: &&str| line.contains(['█', '▀', '▄']);
    let code: Vec<&str> = shown.lines().skip_while(|line| !is_code(line)).take_while(is_code).collect();
    let rows: Vec<Vec<bool>> = code.iter().flat_map(|line| halves(line)).collect();
    let width = rows.iter().map(Vec::len).max().with_context(|| format!("no QR code in:\n{shown}"))? + 2 * AROUND;
    let height = rows.len() + 2 * AROUND;
    let light = |x: usize, y: usize| {
        let row = y.checked_sub(AROUND).and_then(|y| rows.get(y));
        row.zip(x.checked_sub(AROUND)).and_then(|(row, x)| row.get(x)).copied().unwrap_or(false)
    };
    let mut image =
        PreparedImage::prepare_from_bitmap(width * MODULE, height * MODULE, |x, y| !light(x / MODULE, y / MODULE));
    match image.detect_grids().as_slice() {
        [grid] => Ok(grid.decode()?.1),
        others => bail!("{} QR codes in:\n{}", others.len(), code.join("\n")),
    }
}

/// The two rows of a line of half blocks; what is light is true.
fn halves(line: &str) -> [Vec<bool>; 2] {
    let row = |half: char| line.chars().map(|block| block == '█' || block == half).collect();
    [row('▀'), row('▄')]
}
