-- The de-duplication index, 1 of 3: what is stored and where. The parts, in the order storage, resemblance, verdict, are
-- one script (workers/stores/script.py), which decides a micro-batch, all of it or nothing. Written for the Lua 5.1 of Redis;
-- in memory it runs in the same Lua (memory_index.py). Keys and layout: layout.py. What is decided: workers/dedup/{index,rules}.py.
--
-- KEYS[1]: the shard's layout hash; its other keys have the same beginning, and so the same slot
-- ARGV[1]: settings, decimal numbers in the order of layout.settings()
-- ARGV[2]: the readers of this call: NAME, committed offset, 1 if they are the caller's own; separated by spaces
-- ARGV[3]: 8-byte keys of origins whose events have ended without a verdict
-- ARGV[4] and on: the candidates, see layout.packed()
-- Returns: {'decided', a 37-byte answer for each candidate}, or {'pending', name of a reader, offset}: what a candidate
-- resembles was decided for an event that is not committed yet; then nothing has been changed.

local call = redis.call
local byte, char, find, sub, rep = string.byte, string.char, string.find, string.sub, string.rep
local floor, min, max = math.floor, math.min, math.max

local settings = {}
for number in string.gmatch(ARGV[1], '%S+') do settings[#settings + 1] = tonumber(number) end
local ASKED_WINDOW, RETENTION_S, OWN_ANCHORS, KEY_ROOM, ANCHOR_ROOM, COMPARED, SHARED_ANCHORS, JACCARD, CONTAINMENT,
      MANY_ANCHORS, CONTAINMENT_WITH_MANY, TRUNCATED_RATIO, SHORT_RATIO, CONTAINED, NUMBERS, NUMBERS_SHARED, UNLIKE,
      UNLIKE_NUMBERS_SHARED, NAMES, NAMES_SHARED, NAMES_RATIO, COMMON_STORIES = unpack(settings)

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
