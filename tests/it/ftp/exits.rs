//! The exit-path matrix: whatever a session is doing (a row) and however that comes to its end (a
//! column), everything that was taken for it is given back: ports, files, reservations, buffers,
//! its place on the lists. What the client hears is checked in every field as well.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use quaymaster::hosting::accounts::Files;
use quaymaster::hosting::quota::Reserved;
use quaymaster::hosting::sessions::Order;
use quaymaster::model::{Account, Actor, PortRange};
use quaymaster::store::{DatabaseUrl, Db};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::disk;
use crate::support::ftp_client::{FtpClient, Pipe};
use crate::support::held::assert_at_rest;
use crate::support::server::{TestServer, eventually, free_range};

/// What a session is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// It has a port, and nobody connected to it.
    Reserved,
    /// Its data connection is there before the command.
    Connected,
    /// A download waits for its client.
    AwaitedDownload,
    /// An upload waits for its client.
    AwaitedUpload,
    /// An upload waits for a client in active mode that does not answer.
    Dialling,
    /// An upload waits for the TLS handshake.
    Shaking,
    Downloading,
    DownloadingTls,
    DownloadingAscii,
    Listing,
    /// A new file.
    Uploading,
    UploadingTls,
    UploadingAscii,
    /// Over a file.
    Replacing,
    /// At the end of a file.
    Continuing,
    /// Under a name of the server's choice.
    Unique,
}

const STATES: [State; 16] = [
    State::Reserved,
    State::Connected,
    State::AwaitedDownload,
    State::AwaitedUpload,
    State::Dialling,
    State::Shaking,
    State::Downloading,
    State::DownloadingTls,
    State::DownloadingAscii,
    State::Listing,
    State::Uploading,
    State::UploadingTls,
    State::UploadingAscii,
    State::Replacing,
    State::Continuing,
    State::Unique,
];

/// States that have a likeness in what the client hears.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// No command runs.
    Arranged,
    /// One runs, without a data connection.
    Awaited,
    /// One runs, without a TLS handshake.
    Shaking,
    Down,
    Up,
}

impl State {
    fn phase(self) -> Phase {
        match self {
            Self::Reserved | Self::Connected => Phase::Arranged,
            Self::AwaitedDownload | Self::AwaitedUpload | Self::Dialling => Phase::Awaited,
            Self::Shaking => Phase::Shaking,
            Self::Downloading | Self::DownloadingTls | Self::DownloadingAscii | Self::Listing => {
                Phase::Down
            }
            Self::Uploading
            | Self::UploadingTls
            | Self::UploadingAscii
            | Self::Replacing
            | Self::Continuing
            | Self::Unique => Phase::Up,
        }
    }

    fn is_tls(self) -> bool {
        matches!(
            self,
            Self::Shaking | Self::DownloadingTls | Self::UploadingTls
        )
    }
}

/// How a session leaves its state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Exit {
    /// The client ends the data connection properly, or its listener.
    DataEnds,
    /// The data connection ends without `close_notify`.
    DataTruncated,
    DataResets,
    ControlEnds,
    ControlResets,
    Abor,
    /// `QUIT`, and then the client ends the data connection.
    Quit,
    /// An administrator ends the session.
    Kicked,
    /// An administrator ends the transfer.
    Stopped,
    Suspended,
    Deleted,
    /// The ports change, and then the client ends the data connection.
    Reconfigured,
    /// The client does nothing.
    TimedOut,
    ServerStops,
}

