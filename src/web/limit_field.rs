//! A limit in a form: a figure with a unit, and for records that inherit, the choice between the
//! value of the level above and an own one. Empty means no limit, zero means nothing allowed.

use crate::model::{ByteSize, Limit, Override, Plan};
use crate::web::form::Form;
use crate::web::format::{Bytes, Count};

/// What a limit counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Measure {
    /// Bytes, typed with a unit.
    Bytes,
    /// Bytes a second, typed with a unit.
    Rate,
    /// Things up to a bound, with their name in singular and plural.
    Things(&'static str, &'static str, u64),
}

/// One limit of a record, as a form names it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct LimitField {
    /// Name and id of the input; `<name>_src` and `<name>_unit` stand beside it.
    pub(crate) name: &'static str,
    /// What the limit is called.
    pub(crate) label: &'static str,
    /// What it counts.
    pub(crate) measure: Measure,
}

impl LimitField {
    /// Writes a stored value into the form; `inherited` is what the level above says.
    pub(crate) fn fill(self, form: &mut Form, value: Override, inherited: Limit) {
        let source = if value.is_own() { "own" } else { "plan" };
        form.set(&self.source_name(), source);
        self.fill_limit(form, value.or(inherited));
    }

    /// Writes the stored limit of a record that has nobody above it into the form.
    pub(crate) fn fill_limit(self, form: &mut Form, limit: Limit) {
        let (figure, unit) = self.measure.typed(limit);
        form.set(self.name, figure);
        if self.has_unit() {
            form.set(&self.unit_name(), unit);
        }
    }

    /// Reads what was chosen and typed; what is wrong is recorded at the input. Whoever follows the
    /// level above may have left anything in the figure.
    pub(crate) fn read(self, form: &mut Form) -> Option<Override> {
        if form.is_own(self.name) {
            return self.read_limit(form).map(Override::Own);
        }
        Some(Override::Inherit)
    }

    /// Reads the limit of a record that has nobody above it.
    pub(crate) fn read_limit(self, form: &mut Form) -> Option<Limit> {
        let typed = form.value(self.name).trim().replace(',', "");
        if typed.is_empty() {
            return Some(None);
        }
        let read = match self.measure {
            Measure::Bytes => self.read_bytes(&typed, form.value(&self.unit_name())),
            Measure::Rate => self.read_rate(&typed, form.value(&self.unit_name())),
            Measure::Things(.., most) => self.read_count(&typed, most),
        };
        form.check(self.name, read).map(Some)
    }

    /// The units that stand beside the figure; none if it is a number of things.
    pub(crate) fn units(self) -> &'static [&'static str] {
        match self.measure {
            Measure::Bytes => &["MiB", "GiB", "TiB"],
            Measure::Rate => &["KiB/s", "MiB/s", "GiB/s"],
            Measure::Things(..) => &[],
        }
    }

    fn has_unit(self) -> bool {
        !self.units().is_empty()
    }

    fn read_bytes(self, typed: &str, unit: &str) -> Result<u64, String> {
        let bytes = self.read_size(typed, unit)?;
        // A figure alone may be one whose unit was overlooked; whoever types `150000 B` means it.
        if bytes > 0 && bytes < MIB && !names_unit(typed) {
            return Err(format!("{} must be at least 1 MiB", self.label));
        }
        Ok(bytes)
    }

    /// Nothing moves at a rate of zero; whoever may not upload has no right to.
    fn read_rate(self, typed: &str, unit: &str) -> Result<u64, String> {
        let a_second = |text: &str| text.trim().trim_end_matches("/s").to_owned();
        let bytes = self.read_size(&a_second(typed), &a_second(unit))?;
        if bytes < KIB {
            return Err(format!("{} must be at least 1 KiB/s", self.label));
        }
        Ok(bytes)
    }

    fn read_size(self, typed: &str, unit: &str) -> Result<u64, String> {
        let size = if names_unit(typed) {
            typed.parse::<ByteSize>()
        } else {
            format!("{typed} {unit}").parse::<ByteSize>()
        };
        let size = size.map_err(|_| format!("{} must be a number, for example 50", self.label))?;
        Ok(size.0)
    }

    fn read_count(self, typed: &str, most: u64) -> Result<u64, String> {
        match typed.parse::<u64>() {
            Ok(count) if count <= most => Ok(count),
            _ => Err(format!("{} must be 0 to {}", self.label, Count(most))),
        }
    }

    fn unit_name(self) -> String {
        format!("{}_unit", self.name)
    }

    fn source_name(self) -> String {
        format!("{}_src", self.name)
    }
}

