//! What an operator types: one subcommand per file. Everything that can be done here is done by the
//! same services that the pages use.

mod access;
mod account;
mod address;
mod admin;
mod console;
mod demo;
mod doctor;
mod export;
mod healthcheck;
mod import;
mod job;
mod journal;
mod known;
mod quota;
mod reference;
mod rules;
mod serve;
mod settings;
mod traffic;
mod trash;
mod volume;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::App;
use crate::settings::{Boot, BootArgs};

/// Managed FTP hosting in one binary.
#[derive(Debug, Parser)]
#[command(name = "quaymaster", version, about, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    boot: BootArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server until it is told to stop.
    Serve(serve::Serve),
    /// Makes administrators and resets their passwords.
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// Makes, lists, imports, exports, suspends and deletes accounts.
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Shows and cancels jobs: work that the running server does in the background.
    #[command(subcommand)]
    Job(job::JobCommand),
    /// Searches who uploaded, deleted and renamed what, and exports it.
    #[command(subcommand)]
    Journal(journal::JournalCommand),
    /// Shows what accounts store, and compares it with the disk.
    #[command(subcommand)]
    Quota(quota::QuotaCommand),
    /// Shows and changes the settings.
    #[command(subcommand)]
    Settings(settings::SettingsCommand),
    /// Shows what accounts and customers moved in each month.
    #[command(subcommand)]
    Traffic(traffic::TrafficCommand),
    /// Shows what deleted accounts have left, restores them and removes their files.
    #[command(subcommand)]
    Trash(trash::TrashCommand),
    /// Lists, adds, changes and removes volumes: folders, typically of further disks, that hold homes.
    #[command(subcommand)]
    Volume(volume::VolumeCommand),
    /// Looks for what would keep customers out, and names the fix.
    Doctor(doctor::Doctor),
    /// Asks a running server whether it can serve customers; for containers.
    Healthcheck(healthcheck::Healthcheck),
    /// Writes the reference pages from the tables of commands and settings.
    Reference(reference::Reference),
}

/// Runs what was typed.
pub fn run() -> ExitCode {
    let typed = CommandLine::parse();
    match execute(typed) {
        Ok(code) => code,
        Err(error) => {
            console::complain(&format!("quaymaster: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn execute(typed: CommandLine) -> anyhow::Result<ExitCode> {
    if let Command::Reference(reference) = typed.command {
        return reference.run();
    }
    let boot: Boot = typed.boot.read()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(App::runtime_threads())
        .max_blocking_threads(App::BLOCKING_THREADS)
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        match typed.command {
            Command::Serve(serve) => serve.run(boot).await,
            Command::Admin(admin) => admin.run(&boot).await,
            Command::Account(account) => account.run(&boot).await,
            Command::Job(job) => job.run(&boot).await,
            Command::Journal(journal) => journal.run(&boot).await,
            Command::Quota(quota) => quota.run(&boot).await,
            Command::Settings(settings) => settings.run(&boot).await,
            Command::Traffic(traffic) => traffic.run(&boot).await,
            Command::Trash(trash) => trash.run(&boot).await,
            Command::Volume(volume) => volume.run(&boot).await,
            Command::Doctor(doctor) => doctor.run(&boot).await,
            Command::Healthcheck(check) => check.run(&boot).await,
            Command::Reference(reference) => reference.run(),
        }
    });
    // A blocked disk must not keep a stopped server from ending.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    done
}
