//! The part of an account's form about signing in and about files: how long and from where the account
//! can be used, where a session begins, and how files are stored. A field that a page does not show
//! keeps its value.

use crate::hosting::accounts::AccountSettings;
use crate::model::{
    Checksum, Durability, Expiry, LoginRules, NamePatterns, NetworkRules, Override, Plan,
    SessionRules, Umask, VirtualPath,
};
use crate::settings::Settings;
use crate::web::form::Form;

/// A choice: value, words, what it means.
pub(crate) type Choice = (&'static str, &'static str, String);

/// What the fields show besides what is typed, for `templates/admin/accounts/_access.html`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AccessFields {
    /// Whether clients may ask the server to connect to them.
    pub(crate) active: Vec<Choice>,
    /// When an upload is confirmed.
    pub(crate) durability: Vec<Choice>,
    /// Whether uploads get a checksum.
    pub(crate) checksum: Vec<Choice>,
    /// What the plan says about names, in words.
    pub(crate) plan_names: String,
    /// What holds for names on the whole server, in words; empty if nothing does.
    pub(crate) server_names: String,
}

/// A rule in force, for those who read: name, value, and who decided it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RuleLine {
    /// What it is about.
    pub(crate) label: &'static str,
    /// What holds.
    pub(crate) value: String,
    /// Who decided it; empty if only the account can.
    pub(crate) source: &'static str,
}

impl AccessFields {
    /// The fields of an account on `plan`; on none while it is open which one applies.
    pub(crate) fn new(settings: &Settings, plan: Option<&Plan>) -> Self {
        let plan_names = match plan {
            Some(plan) => names_words(&plan.denied_names),
            None => "as the plan says".to_owned(),
        };
        let server_names = settings.denied_names.trim().to_owned();
        Self {
            active: vec![
                (INHERIT, FOLLOW, format!("Now: {}.", active_words(settings.active_mode))),
                (YES, "Allowed", "The server connects to the client when it asks for that (PORT, EPRT). Old devices need it.".to_owned()),
                (NO, "Refused", "Clients must use passive mode.".to_owned()),
            ],
            durability: vec![
                (
                    INHERIT,
                    FOLLOW,
                    format!("Now: {}.", durability_words(settings.durability)),
                ),
                (
                    Durability::Received.as_str(),
                    "When the server has every byte",
                    "Fast. A power cut may take the last seconds.".to_owned(),
                ),
                (
                    Durability::OnDisk.as_str(),
                    "When it is safe on disk",
                    "Slower. What was confirmed outlives a power cut.".to_owned(),
                ),
            ],
            checksum: checksum_choices(settings, plan),
            plan_names,
            server_names,
        }
    }
}

/// What an account can say about checksums.
fn checksum_choices(settings: &Settings, plan: Option<&Plan>) -> Vec<Choice> {
    let now = match plan {
        Some(plan) => {
            let checksum = plan.checksum.or(settings.checksum);
            format!("Now: {}.", checksum_words(checksum))
        }
        None => String::new(),
    };
    let follow = (INHERIT, "As the plan says", now);
    [vec![follow], own_checksums()].concat()
}

/// What a plan or an account can say about checksums for itself.
fn own_checksums() -> Vec<Choice> {
    vec![
        (
            Checksum::Off.as_str(),
            "None",
            "Fastest: plain uploads never pass through the program.".to_owned(),
        ),
        (
            Checksum::Sha256.as_str(),
            "SHA-256",
            "Computed while a file arrives, and kept in the journal. Costs time on the processor."
                .to_owned(),
        ),
    ]
}

/// What a plan can say about checksums.
pub(crate) fn plan_checksums(settings: &Settings) -> Vec<Choice> {
    let now = format!("Now: {}.", checksum_words(settings.checksum));
    [vec![(INHERIT, FOLLOW, now)], own_checksums()].concat()
}

/// Reads what a plan or an account says about checksums.
pub(crate) fn read_checksum(chosen: &str) -> Result<Override<Checksum>, String> {
    if chosen == INHERIT {
        return Ok(Override::Inherit);
    }
    let kind = Checksum::from_name(chosen).map(Override::Own);
    kind.ok_or_else(|| "Choose whether uploads get a checksum".to_owned())
}

/// What a form shows for what a plan or an account says about checksums.
pub(crate) fn chosen_checksum(checksum: Override<Checksum>) -> &'static str {
    checksum.own().map_or(INHERIT, Checksum::as_str)
}

/// Writes stored rules into the form; `plan` gives what a custom list of names begins with.
pub(crate) fn fill(form: &mut Form, settings: &AccountSettings, plan: Option<&Plan>) {
    let (login, session) = (&settings.login, &settings.session);
    let expires = login.expires_at.map(|end| Expiry(end).input());
    form.set("expires", expires.unwrap_or_default());
    form.set("allowed", &login.networks.allowed);
    form.set("denied", &login.networks.denied);
    form.set("start", &session.start);
    form.set("umask", session.umask);
    let active = session.active_mode.own();
    form.set(
        "active",
        active.map_or(INHERIT, |allowed| if allowed { YES } else { NO }),
    );
    let durability = session.durability.own();
    form.set("durability", durability.map_or(INHERIT, Durability::as_str));
    form.set("checksum", chosen_checksum(session.checksum));
    let source = if session.denied_names.is_own() {
        "own"
    } else {
        "plan"
    };
    form.set("names_src", source);
    let inherited = plan.map(|plan| plan.denied_names.clone());
    let names = session
        .denied_names
        .clone()
        .or(inherited.unwrap_or_default());
    form.set("names", names);
}

