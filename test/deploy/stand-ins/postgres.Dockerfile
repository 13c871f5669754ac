# Stands in for postgres:17-bookworm: what compose relies on (uid 999, PGDATA, variables, stop signal), no more.
FROM stand-in:data
RUN groupmod -o -g 999 postgres && usermod -o -u 999 -g 999 postgres \
  && install -d -o postgres -g postgres -m 3777 /var/run/postgresql \
  && install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data \
  && mkdir -p /docker-entrypoint-initdb.d
COPY --chmod=0755 postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/17/bin \
    PGDATA=/var/lib/postgresql/data LANG=C.UTF-8
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
CMD ["postgres"]
