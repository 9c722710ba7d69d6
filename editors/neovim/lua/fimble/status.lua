-- How fimble is doing, in few words and in more.

local server = require("fimble.server")
local switches = require("fimble.switches")

local M = {}

--- For a status line; empty where fimble does not run.
---@return string
function M.line()
  if not server.client(0) then
    return ""
  end
  local status = server.status()
  if switches.why_off() then
    return "fimble off"
  elseif not status or not status.quiescent then
    return "fimble …"
  end
  return status.health == "ok" and "fimble" or "fimble !"
end

--- A sentence or two for the current buffer.
---@return string
function M.sentence()
  if not server.client() then
    return "fimble does not run; :checkhealth fimble may say why."
  end
  local off = switches.why_off()
  local status = server.status()
  local here = not server.client(0) and "fimble does not run in this buffer."
    or off and ("fimble is %s."):format(off)
    or "fimble is on."
  local model = status and not server.says_it_is_off() and status.message
  return model and ("%s %s"):format(here, model) or here
end

return M
