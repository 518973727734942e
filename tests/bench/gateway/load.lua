-- load.lua, for wrk: calls list_incidents with one token after the other and checks every answer. Its settings are in the environment.
local threads = {}

-- The threads share the ports among them.
function setup(thread)
  local ports = {}
  for port in os.getenv("BENCH_PORTS"):gmatch("%d+") do ports[#ports + 1] = port end
  thread.addr = wrk.lookup("127.0.0.1", ports[#threads % #ports + 1])[1]
  threads[#threads + 1] = thread
end

function init()
  expected, wrong, at, requests = os.getenv("BENCH_EXPECTED"), 0, 0, {}
  for token in io.lines(os.getenv("BENCH_TOKENS")) do
    requests[#requests + 1] = wrk.format("POST", "/mcp", {
      ["Authorization"] = "Bearer " .. token,
      ["Content-Type"] = "application/json",
      ["Accept"] = "application/json, text/event-stream",
      ["MCP-Protocol-Version"] = "2025-11-25",
    }, os.getenv("BENCH_BODY"))
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function response(status, _, body)
  if status ~= 200 or not body:find(expected, 1, true) then wrong = wrong + 1 end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  for _, thread in ipairs(threads) do failed = failed + thread:get("wrong") end
  print(string.format('{"requests":%d,"failed":%d,"seconds":%f,"p50":%f,"p99":%f}',
    summary.requests, failed, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
