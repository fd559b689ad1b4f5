//! Quotas: exact to the byte, refused early, never a file too many.

use std::sync::Arc;

use quaymaster::hosting::accounts::AccountSettings;
use quaymaster::model::{Account, AccountLimits, Actor, Override, TransferResult, Usage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::sampler::{Bound, Sampler, Scope};
use crate::support::server::{Allowed, TestServer, eventually};

fn million() -> Allowed {
    Allowed {
        bytes: Some(1_000_000),
        ..Allowed::default()
    }
}

fn room(bytes: u64, files: u64) -> Usage {
    Usage { bytes, files }
}

/// Looks at the home of an account from now on.
fn sampler(server: &TestServer, account: &Account, bound: Arc<Bound>) -> Sampler {
    Sampler::start(vec![Scope {
        name: account.username.to_string(),
        homes: vec![server.home(account)],
        bound,
    }])
}

/// Lets an account store so many bytes from now on.
async fn lower(server: &TestServer, account: &Account, bytes: u64) {
    let settings = AccountSettings {
        permissions: account.permissions,
        tls: account.tls,
        limits: AccountLimits {
            bytes: Override::Own(Some(bytes)),
            ..account.limits
        },
        ..AccountSettings::default()
    };
    let (accounts, actor) = (&server.app().accounts, Actor::system());
    let changed = accounts.change(&actor, account.id, account.version, settings);
    changed.await.expect("a limit");
}

/// QUO-01, QUO-03.
#[tokio::test]
async fn the_last_byte_fits_and_the_next_one_is_refused_before_150() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", million()).await;
    let mut ftp = server.login("alice").await;

    assert_eq!(ftp.upload("STOR a", &vec![1; 1_000_000]).await.code, 226);
    assert_eq!(server.usage(&alice).bytes, 1_000_000);

    ftp.expect("EPSV", 229).await;
    ftp.play("C: STOR b\nS: 552 Quota exceeded: 0 bytes available.")
        .await;
}

/// QUO-02, QUO-15.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_one_byte_too_long_is_not_stored_and_not_received_again() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", million()).await;
    let mut ftp = server.login("alice").await;
    let bytes = vec![1; 1_000_001];
    let sampler = sampler(&server, &alice, Arc::new(Bound::new(room(1_000_000, 1))));

    let refused = ftp.upload("STOR a", &bytes).await;

    sampler.stop();
    assert_eq!(refused.code, 552);
    assert!(server.names(&alice, "").is_empty());
    assert_eq!(server.usage(&alice).bytes, 0);
    let rows = server.journal(&alice).await;
    assert_eq!(
        (rows[0].result, rows[0].reason.as_str()),
        (TransferResult::Refused, "quota")
    );
    ftp.expect("EPSV", 229).await;
    ftp.expect("STOR a", 552).await;
    assert_eq!(ftp.upload("STOR other", b"x").await.code, 226);
}

/// QUO-16.
#[tokio::test]
async fn a_file_that_did_not_fit_is_taken_when_there_is_room() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", million()).await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR old", &vec![1; 100_000]).await;
    let bytes = vec![2; 950_000];
    assert_eq!(ftp.upload("STOR new", &bytes).await.code, 552);
    ftp.expect("EPSV", 229).await;
    ftp.expect("STOR new", 552).await;

    ftp.expect("DELE old", 250).await;

    assert_eq!(ftp.upload("STOR new", &bytes).await.code, 226);
    assert_eq!(server.usage(&alice), room(950_000, 1));
}

/// QUO-04, QUO-05.
#[tokio::test]
async fn a_replaced_file_makes_room_for_its_successor() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", million()).await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR a", &vec![1; 900_000]).await;

    assert_eq!(ftp.upload("STOR a", &vec![2; 900_000]).await.code, 226);
    assert_eq!(ftp.upload("STOR a", &vec![3; 1_000_001]).await.code, 552);

    assert_eq!(server.read(&alice, "a"), Some(vec![2; 900_000]));

    assert_eq!(server.usage(&alice).bytes, 900_000);
    assert_eq!(server.usage(&alice).files, 1);
}

