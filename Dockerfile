# The binary alone, as a user without rights. Everything it writes is in /data, so the root file
# system may be read-only:
#
#   docker build -t hookline .
#   docker run --read-only -p 3000:3000 -v hookline:/data hookline

FROM oven/bun:1.4.5 AS build
WORKDIR /build
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile
COPY tsconfig.json ./
COPY scripts ./scripts
COPY drizzle ./drizzle
COPY src ./src
RUN bun run build && mkdir /data

FROM gcr.io/distroless/cc-debian12
COPY --from=build /build/dist/hookline /hookline
# A new volume takes over the owner of what it covers.
COPY --from=build --chown=65532:65532 /data /data
ENV HOOKLINE_HOST=0.0.0.0 HOOKLINE_DATA_DIR=/data
USER 65532:65532
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["/hookline", "healthcheck"]
ENTRYPOINT ["/hookline", "serve"]
