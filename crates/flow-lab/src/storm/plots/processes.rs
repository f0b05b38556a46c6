//! How long a batch takes, by policy and by the number of processes that share the key.

use std::path::Path;

use plotters::prelude::{ChartBuilder, Circle, IntoLogRange as _, LineSeries, PathElement};
use plotters::style::Color as _;

use super::canvas::{GRID, INK, color, letters, said, save};
use crate::Result;
use crate::storm::case::Case as _;
use crate::storm::numbers::Sorted;
use crate::storm::policies::Kind;
use crate::storm::scenarios::Batch;

/// Only those that lose no jobs can be compared.
pub(super) const POLICIES: [Kind; 5] =
    [Kind::OursBatch, Kind::OursShare, Kind::Jitter, Kind::Adaptive, Kind::Oracle];

const PROCESSES: [u32; 6] = [1, 2, 4, 8, 16, 32];
const SEEDS: u64 = 9;

pub(super) fn draw(folder: &Path, kinds: &[Kind]) -> Result {
    save(folder, "processes", (900, 480), |sheet| {
        let title = "How long 1,000 jobs take, in parts of the least time that the limit leaves";
        let sheet = said(sheet.titled(title, letters(20)))?;
        let mut chart = said(
            ChartBuilder::on(&sheet)
                .margin(12)
                .margin_right(30)
                .x_label_area_size(40)
                .y_label_area_size(56)
                .build_cartesian_2d((1.0..33.0).log_scale().base(2.0), 0.9..2.1),
        )?;
        said(
            chart
                .configure_mesh()
                .light_line_style(GRID.mix(0.0))
                .bold_line_style(GRID)
                .axis_style(INK)
                .label_style(letters(13))
                .x_desc("processes that share the key (64 workers in all, limit headers)")
                .x_label_formatter(&|x| format!("{x:.0}"))
                .y_label_formatter(&|y| format!("{y:.1}"))
                .y_desc("median time ÷ least time")
                .y_labels(7)
                .draw(),
        )?;
        for (number, kind) in kinds.iter().enumerate() {
            let points =
                PROCESSES.map(|processes| (f64::from(processes), median(*kind, processes)));
            let style = color(number).stroke_width(2);
            let line = said(chart.draw_series(LineSeries::new(points, style)))?;
            line.label(kind.name())
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
            let dots = points.map(|point| Circle::new(point, 3, color(number).filled()));
            said(chart.draw_series(dots))?;
        }
        said(
            chart
                .configure_series_labels()
                .background_style(plotters::style::WHITE.mix(0.9))
                .border_style(GRID)
                .label_font(letters(13))
                .position(plotters::chart::SeriesLabelPosition::UpperLeft)
                .draw(),
        )
    })
}

fn median(kind: Kind, processes: u32) -> f64 {
    let batch = Batch { processes: usize::try_from(processes).unwrap_or(1), ..Batch::S1 };
    let least = batch.least().as_secs_f64();
    let times = (0..SEEDS).map(|seed| batch.run(kind, seed).makespan().as_secs_f64() / least);
    Sorted::new(times).median()
}