/// QUO-06.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_uploads_at_once_exactly_as_many_are_stored_as_fit() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", million()).await;
    let mut sessions = Vec::new();
    for number in 0..50 {
        let mut ftp = server.connect_from([127, 0, 1, number]).await;
        ftp.log_in("alice", crate::support::server::PASSWORD).await;
        sessions.push(ftp);
    }

    let uploads = sessions
        .into_iter()
        .enumerate()
        .map(|(number, mut ftp)| async move {
            ftp.upload(&format!("STOR f{number}"), &vec![1; 100_000])
                .await
                .code
        });
    let codes = futures_util::future::join_all(uploads).await;

    assert_eq!(
        codes.iter().filter(|code| **code == 226).count(),
        10,
        "{codes:?}"
    );
    assert!(
        codes.iter().all(|code| [226, 552].contains(code)),
        "{codes:?}"
    );
    assert_eq!(server.usage(&alice).bytes, 1_000_000);
    assert_eq!(server.names(&alice, "").len(), 10);
}

/// The done-when: two clients upload fifty files each, and there is room for thirty.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_with_fifty_files_each_store_the_thirty_that_fit() {
    let server = TestServer::start().await;
    let alice = server
        .account_with(
            "alice",
            Allowed {
                files: Some(30),
                ..Allowed::default()
            },
        )
        .await;
    let mut first = server.login("alice").await;
    let mut second = server.login("alice").await;

    let one = async {
        let mut stored = 0;
        for number in 0..50 {
            let reply = first.upload(&format!("STOR a{number}"), &[1; 1_000]).await;
            assert!([226, 552].contains(&reply.code), "{reply:?}");
            stored += usize::from(reply.code == 226);
        }
        stored
    };
    let two = async {
        let mut stored = 0;
        for number in 0..50 {
            let reply = second.upload(&format!("STOR b{number}"), &[2; 1_000]).await;
            assert!([226, 552].contains(&reply.code), "{reply:?}");
            stored += usize::from(reply.code == 226);
        }
        stored
    };
    let (a, b) = tokio::join!(one, two);

    assert_eq!(a + b, 30);
    assert_eq!(server.names(&alice, "").len(), 30);
    assert_eq!(server.usage(&alice).files, 30);
    assert_eq!(server.usage(&alice).bytes, 30_000);
}

/// QUO-11, QUO-12.
#[tokio::test]
async fn what_does_not_fit_behind_a_file_is_cut_off_again() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", million()).await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR a", &vec![1; 999_990]).await;

    assert_eq!(ftp.upload("APPE a", &[2; 11]).await.code, 552);
    assert_eq!(
        server.read(&alice, "a").map(|bytes| bytes.len()),
        Some(999_990)
    );
    assert_eq!(server.usage(&alice).bytes, 999_990);
    ftp.expect("ALLO 10", 200).await;
    assert_eq!(ftp.upload("APPE a", &[2; 10]).await.code, 226);
    ftp.expect("REST 100", 350).await;
    assert_eq!(ftp.upload("STOR a", &[3; 100]).await.code, 226);

    assert_eq!(server.usage(&alice).bytes, 200);
    assert_eq!(server.read(&alice, "a").map(|bytes| bytes.len()), Some(200));
}

/// QUO-10.
#[tokio::test]
async fn a_broken_overwrite_changes_no_figure() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", million()).await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR a", &[1; 500]).await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR a", 150).await;
    data.write_all(&[2; 5_000]).await.unwrap();

    crate::support::ftp_client::Pipe::Plain(data).reset();

    ftp.expect_reply(426).await;
    assert_eq!(server.usage(&alice).bytes, 500);
}

/// QUO-14.
#[tokio::test]
async fn a_full_account_may_still_replace_and_delete() {
    let server = TestServer::start().await;
    let alice = server
        .account_with(
            "alice",
            Allowed {
                files: Some(2),
                ..Allowed::default()
            },
        )
        .await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR a", b"1").await;
    ftp.upload("STOR b", b"1").await;

    ftp.expect("EPSV", 229).await;
    ftp.play("C: STOR c\nS: 552 File quota exceeded.").await;
    // Folders are no files.
    ftp.expect("MKD d", 257).await;
    assert_eq!(ftp.upload("STOR a", b"22").await.code, 226);
    ftp.expect("DELE b", 250).await;
    assert_eq!(ftp.upload("STOR c", b"1").await.code, 226);

    assert_eq!(server.usage(&alice).files, 2);
    assert_eq!(server.usage(&alice).bytes, 3);
}

