//! Clients that break off anything at any moment, many at once: afterwards the server holds nothing
//! of them, and the books say what stands on the disk.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::support::chance::seed;
use crate::support::ftp_client::{FtpClient, Pipe};
use crate::support::held::assert_at_rest;
use crate::support::process::{Installation, booked};
use crate::support::server::{PASSWORD, rounds};

/// Transfers that are broken off, over all clients …
const ROUNDS: usize = 300;
/// … at night so many times as many.
const NIGHTLY: usize = 34;
const CLIENTS: u8 = 6;
/// Bytes of the longest upload …
const LONGEST: usize = 400_000;
/// … and what all of them share, so that some do not fit.
const QUOTA: &str = "9000000";
/// How long a client listens for a connection that may never come.
const BRIEFLY: Duration = Duration::from_secs(2);

/// What a client asks for.
const ERRANDS: [&str; 9] = [
    "RETR {}",
    "RETR seen",
    "STOR {}",
    "STOR {}",
    "APPE {}",
    "STOU",
    "MLSD",
    "LIST",
    "NLST",
];

/// When it breaks off.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Moment {
    Arranged,
    Connected,
    Asked,
    Answered,
    Halfway,
    AtTheEnd,
}

const MOMENTS: [Moment; 8] = [
    Moment::Arranged,
    Moment::Connected,
    Moment::Asked,
    Moment::Answered,
    Moment::Halfway,
    Moment::Halfway,
    Moment::Halfway,
    Moment::AtTheEnd,
];

/// How it breaks off.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    Abor,
    BothReset,
    ControlEnds,
    ControlResets,
    DataEnds,
    DataResets,
    DataTruncated,
    Quit,
}

const WAYS: [Way; 8] = [
    Way::Abor,
    Way::BothReset,
    Way::ControlEnds,
    Way::ControlResets,
    Way::DataEnds,
    Way::DataResets,
    Way::DataTruncated,
    Way::Quit,
];

/// The client's part of a data connection.
enum Data {
    Expected(SocketAddr),
    Listening(TcpListener),
    Open(Pipe),
}

/// ABO-21, S-17, PRF-07. A seed can be given to see the same again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_after_any_number_of_broken_transfers() {
    let (seed, rounds) = (seed(), rounds(ROUNDS, NIGHTLY));
    println!("FAULTS_SEED={seed}, {rounds} rounds");
    let mut installation = Installation::new(20);
    installation.account("alice", &["--quota", QUOTA]).await;
    let ftp = installation.start().await;
    let mut watcher = log_in(ftp, 200, false).await;
    let stored = watcher.upload("STOR seen", &vec![7; 1 << 20]).await;
    assert_eq!(stored.code, 226, "{stored:?}");
    assert_at_rest(installation.metrics(), 1, "before").await;
    let before = installation.descriptors().len();

    let clients = (1..=CLIENTS).map(|number| {
        let chance = StdRng::seed_from_u64(seed.wrapping_add(u64::from(number)));
        run(ftp, number, chance, rounds / usize::from(CLIENTS))
    });
    join_all(clients).await;

    assert_at_rest(installation.metrics(), 1, "afterwards").await;
    assert_eq!(installation.staged(), [] as [PathBuf; 0]);
    assert_eq!(booked(&mut watcher).await, installation.disk());
    let since = Instant::now();
    while installation.descriptors().len() > before {
        let left = installation.descriptors();
        assert!(
            since.elapsed() < Duration::from_secs(10),
            "{before}: {left:?}"
        );
        sleep(Duration::from_millis(20)).await;
    }
    drop(watcher);
    let disk = installation.disk();
    installation.stop().await;
    assert_eq!(installation.recorded().await, (disk, false));
    let log = installation.told();
    assert!(!log.contains("panicked"), "{log}");
}

/// One client, session after session.
async fn run(ftp: SocketAddr, number: u8, mut chance: StdRng, rounds: usize) {
    let mut session = None;
    for _ in 0..rounds {
        let client = match session.take() {
            Some(client) => client,
            None => log_in(ftp, number, chance.random_ratio(1, 3)).await,
        };
        session = break_one_off(client, number, &mut chance).await;
    }
}

/// Begins any transfer and breaks it off in any way; the session if that goes on.
pub(super) async fn break_one_off(
    mut client: FtpClient,
    number: u8,
    chance: &mut StdRng,
) -> Option<FtpClient> {
    let (moment, way) = (choose(&MOMENTS, chance), choose(&WAYS, chance));
    let name = format!("f{number}-{}", chance.random_range(0..3));
    let errand = choose(&ERRANDS, chance).replace("{}", &name);
    let bytes = vec![number; chance.random_range(1..LONGEST)];
    let is_ascii = chance.random_ratio(1, 5);
    let is_active = chance.random_ratio(1, 5);

    client
        .expect(if is_ascii { "TYPE A" } else { "TYPE I" }, 200)
        .await;
    let data = transfer(&mut client, (&errand, moment), &bytes, is_active).await;
    if break_off(&mut client, data, way).await {
        catch_up(client, &format!("{errand}, {moment:?}, {way:?}")).await
    } else {
        None
    }
}

