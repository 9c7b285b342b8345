# Elasticsearch with the analyzer of Polish, the one language of ours that needs a plug-in.
FROM elasticsearch:9.1.0
RUN bin/elasticsearch-plugin install --batch analysis-stempel
