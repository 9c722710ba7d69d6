-- The suggestion at the cursor: asked for, shown, typed through, accepted.
--
-- Neovim 0.12 has `vim.lsp.inline_completion`, which is not used. It asks 200 ms after the last key: at a key every
-- 120 ms it never asks, and in a pause its text came 214 to 222 ms after the key in the median, where this took 9 to
-- 12 ms. The server is meant to be asked at each key and holds back by itself what would cost too much. Neovim's also
-- has no way to accept a part, goes on showing what no longer fits, and is missing in 0.11.

local ghost = require("fimble.ghost")
local server = require("fimble.server")
local switches = require("fimble.switches")

local M = {
  --- Whether each key asks.
  automatic = true,
}

---@class fimble.Item
---@field text string
---@field command? lsp.Command What tells the server that it was accepted.

---@class fimble.Suggestion
---@field bufnr integer
---@field row integer Where it is to be inserted, from 0.
---@field column integer In bytes.
---@field items fimble.Item[]
---@field index integer Which of them is shown.

---@class fimble.Question
---@field client vim.lsp.Client
---@field id? integer

-- There is one cursor, hence one of each.
local shown ---@type fimble.Suggestion?
local waiting ---@type fimble.Question?
local asked_at ---@type string?

local Trigger = { invoked = 1, automatic = 2 }

--- Follows the cursor in a buffer that `client` serves.
---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  if vim.lsp.inline_completion then
    -- Whoever uses it for other servers would see this one's suggestions twice.
    vim.lsp.inline_completion.enable(false, { client_id = client.id })
  end
  local group = vim.api.nvim_create_augroup(("fimble.suggestion.%d"):format(bufnr), {})
  vim.api.nvim_create_autocmd({ "InsertEnter", "CursorMovedI", "TextChangedI", "TextChangedP" }, {
    group = group,
    buffer = bufnr,
    callback = M.follow,
  })
  vim.api.nvim_create_autocmd({ "InsertLeave", "BufLeave" }, {
    group = group,
    buffer = bufnr,
    callback = M.dismiss,
  })
  if bufnr == vim.api.nvim_get_current_buf() and vim.startswith(vim.api.nvim_get_mode().mode, "i") then
    M.follow({ event = "InsertEnter" })
  end
end

---@param bufnr integer
function M.detach(bufnr)
  vim.api.nvim_create_augroup(("fimble.suggestion.%d"):format(bufnr), {})
  if bufnr == vim.api.nvim_get_current_buf() then
    M.dismiss()
  end
end

--- After a key. Neovim draws the screen after this, so that what is typed through does not flicker.
---@param event { event: string }
function M.follow(event)
  M.draw()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local place = table.concat({ vim.api.nvim_get_current_buf(), vim.b.changedtick, row, column }, " ")
  -- A key fires several of these events.
  if event.event ~= "InsertEnter" and place == asked_at then
    return
  end
  asked_at = place
  if M.automatic and switches.buffer_is_on() then
    M.ask(Trigger.automatic)
  end
end

--- Shows what is left of the suggestion.
function M.draw()
  local rest = M.rest()
  if rest then
    ghost.show(rest)
  else
    shown = nil
    ghost.hide()
  end
end

--- What of the suggestion is not typed yet; nil if there is none, or something else was typed.
---@return string?
function M.rest()
  if not shown or shown.bufnr ~= vim.api.nvim_get_current_buf() then
    return nil
  end
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  row = row - 1
  if row < shown.row or (row == shown.row and column < shown.column) then
    return nil
  end
  local text = shown.items[shown.index].text
  local is_text, lines = pcall(vim.api.nvim_buf_get_text, 0, shown.row, shown.column, row, column, {})
  local typed = is_text and table.concat(lines, "\n")
  return typed and #typed < #text and vim.startswith(text, typed) and text:sub(#typed + 1) or nil
end

---@param trigger integer
function M.ask(trigger)
  M.cancel()
  local bufnr = vim.api.nvim_get_current_buf()
  local client = server.client(bufnr)
  if not client then
    return
  end
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding) --[[@as table]]
  params.context = { triggerKind = trigger }
  ---@type fimble.Question
  local question = { client = client }
  waiting = question
  -- A request about the buffer first sends the edits that Neovim holds back for up to 150 ms.
  _, question.id = client:request("textDocument/inlineCompletion", params, function(_, answer)
    if waiting ~= question then
      return
    end
    waiting = nil
    local items = vim.tbl_map(function(item)
      return { text = item.insertText, command = item.command }
    end, answer and (answer.items or answer) or {})
    -- The server puts an item at the very place that was asked about.
    shown = items[1] and { bufnr = bufnr, row = row - 1, column = column, items = items, index = 1 }
    M.draw()
  end, bufnr)
end

function M.cancel()
  if waiting and waiting.id and not waiting.client:is_stopped() then
    waiting.client:cancel_request(waiting.id)
  end
  waiting = nil
end

--- Inserts as much of the suggestion as `take` says. `false` if there is none, or Neovim's menu is open, which would
--- take the text back.
---@param take fun(rest: string): string
---@return boolean
function M.accept(take)
  local rest = M.rest()
  if not rest or vim.fn.pumvisible() == 1 then
    return false
  end
  local suggestion = shown --[[@as fimble.Suggestion]]
  local piece = take(rest)
  local function accept()
    M.insert(piece)
    M.report(suggestion, #piece < #rest)
    M.draw()
  end
  local inserted, problem = pcall(accept)
  if not inserted and tostring(problem):find("E565", 1, true) then
    -- It is called from an expression mapping, which may not change text before it is over.
    vim.schedule(accept)
  elseif not inserted then
    error(problem, 0)
  end
  return true
end

---@param text string
function M.insert(text)
  -- Undo takes back what was accepted and leaves what was typed.
  vim.cmd("let &g:undolevels = &g:undolevels")
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = vim.split(text, "\n", { plain = true })
  vim.api.nvim_buf_set_text(0, row - 1, column, row - 1, column, lines)
  vim.api.nvim_win_set_cursor(0, { row + #lines - 1, #lines[#lines] + (#lines == 1 and column or 0) })
end

--- Tells the server what was accepted, for its statistics.
---@param suggestion fimble.Suggestion
---@param part boolean
function M.report(suggestion, part)
  local client = server.client(suggestion.bufnr)
  local command = suggestion.items[suggestion.index].command
  if not client or not command then
    return
  end
  local arguments = command.arguments
  if part and arguments then
    arguments = { vim.tbl_extend("force", arguments[1], { part = true }) }
  end
  local params = { command = command.command, arguments = arguments }
  client:request("workspace/executeCommand", params, function() end, suggestion.bufnr)
end

--- Hides the suggestion and awaits none. `false` if there was none.
---@return boolean
function M.dismiss()
  M.cancel()
  local was_shown = M.rest() ~= nil
  shown = nil
  ghost.hide()
  return was_shown
end

--- Asks by hand.
function M.suggest()
  if not server.client(0) then
    vim.notify("fimble does not run in this buffer; :checkhealth fimble may say why.", vim.log.levels.WARN)
    return
  end
  M.ask(Trigger.invoked)
end

--- Shows another item of the answer, if it has several; asks by hand if nothing is shown.
---@param step integer
function M.cycle(step)
  if not M.rest() then
    M.suggest()
    return
  end
  shown.index = (shown.index - 1 + step) % #shown.items + 1
  M.draw()
end

return M
