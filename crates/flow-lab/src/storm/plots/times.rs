//! How long jobs take: the share of all jobs that is done so long after it began.

use std::path::Path;
use std::time::Duration;

use plotters::prelude::{ChartBuilder, IntoLogRange as _, LineSeries, PathElement};
use plotters::style::Color as _;

use super::canvas::{GRID, INK, color, letters, said, save};
use crate::Result;
use crate::storm::case::Case as _;
use crate::storm::numbers::number;
use crate::storm::policies::Kind;
use crate::storm::record::{Ended, Record};
use crate::storm::scenarios::Batch;
use crate::storm::services::Tells;

pub(super) const POLICIES: [Kind; 7] =
    [Kind::Ours, Kind::Page, Kind::Jitter, Kind::Sdk, Kind::Adaptive, Kind::Budget, Kind::Oracle];

const SEED: u64 = 0;

/// From half a second to two minutes.
const RANGE: std::ops::Range<f64> = 0.5..128.0;

pub(super) fn draw(folder: &Path, kinds: &[Kind]) -> Result {
    save(folder, "job-times", (900, 480), |sheet| {
        let title = "How long the 1,000 jobs take at a limit that nobody is told of";
        let sheet = said(sheet.titled(title, letters(20)))?;
        let mut chart = said(
            ChartBuilder::on(&sheet)
                .margin(12)
                .margin_right(30)
                .x_label_area_size(40)
                .y_label_area_size(56)
                .build_cartesian_2d(RANGE.log_scale().base(2.0), 0.0..100.0),
        )?;
        said(
            chart
                .configure_mesh()
                .light_line_style(GRID.mix(0.0))
                .bold_line_style(GRID)
                .axis_style(INK)
                .label_style(letters(13))
                .x_desc("seconds from taking a job to its reply")
                .x_label_formatter(&|x| format!("{x}"))
                .y_label_formatter(&|y| format!("{y:.0}"))
                .y_desc("% of all jobs that are done by then")
                .draw(),
        )?;
        for (number, kind) in kinds.iter().enumerate() {
            let batch = Batch { tells: Tells::Nothing, ..Batch::S1 };
            let steps = steps(&batch.run(*kind, SEED));
            // Ours lies where the oracle's does: a broad line below a narrow one.
            let width = if kind.is_ours() { 5 } else { 2 };
            let style = color(number).stroke_width(width);
            let label =
                format!("{}: {:.0} %", kind.name(), steps.last().map_or(0.0, |last| last.1));
            let line = said(chart.draw_series(LineSeries::new(steps, style)))?;
            line.label(label).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
        said(
            chart
                .configure_series_labels()
                .background_style(plotters::style::WHITE.mix(0.9))
                .border_style(GRID)
                .label_font(letters(13))
                .position(plotters::chart::SeriesLabelPosition::MiddleLeft)
                .draw(),
        )
    })
}

/// Returns the share in percent that is done at each instant at which it changes.
fn steps(record: &Record) -> Vec<(f64, f64)> {
    let mut times: Vec<Duration> = record.succeeded().map(Ended::took).collect();
    times.sort_unstable();
    let all = number(record.jobs.len());
    let steps = times.iter().enumerate().map(|(before, took)| {
        (took.as_secs_f64().clamp(RANGE.start, RANGE.end), 100.0 * number(before + 1) / all)
    });
    // What is lost is never done: the line stays where it is.
    let mut steps: Vec<_> = steps.collect();
    let last = steps.last().map_or(0.0, |last| last.1);
    steps.push((RANGE.end, last));
    steps
}
