# The workers and every khabar command, without the embedded Kafka and Redis. No syntax= line and no --mount:
# any builder builds it, the engine's classic one too.
#
# By digest: docker buildx imagetools inspect python:3.11-slim prints it; write python:3.11-slim@sha256:... below.
FROM python:3.11-slim AS builder
# The constraints hold for the wheel's own build as well.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_CONSTRAINT=/src/constraints.txt
WORKDIR /src
RUN python -m venv --without-pip /opt/khabar

# The dependencies first: this layer stays while only code changes. Tests that they bring along are not run here.
COPY pyproject.toml constraints.txt ./
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
        > requirements.txt \
    && python -m pip --python /opt/khabar/bin/python install --no-compile --requirement requirements.txt \
    && find /opt/khabar -type d \( -name tests -o -name test \) -prune -exec rm -r {} +

COPY README.md LICENSE NOTICE ./
COPY schemas schemas
COPY workers workers
# Bytecode is made here, once, and never checked against its source, which nothing changes in the image: a start compiles
# nothing, and a file system that is read-only costs nothing.
RUN python -m pip wheel --no-deps --wheel-dir dist . \
    && python -m pip --python /opt/khabar/bin/python install --no-compile --no-deps dist/*.whl \
    && python -m pip --python /opt/khabar/bin/python check \
    && /opt/khabar/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/khabar/lib

FROM python:3.11-slim
LABEL org.opencontainers.image.title="khabar" \
      org.opencontainers.image.description="News articles through Kafka: clean, tagged, de-duplicated, each exactly once" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/khabar/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LANG=C.UTF-8 \
    KHABAR_DATA_DIR=/var/lib/khabar
# Nothing is installed into a running container. /run/khabar: a volume that is mounted there is the user's.
RUN python -m pip uninstall --quiet --yes --root-user-action ignore pip setuptools wheel \
    && useradd --uid 10001 --no-create-home --home-dir /var/lib/khabar --shell /usr/sbin/nologin khabar \
    && install --directory --owner khabar --group khabar /var/lib/khabar /run/khabar
COPY --from=builder /opt/khabar /opt/khabar
USER khabar
WORKDIR /var/lib/khabar
ENTRYPOINT ["khabar"]
CMD ["--help"]
