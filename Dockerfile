# benchsuite on a CPU: docker build -t benchsuite . && docker run --rm -v "$PWD/runs:/home/user/runs" benchsuite run demo
FROM python:3.11-slim
RUN useradd --create-home user
COPY --chown=user . /src
RUN pip install --no-cache-dir /src && rm -rf /src
USER user
WORKDIR /home/user
ENTRYPOINT ["benchsuite"]
