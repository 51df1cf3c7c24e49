# The distribution that Maven packaged, on a JRE: build it first, with
#   mvn -pl cli -am -Ddistribution package
FROM eclipse-temurin:25-jre
# The bracket makes the folder optional to COPY, so that an unbuilt clone gets the message below.
COPY LICENSE cli/target/drove[r] /opt/drover/
RUN test -x /opt/drover/bin/drover || { \
      echo "No distribution to put into the image: run  mvn -pl cli -am -Ddistribution package  first" >&2; \
      exit 1; }
# Images live in /data; a named volume mounted there takes over its owner.
RUN mkdir /data && chown 10001:10001 /data
USER 10001:10001
WORKDIR /data
ENV PATH=/opt/drover/bin:$PATH
ENTRYPOINT ["/opt/drover/bin/drover"]
CMD ["--help"]
