//! A client that speaks raw FTP: what is sent is what the test wrote, what is expected is what the
//! RFC's examples look like. It never repairs anything, so a wrong reply is seen as it is.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Longest wait for anything; a test that needs more has found a fault.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One reply: its code and all its lines, the code included.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) lines: Vec<String>,
}

impl Reply {
    /// The last line behind the code.
    pub(crate) fn text(&self) -> &str {
        self.lines
            .last()
            .map_or("", |line| line.get(4..).unwrap_or(""))
    }
}

/// A stream with or without TLS.
pub(crate) enum Pipe {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// One control connection.
pub(crate) struct FtpClient {
    pipe: Option<Pipe>,
    buffer: Vec<u8>,
    pub(crate) local: IpAddr,
    pub(crate) server: SocketAddr,
    tls: Arc<ClientConfig>,
    /// Whether `PROT P` is in force, so that data connections are encrypted.
    pub(crate) private: bool,
}

impl FtpClient {
    /// Connects from the loopback address `local` and does not wait for the greeting.
    pub(crate) async fn connect_silently(server: SocketAddr, local: IpAddr) -> Self {
        let stream = dial(local, server).await.expect("control connection");
        Self::over(stream, server, local)
    }

    fn over(stream: TcpStream, server: SocketAddr, local: IpAddr) -> Self {
        Self {
            pipe: Some(Pipe::Plain(stream)),
            buffer: Vec::new(),
            local,
            server,
            tls: accept_any(&[]),
            private: false,
        }
    }

    /// Connects from `local` and reads the greeting; `None` if the server is gone.
    pub(crate) async fn try_connect_from(server: SocketAddr, local: IpAddr) -> Option<Self> {
        let stream = dial(local, server).await.ok()?;
        let mut client = Self::over(stream, server, local);
        let greeting = client.reply_or_end().await?;
        assert_eq!(greeting.code, 220, "{greeting:?}");
        Some(client)
    }

    /// Connects from `local` and reads the greeting.
    pub(crate) async fn connect_from(server: SocketAddr, local: IpAddr) -> Self {
        let mut client = Self::connect_silently(server, local).await;
        let greeting = client.reply().await;
        assert_eq!(greeting.code, 220, "{greeting:?}");
        client
    }

    /// Connects from 127.0.0.1 and reads the greeting.
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        Self::connect_from(server, IpAddr::from([127, 0, 0, 1])).await
    }

    /// Uses `config` for this client's TLS connections from now on.
    pub(crate) fn with_tls(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = config;
        self
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let pipe = self.pipe.as_mut().expect("open control connection");
        pipe.write_all(bytes.as_ref()).await.expect("send");
        pipe.flush().await.expect("flush");
    }

    /// Reads one reply.
    pub(crate) async fn reply(&mut self) -> Reply {
        timeout(PATIENCE, self.read_reply())
            .await
            .expect("a reply in time")
            .expect("a reply before the connection ends")
    }

    /// Reads one reply; `None` if the server closed instead.
    pub(crate) async fn reply_or_end(&mut self) -> Option<Reply> {
        timeout(PATIENCE, self.read_reply())
            .await
            .expect("a reply in time")
    }

    /// Sends a line and reads its reply.
    pub(crate) async fn say(&mut self, line: &str) -> Reply {
        self.send(format!("{line}\r\n")).await;
        self.reply().await
    }

    /// Sends a line and reads its reply; `None` if the server is gone.
    pub(crate) async fn try_say(&mut self, line: &str) -> Option<Reply> {
        let pipe = self.pipe.as_mut()?;
        pipe.write_all(format!("{line}\r\n").as_bytes())
            .await
            .ok()?;
        pipe.flush().await.ok()?;
        self.reply_or_end().await
    }

    /// Sends a line and expects the code.
    pub(crate) async fn expect(&mut self, line: &str, code: u16) -> Reply {
        let reply = self.say(line).await;
        assert_eq!(reply.code, code, "{line}: {reply:?}");
        reply
    }

    /// Reads a reply and expects the code.
    pub(crate) async fn expect_reply(&mut self, code: u16) -> Reply {
        let reply = self.reply().await;
        assert_eq!(reply.code, code, "{reply:?}");
        reply
    }

