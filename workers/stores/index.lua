-- The de-duplication index: decides a micro-batch, all of it or nothing. Written for the Lua 5.1 of Redis; in memory it
-- runs in the same Lua (workers/stores/memory_index.py). Keys and layout: workers/stores/layout.py. What is decided:
-- workers/dedup/{index,rules}.py.
--
-- KEYS[1]: the shard's layout hash; its other keys have the same beginning, and so the same slot
-- ARGV[1]: settings, decimal numbers in the order of layout.settings()
-- ARGV[2]: the readers of this call: NAME, committed offset, 1 if they are the caller's own; separated by spaces
-- ARGV[3]: 8-byte keys of origins whose events have ended without a verdict
-- ARGV[4] and on: the candidates, see layout.packed()
-- Returns: {'decided', a 40-byte answer for each candidate}, or {'pending', name of a reader, offset}: what a candidate
-- resembles was decided for an event that is not committed yet; then nothing has been changed.

local call = redis.call
local byte, char, find, sub, rep = string.byte, string.char, string.find, string.sub, string.rep
local floor, min, max = math.floor, math.min, math.max

local settings = {}
for number in string.gmatch(ARGV[1], '%S+') do settings[#settings + 1] = tonumber(number) end
local ASKED_WINDOW, RETENTION_S, OWN_ANCHORS, KEY_ROOM, ANCHOR_ROOM, COMPARED, SHARED_ANCHORS, JACCARD, CONTAINMENT,
      MANY_ANCHORS, CONTAINMENT_WITH_MANY, TRUNCATED_RATIO, SHORT_RATIO, CONTAINED, NUMBERS, NUMBERS_SHARED, UNLIKE, UNLIKE_NUMBERS_SHARED, NAMES,
      NAMES_SHARED, NAMES_RATIO, COMMON_STORIES = unpack(settings)

local LAYOUT = KEYS[1]
local PREFIX = string.match(LAYOUT, '^(.*)layout$')

-- The room is what the window was when the index was made; a smaller window uses less of it.
local last, room = unpack(call('HMGET', LAYOUT, 'last', 'window'))
last, room = tonumber(last or 0), tonumber(room or ASKED_WINDOW)
local WINDOW, RECORDS = min(ASKED_WINDOW, room), room + 1
local KEY_BUCKETS = max(16, floor(room * KEY_ROOM / 8 + 0.5))
local ANCHOR_BUCKETS = max(16, floor(room * OWN_ANCHORS * ANCHOR_ROOM / 8 + 0.5))

-- Numbers

local function short_at(text, at)
  local a, b = byte(text, at, at + 1)
  return a * 256 + b
end

local function long_at(text, at)
  local a, b, c, d = byte(text, at, at + 3)
  return ((a * 256 + b) * 256 + c) * 256 + d
end

local function offset_at(text, at)
  return short_at(text, at) * 4294967296 + long_at(text, at + 2)
end

local function short(value)
  return char(floor(value / 256), value % 256)
end

local function long(value)
  value = value % 4294967296
  return char(floor(value / 16777216), floor(value / 65536) % 256, floor(value / 256) % 256, value % 256)
end

local function shorts(text)
  local values, count = {}, 0
  for from = 1, #text, 200 do
    local bytes = {byte(text, from, min(from + 199, #text))}
    for i = 1, #bytes, 2 do
      count = count + 1
      values[count] = bytes[i] * 256 + bytes[i + 1]
    end
  end
  return values
end

-- Storage: units of a fixed size in strings of some 64 kB. Read once, written at the end.

local CHUNK_BYTES = 65400
local ENTRY_BYTES, BUCKET_BYTES, RECORD_BYTES = 6, 48, 283
local stores = {}
local function store(name, size)
  local made = {prefix = PREFIX .. name .. ':', size = size, in_chunk = floor(CHUNK_BYTES / size), keys = {},
                units = {}, changed = {}}
  stores[#stores + 1] = made
  return made
end
local RECORD_STORE, ANCHOR_STORE = store('records', RECORD_BYTES), store('anchors', BUCKET_BYTES)
local ORIGIN_STORE, DIGEST_STORE = store('origins', BUCKET_BYTES), store('digests', BUCKET_BYTES)
local PAGE_STORE = store('pages', BUCKET_BYTES)
local is_there = {}

local function place(in_store, number)
  local at = number % in_store.in_chunk
  local chunk = (number - at) / in_store.in_chunk
  local key = in_store.keys[chunk]
  if not key then
    key = in_store.prefix .. chunk
    in_store.keys[chunk] = key
  end
  return key, at * in_store.size
end

local function read(in_store, number)
  local unit = in_store.units[number]
  if not unit then
    local key, at = place(in_store, number)
    unit = call('GETRANGE', key, at, at + in_store.size - 1)
    in_store.units[number], is_there[key] = unit, unit ~= ''
  end
  return unit
end

local function write(in_store, number, unit)
  in_store.units[number], in_store.changed[number] = unit, true
end

-- Strings that are not there are made at their full size at once: one that grows takes up to twice its room. All are
-- asked for before the first is written: while a cluster moves them, the question is where the script ends.
local function write_all()
  local made, all_keys, all_at, all_units, count = {}, {}, {}, {}, 0
  for _, each in ipairs(stores) do
    for number in pairs(each.changed) do
      local key, at = place(each, number)
      if is_there[key] == nil then is_there[key] = call('EXISTS', key) == 1 end
      if not is_there[key] then made[key] = each.in_chunk * each.size - 1 end
      count = count + 1
      all_keys[count], all_at[count], all_units[count] = key, at, each.units[number]
    end
  end
  for key, last_at in pairs(made) do call('SETRANGE', key, last_at, '\0') end
  for i = 1, count do call('SETRANGE', all_keys[i], all_at[i], all_units[i]) end
end

-- Arrivals are counted from 1; entries hold the last 4 bytes.

local first_new = last + 1
local now_s = tonumber(call('TIME')[1])

local function arrival_of(entry)
  return last - (last - entry) % 4294967296
end

local function record_of(arrival)
  if arrival > last - WINDOW and arrival > 0 then return read(RECORD_STORE, arrival % RECORDS) end
end

-- Fields of a record: first and last byte.
local ID, ORIGIN, DIGEST, PAGE, SOURCE = 1, 17, 25, 33, 41
local READER, OFFSET, TIME, RELATION, REVISION, STANDS, SIMILARITY, OF_ARRIVAL, OF, CLUSTER =
      43, 45, 51, 55, 56, 58, 59, 61, 65, 81
local SHINGLES, REACH, COUNTS = 97, 99, 103
local NUMBERS_AT, NUMBERS_SIZE, NAMES_AT, NAMES_SIZE, OPENING, TAGS_AT = 106, 16, 138, 8, 154, 156
local WHOLE = 4294967295
local NO_KEY, NO_ID = rep('\0', 8), rep('\0', 16)

local VOID, UNIQUE, EXACT, NEAR, TRUNCATED, EXTENDED, CONTAINED_IN, REVISED = 0, 1, 2, 3, 4, 5, 6, 7

local function id_of(record) return sub(record, ID, ID + 15) end
local function cluster_of(record) return sub(record, CLUSTER, CLUSTER + 15) end
local function relation_of(record) return byte(record, RELATION) end

-- Readers: the events of a partition below `committed` have ended, the others may still end in another way.

local readers, committed, is_own, names = {}, {}, {}, {}
local named = {} -- numbers in this call -> those that records hold

local function read_readers()
  local known = call('HGETALL', PREFIX .. 'readers')
  local count = 0
  for i = 1, #known, 2 do
    local number, offset = string.match(known[i + 1], '^(%d+) (%d+)$')
    number = tonumber(number)
    readers[known[i]], committed[number], names[number] = number, tonumber(offset), known[i]
    count = max(count, number)
  end
  for name, offset, own in string.gmatch(ARGV[2], '(%S+) (%d+) ([01])') do
    local number = readers[name]
    offset = tonumber(offset)
    if not number then
      count = count + 1
      number = count
      readers[name], names[number], committed[number] = number, name, -1
    end
    if offset > committed[number] then
      committed[number] = offset
      call('HSET', PREFIX .. 'readers', name, number .. ' ' .. string.format('%.0f', offset))
    end
    is_own[number] = own == '1'
    named[#named + 1] = number
  end
end
read_readers()

local blocked
local renewed = {} -- arrivals whose events have been read again in this call

local function replace(arrival, record, at, text)
  write(RECORD_STORE, arrival % RECORDS, sub(record, 1, at - 1) .. text .. sub(record, at + #text))
end

local function is_pending(record)
  local reader = short_at(record, READER)
  return reader > 0 and offset_at(record, OFFSET) >= (committed[reader] or -1)
end

-- Whether what is at `arrival` counts, and is not just remembered. If its event is not committed, one of another worker
-- has to be waited for; one of the caller's own will be read again, after what is decided now, and loses its place.
local function counts(arrival, record)
  if relation_of(record) == VOID or long_at(record, TIME) + RETENTION_S < now_s then return false end
  if arrival >= first_new or renewed[arrival] or not is_pending(record) then return true end
  local reader = short_at(record, READER)
  if is_own[reader] then
    replace(arrival, record, RELATION, char(VOID))
  else
    blocked = blocked or {names[reader], offset_at(record, OFFSET)}
  end
  return false
end

-- Buckets: entries of a tag and an arrival, newest first.

local NONE = {}

local function arrivals(bucket, tag)
  local at = find(bucket, tag, 1, true)
  if not at then return NONE end
  local found = {}
  repeat
    if (at - 1) % ENTRY_BYTES == 0 then found[#found + 1] = arrival_of(long_at(bucket, at + 2)) end
    at = find(bucket, tag, at + 1, true)
  until not at
  return found
end

-- `arrival` and what it replaces, if it does, are of 4 bytes.
local function enter(in_store, number, tag, arrival, replaced)
  local bucket = read(in_store, number)
  if replaced then
    local at = find(bucket, tag .. replaced, 1, true)
    if at and (at - 1) % ENTRY_BYTES == 0 then bucket = sub(bucket, 1, at - 1) .. sub(bucket, at + ENTRY_BYTES) end
  end
  bucket = tag .. arrival .. sub(bucket, 1, BUCKET_BYTES - ENTRY_BYTES)
  if #bucket < BUCKET_BYTES then bucket = bucket .. rep('\0', BUCKET_BYTES - #bucket) end
  write(in_store, number, bucket)
end

-- The newest arrival whose record has this 8-byte key at `field`.
local function look_up(in_store, field, key)
  if key == NO_KEY then return end
  for _, arrival in ipairs(arrivals(read(in_store, offset_at(key, 1) % KEY_BUCKETS), sub(key, 7, 8))) do
    local record = record_of(arrival)
    if record and sub(record, field, field + 7) == key then return arrival, record end
  end
end

local function enter_key(in_store, key, arrival, replaced)
  if key ~= NO_KEY then enter(in_store, offset_at(key, 1) % KEY_BUCKETS, sub(key, 7, 8), arrival, replaced) end
end

-- Comparison

-- The candidate's fields; those that a record has too stand in `head` as they do there.
local function unpack_candidate(text)
  local reader = named[short_at(text, READER)] or 0
  local head = sub(text, 1, READER - 1) .. short(reader) .. sub(text, READER + 2, TAGS_AT - 1)
  local tag_bytes = 2 * byte(head, COUNTS)
  local at = TAGS_AT + 4
  local lead_bytes = 2 * byte(text, TAGS_AT + 2)
  local candidate = {head = head, own_anchors = byte(text, TAGS_AT), anchor_count = byte(text, TAGS_AT + 1),
                     tag_count = byte(head, COUNTS), reach = long_at(head, REACH), shingles = short_at(head, SHINGLES)}
  candidate.tags = sub(text, at, at + tag_bytes - 1)
  at = at + tag_bytes
  candidate.values = sub(text, at, at + 2 * tag_bytes - 1)
  at = at + 2 * tag_bytes
  candidate.anchors = sub(text, at, at + 8 * candidate.anchor_count - 1)
  at = at + 8 * candidate.anchor_count
  candidate.lead = sub(text, at, at + lead_bytes - 1)
  return candidate
end

local function set_of(values)
  local set = {}
  for i = 1, #values do set[values[i]] = true end
  return set
end

local function count_in(values, set)
  local count = 0
  for i = 1, #values do if set[values[i]] then count = count + 1 end end
  return count
end

local function without(values, dropped)
  if not dropped then return values end
  local kept = {}
  for i = 1, #values do if not dropped[values[i]] then kept[#kept + 1] = values[i] end end
  return kept
end

local known_tags = {}
local function tags_of(record)
  local tags = known_tags[record]
  if not tags then
    tags = shorts(sub(record, TAGS_AT, TAGS_AT + 2 * byte(record, COUNTS) - 1))
    known_tags[record] = tags
  end
  return tags
end

-- The tags of the candidate's sketch, and those of its first sentences.
local function all_set(candidate)
  if not candidate.all_set then
    candidate.all_set = set_of(shorts(candidate.lead))
    for tag in pairs(candidate.tag_set) do candidate.all_set[tag] = true end
  end
  return candidate.all_set
end

-- Of two samples, each complete up to its largest value if it is full: how many both could have, and how many they do.
local function agreement(ours, theirs, size)
  local limit = 65535
  if #ours == size then limit = min(limit, ours[size]) end
  if #theirs == size then limit = min(limit, theirs[size]) end
  local set, our_count, their_count, common = {}, 0, 0, 0
  for i = 1, #ours do if ours[i] <= limit then set[ours[i]], our_count = true, our_count + 1 end end
  for i = 1, #theirs do
    if theirs[i] <= limit then
      their_count = their_count + 1
      if set[theirs[i]] then common = common + 1 end
    end
  end
  return min(our_count, their_count), common
end

local function particulars(one, other, at, size, place_of_count)
  return agreement(shorts(sub(one, at, at + 2 * byte(one, place_of_count) - 1)),
                   shorts(sub(other, at, at + 2 * byte(other, place_of_count) - 1)), size)
end

-- Templates differ in little but their numbers or, without numbers, in who and where.
local function agree(one, other, jaccard, ratio)
  local fewer, common = particulars(one, other, NUMBERS_AT, NUMBERS_SIZE, COUNTS + 1)
  if fewer >= NUMBERS then return common >= (jaccard < UNLIKE and UNLIKE_NUMBERS_SHARED or NUMBERS_SHARED) * fewer end
  if min(ratio, 1 / ratio) < NAMES_RATIO then return true end
  fewer, common = particulars(one, other, NAMES_AT, NAMES_SIZE, COUNTS + 2)
  return fewer < NAMES or common >= NAMES_SHARED * fewer
end

local function count_up_to(values, count, limit)
  local low, high = 0, count
  while low < high do
    local middle = floor((low + high + 1) / 2)
    if long_at(values, 4 * middle - 3) <= limit then low = middle else high = middle - 1 end
  end
  return low
end

-- Jaccard, the candidate's part in the record, the record's part in the candidate, how much longer the candidate is.
-- A sketch is complete up to its reach: of the one that reaches less far, all is known of the other's part.
local function compare(candidate, record, dropped)
  local theirs = tags_of(record)
  local their_all = #theirs
  theirs = without(theirs, dropped)
  local our_count, their_count = #candidate.kept, #theirs
  if our_count == 0 or their_count == 0 then return 0, 0, 0, 1, 0 end
  local common = count_in(theirs, candidate.kept_set)
  local our_shingles = candidate.shingles * our_count / candidate.tag_count
  local their_shingles = short_at(record, SHINGLES) * their_count / their_all
  local shared
  if candidate.reach <= long_at(record, REACH) then
    shared = our_shingles * common / our_count
  else
    shared = their_shingles * common / their_count
    local sample = count_up_to(candidate.values, candidate.tag_count, long_at(record, REACH))
    if our_count == candidate.tag_count and sample > 0 and their_shingles > our_shingles then
      shared = our_shingles * min(1, common / sample)
    end
  end
  shared = min(shared, our_shingles, their_shingles)
  return shared / (our_shingles + their_shingles - shared), shared / our_shingles, shared / their_shingles,
         our_shingles / their_shingles, common
end

-- Shingles that stand in several stories of one source are that source's boilerplate: its footers, its "follow us".
local function boilerplate(candidate, found)
  local source = sub(candidate.head, SOURCE, SOURCE + 1)
  if source == '\0\0' or #found < COMMON_STORIES then return end
  local stories, counted, dropped = {}, {}, nil
  for _, each in ipairs(found) do
    if sub(each.record, SOURCE, SOURCE + 1) == source then
      local opening = sub(each.record, OPENING, OPENING + 1)
      for _, tag in ipairs(tags_of(each.record)) do
        if candidate.tag_set[tag] then
          local key = tag .. opening
          if not counted[key] then
            counted[key] = true
            stories[tag] = (stories[tag] or 0) + 1
            if stories[tag] == COMMON_STORIES then
              dropped = dropped or {}
              dropped[tag] = true
            end
          end
        end
      end
    end
  end
  return dropped
end

-- The buckets of an article's anchors, and their tags there.
local function anchors_of(candidate)
  if not candidate.anchor_buckets then
    local text = candidate.anchors
    local buckets, tags, values = {}, {}, {byte(text, 1, #text)}
    for i = 1, candidate.anchor_count do
      local at = 8 * i - 7
      local number = ((values[at] * 256 + values[at + 1]) * 256 + values[at + 2]) * 256 + values[at + 3]
      buckets[i], tags[i] = number % ANCHOR_BUCKETS, sub(text, at + 4, at + 5)
    end
    candidate.anchor_buckets, candidate.anchor_tags = buckets, tags
  end
  return candidate.anchor_buckets, candidate.anchor_tags
end

local function sharing_anchors(candidate)
  local shared, order = {}, {}
  local buckets, tags = anchors_of(candidate)
  for i = 1, candidate.anchor_count do
    local bucket = read(ANCHOR_STORE, buckets[i])
    if find(bucket, tags[i], 1, true) then
      for _, arrival in ipairs(arrivals(bucket, tags[i])) do
        if not shared[arrival] then order[#order + 1] = arrival end
        shared[arrival] = (shared[arrival] or 0) + 1
      end
    end
  end
  if #order == 0 then return order end
  table.sort(order, function(one, other)
    if shared[one] ~= shared[other] then return shared[one] > shared[other] end
    return one > other
  end)
  local found = {}
  for _, arrival in ipairs(order) do
    if #found == COMPARED or shared[arrival] < SHARED_ANCHORS then break end
    local record = record_of(arrival)
    if record and relation_of(record) ~= VOID then
      found[#found + 1] = {arrival = arrival, record = record, shared = shared[arrival]}
    end
  end
  return found
end

-- What the candidate is to one earlier article, or nil.
local function relation_to(candidate, each, dropped)
  local jaccard, ours_in_theirs, theirs_in_ours, ratio, common = compare(candidate, each.record, dropped)
  each.jaccard = jaccard
  local containment = each.shared >= MANY_ANCHORS and CONTAINMENT_WITH_MANY or CONTAINMENT
  if common < 2 and each.shared < 3 then return end
  if not agree(candidate.head, each.record, jaccard, ratio) then return end
  if ratio < TRUNCATED_RATIO then
    local is_short = candidate.reach == WHOLE and ratio < SHORT_RATIO
    if is_short then containment = CONTAINED end
    if ours_in_theirs < containment and jaccard < JACCARD then return end
    return is_short and CONTAINED_IN or TRUNCATED, ours_in_theirs
  end
  if 1 / ratio < TRUNCATED_RATIO then
    if long_at(each.record, REACH) == WHOLE and 1 / ratio < SHORT_RATIO then
      local tags = without(tags_of(each.record), dropped)
      if count_in(tags, all_set(candidate)) >= CONTAINED * #tags then return UNIQUE, 1 end
      return
    end
    if theirs_in_ours < containment and jaccard < JACCARD then return end
    return EXTENDED, theirs_in_ours
  end
  if max(ours_in_theirs, theirs_in_ours) >= containment or jaccard >= JACCARD then return NEAR, jaccard end
end

-- The verdict

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
call('HSET', LAYOUT, 'last', string.format('%.0f', last), 'window', room)
return {'decided', table.concat(answers)}
