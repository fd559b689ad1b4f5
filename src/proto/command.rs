//! The verb table: one row per command. The grammar, who may use it and when, `FEAT` and `HELP` all
//! come from the row. To add a command, add a row; the compiler names what is missing.

use crate::model::{Permission, Secret};
use crate::proto::argument::{Anything, Argument, LoginName, Nothing, Pathname, SyntaxError, Text};
use crate::proto::checksum::ChecksumArgument;
use crate::proto::endpoint::{EpsvArgument, ExtendedHostPort, HostPort};
use crate::proto::host::HostArgument;
use crate::proto::line::Line;
use crate::proto::list_argument::ListArgument;
use crate::proto::parameter::{
    Allocation, FileStructure, Language, OptsArgument, StreamMode, TransferType,
};
use crate::proto::security::{BufferSize, Mechanism, ProtectionLevel};
use crate::proto::set_facts::MffArgument;
use crate::proto::set_time::{MdtmArgument, MfmtArgument};
use crate::proto::site::SiteCommand;

/// Makes [`Command`] and [`SPECS`] out of rows. `Name(Type)` keeps its argument, `Name[Type]` only
/// checks it.
macro_rules! commands {
    ($($name:ident $(($kept:ty))? $([$checked:ty])? : $($verb:literal)|+ => $row:expr),+ $(,)?) => {
        /// A command with its argument, ready to be obeyed.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub enum Command {
            $(
                #[doc = concat!($("`", $verb, "` "),+)]
                $name $(($kept))?,
            )+
            /// A verb that is known and not built; 502.
            NotImplemented(&'static str),
        }

        /// The verb table, in the order of the RFCs.
        pub static SPECS: &[Spec] = &[$(
            $row.of(&[$($verb),+], <$($kept)? $($checked)? as Argument>::SYNTAX)
        ),+];

        impl Command {
            /// The row of this command.
            pub fn spec(&self) -> &'static Spec {
                match self {
                    $(Self::$name { .. } => const {
                        &$row.of(&[$($verb),+], <$($kept)? $($checked)? as Argument>::SYNTAX)
                    },)+
                    Self::NotImplemented(_) => NOT_BUILT_SPEC,
                }
            }

            /// Reads the argument of `verb`; `None` if no row has this verb.
            fn parse_row(verb: &str, argument: Option<&str>) -> Option<Result<Self, SyntaxError>> {
                match verb {
                    $($($verb)|+ => Some(
                        $(<$kept as Argument>::parse(argument).map(Self::$name))?
                        $(<$checked as Argument>::parse(argument).map(|_| Self::$name))?
                    ),)+
                    _ => None,
                }
            }
        }
    };
}