    /// Expects that the server closes without another reply.
    pub(crate) async fn expect_end(&mut self) {
        let more = self.reply_or_end().await;
        assert_eq!(more, None, "the connection should have ended");
    }

    /// Plays a dialogue: `C:` lines are sent, `S:` lines are expected. `…` in an expected line stands
    /// for any text.
    pub(crate) async fn play(&mut self, dialogue: &str) {
        for line in dialogue
            .lines()
            .map(str::trim_start)
            .filter(|line| !line.trim().is_empty())
        {
            if let Some(sent) = line.strip_prefix("C: ").or_else(|| line.strip_prefix("C:")) {
                self.send(format!("{sent}\r\n")).await;
            } else if let Some(expected) = line.strip_prefix("S: ") {
                let heard = timeout(PATIENCE, self.read_line())
                    .await
                    .expect("a line in time");
                let heard =
                    heard.unwrap_or_else(|| panic!("the connection ended before {expected:?}"));
                assert!(
                    matches(expected.trim_end(), &heard),
                    "expected {expected:?}, heard {heard:?}"
                );
            } else {
                panic!("a dialogue line begins with C: or S:, not {line:?}");
            }
        }
    }

    /// `AUTH TLS` and the handshake.
    pub(crate) async fn secure(&mut self) {
        self.expect("AUTH TLS", 234).await;
        self.handshake()
            .await
            .expect("handshake on the control connection");
    }

    /// The handshake alone.
    pub(crate) async fn handshake(&mut self) -> io::Result<()> {
        self.handshake_with(name()).await
    }

    /// The handshake with a host name (SNI), or with an address, which sends none.
    pub(crate) async fn handshake_for(&mut self, host: &str) -> io::Result<()> {
        let host = ServerName::try_from(host.to_owned()).expect("a name");
        self.handshake_with(host).await
    }