impl Exit {
    /// What the client hears in the end; `None` if there is no such exit.
    #[expect(clippy::match_same_arms, reason = "a table is read exit by exit")]
    fn replies(self, state: State) -> Option<&'static [u16]> {
        let phase = state.phase();
        Some(match (self, phase) {
            (Self::ControlEnds | Self::ControlResets, _) => &[],
            (Self::DataEnds | Self::DataTruncated | Self::DataResets, Phase::Arranged)
                if state == State::Connected =>
            {
                &[]
            }
            (Self::DataEnds, Phase::Awaited) if state == State::Dialling => &[425],
            (
                Self::DataEnds | Self::DataTruncated | Self::DataResets,
                Phase::Arranged | Phase::Awaited,
            )
            | (Self::Stopped | Self::TimedOut, Phase::Arranged) => return None,
            (Self::DataEnds | Self::DataTruncated | Self::DataResets, Phase::Shaking) => &[522],
            (Self::DataEnds | Self::DataTruncated | Self::DataResets, Phase::Down) => &[426],
            (Self::DataTruncated, Phase::Up) if state.is_tls() => &[426],
            (Self::DataEnds | Self::DataTruncated, Phase::Up) => &[226],
            (Self::DataResets, Phase::Up) => &[426],
            (Self::Abor | Self::Reconfigured, Phase::Arranged) => &[225],
            (Self::Abor, _) => &[426, 226],
            (Self::Quit, Phase::Arranged) => &[221],
            (Self::Quit, Phase::Awaited) => &[425, 221],
            (Self::Quit, Phase::Shaking) => &[522, 221],
            (Self::Quit, Phase::Down) => &[426, 221],
            (Self::Quit, Phase::Up) => &[226, 221],
            (
                Self::Kicked | Self::Suspended | Self::Deleted | Self::ServerStops,
                Phase::Arranged,
            ) => &[421],
            // They time out before the server has waited long enough for them.
            (Self::ServerStops, Phase::Awaited) => &[425, 421],
            (Self::ServerStops, Phase::Shaking) => &[522, 421],
            (Self::Kicked | Self::Suspended | Self::Deleted | Self::ServerStops, _) => &[426, 421],
            (Self::Stopped, _) => &[426],
            (Self::Reconfigured | Self::TimedOut, Phase::Awaited) => &[425],
            (Self::Reconfigured | Self::TimedOut, Phase::Shaking) => &[522],
            (Self::Reconfigured, Phase::Up) => &[226],
            (Self::Reconfigured | Self::TimedOut, Phase::Down) | (Self::TimedOut, Phase::Up) => {
                &[426]
            }
        })
    }

    /// Whether the session is over then.
    fn ends_session(self) -> bool {
        match self {
            Self::DataEnds
            | Self::DataTruncated
            | Self::DataResets
            | Self::Abor
            | Self::Stopped
            | Self::Reconfigured
            | Self::TimedOut => false,
            Self::ControlEnds
            | Self::ControlResets
            | Self::Quit
            | Self::Kicked
            | Self::Suspended
            | Self::Deleted
            | Self::ServerStops => true,
        }
    }
}

/// A session in its state.
struct Stay {
    state: State,
    ftp: FtpClient,
    data: Data,
    /// Bytes that were put into its folder behind the books.
    furnished_bytes: u64,
}

/// The client's end of the data connection.
enum Data {
    None,
    Socket(TcpStream),
    Pipe(Pipe),
    /// A listener that answers nobody, because so many wait already.
    Deaf {
        _listener: TcpListener,
        _waiting: Vec<TcpStream>,
    },
}

/// Bytes that an upload has brought before it ends.
const ARRIVED: usize = 100_000;
/// Bytes of a file that does not fit into the buffers of any socket.
const BIG: u64 = 64 << 20;
/// Names of a folder of which the same is true.
const NAMES: usize = 12_000;

/// CTL-28, S-17: the client ends the data connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_when_the_data_connection_ends() {
    walk(Exit::DataEnds).await;
}

/// TLS-31, S-04.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_when_the_data_connection_is_cut_short() {
    walk(Exit::DataTruncated).await;
}

/// STO-04, RTR-13.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_when_the_data_connection_is_reset() {
    walk(Exit::DataResets).await;
}

/// ABO-15.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_when_the_client_ends_the_session() {
    walk(Exit::ControlEnds).await;
}

/// ABO-15: neither does it wait for a client that left before it could say 150.
#[tokio::test]
async fn nothing_is_held_when_the_client_ends_the_session_behind_its_command() {
    let server = TestServer::start().await;
    server.set(&[("accept_timeout", "600")]).await;
    let alice = server.account("alice").await;
    server.put(&alice, "f", b"hello");
    for command in ["STOR new", "RETR f", "LIST"] {
        let mut ftp = server.login("alice").await;
        ftp.epsv().await;

        ftp.send(format!("{command}\r\n")).await;
        ftp.half_close().await;

        assert_at_rest(metrics(&server), 0, command).await;
    }
}

/// STO-29, DAT-34.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_when_the_session_is_reset() {
    walk(Exit::ControlResets).await;
}

/// ABO-02 to ABO-05, ABO-17, ABO-19.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_after_abor() {
    walk(Exit::Abor).await;
}

/// ABO-11, STO-30.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_after_quit() {
    walk(Exit::Quit).await;
}

/// CTL-43.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_when_an_administrator_ends_the_session() {
    walk(Exit::Kicked).await;
}

/// An administrator's "abort this transfer".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_when_an_administrator_ends_the_transfer() {
    walk(Exit::Stopped).await;
}

/// AUT-21, SEC-T25.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_when_the_account_is_suspended() {
    walk(Exit::Suspended).await;
}

/// SEC-T25.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_when_the_account_is_deleted() {
    walk(Exit::Deleted).await;
}

