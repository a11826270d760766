-- The de-duplication index, one language: decides a micro-batch atomically. See redis_index.py for the keys, and
-- workers/dedup/{index,rules}.py for what is decided; workers/stores/memory_index.py says the same in Python.
--
-- KEYS: layout, records, origins, digests, pages, anchors
-- ARGV[1]: msgpack {window, anchors, shared_anchors, compared, jaccard, containment, length_ratio, numbers,
--          numbers_shared, bucket_entries, similarity_steps}
-- ARGV[2] and on: the candidates, seven arguments each, see the fields below
-- Returns: msgpack list of {relation, of, similarity, cluster, revision}; similarity in similarity_steps.

local call = redis.call
local floor, min, max = math.floor, math.min, math.max
local byte, find, sub = string.byte, string.find, string.sub

local LAYOUT, RECORDS, ORIGINS, DIGESTS, PAGES, ANCHORS = unpack(KEYS)
local WINDOW, ANCHOR_COUNT, SHARED_ANCHORS, COMPARED, JACCARD, CONTAINMENT, LENGTH_RATIO, NUMBERS,
      NUMBERS_SHARED, BUCKET_ENTRIES, SIMILARITY_STEPS = unpack(cmsgpack.unpack(ARGV[1]))

-- Fields of a candidate, and of a record, which begins with them. `stands` is 1 or 0.
local ORIGIN, ID, DIGEST, PAGE, SHINGLES, SKETCH, NUMBER_HASHES = 1, 2, 3, 4, 5, 6, 7
local CANDIDATE_FIELDS = 7
local RELATION, OF, SIMILARITY, CLUSTER, VERSION, STANDS = 8, 9, 10, 11, 12, 13

-- A bucket is a string of entries, newest first: 2 bytes of tag, 5 bytes of arrival number (35 years at 1,000/s).
local ENTRY_BYTES = 7
local MAX_FORGOTTEN = 4 -- expired records removed with each arrival; one is enough unless the window was reduced

local NO_LIMIT = 4294967295

-- The numbers of buckets are fixed when the language is first seen, so that another window finds what is there.
local function read_layout()
  local found = call('HMGET', LAYOUT, 'last', 'oldest', 'key_buckets', 'anchor_buckets')
  if found[1] then
    return tonumber(found[1]), tonumber(found[2]), tonumber(found[3]), tonumber(found[4])
  end
  return 0, 1, max(32, floor(WINDOW / 8)), max(64, floor(WINDOW * ANCHOR_COUNT / 8))
end

local last, oldest, KEY_BUCKETS, ANCHOR_BUCKETS = read_layout()

-- `oldest` counts when the window was enlarged: what was removed before stays removed.
local function is_remembered(arrival)
  return arrival > last - WINDOW and arrival >= oldest
end

local record_cache = {}

local function read_record(arrival)
  local record = record_cache[arrival]
  if not record then
    local packed = call('HGET', RECORDS, arrival)
    record = packed and cmsgpack.unpack(packed)
    record_cache[arrival] = record
  end
  return record
end

-- Buckets

local function address(value, buckets)
  return value % buckets, struct.pack('>I2', floor(value / buckets) % 65536)
end