    /// The certificate that the server has shown on the control connection.
    pub(crate) fn certificate(&self) -> CertificateDer<'_> {
        let Some(Pipe::Tls(stream)) = self.pipe.as_ref() else {
            panic!("not an encrypted connection")
        };
        let chain = stream.get_ref().1.peer_certificates();
        chain.expect("a certificate")[0].clone()
    }

    async fn handshake_with(&mut self, name: ServerName<'static>) -> io::Result<()> {
        let Some(Pipe::Plain(stream)) = self.pipe.take() else {
            panic!("not a plain connection")
        };
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = timeout(PATIENCE, connector.connect(name, stream)).await??;
        self.pipe = Some(Pipe::Tls(Box::new(stream)));
        Ok(())
    }

    /// `PBSZ 0`, `PROT P`.
    pub(crate) async fn protect(&mut self) {
        self.expect("PBSZ 0", 200).await;
        self.expect("PROT P", 200).await;
        self.private = true;
    }

    /// `USER` and `PASS`, then `TYPE I`.
    pub(crate) async fn log_in(&mut self, user: &str, password: &str) {
        self.expect(&format!("USER {user}"), 331).await;
        self.expect(&format!("PASS {password}"), 230).await;
        self.expect("TYPE I", 200).await;
    }

    /// `EPSV`; the port.
    pub(crate) async fn epsv(&mut self) -> u16 {
        let reply = self.expect("EPSV", 229).await;
        epsv_port(reply.text())
    }

    /// `PASV`; where to connect.
    pub(crate) async fn pasv(&mut self) -> SocketAddr {
        let reply = self.expect("PASV", 227).await;
        pasv_address(reply.text())
    }

    /// `EPSV` and the TCP connection, without TLS.
    pub(crate) async fn open_data(&mut self) -> TcpStream {
        let port = self.epsv().await;
        self.dial_data(port).await
    }

    /// The TCP connection to a passive port, from this client's address.
    pub(crate) async fn dial_data(&self, port: u16) -> TcpStream {
        self.try_data(port).await.expect("data connection")
    }

    /// The same for a port that may have been taken from this client meanwhile.
    pub(crate) async fn try_data(&self, port: u16) -> io::Result<TcpStream> {
        dial(self.local, SocketAddr::new(self.server.ip(), port)).await
    }

    /// TLS on a data connection, if `PROT P` is in force.
    pub(crate) async fn dress(&self, stream: TcpStream) -> Pipe {
        if !self.private {
            return Pipe::Plain(stream);
        }
        self.encrypt(stream)
            .await
            .expect("handshake on the data connection")
    }

    /// TLS on a data connection, beside whatever else the client does.
    pub(crate) fn encrypt(
        &self,
        stream: TcpStream,
    ) -> impl Future<Output = io::Result<Pipe>> + Send + use<> {
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        async move {
            let stream = timeout(PATIENCE, connector.connect(name(), stream)).await??;
            Ok(Pipe::Tls(Box::new(stream)))
        }
    }

    /// A whole download: `EPSV`, `command`, bytes, `226`.
    pub(crate) async fn download(&mut self, command: &str) -> Vec<u8> {
        let stream = self.open_data().await;
        let opening = self.say(command).await;
        assert_eq!(opening.code, 150, "{command}: {opening:?}");
        let mut pipe = self.dress(stream).await;
        let bytes = pipe.read_all().await.expect("data");
        pipe.finish().await;
        self.expect_reply(226).await;
        bytes
    }

    /// A whole upload: `EPSV`, `command`, bytes, the final reply.
    pub(crate) async fn upload(&mut self, command: &str, bytes: &[u8]) -> Reply {
        let stream = self.open_data().await;
        let opening = self.say(command).await;
        if opening.code != 150 {
            return opening;
        }
        let mut pipe = self.dress(stream).await;
        let _refused_midway = pipe.write_all(bytes).await;
        pipe.finish().await;
        self.reply().await
    }

    /// Listens for an active data connection and sends `PORT` for it.
    pub(crate) async fn listen_active(&mut self) -> TcpListener {
        let listener = TcpListener::bind((self.local, 0))
            .await
            .expect("client listener");
        let address = listener.local_addr().expect("address");
        let command = match address {
            SocketAddr::V4(v4) => {
                let [a, b, c, d] = v4.ip().octets();
                let [high, low] = v4.port().to_be_bytes();
                format!("PORT {a},{b},{c},{d},{high},{low}")
            }
            SocketAddr::V6(v6) => format!("EPRT |2|{}|{}|", v6.ip(), v6.port()),
        };
        self.expect(&command, 200).await;
        listener
    }

    /// Ends the control connection without a word.
    pub(crate) fn vanish(&mut self) {
        if let Some(Pipe::Plain(stream)) = self.pipe.take() {
            let _set = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
    }

    /// Resets the control connection.
    pub(crate) fn reset(&mut self) {
        if let Some(pipe) = self.pipe.take() {
            pipe.reset();
        }
    }

    /// Ends this side of the control connection; replies can still be read.
    pub(crate) async fn half_close(&mut self) {
        let pipe = self.pipe.as_mut().expect("open control connection");
        pipe.shutdown().await.expect("half close");
    }

    /// The control connection itself.
    pub(crate) fn pipe(&mut self) -> &mut Pipe {
        self.pipe.as_mut().expect("open control connection")
    }

    /// Everything that the server still sends, replies or not, until the connection ends.
    pub(crate) async fn read_rest(&mut self, bytes: &mut Vec<u8>) {
        bytes.append(&mut self.buffer);
        let pipe = self.pipe.as_mut().expect("open control connection");
        let _reset = timeout(PATIENCE, pipe.read_to_end(bytes))
            .await
            .expect("an end in time");
    }

    /// The plain socket of the control connection.
    pub(crate) fn socket(&self) -> &TcpStream {
        match self.pipe.as_ref().expect("open control connection") {
            Pipe::Plain(stream) => stream,
            Pipe::Tls(stream) => stream.get_ref().0,
        }
    }

    async fn read_reply(&mut self) -> Option<Reply> {
        let first = self.read_line().await?;
        let code: u16 = first
            .get(..3)
            .and_then(|code| code.parse().ok())
            .unwrap_or_else(|| {
                panic!("a reply begins with three digits: {first:?}");
            });
        let mut lines = vec![first.clone()];
        if first.as_bytes().get(3) == Some(&b'-') {
            let last = format!("{code} ");
            loop {
                let line = self.read_line().await.expect("the reply's last line");
                let is_last = line.starts_with(&last);
                lines.push(line);
                if is_last {
                    break;
                }
            }
        }
        Some(Reply { code, lines })
    }

    /// One line without CRLF; `None` at the end of the connection.
    pub(crate) async fn read_line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let line = line.strip_suffix(b"\r\n").expect("lines end with CRLF");
                return Some(String::from_utf8_lossy(line).into_owned());
            }
            let mut chunk = [0; 4_096];
            match self.pipe.as_mut()?.read(&mut chunk).await {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
            }
        }
    }
}

