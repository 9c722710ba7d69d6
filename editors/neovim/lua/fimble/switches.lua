-- Turns fimble on and off. The plug-in does this for a buffer, the server for a language and everywhere.

local server = require("fimble.server")

local M = {}

---@alias fimble.Scope "buffer"|"language"|"everywhere"

---@param bufnr? integer
---@return boolean
function M.buffer_is_on(bufnr)
  return vim.b[bufnr or 0].fimble_enabled ~= false
end

--- According to Neovim's settings only. The user's `fimble.toml` may also turn a language off.
---@param language string
---@return boolean
local function language_is_on(language)
  local languages = server.settings().languages or {}
  return vim.F.if_nil(languages[language], languages["*"], true) == true
end

---@return boolean
local function is_on_everywhere()
  return server.settings().enabled ~= false and not server.says_it_is_off()
end

--- Returns why fimble is off in the current buffer; nil if it is on.
---@return string?
function M.why_off()
  local language = server.language()
  if not is_on_everywhere() then
    return "turned off everywhere"
  elseif not language_is_on(language) then
    return ("turned off for %s"):format(language)
  elseif not M.buffer_is_on() then
    return "turned off in this buffer"
  end
end

---@param scope fimble.Scope
---@return boolean
function M.is_on(scope)
  if scope == "buffer" then
    return M.buffer_is_on()
  elseif scope == "language" then
    return language_is_on(server.language())
  end
  return is_on_everywhere()
end

---@param scope fimble.Scope
---@param on boolean
function M.set(scope, on)
  if scope == "buffer" then
    vim.b.fimble_enabled = on
  elseif scope == "language" then
    server.change({ languages = { [server.language()] = on } })
  else
    server.change({ enabled = on })
  end
  require("fimble.suggestion").dismiss()
end

return M
