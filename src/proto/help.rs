//! What the server says about itself, generated from the verb table: `FEAT`, `HELP`, `SITE HELP`.

use crate::proto::checksum::Algorithm;
use crate::proto::command::{SPECS, Spec, spec_of};
use crate::proto::facts::Facts;
use crate::proto::reply::{Code, Reply};
use crate::proto::site::SiteCommand;

/// What a session has to offer, and what it has selected.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Offer {
    /// Whether `AUTH` is offered.
    pub tls: bool,
    /// The facts of `MLST` and `MLSD`.
    pub facts: Facts,
    /// What `HASH` computes.
    pub algorithm: Algorithm,
}

/// The answer to `FEAT` (RFC 2389 §3.2). What the session has selected is marked with `*`.
pub fn features(offer: Offer) -> Reply {
    let mut features: Vec<&str> = SPECS
        .iter()
        .filter(|spec| offer.tls || !spec.needs_certificate)
        .filter_map(|spec| spec.feature)
        .collect();
    // By name; `MLST` and `MLSD` are one feature and keep their order.
    features.sort_by_key(|feature| feature.get(..3));
    let lines = features.into_iter().map(|feature| match feature {
        "HASH" => format!("HASH {}", offer.algorithm.feature()),
        "MLST" => format!("MLST {}", offer.facts.feature()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;

    fn encoded(reply: &Reply) -> String {
        let mut out = BytesMut::new();
        reply.encode(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    /// CTL-38, PAR-20.
    #[test]
    fn feat_lists_what_is_built_in_the_order_of_names() {
        let offer = Offer {
            tls: true,
            ..Offer::default()
        };
        let expected = "\
211-Features:\r
 AUTH TLS\r
 AVBL\r
 CLNT\r
 EPRT\r
 EPSV\r
 HASH SHA-256*;SHA-512;SHA-1;MD5;CRC32\r
 HOST\r
 LANG EN*\r
 MDTM\r
 MFF modify;UNIX.mode;\r
 MFMT\r
 MLST type*;size*;modify*;perm*;unique*;UNIX.mode*;UNIX.owner;UNIX.group;\r
 MLSD\r
 PBSZ\r
 PROT\r
 REST STREAM\r
 SIZE\r
 TVFS\r
 UTF8\r
 XCRC filename;start;end\r
 XMD5 filename;start;end\r
 XSHA1 filename;start;end\r
 XSHA256 filename;start;end\r
 XSHA512 filename;start;end\r
211 End\r
";

        assert_eq!(encoded(&features(offer)), expected);
    }

    #[test]
    fn feat_without_a_certificate_is_silent_about_encryption() {
        let text = encoded(&features(Offer::default()));

        for feature in ["AUTH", "PBSZ", "PROT"] {
            assert!(!text.contains(feature), "{feature}");
        }
    }

    /// PAR-09.
    #[test]
    fn feat_marks_what_the_session_has_selected() {
        let text = encoded(&features(Offer {
            facts: Facts::parse("size;modify;"),
            algorithm: Algorithm::Md5,
            tls: true,
        }));

        assert!(text.contains(" MLST type;size*;modify*;perm;unique;"));
        assert!(text.contains(" HASH SHA-256;SHA-512;SHA-1;MD5*;CRC32\r\n"));
    }

    #[test]
    fn help_names_every_verb() {
        let text = encoded(&help(None));

        assert!(text.starts_with("214-The following commands are recognized:\r\n "));
        assert!(text.ends_with("\r\n214 Help OK.\r\n"));
        for spec in SPECS {
            assert!(
                spec.verbs.iter().all(|verb| text.contains(verb)),
                "{spec:?}"
            );
        }
    }

    #[test]
    fn help_tells_the_syntax_of_one_verb() {
        assert_eq!(
            encoded(&help(Some("stor"))),
            "214 Syntax: STOR <pathname>\r\n"
        );
        assert_eq!(encoded(&help(Some("XPWD"))), "214 Syntax: PWD\r\n");
        for verb in ["XYZZ", "XQUOTA", ""] {
            assert_eq!(encoded(&help(Some(verb))), "502 Unknown command.\r\n");
        }
    }

    #[test]
    fn help_site_is_site_help() {
        assert_eq!(help(Some("site")), site_help());
        assert!(encoded(&site_help()).contains("\r\n SITE CHMOD <mode> <pathname>\r\n"));
    }
}
