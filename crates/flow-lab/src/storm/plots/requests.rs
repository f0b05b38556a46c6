//! Requests per second at the service over time: those that it answers, and those that it refuses.

use std::path::Path;
use std::time::Duration;

use flow_errors::call::Tick;
use plotters::prelude::{ChartBuilder, PathElement, Rectangle};
use plotters::style::Color as _;

use super::canvas::{BAD, GOOD, GRID, INK, Sheet, letters, said, save};
use crate::Result;
use crate::storm::case::Case as _;
use crate::storm::numbers::number;
use crate::storm::policies::Kind;
use crate::storm::record::{Fate, Record};
use crate::storm::scenarios::Batch;

pub(super) const POLICIES: [Kind; 5] =
    [Kind::Ours, Kind::Page, Kind::Sdk, Kind::Jitter, Kind::Adaptive];

/// What is shown of a run, and of a second of it: the first burst is as high as it will be.
const SECONDS: u64 = 150;
const MOST: f64 = 40.0;

const SEED: u64 = 0;

pub(super) fn draw(folder: &Path, kinds: &[Kind]) -> Result {
    let height = u32::try_from(kinds.len()).unwrap_or(1) * 130 + 90;
    save(folder, "requests", (900, height), |sheet| {
        let title =
            "1,000 jobs, 64 workers, a limit of 10 requests a second that nobody is told of";
        let sheet = said(sheet.titled(title, letters(20)))?;
        let legend = "requests per second at the service: answered (green), refused (orange)";
        let sheet = said(sheet.titled(legend, letters(14)))?;
        for (panel, kind) in sheet.split_evenly((kinds.len(), 1)).iter().zip(kinds) {
            let batch = Batch { tells: crate::storm::services::Tells::Nothing, ..Batch::S1 };
            one(panel, *kind, &batch.run(*kind, SEED))?;
        }
        Ok(())
    })
}

/// Draws the seconds of a run.
fn one(panel: &Sheet<'_>, kind: Kind, record: &Record) -> Result {
    let (lost, jobs) = (record.lost(), record.jobs.len());
    let sends = number(record.sends.len()) / number(jobs - lost);
    let seconds = record.makespan().as_secs();
    let caption = format!(
        "{}: {lost} of {jobs} jobs lost, {sends:.2} requests for each that succeeds, done after {seconds} s",
        kind.name()
    );
    let range = (0.0..Duration::from_secs(SECONDS).as_secs_f64(), 0.0..MOST);
    let mut chart = said(
        ChartBuilder::on(panel)
            .caption(caption, letters(14))
            .margin(6)
            .margin_right(24)
            .x_label_area_size(20)
            .y_label_area_size(32)
            .build_cartesian_2d(range.0, range.1),
    )?;
    said(
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(GRID.mix(0.0))
            .bold_line_style(GRID)
            .axis_style(INK)
            .label_style(letters(12))
            .y_labels(3)
            .x_labels(16)
            .x_label_formatter(&|x| format!("{x:.0} s"))
            .y_label_formatter(&|y| format!("{y:.0}"))
            .draw(),
    )?;
    for second in 0..SECONDS {
        let (from, until) = (at(second), at(second + 1));
        let [good, all] = counts(record, from, until);
        let left = Duration::from_secs(second).as_secs_f64();
        let bars = [
            Rectangle::new([(left, 0.0), (left + 0.9, good.min(MOST))], GOOD.filled()),
            Rectangle::new([(left, good.min(MOST)), (left + 0.9, all.min(MOST))], BAD.filled()),
        ];
        said(chart.draw_series(bars))?;
    }
    let limit = [(0.0, 10.0), (Duration::from_secs(SECONDS).as_secs_f64(), 10.0)];
    said(chart.draw_series([PathElement::new(limit, INK.stroke_width(1))]))?;
    Ok(())
}

/// Counts the sends of a second: those that are answered, and all.
fn counts(record: &Record, from: Tick, until: Tick) -> [f64; 2] {
    let sends = record.sends.iter().filter(|send| (from..until).contains(&send.at));
    let good = sends.clone().filter(|send| send.fate == Fate::Succeeded).count();
    [number(good), number(sends.count())]
}

fn at(second: u64) -> Tick {
    Tick::ORIGIN + Duration::from_secs(second)
}
