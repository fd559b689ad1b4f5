//! The settings as fields of a form. What a setting is called, how it is typed and what it means
//! comes from its row in the table of settings.

use crate::settings::{ROWS, SettingKind, SettingRow, Settings, SettingsPage};
use crate::web::form::Form;

/// Settings under one heading.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SettingGroup {
    /// Short name, for anchors.
    pub(crate) id: &'static str,
    /// The heading.
    pub(crate) title: &'static str,
    /// The settings.
    pub(crate) fields: Vec<SettingField>,
}

/// One setting.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SettingField {
    /// Its key; name and id of the input.
    pub(crate) key: &'static str,
    /// The name of the hidden field that says what the person was shown.
    pub(crate) seen_name: String,
    /// Its name.
    pub(crate) label: &'static str,
    /// What it means.
    pub(crate) about: String,
    /// What follows the input: `seconds`; may be empty.
    pub(crate) unit: &'static str,
    /// Values and words to choose from; empty for a text.
    pub(crate) options: Vec<(&'static str, &'static str)>,
    /// Whether a number is typed.
    pub(crate) is_number: bool,
    /// The value in force, in words.
    pub(crate) value: String,
    /// The value that holds until somebody changes it, if another one is in force; else empty.
    pub(crate) default: String,
}

/// A setting that somebody else changed while the form was open.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Overtaken {
    /// Its name.
    pub(crate) label: &'static str,
    /// The value that stands there now, in words.
    pub(crate) now: String,
}

/// The settings of this page: everything that has no page of its own.
pub(crate) fn groups(settings: &Settings) -> Vec<SettingGroup> {
    SettingsPage::ALL
        .into_iter()
        .map(|page| SettingGroup {
            id: anchor(page),
            title: title(page),
            fields: rows()
                .filter(|row| row.page == page)
                .map(|row| field(row, settings))
                .collect(),
        })
        .filter(|group| !group.fields.is_empty())
        .collect()
}

/// Writes the settings in force into the form, and beside each what the person is shown.
pub(crate) fn fill(form: &mut Form, settings: &Settings) {
    for row in rows() {
        form.set(row.key, row.text(settings));
        form.set(&seen_name(row.key), row.text(settings));
    }
}

/// What the person changed: key and text. What was left alone is not sent to the service, so two
/// people who change different settings do not disturb each other.
pub(crate) fn changes(form: &Form) -> Vec<(String, String)> {
    rows()
        .filter(|row| form.has(row.key))
        .map(|row| (row.key, form.value(row.key).trim().to_owned()))
        .filter(|(key, typed)| typed != form.value(&seen_name(key)))
        .map(|(key, typed)| (key.to_owned(), typed))
        .collect()
}

/// Changed settings that somebody else changed meanwhile to something else. The form then shows what
/// stands there now, so that saving again replaces it knowingly.
pub(crate) fn overtaken(form: &mut Form, settings: &Settings) -> Vec<Overtaken> {
    let mut found = Vec::new();
    for (key, typed) in changes(form) {
        let Some(row) = SettingRow::find(&key) else {
            continue;
        };
        let now = row.text(settings);
        if now != form.value(&seen_name(row.key)) && now != typed {
            form.set(&seen_name(row.key), &now);
            found.push(Overtaken {
                label: row.label,
                now: words(row, &now),
            });
        }
    }
    found
}

/// The value of a setting in words: the words of a choice, else the text itself.
pub(crate) fn value_words(key: &str, text: &str) -> String {
    SettingRow::find(key).map_or_else(|| text.to_owned(), |row| words(row, text))
}

fn rows() -> impl Iterator<Item = &'static SettingRow> {
    ROWS.iter()
        .filter(|row| !ON_THE_NETWORK_PAGE.contains(&row.key))
}

fn field(row: &'static SettingRow, settings: &Settings) -> SettingField {
    let text = row.text(settings);
    let default = row.default_text();
    SettingField {
        key: row.key,
        seen_name: seen_name(row.key),
        label: row.label,
        about: row.doc().split_whitespace().collect::<Vec<_>>().join(" "),
        unit: unit(row.kind),
        options: options(row.kind),
        is_number: matches!(
            row.kind,
            SettingKind::Days | SettingKind::Number | SettingKind::Seconds
        ),
        default: if text == default || default.is_empty() {
            String::new()
        } else {
            words(row, &default)
        },
        value: words(row, &text),
    }
}

