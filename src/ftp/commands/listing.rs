//! `LIST`, `NLST`, `MLSD`, `MLST`, and `STAT` with a path (RFC 959 §4.1.3, RFC 3659 §7).

use crate::ftp::context::Member;
use crate::ftp::error::CommandError;
use crate::ftp::job::{Job, Work};
use crate::ftp::outcome::{Outcome, Transfer};
use crate::ftp::sheet::{Form, Sheet, Style};
use crate::ftp::tree::Tree;
use crate::hosting::rates::Direction;
use crate::model::{Permission, VirtualPath};
use crate::proto::{Code, Glob, ListArgument, Pathname, Reply, SortBy, mlst_line};
use crate::vfs::{Entry, Kind, StorageError};

/// Lines of `STAT path` at most: they travel over the control connection.
const STAT_LINES: usize = 1_000;

/// `LIST`: long lines.
///
/// # Errors
///
/// 550 no such file or directory, or nothing that fits the pattern.
pub(super) async fn list(
    mut member: Member<'_>,
    argument: ListArgument,
) -> Result<Outcome, CommandError> {
    let path = resolve(&member, argument.pathname.as_ref())?;
    member.needs(Permission::List, &path);
    let sheet = sheet(&member, &argument, Form::Long).await?;
    transfer(member, sheet)
}

/// `NLST`: names, written so that each can be used as it is from the current directory.
///
/// # Errors
///
/// As [`list`].
pub(super) async fn nlst(
    mut member: Member<'_>,
    argument: ListArgument,
) -> Result<Outcome, CommandError> {
    let path = resolve(&member, argument.pathname.as_ref())?;
    member.needs(Permission::List, &path);
    let form = if argument.options.long {
        Form::Long
    } else {
        Form::Names {
            prefix: prefix(argument.pathname.as_ref()),
        }
    };
    let sheet = sheet(&member, &argument, form).await?;
    transfer(member, sheet)
}

/// `MLSD`: facts about everything in a directory.
///
/// # Errors
///
/// 501 not a directory, 550 no such directory.
pub(super) async fn mlsd(
    mut member: Member<'_>,
    pathname: Option<Pathname>,
) -> Result<Outcome, CommandError> {
    let path = resolve(&member, pathname.as_ref())?;
    member.needs(Permission::List, &path);
    let listing = member.home.list(&path).await.map_err(|error| match error {
        StorageError::NotDirectory => CommandError::refused(Code::BadArgument, "Not a directory."),
        other => other.into(),
    })?;
    let style = style(
        &member,
        Form::Facts(member.session.facts()),
        Dotfiles::Shown,
    );
    transfer(member, Sheet::directory(style, listing))
}

/// `MLST`: facts about one file or directory, over the control connection.
///
/// # Errors
///
/// 550 no such file or directory.
pub(super) async fn mlst(
    member: Member<'_>,
    pathname: Option<Pathname>,
) -> Result<Outcome, CommandError> {
    let path = resolve(&member, pathname.as_ref())?;
    let entry = member.home.stat(&path).await?;
    let facts = member.session.facts();
    let style = style(&member, Form::Facts(facts), Dotfiles::Shown);
    let line = mlst_line(&style.shown(&entry, &[]), &path, facts);
    let title = format!("Listing {path}");
    Ok(Outcome::Say(Reply::multi(
        Code::FileActionOkay,
        [title, line, "End".to_owned()],
    )))
}

/// `STAT path`: what `LIST` would send, over the control connection.
///
/// # Errors
///
/// As [`list`].
pub(super) async fn stat(
    member: Member<'_>,
    argument: ListArgument,
) -> Result<Outcome, CommandError> {
    let title = match &argument.pathname {
        Some(pathname) => pathname.as_str().to_owned(),
        None => member.session.cwd().to_string(),
    };
    let sheet = sheet(&member, &argument, Form::Long).await?;
    let (lines, is_cut) = sheet.first(STAT_LINES).await?;
    let first = format!("Status of {title}:");
    let cut = is_cut.then(|| " … truncated".to_owned());
    let last = "End of status.".to_owned();
    let lines = std::iter::once(first).chain(lines).chain(cut).chain([last]);
    Ok(Outcome::Say(Reply::listing(Code::FileStatus, lines)))
}

/// What an argument of `LIST`, `NLST` or `STAT` means: a directory, a file, or a pattern.
async fn sheet(
    member: &Member<'_>,
    argument: &ListArgument,
    form: Form,
) -> Result<Sheet, CommandError> {
    let path = resolve(member, argument.pathname.as_ref())?;
    match member.home.stat(&path).await {
        Ok(entry) if entry.kind == Kind::Directory && !argument.options.directory_itself => {
            directory(member, &path, argument, form).await
        }
        Ok(entry) => Ok(single(
            style(member, form, Dotfiles::Shown),
            &entry,
            argument.pathname.as_ref(),
        )),
        Err(missing) => pattern(member, argument, form, missing).await,
    }
}

