-- wrk's script: every request goes to a random instance with its account's token. The population
-- is one "instance token" a line in BENCH_POPULATION. BENCH_TOKEN=0 leaves the token out.
local instances, tokens = {}, {}
for line in io.lines(os.getenv("BENCH_POPULATION")) do
  local instance, token = line:match("^(%S+) (%S+)$")
  instances[#instances + 1], tokens[#tokens + 1] = instance, token
end
local expected = tonumber(os.getenv("BENCH_STATUS") or "200")
local with_token = os.getenv("BENCH_TOKEN") ~= "0"
local body = string.rep("x", tonumber(os.getenv("BENCH_BODY") or "120"))
local requests = {}
math.randomseed(42)

function init()
  -- Requests are built beforehand, 20,000 random ones in turn: the load generator must not be the limit.
  for i = 1, 20000 do
    local pick = math.random(#instances)
    local headers = { ["Content-Type"] = "application/json", ["User-Agent"] = "bench/1" }
    if with_token then headers["Client-Token"] = tokens[pick] end
    requests[i] = wrk.format("POST", "/instances/" .. instances[pick] .. "/send-text", headers, body)
  end
end

local at = 0
function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  if expected == 200 then failed = failed + errors.status end
  io.write(string.format('\n{"requests":%d,"seconds":%.6f,"errors":%d,"p50_us":%d,"p99_us":%d,"p999_us":%d}\n',
    summary.requests, summary.duration / 1e6, failed, latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