impl Pipe {
    /// Everything until the end.
    pub(crate) async fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        timeout(PATIENCE, self.read_to_end(&mut bytes)).await??;
        Ok(bytes)
    }

    /// Ends it properly: `close_notify` first where there is TLS.
    pub(crate) async fn finish(mut self) {
        let _gone = timeout(PATIENCE, self.shutdown()).await;
        let mut rest = Vec::new();
        let _silence = timeout(PATIENCE, self.read_to_end(&mut rest)).await;
    }

    /// Ends the TCP connection without `close_notify`.
    pub(crate) async fn truncate(self) {
        let mut stream = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.into_inner().0,
        };
        let _gone = stream.shutdown().await;
    }

    /// Resets the TCP connection.
    pub(crate) fn reset(self) {
        let stream = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.into_inner().0,
        };
        let _set = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    }

    /// Whether the handshake was abbreviated.
    pub(crate) fn is_resumed(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => {
                stream.get_ref().1.handshake_kind() == Some(rustls::HandshakeKind::Resumed)
            }
        }
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(task, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(task, buffer),
        }
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(task, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(task, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(task),
            Self::Tls(stream) => Pin::new(stream).poll_flush(task),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(task),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(task),
        }
    }
}

/// A TCP connection from the loopback address `local`.
pub(crate) async fn dial(local: IpAddr, server: SocketAddr) -> io::Result<TcpStream> {
    let socket = if server.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    if local.is_ipv4() == server.is_ipv4() && !is_usual(local) {
        socket.bind(SocketAddr::new(local, 0))?;
    }
    let stream = timeout(PATIENCE, socket.connect(server)).await??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A client configuration that accepts any certificate and offers the protocols `alpn`.
pub(crate) fn accept_any(alpn: &[&str]) -> Arc<ClientConfig> {
    configuration(alpn, rustls::ALL_VERSIONS)
}

/// The same for TLS 1.2 alone.
pub(crate) fn accept_any_tls12() -> Arc<ClientConfig> {
    configuration(&[], &[&rustls::version::TLS12])
}

/// The same without resumption: every handshake is a full one.
pub(crate) fn accept_any_without_resumption() -> Arc<ClientConfig> {
    let mut config = Arc::unwrap_or_clone(accept_any(&[]));
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

fn configuration(
    alpn: &[&str],
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAny))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// The port in a 229 reply.
pub(crate) fn epsv_port(text: &str) -> u16 {
    let (_, rest) = text.split_once("(|||").expect("(|||");
    let (port, _) = rest.split_once("|)").expect("|)");
    port.parse().expect("a port")
}

/// The address in a 227 reply.
pub(crate) fn pasv_address(text: &str) -> SocketAddr {
    let (_, rest) = text.split_once('(').expect("(");
    let (numbers, _) = rest.split_once(')').expect(")");
    let numbers: Vec<u8> = numbers
        .split(',')
        .map(|n| n.parse().expect("a byte"))
        .collect();
    let [a, b, c, d, high, low] = numbers[..] else {
        panic!("six numbers: {text}")
    };
    SocketAddr::from(([a, b, c, d], u16::from_be_bytes([high, low])))
}

fn matches(expected: &str, heard: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(rest) = heard.strip_prefix(parts.next().unwrap_or("")) else {
        return false;
    };
    let mut rest = rest;
    let mut last = None;
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.split_at(at + part.len()).1,
            None => return false,
        }
        last = Some(part);
    }
    match last {
        None => rest.is_empty(),
        Some("") => true,
        Some(part) => heard.ends_with(part),
    }
}

fn name() -> ServerName<'static> {
    ServerName::try_from("ftp.example.test").expect("a name")
}

fn is_usual(address: IpAddr) -> bool {
    address == IpAddr::from([127, 0, 0, 1])
}

#[derive(Debug)]
struct AcceptAny;

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}

fn algorithms() -> rustls::crypto::WebPkiSupportedAlgorithms {
    rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms
}
