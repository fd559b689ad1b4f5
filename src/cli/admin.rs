//! `admin create|reset-password`.

use std::process::ExitCode;
use std::sync::Arc;

use super::console;
use crate::app::Office;
use crate::clock::SystemClock;
use crate::hosting::admins::NewAdmin;
use crate::model::{Actor, Role};
use crate::settings::Boot;

/// Makes administrators and resets their passwords.
#[derive(Debug, clap::Subcommand)]
pub(super) enum AdminCommand {
    /// Makes an administrator and prints the password.
    Create {
        /// E-mail address, to sign in with.
        email: String,
        /// Full name.
        #[arg(long)]
        name: String,
        /// owner, admin, operator or auditor.
        #[arg(long, default_value = "owner")]
        role: Role,
        /// Read the password from the first line of standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Sets a password and signs the administrator out everywhere.
    ResetPassword {
        /// E-mail address.
        email: String,
        /// Read the password from the first line of standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
}

impl AdminCommand {
    pub(super) async fn run(self, boot: &Boot) -> anyhow::Result<ExitCode> {
        let office = Office::open(boot, Arc::new(SystemClock)).await?;
        let actor = Actor::command_line();
        match self {
            Self::Create {
                email,
                name,
                role,
                password_stdin,
            } => {
                let (password, is_generated) = console::password(password_stdin)?;
                let new = NewAdmin {
                    name,
                    email,
                    password: password.clone(),
                    role,
                };
                let admin = office.admins.create(&actor, new).await?;
                console::say(&format!("{} can sign in as {}.", admin.email, role.label()));
                if is_generated {
                    console::say(&format!("Password (shown once): {}", password.expose()));
                }
            }
            Self::ResetPassword {
                email,
                password_stdin,
            } => {
                let (password, is_generated) = console::password(password_stdin)?;
                let admin = office
                    .admins
                    .reset_password(&actor, &email, password.clone())
                    .await?;
                console::say(&format!("{} has a new password.", admin.email));
                if is_generated {
                    console::say(&format!("Password (shown once): {}", password.expose()));
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