/// QUO-20.
#[tokio::test]
async fn an_account_over_a_lowered_limit_may_replace_read_and_delete() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", million()).await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR a", &vec![1; 600_000]).await;
    ftp.upload("STOR b", &vec![2; 200_000]).await;

    lower(&server, &alice, 300_000).await;

    ftp.play("C: AVBL\nS: 213 0").await;
    ftp.expect("EPSV", 229).await;
    ftp.expect("STOR c", 552).await;
    ftp.expect("EPSV", 229).await;
    ftp.expect("APPE b", 552).await;
    assert_eq!(ftp.upload("STOR b", &vec![3; 200_001]).await.code, 552);
    assert_eq!(ftp.download("RETR b").await, vec![2; 200_000]);
    assert_eq!(ftp.upload("STOR a", &vec![4; 600_000]).await.code, 226);
    assert_eq!(ftp.upload("STOR a", &vec![5; 400_000]).await.code, 226);
    assert_eq!(server.usage(&alice).bytes, 600_000);
    ftp.expect("DELE a", 250).await;
    ftp.play("C: AVBL\nS: 213 100000").await;
    assert_eq!(ftp.upload("STOR c", &vec![6; 100_000]).await.code, 226);
    assert_eq!(server.usage(&alice), room(300_000, 2));
    assert_eq!(server.disk(&alice), server.usage(&alice));
}

/// QUO-25.
#[tokio::test]
async fn an_announced_size_that_does_not_fit_now_is_refused_before_150() {
    let server = TestServer::start().await;
    server.account_with("alice", million()).await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR a", &vec![1; 600_000]).await;

    ftp.expect("ALLO 500000", 200).await;
    ftp.expect("EPSV", 229).await;
    ftp.expect("STOR b", 552).await;
}

/// QUO-27: what does not fit is read to its end, or to a mebibyte more, so that no client loses the
/// refusal over a connection that breaks.
#[tokio::test]
async fn a_client_that_goes_on_sending_can_read_the_refusal() {
    let server = TestServer::start().await;
    server.account_with("alice", million()).await;
    let bytes = vec![1; 1_800_000];

    for number in 0..50 {
        let mut ftp = server.login("alice").await;
        let mut data = ftp.open_data().await;
        // A file of the same name would be refused at once.
        ftp.expect(&format!("STOR big{number}"), 150).await;
        data.write_all(&bytes).await.expect("no reset");
        data.shutdown().await.expect("no reset");
        ftp.expect_reply(552).await;
        let end = data.read(&mut [0]).await;
        assert_eq!(end.expect("no reset"), 0, "{number}");
        ftp.expect("NOOP", 200).await;
    }
}

/// QUO-07.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_overwrites_of_one_file_never_exceed_the_limit() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", million()).await;
    let mut first = server.login("alice").await;
    let mut second = server.login("alice").await;
    first.upload("STOR a", &vec![1; 900_000]).await;
    let (one, two) = (vec![2; 900_000], vec![3; 900_000]);
    let bound = Arc::new(Bound::new(room(1_000_000, 1)));
    // The old file makes room once, whoever comes first.
    bound.begin_replacing();
    let sampler = sampler(&server, &alice, bound);

    let (a, b) = tokio::join!(first.upload("STOR a", &one), second.upload("STOR a", &two));

    sampler.stop();
    assert!([a.code, b.code].contains(&226), "{a:?} {b:?}");
    assert!(
        [a.code, b.code]
            .iter()
            .all(|code| [226, 552].contains(code)),
        "{a:?} {b:?}"
    );
    assert_eq!(server.usage(&alice).bytes, 900_000);
    assert_eq!(server.usage(&alice).files, 1);
}

/// QUO-08.
#[tokio::test]
async fn a_file_deleted_while_it_is_replaced_is_counted_once() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", million()).await;
    let mut ftp = server.login("alice").await;
    let mut other = server.login("alice").await;
    ftp.upload("STOR a", &vec![1; 400_000]).await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR a", 150).await;
    data.write_all(&vec![2; 100_000]).await.unwrap();

    other.expect("DELE a", 250).await;
    data.write_all(&vec![2; 100_000]).await.unwrap();
    drop(data);

    ftp.expect_reply(226).await;
    assert_eq!(server.usage(&alice).bytes, 200_000);
    assert_eq!(server.usage(&alice).files, 1);
}

/// QUO-08: nor does it make room any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_deleted_while_it_is_replaced_makes_no_room() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", million()).await;
    let mut ftp = server.login("alice").await;
    let mut other = server.login("alice").await;
    ftp.upload("STOR a", &vec![1; 900_000]).await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR a", 150).await;
    data.write_all(&[2; 1_000]).await.unwrap();

    other.expect("DELE a", 250).await;
    let sampler = sampler(&server, &alice, Arc::new(Bound::new(room(1_000_000, 1))));
    let _refused_midway = data.write_all(&vec![2; 1_900_000]).await;

    ftp.expect_reply(552).await;
    assert!(sampler.stop().fullest <= 100);
    assert_eq!(server.usage(&alice), Usage::default());
    assert_eq!(server.disk(&alice), Usage::default());
}

