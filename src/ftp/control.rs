//! One session: what can wake it, whose turn it is, and the only writer of replies. One task owns
//! it; commands are obeyed one after the other, in the order they came, while the connection is
//! watched all the time.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::commands;
use super::commands::host::contradicts;
use super::context::Context;
use super::error::CommandError;
use super::link::{Link, Wake};
use super::outcome::Outcome;
use super::standing::Standing;
use super::transferring::{Aftermath, carry, compute, look_at_clock, no_longer, shutting_down};
use crate::hosting::sessions::Order;
use crate::proto::{Code, Command, Line, LineError, Phase, Refused, Reply, Spec, SyntaxError};

/// A session between its greeting and its end.
struct Conversation {
    context: Context,
    link: Link,
    /// When the login must be complete; `None` once it is.
    login_by: Option<Instant>,
    last_line_at: Instant,
    last_overlong_at: Option<Instant>,
    unknown_verbs: u32,
}

/// What follows a line.
enum Turn {
    /// The next one.
    Next,
    /// The TLS handshake.
    Upgrade,
    /// The end, after everything that was said.
    Close,
    /// The end at once.
    Gone,
}

/// What the session waited for.
enum Heard {
    Line(Result<Line, LineError>),
    Farewell(Reply),
    End,
    Gone,
}

/// Unknown verbs before a login after which a peer is not taken for an FTP client any more.
const UNKNOWN_VERBS_LIMIT: u32 = 10;
/// Within this time a second line that is too long ends the session.
const OVERLONG_PATIENCE: Duration = Duration::from_mins(1);

/// Speaks with one client from the greeting to the end.
pub(super) async fn converse(context: Context, link: Link) {
    let now = Instant::now();
    let settings = context.settings();
    let mut conversation = Conversation {
        login_by: Some(now + settings.login_timeout),
        last_line_at: now,
        last_overlong_at: None,
        unknown_verbs: 0,
        context,
        link,
    };
    conversation.greet(&settings.banner);
    loop {
        match conversation.turn().await {
            Turn::Next => {}
            // What is rare is kept out of what every idle session holds.
            Turn::Upgrade => match Box::pin(conversation.encrypt()).await {
                Some(encrypted) => conversation = encrypted,
                None => return,
            },
            Turn::Close => return Box::pin(conversation.end()).await,
            Turn::Gone => return,
        }
    }
}

impl Conversation {
    fn greet(&mut self, banner: &str) {
        self.link
            .say(&Reply::multi(Code::ServiceReady, banner.split("\\n")));
    }

    async fn turn(&mut self) -> Turn {
        match self.hear().await {
            Heard::Line(Ok(line)) => self.obey(line).await,
            Heard::Line(Err(error)) => self.object(error),
            Heard::Farewell(reply) => self.say_goodbye(&reply),
            Heard::End => Turn::Close,
            Heard::Gone => Turn::Gone,
        }
    }

    /// Waits for the next line, or for whatever ends the session.
    async fn hear(&mut self) -> Heard {
        loop {
            if let Some(line) = self.link.next_line() {
                self.last_line_at = Instant::now();
                return Heard::Line(line);
            }
            if self.link.has_ended() && !self.link.has_unread_lines() {
                return Heard::End;
            }
            let (deadline, too_late) = self.deadline();
            match self.link.wake(Some(deadline)).await {
                Wake::Received | Wake::Sent | Wake::Ended => {}
                Wake::Lost => return Heard::Gone,
                Wake::Deadline => return Heard::Farewell(farewell(too_late)),
                Wake::Shutdown => return Heard::Farewell(shutting_down()),
                Wake::Alarm => {
                    if let Some(reply) = look_at_clock(&self.context, &mut self.link) {
                        return Heard::Farewell(reply);
                    }
                }
                Wake::Order(order) => {
                    if let Some(reply) = self.follow(order).await {
                        return Heard::Farewell(reply);
                    }
                }
            }
        }
    }

    /// When this session has waited long enough, and what it hears then.
    fn deadline(&self) -> (Instant, &'static str) {
        let idle = self.last_line_at + self.context.settings().idle_timeout;
        match self.login_by {
            Some(login) if login < idle => (login, "Login timeout."),
            _ => (idle, "Idle timeout, closing control connection."),
        }
    }

    /// Obeys an order; the reply ends the session.
    async fn follow(&mut self, order: Order) -> Option<Reply> {
        match order {
            Order::AbortTransfer => None,
            Order::Disconnect(text) => Some(Reply::new(Code::ServiceNotAvailable, text)),
            Order::Refresh => self.look_again().await,
        }
    }