impl Measure {
    /// What the plans say about a limit while it is open which of them applies: the value that they
    /// share, each plan's own if they are few, else that the plan will say.
    pub(crate) fn words_of(self, plans: &[&Plan], limit: impl Fn(&Plan) -> Limit) -> String {
        let mut values: Vec<(String, &str)> = plans
            .iter()
            .map(|plan| (self.words(limit(plan)), plan.name.as_str()))
            .collect();
        if values
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a.0 == b.0))
        {
            values.truncate(1);
        }
        match values.as_slice() {
            [(only, _)] => only.clone(),
            [_, _, ..] if values.len() <= PLANS_SPELLED_OUT => {
                let each = values
                    .iter()
                    .map(|(words, plan)| format!("{words} on {plan}"));
                each.collect::<Vec<_>>().join(", ")
            }
            _ => "as the plan says".to_owned(),
        }
    }

    /// A limit in words: `50 GiB`, `100,000 files`, `No limit`.
    pub(crate) fn words(self, limit: Limit) -> String {
        match (limit, self) {
            (None, _) => "No limit".to_owned(),
            (Some(amount), _) => self.amount(amount),
        }
    }

    /// An amount in words: `38.2 GiB`, `1 file`.
    pub(crate) fn amount(self, amount: u64) -> String {
        match (amount, self) {
            (bytes, Self::Bytes) => Bytes(bytes).to_string(),
            (bytes, Self::Rate) => format!("{}/s", Bytes(bytes)),
            (1, Self::Things(one, ..)) => format!("1 {one}"),
            (count, Self::Things(_, many, _)) => format!("{} {many}", Count(count)),
        }
    }

    /// The figure and the unit that say exactly `limit`, so that saving a form unchanged changes
    /// nothing; empty for no limit.
    fn typed(self, limit: Limit) -> (String, &'static str) {
        match (limit, self) {
            (None, Self::Rate) => (String::new(), "MiB/s"),
            (None, _) => (String::new(), "GiB"),
            (Some(count), Self::Things(..)) => (count.to_string(), ""),
            (Some(0), Self::Bytes) => ("0".to_owned(), "GiB"),
            (Some(bytes), Self::Bytes) => exact(bytes, UNITS, "MiB"),
            (Some(bytes), Self::Rate) => exact(bytes, RATE_UNITS, "MiB/s"),
        }
    }
}

/// The largest unit that says `bytes` with at most three decimals; if there is none the figure
/// carries its unit itself.
fn exact(bytes: u64, units: [Unit; 3], other: &'static str) -> (String, &'static str) {
    for (unit, size) in units {
        let thousandths = u128::from(bytes) * 1_000;
        let size = u128::from(size);
        if u128::from(bytes) < size || !thousandths.is_multiple_of(size) {
            continue;
        }
        let (whole, rest) = (thousandths / size / 1_000, thousandths / size % 1_000);
        if rest == 0 {
            return (whole.to_string(), unit);
        }
        let fraction = format!("{rest:03}");
        return (format!("{whole}.{}", fraction.trim_end_matches('0')), unit);
    }
    (format!("{bytes} B"), other)
}

/// Plans that fit beside a radio button.
const PLANS_SPELLED_OUT: usize = 3;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