/// DAT-38.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_when_the_ports_change() {
    walk(Exit::Reconfigured).await;
}

/// DAT-15, DAT-23, DAT-36, STO-37, TLS-35: all at once, because a stall takes ten seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_when_the_client_does_nothing() {
    let server = server().await;
    let account = server.account("alice").await;
    let stays = enter_all(&server, &account, Exit::TimedOut).await;
    let unbooked_bytes: u64 = stays.iter().map(|stay| stay.furnished_bytes).sum();

    let mut sessions = Vec::new();
    for mut stay in stays {
        let expected = Exit::TimedOut.replies(stay.state).expect("an exit");
        let heard = hear(&mut stay.ftp, Exit::TimedOut).await;
        assert_eq!(heard, expected, "{:?}", stay.state);
        sessions.push(stay.ftp);
    }

    assert_at_rest(metrics(&server), sessions.len(), "timed out").await;
    assert!(server.staged(&account).is_empty());
    assert_eq!(unbooked(&server, &account), unbooked_bytes);
}

/// PRF-06: what does not finish is stopped, and everything is written down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_when_the_server_stops() {
    let range = free_range(30);
    let server = server_on(range).await;
    let account = server.account("alice").await;
    let stays = enter_all(&server, &account, Exit::ServerStops).await;
    let unbooked_bytes: u64 = stays.iter().map(|stay| stay.furnished_bytes).sum();
    let app = server.app();
    let (ledger, sessions) = (app.ledger.clone(), app.sessions.clone());
    let (volumes, id) = (app.volumes.clone(), account.id);

    let folder = server.stop_and_keep().await;
    for mut stay in stays {
        let expected = Exit::ServerStops.replies(stay.state).expect("an exit");
        let heard = hear(&mut stay.ftp, Exit::ServerStops).await;
        assert_eq!(heard, expected, "{:?}", stay.state);
    }

    assert_eq!((sessions.count(), sessions.transfers()), (0, 0));
    assert_eq!(ledger.reserved(), Reserved::default());
    assert_eq!(volumes.in_flight(), 0);
    let home = folder.path().join("files").join(&account.home);
    assert_eq!(disk::staged(&home), [] as [PathBuf; 0]);
    let disk = disk::used(&home);
    assert_eq!(disk.bytes - ledger.usage(id).bytes, unbooked_bytes);
    let url = DatabaseUrl::sqlite(&folder.path().join("quaymaster.db"));
    let db = Db::open(&url).await.expect("the database");
    let brief = db.account_briefs(None, 1).await.expect("figures").remove(0);
    assert_eq!((brief.usage, brief.dirty), (ledger.usage(id), false));
    for port in range.ports() {
        std::net::TcpListener::bind(("127.0.0.1", port)).expect("a free port");
    }
}

/// Goes through one column of the matrix.
async fn walk(exit: Exit) {
    let server = server().await;
    let mut account = server.account("alice").await;
    let mut unbooked_bytes = 0;
    for state in STATES {
        let Some(expected) = exit.replies(state) else {
            continue;
        };
        let context = format!("{state:?}, {exit:?}");
        let mut stay = enter(&server, &account, state).await;
        unbooked_bytes += stay.furnished_bytes;

        leave(&server, &account, &mut stay, exit).await;

        let heard = hear(&mut stay.ftp, exit).await;
        // Whether the reset or the end of the port's part comes first is open.
        let is_refused = state.phase() == Phase::Shaking && exit == Exit::DataResets;
        if !(is_refused && heard == [425]) {
            assert_eq!(heard, expected, "{context}");
        }
        if exit.ends_session() {
            drop(stay);
            assert_at_rest(metrics(&server), 0, &context).await;
        } else {
            assert_at_rest(metrics(&server), 1, &context).await;
            assert_works(&mut stay.ftp, &context).await;
            drop(stay);
        }
        if state == State::Listing {
            // Many files without a byte: nobody needs to walk over them any more.
            std::fs::remove_dir_all(server.home(&account).join("Listing")).expect("a folder");
        }
        assert!(server.staged(&account).is_empty(), "{context}");
        match exit {
            Exit::Deleted => {
                account = server.account(&format!("after{state:?}")).await;
                unbooked_bytes = 0;
            }
            _ => assert_eq!(unbooked(&server, &account), unbooked_bytes, "{context}"),
        }
        if exit == Exit::Suspended {
            let actor = Actor::system();
            let resumed = server.app().accounts.resume(&actor, account.id).await;
            resumed.expect("an account");
        }
        assert_at_rest(metrics(&server), 0, &context).await;
    }
}

