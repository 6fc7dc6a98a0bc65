# One image for every part: `greenroom web`, `greenroom worker`, `greenroom migrate`.

FROM node:22-slim AS pages
WORKDIR /build
COPY client/web/package.json client/web/package-lock.json client/web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY client/web/ ./
RUN npm run build

FROM python:3.13-slim AS packages
COPY requirements.txt requirements-speech.txt ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.txt \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps --requirement requirements-speech.txt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/greenroom --create-home greenroom \
    && install -d -o greenroom -g greenroom /var/lib/greenroom/.cache
WORKDIR /srv/greenroom
COPY --from=packages /opt/venv /opt/venv
COPY pyproject.toml ./
COPY rooms/ rooms/
COPY scoring/ scoring/
COPY server/ server/
COPY client/*.py client/py.typed client/
COPY --from=pages /build/dist client/web/dist
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --editable .

ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 VAR_DIR=/var/lib/greenroom
USER greenroom
EXPOSE 8000
CMD ["greenroom", "web", "--host", "0.0.0.0", "--port", "8000"]