commands! {
    // Access control (RFC 959 §4.1.1)
    User(LoginName): "USER" => anyone("RFC 959 §4.1.1"),
    Pass(Secret): "PASS" => anyone("RFC 959 §4.1.1"),
    Acct(Text): "ACCT" => anyone("RFC 959 §4.1.1"),
    Cwd(Option<Pathname>): "CWD" | "XCWD" => member("RFC 959 §4.1.1").feature("TVFS"),
    Cdup[Nothing]: "CDUP" | "XCUP" => member("RFC 959 §4.1.1"),
    Rein[Nothing]: "REIN" => anyone("RFC 959 §4.1.1"),
    Quit[Nothing]: "QUIT" => anyone("RFC 959 §4.1.1").during_transfer(),
    Host(HostArgument): "HOST" => anyone("RFC 7151 §3").feature("HOST"),
    // Security (RFC 2228, RFC 4217)
    Auth(Mechanism): "AUTH" => anyone("RFC 4217 §4").feature("AUTH TLS").with_certificate(),
    Pbsz(BufferSize): "PBSZ" => anyone("RFC 4217 §8").feature("PBSZ").with_certificate().keeps_restart(),
    Prot(ProtectionLevel): "PROT" => anyone("RFC 4217 §9").feature("PROT").with_certificate().keeps_restart(),
    Ccc[Nothing]: "CCC" => member("RFC 4217 §6"),
    // Transfer parameters (RFC 959 §4.1.2, RFC 2428)
    Type(TransferType): "TYPE" => member("RFC 959 §4.1.2").keeps_restart(),
    Stru[FileStructure]: "STRU" => member("RFC 959 §4.1.2"),
    Mode[StreamMode]: "MODE" => member("RFC 959 §4.1.2"),
    Pasv[Nothing]: "PASV" | "P@SW" => member("RFC 959 §4.1.2").keeps_restart(),
    Epsv(EpsvArgument): "EPSV" => member("RFC 2428 §3").feature("EPSV").keeps_restart(),
    Port(HostPort): "PORT" => member("RFC 959 §4.1.2").keeps_restart(),
    Eprt(ExtendedHostPort): "EPRT" => member("RFC 2428 §2").feature("EPRT").keeps_restart(),
    // Files (RFC 959 §4.1.3, RFC 3659)
    Retr(Pathname): "RETR" => permitted(Permission::Download, "RFC 959 §4.1.3").opens_data(),
    Stor(Pathname): "STOR" => permitted(Permission::Upload, "RFC 959 §4.1.3").opens_data(),
    Stou(Option<Pathname>): "STOU" => permitted(Permission::Upload, "RFC 959 §4.1.3").opens_data(),
    Appe(Pathname): "APPE" => permitted(Permission::Append, "RFC 959 §4.1.3").opens_data(),
    Allo(Allocation): "ALLO" => member("RFC 959 §4.1.3").keeps_restart(),
    Rest(u64): "REST" => member("RFC 3659 §5").feature("REST STREAM"),
    Rnfr(Pathname): "RNFR" => permitted(Permission::Rename, "RFC 959 §4.1.3"),
    Rnto(Pathname): "RNTO" => permitted(Permission::Rename, "RFC 959 §4.1.3"),
    Abor[Nothing]: "ABOR" => member("RFC 959 §4.1.3").during_transfer(),
    Dele(Pathname): "DELE" => permitted(Permission::Delete, "RFC 959 §4.1.3"),
    Rmd(Pathname): "RMD" | "XRMD" => permitted(Permission::Rmdir, "RFC 959 §4.1.3"),
    Mkd(Pathname): "MKD" | "XMKD" => permitted(Permission::Mkdir, "RFC 959 §4.1.3"),
    Pwd[Nothing]: "PWD" | "XPWD" => member("RFC 959 §4.1.3"),
    List(ListArgument): "LIST" => permitted(Permission::List, "RFC 959 §4.1.3").opens_data(),
    Nlst(ListArgument): "NLST" => permitted(Permission::List, "RFC 959 §4.1.3").opens_data(),
    Mlst(Option<Pathname>): "MLST" => permitted(Permission::List, "RFC 3659 §7").feature("MLST"),
    Mlsd(Option<Pathname>): "MLSD" => permitted(Permission::List, "RFC 3659 §7").feature("MLSD").opens_data(),
    Size(Pathname): "SIZE" => permitted(Permission::List, "RFC 3659 §4").feature("SIZE"),
    Mdtm(MdtmArgument): "MDTM" => permitted(Permission::List, "RFC 3659 §3").feature("MDTM"),
    Mfmt(MfmtArgument): "MFMT" => permitted(Permission::Mtime, "draft-somers-ftp-mfxx §3").feature("MFMT"),
    Mff(MffArgument): "MFF" => permitted(Permission::Mtime, "draft-somers-ftp-mfxx §5").feature("MFF modify;UNIX.mode;"),
    Hash(Pathname): "HASH" => permitted(Permission::Hash, "draft-bryan-ftpext-hash §3").feature("HASH"),
    Xcrc(ChecksumArgument): "XCRC" => permitted(Permission::Hash, "no RFC").feature("XCRC filename;start;end"),
    Xmd5(ChecksumArgument): "XMD5" => permitted(Permission::Hash, "no RFC").feature("XMD5 filename;start;end"),
    Xsha1(ChecksumArgument): "XSHA1" | "XSHA" => permitted(Permission::Hash, "no RFC").feature("XSHA1 filename;start;end"),
    Xsha256(ChecksumArgument): "XSHA256" => permitted(Permission::Hash, "no RFC").feature("XSHA256 filename;start;end"),
    Xsha512(ChecksumArgument): "XSHA512" => permitted(Permission::Hash, "no RFC").feature("XSHA512 filename;start;end"),
    Avbl(Option<Pathname>): "AVBL" => member("draft-peterson-streamlined-ftp-command-extensions §4").feature("AVBL"),
    Site(SiteCommand): "SITE" => member("RFC 959 §4.1.3"),
    // What the server is and does
    Syst[Nothing]: "SYST" => anyone("RFC 959 §4.1.3"),
    Stat(Option<ListArgument>): "STAT" => anyone("RFC 959 §4.1.3").during_transfer(),
    Help(Option<Text>): "HELP" => anyone("RFC 959 §4.1.3"),
    Noop[Anything]: "NOOP" | "NOP" => anyone("RFC 959 §4.1.3").keeps_restart(),
    Feat[Nothing]: "FEAT" => anyone("RFC 2389 §3"),
    Opts(OptsArgument): "OPTS" => anyone("RFC 2389 §4").feature("UTF8"),
    Lang(Language): "LANG" => anyone("RFC 2640 §4").feature("LANG EN*"),
    Clnt(Text): "CLNT" => anyone("no RFC").feature("CLNT"),
}

