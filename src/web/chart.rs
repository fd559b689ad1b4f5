//! Charts as SVG, drawn from numbers by attributes only: the content policy blocks styles. Axis labels
//! are HTML beside the plot, so that text never shrinks on a phone.

use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;

use super::format::{Bytes, When};
use crate::model::HourTraffic;

/// SVG made by this file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Svg(String);

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// Made of numbers and of texts that this file writes.
impl HtmlSafe for Svg {}

/// The inside of a sparkline of 72 by 26; nothing below two values.
pub(crate) fn spark(values: &[u64]) -> Svg {
    const WIDTH: f64 = 72.0;
    const HEIGHT: f64 = 26.0;
    let line = line(
        values,
        values.iter().copied().max().unwrap_or(0),
        WIDTH,
        HEIGHT - 4.0,
        4.0,
    );
    if line.is_empty() {
        return Svg::default();
    }
    Svg(format!(
        "<path class=\"area\" d=\"{line}L72 26L0 26z\"/><path d=\"{line}\"/>"
    ))
}

/// Traffic over time: uploads as an area, downloads as a dashed line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    /// The inside of the plot of 720 by 176.
    pub(crate) plot: Svg,
    /// Labels of the y axis, from the top.
    pub(crate) y: Vec<String>,
    /// Labels of the x axis, from the left.
    pub(crate) x: Vec<String>,
    /// What the chart shows, in a sentence.
    pub(crate) point: String,
    /// The same as a table.
    pub(crate) rows: Vec<TrafficRow>,
}

/// One row of the table under a chart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TrafficRow {
    /// The hour or the day.
    pub(crate) at: String,
    /// Bytes received.
    pub(crate) received: String,
    /// Bytes sent.
    pub(crate) sent: String,
}

impl Traffic {
    const WIDTH: f64 = 720.0;
    const HEIGHT: f64 = 176.0;

    /// A chart of `buckets`, oldest first, all of the same length. `is_daily` says whether that is a
    /// day or an hour; `when` is any moment of the page.
    pub(crate) fn new(buckets: &[HourTraffic], is_daily: bool, when: When) -> Self {
        let received: Vec<u64> = buckets.iter().map(|bucket| bucket.uploaded_bytes).collect();
        let sent: Vec<u64> = buckets
            .iter()
            .map(|bucket| bucket.downloaded_bytes)
            .collect();
        let highest = received.iter().chain(&sent).copied().max().unwrap_or(0);
        let top = round_up(highest);
        let label = |bucket: &HourTraffic| {
            let at = when.of(bucket.hour);
            if is_daily { at.day() } else { at.clock() }
        };
        let rows: Vec<TrafficRow> = buckets
            .iter()
            .map(|bucket| TrafficRow {
                at: label(bucket),
                received: Bytes(bucket.uploaded_bytes).to_string(),
                sent: Bytes(bucket.downloaded_bytes).to_string(),
            })
            .collect();
        Self {
            plot: plot(&received, &sent, top, &rows),
            y: (0..=4)
                .rev()
                .map(|quarter| Bytes(top / 4 * quarter).to_string())
                .collect(),
            x: thinned(&rows),
            point: point(&rows, &received, &sent, is_daily),
            rows,
        }
    }

    /// Whether nothing has moved at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn plot(received: &[u64], sent: &[u64], top: u64, rows: &[TrafficRow]) -> Svg {
    let (width, height) = (Traffic::WIDTH, Traffic::HEIGHT);
    let mut svg = String::new();
    for quarter in 0..=4_u8 {
        let y = f64::from(quarter) * height / 4.0;
        let _infallible = write!(svg, "<line x1=\"0\" x2=\"{width}\" y1=\"{y}\" y2=\"{y}\"/>");
    }
    let up = line(received, top, width, height, 0.0);
    let down = line(sent, top, width, height, 0.0);
    if !up.is_empty() {
        let _infallible = write!(
            svg,
            "<path class=\"a1\" d=\"{up}L{width} {height}L0 {height}z\"/><path class=\"s1\" d=\"{up}\"/><path class=\"s2\" d=\"{down}\"/>"
        );
    }
    let band = width / as_f64(rows.len().max(1));
    for (index, row) in rows.iter().enumerate() {
        let x = band * as_f64(index);
        let _infallible = write!(
            svg,
            "<rect class=\"hit\" x=\"{x:.1}\" width=\"{band:.1}\" height=\"{height}\"><title>{}: in {}, out {}</title></rect>",
            row.at, row.received, row.sent
        );
    }
    Svg(svg)
}

