-- The status of fimble, in a word and in a sentence.

local server = require("fimble.server")
local switches = require("fimble.switches")

local M = {}

--- Returns the text for a status line; empty if fimble does not run in the buffer.
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

--- Returns a sentence or two about the current buffer.
---@return string
function M.sentence()
  if not server.client() then
    return "fimble is not running; :checkhealth fimble may say why."
  end
  local off = switches.why_off()
  local status = server.status()
  local here = not server.client(0) and "fimble is not running in this buffer."
    or off and ("fimble is %s."):format(off)
    or "fimble is on."
  local model = status and not server.says_it_is_off() and status.message
  return model and ("%s %s"):format(here, model) or here
end

return M
