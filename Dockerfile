# A container that serves the stack in /work, for docker compose and CI services:
#
#   docker build --tag gatespec .
#   docker run --rm --publish 3001:3001 --volume "$PWD:/work" gatespec
#
# Functions run on its Node and Python; `--build-arg RUNTIMES=` leaves them out, for provided.* alone.
# docs/install.md says how other containers reach it, and what of this file was tried.

FROM rust:1.95-slim-trixie AS build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin gatespec --package gatespec \
  && strip target/release/gatespec

FROM debian:trixie-slim
ARG RUNTIMES="nodejs python3 python3-venv"
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates ${RUNTIMES} \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 1000 --create-home gatespec
COPY --from=build /src/target/release/gatespec /usr/local/bin/gatespec
USER 1000
WORKDIR /work
EXPOSE 3001
# The port answers. Silent: the gateway logs whatever it refuses, and this is no client's path.
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/3001 && printf 'GET /@outbox HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r line <&3 && [[ $line == 'HTTP/1.1 200 '* ]]"]
ENTRYPOINT ["gatespec"]
CMD ["serve", "--host", "0.0.0.0"]
