# The service alone, non-root, without build tools.
#
#   docker build -t oncology-trial-cds .
#   docker run -p 8080:8080 -v cds-data:/var/lib/cds-service \
#     -v /etc/cds/clients.yaml:/etc/cds/clients.yaml:ro \
#     -e CDS_CLIENTS=/etc/cds/clients.yaml -e CDS_PUBLIC_URL=https://cds.hospital.example \
#     -e CDS_FHIR_SERVERS=https://fhir.hospital.example/r4 oncology-trial-cds
#
# Authentication is required unless told otherwise, and then needs CDS_CLIENTS and CDS_PUBLIC_URL. To try it on your own machine:
#
#   docker run -p 127.0.0.1:8080:8080 -e CDS_AUTH=off -e CDS_DEMO=1 oncology-trial-cds

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY locks/ locks/
RUN python -m venv --without-pip /opt/cds-service \
 && pip --python /opt/cds-service/bin/python install --require-hashes -r locks/postgres.txt \
 && pip install --require-hashes -r locks/build.txt
COPY pyproject.toml LICENSE NOTICE ./
COPY terminology/ terminology/
COPY mappings/ mappings/
COPY hooks/ hooks/
COPY cds_service/ cds_service/
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
 && pip --python /opt/cds-service/bin/python install --no-deps --no-index /dist/*.whl

FROM python:3.11-slim
COPY --from=build /opt/cds-service /opt/cds-service
ENV PATH=/opt/cds-service/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CDS_DATA_DIR=/var/lib/cds-service
# A number, not a name: Kubernetes' runAsNonRoot can check it.
RUN mkdir -p /var/lib/cds-service && chown 10001:10001 /var/lib/cds-service
USER 10001:10001
WORKDIR /var/lib/cds-service
VOLUME /var/lib/cds-service
EXPOSE 8080
# Behind --ssl-certfile this check speaks the wrong scheme: replace it with --health-cmd.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health/ready', timeout=4)"]
CMD ["cds-service", "serve", "--host", "0.0.0.0", "--port", "8080"]