/// Reads the rules; what the page does not show stays as `known` says, and what is wrong stands in
/// the form afterwards.
pub(crate) fn read(form: &mut Form, known: &AccountSettings) -> Option<(LoginRules, SessionRules)> {
    let login = read_login(form, &known.login);
    let session = read_session(form, &known.session);
    Some((login?, session?))
}

fn read_login(form: &mut Form, known: &LoginRules) -> Option<LoginRules> {
    let expires_at = shown(form, "expires", &known.expires_at, |typed| {
        let end = (!typed.is_empty())
            .then(|| typed.parse::<Expiry>())
            .transpose();
        end.map(|end| end.map(|end| end.0))
            .map_err(|error| error.to_string())
    });
    let networks = &known.networks;
    let allowed = shown(form, "allowed", &networks.allowed, parsed);
    let denied = shown(form, "denied", &networks.denied, parsed);
    Some(LoginRules {
        expires_at: expires_at?,
        networks: NetworkRules {
            allowed: allowed?,
            denied: denied?,
        },
    })
}

fn read_session(form: &mut Form, known: &SessionRules) -> Option<SessionRules> {
    let start = shown(form, "start", &known.start, |typed| {
        let start = VirtualPath::root().resolve(typed);
        start.map_err(|_| "Start folder must be a path like /in/today".to_owned())
    });
    let umask = shown(form, "umask", &known.umask, parsed::<Umask>);
    let active_mode = shown(form, "active", &known.active_mode, |chosen| match chosen {
        INHERIT => Ok(Override::Inherit),
        YES => Ok(Override::Own(true)),
        NO => Ok(Override::Own(false)),
        _ => Err("Choose whether active mode is allowed".to_owned()),
    });
    let durability = shown(form, "durability", &known.durability, |chosen| {
        if chosen == INHERIT {
            return Ok(Override::Inherit);
        }
        let kind = Durability::from_name(chosen).map(Override::Own);
        kind.ok_or_else(|| "Choose when an upload is confirmed".to_owned())
    });
    let checksum = shown(form, "checksum", &known.checksum, read_checksum);
    let denied_names = match form.has("names_src") {
        false => Some(known.denied_names.clone()),
        // Whoever follows the plan may have left anything in the list.
        true if !form.is_own("names") => Some(Override::Inherit),
        true => form.read::<NamePatterns>("names").map(Override::Own),
    };
    Some(SessionRules {
        start: start?,
        umask: umask?,
        active_mode: active_mode?,
        durability: durability?,
        checksum: checksum?,
        denied_names: denied_names?,
    })
}

/// Reads a field that the page shows; one that it does not show stays as it is.
fn shown<T: Clone>(
    form: &mut Form,
    name: &str,
    known: &T,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    if !form.has(name) {
        return Some(known.clone());
    }
    let read = read(form.value(name).trim());
    form.check(name, read)
}

fn parsed<T: std::str::FromStr<Err: ToString>>(typed: &str) -> Result<T, String> {
    typed.parse().map_err(|error: T::Err| error.to_string())
}

/// Every rule in force, with who decided it.
pub(crate) fn lines(own: &AccountSettings, plan: &Plan, server: &Settings) -> Vec<RuleLine> {
    let (login, session) = (&own.login, &own.session);
    let networks = &login.networks;
    let list = |text: String, none: &str| {
        if text.is_empty() {
            return none.to_owned();
        }
        text.replace('\n', ", ")
    };
    let expires = login.expires_at.map(|end| Expiry(end).to_string());
    let line = |label, value, source| RuleLine {
        label,
        value,
        source,
    };
    let active = session.active_mode.or(server.active_mode);
    let durability = session.durability.or(server.durability);
    let checksum = session.checksum.or_else_of(plan.checksum);
    let above = if plan.checksum.is_own() {
        "Set by the plan"
    } else {
        "Set by the server"
    };
    let names = session.denied_names.clone().or(plan.denied_names.clone());
    vec![
        line("Expires", expires.unwrap_or_else(|| "Never".to_owned()), ""),
        line(
            "Allowed networks",
            list(networks.allowed.to_string(), "All"),
            "",
        ),
        line(
            "Denied networks",
            list(networks.denied.to_string(), "None"),
            "",
        ),
        line("Start folder", session.start.to_string(), ""),
        line("Umask", session.umask.to_string(), ""),
        line(
            "Active mode",
            capital(active_words(active)),
            decided(&session.active_mode, "Set by the server"),
        ),
        line(
            "Uploads are confirmed",
            capital(durability_words(durability)),
            decided(&session.durability, "Set by the server"),
        ),
        line(
            "Checksum of uploads",
            capital(checksum_words(checksum.or(server.checksum))),
            decided(&session.checksum, above),
        ),
        line(
            "Forbidden names",
            names_words(&names),
            decided(&session.denied_names, "Set by the plan"),
        ),
    ]
}

