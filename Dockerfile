# benchsuite on a CPU; results are kept in a folder of yours:
#   docker build -t benchsuite . && mkdir -p runs
#   docker run --rm --user "$(id -u)" -e HOME=/tmp -v "$PWD/runs:/runs" benchsuite run demo --offline --store /runs
FROM python:3.11-slim
# From its own index: the build on PyPI brings gigabytes of libraries for GPUs. The bound is that of pyproject.toml.
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu "torch>=2.6,<2.13.1"
COPY . /src
RUN pip install --no-cache-dir /src && rm -rf /src && useradd --create-home --uid 1000 user
# By number, so that a host that allows no root can see that it is none.
USER 1000
WORKDIR /home/user
ENTRYPOINT ["benchsuite"]