/// What the table says about a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Spec {
    /// The verb, and the other verbs that mean the same.
    pub verbs: &'static [&'static str],
    /// What follows the verb, with the space in front; empty for nothing.
    pub syntax: &'static str,
    /// Who may use it.
    pub who: Who,
    /// Whether it is obeyed at once while a transfer runs.
    pub during_transfer: bool,
    /// Whether it moves data, and so consumes the data connection, `REST` and `ALLO`.
    pub opens_data: bool,
    /// Whether it may stand between `REST` and the transfer.
    pub keeps_restart: bool,
    /// The line in `FEAT`.
    pub feature: Option<&'static str>,
    /// Whether the line in `FEAT` is shown only if there is a certificate.
    pub needs_certificate: bool,
    /// Where it is defined.
    pub rfc: &'static str,
}

/// Who may use a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Who {
    /// Everybody, logged in or not.
    Anyone,
    /// Everybody who is logged in.
    Member,
    /// Everybody who is logged in and has this permission; the storage checks it.
    Permitted(Permission),
}

impl Spec {
    /// The verb by which the command is known.
    pub fn verb(&self) -> &'static str {
        self.verbs.first().copied().unwrap_or_default()
    }

    const fn during_transfer(mut self) -> Self {
        self.during_transfer = true;
        self
    }

    const fn feature(mut self, feature: &'static str) -> Self {
        self.feature = Some(feature);
        self
    }

    const fn keeps_restart(mut self) -> Self {
        self.keeps_restart = true;
        self
    }

    const fn opens_data(mut self) -> Self {
        self.opens_data = true;
        self
    }

    const fn with_certificate(mut self) -> Self {
        self.needs_certificate = true;
        self
    }

    /// Adds what stands on the left of the row.
    const fn of(mut self, verbs: &'static [&'static str], syntax: &'static str) -> Self {
        self.verbs = verbs;
        self.syntax = syntax;
        self
    }
}

/// A line that is no command, and the row it would have belonged to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct Refused {
    /// What is wrong.
    pub error: SyntaxError,
    /// The row of the verb; `None` for an unknown verb.
    pub spec: Option<&'static Spec>,
}

impl Command {
    /// Reads a line: the verb in any case, one space, the argument.
    ///
    /// # Errors
    ///
    /// [`Refused`]; `Session::refuse` makes the reply.
    pub fn parse(line: &Line) -> Result<Self, Refused> {
        let text = line.as_str();
        let (verb, argument) = text.split_once(' ').unwrap_or((text, ""));
        let argument = Some(argument).filter(|argument| !argument.is_empty());
        let verb = verb.to_ascii_uppercase();
        let refused = |error| Refused {
            error,
            spec: spec_of(&verb),
        };
        match Self::parse_row(&verb, argument) {
            Some(outcome) => outcome.map_err(refused),
            None => not_built(&verb)
                .map(Self::NotImplemented)
                .ok_or_else(|| refused(SyntaxError::UnknownVerb)),
        }
    }

    /// The verb by which the command is known.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::NotImplemented(verb) => verb,
            _ => self.spec().verb(),
        }
    }
}

/// Finds `verb` among those that are known and not built.
fn not_built(verb: &str) -> Option<&'static str> {
    NOT_BUILT.into_iter().find(|known| *known == verb)
}

/// The row that a verb would have that is not built.
const NOT_BUILT_SPEC: &Spec = &member("");

/// The row of `verb`, in any case.
pub(crate) fn spec_of(verb: &str) -> Option<&'static Spec> {
    SPECS.iter().find(|spec| {
        spec.verbs
            .iter()
            .any(|known| known.eq_ignore_ascii_case(verb))
    })
}

const fn row(who: Who, rfc: &'static str) -> Spec {
    Spec {
        verbs: &[],
        syntax: "",
        who,
        during_transfer: false,
        opens_data: false,
        keeps_restart: false,
        feature: None,
        needs_certificate: false,
        rfc,
    }
}

const fn anyone(rfc: &'static str) -> Spec {
    row(Who::Anyone, rfc)
}

const fn member(rfc: &'static str) -> Spec {
    row(Who::Member, rfc)
}

const fn permitted(permission: Permission, rfc: &'static str) -> Spec {
    row(Who::Permitted(permission), rfc)
}

