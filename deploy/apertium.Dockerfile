# Apertium behind its HTTP server, with the pairs of our languages that it has (deploy/servers/apertium.py has the same).
# It answers whoever can reach it: keep it in a network of its own with the translation service.
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        apertium-apy \
        apertium-dan-nor \
        apertium-eng-spa \
        apertium-es-pt \
        apertium-es-ro \
        apertium-fr-es \
        apertium-hbs-eng \
        apertium-hbs-slv \
        apertium-isl-swe \
        apertium-spa-ita \
        apertium-swe-dan \
        apertium-swe-nor \
    && rm -rf /var/lib/apt/lists/*
ENV LC_ALL=C.UTF-8
USER 65534:65534
STOPSIGNAL SIGTERM
ENTRYPOINT ["apertium-apy"]
# A pair that nobody has asked for in ten minutes gives its memory back.
CMD ["--port", "2737", "--max-idle-secs", "600", "/usr/share/apertium/modes"]
