-- Who may ask a host next, shared by all who poll. Keys: workers/stores/feed_state.py. Times are ms of this server's clock.
--
-- KEYS[1]: the sorted set of the feeds, for its beginning; ARGV[1]: what to do; ARGV[2]: the host

local call = redis.call
local PREFIX = string.match(KEYS[1], '^(.*)feeds$')
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function text_of(n) return string.format('%.0f', n) end

local HOST, TURNS = PREFIX .. 'host:' .. ARGV[2], PREFIX .. 'turns:' .. ARGV[2]
local OCCUPIED_MS = 50 -- when one of those who have a turn ends it is not known
local operations = {}

local function remember(field, until_ms)
  call('HSET', HOST, field, text_of(until_ms))
  local ends = 0
  for _, value in ipairs(call('HMGET', HOST, 'next_at', 'held_until')) do ends = math.max(ends, tonumber(value or 0)) end
  call('PEXPIRE', HOST, text_of(math.max(1, ends - now)))
end

-- host, token, delay_ms, concurrency, lease_ms. Gives 0: the turn is the caller's, until it is ended or the lease is over;
-- or in how many ms to ask again.
function operations.turn()
  local next_at, held_until = unpack(call('HMGET', HOST, 'next_at', 'held_until'))
  local held = tonumber(held_until or 0) - now
  if held > 0 then return held end
  local wait = tonumber(next_at or 0) - now
  if wait > 0 then return wait end
  call('ZREMRANGEBYSCORE', TURNS, '-inf', text_of(now))
  if call('ZCARD', TURNS) >= tonumber(ARGV[5]) then return OCCUPIED_MS end
  call('ZADD', TURNS, text_of(now + tonumber(ARGV[6])), ARGV[3])
  call('PEXPIRE', TURNS, ARGV[6])
  remember('next_at', now + tonumber(ARGV[4]))
  return 0
end

-- host, token, lease_ms, how much longer.
function operations.renew()
  if call('ZSCORE', TURNS, ARGV[3]) then
    call('ZADD', TURNS, text_of(now + tonumber(ARGV[4])), ARGV[3])
    call('PEXPIRE', TURNS, ARGV[4])
  end
  return 0
end

-- host, token
function operations.done()
  call('ZREM', TURNS, ARGV[3])
  return 0
end

-- host, ms
function operations.hold()
  local ends = math.max(now + tonumber(ARGV[3]), tonumber(call('HGET', HOST, 'held_until') or 0))
  remember('held_until', ends)
  return ends - now
end

-- host
function operations.held()
  return math.max(0, tonumber(call('HGET', HOST, 'held_until') or 0) - now)
end

return operations[ARGV[1]]()
