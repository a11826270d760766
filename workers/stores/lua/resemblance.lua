-- The de-duplication index, 2 of 3: how alike two articles are. See storage.lua.

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
