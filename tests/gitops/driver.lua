-- driver.lua SCRIPT: runs a health script over each of the objects on standard input, with no more than Argo CD gives to
-- a script: the basic functions and `table`. Answers status and message of each, each with a NUL behind it.
assert(_VERSION == "Lua 5.1", "Argo CD's scripts are Lua 5.1, and this is " .. _VERSION)

local write = io.write
local script = assert(loadfile(arg[1]))
local objects = assert(loadstring("return " .. io.read("*a")))()

local given = {}
for _, name in ipairs({
  "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawset", "select",
  "setmetatable", "table", "tonumber", "tostring", "type", "unpack", "xpcall",
}) do
  given[name] = _G[name]
end
local function find(_, name)
  return given[name] or error("a script has no " .. name .. " in Argo CD", 2)
end

-- Otherwise ("text"):upper() would reach the string library without its name.
getmetatable("").__index = nil

for _, object in ipairs(objects) do
  setfenv(script, setmetatable({ obj = object }, { __index = find }))
  local health = script()
  assert(type(health) == "table", "a health script answers a table")
  write(tostring(health.status), "\0", tostring(health.message), "\0")
end
