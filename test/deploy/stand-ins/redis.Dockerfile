# Stands in for redis:8: the server, uid 999 and the data folder.
FROM stand-in:data
RUN groupmod -o -g 999 redis && usermod -o -u 999 -g 999 redis && install -d -o redis -g redis /data
WORKDIR /data
VOLUME /data
CMD ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no"]
