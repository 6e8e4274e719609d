# One image for every service and role: `cdp run SERVICE --role ROLE`.
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements.txt requirements-otel.txt ./
RUN python -m venv /opt/cdp \
 && /opt/cdp/bin/pip install --no-cache-dir --disable-pip-version-check \
      --require-hashes --only-binary :all: -r requirements.txt -r requirements-otel.txt
COPY pyproject.toml requirements.in README.md LICENSE ./
COPY chassis chassis
COPY contracts contracts
COPY identifiers identifiers
COPY rules rules
COPY clv clv
COPY experimentation experimentation
COPY mappings mappings
COPY profile_index profile_index
COPY services services
COPY deploy deploy
COPY cdp cdp
RUN /opt/cdp/bin/pip install --no-cache-dir --disable-pip-version-check \
      --no-deps --no-build-isolation . \
 && /opt/cdp/bin/python -m compileall -q /opt/cdp/lib

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home cdp \
 && install --directory --owner=cdp --mode=700 /var/spool/cdp
COPY --from=build /opt/cdp /opt/cdp
ENV PATH=/opt/cdp/bin:$PATH PYTHONUNBUFFERED=1 CDP_LOG=json CDP_HTTP_PORT=8080
WORKDIR /tmp
USER cdp
ENTRYPOINT ["cdp"]
CMD ["--help"]