    /// Looks the account up again; the reply ends the session.
    async fn look_again(&mut self) -> Option<Reply> {
        let standing = self.context.refresh().await;
        self.link.set_alarm(self.context.alarm());
        match standing {
            Standing::Gone(refusal) => Some(no_longer(refusal)),
            Standing::Stays => None,
        }
    }

    async fn obey(&mut self, line: Line) -> Turn {
        // Whoever never pauses between two commands never lets the alarm ring.
        if let Some(reply) = look_at_clock(&self.context, &mut self.link) {
            return self.say_goodbye(&reply);
        }
        let command = match Command::parse(&line) {
            Ok(command) => command,
            Err(refused) => return self.refuse(&refused),
        };
        self.context.follow_settings();
        self.show(&command, &line);
        let (verb, opens_data) = (command.verb(), command.spec().opens_data);
        if let Err(reply) = self.context.session.admit(&command) {
            self.answer(verb, &reply);
            self.consume_endpoint(opens_data);
            return Turn::Next;
        }
        let was_cut_off = std::mem::take(&mut self.context.cut_off);
        if was_cut_off && matches!(command, Command::Abor) {
            // It came a moment after the end that it announced (RFC 959 §4.1.3).
            let reply = Reply::new(Code::TransferComplete, "ABOR successful.");
            self.answer(verb, &reply);
            return Turn::Next;
        }
        let turn = self.run(command).await;
        self.consume_endpoint(opens_data);
        self.watch_login();
        turn
    }

    /// A transfer verb uses up what was arranged for it, whatever its outcome.
    fn consume_endpoint(&mut self, opens_data: bool) {
        if !opens_data {
            return;
        }
        // What is still there was not taken: the transfer was refused.
        if let Some(endpoint) = self.context.endpoint.take()
            && self.context.session.protects_data()
        {
            endpoint.refuse();
        }
    }

    async fn run(&mut self, command: Command) -> Turn {
        let verb = command.verb();
        match self.execute(command).await {
            Ok(Outcome::Say(reply)) => {
                self.answer(verb, &reply);
                Turn::Next
            }
            Ok(Outcome::Transfer(transfer)) => {
                let carrying = carry(&mut self.context, &mut self.link, *transfer);
                let carried = Box::pin(carrying).await;
                self.after(verb, carried)
            }
            Ok(Outcome::Hash(hashing)) => {
                let computing = compute(&mut self.context, &mut self.link, *hashing);
                let computed = Box::pin(computing).await;
                self.after(verb, computed)
            }
            // What stands behind AUTH was injected before the handshake, by whomever.
            Ok(Outcome::UpgradeTls(_)) if self.link.has_unread() => Turn::Gone,
            Ok(Outcome::UpgradeTls(reply)) => {
                self.answer(verb, &reply);
                self.send_everything().await
            }
            Err(Interrupted::Failed(error)) => {
                if matches!(error, CommandError::Worker) {
                    tracing::error!(session.id = %self.context.live.id(), "a command failed");
                }
                self.answer(verb, &error.reply());
                Turn::Next
            }
            Ok(Outcome::Close(reply)) | Err(Interrupted::Farewell(reply)) => {
                self.answer(verb, &reply);
                Turn::Close
            }
            Err(Interrupted::Gone) => Turn::Gone,
        }
    }

    fn after(&mut self, verb: &'static str, (code, aftermath): (Code, Aftermath)) -> Turn {
        self.count(verb, code);
        self.context.errand = None;
        self.last_line_at = Instant::now();
        match aftermath {
            Aftermath::Continue => Turn::Next,
            Aftermath::Close => Turn::Close,
            Aftermath::Gone => Turn::Gone,
        }
    }

