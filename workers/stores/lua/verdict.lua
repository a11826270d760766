-- The de-duplication index, 3 of 3: what an article is to those before it, and what is remembered of it. See storage.lua.

local function steps(similarity) return floor(similarity * 10000 + 0.5) end

-- The first article with the text of this record.
local function original(record)
  return relation_of(record) == EXACT and sub(record, OF, OF + 15) or id_of(record)
end

local function verdict(relation, of, of_arrival, similarity, cluster, revision, stands)
  return {relation = relation, of = of, of_arrival = of_arrival, similarity = similarity, cluster = cluster,
          revision = revision, stands = stands}
end

local function nearest(candidate, found, dropped)
  local best, alert
  for _, each in ipairs(found) do
    local relation, score = relation_to(candidate, each, dropped)
    if relation and counts(each.arrival, each.record) then
      if relation == UNIQUE then
        alert = alert or each
      elseif not best or score > best.score then
        each.relation, each.score = relation, score
        best = each
      end
    end
  end
  return best, alert
end

local function judge(candidate, twin_arrival, twin, page_arrival, page, found, dropped)
  if twin then
    return verdict(EXACT, original(twin), twin_arrival, 10000, cluster_of(twin),
                   page and short_at(page, REVISION) or 0, page and byte(page, STANDS) or 0)
  end
  local best, alert = nearest(candidate, found, dropped)
  local revision = page and min(short_at(page, REVISION) + 1, 65535) or 0
  if page and (byte(page, STANDS) == 1 or not best) then
    return verdict(REVISED, id_of(page), page_arrival, steps((compare(candidate, page, dropped))), cluster_of(page),
                   revision, 1)
  end
  if best then
    return verdict(best.relation, original(best.record), best.arrival, steps(best.jaccard),
                   cluster_of(best.record), revision, 0)
  end
  local id = id_of(candidate.head)
  if alert then return verdict(UNIQUE, id_of(alert.record), alert.arrival, steps(alert.jaccard), id, revision, 1) end
  return verdict(UNIQUE, NO_ID, 0, 0, id, revision, 1)
end

-- Memory

local function remember(candidate, made, dropped, twin_arrival, page_arrival)
  last = last + 1
  local head = candidate.head
  local tags = candidate.tags
  local kept_count = candidate.tag_count
  if dropped then
    local kept = {}
    for i, tag in ipairs(candidate.kept) do kept[i] = short(tag) end
    tags, kept_count = table.concat(kept), #kept
  end
  local shingles = candidate.tag_count > 0 and floor(candidate.shingles * kept_count / candidate.tag_count + 0.5) or 0
  local record = table.concat({
    sub(head, 1, TIME - 1), long(now_s), char(made.relation), short(made.revision), char(made.stands),
    short(made.similarity), long(made.of_arrival), made.of, made.cluster, short(shingles),
    sub(head, REACH, COUNTS - 1), char(kept_count), sub(head, COUNTS + 1, TAGS_AT - 1), tags,
    rep('\0', RECORD_BYTES - TAGS_AT + 1 - #tags)})
  write(RECORD_STORE, last % RECORDS, record)
  local arrival, twin = long(last), twin_arrival and long(twin_arrival)
  local buckets, anchor_tags = anchors_of(candidate)
  for i = 1, candidate.own_anchors do
    if not (dropped and dropped[short_at(candidate.anchors, 8 * i - 1)]) then
      enter(ANCHOR_STORE, buckets[i], anchor_tags[i], arrival, twin)
    end
  end
  enter_key(ORIGIN_STORE, sub(head, ORIGIN, ORIGIN + 7), arrival)
  enter_key(DIGEST_STORE, sub(head, DIGEST, DIGEST + 7), arrival, twin)
  enter_key(PAGE_STORE, sub(head, PAGE, PAGE + 7), arrival, page_arrival and long(page_arrival))
  return record
end

local function answer(record)
  return sub(record, RELATION, STANDS - 1) .. sub(record, SIMILARITY, SIMILARITY + 1) .. sub(record, OF, CLUSTER + 15)
end

local function is_same_event(candidate, record)
  return sub(record, ORIGIN, ORIGIN + 7) == sub(candidate.head, ORIGIN, ORIGIN + 7)
    and id_of(record) == id_of(candidate.head)
end

local function renew(candidate, arrival, record)
  if arrival < first_new and is_pending(record) then
    replace(arrival, record, READER, sub(candidate.head, READER, TIME - 1))
    renewed[arrival] = true
  end
  return record
end

-- The record of work that is repeated, unless what it was a copy of has lost its place.
local function known(candidate)
  local arrival, record = look_up(ORIGIN_STORE, ORIGIN, sub(candidate.head, ORIGIN, ORIGIN + 7))
  if not record or relation_of(record) == VOID or not is_same_event(candidate, record) then return end
  local of_arrival = is_pending(record) and long_at(record, OF_ARRIVAL) or 0
  local of = of_arrival > 0 and record_of(arrival_of(of_arrival))
  if of and relation_of(of) == VOID then return end
  return renew(candidate, arrival, record)
end

local function live(arrival, record)
  if record and counts(arrival, record) then return arrival, record end
end

-- An exact copy whose place under its digest was lost to newer ones.
local function twin_among(found, digest)
  for _, each in ipairs(found) do
    if sub(each.record, DIGEST, DIGEST + 7) == digest then return live(each.arrival, each.record) end
  end
end

-- Makes the candidate fit to be compared, without what is boilerplate.
local function prepare(candidate, found)
  candidate.kept = shorts(candidate.tags)
  candidate.tag_set = set_of(candidate.kept)
  candidate.kept_set = candidate.tag_set
  local dropped = boilerplate(candidate, found)
  if dropped then
    candidate.kept = without(candidate.kept, dropped)
    candidate.kept_set = set_of(candidate.kept)
  end
  return dropped
end

local function decide(text)
  local candidate = unpack_candidate(text)
  local before = known(candidate)
  if before then return answer(before) end
  local head = candidate.head
  local twin_arrival, twin = live(look_up(DIGEST_STORE, DIGEST, sub(head, DIGEST, DIGEST + 7)))
  local page_arrival, page = live(look_up(PAGE_STORE, PAGE, sub(head, PAGE, PAGE + 7)))
  local found, dropped = {}, nil
  if not twin then
    found = sharing_anchors(candidate)
    twin_arrival, twin = twin_among(found, sub(head, DIGEST, DIGEST + 7))
  end
  if twin and is_same_event(candidate, twin) then return answer(renew(candidate, twin_arrival, twin)) end
  if not twin and (page or #found > 0) then dropped = prepare(candidate, found) end
  local made = judge(candidate, twin_arrival, twin, page_arrival, page, found, dropped)
  return answer(remember(candidate, made, dropped, twin_arrival, page_arrival))
end

-- Events that have ended otherwise: what was decided for them and not committed never was.
for from = 1, #ARGV[3], 8 do
  local arrival, record = look_up(ORIGIN_STORE, ORIGIN, sub(ARGV[3], from, from + 7))
  if record and is_pending(record) then replace(arrival, record, RELATION, char(VOID)) end
end

local answers = {}
for i = 4, #ARGV do
  answers[#answers + 1] = decide(ARGV[i])
  if blocked then return {'pending', blocked[1], string.format('%.0f', blocked[2])} end
end
write_all()
-- A confirmation decides nothing, and comes with every batch.
if last >= first_new then call('HSET', LAYOUT, 'last', string.format('%.0f', last), 'window', room) end
return {'decided', table.concat(answers)}
