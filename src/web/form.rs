//! Forms: what was typed, what is wrong with it, and the page that shows both again.
//!
//! A handler takes [`super::auth::Submitted`], reads the fields with [`Form::read`] and friends, and
//! either has everything it needs or renders the same page again with status 422: values kept,
//! secrets emptied, each error beside its field and in the summary on top.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// What was typed into a form, by field, and what is wrong with it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Form {
    values: Vec<(String, String)>,
    errors: Vec<FieldError>,
    notes: Vec<String>,
}

/// One thing to fix.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FieldError {
    /// The name of the field, which is also its id on the page.
    pub(crate) field: String,
    /// A sentence without full stop, the same in the summary and beside the field.
    pub(crate) text: String,
}

impl Form {
    /// Fields a form may have; the rest of a longer one is refused.
    pub(crate) const FIELDS_MAX: usize = 1_024;

    /// An empty form.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Fills a field in before the form is shown.
    #[must_use]
    pub(crate) fn with(mut self, field: &str, value: impl fmt::Display) -> Self {
        self.set(field, value);
        self
    }

    /// Puts `value` into a field, in place of what was there.
    pub(crate) fn set(&mut self, field: &str, value: impl fmt::Display) {
        self.forget(field);
        self.values.push((field.to_owned(), value.to_string()));
    }

    /// Empties a field, as is done with every secret before a form is shown again.
    pub(crate) fn forget(&mut self, field: &str) {
        self.values.retain(|(name, _)| name != field);
    }

    /// Records what is wrong with a field. Only the first error of a field is kept.
    pub(crate) fn refuse(&mut self, field: &str, text: impl fmt::Display) {
        if self.error(field).is_none() {
            self.errors.push(FieldError {
                field: field.to_owned(),
                text: text.to_string(),
            });
        }
    }

    /// Records something that is wrong with the whole form and has no field to point to.
    pub(crate) fn refuse_all(&mut self, text: impl fmt::Display) {
        self.notes.push(text.to_string());
    }

    /// Unwraps a result; an error is recorded at `field`.
    pub(crate) fn check<T, E: fmt::Display>(
        &mut self,
        field: &str,
        result: Result<T, E>,
    ) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(field, error);
                None
            }
        }
    }

    /// Reads a field as a `T`; why it is none is recorded at the field.
    pub(crate) fn read<T>(&mut self, field: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let result = self.value(field).trim().parse::<T>();
        self.check(field, result)
    }

    /// Reads a field that must not be empty; `missing` is recorded if it is.
    pub(crate) fn text(&mut self, field: &str, missing: &str) -> Option<String> {
        let text = self.value(field).trim().to_owned();
        if text.is_empty() {
            self.refuse(field, missing);
            return None;
        }
        Some(text)
    }

    /// What stands in a field, as typed; empty if there is no such field.
    pub(crate) fn value(&self, field: &str) -> &str {
        self.values
            .iter()
            .find(|(name, _)| name == field)
            .map_or("", |(_, value)| value)
    }

    /// Every value of a field that may be ticked several times.
    pub(crate) fn values(&self, field: &str) -> impl Iterator<Item = &str> {
        self.values
            .iter()
            .filter(move |(name, _)| name == field)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the field was sent at all: a ticked box, a pressed button.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.values.iter().any(|(name, _)| name == field)
    }

    /// Whether `value` is (one of) what was chosen.
    pub(crate) fn is(&self, field: &str, value: &str) -> bool {
        self.values(field).any(|chosen| chosen == value)
    }

    /// Whether a value that could be inherited is set here instead.
    pub(crate) fn is_own(&self, field: &str) -> bool {
        self.is(&format!("{field}_src"), "own")
    }

    /// Whether a size or a rate is typed in `unit`; GiB or MiB/s until somebody chooses.
    pub(crate) fn has_unit(&self, field: &str, unit: &str) -> bool {
        match self.value(&format!("{field}_unit")) {
            "" => matches!(unit, "GiB" | "MiB/s"),
            chosen => chosen == unit,
        }
    }

    /// What is wrong with a field; empty if nothing is.
    pub(crate) fn error_text(&self, field: &str) -> &str {
        self.error(field).map_or("", |error| error.text.as_str())
    }

    /// Whether something is wrong with a field.
    pub(crate) fn is_wrong(&self, field: &str) -> bool {
        self.error(field).is_some()
    }

    /// Whether something is wrong with a repeated field in the row `index`, whose id is both.
    pub(crate) fn is_wrong_at(&self, field: &str, index: usize) -> bool {
        self.is_wrong(&format!("{field}-{index}"))
    }

    /// Everything that is wrong and has a field.
    pub(crate) fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Everything that is wrong with the form as a whole.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_fine(&self) -> bool {
        self.errors.is_empty() && self.notes.is_empty()
    }

    /// The heading of the summary: `2 things need fixing`.
    pub(crate) fn summary(&self) -> String {
        match self.errors.len() + self.notes.len() {
            1 => "1 thing needs fixing".to_owned(),
            count => format!("{count} things need fixing"),
        }
    }

    fn error(&self, field: &str) -> Option<&FieldError> {
        self.errors.iter().find(|error| error.field == field)
    }
}

impl<'de> Deserialize<'de> for Form {
    /// Reads the pairs of an `application/x-www-form-urlencoded` body, repeated names included.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = Vec::<(String, String)>::deserialize(deserializer)?;
        if values.len() > Self::FIELDS_MAX {
            return Err(D::Error::custom("too many fields"));
        }
        Ok(Self {
            values,
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Username;

    #[test]
    fn a_field_is_read_or_its_error_is_kept() {
        let mut form = Form::new()
            .with("username", "kestrel print")
            .with("port", "21");

        let name = form.read::<Username>("username");
        let port = form.read::<u16>("port");

        assert_eq!(name, None);
        assert_eq!(port, Some(21));
        assert!(
            form.error_text("username")
                .starts_with("User name “kestrel print” has a space")
        );
        assert_eq!(form.summary(), "1 thing needs fixing");
        assert_eq!(form.value("username"), "kestrel print");
    }

    #[test]
    fn only_the_first_error_of_a_field_is_shown() {
        let mut form = Form::new();

        form.refuse("name", "Enter a name");
        form.refuse("name", "Name is too short");

        assert_eq!(form.errors().len(), 1);
        assert_eq!(form.error_text("name"), "Enter a name");
    }

    #[test]
    fn a_secret_is_forgotten_before_the_form_is_shown_again() {
        let mut form = Form::new().with("password", "hunter2");

        form.forget("password");

        assert_eq!(form.value("password"), "");
    }

    #[test]
    fn ticked_boxes_are_all_kept() {
        let form: Form = serde_json::from_str(r#"[["id","a"],["id","b"]]"#).unwrap();

        assert_eq!(form.values("id").collect::<Vec<_>>(), ["a", "b"]);
        assert!(form.is("id", "b"));
        assert!(!form.is("id", "c"));
    }
}