    /// Runs the command, and watches the connection meanwhile.
    async fn execute(&mut self, command: Command) -> Result<Outcome, Interrupted> {
        let handler = commands::run(command, &mut self.context);
        let mut handler = Box::pin(AssertUnwindSafe(handler).catch_unwind());
        let mut refresh = false;
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = &mut handler => break outcome.unwrap_or(Err(CommandError::Worker)),
                wake = self.link.wake(self.login_by) => match wake {
                    Wake::Received => self.link.gather(),
                    // Replies may still be read, as a shell does that pipes a script through `nc`.
                    Wake::Sent | Wake::Ended | Wake::Order(Order::AbortTransfer) => {}
                    Wake::Lost => return Err(Interrupted::Gone),
                    Wake::Deadline => return Err(Interrupted::Farewell(farewell("Login timeout."))),
                    Wake::Shutdown => return Err(Interrupted::Farewell(shutting_down())),
                    Wake::Order(Order::Disconnect(text)) => {
                        let reply = Reply::new(Code::ServiceNotAvailable, text);
                        return Err(Interrupted::Farewell(reply));
                    }
                    // The account is the command's until it ends; both are looked at then.
                    Wake::Order(Order::Refresh) | Wake::Alarm => refresh = true,
                },
            }
        };
        drop(handler);
        if refresh && let Some(farewell) = self.look_again().await {
            return Err(Interrupted::Farewell(farewell));
        }
        outcome.map_err(Interrupted::Failed)
    }

    fn refuse(&mut self, refused: &Refused) -> Turn {
        let reply = self.context.session.refuse(refused);
        self.answer(refused.spec.map_or("other", Spec::verb), &reply);
        self.consume_endpoint(refused.spec.is_some_and(|spec| spec.opens_data));
        if refused.error == SyntaxError::UnknownVerb && self.context.account().is_none() {
            self.unknown_verbs += 1;
            if self.unknown_verbs >= UNKNOWN_VERBS_LIMIT {
                return self.say_goodbye(&farewell("Too many unknown commands."));
            }
        }
        Turn::Next
    }

    /// Answers what is no line.
    fn object(&mut self, error: LineError) -> Turn {
        if let Some(reply) = error.reply() {
            self.link.say(&reply);
        }
        if error.closes() {
            return Turn::Close;
        }
        if error != LineError::TooLong {
            return Turn::Next;
        }
        let now = Instant::now();
        let before = self.last_overlong_at.replace(now);
        let again = before.is_some_and(|before| now.duration_since(before) < OVERLONG_PATIENCE);
        if again || self.context.account().is_none() {
            return self.say_goodbye(&farewell("Too many overlong lines."));
        }
        Turn::Next
    }

    fn answer(&mut self, verb: &'static str, reply: &Reply) {
        self.count(verb, reply.code());
        self.link.say(reply);
    }

    fn count(&self, verb: &'static str, code: Code) {
        self.context.door.app.metrics.command(verb, code.number());
    }

    fn say_goodbye(&mut self, reply: &Reply) -> Turn {
        self.link.say(reply);
        Turn::Close
    }

    /// The last reply in the clear must be out before the handshake.
    async fn send_everything(&mut self) -> Turn {
        while !self.link.is_sent() {
            match self.link.wake(self.login_by).await {
                Wake::Sent | Wake::Order(_) | Wake::Alarm => {}
                Wake::Received | Wake::Ended | Wake::Lost | Wake::Deadline | Wake::Shutdown => {
                    return Turn::Gone;
                }
            }
        }
        Turn::Upgrade
    }

    /// The handshake, and everything afresh (RFC 4217 §4.2).
    async fn encrypt(mut self) -> Option<Self> {
        let config = self.context.tls.control();
        let within = self.context.settings().tls_handshake_timeout;
        self.context.dismiss();
        let (mut link, facts) = self.link.encrypt(config, within).await.ok()?;
        self.context.session.start_tls();
        if let Some(facts) = facts {
            self.context
                .live
                .encrypted(format!("{} {}", facts.version, facts.cipher));
            if contradicts(&self.context, facts.server_name.as_deref()) {
                link.say(&farewell("TLS was asked for another host than HOST."));
                link.close().await;
                return None;
            }
        }
        Some(Self { link, ..self })
    }

    /// Shows the command in the list of sessions, without secrets.
    fn show(&self, command: &Command, line: &Line) {
        let shown = match command {
            Command::Pass(_) => "PASS",
            Command::Acct(_) => "ACCT",
            _ => line.as_str(),
        };
        self.context
            .live
            .command(shown, self.context.session.cwd().as_str());
    }

    /// The time for the login runs whenever nobody is logged in.
    fn watch_login(&mut self) {
        if self.context.session.phase() == Phase::Ready {
            self.login_by = None;
        } else if self.login_by.is_none() {
            self.login_by = Some(Instant::now() + self.context.settings().login_timeout);
        }
        self.link.set_alarm(self.context.alarm());
    }

    async fn end(self) {
        self.link.close().await;
    }
}

/// Why a command gave no outcome.
enum Interrupted {
    Failed(CommandError),
    Farewell(Reply),
    Gone,
}

fn farewell(text: &str) -> Reply {
    Reply::new(Code::ServiceNotAvailable, text)
}
