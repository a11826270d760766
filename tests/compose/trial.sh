#!/usr/bin/env bash
# What test_compose.py does with the stack once it is healthy, every stage scaled to 2. try-compose.sh sets COMPOSE; OUT is
# the folder for what is seen, PYTHON an interpreter with Khabar, LOAD a file of pages.
set -euo pipefail
stages=(boilerplate entities dedup)
containers() { $COMPOSE ps --quiet "$@"; }
khabar() { "$PYTHON" -c 'from workers.cli.main import main; main()' "$@"; }
say() { printf '[trial %3ss] %s\n' "$SECONDS" "$*" >&2; }

say 'how it started'
docker image inspect khabar >"$OUT/image.json"
# shellcheck disable=SC2046
docker inspect $(containers --all) >"$OUT/started.json"
for _ in 1 2 3; do
  begun=$(date +%s%N)
  docker run --rm --network none --read-only khabar --version >/dev/null
  echo $((($(date +%s%N) - begun) / 1000000))
done >"$OUT/version_ms"

say 'the demo, from within'
$COMPOSE run --rm -T smoke
$COMPOSE exec -T dedup khabar tail --from-beginning --count 1 --json >"$OUT/record.json"
$COMPOSE exec -T dedup khabar topics check

say 'the same books, from this machine'
$COMPOSE exec -T redis cat /run/khabar/redis-password >"$OUT/password"
KHABAR_REDIS=redis://:$(cat "$OUT/password")@127.0.0.1:$REDIS_PORT/0
export KHABAR_REDIS KHABAR_KAFKA=127.0.0.1:$KAFKA_PORT
khabar audit --json >"$OUT/demo.json"
khabar dedup stats --json >"$OUT/index.json"

say 'the web page'
for page in /health / /articles; do
  curl --silent --show-error --fail --max-time 20 "http://127.0.0.1:$WEB_PORT$page"
done >"$OUT/web"

say 'the metrics'
for stage in "${stages[@]}"; do
  $COMPOSE exec -T web python -c "
import urllib.request
print(urllib.request.urlopen('http://$stage:9464/metrics', timeout=20).read().decode())"
done >"$OUT/metrics"

say 'a site is polled'
site=${COMPOSE/-f docker-compose.yml/-f docker-compose.yml -f tests/compose/site.yml}
$site up --detach --no-deps --no-build --wait site feeds
for _ in $(seq 60); do
  khabar audit --wait 30 --json >"$OUT/polled.json"
  grep -q '"events": *41' "$OUT/polled.json" && break
  sleep 0.5
done
$site logs --no-color feeds >"$OUT/feeds.log"
$site stop feeds
docker inspect "$($site ps --all --quiet feeds)" >"$OUT/feeds.json"

say 'under load, one container of each stage is killed, and Kafka restarts'
khabar send --resume --rate 150/s "$LOAD" >"$OUT/send.log" 2>&1 &
sender=$!
for stage in "${stages[@]}"; do
  sleep 2
  # As a crash would: what is killed by `docker kill` would count as stopped on purpose, and stay so.
  kill -9 "$(docker inspect -f '{{.State.Pid}}' "$(containers "$stage" | head -1)")"
done
$COMPOSE restart kafka
wait $sender || khabar send --resume "$LOAD"
$COMPOSE exec -T dedup khabar audit --wait 120
khabar audit --json >"$OUT/loaded.json"
# shellcheck disable=SC2046
docker stats --no-stream --format '{{json .}}' $(containers) >"$OUT/stats"
for id in $(containers); do   # control groups of version 2, or 1
  printf '%s ' "$(docker inspect -f '{{.Name}}' "$id")"
  docker exec "$id" sh -c 'cat /sys/fs/cgroup/memory.peak 2>/dev/null || cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes'
done >"$OUT/peaks"

say 'the whole chain does not start beside its stages'
chain=${COMPOSE/-f docker-compose.yml/-f docker-compose.yml -f docker-compose.chain.yml}
status=0
$chain run --rm -T --no-deps chain >"$OUT/beside.log" 2>&1 || status=$?
echo "$status" >"$OUT/beside"

say 'all drain'
# shellcheck disable=SC2046
docker inspect $(containers "${stages[@]}") >"$OUT/running.json"
$COMPOSE stop "${stages[@]}"
$COMPOSE logs --no-color "${stages[@]}" >"$OUT/stages.log"
# shellcheck disable=SC2046
docker inspect $(containers --all "${stages[@]}") >"$OUT/stopped.json"

say 'and begins where they have ended'
$chain up --detach --no-deps --no-build --wait --wait-timeout 120 chain
khabar send docs/example/muscat-library.txt
khabar audit --wait 60 --json >"$OUT/chained.json"
$chain stop chain
# `down` leaves what profiles have started.
$site rm --force --stop demo feeds site >/dev/null
say 'done'
