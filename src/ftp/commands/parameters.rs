//! `TYPE`, `STRU`, `MODE`, `OPTS`, `LANG`, `CLNT` (RFC 959 §4.1.2, RFC 2389, RFC 2640).

use crate::ftp::context::Context;
use crate::ftp::outcome::Outcome;
use crate::proto::{Code, Language, OptsArgument, Reply, Text, TransferType};

/// `TYPE`.
pub(super) fn representation(context: &mut Context, wanted: TransferType) -> Outcome {
    Outcome::Say(context.session.set_type(wanted))
}

/// `STRU F`, the only structure.
pub(super) fn stru() -> Outcome {
    say("Structure set to F.")
}

/// `MODE S`, the only mode.
pub(super) fn mode() -> Outcome {
    say("Mode set to S.")
}

/// `OPTS`.
pub(super) fn opts(context: &mut Context, option: OptsArgument) -> Outcome {
    Outcome::Say(context.session.set_option(option))
}

/// `LANG`: English is the only language.
pub(super) fn lang(language: Language) -> Outcome {
    match language {
        Language::Default => say("Using default language en."),
        Language::English => say("Using language en."),
    }
}

/// `CLNT`: what the client calls itself, for the list of sessions.
pub(super) fn clnt(context: &mut Context, name: &Text) -> Outcome {
    context.live.client(name.as_str());
    say("Noted.")
}

fn say(text: &str) -> Outcome {
    Outcome::Say(Reply::new(Code::CommandOkay, text))
}
