# The workers and every khabar command, without the embedded Kafka and Redis. No syntax= line and no --mount:
# any builder builds it, the engine's classic one too.
FROM python:3.11-slim AS builder
# The constraints hold for the wheel's own build as well.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_CONSTRAINT=/src/constraints.txt
WORKDIR /src
RUN python -m venv --without-pip /opt/khabar

# The dependencies first: this layer stays while only code changes.
COPY pyproject.toml constraints.txt ./
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
        > requirements.txt \
    && python -m pip --python /opt/khabar/bin/python install --requirement requirements.txt

COPY README.md LICENSE NOTICE ./
COPY schemas schemas
COPY workers workers
RUN python -m pip wheel --no-deps --wheel-dir dist . \
    && python -m pip --python /opt/khabar/bin/python install --no-deps dist/*.whl \
    && python -m pip --python /opt/khabar/bin/python check

FROM python:3.11-slim
ENV PATH=/opt/khabar/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LANG=C.UTF-8 \
    KHABAR_DATA_DIR=/var/lib/khabar
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/khabar --shell /usr/sbin/nologin khabar \
    && install --directory --owner khabar --group khabar /var/lib/khabar
COPY --from=builder /opt/khabar /opt/khabar
USER khabar
WORKDIR /var/lib/khabar
ENTRYPOINT ["khabar"]
CMD ["--help"]