async fn directory(
    member: &Member<'_>,
    path: &VirtualPath,
    argument: &ListArgument,
    form: Form,
) -> Result<Sheet, CommandError> {
    let listing = member.home.list(path).await?;
    let options = argument.options;
    let descends = options.recursive && form == Form::Long;
    let style = style(member, form, Dotfiles::asked_for(options.all));
    if descends && member.door.app.settings.current().list_recursive {
        let typed = argument.pathname.as_ref().map_or(".", Pathname::as_str);
        let tree = Tree::below(member.home.clone(), path.clone(), typed);
        return Ok(Sheet::tree(style, listing, tree));
    }
    if options.sort == SortBy::Name && !options.reversed {
        return Ok(Sheet::directory(style, listing));
    }
    Ok(Sheet::sorted(style, listing, options).await?)
}

/// One line. `NLST` repeats the argument, so that the line can be used as it is; `LIST` shows its
/// last component.
fn single(mut style: Style, entry: &Entry, pathname: Option<&Pathname>) -> Sheet {
    let name = match (&style.form, pathname) {
        (_, None) => ".",
        (Form::Names { .. }, Some(pathname)) => pathname.as_str(),
        (Form::Long | Form::Facts(_), Some(pathname)) => pathname.last_component(),
    };
    if let Form::Names { prefix } = &mut style.form {
        prefix.clear();
    }
    let line = style.single(entry, name);
    Sheet::of_lines(style, line)
}

/// A name that does not exist may be a pattern for the names of one directory.
async fn pattern(
    member: &Member<'_>,
    argument: &ListArgument,
    form: Form,
    missing: StorageError,
) -> Result<Sheet, CommandError> {
    let Some(pathname) = &argument.pathname else {
        return Err(missing.into());
    };
    let last = pathname.last_component();
    if !matches!(missing, StorageError::NotFound | StorageError::IllegalName)
        || !Glob::is_pattern(last)
    {
        return Err(missing.into());
    }
    let typed = pathname.as_str().strip_suffix(last).unwrap_or_default();
    let directory = member.session.cwd().resolve(typed)?;
    let form = match form {
        Form::Names { .. } => Form::Names {
            prefix: typed.to_owned(),
        },
        other => other,
    };
    let listing = member.home.list(&directory).await?;
    let dotfiles = Dotfiles::asked_for(argument.options.all || last.starts_with('.'));
    let style = style(member, form, dotfiles);
    let found = Sheet::matching(style, listing, &Glob::new(last)).await?;
    found.ok_or_else(|| CommandError::refused(Code::FileUnavailable, "No files found."))
}

/// So much of a listing comes at full speed, however little the account may download.
const UNPACED_BYTES: u64 = 1 << 20;

fn transfer(mut member: Member<'_>, sheet: Sheet) -> Result<Outcome, CommandError> {
    let endpoint = member.take_endpoint()?;
    let opening = Reply::new(
        Code::OpeningDataConnection,
        "Here comes the directory listing.",
    );
    let job = Job {
        terms: member.download_terms(),
        work: Work::Listing(sheet),
        buffers: member.door.buffers.clone(),
        pace: member.pace(Direction::Down).exempting(UNPACED_BYTES),
        toll: member.granted.traffic.begin_exempting(UNPACED_BYTES),
        closing: Reply::new(Code::TransferComplete, "Directory send OK."),
    };
    Ok(Outcome::Transfer(Box::new(Transfer {
        endpoint,
        opening,
        job,
    })))
}

fn resolve(member: &Member<'_>, pathname: Option<&Pathname>) -> Result<VirtualPath, CommandError> {
    match pathname {
        Some(pathname) => Ok(member.session.resolve(pathname)?),
        None => Ok(member.session.cwd().clone()),
    }
}

/// What stands before every name of `NLST directory`.
fn prefix(pathname: Option<&Pathname>) -> String {
    match pathname.map(Pathname::as_str) {
        None | Some("." | "./") => String::new(),
        Some(typed) => typed.to_owned(),
    }
}

/// Whether names with a leading dot are shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Dotfiles {
    Shown,
    AsSet,
}

impl Dotfiles {
    fn asked_for(all: bool) -> Self {
        if all { Self::Shown } else { Self::AsSet }
    }
}

fn style(member: &Member<'_>, form: Form, dotfiles: Dotfiles) -> Style {
    Style {
        shows_dotfiles: dotfiles == Dotfiles::Shown
            || member.door.app.settings.current().list_dotfiles,
        form,
        now: member.door.app.clock.now(),
        unique: member.door.unique.clone(),
    }
}