/// Asserts that the session can still do something.
async fn assert_works(ftp: &mut FtpClient, context: &str) {
    ftp.expect("TYPE I", 200).await;
    let stored = ftp.upload("STOR /after", b"works").await;
    assert_eq!(stored.code, 226, "{context}: {stored:?}");
}

/// Bytes that stand on the disk, without what the books say: those that were put there behind them.
fn unbooked(server: &TestServer, account: &Account) -> u64 {
    server.disk(account).bytes - server.usage(account).bytes
}

/// A server where waiting is short.
async fn server() -> TestServer {
    server_on(free_range(30)).await
}

async fn server_on(range: PortRange) -> TestServer {
    let server = TestServer::on(range).await;
    server
        .set(&[
            ("accept_timeout", "2"),
            ("connect_timeout", "1"),
            ("tls_handshake_timeout", "2"),
            ("stall_timeout", "10"),
        ])
        .await;
    server
}

fn metrics(server: &TestServer) -> SocketAddr {
    server.addresses().metrics.expect("metrics")
}

/// A session in every state from which there is this exit.
async fn enter_all(server: &TestServer, account: &Account, exit: Exit) -> Vec<Stay> {
    let mut stays = Vec::new();
    // Those that wait shortest come last.
    for state in STATES.into_iter().rev() {
        if exit.replies(state).is_some() {
            stays.push(enter(server, account, state).await);
        }
    }
    stays
}

/// A new session in `state`, in a folder of its own.
async fn enter(server: &TestServer, account: &Account, state: State) -> Stay {
    let folder = server.home(account).join(format!("{state:?}"));
    let furnished_bytes = furnish(&folder, state);
    let name = account.username.as_str();
    let mut ftp = if state.is_tls() {
        server.login_tls(name).await
    } else {
        server.login(name).await
    };
    ftp.expect(&format!("CWD /{state:?}"), 250).await;
    let data = match state {
        State::Reserved => {
            ftp.epsv().await;
            Data::None
        }
        State::Connected => Data::Socket(ftp.open_data().await),
        State::AwaitedDownload | State::AwaitedUpload => {
            ftp.epsv().await;
            let is_upload = state == State::AwaitedUpload;
            let command = if is_upload { "STOR new" } else { "RETR big" };
            ftp.expect(command, 150).await;
            Data::None
        }
        State::Dialling => dial(server, &mut ftp).await,
        State::Shaking => {
            let socket = ftp.open_data().await;
            ftp.expect("STOR new", 150).await;
            Data::Socket(socket)
        }
        _ if state.phase() == Phase::Down => download(&mut ftp, state).await,
        _ => upload(server, &mut ftp, state).await,
    };
    Stay {
        state,
        ftp,
        data,
        furnished_bytes,
    }
}

/// Makes the folder with what `state` needs, behind the books; tells how many bytes.
fn furnish(folder: &Path, state: State) -> u64 {
    std::fs::create_dir(folder).expect("a folder");
    match state {
        State::AwaitedDownload
        | State::Downloading
        | State::DownloadingTls
        | State::DownloadingAscii => {
            let file = File::create(folder.join("big")).expect("a file");
            file.set_len(BIG).expect("a sparse file");
            BIG
        }
        State::Listing => {
            for number in 0..NAMES {
                File::create(folder.join(format!("{number:0>240}"))).expect("a file");
            }
            0
        }
        State::Replacing | State::Continuing => {
            std::fs::write(folder.join("old"), b"0123456789").expect("a file");
            10
        }
        _ => 0,
    }
}

/// Bytes that the transfer of `state` has moved; `None` if none runs.
fn moved(server: &TestServer, state: State) -> Option<u64> {
    let folder = format!("/{state:?}/");
    let sessions = server.app().sessions.snapshot();
    let mut transfers = sessions
        .iter()
        .filter_map(|session| session.transfer.as_ref());
    let transfer = transfers.find(|transfer| transfer.path.to_string().starts_with(&folder));
    transfer.map(|transfer| transfer.moved_bytes)
}

/// `PORT` to a listener that answers nobody.
async fn dial(server: &TestServer, ftp: &mut FtpClient) -> Data {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((ftp.local, 0).into()).expect("a port");
    let listener = socket.listen(0).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let mut waiting = Vec::new();
    let patience = Duration::from_millis(100);
    while let Ok(connected) = timeout(patience, TcpStream::connect(address)).await {
        waiting.push(connected.expect("a connection"));
    }
    let [high, low] = address.port().to_be_bytes();
    ftp.expect(&format!("PORT 127,0,0,1,{high},{low}"), 200)
        .await;
    ftp.send("STOR new\r\n").await;
    eventually("the server dials", || {
        moved(server, State::Dialling).is_some()
    })
    .await;
    Data::Deaf {
        _listener: listener,
        _waiting: waiting,
    }
}

