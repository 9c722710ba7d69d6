//! Plots acceptance rate and latency by week as SVG.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use fimble::usage::Counts;
use plotters::coord::Shift;
use plotters::prelude::*;

const SIZE: (u32, u32) = (900, 560);
const TAKEN: RGBColor = RGBColor(44, 123, 182);
const MEDIAN: RGBColor = RGBColor(26, 150, 65);
const SLOW: RGBColor = RGBColor(215, 110, 40);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Writes the plot to `path`, which must end in `.svg`.
pub(super) fn plot(weeks: &[(&str, Counts)], path: &Path) -> anyhow::Result<()> {
    if path.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("svg")) {
        return Err(anyhow!("the only plot format is SVG; use a name that ends in .svg"));
    }
    let mut drawing = String::new();
    draw(weeks, &mut drawing).map_err(|error| anyhow!("{error}"))?;
    std::fs::write(path, drawing).context("cannot write the file")
}

fn draw(weeks: &[(&str, Counts)], drawing: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(drawing, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let (above, below) = area.split_vertically(SIZE.1 / 2);
    let shares: Vec<f64> = weeks.iter().map(|(_, counts)| counts.acceptance().unwrap_or_default() * 100.0).collect();
    chart(&above, "Suggestions taken, whole or in part (%)", weeks, &[("taken", TAKEN, shares)])?;
    let latency = |percent| {
        let of = |counts: &Counts| counts.latencies.percentile(percent).unwrap_or_default();
        weeks.iter().map(|(_, counts)| of(counts)).collect::<Vec<_>>()
    };
    let latencies = [("median", MEDIAN, latency(50)), ("95th percentile", SLOW, latency(95))];
    chart(&below, "Time from a request to its answer (ms)", weeks, &latencies)?;
    area.present()?;
    Ok(())
}

fn chart(
    area: &Area,
    caption: &str,
    weeks: &[(&str, Counts)],
    lines: &[(&str, RGBColor, Vec<f64>)],
) -> Result<(), Box<dyn std::error::Error>> {
    let highest = lines.iter().flat_map(|(_, _, values)| values).fold(1.0, |highest, value| f64::max(highest, *value));
    let last = weeks.len().saturating_sub(1).max(1) as f64;
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(30)
        .y_label_area_size(50)
        .build_cartesian_2d(-0.2..last + 0.2, 0.0..highest * 1.1)?;
    let name = |x: &f64| {
        let is_week = (x - x.round()).abs() < 1e-6;
        let week = weeks.get(x.round() as usize).filter(|_| is_week && *x > -0.5);
        week.map_or(String::new(), |(week, _)| (*week).to_owned())
    };
    let labels = weeks.len().clamp(2, 12);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(labels)
        .x_label_formatter(&name)
        .y_labels(6)
        .y_label_formatter(&f64::to_string)
        .draw()?;
    for (label, colour, values) in lines {
        let points = values.iter().enumerate().map(|(week, value)| (week as f64, *value));
        let style = colour.stroke_width(2);
        let legend = move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], style);
        chart.draw_series(LineSeries::new(points.clone(), style))?.label(*label).legend(legend);
        chart.draw_series(points.map(|point| Circle::new(point, 3, colour.filled())))?;
    }
    if lines.len() > 1 {
        chart.configure_series_labels().background_style(WHITE).border_style(BLACK.mix(0.3)).draw()?;
    }
    Ok(())
}