/// QUO-22.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_accounts_share_the_room_of_their_customer() {
    let server = TestServer::start().await;
    server.account("alice").await;
    server.account("bob").await;
    server.limit_pool(1_000_000).await;
    let mut first = server.login("alice").await;
    let mut second = server.login("bob").await;
    let bytes = vec![1; 600_000];

    let (a, b) = tokio::join!(
        first.upload("STOR a", &bytes),
        second.upload("STOR b", &bytes)
    );

    let mut codes = [a.code, b.code];
    codes.sort_unstable();
    assert_eq!(codes, [226, 552]);
    let quota = first.expect("SITE QUOTA", 200).await;
    assert!(
        quota
            .lines
            .contains(&" shared bytes used=600000 limit=1000000".to_owned()),
        "{quota:?}"
    );
}

/// QUO-28.
#[tokio::test]
async fn an_upload_under_way_is_reserved_and_not_used() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", million()).await;
    let mut ftp = server.login("alice").await;
    let mut uploader = server.login("alice").await;
    ftp.play("C: AVBL\nS: 213 1000000").await;
    let mut data = uploader.open_data().await;
    uploader.expect("STOR a", 150).await;
    data.write_all(&[7; 1_000]).await.unwrap();
    eventually("the bytes arrived", || {
        let sessions = server.app().sessions.snapshot();
        sessions
            .iter()
            .any(|session| session.received_bytes == 1_000)
    })
    .await;

    let told = ftp.expect("AVBL", 213).await;

    let free: u64 = told.text().parse().unwrap();
    assert!(free <= 999_000, "{free}");
    assert_eq!(server.usage(&alice).bytes, 0);
    drop(data);
    uploader.expect_reply(226).await;
    ftp.play("C: AVBL\nS: 213 999000").await;
}

/// QUO-23.
#[tokio::test]
async fn a_file_is_no_larger_than_a_file_may_be() {
    let server = TestServer::start().await;
    let limited = Allowed {
        file_bytes: Some(1_000),
        ..Allowed::default()
    };
    let alice = server.account_with("alice", limited).await;
    let mut ftp = server.login("alice").await;

    let refused = ftp.upload("STOR a", &[1; 1_001]).await;
    assert_eq!(refused.text(), "File too large: 1000 bytes allowed.");
    assert!(server.names(&alice, "").is_empty());
    // A client that tries again at once is stopped; the next file of the name is looked at anew.
    ftp.expect("EPSV", 229).await;
    ftp.play("C: STOR a\nS: 552 File too large: 1000 bytes allowed.")
        .await;
    assert_eq!(ftp.upload("STOR a", &[1; 1_000]).await.code, 226);
    assert_eq!(ftp.upload("STOR b", &[1; 1_000]).await.code, 226);

    ftp.play("C: ALLO 1001\nS: 552 File too large: 1000 bytes allowed.")
        .await;
    assert_eq!(ftp.upload("APPE b", &[1]).await.code, 552);
    ftp.expect("REST 999", 350).await;
    assert_eq!(ftp.upload("STOR a", &[2; 2]).await.code, 552);
    ftp.expect("ALLO 1", 200).await;
    ftp.expect("REST 999", 350).await;
    assert_eq!(ftp.upload("STOR b", &[2]).await.code, 226);
    // What was continued and did not fit is as long as where it was to be continued.
    assert_eq!(server.usage(&alice).bytes, 1_999);
    assert_eq!(server.disk(&alice), server.usage(&alice));
}

/// QUO-23. An append begins where the file ends when its data connection stands.
#[tokio::test]
async fn an_append_that_begins_late_makes_no_file_too_large() {
    let server = TestServer::start().await;
    let limited = Allowed {
        file_bytes: Some(1_000),
        ..Allowed::default()
    };
    let alice = server.account_with("alice", limited).await;
    server.put(&alice, "log", b"");
    let mut early = server.login("alice").await;
    let port = early.epsv().await;
    early.expect("APPE log", 150).await;
    let mut other = server.login("alice").await;
    assert_eq!(other.upload("APPE log", &[1; 1_000]).await.code, 226);

    let mut data = early.dial_data(port).await;
    data.write_all(&[2]).await.unwrap();
    drop(data);

    early.expect_reply(552).await;
    assert_eq!(server.read(&alice, "log").unwrap(), [1; 1_000]);
}
