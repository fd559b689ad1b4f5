# The build: everything is compiled from the sources; Cargo.lock says from which.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin quaymaster \
 && install -D target/release/quaymaster /out/usr/local/bin/quaymaster \
 && install -d -m 0750 -o 10001 -g 10001 /out/data

# What runs: one binary on Debian, without root and without a shell script.
FROM debian:bookworm-slim
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/usr/local/bin/quaymaster /usr/local/bin/quaymaster
COPY --from=build --chown=10001:10001 /out/data /data
ENV QUAYMASTER_DATA_DIR=/data
USER 10001:10001
VOLUME /data
# Control (explicit TLS), control (implicit TLS), web, passive ports.
EXPOSE 2121 2990 8080 30000-30019
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["quaymaster", "healthcheck"]
ENTRYPOINT ["quaymaster"]
CMD ["serve"]
