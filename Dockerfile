# One recipe for all images:  docker build --build-arg SERVICE=receiver .
# SERVICE is receiver, uploader, worklist, page, sandbox, or standalone: everything, and the command line.
# AWS, if set to anything, adds botocore (docs/authentication.md); TRACING, OpenTelemetry
# (docs/tracing.md).
ARG SERVICE=receiver
ARG AWS=
ARG TRACING=
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS base
ENV PATH=/app/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app

# Each image installs what its own file lists, and nothing without a hash. pip stays behind here.
FROM base AS build
ARG SERVICE
ARG AWS
ARG TRACING
COPY requirements/${SERVICE}.txt requirements.txt
COPY requirements/aws.txt requirements/tracing.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip .venv \
 && pip --python .venv/bin/python install --quiet --require-hashes -r requirements.txt \
    ${AWS:+-r aws.txt} ${TRACING:+-r tracing.txt}

FROM base AS runtime
LABEL org.opencontainers.image.title="DICOMweb Proxy" \
      org.opencontainers.image.licenses="Apache-2.0"
# Folders that are volumes belong to the user who writes there: a named volume starts as a copy.
RUN groupadd --gid 10001 app \
 && useradd --uid 10001 --gid app --no-create-home --shell /usr/sbin/nologin app \
 && install -d -o app -g app -m 750 /var/spool/dicomweb-proxy /var/lib/dicomweb-proxy
COPY --from=build /app/.venv .venv
COPY shared shared
# Costs some 70 ms of processor time; the engine adds as much.
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 \
    CMD ["python", "-m", "shared.health"]

FROM runtime AS image-receiver
COPY receiver receiver
EXPOSE 4008 8080
CMD ["python", "-m", "receiver"]

FROM runtime AS image-uploader
COPY uploader uploader
EXPOSE 8080
CMD ["python", "-m", "uploader"]

FROM runtime AS image-worklist
COPY worklist worklist
EXPOSE 4009 8080
CMD ["python", "-m", "worklist"]

FROM runtime AS image-page
COPY standalone standalone
ENV DICOMWEB_PROXY_PAGE__HOST=0.0.0.0 DICOMWEB_PROXY_PAGE__HEALTH_PORT=8080
EXPOSE 8090 8080
CMD ["python", "-m", "standalone.page"]

FROM runtime AS image-sandbox
COPY standalone standalone
ENV SANDBOX_HOST=0.0.0.0 SANDBOX_PORT=4010 SANDBOX_PATH=/var/lib/dicomweb-proxy \
    DICOMWEB_PROXY_HEALTH__PORT=4010
EXPOSE 4010
CMD ["python", "-m", "standalone.sandbox"]

FROM runtime AS image-standalone
COPY receiver receiver
COPY uploader uploader
COPY worklist worklist
COPY standalone standalone
COPY pyproject.toml .
EXPOSE 4008 8080
ENTRYPOINT ["python", "-m", "standalone.cli"]
CMD ["--help"]

FROM image-${SERVICE}
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}
# The root file system is read-only at run time: what can be compiled is compiled now.
RUN python -m compileall -q -x '/[.]venv/' /app
USER 10001:10001