fn words(row: &SettingRow, text: &str) -> String {
    if text.is_empty() {
        return "none".to_owned();
    }
    let chosen = options(row.kind)
        .into_iter()
        .find(|(value, _)| *value == text);
    match (chosen, unit(row.kind)) {
        (Some((_, words)), _) => words.to_owned(),
        (None, "") => text.to_owned(),
        (None, unit) => format!("{text} {unit}"),
    }
}

fn seen_name(key: &str) -> String {
    format!("seen_{key}")
}

fn unit(kind: SettingKind) -> &'static str {
    match kind {
        SettingKind::Days => "days",
        SettingKind::Seconds => "seconds",
        SettingKind::Address
        | SettingKind::Choice(_)
        | SettingKind::Line
        | SettingKind::Number
        | SettingKind::PortRange
        | SettingKind::Rules
        | SettingKind::Switch => "",
    }
}

fn options(kind: SettingKind) -> Vec<(&'static str, &'static str)> {
    match kind {
        SettingKind::Choice(options) => options.to_vec(),
        SettingKind::Switch => vec![("true", "On"), ("false", "Off")],
        SettingKind::Address
        | SettingKind::Days
        | SettingKind::Line
        | SettingKind::Number
        | SettingKind::PortRange
        | SettingKind::Rules
        | SettingKind::Seconds => Vec::new(),
    }
}

fn anchor(page: SettingsPage) -> &'static str {
    match page {
        SettingsPage::General => "general",
        SettingsPage::PassivePorts => "data",
        SettingsPage::Encryption => "encryption",
        SettingsPage::Limits => "limits",
        SettingsPage::Storage => "storage",
    }
}

fn title(page: SettingsPage) -> &'static str {
    match page {
        SettingsPage::PassivePorts => "Data connections",
        other => other.label(),
    }
}

/// These are edited together, beside the map of the ports.
const ON_THE_NETWORK_PAGE: [&str; 5] = [
    "passive_ports",
    "public_address",
    "address_rules",
    "active_mode",
    "active_source_port_20",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> Form {
        let mut form = Form::new();
        fill(&mut form, &Settings::default());
        form
    }

    #[test]
    fn a_form_that_was_left_alone_changes_nothing() {
        assert_eq!(changes(&filled()), []);
    }

    #[test]
    fn only_what_was_changed_is_sent() {
        let mut form = filled();
        form.set("idle_timeout", "600");

        assert_eq!(
            changes(&form),
            [("idle_timeout".to_owned(), "600".to_owned())]
        );
    }

    #[test]
    fn a_setting_that_somebody_else_changed_is_told_once() {
        let mut form = filled();
        form.set("idle_timeout", "600");
        let mut meanwhile = Settings::default();
        SettingRow::find("idle_timeout")
            .unwrap()
            .set(&mut meanwhile, "900")
            .unwrap();

        let told = overtaken(&mut form, &meanwhile);

        assert_eq!(told.len(), 1);
        assert_eq!(told[0].now, "900 seconds");
        assert_eq!(overtaken(&mut form, &meanwhile), []);
        assert_eq!(changes(&form).len(), 1);
    }

    #[test]
    fn every_setting_is_on_this_page_or_on_the_network_page() {
        let shown: usize = groups(&Settings::default())
            .iter()
            .map(|group| group.fields.len())
            .sum();

        assert_eq!(shown + ON_THE_NETWORK_PAGE.len(), ROWS.len());
    }

    #[test]
    fn values_are_told_in_words() {
        assert_eq!(value_words("tls_policy", "required"), "Required");
        assert_eq!(value_words("idle_timeout", "300"), "300 seconds");
        assert_eq!(value_words("host_name", ""), "none");
        assert_eq!(value_words("gone", "x"), "x");
    }
}