/// A download that has begun, and that nobody reads on.
async fn download(ftp: &mut FtpClient, state: State) -> Data {
    if state == State::DownloadingAscii {
        ftp.expect("TYPE A", 200).await;
    }
    let port = ftp.epsv().await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let socket = socket.connect((ftp.local, port).into()).await;
    let command = if state == State::Listing {
        "MLSD"
    } else {
        "RETR big"
    };
    ftp.expect(command, 150).await;
    let mut pipe = ftp.dress(socket.expect("a data connection")).await;
    pipe.read_exact(&mut [0; 100]).await.expect("data");
    Data::Pipe(pipe)
}

/// An upload of which a part has arrived.
async fn upload(server: &TestServer, ftp: &mut FtpClient, state: State) -> Data {
    if state == State::UploadingAscii {
        ftp.expect("TYPE A", 200).await;
    }
    let socket = ftp.open_data().await;
    let command = match state {
        State::Replacing => "STOR old",
        State::Continuing => "APPE old",
        State::Unique => "STOU",
        _ => "STOR new",
    };
    ftp.expect(command, 150).await;
    let mut pipe = ftp.dress(socket).await;
    pipe.write_all(&vec![b'x'; ARRIVED]).await.expect("room");
    pipe.flush().await.expect("room");
    eventually(&format!("the bytes of {state:?} arrive"), || {
        moved(server, state) == Some(ARRIVED as u64)
    })
    .await;
    Data::Pipe(pipe)
}

async fn leave(server: &TestServer, account: &Account, stay: &mut Stay, exit: Exit) {
    let app = server.app();
    let (actor, id) = (Actor::system(), account.id);
    match exit {
        Exit::DataEnds => stay.end_data().await,
        Exit::DataTruncated => match stay.take_data() {
            Data::Pipe(pipe) => pipe.truncate().await,
            other => drop(other),
        },
        Exit::DataResets => match stay.take_data() {
            Data::Pipe(pipe) => pipe.reset(),
            Data::Socket(socket) => Pipe::Plain(socket).reset(),
            other => drop(other),
        },
        Exit::ControlEnds => stay.ftp.half_close().await,
        Exit::ControlResets => stay.ftp.reset(),
        Exit::Abor => stay.ftp.send("ABOR\r\n").await,
        Exit::Quit => {
            stay.ftp.send("QUIT\r\n").await;
            stay.end_data().await;
        }
        Exit::Kicked => order(server, Order::Disconnect("Closed.".to_owned())),
        Exit::Stopped => order(server, Order::AbortTransfer),
        Exit::Suspended => {
            app.accounts.suspend(&actor, id, "").await.expect("it");
        }
        Exit::Deleted => {
            let deleted = app.accounts.delete(&actor, id, (Files::Keep, 7));
            deleted.await.expect("it");
        }
        Exit::Reconfigured => {
            let range = free_range(30).to_string();
            server.set(&[("passive_ports", &range)]).await;
            if stay.state.phase() == Phase::Arranged {
                stay.ftp.send("ABOR\r\n").await;
            }
            stay.end_data().await;
        }
        Exit::TimedOut | Exit::ServerStops => {}
    }
}

impl Stay {
    fn take_data(&mut self) -> Data {
        std::mem::replace(&mut self.data, Data::None)
    }

    /// Ends the data connection as a client does that has sent or read enough.
    async fn end_data(&mut self) {
        match self.take_data() {
            Data::Pipe(pipe) if self.state.phase() == Phase::Up => pipe.finish().await,
            other => drop(other),
        }
    }
}

/// Gives an order to the only session.
fn order(server: &TestServer, order: Order) {
    let sessions = server.app().sessions.snapshot();
    let [session] = sessions.as_slice() else {
        panic!("{} sessions", sessions.len())
    };
    assert!(server.app().sessions.order(session.id, order));
}

/// Everything that the client hears, up to the end of the session or what a `NOOP` is answered.
async fn hear(ftp: &mut FtpClient, exit: Exit) -> Vec<u16> {
    if matches!(exit, Exit::ControlResets) {
        return Vec::new();
    }
    if !exit.ends_session() {
        ftp.send("NOOP\r\n").await;
    }
    let mut heard = Vec::new();
    while let Some(reply) = ftp.reply_or_end().await {
        if reply.code == 200 {
            return heard;
        }
        heard.push(reply.code);
    }
    assert!(exit.ends_session(), "the session ended: {heard:?}");
    heard
}
