//! A sheet to draw on, and the colors and letters that all pictures share.

use std::fs;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea as _, RGBColor, SVGBackend, WHITE};
use plotters::style::{FontDesc, FontFamily, FontStyle, IntoFont as _, TextStyle};
use resvg::{tiny_skia, usvg};

use crate::Result;

/// What a picture is drawn on.
pub(super) type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(super) const INK: RGBColor = RGBColor(40, 40, 40);
pub(super) const GRID: RGBColor = RGBColor(225, 225, 225);
pub(super) const GOOD: RGBColor = RGBColor(0, 158, 115);
pub(super) const BAD: RGBColor = RGBColor(213, 94, 0);
pub(super) const SHADE: RGBColor = RGBColor(240, 228, 66);

/// Colors that the color-blind tell apart too: those of Okabe and Ito.
const COLORS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// Returns the color of the line of that number.
pub(super) fn color(number: usize) -> RGBColor {
    COLORS.get(number % COLORS.len()).copied().unwrap_or(INK)
}

/// Returns the letters of that size.
pub(super) fn letters(size: u32) -> TextStyle<'static> {
    let font = FontDesc::new(FontFamily::SansSerif, f64::from(size), FontStyle::Normal);
    font.into_font().color(&INK)
}

/// How much larger a PNG is, for screens of today.
const SCALE: f32 = 2.0;

/// Draws a picture and writes it as SVG and as PNG.
pub(super) fn save(
    folder: &Path,
    name: &str,
    size: (u32, u32),
    draw: impl FnOnce(&Sheet<'_>) -> Result,
) -> Result {
    let mut svg = String::new();
    {
        let sheet = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        sheet.fill(&WHITE).map_err(|error| error.to_string())?;
        draw(&sheet)?;
        sheet.present().map_err(|error| error.to_string())?;
    }
    fs::write(folder.join(name).with_extension("svg"), &svg)?;
    fs::write(folder.join(name).with_extension("png"), png(&svg)?)?;
    Ok(())
}

fn png(svg: &str) -> Result<Vec<u8>> {
    let mut options = usvg::Options::default();
    let fonts = options.fontdb_mut();
    fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    fonts.set_sans_serif_family("Ubuntu");
    let tree = usvg::Tree::from_str(svg, &options)?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or("a picture of no size")?;
    let mut pixels =
        tiny_skia::Pixmap::new(size.width(), size.height()).ok_or("a picture of no size")?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    Ok(pixels.encode_png()?)
}

/// Turns what plotters says into an error of ours: its own type names the backend.
pub(super) fn said<T, E: std::error::Error>(outcome: std::result::Result<T, E>) -> Result<T> {
    outcome.map_err(|error| error.to_string().into())
}
