-- The state of feeds: who polls which, what was seen, which pages are still to be fetched. Keys and what is in them:
-- workers/stores/feed_state.py. Times are milliseconds of this server's clock.
--
-- KEYS[1]: the sorted set of the feeds; the other keys have the same beginning, and so the same slot
-- ARGV[1]: what to do; ARGV[2] and on: its arguments, see `operations`
--
-- What is written comes in an order in which nothing is lost where the script ends in between, as it may while a slot
-- of a cluster moves: first the pages to fetch, then that they were seen, then the validators.

local call = redis.call
local PREFIX = string.match(KEYS[1], '^(.*)feeds$')
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local at = 1
local function word()
  at = at + 1
  return ARGV[at]
end
local function number() return tonumber(word()) end
local function text_of(n) return string.format('%.0f', n) end

local function feed_key(feed) return PREFIX .. 'feed:' .. feed end
local function lane_key(lane) return PREFIX .. 'lane:' .. lane end
local function item_key(member) return PREFIX .. 'item:' .. member end

-- Whether the caller still has the feed.
local function has(feed, token)
  local owner, ends = unpack(call('HMGET', feed_key(feed), 'owner', 'owned_until'))
  return owner == token and tonumber(ends) > now
end

local function keep(feed, keep_ms)
  call('ZADD', PREFIX .. 'feeds', now, feed)
  for _, name in ipairs({'feed:', 'seen:', 'marks:', 'failures:'}) do call('PEXPIRE', PREFIX .. name .. feed, keep_ms) end
end

-- A lane is as early as its earliest item, and not before `from`.
local function rank(lane, from)
  local first = call('ZRANGE', lane_key(lane), 0, 0, 'WITHSCORES')
  if first[2] then
    call('ZADD', PREFIX .. 'lanes', text_of(math.max(tonumber(first[2]), from or 0)), lane)
  else
    call('ZREM', PREFIX .. 'lanes', lane)
  end
end

local function set_fields(key)
  for _ = 1, number() do
    local name, value = word(), word()
    if value == '' then call('HDEL', key, name) else call('HSET', key, name, value) end
  end
end

local function add_counts(feed)
  for _ = 1, number() do
    local name, by = word(), word()
    call('HINCRBY', feed_key(feed), name, by)
  end
end

-- Forgets what no reading has shown for long, and the oldest of what is over `most`; never what was just seen.
local function prune(feed, most, forget_ms)
  local seen, marks = PREFIX .. 'seen:' .. feed, PREFIX .. 'marks:' .. feed
  local surplus = call('ZCARD', seen) - most
  local old = call('ZRANGE', seen, '-inf', text_of(now - forget_ms), 'BYSCORE', 'LIMIT', 0, 1000)
  if surplus > #old then old = call('ZRANGE', seen, 0, surplus - 1) end
  for _, item in ipairs(old) do
    if tonumber(call('ZSCORE', seen, item)) < now then
      call('ZREM', seen, item)
      call('HDEL', marks, item)
    end
  end
end

