//! One function per verb, one file per family, in the RFC's own grouping.

pub(super) mod about;
mod checksum;
mod directory;
mod endpoint;
mod file;
pub(super) mod host;
mod listing;
mod login;
mod parameters;
mod retrieve;
mod security;
mod site;
mod transfer;

use super::context::Context;
use super::error::CommandError;
use super::outcome::Outcome;
use crate::proto::{Algorithm, ChecksumArgument, Command};

/// Obeys an admitted command.
///
/// # Cancel safety
///
/// Dropping this future leaves files and books as they were, or as the finished command leaves them.
pub(super) async fn run(command: Command, context: &mut Context) -> Result<Outcome, CommandError> {
    match command {
        Command::User(name) => login::user(context, name).await,
        Command::Pass(password) => login::pass(context, password).await,
        Command::Acct(_) => Ok(login::acct()),
        Command::Rein => Ok(login::rein(context)),
        Command::Quit => Ok(login::quit()),
        Command::Host(wanted) => host::host(context, wanted),
        Command::Auth(mechanism) => Ok(security::auth(mechanism)),
        Command::Pbsz(_) => Ok(security::pbsz(context)),
        Command::Prot(level) => Ok(security::prot(context, level)),
        Command::Ccc => Ok(security::ccc()),
        Command::Type(wanted) => Ok(parameters::representation(context, wanted)),
        Command::Stru => Ok(parameters::stru()),
        Command::Mode => Ok(parameters::mode()),
        Command::Opts(option) => Ok(parameters::opts(context, option)),
        Command::Lang(language) => Ok(parameters::lang(language)),
        Command::Clnt(name) => Ok(parameters::clnt(context, &name)),
        Command::Pasv => endpoint::pasv(context.member()?).await,
        Command::Epsv(wanted) => endpoint::epsv(context.member()?, wanted).await,
        Command::Port(typed) => endpoint::port(context.member()?, typed),
        Command::Eprt(typed) => endpoint::eprt(context.member()?, typed),
        Command::Pwd => Ok(directory::pwd(&context.member()?)),
        Command::Cwd(pathname) => directory::cwd(context.member()?, pathname).await,
        Command::Cdup => directory::cdup(context.member()?).await,
        Command::Mkd(pathname) => directory::mkd(context.member()?, pathname).await,
        Command::Rmd(pathname) => directory::rmd(context.member()?, pathname).await,
        Command::Dele(pathname) => file::dele(context.member()?, pathname).await,
        Command::Rnfr(pathname) => file::rnfr(context.member()?, pathname).await,
        Command::Rnto(pathname) => file::rnto(context.member()?, pathname).await,
        Command::Size(pathname) => file::size(context.member()?, pathname).await,
        Command::Mdtm(argument) => file::mdtm(context.member()?, argument).await,
        Command::Mfmt(argument) => file::mfmt(context.member()?, argument).await,
        Command::Mff(argument) => file::mff(context.member()?, argument).await,
        Command::Hash(pathname) => checksum::hash(context.member()?, pathname).await,
        Command::Xcrc(file) => sum(context, file, Algorithm::Crc32).await,
        Command::Xmd5(file) => sum(context, file, Algorithm::Md5).await,
        Command::Xsha1(file) => sum(context, file, Algorithm::Sha1).await,
        Command::Xsha256(file) => sum(context, file, Algorithm::Sha256).await,
        Command::Xsha512(file) => sum(context, file, Algorithm::Sha512).await,
        Command::Retr(pathname) => retrieve::retr(context.member()?, pathname).await,
        Command::Stor(pathname) => transfer::stor(context.member()?, pathname).await,
        Command::Stou(pathname) => transfer::stou(context.member()?, pathname).await,
        Command::Appe(pathname) => transfer::appe(context.member()?, pathname).await,
        Command::Rest(offset) => Ok(transfer::rest(&mut context.member()?, offset)),
        Command::Allo(bytes) => transfer::allo(context.member()?, bytes).await,
        Command::Abor => Ok(transfer::abor(&mut context.member()?)),
        Command::List(argument) => listing::list(context.member()?, argument).await,
        Command::Nlst(argument) => listing::nlst(context.member()?, argument).await,
        Command::Mlsd(pathname) => listing::mlsd(context.member()?, pathname).await,
        Command::Mlst(pathname) => listing::mlst(context.member()?, pathname).await,
        Command::Stat(Some(argument)) => listing::stat(context.member()?, argument).await,
        Command::Stat(None) => Ok(Outcome::Say(about::status(context))),
        Command::Syst => Ok(about::syst()),
        Command::Feat => Ok(about::feat(context)),
        Command::Help(verb) => Ok(about::help(verb.as_ref())),
        Command::Noop => Ok(about::noop()),
        Command::Avbl(pathname) => about::avbl(context.member()?, pathname).await,
        Command::Site(command) => site::site(context.member()?, command).await,
        Command::NotImplemented(_) => Ok(about::not_implemented()),
    }
}

async fn sum(
    context: &mut Context,
    file: ChecksumArgument,
    algorithm: Algorithm,
) -> Result<Outcome, CommandError> {
    checksum::checksum(context.member()?, file, algorithm).await
}
