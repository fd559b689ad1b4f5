//! Meters: how much of a limit is used, as words and as a bar.

use super::format::{Bytes, Count, Pct};
use crate::model::Limit;

/// A meter, ready to print. The bar is decoration: the words say the same.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Meter {
    /// What is used: `46.8`, with its unit where the limit has another one.
    pub(crate) used: String,
    /// The limit with its unit: `50 GiB`; empty without a limit.
    pub(crate) limit: String,
    /// The share: `94 %`; empty without a limit.
    pub(crate) percent: String,
    /// Length of the bar, 0 to 100 with one decimal.
    pub(crate) width: String,
    /// Colour of the bar: empty, `warn`, `bad` or `alt`.
    pub(crate) state: &'static str,
}

impl Meter {
    /// Bytes of a storage limit: amber from 90 %, red from 97 %.
    pub(crate) fn storage(used: u64, limit: Limit) -> Self {
        let Some(limit) = limit else {
            return Self {
                used: Bytes(used).to_string(),
                ..Self::default()
            };
        };
        let (used_text, limit_text) = (Bytes(used).to_string(), Bytes(limit).to_string());
        // `46.8 of 50 GiB`: the unit once, if both share it.
        let unit = |text: &str| text.split_once('\u{a0}').map(|(_, unit)| unit.to_owned());
        let same = unit(&used_text) == unit(&limit_text);
        let number = used_text
            .split('\u{a0}')
            .next()
            .unwrap_or_default()
            .to_owned();
        let words = if same { number } else { used_text };
        Self::filled(words, limit_text, Pct::of(used, limit))
    }

    /// Files of a limit, with the same colours.
    pub(crate) fn count(used: u64, limit: Limit) -> Self {
        match limit {
            None => Self {
                used: Count(used).to_string(),
                ..Self::default()
            },
            Some(limit) => Self::filled(
                Count(used).to_string(),
                Count(limit).to_string(),
                Pct::of(used, limit),
            ),
        }
    }

    /// A plain share of a whole, without a state.
    pub(crate) fn share(part: u64, whole: u64) -> Self {
        let share = Pct::of(part, whole.max(1));
        Self {
            percent: share.to_string(),
            width: width(share.per_mille()),
            ..Self::default()
        }
    }

    /// Whether there is a limit to measure against.
    pub(crate) fn has_limit(&self) -> bool {
        !self.limit.is_empty()
    }

    fn filled(used: String, limit: String, share: Pct) -> Self {
        let state = match share.per_mille() {
            970.. => "bad",
            900.. => "warn",
            _ => "",
        };
        Self {
            used,
            limit,
            percent: share.to_string(),
            width: width(share.per_mille()),
            state,
        }
    }
}

fn width(per_mille: u64) -> String {
    let shown = per_mille.min(1_000);
    format!("{}.{}", shown / 10, shown % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn the_unit_is_written_once_if_both_share_it() {
        let meter = Meter::storage(46 * GIB, Some(50 * GIB));

        assert_eq!(
            (meter.used.as_str(), meter.limit.as_str()),
            ("46", "50\u{a0}GiB")
        );
        assert_eq!((meter.width.as_str(), meter.state), ("92.0", "warn"));
    }

    #[test]
    fn over_the_limit_the_bar_is_full_and_the_figure_true() {
        let meter = Meter::storage(51 * GIB, Some(50 * GIB));

        assert_eq!(
            (meter.percent.as_str(), meter.width.as_str()),
            ("102\u{a0}%", "100.0")
        );
        assert_eq!(meter.state, "bad");
    }

    #[test]
    fn without_a_limit_there_is_no_bar() {
        assert!(!Meter::storage(5, None).has_limit());
    }
}
