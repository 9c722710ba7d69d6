-- The public functions: `setup`, and the actions of keys.

local M = {}

---@class fimble.Options
---@field automatic? boolean `false`: suggest only by hand.
---@field keys? table<fimble.Action, string|false>|false Keys of insert mode; `false` maps none.
---@field program? string The path of the server, if it is not on the PATH.
---@field settings? table The server's settings, such as `{ model = "…" }`.

---@alias fimble.Action "accept"|"accept_word"|"accept_line"|"next"|"previous"|"dismiss"|"suggest"

--- Starts fimble in all files that are open, and in each file that is opened later.
---@param options? fimble.Options
function M.setup(options)
  options = options or {}
  if vim.fn.has("nvim-0.11") == 0 then
    vim.notify("fimble needs Neovim 0.11 or newer.", vim.log.levels.ERROR)
    return
  end
  -- A plug-in manager that adds this folder after startup does not run this file.
  vim.cmd.runtime("plugin/fimble.lua")
  require("fimble.keys").configure(options.keys)
  require("fimble.suggestion").automatic = options.automatic ~= false
  require("fimble.server").program = options.program or "fimble"
  if options.settings then
    vim.lsp.config("fimble", { settings = { fimble = options.settings } })
  end
  vim.lsp.enable("fimble")
end

--- Inserts the suggestion. Returns `false` if none is shown.
---@return boolean
function M.accept()
  return require("fimble.suggestion").accept(function(rest)
    return rest
  end)
end

--- Inserts the suggestion's next word, with the spaces and line breaks before the word.
---@return boolean
function M.accept_word()
  return require("fimble.suggestion").accept(function(rest)
    return vim.fn.matchstr(rest, [[^\_s*\%(\k\+\|\%(\k\@!\S\)\+\|$\)]])
  end)
end

--- Inserts the suggestion's next line, or the rest of the current line.
---@return boolean
function M.accept_line()
  return require("fimble.suggestion").accept(function(rest)
    return rest:match("^\n*[^\n]*")
  end)
end

--- Shows the next suggestion, if there are several. Asks for one if none is shown.
function M.next()
  require("fimble.suggestion").cycle(1)
end

--- Shows the previous suggestion, if there are several. Asks for one if none is shown.
function M.previous()
  require("fimble.suggestion").cycle(-1)
end

--- Hides the suggestion until the user types. Returns `false` if none is shown.
---@return boolean
function M.dismiss()
  return require("fimble.suggestion").dismiss()
end

--- Asks for a suggestion at the cursor, even if fimble is turned off for the buffer.
function M.suggest()
  require("fimble.suggestion").suggest()
end

--- Returns whether a suggestion is shown.
---@return boolean
function M.visible()
  return require("fimble.suggestion").rest() ~= nil
end

--- Returns the status in this buffer for a status line; empty if fimble does not run in the buffer.
---@return string
function M.statusline()
  return require("fimble.status").line()
end

return M