type Unit = (&'static str, u64);

const UNITS: [Unit; 3] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", MIB)];
const RATE_UNITS: [Unit; 3] = [("GiB/s", 1 << 30), ("MiB/s", MIB), ("KiB/s", KIB)];

/// Whether what was typed says its unit itself.
fn names_unit(typed: &str) -> bool {
    typed.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::sample_records::plan;

    const STORAGE: LimitField = LimitField {
        name: "bytes",
        label: "Storage limit",
        measure: Measure::Bytes,
    };
    const SESSIONS: LimitField = LimitField {
        name: "sessions",
        label: "Sessions",
        measure: Measure::Things("session", "sessions", 1_000),
    };

    fn typed(figure: &str, unit: &str) -> Form {
        Form::new()
            .with("bytes_src", "own")
            .with("bytes", figure)
            .with("bytes_unit", unit)
    }

    #[test]
    fn the_unit_is_the_select_or_what_was_typed() {
        for (figure, unit, bytes) in [
            ("50", "GiB", 50 << 30),
            ("1.5", "TiB", 3 << 39),
            ("10g", "MiB", 10 << 30),
            ("1,024", "MiB", 1 << 30),
            ("0", "GiB", 0),
        ] {
            let read = STORAGE.read(&mut typed(figure, unit));

            assert_eq!(read, Some(Override::Own(Some(bytes))), "{figure} {unit}");
        }
    }

    #[test]
    fn empty_means_no_limit() {
        assert_eq!(
            STORAGE.read(&mut typed(" ", "GiB")),
            Some(Override::Own(None))
        );
    }

    #[test]
    fn following_the_plan_ignores_the_figure() {
        let mut form = typed("rubbish", "GiB");
        form.set("bytes_src", "plan");

        assert_eq!(STORAGE.read(&mut form), Some(Override::Inherit));
        assert!(form.is_fine());
    }

    #[test]
    fn what_is_no_limit_is_refused_in_words() {
        let mut letters = typed("many", "GiB");
        let mut tiny = typed("0.5", "MiB");
        let mut thousands = Form::new().with("sessions", "1001");

        let mut meant = typed("150000 B", "MiB");
        assert_eq!(STORAGE.read(&mut meant), Some(Override::Own(Some(150_000))));
        assert_eq!(STORAGE.read(&mut letters), None);
        assert_eq!(STORAGE.read(&mut tiny), None);
        assert_eq!(SESSIONS.read_limit(&mut thousands), None);

        assert_eq!(
            letters.error_text("bytes"),
            "Storage limit must be a number, for example 50"
        );
        assert_eq!(
            tiny.error_text("bytes"),
            "Storage limit must be at least 1 MiB"
        );
        assert_eq!(
            thousands.error_text("sessions"),
            "Sessions must be 0 to 1,000"
        );
    }

    #[test]
    fn a_stored_limit_comes_back_exactly() {
        for bytes in [0, 1 << 20, 3 << 29, 5_000_001, 50 << 30] {
            let stored = Override::Own(Some(bytes));
            let mut form = Form::new();

            STORAGE.fill(&mut form, stored, None);

            assert_eq!(STORAGE.read(&mut form), Some(stored), "{bytes}: {form:?}");
        }
    }

    #[test]
    fn a_rate_is_typed_with_its_unit_and_comes_back_exactly() {
        let field = LimitField {
            name: "upload_rate",
            label: "Upload rate",
            measure: Measure::Rate,
        };
        for (figure, unit, rate) in [
            ("1.5", "MiB/s", 3 << 19),
            ("64", "KiB/s", 64 << 10),
            ("2 GiB/s", "KiB/s", 2 << 30),
            ("1025 B", "MiB/s", 1_025),
        ] {
            let mut form = Form::new()
                .with("upload_rate", figure)
                .with("upload_rate_unit", unit);
            assert_eq!(field.read_limit(&mut form), Some(Some(rate)), "{figure}");

            field.fill_limit(&mut form, Some(rate));
            assert_eq!(field.read_limit(&mut form), Some(Some(rate)), "{form:?}");
        }
        let mut nothing = Form::new().with("upload_rate", "0");
        assert_eq!(field.read_limit(&mut nothing), None);
        assert_eq!(
            nothing.error_text("upload_rate"),
            "Upload rate must be at least 1 KiB/s"
        );
        assert_eq!(field.measure.words(Some(3 << 19)), "1.5\u{a0}MiB/s");
    }

    #[test]
    fn limits_are_said_in_words() {
        let files = Measure::Things("file", "files", 1_000_000);

        assert_eq!(Measure::Bytes.words(Some(50 << 30)), "50\u{a0}GiB");
        assert_eq!(files.words(Some(100_000)), "100,000 files");
        assert_eq!(files.words(Some(1)), "1 file");
        assert_eq!(files.words(None), "No limit");
    }

    #[test]
    fn an_open_limit_names_what_each_plan_says() {
        let mut camera = plan();
        camera.name = "Camera".to_owned();
        camera.account.bytes = Some(512 << 20);
        let business = plan();
        let bytes = |plans: &[&Plan]| Measure::Bytes.words_of(plans, |plan| plan.account.bytes);

        assert_eq!(bytes(&[&business]), "50\u{a0}GiB");
        assert_eq!(bytes(&[&business, &business]), "50\u{a0}GiB");
        assert_eq!(
            bytes(&[&camera, &business]),
            "512\u{a0}MiB on Camera, 50\u{a0}GiB on Business"
        );
        assert_eq!(bytes(&[]), "as the plan says");
    }
}