/// Begins a transfer and goes as far as `moment`.
async fn transfer(
    client: &mut FtpClient,
    (errand, moment): (&str, Moment),
    bytes: &[u8],
    is_active: bool,
) -> Data {
    let mut data = if is_active {
        Data::Listening(listen(client).await)
    } else {
        let port = client.epsv().await;
        Data::Expected(SocketAddr::new(client.server.ip(), port))
    };
    if moment == Moment::Arranged {
        return data;
    }
    if let Data::Expected(address) = data {
        // Where ports are few and the machine is busy, a connection that an earlier round gave up
        // can come out at this round's port, which is used up then.
        let Ok(socket) = client.try_data(address.port()).await else {
            return data;
        };
        data = Data::Open(Pipe::Plain(socket));
    }
    if moment == Moment::Connected {
        return data;
    }
    client.send(format!("{errand}\r\n")).await;
    if let Data::Listening(listener) = &data {
        // A transfer that is refused connects to nobody.
        if let Ok(Ok((socket, _))) = timeout(BRIEFLY, listener.accept()).await {
            data = Data::Open(Pipe::Plain(socket));
        }
    }
    if moment == Moment::Asked {
        return data;
    }
    let opening = client.reply().await;
    if opening.code != 150 || moment == Moment::Answered {
        return data;
    }
    let Data::Open(Pipe::Plain(socket)) = data else {
        return data;
    };
    let mut pipe = client.dress(socket).await;
    let is_upload = ["STOR", "APPE", "STOU"].contains(&errand.get(..4).unwrap_or_default());
    if is_upload {
        // A part of it, or all; the server may refuse it on the way.
        let part = if moment == Moment::Halfway {
            bytes.len() / 2
        } else {
            bytes.len()
        };
        let _refused = pipe.write_all(bytes.get(..part).unwrap_or_default()).await;
        let _refused = pipe.flush().await;
    } else if moment == Moment::Halfway {
        let _ended = pipe.read(&mut vec![0; 1 + bytes.len() / 8]).await;
    } else {
        let _ended = pipe.read_all().await;
    }
    Data::Open(pipe)
}

/// Listens for an active connection. On one machine it can happen to be a port of the server, which
/// that refuses.
async fn listen(client: &mut FtpClient) -> TcpListener {
    loop {
        let listener = TcpListener::bind((client.local, 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let told = client
            .say(&format!("EPRT |1|{}|{port}|", client.local))
            .await;
        if told.code == 200 {
            return listener;
        }
        assert_eq!(told.code, 504, "{told:?}");
    }
}

/// Breaks off; tells whether the session goes on.
async fn break_off(client: &mut FtpClient, data: Data, way: Way) -> bool {
    match (way, data) {
        (Way::BothReset, data) => {
            reset(data);
            client.reset();
            false
        }
        (Way::ControlResets, data) => {
            client.reset();
            drop(data);
            false
        }
        (Way::ControlEnds, data) => {
            client.half_close().await;
            // The data connection outlives the session for as long as the client likes.
            assert_ends(client).await;
            drop(data);
            false
        }
        (Way::Quit, data) => {
            client.send("QUIT\r\n").await;
            // Otherwise the transfer is waited for.
            reset(data);
            assert_ends(client).await;
            false
        }
        (Way::Abor, data) => {
            client.send("ABOR\r\n").await;
            let answered = client.reply().await;
            drop(data);
            assert!(answered.code < 600);
            true
        }
        (Way::DataResets, Data::Open(pipe)) => {
            pipe.reset();
            true
        }
        (Way::DataTruncated, Data::Open(pipe)) => {
            pipe.truncate().await;
            true
        }
        (Way::DataEnds, Data::Open(mut pipe)) => {
            let _gone = pipe.shutdown().await;
            true
        }
        // There is none; so that nobody waits for it:
        (Way::DataEnds | Way::DataResets | Way::DataTruncated, _) => {
            client.send("ABOR\r\n").await;
            true
        }
    }
}

/// Reads every reply that is still to come.
async fn catch_up(mut client: FtpClient, context: &str) -> Option<FtpClient> {
    client.send("NOOP\r\n").await;
    loop {
        let Some(reply) = client.reply_or_end().await else {
            panic!("{context}: the session ended");
        };
        if reply.code == 200 {
            return Some(client);
        }
    }
}

/// Reads until the server ends the session.
async fn assert_ends(client: &mut FtpClient) {
    while client.reply_or_end().await.is_some() {}
}

fn reset(data: Data) {
    if let Data::Open(pipe) = data {
        pipe.reset();
    }
}

async fn log_in(ftp: SocketAddr, number: u8, is_tls: bool) -> FtpClient {
    let mut client = FtpClient::connect_from(ftp, IpAddr::from([127, 0, 5, number])).await;
    if is_tls {
        client.secure().await;
    }
    client.log_in("alice", PASSWORD).await;
    if is_tls {
        client.protect().await;
    }
    client
}

fn choose<T: Copy>(from: &[T], chance: &mut StdRng) -> T {
    *from.choose(chance).expect("a choice")
}
