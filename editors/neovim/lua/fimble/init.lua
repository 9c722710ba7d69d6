-- What users call: `setup`, and what keys do.

local M = {}

---@class fimble.Options
---@field automatic? boolean `false` asks for suggestions only by hand.
---@field keys? table<fimble.Action, string|false>|false Keys of insert mode; `false` for none.
---@field program? string The server, where it is not on the PATH.
---@field settings? table The server's settings, such as `{ model = "…" }`.

---@alias fimble.Action "accept"|"accept_word"|"accept_line"|"next"|"previous"|"dismiss"|"suggest"

--- Starts fimble in every file that is opened from now on, and in those that are open.
---@param options? fimble.Options
function M.setup(options)
  options = options or {}
  if vim.fn.has("nvim-0.11") == 0 then
    vim.notify("fimble needs Neovim 0.11 or newer.", vim.log.levels.ERROR)
    return
  end
  -- Plug-in managers that add this folder late leave it unread.
  vim.cmd.runtime("plugin/fimble.lua")
  require("fimble.keys").configure(options.keys)
  require("fimble.suggestion").automatic = options.automatic ~= false
  require("fimble.server").program = options.program or "fimble"
  if options.settings then
    vim.lsp.config("fimble", { settings = { fimble = options.settings } })
  end
  vim.lsp.enable("fimble")
end

--- Inserts the suggestion. `false` if there is none.
---@return boolean
function M.accept()
  return require("fimble.suggestion").accept(function(rest)
    return rest
  end)
end

--- Inserts the suggestion's next word, with the blanks and line breaks before it.
---@return boolean
function M.accept_word()
  return require("fimble.suggestion").accept(function(rest)
    return vim.fn.matchstr(rest, [[^\_s*\%(\k\+\|\%(\k\@!\S\)\+\|$\)]])
  end)
end

--- Inserts the suggestion's next line, or what is left of this one.
---@return boolean
function M.accept_line()
  return require("fimble.suggestion").accept(function(rest)
    return rest:match("^\n*[^\n]*")
  end)
end

--- Shows the next suggestion of several. Asks for one if none is shown.
function M.next()
  require("fimble.suggestion").cycle(1)
end

--- Shows the previous suggestion of several. Asks for one if none is shown.
function M.previous()
  require("fimble.suggestion").cycle(-1)
end

--- Hides the suggestion until something is typed. `false` if there is none.
---@return boolean
function M.dismiss()
  return require("fimble.suggestion").dismiss()
end

--- Asks for a suggestion here, also where fimble is switched off for the buffer.
function M.suggest()
  require("fimble.suggestion").suggest()
end

--- Whether a suggestion is shown.
---@return boolean
function M.visible()
  return require("fimble.suggestion").rest() ~= nil
end

--- For a status line: how fimble is doing in this buffer; empty where it does not run.
---@return string
function M.statusline()
  return require("fimble.status").line()
end

return M
