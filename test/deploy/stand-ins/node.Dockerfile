# Stands in for node:24-bookworm-slim: Debian 12, Node and npm from their npm packages, user node (1000).
FROM stand-in:bookworm AS programs
ADD npm.tgz /usr/local/lib/node_modules/
ADD node.tgz /usr/local/lib/node-binary/
RUN cd /usr/local/lib && mv node_modules/package node_modules/npm \
  && install -m 0755 node-binary/package/bin/node /usr/local/bin/node && rm -rf node-binary \
  && ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
  && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
  && chmod 0755 node_modules/npm/bin/*.js

FROM stand-in:bookworm
COPY --from=programs --chown=root:root /usr/local /usr/local
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]