fn decided<T>(own: &Override<T>, above: &'static str) -> &'static str {
    if own.is_own() {
        "Set for this account"
    } else {
        above
    }
}

fn active_words(is_allowed: bool) -> &'static str {
    if is_allowed { "allowed" } else { "refused" }
}

fn durability_words(durability: Durability) -> &'static str {
    match durability {
        Durability::Received => "when the server has every byte",
        Durability::OnDisk => "when they are safe on disk",
    }
}

/// A kind of checksum in words.
pub(crate) fn checksum_words(checksum: Checksum) -> &'static str {
    match checksum {
        Checksum::Off => "none",
        Checksum::Sha256 => "SHA-256",
    }
}

/// Forbidden names in words.
pub(crate) fn names_words(names: &NamePatterns) -> String {
    if names.is_empty() {
        return "None".to_owned();
    }
    names.line()
}

/// The words with a capital letter in front.
pub(crate) fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

const INHERIT: &str = "inherit";
const YES: &str = "yes";
const NO: &str = "no";
const FOLLOW: &str = "As the server says";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::web::sample_records::plan;

    fn ruled() -> AccountSettings {
        AccountSettings {
            login: LoginRules {
                expires_at: Some(Timestamp::from_seconds(1_900_000_020)),
                networks: NetworkRules {
                    allowed: "192.0.2.0/24\n2001:db8::/32".parse().unwrap(),
                    denied: "192.0.2.7".parse().unwrap(),
                },
            },
            session: SessionRules {
                start: VirtualPath::root().resolve("/in").unwrap(),
                umask: "027".parse().unwrap(),
                active_mode: Override::Own(false),
                durability: Override::Own(Durability::OnDisk),
                checksum: Override::Own(Checksum::Sha256),
                denied_names: Override::Own("*.php .ht*".parse().unwrap()),
            },
            ..AccountSettings::default()
        }
    }

    #[test]
    fn rules_read_back_from_their_form() {
        for settings in [AccountSettings::default(), ruled()] {
            let mut form = Form::new();
            fill(&mut form, &settings, Some(&plan()));

            let read = read(&mut form, &AccountSettings::default());

            assert_eq!(read, Some((settings.login, settings.session)), "{form:?}");
        }
    }

    #[test]
    fn a_field_that_was_not_shown_keeps_its_value() {
        let known = ruled();

        let read = read(&mut Form::new(), &known);

        assert_eq!(read, Some((known.login, known.session)));
    }

    #[test]
    fn every_wrong_field_is_told_at_once_with_its_line() {
        let mut form = Form::new();
        fill(&mut form, &ruled(), None);
        for (name, typed) in [
            ("expires", "next year"),
            ("allowed", "10.0.0.0/8\r\n10.0.0/8"),
            ("denied", "everybody"),
            ("start", "/a\0b"),
            ("umask", "999"),
            ("active", "maybe"),
            ("durability", "hopefully"),
            ("checksum", "crc32"),
            ("names", "*.php\r\na/b"),
        ] {
            form.set(name, typed);
        }

        assert_eq!(read(&mut form, &AccountSettings::default()), None);
        assert_eq!(form.errors().len(), 9, "{:?}", form.errors());
        assert!(form.error_text("allowed").starts_with("Line 2: “10.0.0/8”"));
        assert!(form.error_text("names").starts_with("Line 2: “a/b”"));
    }

    #[test]
    fn a_rule_tells_who_decided_it() {
        let server = Settings::default();
        let told = |settings: &AccountSettings| -> Vec<(String, &'static str)> {
            let lines = lines(settings, &plan(), &server);
            lines
                .into_iter()
                .map(|line| (line.value, line.source))
                .collect()
        };

        let usual = told(&AccountSettings::default());
        let own = told(&ruled());

        assert_eq!(usual[5], ("Allowed".to_owned(), "Set by the server"));
        assert_eq!(usual[7], ("None".to_owned(), "Set by the server"));
        assert_eq!(usual[8], ("*.exe".to_owned(), "Set by the plan"));
        assert_eq!(own[0].0, "2030-03-17 17:47 UTC");
        assert_eq!(own[5], ("Refused".to_owned(), "Set for this account"));
        assert_eq!(own[7], ("SHA-256".to_owned(), "Set for this account"));
        assert_eq!(own[8], ("*.php .ht*".to_owned(), "Set for this account"));
    }

    #[test]
    fn a_plan_decides_about_checksums_before_the_server_does() {
        let server = Settings::default();
        let strict = Plan {
            checksum: Override::Own(Checksum::Sha256),
            ..plan()
        };

        let lines = lines(&AccountSettings::default(), &strict, &server);
        let choices = AccessFields::new(&server, Some(&strict)).checksum;

        assert_eq!(
            (lines[7].value.as_str(), lines[7].source),
            ("SHA-256", "Set by the plan")
        );
        assert_eq!(choices[0].2, "Now: SHA-256.");
    }
}