/// The path of a line through `values`, `head` units below the top; empty below two values.
fn line(values: &[u64], top: u64, width: f64, height: f64, head: f64) -> String {
    if values.len() < 2 {
        return String::new();
    }
    let step = width / as_f64(values.len() - 1);
    let mut path = String::new();
    for (index, value) in values.iter().enumerate() {
        let share = if top == 0 {
            0.0
        } else {
            as_f64_u64(*value) / as_f64_u64(top)
        };
        let (x, y) = (step * as_f64(index), head + height * (1.0 - share.min(1.0)));
        let letter = if index == 0 { 'M' } else { 'L' };
        let _infallible = write!(path, "{letter}{x:.1} {y:.1}");
    }
    path
}

/// The next size with an even first digit or two, so that the quarters of the axis are round.
fn round_up(highest: u64) -> u64 {
    let mut unit: u64 = 1_024;
    while unit.saturating_mul(1_024) <= highest {
        unit = unit.saturating_mul(1_024);
    }
    let mut step = unit;
    loop {
        for factor in [4_u64, 8, 20, 40] {
            let top = step.saturating_mul(factor);
            if top >= highest {
                return top;
            }
        }
        let Some(next) = step.checked_mul(20) else {
            return u64::MAX;
        };
        step = next;
    }
}

/// About seven labels, evenly spread, the last one included.
fn thinned(rows: &[TrafficRow]) -> Vec<String> {
    let step = rows.len().div_ceil(7).max(1);
    let mut labels: Vec<String> = rows
        .iter()
        .step_by(step)
        .map(|row| row.at.clone())
        .collect();
    if let Some(last) = rows.last()
        && rows.len() > 1
        && !(rows.len() - 1).is_multiple_of(step)
    {
        labels.push(last.at.clone());
    }
    labels
}

fn point(rows: &[TrafficRow], received: &[u64], sent: &[u64], is_daily: bool) -> String {
    let span = if is_daily { "day" } else { "hour" };
    let peak = |values: &[u64]| {
        let most = values.iter().copied().max().unwrap_or(0);
        let at = values.iter().position(|value| *value == most && most > 0)?;
        rows.get(at)
            .map(|row| format!("{} at {}", Bytes(most), row.at))
    };
    let up = peak(received).unwrap_or_else(|| "nothing".to_owned());
    let down = peak(sent).unwrap_or_else(|| "nothing".to_owned());
    format!("Bytes moved per {span}. Most uploaded: {up}. Most downloaded: {down}.")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a drawing needs no more than 52 bits"
)]
fn as_f64(number: usize) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a drawing needs no more than 52 bits"
)]
fn as_f64_u64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn hours(values: &[(u64, u64)]) -> Vec<HourTraffic> {
        let bucket = |(index, (up, down)): (usize, &(u64, u64))| HourTraffic {
            hour: Timestamp::from_seconds(1_773_320_400 + 3_600 * i64::try_from(index).unwrap()),
            uploaded_bytes: *up,
            downloaded_bytes: *down,
            transfers: 1,
        };
        values.iter().enumerate().map(bucket).collect()
    }

    #[test]
    fn the_axis_ends_at_a_round_size_above_the_highest_value() {
        const MIB: u64 = 1 << 20;

        assert_eq!(round_up(0), 4_096);
        assert_eq!(round_up(5 * MIB), 8 * MIB);
        assert_eq!(round_up(54 * MIB), 80 * MIB);
        assert_eq!(round_up(300 * MIB), 400 * MIB);
    }

    #[test]
    fn a_chart_says_its_point_in_a_sentence() {
        let chart = Traffic::new(
            &hours(&[(1 << 30, 0), (2 << 30, 5 << 20)]),
            false,
            When::default(),
        );

        assert!(
            chart.point.contains("Most uploaded: 2\u{a0}GiB at"),
            "{}",
            chart.point
        );
        assert_eq!(chart.y.len(), 5);
        assert_eq!(chart.rows.len(), 2);
        assert!(!chart.plot.to_string().contains("style"));
    }

    #[test]
    fn a_sparkline_needs_two_values() {
        assert_eq!(spark(&[5]).to_string(), "");
        assert!(
            spark(&[5, 6])
                .to_string()
                .starts_with("<path class=\"area\" d=\"M0.0 ")
        );
    }
}
