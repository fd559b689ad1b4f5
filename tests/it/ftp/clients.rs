//! Programs that people use. A program that is not installed is not tested here; the runner of all
//! tests installs them.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use crate::support::server::{PASSWORD, TestServer};

/// Runs a program; `None` if it is not installed.
async fn run<A: AsRef<OsStr>>(program: &'static str, arguments: &[A]) -> Option<Output> {
    let mut command = Command::new("timeout");
    command
        .arg("60")
        .arg(program)
        .args(arguments)
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("an end");
    let output = output.expect("`timeout` is part of every system");
    (output.status.code() != Some(127)).then_some(output)
}

fn assert_success(output: &Output) {
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// INT-01.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_uploads_resumes_lists_and_downloads() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let folder = tempfile::tempdir().unwrap();
    let local = folder.path().join("local.bin");
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(&local, &bytes).unwrap();
    let local = local.to_str().unwrap();
    let url = format!("ftp://{}/", server.ftp());
    let user = format!("alice:{PASSWORD}");

    for (number, modes) in [
        &["--ftp-pasv"][..],
        &["--ftp-pasv", "--disable-epsv"],
        &["-P", "-"],
        &["--ssl-reqd", "-k"],
        &["--ssl-reqd", "-k", "--tls-max", "1.2"],
    ]
    .into_iter()
    .enumerate()
    {
        let target = format!("{url}new{number}/dir/up.bin");
        let common = [&["-sS", "--max-time", "30", "-u", &user], modes].concat();
        let up = [&common[..], &["--ftp-create-dirs", "-T", local, &target]].concat();
        let Some(output) = run("curl", &up).await else {
            return;
        };
        assert_success(&output);
        assert_eq!(
            server
                .read(&alice, &format!("new{number}/dir/up.bin"))
                .as_ref(),
            Some(&bytes),
            "{modes:?}"
        );

        let down = run("curl", &[&common[..], &[&target]].concat())
            .await
            .unwrap();
        assert_success(&down);
        assert_eq!(down.stdout, bytes, "{modes:?}");

        let part = run(
            "curl",
            &[&common[..], &["-r", "1000-1999", &target]].concat(),
        )
        .await
        .unwrap();
        assert_eq!(part.stdout, bytes[1_000..2_000], "{modes:?}");

        server.put(&alice, &format!("new{number}/half"), &bytes[..1_000_000]);
        let half = format!("{url}new{number}/half");
        let resumed = [&common[..], &["-C", "-", "-T", local, &half]].concat();
        assert_success(&run("curl", &resumed).await.unwrap());
        assert_eq!(
            server.read(&alice, &format!("new{number}/half")).as_ref(),
            Some(&bytes)
        );

        let list = format!("{url}new{number}/");
        let names = run("curl", &[&common[..], &["-l", &list]].concat())
            .await
            .unwrap();
        assert_eq!(names.stdout, b"dir\nhalf\n", "{modes:?}");
    }
}

/// INT-01 with implicit TLS.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_speaks_implicit_tls() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let url = format!("ftps://{}/f.txt", server.ftps());
    let user = format!("alice:{PASSWORD}");

    let Some(output) = run(
        "curl",
        &["-sS", "-k", "--max-time", "30", "-u", &user, &url],
    )
    .await
    else {
        return;
    };

    assert_success(&output);
    assert_eq!(output.stdout, b"hello");
}

/// INT-02.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lftp_mirrors_there_and_back() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let folder = tempfile::tempdir().unwrap();
    let (there, back) = (folder.path().join("there"), folder.path().join("back"));
    for number in 0..20_usize {
        let path = there.join(format!("d{}/f {number}.txt", number % 3));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x".repeat(number * 10_000)).unwrap();
    }
    let (host, port) = (server.ftp().ip(), server.ftp().port());

    for tls in ["false", "true"] {
        let script = format!(
            "set net:timeout 20; set net:max-retries 2; set cmd:fail-exit true; \
             set ftp:ssl-allow {tls}; set ftp:ssl-force {tls}; set ftp:ssl-protect-data {tls}; \
             set ssl:verify-certificate false; \
             open -u alice,'{PASSWORD}' -p {port} {host}; \
             mirror -R --parallel=4 {there} /{tls}; mirror --parallel=4 /{tls} {back}/{tls}; \
             pget -n 4 -O {back} '/{tls}/d1/f 19.txt' -o pget{tls}; \
             rm -r /{tls}/d0; ls; bye",
            there = there.display(),
            back = back.display(),
        );
        std::fs::create_dir_all(&back).unwrap();
        let Some(output) = run("lftp", &["--norc", "-c", &script]).await else {
            return;
        };
        assert_success(&output);
        for number in 0..20_usize {
            let name = format!("d{}/f {number}.txt", number % 3);
            let original = std::fs::read(there.join(&name)).unwrap();
            assert_eq!(
                std::fs::read(back.join(tls).join(&name)).unwrap(),
                original,
                "{name}"
            );
        }
        assert!(!server.home(&alice).join(tls).join("d0").exists());
    }
}