-- The arrivals under `tag` in a bucket, newest first.
local function arrivals(bucket, tag)
  local found, from = {}, 1
  while true do
    local at = find(bucket, tag, from, true)
    if not at then return found end
    if (at - 1) % ENTRY_BYTES == 0 then
      local arrival = struct.unpack('>I5', bucket, at + 2)
      if is_remembered(arrival) then found[#found + 1] = arrival end
    end
    from = at + 1
  end
end

-- The bucket with a new first entry; without what is no longer remembered, without `replaced`, not above `limit`.
local function with_entry(bucket, tag, arrival, replaced, limit)
  local entries = {tag .. struct.pack('>I5', arrival)}
  for at = 1, #bucket, ENTRY_BYTES do
    if #entries == limit then break end
    local other = struct.unpack('>I5', bucket, at + 2)
    if other > arrival - WINDOW and other ~= replaced then
      entries[#entries + 1] = sub(bucket, at, at + ENTRY_BYTES - 1)
    end
  end
  return table.concat(entries)
end

-- Origins, digests, pages: the newest arrival with this 12-byte key in record field `field`.
local function look_up(name, field, key)
  local bucket_number, tag = address(struct.unpack('>I6', key), KEY_BUCKETS)
  local bucket = call('HGET', name, bucket_number) or ''
  for _, arrival in ipairs(arrivals(bucket, tag)) do
    local record = read_record(arrival)
    if record and record[field] == key then return arrival, record end
  end
end

local function enter(name, key, arrival, replaced)
  local bucket_number, tag = address(struct.unpack('>I6', key), KEY_BUCKETS)
  local bucket = call('HGET', name, bucket_number) or ''
  call('HSET', name, bucket_number, with_entry(bucket, tag, arrival, replaced, math.huge))
end

-- Anchors

local function hashes(packed, size)
  local count = #packed / size
  return {struct.unpack('>' .. string.rep('I' .. size, count), packed)}, count
end

-- Where the candidate's anchors belong, and those buckets as they are now, by number (two anchors may share one).
local function anchor_places(candidate)
  local places, buckets = {}, {}
  local values, count = hashes(sub(candidate[SKETCH], 1, 4 * ANCHOR_COUNT), 4)
  for n = 1, count do
    local number, tag = address(values[n], ANCHOR_BUCKETS)
    places[n] = {number = number, tag = tag}
    buckets[number] = buckets[number] or call('HGET', ANCHORS, number) or ''
  end
  return places, buckets
end

local function sharing_anchors(places, buckets)
  local shared, order = {}, {}
  for _, place in ipairs(places) do
    for _, arrival in ipairs(arrivals(buckets[place.number], place.tag)) do
      if not shared[arrival] then order[#order + 1] = arrival end
      shared[arrival] = (shared[arrival] or 0) + 1
    end
  end
  local enough = {}
  for _, arrival in ipairs(order) do
    if shared[arrival] >= SHARED_ANCHORS then enough[#enough + 1] = arrival end
  end
  table.sort(enough, function(one, other)
    if shared[one] ~= shared[other] then return shared[one] > shared[other] end
    return one > other
  end)
  return enough
end

-- Comparison of sketches

local function sample(record)
  local values, count = hashes(record[SKETCH], 4)
  local is_whole = record[SHINGLES] <= count
  return values, count, is_whole and NO_LIMIT or values[count]
end

local function count_up_to(values, count, limit)
  while count > 0 and values[count] > limit do count = count - 1 end
  return count
end

local function count_common(ours, our_count, theirs, their_count)
  local common, i, j = 0, 1, 1
  while i <= our_count and j <= their_count do
    if ours[i] == theirs[j] then
      common, i, j = common + 1, i + 1, j + 1
    elseif ours[i] < theirs[j] then
      i = i + 1
    else
      j = j + 1
    end
  end
  return common
end

-- Estimates of Jaccard and containment: workers.dedup.rules.resemblance.
local function resemblance(one, other)
  local ours, our_count, our_reach = sample(one)
  local theirs, their_count, their_reach = sample(other)
  local limit = min(our_reach, their_reach)
  our_count, their_count = count_up_to(ours, our_count, limit), count_up_to(theirs, their_count, limit)
  local common = count_common(ours, our_count, theirs, their_count)
  if common == 0 then return 0, 0 end
  return common / (our_count + their_count - common), common / min(our_count, their_count)
end

local function numbers_agree(one, other)
  local ours, our_count = hashes(one[NUMBER_HASHES], 2)
  local theirs, their_count = hashes(other[NUMBER_HASHES], 2)
  local fewer = min(our_count, their_count)
  return fewer < NUMBERS or count_common(ours, our_count, theirs, their_count) >= NUMBERS_SHARED * fewer
end

local function is_near(one, other, jaccard, containment)
  local shorter, longer = min(one[SHINGLES], other[SHINGLES]), max(one[SHINGLES], other[SHINGLES])
  local alike = jaccard >= JACCARD or (containment >= CONTAINMENT and shorter >= LENGTH_RATIO * longer)
  return alike and numbers_agree(one, other)
end

local function in_steps(jaccard)
  return floor(jaccard * SIMILARITY_STEPS + 0.5)
end

local function nearest(candidate, earlier)
  local best, best_jaccard = nil, -1
  for n = 1, min(#earlier, COMPARED) do
    local record = read_record(earlier[n])
    local jaccard, containment = resemblance(candidate, record)
    if is_near(candidate, record, jaccard, containment) and jaccard > best_jaccard then
      best, best_jaccard = record, jaccard
    end
  end
  return best, best_jaccard
end

-- The verdict: fills in the fields of a record behind those of the candidate.

-- The first article with the text of this record.
local function original(record)
  return record[RELATION] == 'exact' and record[OF] or record[ID]
end

local function settle(record, relation, of, similarity, cluster, version, stands)
  record[RELATION], record[OF], record[SIMILARITY] = relation, of, similarity
  record[CLUSTER], record[VERSION], record[STANDS] = cluster, version, stands
end

local function judge(record, twin, page, places, buckets)
  if twin then
    return settle(record, 'exact', original(twin), SIMILARITY_STEPS, twin[CLUSTER],
                  page and page[VERSION] or 0, page and page[STANDS] or 0)
  end
  local near, jaccard = nearest(record, sharing_anchors(places, buckets))
  local version = page and page[VERSION] + 1 or 0
  if page and (page[STANDS] == 1 or not near) then
    return settle(record, 'revision', page[ID], in_steps((resemblance(record, page))), page[CLUSTER], version, 1)
  end
  if near then
    return settle(record, 'near', original(near), in_steps(jaccard), near[CLUSTER], version, 0)
  end
  return settle(record, 'unique', '', 0, record[ID], version, 1)
end

local function verdict(record)
  return {record[RELATION], record[OF], record[SIMILARITY], record[CLUSTER], record[VERSION]}
end

local function remember(record, places, buckets, twin_arrival, page_arrival)
  last = last + 1
  for _, place in ipairs(places) do
    local bucket = buckets[place.number]
    -- A copy takes its twin's places: a story that is sent a thousand times takes no more room than once.
    buckets[place.number] = with_entry(bucket, place.tag, last, twin_arrival, BUCKET_ENTRIES)
  end
  for number, bucket in pairs(buckets) do call('HSET', ANCHORS, number, bucket) end
  enter(ORIGINS, record[ORIGIN], last)
  enter(DIGESTS, record[DIGEST], last, twin_arrival)
  if record[PAGE] ~= '' then enter(PAGES, record[PAGE], last, page_arrival) end
  call('HSET', RECORDS, last, cmsgpack.pack(record))
  record_cache[last] = record
  for _ = 1, MAX_FORGOTTEN do
    if is_remembered(oldest) then break end
    call('HDEL', RECORDS, oldest)
    oldest = oldest + 1
  end
end

local verdicts = {}
for first = 2, #ARGV, CANDIDATE_FIELDS do
  local _, record = look_up(ORIGINS, ORIGIN, ARGV[first])
  if not record then
    record = {unpack(ARGV, first, first + CANDIDATE_FIELDS - 1)}
    record[SHINGLES] = tonumber(record[SHINGLES])
    local twin_arrival, twin = look_up(DIGESTS, DIGEST, record[DIGEST])
    local page_arrival, page
    if record[PAGE] ~= '' then page_arrival, page = look_up(PAGES, PAGE, record[PAGE]) end
    local places, buckets = anchor_places(record)
    judge(record, twin, page, places, buckets)
    remember(record, places, buckets, twin_arrival, page_arrival)
  end
  verdicts[#verdicts + 1] = verdict(record)
end
call('HSET', LAYOUT, 'last', last, 'oldest', oldest, 'key_buckets', KEY_BUCKETS, 'anchor_buckets', ANCHOR_BUCKETS)
return cmsgpack.pack(verdicts)