/// Verbs that exist somewhere and are not built here: 502 rather than 500.
const NOT_BUILT: [&str; 19] = [
    "ADAT", "COMB", "CONF", "CPSV", "DSIZ", "ENC", "LPRT", "LPSV", "MD5", "MFCT", "MIC", "RANG",
    "RMDA", "SMNT", "SPSV", "SSCN", "THMB", "XQUOTA", "XRCP",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::line::LineBuffer;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Command, Refused> {
        let mut buffer = LineBuffer::new();
        buffer.extend(format!("{text}\r\n").as_bytes());
        Command::parse(&buffer.next_line().unwrap().unwrap())
    }

    fn refusal(text: &str) -> u16 {
        parse(text).unwrap_err().error.reply().code().number()
    }

    #[test]
    fn every_verb_stands_in_one_row() {
        let mut verbs: Vec<&str> = SPECS.iter().flat_map(|spec| spec.verbs).copied().collect();
        verbs.extend(NOT_BUILT);
        let count = verbs.len();
        verbs.sort_unstable();
        verbs.dedup();

        assert_eq!(verbs.len(), count);
        for verb in verbs {
            assert_eq!(verb, verb.to_ascii_uppercase());
        }
    }

    #[test]
    fn every_row_is_found_by_each_of_its_verbs_in_any_case() {
        for spec in SPECS {
            for verb in spec.verbs {
                let lower = verb.to_ascii_lowercase();
                let found = match parse(&lower) {
                    Ok(command) => Some(command.spec()),
                    Err(refused) => refused.spec,
                };
                assert_eq!(found, Some(spec), "{lower}");
            }
        }
    }

    #[test]
    fn one_space_separates_and_the_rest_is_the_argument() {
        for (text, pathname) in [("STOR a b ", "a b "), ("STOR  a", " a"), ("stor -l", "-l")] {
            let Ok(Command::Stor(found)) = parse(text) else {
                panic!("{text}");
            };
            assert_eq!(found.as_str(), pathname);
        }
    }

    #[test]
    fn a_space_without_an_argument_is_no_argument() {
        assert_eq!(parse("CWD "), Ok(Command::Cwd(None)));
        assert_eq!(parse("CWD"), Ok(Command::Cwd(None)));
        assert_eq!(parse("LIST "), parse("LIST"));
        assert_eq!(parse("STAT "), Ok(Command::Stat(None)));
        assert_eq!(parse("PASV "), Ok(Command::Pasv));
        assert_eq!(refusal("USER "), 501);
        assert_eq!(refusal("STOR "), 501);
    }

    #[test]
    fn aliases_mean_the_same() {
        for (alias, verb) in [
            ("P@SW", "PASV"),
            ("XPWD", "PWD"),
            ("XCWD x", "CWD x"),
            ("XCUP", "CDUP"),
            ("XMKD x", "MKD x"),
            ("XRMD x", "RMD x"),
            ("NOP", "NOOP"),
        ] {
            assert_eq!(parse(alias), parse(verb), "{alias}");
        }
    }

    #[test]
    fn arguments_are_refused_where_there_are_none_except_by_noop() {
        assert_eq!(parse("NOOP arg"), Ok(Command::Noop));
        for text in ["FEAT x", "PWD x", "PASV x", "QUIT x", "SYST x", "ABOR x"] {
            assert_eq!(refusal(text), 501, "{text}");
        }
    }

    #[test]
    fn unknown_verbs_differ_from_those_that_are_not_built() {
        for text in [
            "FOO", "  ", " NOOP", "CSID x", "PRET x", "NOOPX", "ABORX", "XABOR", "ÜSER x",
        ] {
            assert_eq!(refusal(text), 500, "{text}");
            assert_eq!(parse(text).unwrap_err().spec, None);
        }
        assert_eq!(parse("smnt x"), Ok(Command::NotImplemented("SMNT")));
        assert_eq!(parse("HASH x").unwrap().verb(), "HASH");
    }

    #[test]
    fn what_feat_promises_is_built() {
        for spec in SPECS.iter().filter(|spec| spec.feature.is_some()) {
            assert!(
                spec.verbs.iter().all(|verb| not_built(verb).is_none()),
                "{spec:?}"
            );
        }
    }

    #[test]
    fn a_password_is_not_shown_by_debug() {
        assert!(!format!("{:?}", parse("PASS hunter2")).contains("hunter2"));
    }

    #[test]
    fn every_row_says_where_it_is_defined() {
        for spec in SPECS {
            assert!(!spec.rfc.is_empty() && !spec.verb().is_empty());
            assert!(
                spec.syntax.is_empty() || spec.syntax.starts_with(' '),
                "{spec:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(index in 0..SPECS.len(), argument in ".{0,60}") {
            let mut buffer = LineBuffer::new();
            buffer.extend(format!("{} {argument}\n", SPECS[index].verb()).as_bytes());
            while let Some(line) = buffer.next_line() {
                drop(line.ok().map(|line| Command::parse(&line)));
            }
        }
    }
}
