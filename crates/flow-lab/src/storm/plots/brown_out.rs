//! The brown-out: what the service has in it, and how many calls succeed, over time.

use std::path::Path;
use std::time::Duration;

use flow_errors::call::Tick;
use plotters::prelude::{ChartBuilder, LineSeries, PathElement, Rectangle};
use plotters::style::Color as _;

use super::canvas::{GRID, INK, SHADE, Sheet, color, letters, said, save};
use crate::Result;
use crate::storm::case::Case as _;
use crate::storm::numbers::number;
use crate::storm::policies::Kind;
use crate::storm::record::Record;
use crate::storm::scenarios::BrownOut;

pub(super) const POLICIES: [Kind; 5] =
    [Kind::Ours, Kind::Page, Kind::None, Kind::Budget, Kind::Jitter];

const SEED: u64 = 0;
const SECONDS: u64 = 240;

/// Goodput is counted in so many seconds.
const BIN: u64 = 5;

type Line = (Kind, Vec<(f64, f64)>);

pub(super) fn draw(folder: &Path, kinds: &[Kind]) -> Result {
    let runs: Vec<_> = kinds.iter().map(|kind| (*kind, BrownOut::SMALL.run(*kind, SEED))).collect();
    let lines = |of: fn(&Record) -> Vec<(f64, f64)>| -> Vec<Line> {
        runs.iter().map(|(kind, record)| (*kind, of(record))).collect()
    };
    save(folder, "brown-out", (900, 600), |sheet| {
        let title =
            "A fifth of the capacity for 30 s, and work that goes on when its client has gone";
        let sheet = said(sheet.titled(title, letters(20)))?;
        let [load, good] = [lines(load), lines(goodput)];
        let panels = sheet.split_evenly((2, 1));
        let mut panels = panels.iter();
        if let (Some(upper), Some(lower)) = (panels.next(), panels.next()) {
            panel(upper, "requests in the service", 440.0, &load)?;
            panel(lower, "calls that succeed per second (14 come)", 26.0, &good)?;
        }
        Ok(())
    })
}

fn panel(panel: &Sheet<'_>, name: &str, most: f64, lines: &[Line]) -> Result {
    let mut chart = said(
        ChartBuilder::on(panel)
            .caption(name, letters(14))
            .margin(8)
            .margin_right(24)
            .x_label_area_size(24)
            .y_label_area_size(40)
            .build_cartesian_2d(seconds(0)..seconds(SECONDS), 0.0..most),
    )?;
    let out = [(seconds(BrownOut::BEGIN), 0.0), (seconds(BrownOut::END), most)];
    said(chart.draw_series([Rectangle::new(out, SHADE.mix(0.3).filled())]))?;
    said(
        chart
            .configure_mesh()
            .light_line_style(GRID.mix(0.0))
            .bold_line_style(GRID)
            .axis_style(INK)
            .label_style(letters(12))
            .x_label_formatter(&|x| format!("{x:.0} s"))
            .y_label_formatter(&|y| format!("{y:.0}"))
            .x_labels(13)
            .y_labels(5)
            .draw(),
    )?;
    for (number, (kind, points)) in lines.iter().enumerate() {
        let style = color(number).stroke_width(2);
        let line = said(chart.draw_series(LineSeries::new(points.iter().copied(), style)))?;
        line.label(kind.name())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    said(
        chart
            .configure_series_labels()
            .background_style(plotters::style::WHITE.mix(0.9))
            .border_style(GRID)
            .label_font(letters(12))
            .position(plotters::chart::SeriesLabelPosition::UpperRight)
            .draw(),
    )
}

/// Returns what was in the service at the end of each second.
fn load(record: &Record) -> Vec<(f64, f64)> {
    let mut changes = record.load.iter().peekable();
    let mut now = 0;
    let points = (0..SECONDS).map(|second| {
        while let Some((_, load)) = changes.next_if(|(at, _)| *at <= tick(second)) {
            now = *load;
        }
        (seconds(second), number(now))
    });
    points.collect()
}

/// Returns how many calls succeeded per second.
fn goodput(record: &Record) -> Vec<(f64, f64)> {
    let bins = (0..SECONDS / BIN).map(|bin| {
        let (from, until) = (tick(bin * BIN), tick((bin + 1) * BIN));
        let count = record.succeeded().filter(|job| (from..until).contains(&job.ended)).count();
        (seconds(bin * BIN) + seconds(BIN) / 2.0, number(count) / seconds(BIN))
    });
    bins.collect()
}

fn seconds(seconds: u64) -> f64 {
    Duration::from_secs(seconds).as_secs_f64()
}

fn tick(second: u64) -> Tick {
    Tick::ORIGIN + Duration::from_secs(second)
}
