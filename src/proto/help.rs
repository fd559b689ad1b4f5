//! What the server says about itself, generated from the verb table: `FEAT`, `HELP`, `SITE HELP`.

use crate::proto::command::{SPECS, Spec, spec_of};
use crate::proto::facts::Facts;
use crate::proto::reply::{Code, Reply};
use crate::proto::site::SiteCommand;

/// The answer to `FEAT` (RFC 2389 §3.2). `facts` is the session's selection, marked with `*`.
pub fn features(tls_available: bool, facts: Facts) -> Reply {
    let mut features: Vec<&str> = SPECS
        .iter()
        .filter(|spec| tls_available || !spec.needs_certificate)
        .filter_map(|spec| spec.feature)
        .collect();
    // By name; `MLST` and `MLSD` are one feature and keep their order.
    features.sort_by_key(|feature| feature.get(..3));
    let lines = features.into_iter().map(|feature| match feature {
        "MLST" => format!("MLST {}", facts.feature()),
        _ => feature.to_owned(),
    });
    Reply::multi(
        Code::SystemStatus,
        std::iter::once("Features:".to_owned())
            .chain(lines)
            .chain(std::iter::once("End".to_owned())),
    )
}

/// The answer to `HELP` and `HELP verb`.
pub fn help(verb: Option<&str>) -> Reply {
    match verb {
        None => Reply::multi(
            Code::HelpMessage,
            std::iter::once("The following commands are recognized:".to_owned())
                .chain(help_lines())
                .chain(std::iter::once("Help OK.".to_owned())),
        ),
        Some(verb) if verb.eq_ignore_ascii_case("SITE") => site_help(),
        Some(verb) => match spec_of(verb) {
            Some(spec) => Reply::new(Code::HelpMessage, format!("Syntax: {}", syntax(spec))),
            None => Reply::new(Code::NotImplemented, "Unknown command."),
        },
    }
}

/// The answer to `SITE HELP`.
pub fn site_help() -> Reply {
    Reply::multi(
        Code::HelpMessage,
        std::iter::once("The following SITE commands are recognized:")
            .chain(SiteCommand::SYNTAX)
            .chain(std::iter::once("Help OK.")),
    )
}

/// Every verb, eight to a line.
fn help_lines() -> Vec<String> {
    let verbs: Vec<&str> = SPECS
        .iter()
        .flat_map(|spec| spec.verbs.iter().copied())
        .collect();
    verbs.chunks(8).map(|verbs| verbs.join(" ")).collect()
}

/// How the command is written.
pub fn syntax(spec: &Spec) -> String {
    format!("{}{}", spec.verb(), spec.syntax)
}