/// INT-03, TLS-45.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pythons_ftplib_transfers_and_aborts() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let (host, port) = (server.ftp().ip(), server.ftp().port());
    let script = format!(
        r#"
import ftplib, io, ssl
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
for ftp in (ftplib.FTP(timeout=20), ftplib.FTP_TLS(context=context, timeout=20)):
    ftp.connect("{host}", {port})
    ftp.login("alice", "{PASSWORD}")
    if hasattr(ftp, "prot_p"):
        ftp.prot_p()
    for passive in (True, False):
        ftp.set_pasv(passive)
        data = bytes(range(256)) * 4000
        assert ftp.storbinary("STOR a.bin", io.BytesIO(data)).startswith("226")
        out = io.BytesIO()
        assert ftp.retrbinary("RETR a.bin", out.write).startswith("226")
        assert out.getvalue() == data
        assert ftp.nlst() == ["a.bin"], ftp.nlst()
        assert [name for name, facts in ftp.mlsd()] == ["a.bin"]
        ftp.storlines("STOR a.txt", io.BytesIO(b"one\ntwo\n"))
        lines = []
        ftp.retrlines("RETR a.txt", lines.append)
        assert lines == ["one", "two"], lines
        ftp.delete("a.txt")
    ftp.set_pasv(True)
    connection = ftp.transfercmd("RETR a.bin")
    connection.recv(1)
    assert ftp.abort()[:3] in ("426", "225", "226")
    connection.close()
    ftp.close()
"#
    );

    let Some(output) = run("python3", &["-c", &script]).await else {
        return;
    };

    assert_success(&output);
}

/// INT-17.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wget_fetches_a_whole_tree() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    for name in ["a.txt", "d/b.txt", "d/e/c.txt"] {
        server.put(&alice, name, name.as_bytes());
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("ftp://{}/", server.ftp());
    let user = "--ftp-user=alice";
    let password = format!("--ftp-password={PASSWORD}");
    let into = folder.path().to_str().unwrap();

    let arguments = ["-q", "-r", "-nH", "-P", into, user, &password, &url];
    let Some(output) = run("wget", &arguments).await else {
        return;
    };

    assert_success(&output);
    for name in ["a.txt", "d/b.txt", "d/e/c.txt"] {
        assert_eq!(
            std::fs::read(folder.path().join(name)).unwrap(),
            name.as_bytes()
        );
    }
}

/// INT-10: Perl's `Net::FTP`, with unique names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn perls_net_ftp_stores_under_unique_names_and_removes_trees() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let (host, port) = (server.ftp().ip(), server.ftp().port());
    let script = format!(
        r#"
use Net::FTP;
for my $passive (1, 0) {{
    my $ftp = Net::FTP->new("{host}", Port => {port}, Passive => $passive, Timeout => 20) or die $@;
    $ftp->login("alice", "{PASSWORD}") or die $ftp->message;
    $ftp->binary;
    open(my $in, "<", \"unique bytes") or die;
    my $name = $ftp->put_unique($in, "scan.pdf") or die $ftp->message;
    die "no name" unless defined $ftp->unique_name;
    die $ftp->message unless $ftp->size($ftp->unique_name) == 12;
    $ftp->mkdir("tree/a/b", 1) or die $ftp->message;
    $ftp->rmdir("tree", 1) or die $ftp->message;
    die "still there" if $ftp->cwd("tree");
    my $out = ""; open(my $sink, ">", \$out) or die;
    die "missing" if $ftp->get("missing", $sink);
    $ftp->get($ftp->unique_name, $sink) or die $ftp->message;
    die $out unless $out eq "unique bytes";
    $ftp->quit;
}}
"#
    );

    let Some(output) = run("perl", &["-e", &script]).await else {
        return;
    };

    assert_success(&output);
    assert_eq!(server.names(&alice, "").len(), 2);
}