-- The lane's items that are due, at most `room`, leased. Each lease has a name of its own, so that a poller that has lost
-- one and comes late is known; renewing changes its end alone.
local function take(lane, room, token, lease_ms, found)
  local due = call('ZRANGE', lane_key(lane), '-inf', text_of(now), 'BYSCORE', 'LIMIT', 0, room)
  local ends = text_of(now + lease_ms)
  for _, member in ipairs(due) do
    local data, tries, since = unpack(call('HMGET', item_key(member), 'data', 'tries', 'since'))
    if data then
      local lease = token .. ':' .. ends
      call('HSET', item_key(member), 'lease', lease)
      call('ZADD', lane_key(lane), ends, member)
      found[#found + 1] = {lane, member, lease, data, tries or '0', text_of(now - (since or now))}
    else
      call('ZREM', lane_key(lane), member)
    end
  end
  rank(lane, now) -- behind the other lanes
  return #due
end

local operations = {}

-- keep_ms, count, (feed, url)...: the feeds of a list. Gives for each in how many ms it is due.
function operations.list()
  local keep_ms = number()
  local waits = {}
  for _ = 1, number() do
    local feed, url = word(), word()
    call('HSET', feed_key(feed), 'url', url)
    keep(feed, keep_ms)
    waits[#waits + 1] = (tonumber(call('HGET', feed_key(feed), 'next_at') or now) - now)
  end
  return waits
end

-- feed, its address, token, lease_ms, 1 to take it before it is due, what its index says of its age (or ''). Gives
-- {'taken', now, its fields...}, {'same', 0} where that has not changed since it was read, or {'wait', ms, its children}.
function operations.claim()
  local feed, url, token, lease_ms, forced, lastmod = word(), word(), word(), number(), word() == '1', word()
  local key = feed_key(feed)
  local until_, next_at, children, known, failures =
        unpack(call('HMGET', key, 'owned_until', 'next_at', 'children', 'lastmod', 'failures'))
  local owned = tonumber(until_ or 0) - now
  if owned > 0 then return {'wait', owned, children or ''} end
  local wait = tonumber(next_at or 0) - now
  local is_wanted = forced or wait <= 0
  if lastmod ~= '' then
    if known == lastmod then return {'same', 0, children or ''} end
    is_wanted = is_wanted or failures == '0' or not failures
  end
  if not is_wanted then return {'wait', wait, children or ''} end
  call('HSET', key, 'url', url, 'owner', token, 'owned_until', text_of(now + lease_ms))
  return {'taken', text_of(now), unpack(call('HGETALL', key))}
end

-- feed, item...: for each its mark, or nothing.
function operations.marks()
  local feed = word()
  local found = {}
  for i = at + 1, #ARGV, 1000 do
    for _, mark in ipairs(call('HMGET', PREFIX .. 'marks:' .. feed, unpack(ARGV, i, math.min(i + 999, #ARGV)))) do
      found[#found + 1] = mark or ''
    end
  end
  return found
end

-- feed, token, keep_ms, wait_ms, fields to set, counts to add, most seen, forget_ms,
-- items to fetch: (item, lane, data); items seen: (item, mark). Gives 1, or 0 where the feed is no longer the caller's.
function operations.finish()
  local feed, token, keep_ms, wait_ms = word(), word(), number(), number()
  if not has(feed, token) then return 0 end
  local rest = at
  local function skip() for _ = 1, 2 * number() do word() end end
  skip()
  skip()
  local most, forget_ms = number(), number()
  local lanes = {}
  for _ = 1, number() do
    local item, lane, data = word(), word(), word()
    local member = feed .. ':' .. item
    call('DEL', item_key(member))
    call('HSET', item_key(member), 'data', data)
    call('ZADD', lane_key(lane), text_of(now), member)
    lanes[lane] = true
  end
  for lane in pairs(lanes) do rank(lane) end
  local count = number()
  for _ = 1, count do
    local item, mark = word(), word()
    call('HSET', PREFIX .. 'marks:' .. feed, item, mark)
    call('ZADD', PREFIX .. 'seen:' .. feed, text_of(now), item)
  end
  if count > 0 then prune(feed, math.max(most, count), forget_ms) end
  at = rest
  local key = feed_key(feed)
  set_fields(key)
  add_counts(feed)
  call('HSET', key, 'next_at', text_of(now + wait_ms), 'polled_at', text_of(now))
  call('HDEL', key, 'owner', 'owned_until')
  keep(feed, keep_ms)
  return 1
end

-- feed, token: gives the feed back as it was.
function operations.release()
  local feed, token = word(), word()
  if has(feed, token) then call('HDEL', feed_key(feed), 'owner', 'owned_until') end
  return 1
end

-- token, lease_ms, most, room in a lane, count, (lane, how many the caller has in hand)...
-- Gives in how many ms there is more (-1: nothing waits), then the items.
function operations.take()
  local token, lease_ms, most, room = word(), number(), number(), number()
  local held = {}
  for _ = 1, number() do
    local lane = word()
    held[lane] = number()
  end
  local found = {}
  for _, lane in ipairs(call('ZRANGE', PREFIX .. 'lanes', '-inf', text_of(now), 'BYSCORE', 'LIMIT', 0, 500)) do
    local free = math.min(most - #found, room - (held[lane] or 0))
    local held_until = tonumber(call('HGET', PREFIX .. 'host:' .. lane, 'held_until') or 0)
    if held_until > now then
      call('ZADD', PREFIX .. 'lanes', text_of(held_until), lane)
    elseif free > 0 then
      take(lane, free, token, lease_ms, found)
    end
  end
  local wait = -1
  for _, lane in ipairs(call('ZRANGE', PREFIX .. 'lanes', 0, 499)) do
    if (held[lane] or 0) < room then
      wait = math.max(0, tonumber(call('ZSCORE', PREFIX .. 'lanes', lane)) - now)
      break
    end
  end
  return {wait, found}
end

-- feed, item, page, claim_ms: who fetches a page that several feeds link to. Gives 'mine', 'busy' while another feed's
-- item is at it, or 'sent' where an event of it was sent for another feed.
function operations.claim_page()
  local feed, item, page, claim_ms = word(), word(), word(), number()
  local member, key = feed .. ':' .. item, PREFIX .. 'page:' .. page
  local held = call('GET', key)
  if held and held ~= member and held ~= 'sent:' .. feed then
    return string.sub(held, 1, 5) == 'sent:' and 'sent' or 'busy'
  end
  call('SET', key, member, 'PX', claim_ms)
  return 'mine'
end

-- feed, item, lane, the caller's lease, keep_ms, 'done' or 'later', wait_ms, 1 if it counts as a try,
-- digest of what was sent (or ''), the page that the caller has claimed (or ''), shared_ms (0: others may fetch it),
-- fields to set, counts to add, a failure to show (or ''), how many are shown.
function operations.settle()
  local feed, item, lane, lease, keep_ms = word(), word(), word(), word(), number()
  local is_done, wait_ms, is_try, sent = word() == 'done', number(), word() == '1', word()
  local page, shared_ms = word(), number()
  local member = feed .. ':' .. item
  local key = item_key(member)
  if call('HGET', key, 'lease') ~= lease then return 0 end
  if is_done then
    local marks = PREFIX .. 'marks:' .. feed
    local mark = sent ~= '' and call('HGET', marks, item)
    if mark then call('HSET', marks, item, string.sub(mark, 1, 8) .. sent) end
    call('ZREM', lane_key(lane), member)
    call('DEL', key)
  else
    call('ZADD', lane_key(lane), text_of(now + wait_ms), member)
    call('HDEL', key, 'lease')
    if is_try then
      call('HINCRBY', key, 'tries', 1)
      call('HSETNX', key, 'since', text_of(now))
    end
  end
  if page ~= '' and shared_ms > 0 then
    call('SET', PREFIX .. 'page:' .. page, 'sent:' .. feed, 'PX', shared_ms)
  elseif page ~= '' and call('GET', PREFIX .. 'page:' .. page) == member then
    call('DEL', PREFIX .. 'page:' .. page)
  end
  rank(lane, is_done and now or nil)
  set_fields(feed_key(feed))
  add_counts(feed)
  local failure = word()
  if failure ~= '' then
    call('LPUSH', PREFIX .. 'failures:' .. feed, failure)
    call('LTRIM', PREFIX .. 'failures:' .. feed, 0, number() - 1)
  end
  keep(feed, keep_ms)
  return 1
end

-- token, lease_ms, feeds, items: (lane, member, lease)
function operations.renew()
  local token, lease_ms = word(), number()
  local ends = text_of(now + lease_ms)
  for _ = 1, number() do
    local feed = word()
    if has(feed, token) then call('HSET', feed_key(feed), 'owned_until', ends) end
  end
  for _ = 1, number() do
    local lane, member, lease = word(), word(), word()
    if call('HGET', item_key(member), 'lease') == lease then call('ZADD', lane_key(lane), 'XX', ends, member) end
  end
  return 1
end

-- Gives {now, for each feed {its name, its fields, its failures, how many items wait}}; those not heard of for long are
-- forgotten.
function operations.status()
  call('ZREMRANGEBYSCORE', PREFIX .. 'feeds', '-inf', text_of(now - number()))
  local waiting = {}
  for _, lane in ipairs(call('ZRANGE', PREFIX .. 'lanes', 0, -1)) do
    for _, member in ipairs(call('ZRANGE', lane_key(lane), 0, -1)) do
      local feed = string.match(member, '^[^:]*')
      waiting[feed] = (waiting[feed] or 0) + 1
    end
  end
  local found = {}
  for _, feed in ipairs(call('ZRANGE', PREFIX .. 'feeds', 0, -1)) do
    found[#found + 1] = {feed, call('HGETALL', feed_key(feed)), call('LRANGE', PREFIX .. 'failures:' .. feed, 0, -1),
                         waiting[feed] or 0}
  end
  return {text_of(now), found}
end

-- Gives how many items wait to be fetched.
function operations.waiting()
  local count = 0
  for _, lane in ipairs(call('ZRANGE', PREFIX .. 'lanes', 0, -1)) do count = count + call('ZCARD', lane_key(lane)) end
  return count
end

return operations[ARGV[1]]()
